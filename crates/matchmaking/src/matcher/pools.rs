//! Where the waiting tickets are: in rating order, by size, in one pool for each set of strict attributes.

use std::collections::BTreeMap;
use std::ops::Bound::{Excluded, Unbounded};

use kernel::{PlayerId, TicketId, Timestamp};

use super::shape::Shape;
use super::ticket::{Apart, Candidate, Waiting};
use crate::reach::{Density, Span};

/// Place of a ticket in the pools.
pub(super) type Slot = u32;

/// Rating in thousandths, then order of entry.
pub(super) type Key = (i64, u64);

/// Time of birth, then order of entry.
type Age = (i64, u64);

/// Regions told apart by one queue; further ones don't count.
const MOST_REGIONS: usize = 64;
/// Empty pools are kept up to this number, for what they know of arrivals.
const SPARE_POOLS: usize = 64;

/// What planning looks at, side by side for all tickets.
#[derive(Debug, Clone, Copy)]
pub(super) struct Core {
    pub(super) span: Span,
    pub(super) key: Key,
    pub(super) expires: i64,
    /// Regions within the latency cap, one bit each; all of them for a ticket that goes anywhere.
    pub(super) near: u64,
    /// Regions within twice the cap.
    pub(super) far: u64,
    pub(super) pool: u32,
    pub(super) size: u8,
    /// Whether it keeps apart from anybody.
    pub(super) apart: bool,
    /// Whether from anybody only for a while.
    pub(super) spaced: bool,
}

#[derive(Debug)]
struct Pool {
    /// By size: `lanes[m - 1]` holds tickets of m players.
    lanes: Vec<BTreeMap<Key, Slot>>,
    /// The same by age, for groups: a starving ticket may lie beyond everybody's neighbours.
    by_age: Vec<BTreeMap<Age, Slot>>,
    density: Density,
    strict: Vec<Option<String>>,
    tickets: usize,
    spaced: usize,
}

/// All waiting tickets of one queue.
#[derive(Debug, Default)]
pub(super) struct Pools {
    cores: Vec<Core>,
    tickets: Vec<Option<Box<Waiting>>>,
    free: Vec<Slot>,
    by_id: BTreeMap<TicketId, Slot>,
    by_player: BTreeMap<PlayerId, Slot>,
    pools: Vec<Option<Pool>>,
    by_strict: BTreeMap<Vec<Option<String>>, u32>,
    regions: Vec<String>,
    entered: u64,
}

impl Pools {
    pub(super) fn len(&self) -> usize {
        self.by_id.len()
    }

    pub(super) fn slot(&self, id: TicketId) -> Option<Slot> {
        self.by_id.get(&id).copied()
    }

    pub(super) fn slot_of_player(&self, player: PlayerId) -> Option<Slot> {
        self.by_player.get(&player).copied()
    }

    pub(super) fn core(&self, slot: Slot) -> &Core {
        &self.cores[slot as usize]
    }

    pub(super) fn ticket(&self, slot: Slot) -> Option<&Waiting> {
        self.tickets.get(slot as usize)?.as_deref()
    }

    /// All of them, in no order that says anything, but always the same one.
    pub(super) fn slots(&self) -> impl Iterator<Item = (Slot, &Waiting)> {
        (0..).zip(&self.tickets).filter_map(|(slot, ticket)| Some((slot, ticket.as_deref()?)))
    }

    /// The tickets of this one's pool that keep apart from others for a while. Empty in large pools: there somebody
    /// else can always be met.
    pub(super) fn spaced(&self, pool: u32, up_to: usize) -> Vec<Slot> {
        let pool = self.pools.get(pool as usize).and_then(Option::as_ref);
        let Some(pool) = pool.filter(|pool| pool.spaced > 0 && pool.tickets <= up_to) else { return Vec::new() };
        pool.lanes.iter().flat_map(BTreeMap::values).copied().filter(|slot| self.core(*slot).spaced).collect()
    }

