//! What is added up, as rows and back: stats and pairings.

use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Double, Integer, Nullable, Text};
use kernel::{BoxError, PlayerId, StoreError, Timestamp};
use standings::{Metric, Pairing, PlayerStats, StatsKey};

use super::super::dialect::{Id, Instant, Json};
use super::super::{IdCol, JsonCol, TimeCol};

/// A player's stats, as they are stored. What they are worth on the boards is written beside them, never read back.
#[derive(Debug, Clone, QueryableByName)]
pub(crate) struct StatsRecord {
    #[diesel(sql_type = Text)]
    pub(crate) mode: String,
    #[diesel(sql_type = Text)]
    pub(crate) season: String,
    #[diesel(sql_type = Id)]
    pub(crate) player_id: IdCol,
    #[diesel(sql_type = Integer)]
    pub(crate) games: i32,
    #[diesel(sql_type = Integer)]
    pub(crate) wins: i32,
    #[diesel(sql_type = Integer)]
    pub(crate) losses: i32,
    #[diesel(sql_type = Integer)]
    pub(crate) draws: i32,
    #[diesel(sql_type = Integer)]
    pub(crate) streak: i32,
    #[diesel(sql_type = Integer)]
    pub(crate) best_streak: i32,
    #[diesel(sql_type = Text)]
    pub(crate) form: String,
    #[diesel(sql_type = Nullable<BigInt>)]
    pub(crate) best_score: Option<i64>,
    #[diesel(sql_type = BigInt)]
    pub(crate) total_score: i64,
    #[diesel(sql_type = Nullable<Double>)]
    pub(crate) rating: Option<f64>,
    #[diesel(sql_type = BigInt)]
    pub(crate) last_sequence: i64,
    #[diesel(sql_type = Nullable<Instant>)]
    pub(crate) last_at: Option<TimeCol>,
}

/// Stats to write, with what they are worth on each board.
#[derive(Debug, Clone)]
pub(crate) struct StatsWrite {
    pub(crate) record: StatsRecord,
    values: [Option<f64>; Metric::ALL.len()],
}

impl StatsWrite {
    pub(super) fn of(key: StatsKey, stats: PlayerStats) -> Self {
        // Databases don't agree on whether zero has a sign, so here it has none.
        let values = Metric::ALL.map(|metric| metric.value(&stats).map(|value| value + 0.0));
        let record = StatsRecord {
            mode: key.mode,
            season: key.season,
            player_id: key.player_id.into(),
            games: stats.games,
            wins: stats.wins,
            losses: stats.losses,
            draws: stats.draws,
            streak: stats.streak,
            best_streak: stats.best_streak,
            form: stats.form,
            best_score: stats.best_score,
            total_score: stats.total_score,
            rating: stats.rating,
            last_sequence: stats.last_sequence,
            last_at: stats.last_at.map(TimeCol),
        };
        Self { record, values }
    }

    /// The value on this board; none where the player isn't on it.
    pub(crate) fn on_board(&self, metric: Metric) -> Option<f64> {
        Metric::ALL.iter().position(|other| *other == metric).and_then(|at| self.values[at])
    }
}

impl StatsRecord {
    pub(super) fn into_stats(self) -> (StatsKey, PlayerStats) {
        let key = StatsKey { mode: self.mode, season: self.season, player_id: self.player_id.into() };
        let stats = PlayerStats {
            games: self.games,
            wins: self.wins,
            losses: self.losses,
            draws: self.draws,
            streak: self.streak,
            best_streak: self.best_streak,
            form: self.form,
            best_score: self.best_score,
            total_score: self.total_score,
            rating: self.rating,
            last_sequence: self.last_sequence,
            last_at: self.last_at.map(Timestamp::from),
        };
        (key, stats)
    }
}

/// One side of a pairing, as it is stored.
#[derive(Debug, Clone, QueryableByName)]
pub(crate) struct PairingRecord {
    #[diesel(sql_type = Text)]
    pub(crate) mode: String,
    #[diesel(sql_type = Id)]
    pub(crate) player_id: IdCol,
    #[diesel(sql_type = Id)]
    pub(crate) opponent_id: IdCol,
    #[diesel(sql_type = Integer)]
    pub(crate) games: i32,
    #[diesel(sql_type = Integer)]
    pub(crate) wins: i32,
    #[diesel(sql_type = Integer)]
    pub(crate) losses: i32,
    #[diesel(sql_type = Integer)]
    pub(crate) draws: i32,
    #[diesel(sql_type = Integer)]
    pub(crate) streak: i32,
    #[diesel(sql_type = Nullable<Id>)]
    pub(crate) last_game: Option<IdCol>,
    #[diesel(sql_type = BigInt)]
    pub(crate) last_sequence: i64,
    #[diesel(sql_type = Json)]
    pub(crate) recent: JsonCol,
}

impl PairingRecord {
    pub(super) fn of(mode: String, player: PlayerId, opponent: PlayerId, pairing: &Pairing) -> Self {
        Self {
            mode,
            player_id: player.into(),
            opponent_id: opponent.into(),
            games: pairing.games,
            wins: pairing.wins,
            losses: pairing.losses,
            draws: pairing.draws,
            streak: pairing.streak,
            last_game: pairing.last_game.map(IdCol::from),
            last_sequence: pairing.last_sequence,
            recent: JsonCol(pairing.recent.iter().map(|at| serde_json::Value::from(at.micros())).collect()),
        }
    }

    pub(super) fn into_pairing(self) -> Result<(String, PlayerId, PlayerId, Pairing), StoreError> {
        let recent: Vec<i64> =
            serde_json::from_value(self.recent.0).map_err(|why| StoreError::Broken(BoxError::from(why)))?;
        let pairing = Pairing {
            games: self.games,
            wins: self.wins,
            losses: self.losses,
            draws: self.draws,
            streak: self.streak,
            last_game: self.last_game.map(Into::into),
            last_sequence: self.last_sequence,
            recent: recent.into_iter().map(Timestamp::from_micros).collect(),
        };
        Ok((self.mode, self.player_id.into(), self.opponent_id.into(), pairing))
    }
}
