//! The ticket store with bad luck, and with bugs put in on purpose.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use kernel::{BoxError, Lease, Leases, Page, PageLimit, PlayerId, Riders, StoreError, TicketId, Timestamp};
use matchmaking::{
    Change, Claim, Due, ProposalStatus, QueueCount, RecentWait, Status, Ticket, TicketPosition, TicketStore,
};

/// A bug put in on purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Plant {
    Nothing,
    /// A ticket is taken back, and now and then its players aren't let go.
    CancelsKeepTheirPlayers,
    /// A ready check is confirmed, and now and then its game comes in a transaction of its own, which is lost.
    ConfirmationsAreSplit,
}

/// What happens to claims while faults last: one in so many of each.
const STALLED: usize = 11;
const LOST: usize = 13;
const UNANSWERED: usize = 17;

pub(crate) struct Unlucky {
    pub(crate) inner: Arc<dyn TicketStore>,
    pub(crate) leases: Arc<dyn Leases>,
    pub(crate) plant: Plant,
    pub(crate) faults: AtomicBool,
    pub(crate) claims: AtomicUsize,
    pub(crate) commits: AtomicUsize,
}

impl Unlucky {
    /// Somebody else takes the lease over while this claim hangs, as if its process had stalled for longer than the
    /// lease lasts.
    async fn depose(&self, lease: &Lease) {
        for holder in ["one", "two"] {
            self.leases.release(&lease.name, holder).await.expect("leases answer");
        }
        let usurped = self.leases.acquire(&lease.name, "usurper", Duration::from_millis(1)).await;
        usurped.expect("leases answer");
        self.leases.release(&lease.name, "usurper").await.expect("leases answer");
    }

    fn plants(&self, change: &Change, riders: &mut Riders) {
        let now_and_then = self.commits.fetch_add(1, Ordering::SeqCst) % 5 == 4;
        let cancels = change.tickets.iter().any(|change| change.ticket.status == Status::Cancelled);
        let confirms =
            change.proposal.as_ref().is_some_and(|change| change.proposal.status == ProposalStatus::Confirmed);
        match self.plant {
            Plant::CancelsKeepTheirPlayers if now_and_then && cancels && change.proposal.is_none() => {
                riders.engage.clear();
            }
            Plant::ConfirmationsAreSplit if confirms => {
                riders.open_games.clear();
                riders.events.clear();
            }
            _ => {}
        }
    }
}

#[async_trait]
impl TicketStore for Unlucky {
    async fn load(&self, id: TicketId) -> Result<Option<Ticket>, StoreError> {
        self.inner.load(id).await
    }

    async fn mine(
        &self,
        player: PlayerId,
        after: Option<TicketPosition>,
        limit: PageLimit,
    ) -> Result<Page<Ticket, TicketPosition>, StoreError> {
        self.inner.mine(player, after, limit).await
    }

    async fn commit(&self, change: Change, mut riders: Riders) -> Result<(), StoreError> {
        self.plants(&change, &mut riders);
        self.inner.commit(change, riders).await
    }

    async fn claim(&self, claims: Vec<Claim>, lease: &Lease) -> Result<(), StoreError> {
        let nth = self.claims.fetch_add(1, Ordering::SeqCst);
        let gone = || StoreError::Unavailable(BoxError::from("the answer was lost"));
        if !self.faults.load(Ordering::SeqCst) {
            return self.inner.claim(claims, lease).await;
        }
        if nth % STALLED == STALLED - 1 {
            self.depose(lease).await;
            let answer = self.inner.claim(claims, lease).await;
            assert!(matches!(answer, Err(StoreError::Fenced)), "a deposed leader was answered {answer:?}");
            return answer;
        }
        if nth % LOST == LOST - 1 {
            return Err(gone());
        }
        let answer = self.inner.claim(claims, lease).await;
        if nth % UNANSWERED == UNANSWERED - 1 { answer.and(Err(gone())) } else { answer }
    }

    async fn waiting(&self, mode: &str, after: Option<TicketPosition>, limit: i64) -> Result<Vec<Ticket>, StoreError> {
        self.inner.waiting(mode, after, limit).await
    }

    async fn due(&self, what: Due, at: Timestamp, limit: i64) -> Result<Vec<Ticket>, StoreError> {
        self.inner.due(what, at, limit).await
    }

    async fn recent_waits(&self, mode: &str, limit: i64) -> Result<Vec<RecentWait>, StoreError> {
        self.inner.recent_waits(mode, limit).await
    }

    async fn counts(&self) -> Result<Vec<QueueCount>, StoreError> {
        self.inner.counts().await
    }
}
