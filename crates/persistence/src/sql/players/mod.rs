//! The stores of the `players` crate.

mod guard;
mod row;
pub(crate) mod schema;
mod sessions;
mod tickets;

use std::collections::HashSet;

use async_trait::async_trait;
use diesel::QueryableByName;
use diesel::prelude::*;
use diesel::result::{DatabaseErrorKind, Error as SqlError};
use diesel::sql_types::{BigInt, Nullable, Text};
use diesel_async::RunQueryDsl;
use kernel::{Page, PageLimit, PlayerId, Riders, StoreError, Timestamp, Version};
use players::{Credentials, Departure, Handle, HandleKey, PasswordHash, Player, PlayerChange, PlayerStore, SecretHash};

pub(crate) use self::row::{PlayerRow, SessionRow};
use self::schema::{login_failures, players as player_table, sessions as session_table, ws_tickets};
use super::{Database, IdCol, TimeCol, Tx, dialect, player_batch, riders};
use crate::prepared::prepared;

/// Players, sessions, tickets and failed sign-ins.
pub(super) struct PlayerTables {
    database: Database,
}

impl PlayerTables {
    pub(super) const fn new(database: Database) -> Self {
        Self { database }
    }
}

fn one(row: Option<PlayerRow>) -> Result<Option<Player>, StoreError> {
    row.map(PlayerRow::into_player).transpose()
}

/// The only way in which two players collide is the handle: ids and device secrets are random.
fn taken(error: SqlError) -> Tx {
    match &error {
        SqlError::DatabaseError(DatabaseErrorKind::UniqueViolation, info)
            if info.constraint_name().unwrap_or_default().contains("handle_key")
                || info.message().contains("handle_key") =>
        {
            StoreError::Taken("handle").into()
        }
        _ => error.into(),
    }
}

#[async_trait]
impl PlayerStore for PlayerTables {
    async fn load(&self, id: PlayerId) -> Result<Option<Player>, StoreError> {
        let query = player_table::table.find(IdCol::from(id)).select(PlayerRow::as_select());
        one(self.database.read(|mut conn| async move { query.first(&mut conn).await.optional() }).await?)
    }

    async fn load_many(&self, ids: &[PlayerId]) -> Result<Vec<Option<Player>>, StoreError> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let wanted: Vec<IdCol> = ids.iter().copied().map(IdCol::from).collect();
        let query = player_table::table.filter(player_table::id.eq_any(wanted)).select(PlayerRow::as_select());
        let rows = self.database.read(|mut conn| async move { query.load(&mut conn).await }).await?;
        let found = rows.into_iter().map(PlayerRow::into_player).collect::<Result<Vec<_>, _>>()?;
        Ok(ids.iter().map(|id| found.iter().find(|player| player.id == *id).cloned()).collect())
    }

    async fn by_handle_key(&self, key: &HandleKey) -> Result<Option<Player>, StoreError> {
        let key = key.as_str().to_owned();
        let query = player_table::table.filter(player_table::handle_key.eq(key)).select(PlayerRow::as_select());
        one(self.database.read(|mut conn| async move { query.first(&mut conn).await.optional() }).await?)
    }

    async fn by_device(&self, device: &SecretHash) -> Result<Option<Player>, StoreError> {
        let device = device.as_bytes().to_vec();
        let query = player_table::table.filter(player_table::device_hash.eq(device)).select(PlayerRow::as_select());
        one(self.database.read(|mut conn| async move { query.first(&mut conn).await.optional() }).await?)
    }

    async fn credentials(&self, key: &HandleKey) -> Result<Option<Credentials>, StoreError> {
        let query = player_table::table
            .filter(player_table::handle_key.eq(key.as_str().to_owned()))
            .select((PlayerRow::as_select(), player_table::password_hash));
        let row: Option<(PlayerRow, Option<String>)> =
            self.database.read(|mut conn| async move { query.first(&mut conn).await.optional() }).await?;
        let Some((row, Some(hash))) = row else { return Ok(None) };
        Ok(Some(Credentials { player: row.into_player()?, password: PasswordHash(hash) }))
    }

    async fn commit(&self, change: PlayerChange) -> Result<(), StoreError> {
        match change {
            PlayerChange { expect: Version::NEW, player, device, password: None, start: Some(session), riders }
                if player.handle.is_none() && riders == Riders::default() =>
            {
                player_batch::create_guest(&self.database, player.into(), device, session.into()).await
            }
            change => {
                self.database
                    .write(move |tx| {
                        Box::pin(async move {
                            riders::board(tx, &change.riders).await?;
                            let riders = apply(tx, change).await?;
                            riders::alight(tx, &riders).await
                        })
                    })
                    .await
            }
        }
    }

    async fn depart(&self, departure: Departure) -> Result<(), StoreError> {
        self.database.write(move |tx| Box::pin(depart(tx, departure))).await
    }

    async fn erased_since(&self, since: Timestamp, limit: i64) -> Result<Vec<PlayerId>, StoreError> {
        let query = player_table::table
            .filter(player_table::erased_at.ge(TimeCol(since)))
            .order((player_table::erased_at, player_table::id))
            .limit(limit)
            .select(player_table::id);
        let ids: Vec<IdCol> = self.database.read(|mut conn| async move { query.load(&mut conn).await }).await?;
        Ok(ids.into_iter().map(PlayerId::from).collect())
    }

    async fn by_handle_prefix(
        &self,
        prefix: &str,
        after: Option<&Handle>,
        now: Timestamp,
        limit: PageLimit,
    ) -> Result<Page<Player, Handle>, StoreError> {
        let wanted = usize::from(limit.get());
        let first = after.map_or_else(|| prefix.to_owned(), |after| after.as_str().to_owned());
        // All that begins with it stands together in the order of the bytes, up to what no handle reaches.
        let end = format!("{prefix}\u{10ffff}");
        let after = after.map(|after| after.as_str().to_owned());
        let query = prepared(dialect::HANDLES_FROM)
            .bind::<Text, _>(first)
            .bind::<Text, _>(end)
            .bind::<Nullable<Text>, _>(after)
            .bind::<dialect::Instant, _>(TimeCol(now))
            .bind::<BigInt, _>(i64::from(limit.get()) + 1);
        let found: Vec<HandleRow> = self.database.read(|mut conn| async move { query.load(&mut conn).await }).await?;
        let ids: Vec<PlayerId> = found.iter().take(wanted).map(|row| row.id.into()).collect();
        let more = found.len() > wanted;
        let items: Vec<Player> = self.load_many(&ids).await?.into_iter().flatten().collect();
        let next = if more { items.last().and_then(|player| player.handle.clone()) } else { None };
        Ok(Page { items, next })
    }
}

