//! Standings in batches for SQLite: row by row, but on its thread in one go. A commit of 200 games has thousands of
//! rows, and each would otherwise change threads twice.

use diesel::Connection;
use diesel::query_builder::{QueryFragment, QueryId};
use diesel::sql_types::{BigInt, Bool, Double, Integer, Nullable, Text};
use diesel::sqlite::Sqlite;
use kernel::PlayerId;
use serde_json::Value;
use standings::{Metric, SeasonClose, SeasonFinal};

use super::dialect::{Conn, Id, Instant, Json};
use super::sql::standings::{PairingRecord, RatingRecord, ResultRecord, StatsWrite};
use super::sql::{IdCol, Tx};
use crate::prepared::prepared;

/// How a list of players is bound: as `$1`, unfolded by [`players!`].
pub(crate) type Players = Text;

/// The value to bind.
pub(crate) fn list_of(players: &[PlayerId]) -> String {
    Value::from_iter(players.iter().map(|player| Value::from(player.uuid().simple().to_string()))).to_string()
}

/// The players in `$1` as `k (player_id)`.
macro_rules! players {
    () => {
        "(SELECT unhex(value) AS player_id FROM json_each($1)) AS k"
    };
}
pub(crate) use players;

/// The keys in the document `$1` as `k (mode, season, player_id)`.
macro_rules! stats_keys {
    () => {
        "(SELECT value ->> 'mode' AS mode, value ->> 'season' AS season, unhex(value ->> 'player_id') AS player_id
          FROM json_each($1)) AS k"
    };
}
pub(crate) use stats_keys;

/// The keys in the document `$1` as `k (mode, player_id, opponent_id)`.
macro_rules! pairing_keys {
    () => {
        "(SELECT value ->> 'mode' AS mode, unhex(value ->> 'player_id') AS player_id,
                 unhex(value ->> 'opponent_id') AS opponent_id
          FROM json_each($1)) AS k"
    };
}
pub(crate) use pairing_keys;

/// Carries out a statement for each row.
async fn each<R, Q, F>(tx: &mut Conn, rows: Vec<R>, statement: F) -> Result<(), Tx>
where
    R: Send + 'static,
    Q: QueryFragment<Sqlite> + QueryId,
    F: Fn(&R) -> Q + Send + 'static,
{
    tx.spawn_blocking(move |conn| {
        for row in &rows {
            conn.execute_returning_count(&statement(row))?;
        }
        Ok(())
    })
    .await?;
    Ok(())
}

/// What games meant for their players: inserts or overwrites, given in key order.
pub(crate) async fn write_results(tx: &mut Conn, rows: Vec<ResultRecord>) -> Result<(), Tx> {
    each(tx, rows, |r| {
        prepared(
            "INSERT INTO results (family, sequence, player_id, game_id, version, mode, season, team, outcome,
                 score, counts, rated, weight, rating_before, deviation_before, volatility_before, games_before,
                 peak_before, last_at_before, rating_after, deviation_after, volatility_after, games_after, peak_after,
                 last_at_after, at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21,
                 $22, $23, $24, $25, $26)
             ON CONFLICT (family, sequence, player_id) DO UPDATE SET
                 game_id = excluded.game_id, version = excluded.version, mode = excluded.mode,
                 season = excluded.season, team = excluded.team, outcome = excluded.outcome, score = excluded.score,
                 counts = excluded.counts, rated = excluded.rated, weight = excluded.weight,
                 rating_before = excluded.rating_before, deviation_before = excluded.deviation_before,
                 volatility_before = excluded.volatility_before, games_before = excluded.games_before,
                 peak_before = excluded.peak_before, last_at_before = excluded.last_at_before,
                 rating_after = excluded.rating_after, deviation_after = excluded.deviation_after,
                 volatility_after = excluded.volatility_after, games_after = excluded.games_after,
                 peak_after = excluded.peak_after, last_at_after = excluded.last_at_after, at = excluded.at",
        )
        .bind::<Text, _>(r.family.clone())
        .bind::<BigInt, _>(r.sequence)
        .bind::<Id, _>(r.player_id)
        .bind::<Id, _>(r.game_id)
        .bind::<Integer, _>(r.version)
        .bind::<Text, _>(r.mode.clone())
        .bind::<Text, _>(r.season.clone())
        .bind::<Integer, _>(r.team)
        .bind::<Nullable<Text>, _>(r.outcome.clone())
        .bind::<Nullable<BigInt>, _>(r.score)
        .bind::<Bool, _>(r.counts)
        .bind::<Bool, _>(r.rated)
        .bind::<Double, _>(r.weight)
        .bind::<Nullable<Double>, _>(r.rating_before)
        .bind::<Nullable<Double>, _>(r.deviation_before)
        .bind::<Nullable<Double>, _>(r.volatility_before)
        .bind::<Nullable<Integer>, _>(r.games_before)
        .bind::<Nullable<Double>, _>(r.peak_before)
        .bind::<Nullable<Instant>, _>(r.last_at_before)
        .bind::<Nullable<Double>, _>(r.rating_after)
        .bind::<Nullable<Double>, _>(r.deviation_after)
        .bind::<Nullable<Double>, _>(r.volatility_after)
        .bind::<Nullable<Integer>, _>(r.games_after)
        .bind::<Nullable<Double>, _>(r.peak_after)
        .bind::<Nullable<Instant>, _>(r.last_at_after)
        .bind::<Instant, _>(r.at)
    })
    .await
}

