//! Duels: the meeting of two has a closed form.

use kernel::TicketId;

use super::pools::Slot;
use super::ticket::{Apart, Group};
use super::{Check, Matcher, SCAN};

/// When and whether two may meet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Meeting {
    /// From when on, in microseconds; before the younger one's arrival where they are compatible at once.
    pub(super) at: i64,
    /// Whether they have just met, and had better meet somebody else.
    pub(super) spaced: bool,
}

/// The first meeting of a ticket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct First {
    at: i64,
    oldest: i64,
    partner: Slot,
}

impl Matcher {
    /// When these two may meet by every rule but the spacing; `None`: never.
    pub(super) fn meeting(&self, a: Slot, b: Slot) -> Option<Meeting> {
        let (core_a, core_b) = (self.pools.core(a), self.pools.core(b));
        let mut spaced = false;
        if core_a.apart && core_b.apart {
            match self.pools.ticket(a)?.apart_from(self.pools.ticket(b)?.id()) {
                Some(Apart::Never) => return None,
                Some(Apart::Spaced) => spaced = true,
                None => {}
            }
        }
        let relaxed = if core_a.near & core_b.near != 0 {
            i64::MIN
        } else if core_a.far & core_b.far != 0 {
            core_a.span.born.min(core_b.span.born) + self.tuning.relax_ms * 1_000
        } else {
            return None;
        };
        let touch = if self.shape.prefers() {
            let differing = self.pools.ticket(a)?.differs(self.pools.ticket(b)?);
            self.tuning.touch_across(&core_a.span, &core_b.span, differing * self.tuning.preference)
        } else {
            self.tuning.touch(&core_a.span, &core_b.span)
        };
        Some(Meeting { at: touch.max(relaxed), spaced })
    }

    /// When these two, who would touch at this time, do so after having met: later than both are there.
    pub(super) fn spaced(&self, a: Slot, b: Slot, touch: i64) -> i64 {
        let younger = self.pools.core(a).span.born.max(self.pools.core(b).span.born);
        touch.max(younger) + self.tuning.spacing_ms * 1_000
    }

    /// Plans the first meeting of a ticket: with those above it where adjacency holds, else with those around it.
    pub(super) fn plan_pair(&mut self, slot: Slot) {
        let first = self.first(slot);
        self.plan(slot, first.map(|first| (first.at, first.oldest)));
    }

    /// Plans anew for those who may have looked past this ticket, or may now.
    pub(super) fn plan_lower_neighbours(&mut self, slot: Slot) {
        for lower in self.lower_neighbours(slot) {
            self.plan_pair(lower);
        }
    }

    /// Those below up to the first one that may meet anybody: who lies beyond doesn't see past that one.
    pub(super) fn lower_neighbours(&self, slot: Slot) -> Vec<Slot> {
        let mut found = Vec::new();
        for lower in self.pools.below(slot, 1).take(SCAN) {
            found.push(lower);
            if !self.pools.core(lower).apart {
                break;
            }
        }
        found
    }

    /// Matches this ticket with the one it meets first, if it is as early as was planned; else plans again.
    pub(super) fn check_pair(&mut self, check: &Check, now: i64) -> Option<Group> {
        let slot = check.slot;
        let first = self.first(slot)?;
        let expired = [slot, first.partner].map(|slot| self.expired(slot, now));
        if expired.iter().any(Option::is_some) {
            for id in expired.into_iter().flatten() {
                self.remove(id);
            }
            if expired[0].is_none() {
                self.plan_pair(slot);
            }
            return None;
        }
        if (first.at, first.oldest) != (check.at, check.oldest) {
            self.plan_pair(slot);
            return None;
        }
        let (a, b) = (self.take(slot)?, self.take(first.partner)?);
        let in_order = (a.candidate.created_at, a.id()) <= (b.candidate.created_at, b.id());
        let (older, younger) = if in_order { (a, b) } else { (b, a) };
        Some(Group { teams: vec![vec![older], vec![younger]] })
    }

    pub(super) fn expired(&self, slot: Slot, now: i64) -> Option<TicketId> {
        if self.pools.core(slot).expires > now {
            return None;
        }
        self.pools.ticket(slot).map(super::Waiting::id)
    }

    fn first(&self, slot: Slot) -> Option<First> {
        let plain = self.shape.is_plain();
        let mut best: Option<(i64, i64, super::Key, Slot)> = None;
        let mut look = |other: Slot| {
            if let Some(meeting) = self.meeting(slot, other) {
                let later = meeting.spaced && self.somebody_else(slot, other);
                let at = if later { self.spaced(slot, other, meeting.at) } else { meeting.at };
                let core = self.pools.core(other);
                let oldest = core.span.born.min(self.pools.core(slot).span.born);
                if best.is_none_or(|best| (at, oldest, core.key) < (best.0, best.1, best.2)) {
                    best = Some((at, oldest, core.key, other));
                }
            }
        };
        for other in self.pools.above(slot, 1).take(SCAN) {
            look(other);
            // Who lies beyond one that may meet anybody touches that one no later.
            if plain && !self.pools.core(other).apart {
                break;
            }
        }
        if !plain {
            self.pools.below(slot, 1).take(SCAN).for_each(look);
        }
        best.map(|(at, oldest, _, partner)| First { at, oldest, partner })
    }

    /// Whether either of these two, who have just met, could meet somebody else instead, now or later.
    fn somebody_else(&self, a: Slot, b: Slot) -> bool {
        let could = |own: Slot, known: Slot| {
            let (above, below) = (self.pools.above(own, 1).take(SCAN), self.pools.below(own, 1).take(SCAN));
            let others = above.chain(below).filter(|other| *other != known);
            others.filter(|other| self.pools.core(*other).expires > self.clock).any(|other| {
                let meeting = self.meeting(own, other);
                meeting.is_some_and(|meeting| !meeting.spaced)
            })
        };
        could(a, b) || could(b, a)
    }
}
