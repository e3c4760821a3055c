//! Whether tickets around a seed make a group at one time: a sweep over the points at which their windows begin.

use super::Matcher;
use super::pools::{Key, Slot};
use super::shape::Counts;
use super::ticket::Apart;
use crate::reach::Span;

/// Windows count as touching from a thousandth of a point on: ratings are kept no finer.
const TOLERANCE: f64 = 1e-3;
/// Nothing reaches further than this (points), starving or not.
pub(super) const ENDLESS: f64 = 1e7;
/// Steps of the search for tickets that may be together, where some may not.
const NODES: usize = 600;
/// A ticket near a seed that may be in a group with it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Near {
    pub(super) slot: Slot,
    pub(super) key: Key,
    pub(super) rating: f64,
    pub(super) span: Span,
    pub(super) size: u8,
    pub(super) near: u64,
    pub(super) far: u64,
    /// From when on (microseconds) it may be in a group with the seed, as far as the two are concerned.
    pub(super) from: i64,
    pub(super) apart: bool,
    pub(super) spaced: bool,
}

/// Tickets for a group, as places in a neighbourhood.
pub(super) struct Found {
    pub(super) members: Vec<usize>,
    /// Highest rating less lowest.
    pub(super) spread: f64,
}

/// One look at a neighbourhood at one time.
pub(super) struct Sweep<'a> {
    pub(super) matcher: &'a Matcher,
    pub(super) all: &'a [Near],
    /// Half-widths now.
    pub(super) widths: Vec<f64>,
    pub(super) at: i64,
    /// Whether those who have just met wait for others.
    pub(super) spacing: bool,
    /// Whether any group will do, and only whether there is one is asked.
    pub(super) any: bool,
}

