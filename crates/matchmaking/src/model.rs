//! Values: a ticket and what it says.

use std::fmt;

use kernel::{Engagement, GameId, PlayerId, ProposalId, TicketId, Timestamp, Version};
use serde::{Deserialize, Serialize};

/// Where a ticket stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Waiting in its queue.
    Searching,
    /// In a ready check.
    Proposed,
    /// In a game; final.
    Matched,
    /// Taken back, or ended by something else its player did; final.
    Cancelled,
    /// Nobody was found in time; final.
    Expired,
    /// The service couldn't go on with it; final.
    Failed,
}

impl Status {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Searching, Self::Proposed, Self::Matched, Self::Cancelled, Self::Expired, Self::Failed];

    /// The stored name, which is also the one on the wire: `searching`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Searching => "searching",
            Self::Proposed => "proposed",
            Self::Matched => "matched",
            Self::Cancelled => "cancelled",
            Self::Expired => "expired",
            Self::Failed => "failed",
        }
    }

    /// Back from the stored name.
    #[must_use]
    pub fn from_stored(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == name)
    }

    /// Whether nothing can follow.
    #[must_use]
    pub const fn is_final(self) -> bool {
        !matches!(self, Self::Searching | Self::Proposed)
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why a ticket ended without a match. Stored as JSON: fields are only ever added.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ended {
    /// Stable word: `cancelled`, `no_opponent` or `superseded` (its player entered a game another way).
    pub reason: String,
    /// Who ended it: `player` or `service`.
    pub by: String,
    /// Keys of modes that could be tried instead.
    pub alternatives: Vec<String>,
}

/// How long a match will probably take, in milliseconds from now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct WaitEstimate {
    /// One in four waits no longer than this.
    pub low: i64,
    /// Nine in ten wait no longer than this.
    pub high: i64,
}

/// A player's place in a queue.
#[derive(Debug, Clone, PartialEq)]
pub struct Ticket {
    /// Its id.
    pub id: TicketId,
    /// Key of the mode it waits for.
    pub mode: String,
    /// Who queued. Everybody the ticket stands for: [`Ticket::players`].
    pub player_id: PlayerId,
    /// Rating it is matched by, read on the server when it was made.
    pub rating: f64,
    /// How uncertain that rating is.
    pub deviation: f64,
    /// Where it stands.
    pub status: Status,
    /// Since when it waits; kept when a refused match puts it back.
    pub created_at: Timestamp,
    /// From then on it can neither be matched nor cancelled; the sweep writes that down.
    pub expires_at: Timestamp,
    /// When it became final.
    pub ended_at: Option<Timestamp>,
    /// Why, if not by a match.
    pub ended: Option<Ended>,
    /// The game it became.
    pub game_id: Option<GameId>,
    /// The ready check it is in.
    pub proposal_id: Option<ProposalId>,
    /// What its player was told at the start.
    pub estimated_wait_ms: WaitEstimate,
    /// For compare-and-set.
    pub version: Version,
}

impl Ticket {
    /// Everybody this ticket stands for; one player until parties queue.
    #[must_use]
    pub fn players(&self) -> &[PlayerId] {
        std::slice::from_ref(&self.player_id)
    }

    /// What its players are engaged in while it is live.
    #[must_use]
    pub const fn engagement(&self) -> Engagement {
        match (self.status, self.proposal_id, self.game_id) {
            (Status::Searching, ..) => Engagement::Ticket(self.id),
            (Status::Proposed, Some(proposal), _) => Engagement::Proposal(proposal),
            (Status::Matched, _, Some(game)) => Engagement::Game(game),
            _ => Engagement::Idle,
        }
    }

    /// Whether its time is over though nobody wrote that down yet.
    #[must_use]
    pub fn is_overdue(&self, now: Timestamp) -> bool {
        self.status == Status::Searching && self.expires_at <= now
    }
}

/// Position in a list of tickets, newest first: when and which.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct TicketPosition {
    /// Creation time of the last ticket seen.
    pub created_at: Timestamp,
    /// Its id.
    pub id: TicketId,
}

/// How one ticket's wait ended, for estimates.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RecentWait {
    /// The ticket's rating.
    pub rating: f64,
    /// From creation to match, or to expiry, in milliseconds.
    pub wait_ms: i64,
    /// When it ended.
    pub ended_at: Timestamp,
}

/// One queue's live figures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueCount {
    /// Key of the mode.
    pub mode: String,
    /// Tickets waiting.
    pub searching: i64,
}
