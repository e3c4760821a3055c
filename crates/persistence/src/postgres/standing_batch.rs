//! Standings in batches: one statement per table and commit.

use diesel::sql_types::{Array, BigInt, Bool, Double, Integer, Nullable, Text};
use diesel_async::RunQueryDsl;
use kernel::PlayerId;
use standings::{Metric, SeasonClose, SeasonFinal};

use super::dialect::{Conn, Id, Instant, Json};
use super::sql::standings::{PairingRecord, RatingRecord, ResultRecord, StatsWrite};
use super::sql::{IdCol, Tx};
use crate::prepared::prepared;

/// How a list of players is bound: as `$1`, unfolded by [`players!`].
pub(crate) type Players = Array<Id>;

/// The value to bind.
pub(crate) fn list_of(players: &[PlayerId]) -> Vec<IdCol> {
    players.iter().copied().map(IdCol::from).collect()
}

/// The players in `$1` as `k (player_id)`.
macro_rules! players {
    () => {
        "unnest($1) AS k (player_id)"
    };
}
pub(crate) use players;

/// The keys in the document `$1` as `k (mode, season, player_id)`.
macro_rules! stats_keys {
    () => {
        "json_to_recordset(CAST($1 AS json)) AS k (mode text, season text, player_id uuid)"
    };
}
pub(crate) use stats_keys;

/// The keys in the document `$1` as `k (mode, player_id, opponent_id)`.
macro_rules! pairing_keys {
    () => {
        "json_to_recordset(CAST($1 AS json)) AS k (mode text, player_id uuid, opponent_id uuid)"
    };
}
pub(crate) use pairing_keys;

/// What games meant for their players: inserts or overwrites, given in key order.
pub(crate) async fn write_results(tx: &mut Conn, rows: Vec<ResultRecord>) -> Result<(), Tx> {
    prepared(
        "INSERT INTO results (family, sequence, player_id, game_id, version, mode, season, team, outcome, score,
             counts, rated, weight, rating_before, deviation_before, volatility_before, games_before, peak_before,
             last_at_before, rating_after, deviation_after, volatility_after, games_after, peak_after, last_at_after,
             at)
         SELECT * FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19,
             $20, $21, $22, $23, $24, $25, $26)
         ON CONFLICT (family, sequence, player_id) DO UPDATE SET
             game_id = excluded.game_id, version = excluded.version, mode = excluded.mode, season = excluded.season,
             team = excluded.team, outcome = excluded.outcome, score = excluded.score, counts = excluded.counts,
             rated = excluded.rated, weight = excluded.weight, rating_before = excluded.rating_before,
             deviation_before = excluded.deviation_before, volatility_before = excluded.volatility_before,
             games_before = excluded.games_before, peak_before = excluded.peak_before,
             last_at_before = excluded.last_at_before, rating_after = excluded.rating_after,
             deviation_after = excluded.deviation_after, volatility_after = excluded.volatility_after,
             games_after = excluded.games_after, peak_after = excluded.peak_after,
             last_at_after = excluded.last_at_after, at = excluded.at",
    )
    .bind::<Array<Text>, _>(rows.iter().map(|r| r.family.as_str()).collect::<Vec<_>>())
    .bind::<Array<BigInt>, _>(rows.iter().map(|r| r.sequence).collect::<Vec<_>>())
    .bind::<Array<Id>, _>(rows.iter().map(|r| r.player_id).collect::<Vec<_>>())
    .bind::<Array<Id>, _>(rows.iter().map(|r| r.game_id).collect::<Vec<_>>())
    .bind::<Array<Integer>, _>(rows.iter().map(|r| r.version).collect::<Vec<_>>())
    .bind::<Array<Text>, _>(rows.iter().map(|r| r.mode.as_str()).collect::<Vec<_>>())
    .bind::<Array<Text>, _>(rows.iter().map(|r| r.season.as_str()).collect::<Vec<_>>())
    .bind::<Array<Integer>, _>(rows.iter().map(|r| r.team).collect::<Vec<_>>())
    .bind::<Array<Nullable<Text>>, _>(rows.iter().map(|r| r.outcome.as_deref()).collect::<Vec<_>>())
    .bind::<Array<Nullable<BigInt>>, _>(rows.iter().map(|r| r.score).collect::<Vec<_>>())
    .bind::<Array<Bool>, _>(rows.iter().map(|r| r.counts).collect::<Vec<_>>())
    .bind::<Array<Bool>, _>(rows.iter().map(|r| r.rated).collect::<Vec<_>>())
    .bind::<Array<Double>, _>(rows.iter().map(|r| r.weight).collect::<Vec<_>>())
    .bind::<Array<Nullable<Double>>, _>(rows.iter().map(|r| r.rating_before).collect::<Vec<_>>())
    .bind::<Array<Nullable<Double>>, _>(rows.iter().map(|r| r.deviation_before).collect::<Vec<_>>())
    .bind::<Array<Nullable<Double>>, _>(rows.iter().map(|r| r.volatility_before).collect::<Vec<_>>())
    .bind::<Array<Nullable<Integer>>, _>(rows.iter().map(|r| r.games_before).collect::<Vec<_>>())
    .bind::<Array<Nullable<Double>>, _>(rows.iter().map(|r| r.peak_before).collect::<Vec<_>>())
    .bind::<Array<Nullable<Instant>>, _>(rows.iter().map(|r| r.last_at_before).collect::<Vec<_>>())
    .bind::<Array<Nullable<Double>>, _>(rows.iter().map(|r| r.rating_after).collect::<Vec<_>>())
    .bind::<Array<Nullable<Double>>, _>(rows.iter().map(|r| r.deviation_after).collect::<Vec<_>>())
    .bind::<Array<Nullable<Double>>, _>(rows.iter().map(|r| r.volatility_after).collect::<Vec<_>>())
    .bind::<Array<Nullable<Integer>>, _>(rows.iter().map(|r| r.games_after).collect::<Vec<_>>())
    .bind::<Array<Nullable<Double>>, _>(rows.iter().map(|r| r.peak_after).collect::<Vec<_>>())
    .bind::<Array<Nullable<Instant>>, _>(rows.iter().map(|r| r.last_at_after).collect::<Vec<_>>())
    .bind::<Array<Instant>, _>(rows.iter().map(|r| r.at).collect::<Vec<_>>())
    .execute(tx)
    .await?;
    Ok(())
}