impl Sweep<'_> {
    pub(super) fn run(&self) -> Option<Found> {
        let there: Vec<usize> = (0..self.all.len()).filter(|n| self.all[*n].from <= self.at).collect();
        if self.matcher.shape.latency_cap_ms.is_none() {
            return self.points(&there, None);
        }
        let mut best = None;
        let relaxed = self.at.saturating_sub(self.matcher.tuning.relax_ms * 1_000);
        let old = there.iter().copied().filter(|n| self.all[*n].span.born <= relaxed);
        for forced in std::iter::once(None).chain(old.map(Some)) {
            let mask = |n: usize| if forced.is_some() { self.all[n].far } else { self.all[n].near };
            // Regions somebody insists on; where nobody does, any will do.
            let insisted = there.iter().map(|n| mask(*n)).filter(|mask| *mask != u64::MAX).fold(0, |a, b| a | b);
            let mut regions = mask(0) & insisted;
            loop {
                let bit = if regions == 0 { 0 } else { 1 << regions.trailing_zeros() };
                regions &= !bit;
                let here = |n: &usize| mask(*n) == u64::MAX || mask(*n) & bit != 0;
                if forced.as_ref().is_none_or(here) {
                    let here: Vec<_> = there.iter().copied().filter(here).collect();
                    better(&mut best, if here.first() == Some(&0) { self.points(&here, forced) } else { None });
                }
                if (self.any && best.is_some()) || regions == 0 {
                    break;
                }
            }
            if best.is_some() {
                break;
            }
        }
        best
    }

    /// Looks at each point where a window begins: if some windows have a point in common, they have such a one.
    fn points(&self, here: &[usize], forced: Option<usize>) -> Option<Found> {
        let players = self.matcher.packing.players();
        let own = self.all[0];
        let mut best = None;
        let mut inside = Vec::with_capacity(here.len());
        for start in here {
            let point = self.all[*start].rating - self.widths[*start];
            if !self.holds(0, point) || (own.rating - self.widths[0] > point + TOLERANCE) {
                continue;
            }
            inside.clear();
            inside.extend(here.iter().copied().filter(|n| self.holds(*n, point)));
            let total: usize = inside.iter().map(|n| usize::from(self.all[*n].size)).sum();
            if total >= players && forced.is_none_or(|forced| inside.contains(&forced)) {
                better(&mut best, self.fill(&mut inside, point, forced));
                if self.any && best.is_some() {
                    break;
                }
            }
        }
        best
    }

    fn holds(&self, n: usize, point: f64) -> bool {
        (self.all[n].rating - point).abs() <= self.widths[n] + TOLERANCE
    }

    /// Chooses who fills the teams: the seed, whoever must be in it, then those whose windows reach furthest beyond the
    /// point, starving ones first and the oldest of these.
    fn fill(&self, inside: &mut [usize], point: f64, forced: Option<usize>) -> Option<Found> {
        let choosy = self.matcher.shape.prefers() || inside.iter().filter(|n| self.all[**n].apart).count() > 1;
        let ways = self.matcher.packing.ways.as_deref().filter(|_| !choosy);
        if self.any
            && let Some(ways) = ways
        {
            let mut counts = vec![0_u8; self.matcher.packing.team_size];
            for n in inside.iter() {
                counts[usize::from(self.all[*n].size) - 1] += 1;
            }
            let fits = ways.iter().any(|way| self.has(way, forced) && way.iter().zip(&counts).all(|(a, b)| a <= b));
            return fits.then(|| Found { members: Vec::new(), spread: 0.0 });
        }
        let rank = |n: usize| {
            let (near, width) = (&self.all[n], self.widths[n]);
            let class = if n == 0 || Some(n) == forced { 0 } else { 1 + u8::from(width < ENDLESS) };
            let reach = if width < ENDLESS { (near.rating - point).abs() - width } else { 0.0 };
            (class, reach, near.span.born, near.key)
        };
        inside.sort_by(|a, b| {
            let (a, b) = (rank(*a), rank(*b));
            a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)).then((a.2, a.3).cmp(&(b.2, b.3)))
        });
        let Some(ways) = ways else {
            let mut chosen = Vec::new();
            let mut nodes = NODES;
            let must = if forced.is_some_and(|forced| forced != 0) { 2 } else { 1 };
            return self.choose(inside, must, &mut chosen, &mut nodes).then(|| self.found(chosen));
        };
        let mut best = None;
        for way in ways.iter().filter(|way| self.has(way, forced)) {
            let mut left = way.to_vec();
            let mut members = Vec::with_capacity(self.matcher.packing.players());
            for n in inside.iter() {
                let left = &mut left[usize::from(self.all[*n].size) - 1];
                if *left > 0 {
                    *left -= 1;
                    members.push(*n);
                }
            }
            if left.iter().all(|left| *left == 0) {
                better(&mut best, Some(self.found(members)));
            }
        }
        best
    }

    /// Whether this way has room for the seed and for whoever else must be in the group.
    fn has(&self, way: &Counts, forced: Option<usize>) -> bool {
        let size = |n: usize| usize::from(self.all[n].size) - 1;
        let both = forced.filter(|forced| *forced != 0);
        way[size(0)] > 0 && both.is_none_or(|other| way[size(other)] > u8::from(size(other) == size(0)))
    }

    /// Adds tickets in this order to the chosen ones, skipping where that's needed; the first `must` are needed.
    fn choose(&self, order: &[usize], must: usize, chosen: &mut Vec<usize>, nodes: &mut usize) -> bool {
        let players = self.matcher.packing.players();
        let have: usize = chosen.iter().map(|n| usize::from(self.all[*n].size)).sum();
        if have == players {
            return true;
        }
        let left: usize = order.iter().map(|n| usize::from(self.all[*n].size)).sum();
        let Some((first, rest)) = order.split_first().filter(|_| have + left >= players && *nodes > 0) else {
            return false;
        };
        *nodes -= 1;
        if self.joins(*first, chosen) {
            chosen.push(*first);
            if self.choose(rest, must.saturating_sub(1), chosen, nodes) {
                return true;
            }
            chosen.pop();
        }
        must == 0 && self.choose(rest, 0, chosen, nodes)
    }

    /// Whether this ticket fits those chosen, in size and company.
    fn joins(&self, n: usize, chosen: &[usize]) -> bool {
        let mut sizes: Vec<u8> = chosen.iter().chain([&n]).map(|n| self.all[*n].size).collect();
        sizes.sort_unstable_by(|a, b| b.cmp(a));
        self.matcher.packing.fits(&sizes) && chosen.iter().all(|other| self.together(n, *other))
    }

    fn together(&self, a: usize, b: usize) -> bool {
        let (one, other) = (&self.all[a], &self.all[b]);
        let mut from = i64::MIN;
        if one.apart && other.apart {
            match self.matcher.apart(one.slot, other.slot) {
                Some(Apart::Never) => return false,
                Some(Apart::Spaced) if self.spacing => {
                    let touch = self.matcher.tuning.touch(&one.span, &other.span);
                    from = self.matcher.spaced(one.slot, other.slot, touch);
                }
                _ => {}
            }
        }
        let gap = (one.rating - other.rating).abs();
        let extra = if self.matcher.shape.prefers() { self.matcher.penalty(one.slot, other.slot) } else { 0.0 };
        from <= self.at && (extra == 0.0 || gap + extra <= self.widths[a] + self.widths[b] + TOLERANCE)
    }

    fn found(&self, members: Vec<usize>) -> Found {
        let ratings = || members.iter().map(|n| self.all[*n].rating);
        let spread = ratings().fold(f64::MIN, f64::max) - ratings().fold(f64::MAX, f64::min);
        Found { members, spread }
    }
}

/// Keeps the closer group; of equals, the earlier one.
fn better(best: &mut Option<Found>, other: Option<Found>) {
    if let Some(other) = other
        && best.as_ref().is_none_or(|best| other.spread < best.spread - TOLERANCE)
    {
        *best = Some(other);
    }
}
