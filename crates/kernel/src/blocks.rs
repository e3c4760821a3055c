use async_trait::async_trait;

use crate::{Page, PageLimit, PlayerId, StoreError, Timestamp};

/// A block taken up or lifted; it rides in the change that is its cause.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BlockChange {
    /// Who wants nothing to do with the other.
    pub blocker: PlayerId,
    /// Whom. This side never learns of it.
    pub blocked: PlayerId,
    /// Whether the block stands from now on. Taking up a standing block, and lifting none, change nothing.
    pub stands: bool,
    /// When.
    pub at: Timestamp,
}

/// A block that stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Block {
    /// Who took it up.
    pub blocker: PlayerId,
    /// Against whom.
    pub blocked: PlayerId,
    /// When.
    pub at: Timestamp,
}

impl Block {
    /// The side that isn't `player`.
    #[must_use]
    pub fn other(&self, player: PlayerId) -> PlayerId {
        if self.blocker == player { self.blocked } else { self.blocker }
    }
}

/// Reads blocks. They are only ever written as [`Riders`](crate::Riders) of a change, and asked for within one by
/// [`Riders::together`](crate::Riders::together).
#[async_trait]
pub trait Blocks: Send + Sync {
    /// The blocks between `player` and any of `others`, in either direction, in no order.
    async fn between(&self, player: PlayerId, others: &[PlayerId]) -> Result<Vec<Block>, StoreError>;

    /// The blocks with any of these players on either side, in no order, at most `limit`.
    async fn around(&self, players: &[PlayerId], limit: i64) -> Result<Vec<Block>, StoreError>;

    /// Whom `blocker` blocks, newest first (ids break ties), after the place named by time and id.
    async fn page(
        &self,
        blocker: PlayerId,
        after: Option<(Timestamp, PlayerId)>,
        limit: PageLimit,
    ) -> Result<Page<Block, (Timestamp, PlayerId)>, StoreError>;
}
