//! The same statements for SQLite, row by row.

use diesel::sql_types::{BigInt, Double, Nullable, Text};
use diesel_async::RunQueryDsl;
use kernel::{Riders, StoreError};

use super::dialect::{Conn, Id, Instant, Json};
use super::sql::tickets::{Claimed, TicketRow, Written};
use super::sql::{Database, Tx};
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
                                  ended, game_id, proposal_id, wait_low, wait_high, version, party_id, size, details,
                                  detached_at, offered_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20)",
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
        .bind::<Nullable<Id>, _>(row.party_id)
        .bind::<BigInt, _>(row.size)
        .bind::<Nullable<Json>, _>(row.details)
        .bind::<Nullable<Instant>, _>(row.detached_at)
        .bind::<Nullable<Instant>, _>(row.offered_at)
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
            "UPDATE tickets SET status = $1, ended_at = $2, ended = $3, game_id = $4, proposal_id = $5, version = $6,
                                expires_at = $7, details = $8, detached_at = $9, offered_at = $10
             WHERE id = $11 AND version = $12",
        )
        .bind::<Text, _>(row.status)
        .bind::<Nullable<Instant>, _>(row.ended_at)
        .bind::<Nullable<Json>, _>(row.ended)
        .bind::<Nullable<Id>, _>(row.game_id)
        .bind::<Nullable<Id>, _>(row.proposal_id)
        .bind::<BigInt, _>(row.version)
        .bind::<Instant, _>(row.expires_at)
        .bind::<Nullable<Json>, _>(row.details)
        .bind::<Nullable<Instant>, _>(row.detached_at)
        .bind::<Nullable<Instant>, _>(row.offered_at)
        .bind::<Id, _>(row.id)
        .bind::<BigInt, _>(expect)
        .execute(tx)
        .await?;
    }
    Ok(moved)
}

/// Marks searching tickets as matched into their games, or proposed; says how many were searching.
pub(crate) async fn claim(tx: &mut Conn, claimed: &[Claimed]) -> Result<usize, Tx> {
    let mut marked = 0;
    for Claimed { ticket, game, proposal, at } in claimed.iter().copied() {
        marked += prepared(
            "UPDATE tickets SET status = $1, game_id = $2, proposal_id = $3, ended_at = $4, version = version + 1
             WHERE id = $5 AND status = 'searching'",
        )
        .bind::<Text, _>(if game.is_some() { "matched" } else { "proposed" })
        .bind::<Nullable<Id>, _>(game)
        .bind::<Nullable<Id>, _>(proposal)
        .bind::<Nullable<Instant>, _>(game.map(|_| at))
        .bind::<Id, _>(ticket)
        .execute(tx)
        .await?;
    }
    Ok(marked)
}
