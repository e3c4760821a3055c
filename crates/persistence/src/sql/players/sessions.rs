use async_trait::async_trait;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use kernel::{PlayerId, Riders, SessionId, StoreError, Timestamp};
use players::{Exchange, Rotation, SecretHash, Session, SessionStore, UsedToken};
use uuid::Uuid;

use super::super::{IdCol, TimeCol, Tx, batch, dialect, riders};
use super::schema::{players as player_table, sessions, used_refresh_tokens};
use super::{PlayerTables, SessionRow};

/// Ends the transaction of a revocation that came too late; never leaves this file.
const NOT_LIVE: &str = "a session to revoke";

type UsedRow = (IdCol, TimeCol, Option<TimeCol>);

fn into_used((session, used_at, answered_at): UsedRow) -> UsedToken {
    UsedToken { session_id: session.into(), used_at: used_at.into(), answered_at: answered_at.map(|at| at.0) }
}

#[async_trait]
impl SessionStore for PlayerTables {
    async fn start(&self, session: Session) -> Result<(), StoreError> {
        self.database
            .write(move |tx| {
                Box::pin(async move {
                    let at = TimeCol(session.created_at);
                    let row = SessionRow::from(session);
                    // Held to the end, so that a departure comes before this or sees the session.
                    let player = batch::lock_for_share!(
                        player_table::table
                            .find(row.player_id)
                            .select((player_table::erased_at, player_table::suspended_until,))
                    );
                    let stands: Option<(Option<TimeCol>, Option<TimeCol>)> = player.first(tx).await.optional()?;
                    if stands.is_some_and(|(erased, until)| erased.is_some() || until.is_some_and(|until| until > at)) {
                        return Err(StoreError::Stale.into());
                    }
                    diesel::insert_into(sessions::table).values(row).execute(tx).await?;
                    Ok(())
                })
            })
            .await
    }

    async fn standing(&self, player: PlayerId, limit: i64) -> Result<Vec<Session>, StoreError> {
        let query = sessions::table
            .filter(sessions::player_id.eq(IdCol::from(player)))
            .filter(sessions::revoked_at.is_null())
            .order((sessions::last_used_at.desc(), sessions::id.desc()))
            .limit(limit)
            .select(SessionRow::as_select());
        let rows = self.database.read(|mut conn| async move { query.load(&mut conn).await }).await?;
        rows.into_iter().map(SessionRow::into_session).collect()
    }

    async fn find(&self, id: SessionId) -> Result<Option<Session>, StoreError> {
        let query = sessions::table.find(IdCol::from(id)).select(SessionRow::as_select());
        let row = self.database.read(|mut conn| async move { query.first(&mut conn).await.optional() }).await?;
        row.map(SessionRow::into_session).transpose()
    }

    async fn used(&self, token: &SecretHash) -> Result<Option<UsedToken>, StoreError> {
        let token = token.as_bytes().to_vec();
        let row: Option<UsedRow> = self
            .database
            .read(|mut conn| async move {
                used_refresh_tokens::table
                    .find(token)
                    .select((
                        used_refresh_tokens::session_id,
                        used_refresh_tokens::used_at,
                        used_refresh_tokens::answered_at,
                    ))
                    .first(&mut conn)
                    .await
                    .optional()
            })
            .await?;
        Ok(row.map(into_used))
    }

    async fn rotate(&self, exchange: Exchange) -> Result<Rotation, StoreError> {
        self.database.write(move |tx| Box::pin(rotate(tx, exchange))).await
    }

    async fn answered(&self, old: &SecretHash, at: Timestamp) -> Result<(), StoreError> {
        let old = old.as_bytes().to_vec();
        self.database
            .write_one(move |conn| {
                Box::pin(async move {
                    diesel::update(used_refresh_tokens::table.find(old))
                        .filter(used_refresh_tokens::answered_at.is_null())
                        .set(used_refresh_tokens::answered_at.eq(Some(TimeCol(at))))
                        .execute(conn)
                        .await?;
                    Ok(())
                })
            })
            .await
    }

    async fn revoke(&self, id: SessionId, at: Timestamp, riders: Riders) -> Result<bool, StoreError> {
        let answer = self
            .database
            .write(move |tx| {
                Box::pin(async move {
                    riders::board(tx, &riders).await?;
                    let revoked = diesel::update(sessions::table.find(IdCol::from(id)))
                        .filter(sessions::revoked_at.is_null())
                        .set(sessions::revoked_at.eq(Some(TimeCol(at))))
                        .execute(tx)
                        .await?;
                    if revoked == 0 {
                        // Nothing of this may stay, a receipt included.
                        return Err(StoreError::Taken(NOT_LIVE).into());
                    }
                    riders::alight(tx, &riders).await
                })
            })
            .await;
        match answer {
            Ok(()) => Ok(true),
            Err(StoreError::Taken(NOT_LIVE)) => Ok(false),
            Err(error) => Err(error),
        }
    }