/// Ratings, likewise.
pub(crate) async fn write_ratings(tx: &mut Conn, rows: Vec<RatingRecord>) -> Result<(), Tx> {
    each(tx, rows, |r| {
        prepared(
            "INSERT INTO ratings (family, player_id, rating, deviation, volatility, games, peak, last_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
             ON CONFLICT (family, player_id) DO UPDATE SET
                 rating = excluded.rating, deviation = excluded.deviation, volatility = excluded.volatility,
                 games = excluded.games, peak = excluded.peak, last_at = excluded.last_at",
        )
        .bind::<Text, _>(r.family.clone())
        .bind::<Id, _>(r.player_id)
        .bind::<Double, _>(r.rating)
        .bind::<Double, _>(r.deviation)
        .bind::<Double, _>(r.volatility)
        .bind::<Integer, _>(r.games)
        .bind::<Nullable<Double>, _>(r.peak)
        .bind::<Nullable<Instant>, _>(r.last_at)
    })
    .await
}

/// Stats with their values on the boards, likewise.
pub(crate) async fn write_stats(tx: &mut Conn, rows: Vec<StatsWrite>) -> Result<(), Tx> {
    each(tx, rows, |r| {
        prepared(
            "INSERT INTO player_stats (mode, season, player_id, games, wins, losses, draws, streak, best_streak,
                 form, best_score, total_score, rating, last_sequence, last_at, board_rating, board_wins,
                 board_best_score,
                 board_streak, board_sum)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20)
             ON CONFLICT (mode, season, player_id) DO UPDATE SET
                 games = excluded.games, wins = excluded.wins, losses = excluded.losses, draws = excluded.draws,
                 streak = excluded.streak, best_streak = excluded.best_streak, form = excluded.form,
                 best_score = excluded.best_score, total_score = excluded.total_score, rating = excluded.rating,
                 last_sequence = excluded.last_sequence, last_at = excluded.last_at,
                 board_rating = excluded.board_rating, board_wins = excluded.board_wins,
                 board_best_score = excluded.board_best_score, board_streak = excluded.board_streak,
                 board_sum = excluded.board_sum",
        )
        .bind::<Text, _>(r.record.mode.clone())
        .bind::<Text, _>(r.record.season.clone())
        .bind::<Id, _>(r.record.player_id)
        .bind::<Integer, _>(r.record.games)
        .bind::<Integer, _>(r.record.wins)
        .bind::<Integer, _>(r.record.losses)
        .bind::<Integer, _>(r.record.draws)
        .bind::<Integer, _>(r.record.streak)
        .bind::<Integer, _>(r.record.best_streak)
        .bind::<Text, _>(r.record.form.clone())
        .bind::<Nullable<BigInt>, _>(r.record.best_score)
        .bind::<BigInt, _>(r.record.total_score)
        .bind::<Nullable<Double>, _>(r.record.rating)
        .bind::<BigInt, _>(r.record.last_sequence)
        .bind::<Nullable<Instant>, _>(r.record.last_at)
        .bind::<Nullable<Double>, _>(r.on_board(Metric::Rating))
        .bind::<Nullable<Double>, _>(r.on_board(Metric::Wins))
        .bind::<Nullable<Double>, _>(r.on_board(Metric::BestScore))
        .bind::<Nullable<Double>, _>(r.on_board(Metric::Streak))
        .bind::<Nullable<Double>, _>(r.on_board(Metric::Sum))
    })
    .await
}

/// Pairings, likewise.
pub(crate) async fn write_pairings(tx: &mut Conn, rows: Vec<PairingRecord>) -> Result<(), Tx> {
    each(tx, rows, |r| {
        prepared(
            "INSERT INTO pairings (mode, player_id, opponent_id, games, wins, losses, draws, streak, last_game,
                 last_sequence, recent)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
             ON CONFLICT (mode, player_id, opponent_id) DO UPDATE SET
                 games = excluded.games, wins = excluded.wins, losses = excluded.losses, draws = excluded.draws,
                 streak = excluded.streak, last_game = excluded.last_game, last_sequence = excluded.last_sequence,
                 recent = excluded.recent",
        )
        .bind::<Text, _>(r.mode.clone())
        .bind::<Id, _>(r.player_id)
        .bind::<Id, _>(r.opponent_id)
        .bind::<Integer, _>(r.games)
        .bind::<Integer, _>(r.wins)
        .bind::<Integer, _>(r.losses)
        .bind::<Integer, _>(r.draws)
        .bind::<Integer, _>(r.streak)
        .bind::<Nullable<Id>, _>(r.last_game)
        .bind::<BigInt, _>(r.last_sequence)
        .bind::<Json, _>(r.recent.clone())
    })
    .await
}

/// Final places of a season.
pub(crate) async fn write_finals(tx: &mut Conn, close: &SeasonClose, finals: Vec<SeasonFinal>) -> Result<(), Tx> {
    let SeasonClose { mode, season, .. } = close.clone();
    each(tx, finals, move |place| {
        prepared(
            "INSERT INTO season_finals (mode, season, metric, rank, player_id, value)
             VALUES ($1, $2, $3, $4, $5, $6)",
        )
        .bind::<Text, _>(mode.clone())
        .bind::<Text, _>(season.clone())
        .bind::<Text, _>(place.metric.as_str())
        .bind::<BigInt, _>(place.rank)
        .bind::<Id, _>(IdCol::from(place.player_id))
        .bind::<Double, _>(place.value)
    })
    .await
}
