//! What this crate asks of others; the composition bridges these to the crates that know.

use async_trait::async_trait;
use kernel::{BoxError, PlayerId};

/// A mode as far as queueing needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueSpec {
    /// The mode's key: `duel`.
    pub mode: String,
    /// How many teams.
    pub teams: u8,
    /// Players per team.
    pub team_size: u8,
    /// Whether its games count for ratings.
    pub rated: bool,
    /// Whose ratings decide who fits whom.
    pub rating_family: String,
    /// How long the players of a fresh game have to get ready, in milliseconds.
    pub ready_ms: i64,
    /// Whether everybody is asked before a game opens.
    pub ready_check: bool,
    /// Whether new tickets are taken.
    pub enabled: bool,
}

impl QueueSpec {
    /// Whether this crate can match it: one against one without a ready check, so far.
    #[must_use]
    pub const fn is_supported(&self) -> bool {
        self.teams == 2 && self.team_size == 1 && !self.ready_check
    }
}

/// The mode catalogue.
#[async_trait]
pub trait Modes: Send + Sync {
    /// One mode; `None` if there is no such key.
    async fn queue(&self, mode: &str) -> Result<Option<QueueSpec>, BoxError>;

    /// All modes, in the catalogue's order.
    async fn queues(&self) -> Result<Vec<QueueSpec>, BoxError>;
}

/// How good a player is thought to be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rating {
    /// The rating, 1500 for somebody new.
    pub value: f64,
    /// Its standard deviation.
    pub deviation: f64,
}

/// Players' ratings.
#[async_trait]
pub trait Ratings: Send + Sync {
    /// The player's rating in this family; the family's start for somebody who never played.
    async fn rating(&self, player: PlayerId, family: &str) -> Result<Rating, BoxError>;
}
