//! Statements about tickets that PostgreSQL can say for many rows, or many tables, at once.

use diesel::QueryableByName;
use diesel::result::{DatabaseErrorKind, Error as SqlError};
use diesel::sql_types::{Array, BigInt, Binary, Double, Nullable, Text};
use diesel_async::RunQueryDsl;
use kernel::StoreError;

use super::dialect::{Conn, Id, Instant, Json};
use super::sql::tickets::{Claimed, Joining, TicketRow, Written};
use super::sql::{Database, IdCol, JsonCol, TimeCol, Tx};
use crate::prepared::prepared;

#[derive(QueryableByName)]
struct Joined {
    #[diesel(sql_type = Array<Id>)]
    joined: Vec<IdCol>,
}

/// Receipts, engagements and tickets of many in one round trip and one commit. `false` for whom anything doesn't hold:
/// of theirs nothing was written, and the long way says what it is.
///
/// Each step depends on the one before, so they happen in the order of every other change: receipts, engagements,
/// tickets, each in the order of players. A player known to be busy is left out before anything is written. One who gets
/// busy between the look and the lock would leave a receipt without a ticket: that divides by zero, which undoes the
/// statement, and everybody in it goes the long way. The quotient is a column of its own, since the server needn't
/// evaluate the second half of an `AND`.
pub(crate) async fn join(database: &Database, mut joining: Vec<Joining>) -> Result<Vec<bool>, StoreError> {
    let asked: Vec<IdCol> = joining.iter().map(|(row, _)| row.id).collect();
    // Of two at once of one player, the second goes the long way, which knows how to refuse it.
    joining.sort_by_key(|(row, _)| row.player_id);
    joining.dedup_by_key(|(row, _)| row.player_id);
    let joined = database.write_one(move |conn| Box::pin(async move { join_in_one(conn, &joining).await })).await?;
    Ok(asked.iter().map(|id| joined.contains(id)).collect())
}

async fn join_in_one(conn: &mut Conn, joining: &[Joining]) -> Result<Vec<IdCol>, Tx> {
    let statement = prepared(
        "WITH free AS MATERIALIZED (
            SELECT a.* FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)
                AS a (id, mode, player_id, rating, deviation, status, created_at, expires_at, wait_low, wait_high,
                      version, details, route, key, body_hash, outcome, at)
            WHERE NOT EXISTS (SELECT FROM engagements e WHERE e.player_id = a.player_id AND e.kind <> 'idle')
        ), receipt AS (
            INSERT INTO receipts (player_id, route, key, body_hash, outcome, at)
            SELECT player_id, route, key, body_hash, outcome, at FROM free WHERE key IS NOT NULL
            ORDER BY player_id
            ON CONFLICT DO NOTHING
            RETURNING player_id
        ), engaged AS (
            INSERT INTO engagements AS e (player_id, kind, subject)
            SELECT player_id, 'ticket', id FROM free
            WHERE key IS NULL OR player_id IN (SELECT player_id FROM receipt)
            ORDER BY player_id
            ON CONFLICT (player_id) DO UPDATE SET kind = excluded.kind, subject = excluded.subject
            WHERE e.kind = 'idle'
            RETURNING player_id
        ), ticket AS (
            INSERT INTO tickets (id, mode, player_id, rating, deviation, status, created_at, expires_at, wait_low,
                                 wait_high, version, details)
            SELECT id, mode, player_id, rating, deviation, status, created_at, expires_at, wait_low, wait_high, version,
                   details
            FROM free WHERE player_id IN (SELECT player_id FROM engaged)
            RETURNING id, player_id
        ), made AS (
            SELECT (SELECT count(*) FROM receipt) AS receipts,
                   (SELECT count(*) FROM receipt JOIN ticket USING (player_id)) AS used
        )
        SELECT ARRAY(SELECT id FROM ticket) AS joined, 1 / (1 + used - receipts) AS whole FROM made",
    );
    let rows = || joining.iter().map(|(row, _)| row);
    let receipts = || joining.iter().map(|(_, receipt)| receipt.as_ref());
    let answer: Result<Joined, SqlError> = statement
        .bind::<Array<Id>, _>(rows().map(|r| r.id).collect::<Vec<_>>())
        .bind::<Array<Text>, _>(rows().map(|r| r.mode.as_str()).collect::<Vec<_>>())
        .bind::<Array<Id>, _>(rows().map(|r| r.player_id).collect::<Vec<_>>())
        .bind::<Array<Double>, _>(rows().map(|r| r.rating).collect::<Vec<_>>())
        .bind::<Array<Double>, _>(rows().map(|r| r.deviation).collect::<Vec<_>>())
        .bind::<Array<Text>, _>(rows().map(|r| r.status.as_str()).collect::<Vec<_>>())
        .bind::<Array<Instant>, _>(rows().map(|r| r.created_at).collect::<Vec<_>>())
        .bind::<Array<Instant>, _>(rows().map(|r| r.expires_at).collect::<Vec<_>>())
        .bind::<Array<BigInt>, _>(rows().map(|r| r.wait_low).collect::<Vec<_>>())
        .bind::<Array<BigInt>, _>(rows().map(|r| r.wait_high).collect::<Vec<_>>())
        .bind::<Array<BigInt>, _>(rows().map(|r| r.version).collect::<Vec<_>>())
        .bind::<Array<Nullable<Json>>, _>(rows().map(|r| r.details.clone()).collect::<Vec<_>>())
        .bind::<Array<Nullable<Text>>, _>(receipts().map(|r| Some(r?.key.route.as_str())).collect::<Vec<_>>())
        .bind::<Array<Nullable<Text>>, _>(receipts().map(|r| Some(r?.key.key.as_str())).collect::<Vec<_>>())
        .bind::<Array<Nullable<Binary>>, _>(receipts().map(|r| Some(r?.body_hash.as_slice())).collect::<Vec<_>>())
        .bind::<Array<Nullable<Json>>, _>(receipts().map(|r| Some(JsonCol(r?.outcome.clone()))).collect::<Vec<_>>())
        .bind::<Array<Nullable<Instant>>, _>(receipts().map(|r| Some(TimeCol(r?.at))).collect::<Vec<_>>())
        .get_result(conn)
        .await;
    match answer {
        Ok(answer) => Ok(answer.joined),
        // The division, or a ticket's own key: diesel tells the first by no kind and the server's words may be in any
        // language. The long way meets whatever else this was again.
        Err(SqlError::DatabaseError(
            DatabaseErrorKind::Unknown | DatabaseErrorKind::UniqueViolation | DatabaseErrorKind::SerializationFailure,
            _,
        )) => Ok(Vec::new()),
        Err(error) => Err(error.into()),
    }
}

