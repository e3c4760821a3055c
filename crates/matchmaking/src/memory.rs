//! Tickets in memory: the executable specification of a [`TicketStore`].

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use kernel::memory::MemoryKernel;
use kernel::{Lease, Page, PageLimit, PartyId, PlayerId, ProposalId, Riders, StoreError, TicketId, Timestamp, Version};

use crate::change::{Change, Claim, Makes};
use crate::model::{Due, QueueCount, RecentWait, Status, Ticket, TicketPosition};
use crate::party::Party;
use crate::proposal::{Proposal, ProposalStatus};
use crate::store::{PartyStore, ProposalStore, TicketStore};

/// Tickets, ready checks and parties beside the kernel's own tables, under its one lock.
pub struct MemoryTickets {
    kernel: Arc<MemoryKernel>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    tickets: BTreeMap<TicketId, Ticket>,
    proposals: BTreeMap<ProposalId, Proposal>,
    parties: BTreeMap<PartyId, Party>,
}

impl State {
    /// Whether every version holds, and nobody would be in two parties.
    fn fits(&self, change: &Change) -> bool {
        let ticket = |id: &TicketId| self.tickets.get(id).map_or(Version::NEW, |ticket| ticket.version);
        let proposal = |id: &ProposalId| self.proposals.get(id).map_or(Version::NEW, |proposal| proposal.version);
        let party = |id: &PartyId| self.parties.get(id).map_or(Version::NEW, |party| party.version);
        let elsewhere = |wanted: &Party, player: PlayerId| {
            self.parties.values().any(|other| other.id != wanted.id && other.member(player).is_some())
        };
        change.tickets.iter().all(|change| ticket(&change.ticket.id) == change.expect)
            && change.proposal.iter().all(|change| proposal(&change.proposal.id) == change.expect)
            && change.party.iter().all(|change| {
                party(&change.party.id) == change.expect
                    && change.party.players().into_iter().all(|player| !elsewhere(&change.party, player))
            })
    }

    fn write(&mut self, change: Change) {
        for change in change.tickets {
            let ticket = Ticket { version: change.expect.next(), ..change.ticket };
            self.tickets.insert(ticket.id, ticket);
        }
        if let Some(change) = change.proposal {
            let proposal = Proposal { version: change.expect.next(), ..change.proposal };
            self.proposals.insert(proposal.id, proposal);
        }
        if let Some(change) = change.party {
            let party = Party { version: change.expect.next(), ..change.party };
            self.parties.insert(party.id, party);
        }
    }
}

