//! Groups: from a seed, the first moment at which tickets around it have a point in common and fill the teams.

use super::pools::Slot;
use super::split::{Share, split};
use super::sweep::{ENDLESS, Near, Sweep};
use super::ticket::{Apart, Group};
use super::{Matcher, SCAN};
use crate::reach::points;

/// How closely (microseconds) the moment a group becomes compatible is searched for.
const PRECISION: i64 = 1_000;
/// First step of that search.
const STEP: i64 = 32_000;
/// So many neighbours of each size are looked at on each side where there are, however small a group is.
const FEWEST: usize = 8;
/// How long after the last try one is tried again whose neighbours don't make a group, though there are others.
const AGAIN: i64 = 1_000_000;

/// A seed, first, and who is around it.
struct Neighbourhood {
    all: Vec<Near>,
    /// Whether there are more beyond.
    cut: bool,
}

enum Outcome {
    Now(Vec<usize>),
    Later(i64),
    Never,
}

impl Matcher {
    /// Plans when to look at a ticket as a seed: not before it touches enough players.
    pub(super) fn plan_group(&mut self, slot: Slot) {
        let around = self.neighbourhood(slot);
        let (at, born) = (self.enough(&around.all), around.all[0].span.born);
        let at = at.or_else(|| around.cut.then(|| self.clock.max(born) + AGAIN));
        self.plan(slot, at.map(|at| (at, born)));
    }

    /// Takes out a group with this seed if there is one by now; else plans when to look again.
    pub(super) fn check_group(&mut self, slot: Slot, now: i64) -> Option<Group> {
        let around = loop {
            self.pools.ticket(slot)?;
            let around = self.neighbourhood(slot);
            let expired: Vec<_> = around.all.iter().filter_map(|near| self.expired(near.slot, now)).collect();
            if expired.is_empty() {
                break around;
            }
            for id in expired {
                self.remove(id);
            }
        };
        let born = around.all[0].span.born;
        match self.outcome(&around.all, now) {
            Outcome::Now(members) => self.form(members.iter().map(|at| around.all[*at].slot)),
            Outcome::Later(at) => {
                self.plan(slot, Some((at, born)));
                None
            }
            Outcome::Never => {
                // Older ones are tried less often: half as often as they have waited for.
                let again = around.cut.then(|| now + AGAIN.max((now - born) / 2));
                self.plan(slot, again.map(|at| (at, born)));
                None
            }
        }
    }

    fn form(&mut self, slots: impl Iterator<Item = Slot>) -> Option<Group> {
        let mut tickets: Vec<_> = slots.filter_map(|slot| self.take(slot)).collect();
        tickets.sort_by_key(|ticket| (ticket.candidate.created_at, ticket.id()));
        let sum = |ticket: &super::Waiting| ticket.candidate.members.iter().map(|member| member.rating).sum();
        let shares: Vec<_> = tickets.iter().map(|t| Share { size: t.candidate.size(), sum: sum(t) }).collect();
        // Only tickets that fit are ever chosen.
        let of = split(&shares, &self.packing)?;
        let mut teams: Vec<Vec<_>> = (0..self.packing.teams).map(|_| Vec::new()).collect();
        for (ticket, team) in tickets.into_iter().zip(of) {
            teams[team].push(ticket);
        }
        teams.sort_by_key(|team| team.first().map(|first| (first.candidate.created_at, first.id())));
        Some(Group { teams })
    }

    /// The seed and, for each size, the nearest on both sides that may be in a group with it.
    fn neighbourhood(&self, seed: Slot) -> Neighbourhood {
        let core = *self.pools.core(seed);
        let mut all = Vec::with_capacity(4 * self.packing.players());
        all.push(self.near(seed, i64::MIN));
        let mut cut = false;
        for size in 1..=u8::try_from(self.packing.team_size).unwrap_or(u8::MAX) {
            if !self.packing.fits_two(core.size, size) {
                continue;
            }
            // Three for every two that one group could use on this side.
            let useful = self.packing.players() / usize::from(size);
            let wanted = (useful + useful / 2 + 1).max(FEWEST);
            let cut_here = self.look(seed, self.pools.above(seed, size), wanted, &mut all)
                | self.look(seed, self.pools.below(seed, size), wanted, &mut all);
            cut |= cut_here;
            if cut_here {
                let starved = self.clock.saturating_sub(self.tuning.starve_ms * 1_000);
                let oldest = self.pools.born_by(seed, size, starved).take(useful);
                let unseen: Vec<_> = oldest.filter(|slot| !all.iter().any(|near| near.slot == *slot)).collect();
                self.look(seed, unseen.into_iter(), useful, &mut all);
            }
        }
        if self.shape.latency_cap_ms.is_some() {
            // Who suits the seed only beyond the cap must wait for somebody old enough.
            let relaxed = all.iter().map(|near| near.span.born).min().unwrap_or(0) + self.tuning.relax_ms * 1_000;
            for near in all.iter_mut().filter(|near| near.near & core.near == 0) {
                near.from = near.from.max(relaxed);
            }
        }
        Neighbourhood { all, cut }
    }

