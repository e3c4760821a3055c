//! Who to put together, and when: kinetic intervals for every shape of game.
//!
//! Each ticket owns a growing window around its rating. **Two tickets are compatible when their windows touch. A group
//! is compatible when the windows of all its tickets have a point in common**, which on a line is the same as that
//! every two of them touch, when its parties fill the teams exactly, and when it keeps the hard rules: strict
//! attributes, a region all can play in, nobody kept apart. A window only grows, so a group that is compatible stays
//! so, and there is a first moment at which it is: the matcher schedules that moment. There is no tick.
//!
//! - **Duels without constraints** (`pairs`): if `i < k < j` by rating and `i` and `j` touch, then `k` touches one of
//!   them no later. So the first pair to touch is adjacent, its time has a closed form, and each ticket schedules the
//!   meeting with its upper neighbour: O(log n) for each insert, removal and match.
//! - **Duels with constraints**: the same closed form over up to 64 neighbours on each side.
//! - **Groups** (`groups`): each ticket is a seed. The first moment it touches enough players is a lower bound in
//!   closed form; from then on the windows around it are swept for a common point of tickets that fill the teams, and
//!   the next moment to look is bracketed by bisection. Whoever enters last plans for all groups it is part of, so
//!   nobody else needs a new plan.
//!
//! Invariant (`tests/matcher.rs`): after [`Matcher::matches`], no compatible pair or group waits, as far as it lies
//! within the neighbours looked at. Players who have just met touch [`spacing_ms`](Tuning::spacing_ms) later, where
//! somebody else could be met.

mod explain;
mod groups;
mod pairs;
mod pools;
mod recent;
mod schedule;
mod shape;
mod split;
mod sweep;
mod ticket;

use std::collections::BTreeSet;

use kernel::{PlayerId, TicketId, Timestamp};

pub use explain::{Explanation, Rule};
pub use shape::{AttributeRule, Shape};
pub use ticket::{Candidate, Group, Member, Waiting};

use crate::reach::Tuning;
use crate::reach::{Span, thousandths};
use pools::{Key, Pools, Slot};
use recent::Recent;
use schedule::Schedule;
use shape::Packing;
use ticket::Apart;

/// How many neighbours are looked at on each side where the nearest ones won't do.
const SCAN: usize = 64;

/// A moment at which to look at a ticket; earliest first, then the one with the oldest wait, then by rating.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Check {
    at: i64,
    oldest: i64,
    key: Key,
    slot: Slot,
}

/// The waiting tickets of one queue. Pure: time comes in, and the same calls give the same matches.
#[derive(Debug)]
pub struct Matcher {
    shape: Shape,
    packing: Packing,
    tuning: Tuning,
    pools: Pools,
    checks: Schedule,
    recent: Recent,
    /// The latest time heard of, in microseconds.
    clock: i64,
}

impl Matcher {
    /// An empty matcher for one mode's queue.
    #[must_use]
    pub fn new(shape: Shape, tuning: Tuning) -> Self {
        Self {
            packing: Packing::new(&shape),
            shape,
            tuning,
            pools: Pools::default(),
            checks: Schedule::default(),
            recent: Recent::default(),
            clock: i64::MIN,
        }
    }

    /// What its groups look like.
    #[must_use]
    pub fn shape(&self) -> &Shape {
        &self.shape
    }

    /// Its knobs.
    #[must_use]
    pub fn tuning(&self) -> &Tuning {
        &self.tuning
    }

    /// How many tickets wait.
    #[must_use]
    pub fn len(&self) -> usize {
        self.pools.len()
    }

    /// Whether nobody waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether this ticket waits here.
    #[must_use]
    pub fn contains(&self, id: TicketId) -> bool {
        self.pools.slot(id).is_some()
    }

    /// A ticket waiting here.
    #[must_use]
    pub fn get(&self, id: TicketId) -> Option<&Waiting> {
        self.pools.ticket(self.pools.slot(id)?)
    }