#[derive(QueryableByName)]
struct HandleRow {
    #[diesel(sql_type = dialect::Id)]
    id: IdCol,
}

/// The player goes, and with the player all sessions, tickets and, if so decided, whatever proves or names anybody.
async fn depart(tx: &mut dialect::Conn, departure: Departure) -> Result<(), Tx> {
    let Departure { change, sessions, at, forget } = departure;
    let player = IdCol::from(change.player.id);
    riders::board(tx, &change.riders).await?;
    // First the player's row, which sign-ins that are under way look at.
    let riders = apply(tx, change).await?;
    let of_player = session_table::table.filter(session_table::player_id.eq(player));
    let ended: Vec<IdCol> = diesel::update(of_player.filter(session_table::revoked_at.is_null()))
        .set(session_table::revoked_at.eq(Some(TimeCol(at))))
        .returning(session_table::id)
        .get_results(tx)
        .await?;
    let named: HashSet<IdCol> = sessions.into_iter().map(IdCol::from).collect();
    if named != ended.into_iter().collect() {
        return Err(StoreError::Stale.into());
    }
    diesel::delete(ws_tickets::table.filter(ws_tickets::player_id.eq(player))).execute(tx).await?;
    if let Some(forget) = forget {
        diesel::update(of_player).set(session_table::user_agent.eq(None::<String>)).execute(tx).await?;
        diesel::update(player_table::table.find(player))
            .set((player_table::device_hash.eq(None::<Vec<u8>>), player_table::password_hash.eq(None::<String>)))
            .execute(tx)
            .await?;
        if let Some(key) = forget.handle {
            diesel::delete(login_failures::table.find(key.digest())).execute(tx).await?;
        }
    }
    riders::alight(tx, &riders).await
}

/// Writes the player, and gives the riders back that are still to alight.
async fn apply(tx: &mut dialect::Conn, change: PlayerChange) -> Result<Riders, Tx> {
    let PlayerChange { expect, player, device, password, start, riders } = change;
    let credentials = (
        device.map(|device| player_table::device_hash.eq(Some(device.as_bytes().to_vec()))),
        password.map(|hash| player_table::password_hash.eq(Some(hash.0))),
    );
    let row = PlayerRow::from(player);
    let written = if expect == Version::NEW {
        diesel::insert_into(player_table::table)
            .values((row, credentials))
            .on_conflict(player_table::id)
            .do_nothing()
            .execute(tx)
            .await
    } else {
        diesel::update(player_table::table.find(row.id).filter(player_table::version.eq(expect.0)))
            .set((row, credentials))
            .execute(tx)
            .await
    };
    if written.map_err(taken)? == 0 {
        return Err(StoreError::Stale.into());
    }
    if let Some(session) = start {
        diesel::insert_into(session_table::table).values(SessionRow::from(session)).execute(tx).await?;
    }
    Ok(riders)
}
