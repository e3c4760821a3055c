//! Who comes when: generated, and the same for the same seed.

use std::collections::BTreeMap;
use std::f64::consts::TAU;
use std::time::Duration;

use kernel::{PlayerId, TicketId, Timestamp};
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

use crate::{Candidate, Member, Shape};

/// When every trace begins.
pub(super) const START: Timestamp = Timestamp::from_millis(1_767_225_600_000);
/// How long a ticket lives, in milliseconds.
pub(super) const LIFE_MS: i64 = 120_000;
/// Latency (ms) up to which a region suits, where there are regions.
const CAP_MS: u32 = 80;
/// A day of the diurnal rhythm takes this long here, in seconds.
const DAY: f64 = 3_600.0;
/// A burst is over after this many seconds.
const BURST: f64 = 1.0;

/// A game's shape and the parties that come for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    Duel,
    Pairs,
    FreeForAll,
    Fives,
}

impl Mode {
    pub(super) const ALL: [(&'static str, Self); 4] =
        [("1v1", Self::Duel), ("2v2", Self::Pairs), ("ffa4", Self::FreeForAll), ("5v5", Self::Fives)];

    pub(super) fn name(self) -> &'static str {
        Self::ALL.into_iter().find(|(_, mode)| *mode == self).map_or("", |(name, _)| name)
    }

    fn teams(self) -> (u8, u8) {
        match self {
            Self::Duel => (2, 1),
            Self::Pairs => (2, 2),
            Self::FreeForAll => (4, 1),
            Self::Fives => (2, 5),
        }
    }

    /// Share of the tickets, in percent, of one, two, three … players.
    fn parties(self) -> &'static [u32] {
        match self {
            Self::Duel | Self::FreeForAll => &[100],
            Self::Pairs => &[70, 30],
            Self::Fives => &[60, 20, 10, 5, 5],
        }
    }
}

/// How arrivals are spread.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Arrivals {
    Poisson,
    /// Between a fifth and nine fifths of the rate, a day in an hour.
    Diurnal,
    /// So many tickets within the first second, then Poisson.
    Burst(usize),
}

/// What a trace is generated from.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Plan {
    pub(super) seed: u64,
    /// Arrivals per second.
    pub(super) rate: f64,
    pub(super) tickets: usize,
    pub(super) mode: Mode,
    pub(super) arrivals: Arrivals,
    /// Share of the tickets that are cancelled, after up to a minute.
    pub(super) cancels: f64,
    /// Share of the tickets with a block against one of the fifty before.
    pub(super) blocks: f64,
    /// Regions players live in; 0: latencies don't count.
    pub(super) regions: u8,
}

impl Plan {
    pub(super) fn shape(&self) -> Shape {
        let (teams, size) = self.mode.teams();
        Shape { latency_cap_ms: (self.regions > 0).then_some(CAP_MS), ..Shape::of(teams, size) }
    }

    /// Whether everybody may meet everybody and stays until matched: what the offline optimum is known for.
    pub(super) fn is_free(&self) -> bool {
        self.mode == Mode::Duel && self.cancels <= 0.0 && self.blocks <= 0.0 && self.regions == 0
    }
}

/// Tickets in order of arrival.
#[derive(Debug, Clone)]
pub(super) struct Trace {
    pub(super) tickets: Vec<Candidate>,
    pub(super) cancel_at: Vec<Option<Timestamp>>,
    /// For each ticket an earlier one it must not meet.
    pub(super) blocked: Vec<Option<usize>>,
}

impl Trace {
    pub(super) fn generate(plan: &Plan) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(plan.seed);
        let mut trace = Self { tickets: Vec::new(), cancel_at: Vec::new(), blocked: Vec::new() };
        let mut at = 0.0;
        let mut burst = match plan.arrivals {
            Arrivals::Burst(size) => (0..size.min(plan.tickets)).map(|_| rng.random::<f64>() * BURST).collect(),
            _ => Vec::new(),
        };
        burst.sort_by(f64::total_cmp);
        for n in 0..plan.tickets {
            at = match burst.get(n) {
                Some(at) => *at,
                None => next_arrival(&mut rng, plan, at),
            };
            let created_at = START + Duration::from_secs_f64(at);
            trace.tickets.push(ticket(&mut rng, plan, n, created_at));
            let leaves = rng.random::<f64>() < plan.cancels;
            trace.cancel_at.push(leaves.then(|| created_at.plus_millis(rng.random_range(0..60_000_i64))));
            let blocks = n > 0 && rng.random::<f64>() < plan.blocks;
            trace.blocked.push(blocks.then(|| n - rng.random_range(1..=n.min(50))));
        }
        trace
    }
}