    /// The tickets waiting, in no particular order.
    pub fn ids(&self) -> impl Iterator<Item = TicketId> + '_ {
        self.pools.slots().map(|(_, ticket)| ticket.id())
    }

    /// Adds a ticket and counts it as an arrival. Says whether it was added: not when it is here already, when a younger
    /// ticket holds one of its players, or when it can't be part of any group (nobody in it, more than a team, somebody
    /// twice). Older tickets of its players go.
    pub fn insert(&mut self, candidate: Candidate, now: Timestamp) -> bool {
        self.clock = self.clock.max(now.micros());
        if !self.may_enter(&candidate) {
            return false;
        }
        let rating = thousandths(candidate.rating());
        let density = self.pools.arrive(&candidate, rating, now, &self.shape);
        let base = self.tuning.base(density) * self.crowd() + self.tuning.doubt(candidate.deviation());
        let span = Span { rating, born: candidate.created_at.micros(), base };
        let preferred = self.shape.preferred_values(&candidate);
        self.enter(Waiting { candidate, span, apart: Vec::new(), preferred });
        true
    }

    /// Puts back a ticket that a match had taken out, with its age, its window and the ones it must not meet. Says
    /// whether it was added; the same things as for [`insert`](Self::insert) stand against it.
    pub fn put_back(&mut self, ticket: Waiting) -> bool {
        let may = self.may_enter(&ticket.candidate);
        if may {
            self.enter(ticket);
        }
        may
    }

    /// Takes a ticket out for good: cancelled, expired, or engaged elsewhere. Says whether it was here.
    pub fn remove(&mut self, id: TicketId) -> bool {
        let Some(gone) = self.pools.slot(id).and_then(|slot| self.take(slot)) else { return false };
        for (other, _) in gone.apart {
            if let Some(slot) = self.pools.slot(other) {
                self.pools.forget_apart(slot, id);
            }
        }
        true
    }

    /// These two never meet while they wait here, nor after they were put back.
    pub fn forbid(&mut self, a: TicketId, b: TicketId) {
        self.separate(a, b, Apart::Never);
    }

    /// These players have just played together: for a while others come first.
    pub fn met(&mut self, players: &[PlayerId], at: Timestamp) {
        self.recent.note(players, at, &self.tuning);
        if at.micros().saturating_add(self.tuning.spacing_memory_ms * 1_000) <= self.clock {
            return;
        }
        let here: BTreeSet<_> = players.iter().filter_map(|player| self.pools.slot_of_player(*player)).collect();
        let here: Vec<_> = here.into_iter().filter_map(|slot| Some(self.pools.ticket(slot)?.id())).collect();
        for (n, a) in here.iter().enumerate() {
            for b in &here[n + 1..] {
                self.separate(*a, *b, Apart::Spaced);
            }
        }
    }

    /// Takes out everything that is compatible now, earliest first. Tickets past their expiry go unmatched.
    pub fn matches(&mut self, now: Timestamp) -> Vec<Group> {
        self.clock = self.clock.max(now.micros());
        let mut groups = Vec::new();
        while let Some(check) = self.checks.first().copied().filter(|check| check.at <= now.micros()) {
            self.checks.cancel(check.slot);
            let found = if self.shape.is_duel() {
                self.check_pair(&check, now.micros())
            } else {
                self.check_group(check.slot, now.micros())
            };
            groups.extend(found);
        }
        groups
    }

    /// When to call [`matches`](Self::matches) next, if nothing changes until then; may lie in the past. Nothing is
    /// compatible before, but not always is something then.
    pub fn next_touch(&self) -> Option<Timestamp> {
        self.checks.first().map(|check| Timestamp::from_micros(check.at))
    }

    /// How much further tickets look for a group than for a pair: `sqrt(K / 2)`, by the knob for it.
    fn crowd(&self) -> f64 {
        if self.shape.is_duel() {
            return 1.0;
        }
        let players = u16::try_from(self.packing.players()).unwrap_or(u16::MAX);
        self.tuning.crowd * (f64::from(players) / 2.0).sqrt()
    }

    fn may_enter(&self, candidate: &Candidate) -> bool {
        let (size, members) = (candidate.members.len(), &candidate.members);
        let twice = || (1..size).any(|n| members[..n].iter().any(|other| other.player == members[n].player));
        let rivals = members.iter().filter_map(|member| self.pools.slot_of_player(member.player));
        let mut rivals = rivals.filter_map(|slot| self.pools.ticket(slot));
        (1..=self.packing.team_size).contains(&size)
            && !twice()
            && !self.contains(candidate.id)
            && !rivals.any(|rival| rival.candidate.created_at > candidate.created_at)
    }

    fn enter(&mut self, ticket: Waiting) {
        let id = ticket.id();
        let members: Vec<_> = ticket.candidate.members.iter().map(|member| member.player).collect();
        for player in &members {
            let rival = self.pools.slot_of_player(*player).and_then(|slot| self.pools.ticket(slot));
            if let Some(rival) = rival.map(Waiting::id) {
                self.remove(rival);
            }
        }
        let known = ticket.apart.clone();
        let slot = self.pools.add(ticket, &self.shape);
        for (other, how) in known {
            if let Some(other) = self.pools.slot(other) {
                self.pools.keep_apart(other, id, how);
            }
        }
        for player in members {
            let met = self.recent.of(player, self.clock, &self.tuning);
            let met: Vec<_> = met.filter_map(|other| self.pools.slot_of_player(other)).collect();
            for other in met.into_iter().filter(|other| *other != slot) {
                if let Some(other_id) = self.pools.ticket(other).map(Waiting::id) {
                    self.pools.keep_apart(slot, other_id, Apart::Spaced);
                    self.pools.keep_apart(other, id, Apart::Spaced);
                }
            }
        }
        self.plan_around(slot);
    }

    fn separate(&mut self, a: TicketId, b: TicketId, how: Apart) {
        let (Some(slot_a), Some(slot_b)) = (self.pools.slot(a), self.pools.slot(b)) else { return };
        let news = self.pools.keep_apart(slot_a, b, how);
        if slot_a != slot_b && (self.pools.keep_apart(slot_b, a, how) || news) {
            // Who was hidden behind the other one may be reached now.
            self.plan_around(slot_a);
            self.plan_around(slot_b);
            // Whoever can't be met any more is no alternative either.
            self.plan_spaced(self.pools.core(slot_a).pool);
        }
    }

    /// Plans for a ticket that has entered, or whose neighbours it can't meet have changed.
    fn plan_around(&mut self, slot: Slot) {
        if self.shape.is_duel() {
            if self.shape.is_plain() {
                self.plan_lower_neighbours(slot);
            }
            self.plan_pair(slot);
        } else {
            self.plan_group(slot);
        }
    }

    /// Takes a ticket out and lets those on its two sides see each other.
    fn take(&mut self, slot: Slot) -> Option<Waiting> {
        let lower =
            if self.shape.is_duel() && self.shape.is_plain() { self.lower_neighbours(slot) } else { Vec::new() };
        let pool = self.pools.core(slot).pool;
        let ticket = self.pools.take(slot)?;
        self.checks.cancel(slot);
        for lower in lower {
            self.plan_pair(lower);
        }
        self.plan_spaced(pool);
        Some(ticket)
    }

    /// Those who wait for somebody else than the ones they just met may have nobody else left.
    fn plan_spaced(&mut self, pool: u32) {
        for slot in self.pools.spaced(pool, 2 * SCAN) {
            if self.shape.is_duel() {
                self.plan_pair(slot);
            } else {
                self.plan_group(slot);
            }
        }
    }

    /// Replaces what was planned for a ticket; with `None` nothing is.
    fn plan(&mut self, slot: Slot, at: Option<(i64, i64)>) {
        match at {
            Some((at, oldest)) => {
                let key = self.pools.core(slot).key;
                self.checks.plan(Check { at, oldest, key, slot });
            }
            None => self.checks.cancel(slot),
        }
    }
}
