use async_trait::async_trait;

use crate::{GameId, PlayerId, ProposalId, StoreError, TicketId, Timestamp};

/// What a player is doing now. One row per player: that row, moved by compare-and-set, is why nobody is ever in two
/// queues or two games.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Engagement {
    /// Nothing.
    Idle,
    /// Waiting in a queue.
    Ticket(TicketId),
    /// In a ready check.
    Proposal(ProposalId),
    /// In a game that isn't over.
    Game(GameId),
}

impl Engagement {
    /// The stored name: `idle`, `ticket`, `proposal` or `game`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Ticket(_) => "ticket",
            Self::Proposal(_) => "proposal",
            Self::Game(_) => "game",
        }
    }

    /// The id it names, if any.
    #[must_use]
    pub const fn subject(self) -> Option<uuid::Uuid> {
        match self {
            Self::Idle => None,
            Self::Ticket(id) => Some(id.uuid()),
            Self::Proposal(id) => Some(id.uuid()),
            Self::Game(id) => Some(id.uuid()),
        }
    }

    /// Back from what was stored; `None` if the two don't fit together.
    #[must_use]
    pub fn from_parts(name: &str, subject: Option<uuid::Uuid>) -> Option<Self> {
        Some(match (name, subject) {
            ("idle", None) => Self::Idle,
            ("ticket", Some(id)) => Self::Ticket(TicketId::new(id)),
            ("proposal", Some(id)) => Self::Proposal(ProposalId::new(id)),
            ("game", Some(id)) => Self::Game(GameId::new(id)),
            _ => return None,
        })
    }
}

/// A compare-and-set of one player's engagement. If `from` doesn't hold at commit, the whole change is refused with
/// [`StoreError::Engaged`]. A player without a row is idle. Stores take the rows in player order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Engage {
    /// Whose.
    pub player: PlayerId,
    /// What must hold.
    pub from: Engagement,
    /// What holds afterwards.
    pub to: Engagement,
}

/// A player who let others wait must wait before queueing again. Of several the latest end counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CoolDown {
    /// Who.
    pub player: PlayerId,
    /// Until when.
    pub until: Timestamp,
}

/// Reads engagements and cool-downs. They are only ever written as [`Riders`](crate::Riders) of a change.
#[async_trait]
pub trait Engagements: Send + Sync {
    /// What each of these players is doing, in the order asked; unknown players are idle.
    async fn current(&self, players: &[PlayerId]) -> Result<Vec<Engagement>, StoreError>;

    /// Until when each of these players must wait before queueing again, in the order asked; none where no cool-down
    /// lasts beyond `now`.
    async fn cooling(&self, players: &[PlayerId], now: Timestamp) -> Result<Vec<Option<Timestamp>>, StoreError>;

    /// Deletes up to `limit` cool-downs that ended before this time; says how many.
    async fn purge_cooled(&self, before: Timestamp, limit: i64) -> Result<usize, StoreError>;
}
