//! Values: ratings, stats, pairings, and the rows they are derived through.

use async_trait::async_trait;
use kernel::{BoxError, GameId, PlayerId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::board::Metric;
use crate::fact::Outcome;

/// A rating family: modes whose results count in one rating.
pub type Family = String;

/// Which model rates a family.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Model {
    /// Weng-Lin Bradley-Terry, full pairing (JMLR 12, 2011), margin-aware where there are scores.
    WengLin,
    /// Glicko-2 (Glickman, 2013), every game its own period.
    Glicko2,
}

/// What standings must know of a mode.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModeScheme {
    /// Key of the mode.
    pub mode: String,
    /// Family its results count in. Once it was played it keeps it, as the family keeps its model: results are told anew
    /// by what is known now.
    pub family: Family,
    /// The model of that family.
    pub model: Model,
    /// Whether its results are ever rated.
    pub rated: bool,
    /// Whether its players report scores.
    pub scored: bool,
    /// What its leaderboard shows unless asked otherwise.
    pub board: Metric,
}

/// Asks what modes there are.
#[async_trait]
pub trait Schemes: Send + Sync {
    /// One mode, switched-off ones included; none if it was never published.
    async fn scheme(&self, mode: &str) -> Result<Option<ModeScheme>, BoxError>;

    /// All modes.
    async fn schemes(&self) -> Result<Vec<ModeScheme>, BoxError>;
}

/// A player's rating in one family, as it stood after the last game: certainty lost since is computed when it is read.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Rating {
    /// As shown; newcomers have 1500.
    pub value: f64,
    /// How uncertain it is, one standard deviation, on the same scale.
    pub deviation: f64,
    /// Glicko-2's volatility; 0 under other models.
    pub volatility: f64,
    /// Rated games so far, those taken back not counted.
    pub games: i32,
    /// The highest value so far, once it isn't provisional any more.
    pub peak: Option<f64>,
    /// When the last rated game was decided.
    pub last_at: Option<Timestamp>,
}

/// How far a family's ledger was applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// Which family.
    pub family: Family,
    /// Everything up to here was applied.
    pub applied: i64,
    /// A later version changed a result here: ratings from here on are being recomputed.
    pub redo_from: Option<i64>,
}

/// What one game meant for one player, at the game's place in its family. What stands now: a later version of the
/// result overwrites it.
#[derive(Debug, Clone, PartialEq)]
pub struct ResultRow {
    /// Rating family.
    pub family: Family,
    /// The place of the game's first version.
    pub sequence: i64,
    /// Who.
    pub player_id: PlayerId,
    /// Which game.
    pub game_id: GameId,
    /// The version that stands.
    pub version: i32,
    /// Key of the mode.
    pub mode: String,
    /// Season in which the first version was decided: `2026-11`.
    pub season: String,
    /// Team number.
    pub team: u8,
    /// How it ended.
    pub outcome: Option<Outcome>,
    /// Final score.
    pub score: Option<i64>,
    /// Whether it counts at all: false once voided.
    pub counts: bool,
    /// Whether it counts for ratings.
    pub rated: bool,
    /// How much the game moves ratings: less than 1 for pairs that play each other again and again.
    pub weight: f64,
    /// The player's rating before the game; none where it isn't rated.
    pub before: Option<Rating>,
    /// And after it.
    pub after: Option<Rating>,
    /// When the first version was decided.
    pub at: Timestamp,
}

/// Which stats: of a mode, in a season or (with an empty season) of all time.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StatsKey {
    /// Key of the mode.
    pub mode: String,
    /// `2026-11`; empty for all time.
    pub season: String,
    /// Whose.
    pub player_id: PlayerId,
}

/// A player's stats. Only games that count are in them.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PlayerStats {
    /// Games.
    pub games: i32,
    /// Of them won.
    pub wins: i32,
    /// Lost.
    pub losses: i32,
    /// Drawn.
    pub draws: i32,
    /// The present streak: wins above 0, losses below; 0 after a draw.
    pub streak: i32,
    /// The longest run of wins.
    pub best_streak: i32,
    /// The last ten outcomes, newest last: `WWLD`.
    pub form: String,
    /// The best score.
    pub best_score: Option<i64>,
    /// All scores together.
    pub total_score: i64,
    /// The rating after the last rated game.
    pub rating: Option<f64>,
    /// Place of the last game in its family.
    pub last_sequence: i64,
    /// When it was decided.
    pub last_at: Option<Timestamp>,
}

/// What a player did against another, in one mode. Each pair has two, one from either side. Only games with the two in
/// different teams count.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Pairing {
    /// Games that count.
    pub games: i32,
    /// Of them won.
    pub wins: i32,
    /// Lost.
    pub losses: i32,
    /// Drawn.
    pub draws: i32,
    /// The present streak, as in [`PlayerStats::streak`].
    pub streak: i32,
    /// The last game that counts.
    pub last_game: Option<GameId>,
    /// Its place in its family.
    pub last_sequence: i64,
    /// When their latest rated games were decided, oldest first, voided ones included: what repeated pairs are weighed by.
    pub recent: Vec<Timestamp>,
}

/// A season of a mode was closed, or closed anew after a result in it changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeasonClose {
    /// Key of the mode.
    pub mode: String,
    /// `2026-11`.
    pub season: String,
    /// From 1.
    pub revision: i32,
    /// When.
    pub at: Timestamp,
}

/// A final place in a closed season.
#[derive(Debug, Clone, PartialEq)]
pub struct SeasonFinal {
    /// On which board.
    pub metric: Metric,
    /// From 1; equal values share a rank.
    pub rank: i64,
    /// Who.
    pub player_id: PlayerId,
    /// With what.
    pub value: f64,
}