/// Ratings, likewise.
pub(crate) async fn write_ratings(tx: &mut Conn, rows: Vec<RatingRecord>) -> Result<(), Tx> {
    prepared(
        "INSERT INTO ratings (family, player_id, rating, deviation, volatility, games, peak, last_at)
         SELECT * FROM unnest($1, $2, $3, $4, $5, $6, $7, $8)
         ON CONFLICT (family, player_id) DO UPDATE SET
             rating = excluded.rating, deviation = excluded.deviation, volatility = excluded.volatility,
             games = excluded.games, peak = excluded.peak, last_at = excluded.last_at",
    )
    .bind::<Array<Text>, _>(rows.iter().map(|r| r.family.as_str()).collect::<Vec<_>>())
    .bind::<Array<Id>, _>(rows.iter().map(|r| r.player_id).collect::<Vec<_>>())
    .bind::<Array<Double>, _>(rows.iter().map(|r| r.rating).collect::<Vec<_>>())
    .bind::<Array<Double>, _>(rows.iter().map(|r| r.deviation).collect::<Vec<_>>())
    .bind::<Array<Double>, _>(rows.iter().map(|r| r.volatility).collect::<Vec<_>>())
    .bind::<Array<Integer>, _>(rows.iter().map(|r| r.games).collect::<Vec<_>>())
    .bind::<Array<Nullable<Double>>, _>(rows.iter().map(|r| r.peak).collect::<Vec<_>>())
    .bind::<Array<Nullable<Instant>>, _>(rows.iter().map(|r| r.last_at).collect::<Vec<_>>())
    .execute(tx)
    .await?;
    Ok(())
}

/// Stats with their values on the boards, likewise.
pub(crate) async fn write_stats(tx: &mut Conn, rows: Vec<StatsWrite>) -> Result<(), Tx> {
    prepared(
        "INSERT INTO player_stats (mode, season, player_id, games, wins, losses, draws, streak, best_streak, form,
             best_score, total_score, rating, last_sequence, last_at, board_rating, board_wins, board_best_score,
             board_streak,
             board_sum)
         SELECT * FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20)
         ON CONFLICT (mode, season, player_id) DO UPDATE SET
             games = excluded.games, wins = excluded.wins, losses = excluded.losses, draws = excluded.draws,
             streak = excluded.streak, best_streak = excluded.best_streak, form = excluded.form,
             best_score = excluded.best_score, total_score = excluded.total_score, rating = excluded.rating,
             last_sequence = excluded.last_sequence, last_at = excluded.last_at,
             board_rating = excluded.board_rating, board_wins = excluded.board_wins,
             board_best_score = excluded.board_best_score, board_streak = excluded.board_streak,
             board_sum = excluded.board_sum",
    )
    .bind::<Array<Text>, _>(rows.iter().map(|r| r.record.mode.as_str()).collect::<Vec<_>>())
    .bind::<Array<Text>, _>(rows.iter().map(|r| r.record.season.as_str()).collect::<Vec<_>>())
    .bind::<Array<Id>, _>(rows.iter().map(|r| r.record.player_id).collect::<Vec<_>>())
    .bind::<Array<Integer>, _>(rows.iter().map(|r| r.record.games).collect::<Vec<_>>())
    .bind::<Array<Integer>, _>(rows.iter().map(|r| r.record.wins).collect::<Vec<_>>())
    .bind::<Array<Integer>, _>(rows.iter().map(|r| r.record.losses).collect::<Vec<_>>())
    .bind::<Array<Integer>, _>(rows.iter().map(|r| r.record.draws).collect::<Vec<_>>())
    .bind::<Array<Integer>, _>(rows.iter().map(|r| r.record.streak).collect::<Vec<_>>())
    .bind::<Array<Integer>, _>(rows.iter().map(|r| r.record.best_streak).collect::<Vec<_>>())
    .bind::<Array<Text>, _>(rows.iter().map(|r| r.record.form.as_str()).collect::<Vec<_>>())
    .bind::<Array<Nullable<BigInt>>, _>(rows.iter().map(|r| r.record.best_score).collect::<Vec<_>>())
    .bind::<Array<BigInt>, _>(rows.iter().map(|r| r.record.total_score).collect::<Vec<_>>())
    .bind::<Array<Nullable<Double>>, _>(rows.iter().map(|r| r.record.rating).collect::<Vec<_>>())
    .bind::<Array<BigInt>, _>(rows.iter().map(|r| r.record.last_sequence).collect::<Vec<_>>())
    .bind::<Array<Nullable<Instant>>, _>(rows.iter().map(|r| r.record.last_at).collect::<Vec<_>>())
    .bind::<Array<Nullable<Double>>, _>(rows.iter().map(|r| r.on_board(Metric::Rating)).collect::<Vec<_>>())
    .bind::<Array<Nullable<Double>>, _>(rows.iter().map(|r| r.on_board(Metric::Wins)).collect::<Vec<_>>())
    .bind::<Array<Nullable<Double>>, _>(rows.iter().map(|r| r.on_board(Metric::BestScore)).collect::<Vec<_>>())
    .bind::<Array<Nullable<Double>>, _>(rows.iter().map(|r| r.on_board(Metric::Streak)).collect::<Vec<_>>())
    .bind::<Array<Nullable<Double>>, _>(rows.iter().map(|r| r.on_board(Metric::Sum)).collect::<Vec<_>>())
    .execute(tx)
    .await?;
    Ok(())
}

