//! Where tickets are kept.

use async_trait::async_trait;
use kernel::{Lease, Page, PageLimit, PartyId, PlayerId, ProposalId, Riders, StoreError, TicketId, Timestamp};

use crate::change::{Change, Claim};
use crate::model::{Due, QueueCount, RecentWait, Ticket, TicketPosition};
use crate::party::Party;
use crate::proposal::Proposal;

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

    /// Writes this with what rides along, all or nothing. [`StoreError::Stale`] if a version doesn't hold (or, for what
    /// is new, the id exists, or one of a party is in another one), else what the riders answer; riders are checked
    /// first.
    async fn commit(&self, change: Change, riders: Riders) -> Result<(), StoreError>;

    /// Makes these matches under the lease, all or nothing: every player's engagement moves from the ticket to the game
    /// or proposal, the tickets become matched or proposed, the games are opened or the proposals written, and the
    /// events. [`StoreError::Fenced`] if the lease
    /// was outdated, [`StoreError::Apart`] if a block stands between players of one claim, [`StoreError::Engaged`] naming
    /// the first player (by id) who does something else by now, [`StoreError::Stale`] if a row isn't searching. Claims
    /// of one batch share no player.
    async fn claim(&self, claims: Vec<Claim>, lease: &Lease) -> Result<(), StoreError>;

    /// Tickets waiting for this mode created after `after`, oldest first (ids break ties), at most `limit`.
    async fn waiting(&self, mode: &str, after: Option<TicketPosition>, limit: i64) -> Result<Vec<Ticket>, StoreError>;

    /// Searching tickets with this deadline before `at`, earliest first, at most `limit`; including ones whose players
    /// left them by another way.
    async fn due(&self, what: Due, at: Timestamp, limit: i64) -> Result<Vec<Ticket>, StoreError>;

    /// How the waits of the mode's last `limit` matched or expired tickets went, newest first.
    async fn recent_waits(&self, mode: &str, limit: i64) -> Result<Vec<RecentWait>, StoreError>;

    /// Live figures of every queue in which somebody waits, by mode.
    async fn counts(&self) -> Result<Vec<QueueCount>, StoreError>;
}

/// Ready checks. They are written by [`TicketStore::claim`] and [`TicketStore::commit`], with the tickets in them.
#[async_trait]
pub trait ProposalStore: Send + Sync {
    /// One of them.
    async fn proposal(&self, id: ProposalId) -> Result<Option<Proposal>, StoreError>;

    /// Open ones past their time at `now`, earliest first, at most `limit`.
    async fn overdue(&self, now: Timestamp, limit: i64) -> Result<Vec<Proposal>, StoreError>;

    /// Deletes up to `limit` that ended before this time; says how many.
    async fn purge_proposals(&self, before: Timestamp, limit: i64) -> Result<usize, StoreError>;
}

/// Parties. They are written by [`TicketStore::commit`]; a player is in one at most.
#[async_trait]
pub trait PartyStore: Send + Sync {
    /// One of them, also after its end.
    async fn party(&self, id: PartyId) -> Result<Option<Party>, StoreError>;

    /// The one this player is in.
    async fn party_of(&self, player: PlayerId) -> Result<Option<Party>, StoreError>;

    /// Those this player may come into at `now`, newest invitation first, at most `limit`.
    async fn inviting(&self, player: PlayerId, now: Timestamp, limit: i64) -> Result<Vec<Party>, StoreError>;

    /// Those with a member who has been away since before this time, at most `limit`.
    async fn with_absent(&self, before: Timestamp, limit: i64) -> Result<Vec<Party>, StoreError>;

    /// Deletes up to `limit` that ended before this time; says how many.
    async fn purge_parties(&self, before: Timestamp, limit: i64) -> Result<usize, StoreError>;
}
