//! The same statements for SQLite, row by row.

use diesel::QueryableByName;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use diesel_async::RunQueryDsl;
use games::{Game, LedgerEntry};

use super::dialect::Conn;
use super::sql::games::schema::{game_players, games as game_table, ledger};
use super::sql::games::{GameRow, PlayerState, document};
use super::sql::{IdCol, JsonCol, TimeCol, Tx};
use crate::prepared::prepared;

/// Inserts games as they are opened, with their players.
pub(crate) async fn open(tx: &mut Conn, games: &[Game], rows: Vec<GameRow>) -> Result<(), Tx> {
    for (game, row) in games.iter().zip(rows) {
        diesel::insert_into(game_table::table)
            .values((
                game_table::id.eq(row.id),
                game_table::mode.eq(row.mode),
                game_table::status.eq(row.status),
                game_table::rated.eq(row.rated),
                game_table::setup.eq(row.setup),
                game_table::players.eq(row.players),
                game_table::sequence.eq(row.sequence),
                game_table::reports.eq(row.reports),
                game_table::created_at.eq(row.created_at),
                game_table::due_at.eq(row.due_at),
                game_table::version.eq(row.version),
            ))
            .execute(tx)
            .await?;
        for player in &game.players {
            diesel::insert_into(game_players::table)
                .values((
                    game_players::player_id.eq(IdCol::from(player.player_id)),
                    game_players::game_id.eq(IdCol::from(game.id)),
                    game_players::mode.eq(game.mode.as_str()),
                    game_players::held.eq(true),
                ))
                .execute(tx)
                .await?;
        }
    }
    Ok(())
}

/// Writes where the players of a game stand now.
pub(crate) async fn update_players(tx: &mut Conn, game: &Game, players: &[PlayerState]) -> Result<(), Tx> {
    for state in players {
        diesel::update(game_players::table.find((IdCol::from(state.player), IdCol::from(game.id))))
            .set((
                game_players::held.eq(state.held),
                game_players::outcome.eq(state.outcome),
                game_players::ended_at.eq(game.history_at().map(TimeCol)),
            ))
            .execute(tx)
            .await?;
    }
    Ok(())
}

#[derive(QueryableByName)]
struct Head {
    #[diesel(sql_type = BigInt)]
    top: i64,
}

/// Enters a result version under the next number of its family.
pub(crate) async fn enter(tx: &mut Conn, entry: &LedgerEntry) -> Result<i64, Tx> {
    let head: Head = prepared(
        "INSERT INTO ledger_heads (family, top) VALUES ($1, 1)
         ON CONFLICT (family) DO UPDATE SET top = ledger_heads.top + 1
         RETURNING top",
    )
    .bind::<Text, _>(entry.family.as_str())
    .get_result(tx)
    .await?;
    diesel::insert_into(ledger::table)
        .values((
            ledger::family.eq(entry.family.as_str()),
            ledger::sequence.eq(head.top),
            ledger::game_id.eq(IdCol::from(entry.game_id)),
            ledger::version.eq(entry.version),
            ledger::mode.eq(entry.mode.as_str()),
            ledger::rated.eq(entry.rated),
            ledger::status.eq(entry.status.as_str()),
            ledger::reason.eq(entry.reason.as_str()),
            ledger::provenance.eq(JsonCol(entry.provenance.clone())),
            ledger::standings.eq(document(&entry.standings)?),
            ledger::at.eq(TimeCol(entry.at)),
        ))
        .execute(tx)
        .await?;
    Ok(head.top)
}