fn next_arrival(rng: &mut ChaCha8Rng, plan: &Plan, after: f64) -> f64 {
    if plan.arrivals != Arrivals::Diurnal {
        return after - (1.0 - rng.random::<f64>()).ln() / plan.rate;
    }
    // Thinning: candidates at the highest rate, each kept by the rate of its time of day.
    let mut at = after;
    loop {
        at -= (1.0 - rng.random::<f64>()).ln() / (1.8 * plan.rate);
        if rng.random::<f64>() * 1.8 < 1.0 + 0.8 * (TAU * at / DAY).sin() {
            return at;
        }
    }
}

fn ticket(rng: &mut ChaCha8Rng, plan: &Plan, n: usize, created_at: Timestamp) -> Candidate {
    let own = 1_500.0 + 300.0 * normal(rng);
    let mut draw = rng.random_range(0..100_u32);
    let mut size = 1;
    for share in plan.mode.parties() {
        if draw < *share {
            break;
        }
        draw -= share;
        size += 1;
    }
    let member = |at: u128| {
        let rating = if at == 0 { own } else { own + 120.0 * normal(rng) };
        Member { player: PlayerId::new(uuid::Uuid::from_u128((n as u128 + 1) * 16 + at)), rating, deviation: 80.0 }
    };
    let members = (0..size).map(member).collect();
    let home = rng.random_range(0..plan.regions.max(1));
    let latency = |region: u8| {
        let ms = if region == home { rng.random_range(15..70_u32) } else { rng.random_range(70..260_u32) };
        (format!("region-{region}"), ms)
    };
    Candidate {
        id: TicketId::new(uuid::Uuid::from_u128(n as u128)),
        members,
        created_at,
        expires_at: created_at.plus_millis(LIFE_MS),
        latencies: (0..plan.regions).map(latency).collect(),
        attributes: BTreeMap::new(),
    }
}

/// Standard normal, by Box and Muller.
fn normal(rng: &mut ChaCha8Rng) -> f64 {
    let radius = (-2.0 * (1.0 - rng.random::<f64>()).ln()).sqrt();
    radius * (TAU * rng.random::<f64>()).cos()
}

/// Which ticket of its trace this is.
pub(super) fn number(id: TicketId) -> usize {
    usize::try_from(id.uuid().as_u128()).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(mode: Mode, arrivals: Arrivals) -> Plan {
        Plan { seed: 5, rate: 2.0, tickets: 4_000, mode, arrivals, cancels: 0.1, blocks: 0.1, regions: 3 }
    }

    #[test]
    fn the_same_seed_gives_the_same_trace() {
        let plan = plan(Mode::Fives, Arrivals::Diurnal);
        let (a, b) = (Trace::generate(&plan), Trace::generate(&plan));
        assert_eq!(a.tickets, b.tickets);
        assert_ne!(a.tickets, Trace::generate(&Plan { seed: 6, ..plan }).tickets);
    }

    #[test]
    fn arrivals_come_at_the_rate_asked_for_and_ratings_spread_as_they_should() {
        let trace = Trace::generate(&plan(Mode::Duel, Arrivals::Poisson));
        let seconds = trace.tickets[3_999].created_at.since(START).as_secs_f64();
        assert!((seconds / 2_000.0 - 1.0).abs() < 0.1, "{seconds}");
        let mean = trace.tickets.iter().map(Candidate::rating).sum::<f64>() / 4_000.0;
        assert!((mean - 1_500.0).abs() < 20.0, "{mean}");
        assert!(trace.tickets.windows(2).all(|pair| pair[0].created_at <= pair[1].created_at));
        let cancelled = trace.cancel_at.iter().flatten().count();
        assert!((300..500).contains(&cancelled), "{cancelled}");
    }

    #[test]
    fn a_burst_comes_within_a_second() {
        let trace = Trace::generate(&plan(Mode::Pairs, Arrivals::Burst(1_000)));
        assert!(trace.tickets[999].created_at <= START.plus_millis(1_000));
        assert!(trace.tickets[1_001].created_at > START.plus_millis(500));
        assert!(trace.tickets.iter().any(|ticket| ticket.members.len() == 2));
    }
}