/// Inserts tickets.
pub(crate) async fn insert(tx: &mut Conn, rows: Vec<TicketRow>) -> Result<(), Tx> {
    prepared(
        "INSERT INTO tickets (id, mode, player_id, rating, deviation, status, created_at, expires_at, ended_at, ended,
                              game_id, proposal_id, wait_low, wait_high, version, party_id, size, details, detached_at,
                              offered_at)
         SELECT * FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20)",
    )
    .bind::<Array<Id>, _>(rows.iter().map(|r| r.id).collect::<Vec<_>>())
    .bind::<Array<Text>, _>(rows.iter().map(|r| r.mode.as_str()).collect::<Vec<_>>())
    .bind::<Array<Id>, _>(rows.iter().map(|r| r.player_id).collect::<Vec<_>>())
    .bind::<Array<Double>, _>(rows.iter().map(|r| r.rating).collect::<Vec<_>>())
    .bind::<Array<Double>, _>(rows.iter().map(|r| r.deviation).collect::<Vec<_>>())
    .bind::<Array<Text>, _>(rows.iter().map(|r| r.status.as_str()).collect::<Vec<_>>())
    .bind::<Array<Instant>, _>(rows.iter().map(|r| r.created_at).collect::<Vec<_>>())
    .bind::<Array<Instant>, _>(rows.iter().map(|r| r.expires_at).collect::<Vec<_>>())
    .bind::<Array<Nullable<Instant>>, _>(rows.iter().map(|r| r.ended_at).collect::<Vec<_>>())
    .bind::<Array<Nullable<Json>>, _>(rows.iter().map(|r| r.ended.clone()).collect::<Vec<_>>())
    .bind::<Array<Nullable<Id>>, _>(rows.iter().map(|r| r.game_id).collect::<Vec<_>>())
    .bind::<Array<Nullable<Id>>, _>(rows.iter().map(|r| r.proposal_id).collect::<Vec<_>>())
    .bind::<Array<BigInt>, _>(rows.iter().map(|r| r.wait_low).collect::<Vec<_>>())
    .bind::<Array<BigInt>, _>(rows.iter().map(|r| r.wait_high).collect::<Vec<_>>())
    .bind::<Array<BigInt>, _>(rows.iter().map(|r| r.version).collect::<Vec<_>>())
    .bind::<Array<Nullable<Id>>, _>(rows.iter().map(|r| r.party_id).collect::<Vec<_>>())
    .bind::<Array<BigInt>, _>(rows.iter().map(|r| r.size).collect::<Vec<_>>())
    .bind::<Array<Nullable<Json>>, _>(rows.iter().map(|r| r.details.clone()).collect::<Vec<_>>())
    .bind::<Array<Nullable<Instant>>, _>(rows.iter().map(|r| r.detached_at).collect::<Vec<_>>())
    .bind::<Array<Nullable<Instant>>, _>(rows.iter().map(|r| r.offered_at).collect::<Vec<_>>())
    .execute(tx)
    .await?;
    Ok(())
}

