//! The result ledger: what finished games said, version by version. Ratings, boards and achievements are effects of it.

use kernel::{GameId, Timestamp};
use serde_json::Value;

use crate::model::Standing;
use crate::words::ResultStatus;

/// One result version in the ledger. Never changed and never deleted.
///
/// Entries of one `family` carry a gapless `sequence` in the order of their commits, so that a reader which has seen
/// *n* has seen everything up to *n*.
#[derive(Debug, Clone, PartialEq)]
pub struct LedgerEntry {
    /// Whose result.
    pub game_id: GameId,
    /// Which version of it, from 1.
    pub version: i32,
    /// Rating family of the mode.
    pub family: String,
    /// Place in the family, from 1. The store assigns it; in a change it is 0.
    pub sequence: i64,
    /// Key of the mode.
    pub mode: String,
    /// Whether it counts for ratings.
    pub rated: bool,
    /// What it says.
    pub status: ResultStatus,
    /// How it was decided; see [`ResultVersion::reason`](crate::ResultVersion::reason).
    pub reason: String,
    /// On what it stands: `{"source": "rules" | "reports" | "abandonment" | "majority" | "review" | "admin", …}`.
    pub provenance: Value,
    /// One line per player, by seat.
    pub standings: Vec<Standing>,
    /// When it was decided.
    pub at: Timestamp,
}

impl LedgerEntry {
    /// Whether a practice bot played: then nobody's ratings, stats or places follow from it.
    #[must_use]
    pub fn is_practice(&self) -> bool {
        self.standings.iter().any(|standing| standing.player_id.is_bot())
    }
}
