//! Values: a ticket and what it says.

use std::collections::BTreeMap;
use std::fmt;

use kernel::{Engagement, GameId, PartyId, PlayerId, ProposalId, TicketId, Timestamp, Version};
use serde::{Deserialize, Serialize};

use crate::matcher::Member;

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
    /// Stable word: `cancelled`, `no_opponent`, `superseded` (a player entered a game another way), `declined` and
    /// `no_answer` (in a ready check), `detached` (a player's last socket went), `party_changed`, or `mode_disabled`.
    pub reason: String,
    /// Who ended it: `player` or `service`.
    pub by: String,
    /// What could be tried instead.
    pub alternatives: Vec<Alternative>,
}

impl Ended {
    /// By one of its players, with nothing to try instead.
    #[must_use]
    pub fn by_player(reason: &str) -> Self {
        Self { reason: reason.to_owned(), by: "player".to_owned(), alternatives: Vec::new() }
    }

    /// By the service, with what to try instead.
    #[must_use]
    pub fn by_service(reason: &str, alternatives: Vec<Alternative>) -> Self {
        Self { reason: reason.to_owned(), by: "service".to_owned(), alternatives }
    }
}

/// What somebody who waits for long could do instead. Stored as JSON: fields are only ever added.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "StoredAlternative")]
pub struct Alternative {
    /// What.
    pub kind: AlternativeKind,
    /// Key of the mode to do it in.
    pub mode: String,
}

/// What kind of thing an [`Alternative`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AlternativeKind {
    /// Queue for this other mode.
    Mode,
    /// Play this mode against a practice bot.
    PracticeBot,
    /// Queue again for the same mode, whoever comes.
    WiderRange,
}

/// Tickets of older versions named modes only.
#[derive(Deserialize)]
#[serde(untagged)]
enum StoredAlternative {
    Mode(String),
    Whole { kind: AlternativeKind, mode: String },
}

impl From<StoredAlternative> for Alternative {
    fn from(stored: StoredAlternative) -> Self {
        match stored {
            StoredAlternative::Mode(mode) => Self { kind: AlternativeKind::Mode, mode },
            StoredAlternative::Whole { kind, mode } => Self { kind, mode },
        }
    }
}

/// What a ticket asks of the others, as far as its mode has rules for it. Stored as JSON: fields are only ever added.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wishes {
    /// Round trip to each region in milliseconds, the worst of its players; empty: any region does.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub latencies: BTreeMap<String, u32>,
    /// What its players want to have in common with the others.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub attributes: BTreeMap<String, String>,
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
    /// Who queued: the party's leader, where it is a party's.
    pub player_id: PlayerId,
    /// The party it stands for; none for one player.
    pub party_id: Option<PartyId>,
    /// Everybody it stands for, the one who queued first. They are matched together or not at all.
    pub members: Vec<Member>,
    /// What it asks of the others.
    pub wishes: Wishes,
    /// Rating it is matched by: of a party, the mean moved half way to its best player.
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
    /// Since when one of its players who had a socket has none.
    pub detached_at: Option<Timestamp>,
    /// When something else was offered because it takes so long.
    pub offered_at: Option<Timestamp>,
    /// What was offered then.
    pub offers: Vec<Alternative>,
    /// For compare-and-set.
    pub version: Version,
}

impl Ticket {
    /// Everybody this ticket stands for, the one who queued first.
    #[must_use]
    pub fn players(&self) -> Vec<PlayerId> {
        self.members.iter().map(|member| member.player).collect()
    }

    /// Whether it stands for this player.
    #[must_use]
    pub fn has(&self, player: PlayerId) -> bool {
        self.members.iter().any(|member| member.player == player)
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

/// Which deadline of a ticket has passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Due {
    /// Its time to wait.
    Expiry,
    /// The grace of a player who is away: those who went before the time given.
    Detached,
    /// The time after which something else is offered: those that wait since before the time given.
    Offer,
}

/// One queue's live figures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueCount {
    /// Key of the mode.
    pub mode: String,
    /// Tickets waiting.
    pub searching: i64,
    /// Players they stand for.
    pub players: i64,
}
