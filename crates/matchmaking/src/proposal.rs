//! The ready check: a match that becomes a game once everybody has said yes.

use std::fmt;

use kernel::{GameId, PlayerId, ProposalId, TicketId, Timestamp, Version};
use serde::{Deserialize, Serialize};

/// Where a proposal stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProposalStatus {
    /// Answers are awaited.
    Open,
    /// Everybody said yes; final.
    Confirmed,
    /// Somebody said no or nothing, or two who keep apart were in it; final.
    Failed,
}

impl ProposalStatus {
    /// The stored name, which is also the one on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Confirmed => "confirmed",
            Self::Failed => "failed",
        }
    }

    /// Back from the stored name.
    #[must_use]
    pub fn from_stored(name: &str) -> Option<Self> {
        [Self::Open, Self::Confirmed, Self::Failed].into_iter().find(|status| status.as_str() == name)
    }
}

impl fmt::Display for ProposalStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What a player said. The first answer is final.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// Yes: also "ready" for the game.
    Accepted,
    /// No.
    Declined,
}

/// A seat of the game to be, and what its player said. Stored as JSON: fields are only ever added.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProposalSeat {
    /// Who would sit there.
    pub player_id: PlayerId,
    /// Whose ticket brought the player here.
    pub ticket_id: TicketId,
    /// Team number from 0.
    pub team: u8,
    /// Seat number from 0.
    pub seat: u8,
    /// What the player said.
    pub answer: Option<Answer>,
}

/// A match that waits for its players' consent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposal {
    /// Its id.
    pub id: ProposalId,
    /// Key of the mode.
    pub mode: String,
    /// Where it stands.
    pub status: ProposalStatus,
    /// By seat number.
    pub seats: Vec<ProposalSeat>,
    /// The game it became.
    pub game_id: Option<GameId>,
    /// When it was made.
    pub created_at: Timestamp,
    /// From then on silence is a no.
    pub expires_at: Timestamp,
    /// When it became final.
    pub ended_at: Option<Timestamp>,
    /// For compare-and-set.
    pub version: Version,
}

impl Proposal {
    /// This player's seat.
    #[must_use]
    pub fn seat_of(&self, player: PlayerId) -> Option<&ProposalSeat> {
        self.seats.iter().find(|seat| seat.player_id == player)
    }

    /// Everybody in it, by seat.
    #[must_use]
    pub fn players(&self) -> Vec<PlayerId> {
        self.seats.iter().map(|seat| seat.player_id).collect()
    }

    /// The tickets in it, each once, in id order.
    #[must_use]
    pub fn tickets(&self) -> Vec<TicketId> {
        let mut tickets: Vec<_> = self.seats.iter().map(|seat| seat.ticket_id).collect();
        tickets.sort_unstable();
        tickets.dedup();
        tickets
    }

    /// Whether its time is over though nobody wrote that down yet.
    #[must_use]
    pub fn is_overdue(&self, now: Timestamp) -> bool {
        self.status == ProposalStatus::Open && self.expires_at <= now
    }
}
