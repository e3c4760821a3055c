use async_trait::async_trait;

use crate::{PlayerId, StoreError, Timestamp};

/// A replica that has not been heard of for a while.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SilentReplica {
    /// Its name.
    pub replica: String,
    /// When it was last heard of.
    pub heard_at: Timestamp,
}

/// Whether a player is there, as far as sockets tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Reach {
    /// Whether a socket stands anywhere.
    pub online: bool,
    /// Whether all of the sockets' devices say that nobody looks at them. Never for somebody who isn't online.
    pub away: bool,
    /// When `online` last changed, by the database's clock: for somebody offline, when they were last seen. `None` for
    /// somebody who never had a socket.
    pub changed_at: Option<Timestamp>,
}

/// Which players have sockets on which replica. Each replica reports its own players and beats; rows of a replica that
/// died are taken over by the others once it has been silent for long enough.
///
/// All methods are idempotent; rows may be a moment behind the sockets.
#[async_trait]
pub trait Connections: Send + Sync {
    /// This replica lives, by the database's clock.
    async fn beat(&self, replica: &str) -> Result<(), StoreError>;

    /// The players whose first socket on this replica came, and whose last one went, since the report before; who is in
    /// both has gone. Returns those of `went` who have no socket on any other replica either. Of replicas that report
    /// the same player's end at once, one is told so.
    ///
    /// # Errors
    /// [`StoreError::Stale`] where other reports about these players were in the way: report again.
    async fn report(&self, replica: &str, came: &[PlayerId], went: &[PlayerId]) -> Result<Vec<PlayerId>, StoreError>;

    /// Whether each of these players has a socket anywhere, in the order asked.
    async fn connected(&self, players: &[PlayerId]) -> Result<Vec<bool>, StoreError>;

    /// From now on nobody looks at this replica's sockets of the players in `away`, and somebody does at those of the
    /// players in `active`, who win where one is in both. Who has no socket here is passed over; a player who comes is
    /// active, even if reported before (a replica of this name may have died).
    async fn set_away(&self, replica: &str, away: &[PlayerId], active: &[PlayerId]) -> Result<(), StoreError>;

    /// Whether each of these players is there, in the order asked: one query.
    async fn reach(&self, players: &[PlayerId]) -> Result<Vec<Reach>, StoreError>;

    /// Up to `limit` of this replica's players.
    async fn players_of(&self, replica: &str, limit: i64) -> Result<Vec<PlayerId>, StoreError>;

    /// Replicas that have not beaten since `before`, the longest silent first.
    async fn silent(&self, before: Timestamp) -> Result<Vec<SilentReplica>, StoreError>;

    /// Forgets a replica that has no players left; does nothing while it has.
    async fn forget(&self, replica: &str) -> Result<(), StoreError>;
}
