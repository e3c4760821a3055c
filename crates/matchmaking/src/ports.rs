//! What this crate asks of others; the composition bridges these to the crates that know.

use async_trait::async_trait;
use kernel::{BoxError, PlayerId};

use crate::matcher::{AttributeRule, Shape};

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
    /// How long everybody has to say yes before a game opens, in milliseconds; none: nobody is asked.
    pub check_ms: Option<i64>,
    /// The slowest connection to a region with which one may play there, in milliseconds; none: it doesn't matter.
    pub latency_cap_ms: Option<u32>,
    /// What the players of a game should have in common.
    pub attributes: Vec<AttributeRule>,
    /// Whether there is a practice bot to play it with.
    pub practice: bool,
    /// Whether new tickets are taken.
    pub enabled: bool,
}

impl QueueSpec {
    /// What its matches look like.
    #[must_use]
    pub fn shape(&self) -> Shape {
        Shape {
            teams: self.teams,
            team_size: self.team_size,
            latency_cap_ms: self.latency_cap_ms,
            attributes: self.attributes.clone(),
        }
    }

    /// Whether there is anybody to be matched with.
    #[must_use]
    pub const fn is_matched(&self) -> bool {
        self.teams.saturating_mul(self.team_size) > 1
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