    async fn revoked_since(&self, since: Timestamp) -> Result<Vec<SessionId>, StoreError> {
        let query = sessions::table.filter(sessions::revoked_at.ge(TimeCol(since))).select(sessions::id);
        let ids: Vec<IdCol> = self.database.read(|mut conn| async move { query.load(&mut conn).await }).await?;
        Ok(ids.into_iter().map(SessionId::from).collect())
    }

    async fn purge(&self, before: Timestamp, limit: i64) -> Result<usize, StoreError> {
        self.database.write(move |tx| Box::pin(purge(tx, before, limit))).await
    }
}

async fn rotate(tx: &mut dialect::Conn, exchange: Exchange) -> Result<Rotation, Tx> {
    let old = exchange.old.as_bytes().as_slice();
    // The condition and the write in one: a concurrent exchange of the same token waits here, and then finds another.
    let rotated: Option<SessionRow> = diesel::update(sessions::table.find(IdCol::from(exchange.session)))
        .filter(sessions::refresh_hash.eq(old))
        .filter(sessions::revoked_at.is_null())
        .filter(sessions::expires_at.gt(TimeCol(exchange.at)))
        .set((
            sessions::refresh_hash.eq(exchange.new.as_bytes().as_slice()),
            sessions::rotated_at.eq(Some(TimeCol(exchange.at))),
            sessions::last_used_at.eq(TimeCol(exchange.at)),
            sessions::expires_at.eq(TimeCol(exchange.expires_at)),
        ))
        .returning(SessionRow::as_returning())
        .get_result(tx)
        .await
        .optional()?;
    if let Some(row) = rotated {
        diesel::insert_into(used_refresh_tokens::table)
            .values((
                used_refresh_tokens::token_hash.eq(old),
                used_refresh_tokens::session_id.eq(row.id),
                used_refresh_tokens::used_at.eq(TimeCol(exchange.at)),
            ))
            .execute(tx)
            .await?;
        return Ok(Rotation::Rotated(row.into_session()?));
    }
    let session: Option<SessionRow> = sessions::table
        .find(IdCol::from(exchange.session))
        .select(SessionRow::as_select())
        .first(tx)
        .await
        .optional()?;
    let Some(session) = session.map(SessionRow::into_session).transpose()? else { return Ok(Rotation::Unknown) };
    let used: Option<UsedRow> = used_refresh_tokens::table
        .find(old)
        .filter(used_refresh_tokens::session_id.eq(IdCol::from(session.id)))
        .select((used_refresh_tokens::session_id, used_refresh_tokens::used_at, used_refresh_tokens::answered_at))
        .first(tx)
        .await
        .optional()?;
    Ok(match used.map(into_used) {
        None if session.refresh_hash != exchange.old => Rotation::Unknown,
        _ if !session.is_live(exchange.at) => Rotation::Ended,
        Some(used) => Rotation::Lost { session, used },
        // Valid and live after all: only a row that changed between the two statements can look like this.
        None => return Err(StoreError::Stale.into()),
    })
}

async fn purge(tx: &mut dialect::Conn, before: Timestamp, limit: i64) -> Result<usize, Tx> {
    // Whatever ended before that time began before it, and ids begin with the time in milliseconds: the primary key
    // finds the candidates.
    let millis = u128::try_from(before.millis()).unwrap_or(0).saturating_add(1);
    let ended: Vec<IdCol> = sessions::table
        .filter(sessions::id.lt(IdCol(Uuid::from_u128(millis << 80))))
        .filter(sessions::revoked_at.lt(TimeCol(before)).or(sessions::expires_at.lt(TimeCol(before)).nullable()))
        .order(sessions::id)
        .limit(limit)
        .select(sessions::id)
        .load(tx)
        .await?;
    let mut gone = 0;
    for id in ended {
        let tokens = used_refresh_tokens::table.filter(used_refresh_tokens::session_id.eq(id));
        gone += diesel::delete(tokens).execute(tx).await?;
        gone += diesel::delete(sessions::table.find(id)).execute(tx).await?;
    }
    let old: Vec<Vec<u8>> = used_refresh_tokens::table
        .filter(used_refresh_tokens::used_at.lt(TimeCol(before)))
        .order(used_refresh_tokens::used_at)
        .limit(limit)
        .select(used_refresh_tokens::token_hash)
        .load(tx)
        .await?;
    for token in old {
        gone += diesel::delete(used_refresh_tokens::table.find(token)).execute(tx).await?;
    }
    Ok(gone)
}