/// Moves tickets whose version holds; says how many did.
pub(crate) async fn update(tx: &mut Conn, changes: &[Written]) -> Result<usize, Tx> {
    Ok(prepared(
        "UPDATE tickets t SET status = c.status, ended_at = c.ended_at, ended = c.ended, game_id = c.game_id,
                              proposal_id = c.proposal_id, version = c.version, expires_at = c.expires_at,
                              details = c.details, detached_at = c.detached_at, offered_at = c.offered_at
         FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
              AS c (id, status, ended_at, ended, game_id, proposal_id, version, expect, expires_at, details,
                    detached_at, offered_at)
         WHERE t.id = c.id AND t.version = c.expect",
    )
    .bind::<Array<Id>, _>(changes.iter().map(|c| c.row.id).collect::<Vec<_>>())
    .bind::<Array<Text>, _>(changes.iter().map(|c| c.row.status.as_str()).collect::<Vec<_>>())
    .bind::<Array<Nullable<Instant>>, _>(changes.iter().map(|c| c.row.ended_at).collect::<Vec<_>>())
    .bind::<Array<Nullable<Json>>, _>(changes.iter().map(|c| c.row.ended.clone()).collect::<Vec<_>>())
    .bind::<Array<Nullable<Id>>, _>(changes.iter().map(|c| c.row.game_id).collect::<Vec<_>>())
    .bind::<Array<Nullable<Id>>, _>(changes.iter().map(|c| c.row.proposal_id).collect::<Vec<_>>())
    .bind::<Array<BigInt>, _>(changes.iter().map(|c| c.row.version).collect::<Vec<_>>())
    .bind::<Array<BigInt>, _>(changes.iter().map(|c| c.expect).collect::<Vec<_>>())
    .bind::<Array<Instant>, _>(changes.iter().map(|c| c.row.expires_at).collect::<Vec<_>>())
    .bind::<Array<Nullable<Json>>, _>(changes.iter().map(|c| c.row.details.clone()).collect::<Vec<_>>())
    .bind::<Array<Nullable<Instant>>, _>(changes.iter().map(|c| c.row.detached_at).collect::<Vec<_>>())
    .bind::<Array<Nullable<Instant>>, _>(changes.iter().map(|c| c.row.offered_at).collect::<Vec<_>>())
    .execute(tx)
    .await?)
}

/// Marks searching tickets as matched into their games, or proposed; says how many were searching.
pub(crate) async fn claim(tx: &mut Conn, claimed: &[Claimed]) -> Result<usize, Tx> {
    Ok(prepared(
        "UPDATE tickets t
         SET status = CASE WHEN c.game_id IS NULL THEN 'proposed' ELSE 'matched' END, game_id = c.game_id,
             proposal_id = c.proposal_id, ended_at = CASE WHEN c.game_id IS NULL THEN NULL ELSE c.at END,
             version = t.version + 1
         FROM unnest($1, $2, $3, $4) AS c (id, game_id, proposal_id, at)
         WHERE t.id = c.id AND t.status = 'searching'",
    )
    .bind::<Array<Id>, _>(claimed.iter().map(|c| c.ticket).collect::<Vec<_>>())
    .bind::<Array<Nullable<Id>>, _>(claimed.iter().map(|c| c.game).collect::<Vec<_>>())
    .bind::<Array<Nullable<Id>>, _>(claimed.iter().map(|c| c.proposal).collect::<Vec<_>>())
    .bind::<Array<Instant>, _>(claimed.iter().map(|c| c.at).collect::<Vec<_>>())
    .execute(tx)
    .await?)
}
