//! Why a game is over.

use kernel::PlayerId;
use serde::{Deserialize, Serialize};

/// Who ended something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum EndedBy {
    /// A deadline or a rule.
    System,
    /// This player.
    Player(PlayerId),
}

impl From<EndedBy> for String {
    fn from(by: EndedBy) -> Self {
        match by {
            EndedBy::System => Self::from("system"),
            EndedBy::Player(id) => id.to_string(),
        }
    }
}

impl TryFrom<String> for EndedBy {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        if text == "system" {
            return Ok(Self::System);
        }
        text.parse().map(Self::Player).map_err(|_| String::from("expected `system` or a player id"))
    }
}

/// Why a game ended other than by being played to its end: `declined`, `expired`, `cancelled` or `superseded` before it
/// had its players; `no_show`, `mode_changed`, `abandoned`, `claimed`, `server_fault`, `max_duration`, `mode_removed`,
/// `unresolved_dispute`, `rejected_report`, `unreviewed` or, voided by an operator, `admin`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ended {
    /// A stable word.
    pub reason: String,
    /// Who did it.
    pub by: Option<EndedBy>,
}

impl Ended {
    pub(crate) fn by_system(reason: &str) -> Self {
        Self { reason: reason.to_owned(), by: Some(EndedBy::System) }
    }

    pub(crate) fn by_player(reason: &str, player: PlayerId) -> Self {
        Self { reason: reason.to_owned(), by: Some(EndedBy::Player(player)) }
    }
}
