//! What standings are told: the ledger, entry by entry.

use async_trait::async_trait;
use kernel::{BoxError, GameId, PlayerId, Timestamp};
use serde::{Deserialize, Serialize};

/// How a game ended for one player.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// Won.
    Win,
    /// Lost.
    Loss,
    /// Neither.
    Draw,
}

/// One player's line of a result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FactLine {
    /// Who.
    pub player_id: PlayerId,
    /// Team number.
    pub team: u8,
    /// How it ended; none in a game of one.
    pub outcome: Option<Outcome>,
    /// Final score, where the mode has scores.
    pub score: Option<i64>,
}

/// One ledger entry: a version of a game's result, at its place in its family.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact {
    /// Rating family.
    pub family: String,
    /// Place in the family, from 1, gapless.
    pub sequence: i64,
    /// Whose result.
    pub game_id: GameId,
    /// Which version of it. The first has its place where the game was played; later ones replace it there.
    pub version: i32,
    /// Key of the mode.
    pub mode: String,
    /// Whether it counts for ratings.
    pub rated: bool,
    /// Whether it takes the result back.
    pub voided: bool,
    /// By seat.
    pub lines: Vec<FactLine>,
    /// When it was decided.
    pub at: Timestamp,
}

/// Reads the ledger.
#[async_trait]
pub trait FactSource: Send + Sync {
    /// Families that have entries, with the sequence of the last.
    async fn families(&self) -> Result<Vec<(String, i64)>, BoxError>;

    /// Up to `limit` entries of a family after this sequence, in order.
    async fn facts(&self, family: &str, after: i64, limit: i64) -> Result<Vec<Fact>, BoxError>;
}