/// Pairings, likewise.
pub(crate) async fn write_pairings(tx: &mut Conn, rows: Vec<PairingRecord>) -> Result<(), Tx> {
    prepared(
        "INSERT INTO pairings (mode, player_id, opponent_id, games, wins, losses, draws, streak, last_game,
             last_sequence, recent)
         SELECT * FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
         ON CONFLICT (mode, player_id, opponent_id) DO UPDATE SET
             games = excluded.games, wins = excluded.wins, losses = excluded.losses, draws = excluded.draws,
             streak = excluded.streak, last_game = excluded.last_game, last_sequence = excluded.last_sequence,
             recent = excluded.recent",
    )
    .bind::<Array<Text>, _>(rows.iter().map(|r| r.mode.as_str()).collect::<Vec<_>>())
    .bind::<Array<Id>, _>(rows.iter().map(|r| r.player_id).collect::<Vec<_>>())
    .bind::<Array<Id>, _>(rows.iter().map(|r| r.opponent_id).collect::<Vec<_>>())
    .bind::<Array<Integer>, _>(rows.iter().map(|r| r.games).collect::<Vec<_>>())
    .bind::<Array<Integer>, _>(rows.iter().map(|r| r.wins).collect::<Vec<_>>())
    .bind::<Array<Integer>, _>(rows.iter().map(|r| r.losses).collect::<Vec<_>>())
    .bind::<Array<Integer>, _>(rows.iter().map(|r| r.draws).collect::<Vec<_>>())
    .bind::<Array<Integer>, _>(rows.iter().map(|r| r.streak).collect::<Vec<_>>())
    .bind::<Array<Nullable<Id>>, _>(rows.iter().map(|r| r.last_game).collect::<Vec<_>>())
    .bind::<Array<BigInt>, _>(rows.iter().map(|r| r.last_sequence).collect::<Vec<_>>())
    .bind::<Array<Json>, _>(rows.iter().map(|r| r.recent.clone()).collect::<Vec<_>>())
    .execute(tx)
    .await?;
    Ok(())
}

/// Final places of a season.
pub(crate) async fn write_finals(tx: &mut Conn, close: &SeasonClose, finals: Vec<SeasonFinal>) -> Result<(), Tx> {
    prepared(
        "INSERT INTO season_finals (mode, season, metric, rank, player_id, value)
         SELECT $1, $2, f.* FROM unnest($3, $4, $5, $6) AS f (metric, rank, player_id, value)",
    )
    .bind::<Text, _>(close.mode.as_str())
    .bind::<Text, _>(close.season.as_str())
    .bind::<Array<Text>, _>(finals.iter().map(|f| f.metric.as_str()).collect::<Vec<_>>())
    .bind::<Array<BigInt>, _>(finals.iter().map(|f| f.rank).collect::<Vec<_>>())
    .bind::<Array<Id>, _>(finals.iter().map(|f| IdCol::from(f.player_id)).collect::<Vec<_>>())
    .bind::<Array<Double>, _>(finals.iter().map(|f| f.value).collect::<Vec<_>>())
    .execute(tx)
    .await?;
    Ok(())
}