    /// Those of `size` players above this one in rating order, nearest first.
    pub(super) fn above(&self, slot: Slot, size: u8) -> impl Iterator<Item = Slot> + '_ {
        let lane = self.lane(slot, size);
        lane.into_iter().flat_map(move |lane| lane.range((Excluded(self.core(slot).key), Unbounded)).map(|(_, s)| *s))
    }

    /// Those of `size` players below.
    pub(super) fn below(&self, slot: Slot, size: u8) -> impl Iterator<Item = Slot> + '_ {
        let lane = self.lane(slot, size);
        lane.into_iter().flat_map(move |lane| lane.range(..self.core(slot).key).rev().map(|(_, slot)| *slot))
    }

    /// Those of `size` players born up to this time (microseconds), in this one's pool, oldest first. Only kept where
    /// groups are made.
    pub(super) fn born_by(&self, beside: Slot, size: u8, time: i64) -> impl Iterator<Item = Slot> + '_ {
        let lane = usize::from(size).checked_sub(1).and_then(|at| self.pool(beside)?.by_age.get(at));
        lane.into_iter().flat_map(move |lane| lane.range(..=(time, u64::MAX)).map(|(_, slot)| *slot))
    }

    /// Counts an arrival and says how many players arrive around it, per second and rating point.
    pub(super) fn arrive(&mut self, candidate: &Candidate, rating: i64, now: Timestamp, shape: &Shape) -> f64 {
        let at = self.pool_for(candidate, shape);
        let pool = self.pools.get_mut(at as usize).and_then(Option::as_mut);
        pool.map_or(0.0, |pool| pool.density.arrive(now.max(candidate.created_at), rating, candidate.size()))
    }

    pub(super) fn add(&mut self, ticket: Waiting, shape: &Shape) -> Slot {
        let candidate = &ticket.candidate;
        let at = self.pool_for(candidate, shape);
        let (near, far) = self.reachable(candidate, shape);
        self.entered += 1;
        let core = Core {
            span: ticket.span,
            key: (ticket.span.rating, self.entered),
            expires: candidate.expires_at.micros(),
            near,
            far,
            pool: at,
            size: candidate.size(),
            apart: false,
            spaced: false,
        };
        let slot = if let Some(slot) = self.free.pop() {
            self.cores[slot as usize] = core;
            slot
        } else {
            self.cores.push(core);
            self.tickets.push(None);
            Slot::try_from(self.cores.len() - 1).unwrap_or(Slot::MAX)
        };
        self.by_id.insert(candidate.id, slot);
        for member in &candidate.members {
            self.by_player.insert(member.player, slot);
        }
        if let Some(pool) = self.pools[at as usize].as_mut() {
            pool.lanes[usize::from(core.size) - 1].insert(core.key, slot);
            if let Some(lane) = pool.by_age.get_mut(usize::from(core.size) - 1) {
                lane.insert((core.span.born, core.key.1), slot);
            }
            pool.tickets += 1;
        }
        self.tickets[slot as usize] = Some(Box::new(ticket));
        self.flag(slot);
        slot
    }

    pub(super) fn take(&mut self, slot: Slot) -> Option<Waiting> {
        let ticket = self.tickets.get_mut(slot as usize)?.take()?;
        self.free.push(slot);
        self.by_id.remove(&ticket.candidate.id);
        for member in &ticket.candidate.members {
            self.by_player.remove(&member.player);
        }
        let core = *self.core(slot);
        if let Some(pool) = self.pools[core.pool as usize].as_mut() {
            pool.lanes[usize::from(core.size) - 1].remove(&core.key);
            if let Some(lane) = pool.by_age.get_mut(usize::from(core.size) - 1) {
                lane.remove(&(core.span.born, core.key.1));
            }
            pool.tickets -= 1;
            pool.spaced -= usize::from(core.spaced);
        }
        Some(*ticket)
    }

    /// Notes that a ticket keeps apart from another. Says whether that is news.
    pub(super) fn keep_apart(&mut self, slot: Slot, from: TicketId, how: Apart) -> bool {
        let Some(ticket) = self.tickets[slot as usize].as_deref_mut() else { return false };
        let news = ticket.keep_apart(from, how);
        self.flag(slot);
        news
    }

    /// Forgets that a ticket keeps apart from one that is gone.
    pub(super) fn forget_apart(&mut self, slot: Slot, from: TicketId) {
        if let Some(ticket) = self.tickets[slot as usize].as_deref_mut() {
            ticket.apart.retain(|(other, _)| *other != from);
            self.flag(slot);
        }
    }

    fn flag(&mut self, slot: Slot) {
        let Some(ticket) = self.ticket(slot) else { return };
        let apart = !ticket.apart.is_empty();
        let spaced = ticket.apart.iter().any(|(_, how)| *how == Apart::Spaced);
        let core = &mut self.cores[slot as usize];
        let before = core.spaced;
        (core.apart, core.spaced) = (apart, spaced);
        if let Some(pool) = self.pools[core.pool as usize].as_mut() {
            pool.spaced = pool.spaced + usize::from(spaced) - usize::from(before);
        }
    }

    fn pool(&self, of: Slot) -> Option<&Pool> {
        self.pools.get(self.core(of).pool as usize)?.as_ref()
    }

    fn lane(&self, beside: Slot, size: u8) -> Option<&BTreeMap<Key, Slot>> {
        self.pool(beside)?.lanes.get(usize::from(size).checked_sub(1)?)
    }

    fn pool_for(&mut self, candidate: &Candidate, shape: &Shape) -> u32 {
        let strict = shape.strict_values(candidate);
        if let Some(at) = self.by_strict.get(&strict) {
            return *at;
        }
        if self.by_strict.len() > SPARE_POOLS {
            self.drop_empty();
        }
        let lanes = (0..shape.team_size).map(|_| BTreeMap::new()).collect();
        let ages = if shape.is_duel() { 0 } else { shape.team_size };
        let by_age = (0..ages).map(|_| BTreeMap::new()).collect();
        let pool = Pool { lanes, by_age, density: Density::new(), strict: strict.clone(), tickets: 0, spaced: 0 };
        let at = self.pools.iter().position(Option::is_none).unwrap_or(self.pools.len());
        if at == self.pools.len() {
            self.pools.push(None);
        }
        self.pools[at] = Some(pool);
        let at = u32::try_from(at).unwrap_or(u32::MAX);
        self.by_strict.insert(strict, at);
        at
    }

    /// Attribute values come from outside: pools nobody waits in must not pile up.
    fn drop_empty(&mut self) {
        for place in &mut self.pools {
            if let Some(pool) = place.take_if(|pool| pool.tickets == 0) {
                self.by_strict.remove(&pool.strict);
            }
        }
    }

    /// The regions this ticket may play in, within the cap and within twice the cap.
    fn reachable(&mut self, candidate: &Candidate, shape: &Shape) -> (u64, u64) {
        let Some(cap) = shape.latency_cap_ms.filter(|_| !candidate.latencies.is_empty()) else {
            return (u64::MAX, u64::MAX);
        };
        let (mut near, mut far) = (0, 0);
        for (region, latency) in &candidate.latencies {
            let known = self.regions.iter().position(|known| known == region);
            let bit = known.unwrap_or_else(|| {
                if self.regions.len() < MOST_REGIONS {
                    self.regions.push(region.clone());
                    self.regions.len() - 1
                } else {
                    MOST_REGIONS
                }
            });
            let bit = u32::try_from(bit).ok().and_then(|bit| 1_u64.checked_shl(bit)).unwrap_or(0);
            near |= if *latency <= cap { bit } else { 0 };
            far |= if *latency <= cap.saturating_mul(2) { bit } else { 0 };
        }
        (near, far)
    }
}
