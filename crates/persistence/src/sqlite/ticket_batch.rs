//! The same statements for SQLite, row by row.

use diesel::sql_types::{BigInt, Double, Nullable, Text};
use diesel_async::RunQueryDsl;
use kernel::{Riders, StoreError};

use super::dialect::{Conn, Id, Instant, Json};
use super::sql::tickets::{TicketRow, Written};
use super::sql::{Database, IdCol, TimeCol, Tx};
use crate::prepared::prepared;

/// There are no round trips to save: always the long way.
pub(crate) async fn join(_: &Database, _: &TicketRow, _: &Riders) -> Result<bool, StoreError> {
    Ok(false)
}

/// Inserts tickets.
pub(crate) async fn insert(tx: &mut Conn, rows: Vec<TicketRow>) -> Result<(), Tx> {
    for row in rows {
        prepared(
            "INSERT INTO tickets (id, mode, player_id, rating, deviation, status, created_at, expires_at, ended_at,
                                  ended, game_id, proposal_id, wait_low, wait_high, version)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)",
        )
        .bind::<Id, _>(row.id)
        .bind::<Text, _>(row.mode)
        .bind::<Id, _>(row.player_id)
        .bind::<Double, _>(row.rating)
        .bind::<Double, _>(row.deviation)
        .bind::<Text, _>(row.status)
        .bind::<Instant, _>(row.created_at)
        .bind::<Instant, _>(row.expires_at)
        .bind::<Nullable<Instant>, _>(row.ended_at)
        .bind::<Nullable<Json>, _>(row.ended)
        .bind::<Nullable<Id>, _>(row.game_id)
        .bind::<Nullable<Id>, _>(row.proposal_id)
        .bind::<BigInt, _>(row.wait_low)
        .bind::<BigInt, _>(row.wait_high)
        .bind::<BigInt, _>(row.version)
        .execute(tx)
        .await?;
    }
    Ok(())
}

/// Moves tickets whose version holds; says how many did.
pub(crate) async fn update(tx: &mut Conn, changes: &[Written]) -> Result<usize, Tx> {
    let mut moved = 0;
    for Written { row, expect } in changes.iter().cloned() {
        moved += prepared(
            "UPDATE tickets SET status = $1, ended_at = $2, ended = $3, game_id = $4, proposal_id = $5, version = $6
             WHERE id = $7 AND version = $8",
        )
        .bind::<Text, _>(row.status)
        .bind::<Nullable<Instant>, _>(row.ended_at)
        .bind::<Nullable<Json>, _>(row.ended)
        .bind::<Nullable<Id>, _>(row.game_id)
        .bind::<Nullable<Id>, _>(row.proposal_id)
        .bind::<BigInt, _>(row.version)
        .bind::<Id, _>(row.id)
        .bind::<BigInt, _>(expect)
        .execute(tx)
        .await?;
    }
    Ok(moved)
}

/// Marks searching tickets as matched into these games; says how many were searching.
pub(crate) async fn claim(tx: &mut Conn, claimed: &[(IdCol, IdCol, TimeCol)]) -> Result<usize, Tx> {
    let mut marked = 0;
    for (id, game, at) in claimed.iter().copied() {
        marked += prepared(
            "UPDATE tickets SET status = 'matched', game_id = $1, ended_at = $2, version = version + 1
             WHERE id = $3 AND status = 'searching'",
        )
        .bind::<Id, _>(game)
        .bind::<Instant, _>(at)
        .bind::<Id, _>(id)
        .execute(tx)
        .await?;
    }
    Ok(marked)
}
