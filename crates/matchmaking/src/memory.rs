//! Tickets in memory: the executable specification of a [`TicketStore`].

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use kernel::memory::MemoryKernel;
use kernel::{Lease, Page, PageLimit, PlayerId, Riders, StoreError, TicketId, Timestamp, Version};

use crate::change::{Claim, TicketChange};
use crate::model::{QueueCount, RecentWait, Status, Ticket, TicketPosition};
use crate::store::TicketStore;

/// Tickets beside the kernel's own tables, under its one lock.
pub struct MemoryTickets {
    kernel: Arc<MemoryKernel>,
    tickets: Mutex<BTreeMap<TicketId, Ticket>>,
}

impl MemoryTickets {
    /// No tickets yet.
    #[must_use]
    pub fn new(kernel: Arc<MemoryKernel>) -> Self {
        Self { kernel, tickets: Mutex::default() }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<TicketId, Ticket>> {
        self.tickets.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn chosen(&self, wanted: impl Fn(&Ticket) -> bool) -> Vec<Ticket> {
        self.lock().values().filter(|ticket| wanted(ticket)).cloned().collect()
    }

    fn is_waiting(&self, ticket: &Ticket) -> bool {
        let named = |player: &PlayerId| self.kernel.engagement(*player) == ticket.engagement();
        ticket.status == Status::Searching && ticket.players().iter().all(named)
    }
}

fn position(ticket: &Ticket) -> TicketPosition {
    TicketPosition { created_at: ticket.created_at, id: ticket.id }
}

fn count(limit: i64) -> usize {
    usize::try_from(limit).unwrap_or(0)
}

#[async_trait]
impl TicketStore for MemoryTickets {
    async fn load(&self, id: TicketId) -> Result<Option<Ticket>, StoreError> {
        Ok(self.lock().get(&id).cloned())
    }

    async fn mine(
        &self,
        player: PlayerId,
        after: Option<TicketPosition>,
        limit: PageLimit,
    ) -> Result<Page<Ticket, TicketPosition>, StoreError> {
        let mut items = self
            .chosen(|ticket| ticket.players().contains(&player) && after.is_none_or(|after| position(ticket) < after));
        items.sort_by_key(|ticket| std::cmp::Reverse(position(ticket)));
        let more = items.len() > usize::from(limit.get());
        items.truncate(limit.get().into());
        let next = items.last().filter(|_| more).map(position);
        Ok(Page { items, next })
    }

    async fn commit(&self, changes: Vec<TicketChange>, riders: Riders) -> Result<(), StoreError> {
        self.kernel.commit(riders, || {
            let mut tickets = self.lock();
            let current = |change: &TicketChange| tickets.get(&change.ticket.id).map_or(Version::NEW, |t| t.version);
            if changes.iter().any(|change| current(change) != change.expect) {
                return Err(StoreError::Stale);
            }
            for TicketChange { expect, mut ticket } in changes {
                ticket.version = expect.next();
                tickets.insert(ticket.id, ticket);
            }
            Ok(())
        })
    }

    async fn claim(&self, claims: Vec<Claim>, lease: &Lease) -> Result<(), StoreError> {
        self.kernel.commit(Claim::riders(&claims, lease), || {
            let mut tickets = self.lock();
            let seats = || claims.iter().flat_map(|claim| claim.tickets.iter().map(move |seat| (claim, seat.ticket)));
            let searching = |id: &TicketId| tickets.get(id).is_some_and(|t| t.status == Status::Searching);
            if !seats().all(|(_, id)| searching(&id)) {
                return Err(StoreError::Stale);
            }
            for (claim, id) in seats() {
                if let Some(ticket) = tickets.get_mut(&id) {
                    ticket.status = Status::Matched;
                    ticket.game_id = Some(claim.game.id);
                    ticket.ended_at = Some(claim.at);
                    ticket.version = ticket.version.next();
                }
            }
            Ok(())
        })
    }

    async fn waiting(&self, mode: &str, after: Option<TicketPosition>, limit: i64) -> Result<Vec<Ticket>, StoreError> {
        let mut found = self.chosen(|t| t.mode == mode && after.is_none_or(|after| position(t) > after));
        found.retain(|ticket| self.is_waiting(ticket));
        found.sort_by_key(position);
        found.truncate(count(limit));
        Ok(found)
    }

    async fn due(&self, now: Timestamp, limit: i64) -> Result<Vec<Ticket>, StoreError> {
        let mut found = self.chosen(|ticket| ticket.is_overdue(now));
        found.sort_by_key(|ticket| (ticket.expires_at, ticket.id));
        found.truncate(count(limit));
        Ok(found)
    }

    async fn recent_waits(&self, mode: &str, limit: i64) -> Result<Vec<RecentWait>, StoreError> {
        let ended = self.chosen(|t| t.mode == mode && matches!(t.status, Status::Matched | Status::Expired));
        let mut waits: Vec<_> = ended
            .into_iter()
            .filter_map(|ticket| {
                let ended_at = ticket.ended_at?;
                let wait_ms = ended_at.millis() - ticket.created_at.millis();
                Some(RecentWait { rating: ticket.rating, wait_ms, ended_at })
            })
            .collect();
        waits.sort_by_key(|wait| std::cmp::Reverse(wait.ended_at));
        waits.truncate(count(limit));
        Ok(waits)
    }

    async fn counts(&self) -> Result<Vec<QueueCount>, StoreError> {
        let mut counts: BTreeMap<String, i64> = BTreeMap::new();
        for ticket in self.chosen(|ticket| ticket.status == Status::Searching) {
            if self.is_waiting(&ticket) {
                *counts.entry(ticket.mode).or_default() += 1;
            }
        }
        Ok(counts.into_iter().map(|(mode, searching)| QueueCount { mode, searching }).collect())
    }
}

#[cfg(test)]
mod tests {
    use kernel::{Clock, FakeClock, IdSource, SeededIds};

    use super::*;
    use crate::contract::TicketFixture;

    async fn world() -> TicketFixture {
        let clock: Arc<dyn Clock> = Arc::new(FakeClock::default());
        let ids: Arc<dyn IdSource> = Arc::new(SeededIds::new(11));
        let kernel = MemoryKernel::new(Arc::clone(&clock), Arc::clone(&ids));
        TicketFixture {
            store: Arc::new(MemoryTickets::new(Arc::clone(&kernel))),
            engagements: kernel.clone(),
            leases: kernel.clone(),
            outbox: kernel,
            clock,
            ids,
            keep: Box::new(()),
        }
    }

    crate::ticket_store_contract!(world());
}