    fn look(&self, seed: Slot, others: impl Iterator<Item = Slot>, wanted: usize, into: &mut Vec<Near>) -> bool {
        let mut found = 0;
        for (looked, other) in others.enumerate() {
            if found == wanted || looked == SCAN.max(wanted) {
                return true;
            }
            // Relaxing is left to the group: its oldest ticket may be a third one.
            if let Some(at) = self.range_meeting(seed, other) {
                into.push(self.near(other, at));
                found += 1;
            }
        }
        false
    }

    /// When two touch if they may ever be in one group, by rating and preferences.
    fn range_meeting(&self, a: Slot, b: Slot) -> Option<i64> {
        let (core_a, core_b) = (self.pools.core(a), self.pools.core(b));
        if core_a.far & core_b.far == 0 {
            return None;
        }
        if core_a.apart && core_b.apart && self.apart(a, b) == Some(Apart::Never) {
            return None;
        }
        let extra = if self.shape.prefers() { self.penalty(a, b) } else { 0.0 };
        Some(self.tuning.touch_across(&core_a.span, &core_b.span, extra))
    }

    pub(super) fn apart(&self, a: Slot, b: Slot) -> Option<Apart> {
        self.pools.ticket(a)?.apart_from(self.pools.ticket(b)?.id())
    }

    pub(super) fn penalty(&self, a: Slot, b: Slot) -> f64 {
        let differing = self.pools.ticket(a).zip(self.pools.ticket(b)).map_or(0.0, |(a, b)| a.differs(b));
        differing * self.tuning.preference
    }

    fn near(&self, slot: Slot, from: i64) -> Near {
        let core = self.pools.core(slot);
        Near {
            slot,
            key: core.key,
            rating: points(core.span.rating),
            span: core.span,
            size: core.size,
            near: core.near,
            far: core.far,
            from,
            apart: core.apart,
            spaced: core.spaced,
        }
    }

    /// The first moment the seed touches as many players as a group takes: no group with it is compatible before.
    fn enough(&self, all: &[Near]) -> Option<i64> {
        let mut missing = self.packing.players().saturating_sub(usize::from(all[0].size));
        let mut order: Vec<_> = all[1..].iter().map(|near| (near.from, near.size)).collect();
        if missing == 0 {
            return Some(all[0].span.born);
        }
        order.sort_unstable();
        for (from, size) in order {
            missing = missing.saturating_sub(usize::from(size));
            if missing == 0 {
                return Some(from);
            }
        }
        None
    }

    fn outcome(&self, all: &[Near], now: i64) -> Outcome {
        let Some(enough) = self.enough(all) else { return Outcome::Never };
        if enough > now {
            return Outcome::Later(enough);
        }
        if let Some(members) = self.compatible(all, now, false) {
            return Outcome::Now(members);
        }
        // By then everything has touched that ever does.
        let born = all.iter().map(|near| near.span.born).max().unwrap_or(now);
        let longest = self.tuning.starve_ms.max(self.tuning.relax_ms) + self.tuning.spacing_ms;
        let end = born.max(now) + longest * 1_000;
        let compatible = |at: i64| self.compatible(all, at, true).is_some();
        let (mut before, mut after, mut step) = (now, now, STEP);
        loop {
            after = (after + step).min(end);
            if compatible(after) {
                break;
            }
            if after == end {
                return Outcome::Never;
            }
            (before, step) = (after, step * 2);
        }
        if before > now {
            // Much may change until then.
            return Outcome::Later(before);
        }
        while after - before > PRECISION {
            let middle = before + (after - before) / 2;
            if compatible(middle) { after = middle } else { before = middle }
        }
        Outcome::Later(after)
    }

    /// A group with the seed that is compatible at this time. Those who have just met are kept from each other, unless
    /// nobody else is there for them.
    fn compatible(&self, all: &[Near], at: i64, any: bool) -> Option<Vec<usize>> {
        let widths = all.iter().map(|near| self.tuning.half_width_at(&near.span, at).min(ENDLESS)).collect();
        let mut sweep = Sweep { matcher: self, all, widths, at, spacing: true, any };
        let found = sweep.run();
        if found.is_some() || all.iter().filter(|near| near.spaced).count() < 2 {
            return found.map(|found| found.members);
        }
        (sweep.spacing, sweep.any) = (false, false);
        let found = sweep.run()?;
        (found.members.len() == all.len()).then_some(found.members)
    }
}
