//! A game as it is shown.

use kernel::{GameId, PlayerId, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::model::{Ended, RatingLine, ResultVersion};
use crate::words::{OriginKind, Outcome, PlayerStatus, Status};

/// One player in a [`GameSnapshot`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlayerSnapshot {
    /// Who; names resolve when somebody reads.
    pub player_id: PlayerId,
    /// Team number.
    pub team: u8,
    /// Seat number.
    pub seat: u8,
    /// Where the player stands.
    pub status: PlayerStatus,
    /// Final score.
    pub score: Option<i64>,
    /// How it ended for this player.
    pub outcome: Option<Outcome>,
    /// From when on the others may claim, while the player is gone.
    #[serde(default)]
    pub claim_at: Option<Timestamp>,
}

/// A game as it is shown, but for names (players are ids) and what only its viewer knows. Stored in events, so it keeps
/// reading what it once wrote.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GameSnapshot {
    /// Its id.
    pub id: GameId,
    /// Key of its mode.
    pub mode: String,
    /// Where it stands.
    pub status: Status,
    /// Whether it counts for ratings.
    pub rated: bool,
    /// Players by seat.
    pub players: Vec<PlayerSnapshot>,
    /// Moves played.
    pub sequence: i64,
    /// The seat to move.
    pub turn: Option<u8>,
    /// What the viewer may see of the board.
    pub state: Option<Value>,
    /// When it was opened.
    pub created_at: Timestamp,
    /// When it started.
    pub started_at: Option<Timestamp>,
    /// When it was over.
    pub finished_at: Option<Timestamp>,
    /// The next deadline.
    pub deadline_at: Option<Timestamp>,
    /// The result, once there is one.
    pub result: Option<ResultVersion>,
    /// Why it ended, if not by being played out.
    pub ended: Option<Ended>,
    /// How it came to be: `matched`, `private`, `rematch` or `solo`.
    #[serde(default = "matched")]
    pub origin: OriginKind,
    /// The game that repeats this one, once somebody asked for it.
    #[serde(default)]
    pub rematch: Option<GameId>,
    /// What it did to ratings, as far as standings have derived it.
    #[serde(default)]
    pub rating_lines: Vec<RatingLine>,
}

const fn matched() -> OriginKind {
    OriginKind::Matched
}
