//! What players say about a game's result, and what it says itself.

use std::collections::BTreeMap;

use kernel::{PlayerId, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::words::{Outcome, ResultStatus};

/// An accepted score report. Equal reports are repeats of one another, whenever they arrive.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// Who reported.
    pub player_id: PlayerId,
    /// The reporter's own score.
    pub score: i64,
    /// What the reporter says about everybody; empty if nothing.
    #[serde(default)]
    pub scores: BTreeMap<PlayerId, i64>,
    /// What the reporter says about the own result.
    pub outcome: Option<Outcome>,
    /// How long the game took by the client's clock, in milliseconds. Evidence, never a rule.
    pub duration_ms: Option<u64>,
    /// Whatever the client added. Evidence.
    pub payload: Option<Value>,
    /// When it was taken.
    pub at: Timestamp,
    /// Why it needs a review before it counts; none where it counts at once.
    #[serde(default)]
    pub held: Option<String>,
}

impl Report {
    /// Whether `other` says exactly the same.
    #[must_use]
    pub fn repeats(&self, other: &Self) -> bool {
        Self { at: other.at, held: other.held.clone(), ..self.clone() } == *other
    }
}

/// One player's line of a result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// Who.
    pub player_id: PlayerId,
    /// Team number.
    pub team: u8,
    /// Seat number.
    pub seat: u8,
    /// Final score, where the mode has scores.
    pub score: Option<i64>,
    /// Win, loss or draw; none in a game of one.
    pub outcome: Option<Outcome>,
}

/// The result as it stands. A version never changes; voiding or amending it makes the next one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResultVersion {
    /// From 1.
    pub version: i32,
    /// What it says.
    pub status: ResultStatus,
    /// How it was decided: `rules`, `reports`, `abandoned`, `claimed`, `majority`, `review` or `admin`.
    pub reason: String,
    /// One line per player, by seat.
    pub standings: Vec<Standing>,
}

/// Where in the ledger a game's result versions stand. Settled with the first: a correction undoes what was done, and so
/// goes to the same family, whatever has become of the mode since.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entered {
    /// See [`LedgerEntry::family`](crate::LedgerEntry::family).
    pub family: String,
    /// See [`LedgerEntry::rated`](crate::LedgerEntry::rated).
    pub rated: bool,
}

/// What a player says about a disputed or doubted result.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// Who.
    pub player_id: PlayerId,
    /// In the player's words.
    pub reason: String,
    /// Whatever the client added.
    pub evidence: Option<Value>,
    /// When.
    pub at: Timestamp,
}

/// What a game did to one player's rating, as standings derived it. Shown with the game, never decided upon.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct RatingLine {
    /// Whose.
    pub player_id: PlayerId,
    /// Before the game.
    pub before: f64,
    /// After it.
    pub after: f64,
}