impl MemoryTickets {
    /// No tickets yet.
    #[must_use]
    pub fn new(kernel: Arc<MemoryKernel>) -> Self {
        Self { kernel, state: Mutex::default() }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn chosen(&self, wanted: impl Fn(&Ticket) -> bool) -> Vec<Ticket> {
        self.lock().tickets.values().filter(|ticket| wanted(ticket)).cloned().collect()
    }

    fn is_waiting(&self, ticket: &Ticket) -> bool {
        ticket.status == Status::Searching && self.kernel.engagement(ticket.player_id) == ticket.engagement()
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
        Ok(self.lock().tickets.get(&id).cloned())
    }

    async fn mine(
        &self,
        player: PlayerId,
        after: Option<TicketPosition>,
        limit: PageLimit,
    ) -> Result<Page<Ticket, TicketPosition>, StoreError> {
        let mut items = self.chosen(|ticket| ticket.has(player) && after.is_none_or(|after| position(ticket) < after));
        items.sort_by_key(|ticket| std::cmp::Reverse(position(ticket)));
        let more = items.len() > usize::from(limit.get());
        items.truncate(limit.get().into());
        let next = items.last().filter(|_| more).map(position);
        Ok(Page { items, next })
    }

    async fn commit(&self, change: Change, riders: Riders) -> Result<(), StoreError> {
        self.kernel.commit(riders, || {
            let mut state = self.lock();
            if !state.fits(&change) {
                return Err(StoreError::Stale);
            }
            state.write(change);
            Ok(())
        })
    }

    async fn claim(&self, claims: Vec<Claim>, lease: &Lease) -> Result<(), StoreError> {
        self.kernel.commit(Claim::riders(&claims, lease), || {
            let mut state = self.lock();
            let searching = |id: &TicketId| state.tickets.get(id).is_some_and(|t| t.status == Status::Searching);
            if !claims.iter().flat_map(|claim| &claim.tickets).all(|seat| searching(&seat.ticket)) {
                return Err(StoreError::Stale);
            }
            for claim in claims {
                for ticket in claim.tickets.iter().map(|seat| seat.ticket) {
                    let Some(ticket) = state.tickets.get_mut(&ticket) else { continue };
                    match &claim.makes {
                        Makes::Game(game) => {
                            ticket.status = Status::Matched;
                            ticket.game_id = Some(game.id);
                            ticket.ended_at = Some(claim.at);
                        }
                        Makes::Proposal(proposal) => {
                            ticket.status = Status::Proposed;
                            ticket.proposal_id = Some(proposal.id);
                        }
                    }
                    ticket.version = ticket.version.next();
                }
                if let Makes::Proposal(proposal) = claim.makes {
                    state.proposals.insert(proposal.id, proposal);
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

    async fn due(&self, what: Due, at: Timestamp, limit: i64) -> Result<Vec<Ticket>, StoreError> {
        let deadline = |ticket: &Ticket| match what {
            Due::Expiry => Some(ticket.expires_at),
            Due::Detached => ticket.detached_at,
            Due::Offer => Some(ticket.created_at).filter(|_| ticket.offered_at.is_none()),
        };
        let is_due = |ticket: &Ticket| deadline(ticket).is_some_and(|due| due <= at);
        let mut found = self.chosen(|ticket| ticket.status == Status::Searching && is_due(ticket));
        found.sort_by_key(|ticket| (deadline(ticket), ticket.id));
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
        let mut counts: BTreeMap<String, QueueCount> = BTreeMap::new();
        for ticket in self.chosen(|ticket| ticket.status == Status::Searching) {
            if self.is_waiting(&ticket) {
                let fresh = QueueCount { mode: ticket.mode.clone(), searching: 0, players: 0 };
                let count = counts.entry(ticket.mode).or_insert(fresh);
                count.searching += 1;
                count.players += i64::try_from(ticket.members.len()).unwrap_or(i64::MAX);
            }
        }
        Ok(counts.into_values().collect())
    }
}

#[async_trait]
impl ProposalStore for MemoryTickets {
    async fn proposal(&self, id: ProposalId) -> Result<Option<Proposal>, StoreError> {
        Ok(self.lock().proposals.get(&id).cloned())
    }

    async fn overdue(&self, now: Timestamp, limit: i64) -> Result<Vec<Proposal>, StoreError> {
        let state = self.lock();
        let mut found: Vec<_> = state.proposals.values().filter(|proposal| proposal.is_overdue(now)).cloned().collect();
        found.sort_by_key(|proposal| (proposal.expires_at, proposal.id));
        found.truncate(count(limit));
        Ok(found)
    }

    async fn purge_proposals(&self, before: Timestamp, limit: i64) -> Result<usize, StoreError> {
        let mut state = self.lock();
        let old = |proposal: &&Proposal| {
            proposal.status != ProposalStatus::Open && proposal.ended_at.is_some_and(|at| at < before)
        };
        let old: Vec<_> = state.proposals.values().filter(old).take(count(limit)).map(|proposal| proposal.id).collect();
        for id in &old {
            state.proposals.remove(id);
        }
        Ok(old.len())
    }
}

#[async_trait]
impl PartyStore for MemoryTickets {
    async fn party(&self, id: PartyId) -> Result<Option<Party>, StoreError> {
        Ok(self.lock().parties.get(&id).cloned())
    }

    async fn party_of(&self, player: PlayerId) -> Result<Option<Party>, StoreError> {
        Ok(self.lock().parties.values().find(|party| party.member(player).is_some()).cloned())
    }

    async fn inviting(&self, player: PlayerId, now: Timestamp, limit: i64) -> Result<Vec<Party>, StoreError> {
        let state = self.lock();
        let since = |party: &Party| party.invite_of(player, now).map(|invite| invite.created_at);
        let mut found: Vec<_> = state.parties.values().filter(|party| since(party).is_some()).cloned().collect();
        found.sort_by_key(|party| std::cmp::Reverse((since(party), party.id)));
        found.truncate(count(limit));
        Ok(found)
    }

    async fn with_absent(&self, before: Timestamp, limit: i64) -> Result<Vec<Party>, StoreError> {
        let state = self.lock();
        let away =
            |party: &&Party| party.members.iter().any(|member| member.absent_since.is_some_and(|since| since < before));
        Ok(state.parties.values().filter(away).take(count(limit)).cloned().collect())
    }

    async fn purge_parties(&self, before: Timestamp, limit: i64) -> Result<usize, StoreError> {
        let mut state = self.lock();
        let old = |party: &&Party| party.ended_at.is_some_and(|at| at < before);
        let old: Vec<_> = state.parties.values().filter(old).take(count(limit)).map(|party| party.id).collect();
        for id in &old {
            state.parties.remove(id);
        }
        Ok(old.len())
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
        let store = Arc::new(MemoryTickets::new(Arc::clone(&kernel)));
        TicketFixture {
            store: store.clone(),
            proposals: store.clone(),
            parties: store,
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
