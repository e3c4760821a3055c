//! Why a ticket still waits.

use kernel::{TicketId, Timestamp};

use super::Matcher;
use super::pools::Slot;
use super::ticket::Apart;

/// What keeps two tickets from each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rule {
    /// Their windows don't touch yet.
    Range,
    /// No region suits both.
    Latency,
    /// An attribute differs: for good where it is strict, for now where it is preferred.
    Attributes,
    /// They have just played together, and somebody else may come.
    RecentOpponent,
    /// Parties of these sizes don't go into one game.
    Size,
}

impl Rule {
    /// As it is written: `range`, `latency`, `attributes`, `recent_opponent` or `size`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Range => "range",
            Self::Latency => "latency",
            Self::Attributes => "attributes",
            Self::RecentOpponent => "recent_opponent",
            Self::Size => "size",
        }
    }
}

/// Where a search stands. Tickets that [`forbid`](Matcher::forbid) keeps apart from this one are counted nowhere: nobody
/// learns of a block.
#[derive(Debug, Clone, PartialEq)]
pub struct Explanation {
    /// How long it has waited, in milliseconds.
    pub waiting_ms: i64,
    /// Half-width of its window, in rating points; `None`: it takes anybody it may meet.
    pub range: Option<f64>,
    /// What it is matched by.
    pub rating: f64,
    /// Tickets it is compatible with, right now or as soon as enough of them are there.
    pub candidates: usize,
    /// How many each rule keeps from it, by the first rule that does; rules that keep nobody are left out.
    pub removed: Vec<(Rule, usize)>,
    /// When the next of those comes within reach, or the window or the choice of regions opens, if nothing else
    /// happens; `None` once time changes nothing any more.
    pub next_widening_at: Option<Timestamp>,
}

impl Matcher {
    /// Why this ticket still waits; `None` if it doesn't wait here. Looks at every ticket once.
    #[must_use]
    pub fn explain(&self, id: TicketId, now: Timestamp) -> Option<Explanation> {
        let slot = self.pools.slot(id)?;
        let (ticket, now) = (self.pools.ticket(slot)?, now.micros());
        let born = ticket.span.born;
        let mut counts =
            [Rule::Range, Rule::Latency, Rule::Attributes, Rule::RecentOpponent, Rule::Size].map(|r| (r, 0));
        let starves = born + self.tuning.starve_ms * 1_000;
        let relaxes = born + self.tuning.relax_ms * 1_000;
        let mut next = Some(starves).filter(|at| *at > now);
        if self.shape.latency_cap_ms.is_some() && !ticket.candidate.latencies.is_empty() {
            next = next.or(Some(relaxes).filter(|at| *at > now));
        }
        let mut candidates = 0;
        for (other, there) in self.pools.slots() {
            if other == slot
                || ticket.apart_from(there.id()) == Some(Apart::Never)
                || self.expired(other, now).is_some()
            {
                continue;
            }
            match self.keeps(slot, other, now) {
                None => candidates += 1,
                Some((rule, until)) => {
                    counts.iter_mut().filter(|(known, _)| *known == rule).for_each(|(_, count)| *count += 1);
                    let until = until.filter(|at| *at > now);
                    next = until.map_or(next, |at| Some(next.map_or(at, |next| next.min(at))));
                }
            }
        }
        let width = self.tuning.half_width_at(&ticket.span, now);
        Some(Explanation {
            waiting_ms: (now.saturating_sub(born) / 1_000).max(0),
            range: width.is_finite().then_some(width),
            rating: ticket.rating(),
            candidates,
            removed: counts.into_iter().filter(|(_, count)| *count > 0).collect(),
            next_widening_at: next.map(Timestamp::from_micros),
        })
    }

    /// The first rule that keeps these two from each other, and until when if time helps.
    fn keeps(&self, own: Slot, other: Slot, now: i64) -> Option<(Rule, Option<i64>)> {
        let (a, b) = (self.pools.core(own), self.pools.core(other));
        if !self.packing.fits_two(a.size, b.size) {
            return Some((Rule::Size, None));
        }
        if a.pool != b.pool {
            return Some((Rule::Attributes, None));
        }
        if a.near & b.near == 0 {
            let relaxes = a.span.born.min(b.span.born) + self.tuning.relax_ms * 1_000;
            let ever = a.far & b.far != 0;
            if !ever || relaxes > now {
                return Some((Rule::Latency, ever.then_some(relaxes)));
            }
        }
        let touch = self.tuning.touch(&a.span, &b.span);
        if touch > now {
            return Some((Rule::Range, Some(touch)));
        }
        // What is left to say is about preferences and spacing.
        let meeting = self.meeting(own, other)?;
        if meeting.at > now {
            return Some((Rule::Attributes, Some(meeting.at)));
        }
        let spaced = self.spaced(own, other, meeting.at);
        (meeting.spaced && spaced > now).then_some((Rule::RecentOpponent, Some(spaced)))
    }
}
