//! Where tickets are kept.

use async_trait::async_trait;
use kernel::{Lease, Page, PageLimit, PlayerId, Riders, StoreError, TicketId, Timestamp};

use crate::change::{Claim, TicketChange};
use crate::model::{QueueCount, RecentWait, Ticket, TicketPosition};

/// Tickets. A ticket waits exactly while its row is `searching` **and** its player's engagement names it: taking the
/// player into a game another way ends it, whatever its row still says.
#[async_trait]
pub trait TicketStore: Send + Sync {
    /// One ticket.
    async fn load(&self, id: TicketId) -> Result<Option<Ticket>, StoreError>;

    /// A player's tickets, newest first, after `after`.
    async fn mine(
        &self,
        player: PlayerId,
        after: Option<TicketPosition>,
        limit: PageLimit,
    ) -> Result<Page<Ticket, TicketPosition>, StoreError>;

    /// Writes these tickets with what rides along, all or nothing. [`StoreError::Stale`] if a version doesn't hold (or,
    /// for a new one, the id exists), else what the riders answer; riders are checked first.
    async fn commit(&self, changes: Vec<TicketChange>, riders: Riders) -> Result<(), StoreError>;

    /// Makes these matches under the lease, all or nothing: every player's engagement moves from the ticket to the
    /// game, the tickets become matched, the games are opened, the events written. [`StoreError::Fenced`] if the lease
    /// was outdated, [`StoreError::Apart`] if a block stands between players of one claim, [`StoreError::Engaged`] naming
    /// the first player (by id) who does something else by now, [`StoreError::Stale`] if a row isn't searching. Claims
    /// of one batch share no player.
    async fn claim(&self, claims: Vec<Claim>, lease: &Lease) -> Result<(), StoreError>;

    /// Tickets waiting for this mode created after `after`, oldest first (ids break ties), at most `limit`.
    async fn waiting(&self, mode: &str, after: Option<TicketPosition>, limit: i64) -> Result<Vec<Ticket>, StoreError>;

    /// Searching tickets past their expiry at `now`, earliest expiry first, at most `limit`; including ones whose
    /// player left them by another way.
    async fn due(&self, now: Timestamp, limit: i64) -> Result<Vec<Ticket>, StoreError>;

    /// How the waits of the mode's last `limit` matched or expired tickets went, newest first.
    async fn recent_waits(&self, mode: &str, limit: i64) -> Result<Vec<RecentWait>, StoreError>;

    /// Live figures of every queue in which somebody waits, by mode.
    async fn counts(&self) -> Result<Vec<QueueCount>, StoreError>;
}
