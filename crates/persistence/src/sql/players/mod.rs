//! The stores of the `players` crate.

mod guard;
mod row;
pub(crate) mod schema;
mod sessions;
mod tickets;

use async_trait::async_trait;
use diesel::prelude::*;
use diesel::result::{DatabaseErrorKind, Error as SqlError};
use diesel_async::RunQueryDsl;
use kernel::{PlayerId, Riders, StoreError, Version};
use players::{Credentials, HandleKey, PasswordHash, Player, PlayerChange, PlayerStore, SecretHash};

pub(crate) use self::row::{PlayerRow, SessionRow};
use self::schema::{players as player_table, sessions as session_table};
use super::{Database, IdCol, Tx, dialect, player_batch, riders};

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
            change => self.database.write(move |tx| Box::pin(apply(tx, change))).await,
        }
    }
}

async fn apply(tx: &mut dialect::Conn, change: PlayerChange) -> Result<(), Tx> {
    let PlayerChange { expect, player, device, password, start, riders } = change;
    riders::board(tx, &riders).await?;
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
    riders::alight(tx, &riders).await
}
