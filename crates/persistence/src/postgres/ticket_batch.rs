//! Statements about tickets that PostgreSQL can say for many rows, or many tables, at once.

use diesel::QueryableByName;
use diesel::result::{DatabaseErrorKind, Error as SqlError};
use diesel::sql_types::{Array, BigInt, Binary, Bool, Double, Nullable, Text};
use diesel_async::RunQueryDsl;
use kernel::{Engagement, Receipt, Riders, StoreError};

use super::dialect::{Conn, Id, Instant, Json};
use super::sql::tickets::{Claimed, TicketRow, Written};
use super::sql::{Database, IdCol, JsonCol, TimeCol, Tx};
use crate::prepared::prepared;

#[derive(QueryableByName)]
struct Joined {
    #[diesel(sql_type = Bool)]
    joined: bool,
}

/// Receipt, engagement and ticket in one round trip and one commit; `false` if anything doesn't hold, and then nothing
/// was written.
///
/// Each step depends on the one before, so they happen in the order of every other change: receipt, engagement, ticket.
/// A player known to be busy is refused before anything is written. One who gets busy between the look and the lock
/// would leave a receipt without a ticket: that divides by zero, which undoes the statement. The quotient is a column of
/// its own, since the server needn't evaluate the second half of an `AND`.
pub(crate) async fn join(database: &Database, row: &TicketRow, riders: &Riders) -> Result<bool, StoreError> {
    let (row, receipt, to) = (row.clone(), riders.receipt.clone(), riders.engage[0].to);
    database.write_one(move |conn| Box::pin(async move { join_in_one(conn, &row, to, receipt.as_ref()).await })).await
}

async fn join_in_one(conn: &mut Conn, row: &TicketRow, to: Engagement, receipt: Option<&Receipt>) -> Result<bool, Tx> {
    let statement = prepared(
        "WITH free AS MATERIALIZED (
            SELECT 1 WHERE NOT EXISTS (SELECT FROM engagements WHERE player_id = $1 AND kind <> 'idle')
        ), receipt AS (
            INSERT INTO receipts (player_id, route, key, body_hash, outcome, at)
            SELECT player_id, route, key, body_hash, outcome, at
            FROM free, unnest($2, $3, $4, $5, $6, $7) AS r (player_id, route, key, body_hash, outcome, at)
            ON CONFLICT DO NOTHING
            RETURNING 1
        ), engaged AS (
            INSERT INTO engagements AS e (player_id, kind, subject)
            SELECT $8, $9, $10 FROM free WHERE cardinality($11) = (SELECT count(*) FROM receipt)
            ON CONFLICT (player_id) DO UPDATE SET kind = excluded.kind, subject = excluded.subject
            WHERE e.kind = 'idle'
            RETURNING 1
        ), ticket AS (
            INSERT INTO tickets (id, mode, player_id, rating, deviation, status, created_at, expires_at, wait_low,
                                 wait_high, version)
            SELECT $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22 FROM engaged
            RETURNING 1
        ), made AS (
            SELECT (SELECT count(*) FROM receipt) AS receipts, (SELECT count(*) FROM ticket) AS tickets
        )
        SELECT tickets = 1 AS joined, 1 / (1 + tickets - receipts) AS whole FROM made",
    );
    let receipts = || receipt.into_iter();
    let keys: Vec<_> = receipts().map(|r| r.key.key.as_str()).collect();
    let answer: Result<Joined, SqlError> = statement
        .bind::<Id, _>(row.player_id)
        .bind::<Array<Id>, _>(receipts().map(|r| IdCol::from(r.key.player)).collect::<Vec<_>>())
        .bind::<Array<Text>, _>(receipts().map(|r| r.key.route.as_str()).collect::<Vec<_>>())
        .bind::<Array<Text>, _>(keys.clone())
        .bind::<Array<Binary>, _>(receipts().map(|r| r.body_hash.as_slice()).collect::<Vec<_>>())
        .bind::<Array<Json>, _>(receipts().map(|r| JsonCol(r.outcome.clone())).collect::<Vec<_>>())
        .bind::<Array<Instant>, _>(receipts().map(|r| TimeCol(r.at)).collect::<Vec<_>>())
        .bind::<Id, _>(row.player_id)
        .bind::<Text, _>(to.name())
        .bind::<Nullable<Id>, _>(to.subject().map(IdCol))
        .bind::<Array<Text>, _>(keys)
        .bind::<Id, _>(row.id)
        .bind::<Text, _>(row.mode.as_str())
        .bind::<Id, _>(row.player_id)
        .bind::<Double, _>(row.rating)
        .bind::<Double, _>(row.deviation)
        .bind::<Text, _>(row.status.as_str())
        .bind::<Instant, _>(row.created_at)
        .bind::<Instant, _>(row.expires_at)
        .bind::<BigInt, _>(row.wait_low)
        .bind::<BigInt, _>(row.wait_high)
        .bind::<BigInt, _>(row.version)
        .get_result(conn)
        .await;
    match answer {
        Ok(answer) => Ok(answer.joined),
        // The division, or the ticket's own key: diesel tells the first by no kind and the server's words may be in
        // any language. The long way meets whatever else this was again.
        Err(SqlError::DatabaseError(DatabaseErrorKind::Unknown | DatabaseErrorKind::UniqueViolation, _)) => Ok(false),
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
