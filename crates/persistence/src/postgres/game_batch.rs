//! Statements of the games domain that PostgreSQL can say for many rows at once.

use diesel::QueryableByName;
use diesel::sql_types::{Array, BigInt, Bool, Integer, Nullable, Text};
use diesel_async::RunQueryDsl;
use games::{Game, LedgerEntry};

use super::dialect::{Conn, Id, Instant, Json};
use super::sql::games::{GameRow, PlayerState, document};
use super::sql::{IdCol, JsonCol, TimeCol, Tx};
use crate::prepared::prepared;

/// Inserts games as they are opened, with their players, in one round trip.
pub(crate) async fn open(tx: &mut Conn, games: &[Game], rows: Vec<GameRow>) -> Result<(), Tx> {
    let seats = || games.iter().flat_map(|game| game.players.iter().map(move |player| (game, player)));
    prepared(
        "WITH opened AS (
            INSERT INTO games (id, mode, status, rated, setup, players, sequence, reports, created_at, due_at, version)
            SELECT id, mode, status, rated, setup, players, 0, '[]', created_at, due_at, version
            FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9)
                 AS g (id, mode, status, rated, setup, players, created_at, due_at, version)
        )
        INSERT INTO game_players (player_id, game_id, mode, held)
        SELECT player_id, game_id, mode, true FROM unnest($10, $11, $12) AS p (player_id, game_id, mode)",
    )
    .bind::<Array<Id>, _>(rows.iter().map(|r| r.id).collect::<Vec<_>>())
    .bind::<Array<Text>, _>(rows.iter().map(|r| r.mode.clone()).collect::<Vec<_>>())
    .bind::<Array<Text>, _>(rows.iter().map(|r| r.status.clone()).collect::<Vec<_>>())
    .bind::<Array<Bool>, _>(rows.iter().map(|r| r.rated).collect::<Vec<_>>())
    .bind::<Array<Json>, _>(rows.iter().map(|r| r.setup.clone()).collect::<Vec<_>>())
    .bind::<Array<Json>, _>(rows.iter().map(|r| r.players.clone()).collect::<Vec<_>>())
    .bind::<Array<Instant>, _>(rows.iter().map(|r| r.created_at).collect::<Vec<_>>())
    .bind::<Array<Nullable<Instant>>, _>(rows.iter().map(|r| r.due_at).collect::<Vec<_>>())
    .bind::<Array<BigInt>, _>(rows.iter().map(|r| r.version).collect::<Vec<_>>())
    .bind::<Array<Id>, _>(seats().map(|(_, player)| IdCol::from(player.player_id)).collect::<Vec<_>>())
    .bind::<Array<Id>, _>(seats().map(|(game, _)| IdCol::from(game.id)).collect::<Vec<_>>())
    .bind::<Array<Text>, _>(seats().map(|(game, _)| game.mode.as_str()).collect::<Vec<_>>())
    .execute(tx)
    .await?;
    Ok(())
}

/// Writes where the players of a game stand now.
pub(crate) async fn update_players(tx: &mut Conn, game: &Game, players: &[PlayerState]) -> Result<(), Tx> {
    prepared(
        "UPDATE game_players p SET held = s.held, outcome = s.outcome, ended_at = $1
         FROM unnest($2, $3, $4) AS s (player_id, held, outcome)
         WHERE p.player_id = s.player_id AND p.game_id = $5",
    )
    .bind::<Nullable<Instant>, _>(game.history_at().map(TimeCol))
    .bind::<Array<Id>, _>(players.iter().map(|p| IdCol::from(p.player)).collect::<Vec<_>>())
    .bind::<Array<Bool>, _>(players.iter().map(|p| p.held).collect::<Vec<_>>())
    .bind::<Array<Nullable<Text>>, _>(players.iter().map(|p| p.outcome).collect::<Vec<_>>())
    .bind::<Id, _>(IdCol::from(game.id))
    .execute(tx)
    .await?;
    Ok(())
}

#[derive(QueryableByName)]
struct Entered {
    #[diesel(sql_type = BigInt)]
    sequence: i64,
}

/// Enters a result version under the next number of its family, whose head it locks until the commit.
pub(crate) async fn enter(tx: &mut Conn, entry: &LedgerEntry) -> Result<i64, Tx> {
    let entered: Entered = prepared(
        "WITH head AS (
            INSERT INTO ledger_heads AS h (family, top) VALUES ($1, 1)
            ON CONFLICT (family) DO UPDATE SET top = h.top + 1
            RETURNING family, top
        )
        INSERT INTO ledger (family, sequence, game_id, version, mode, rated, status, reason, provenance, standings, at)
        SELECT family, top, $2, $3, $4, $5, $6, $7, $8, $9, $10 FROM head
        RETURNING sequence",
    )
    .bind::<Text, _>(entry.family.as_str())
    .bind::<Id, _>(IdCol::from(entry.game_id))
    .bind::<Integer, _>(entry.version)
    .bind::<Text, _>(entry.mode.as_str())
    .bind::<Bool, _>(entry.rated)
    .bind::<Text, _>(entry.status.as_str())
    .bind::<Text, _>(entry.reason.as_str())
    .bind::<Json, _>(JsonCol(entry.provenance.clone()))
    .bind::<Json, _>(document(&entry.standings)?)
    .bind::<Instant, _>(TimeCol(entry.at))
    .get_result(tx)
    .await?;
    Ok(entered.sequence)
}
