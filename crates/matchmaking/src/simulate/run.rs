//! One run of one engine over one trace, on a virtual clock.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap, VecDeque};

use kernel::Timestamp;
use rustix::time::{ClockId, clock_gettime};

use super::engine::{Engine, Rules, Teams};
use super::trace::{LIFE_MS, Plan, Trace};
use crate::model::{RecentWait, WaitEstimate};
use crate::{Tuning, wait};

/// A game that was made.
#[derive(Debug, Clone)]
pub(super) struct Game {
    pub(super) at: Timestamp,
    /// Numbers of the tickets, team by team.
    pub(super) teams: Teams,
}

/// What came of a run.
#[derive(Debug, Default)]
pub(super) struct Run {
    pub(super) games: Vec<Game>,
    /// Tickets that expired.
    pub(super) expired: Vec<usize>,
    pub(super) cancelled: usize,
    /// Microseconds of this thread's processor time each call took.
    pub(super) steps: Vec<f64>,
    /// The waits foretold at arrival, where anything was known.
    pub(super) estimates: Vec<(usize, WaitEstimate)>,
}

/// So many finished waits are kept to foretell by, as the service does.
const RECENT: usize = 200;

struct Clocked<'a> {
    trace: &'a Trace,
    engine: Box<dyn Engine>,
    waiting: BTreeSet<usize>,
    /// Cancels and expiries to come.
    leaving: BinaryHeap<Reverse<(Timestamp, usize)>>,
    recent: VecDeque<RecentWait>,
    run: Run,
}

/// Runs until everybody has played, cancelled or expired.
pub(super) fn run(rules: Rules, plan: &Plan, tuning: Tuning, trace: &Trace) -> Run {
    let mut clocked = Clocked {
        trace,
        engine: rules.engine(plan.shape(), tuning, trace),
        waiting: BTreeSet::new(),
        leaving: BinaryHeap::new(),
        recent: VecDeque::new(),
        run: Run::default(),
    };
    for (number, ticket) in trace.tickets.iter().enumerate() {
        clocked.advance(Some(ticket.created_at));
        clocked.arrive(number);
    }
    clocked.advance(None);
    clocked.run
}

impl Clocked<'_> {
    /// Lets happen what is due before this time, or everything.
    fn advance(&mut self, until: Option<Timestamp>) {
        let before = |at: &Timestamp| until.is_none_or(|until| *at < until);
        while until.is_some() || !self.waiting.is_empty() {
            let leaves = self.leaving.peek().map(|Reverse((at, _))| *at).filter(before);
            let matches = self.timed(|engine| engine.next()).filter(before);
            match (leaves, matches) {
                (leaves, Some(at)) if leaves.is_none_or(|leaves| at <= leaves) => self.matches(at),
                (Some(_), _) => self.leave(),
                _ => break,
            }
        }
    }

    fn arrive(&mut self, number: usize) {
        let (trace, ticket) = (self.trace, &self.trace.tickets[number]);
        let now = ticket.created_at;
        let recent = self.recent.make_contiguous();
        let estimate = wait::estimate(recent, ticket.rating(), now, LIFE_MS);
        if estimate.high < LIFE_MS {
            self.run.estimates.push((number, estimate));
        }
        self.timed(|engine| engine.arrive(number, ticket, now));
        if let Some(other) = trace.blocked[number].filter(|other| self.waiting.contains(other)) {
            self.timed(|engine| engine.block(&trace.tickets[other], ticket));
        }
        let leaves = trace.cancel_at[number].unwrap_or(ticket.expires_at).min(ticket.expires_at);
        self.waiting.insert(number);
        self.leaving.push(Reverse((leaves, number)));
        self.matches(now);
    }

    fn leave(&mut self) {
        let Some(Reverse((at, number))) = self.leaving.pop() else { return };
        if !self.waiting.remove(&number) {
            return;
        }
        let ticket = &self.trace.tickets[number];
        self.timed(|engine| engine.leave(ticket));
        if at < ticket.expires_at {
            self.run.cancelled += 1;
        } else {
            self.run.expired.push(number);
            self.remember(number, at);
        }
    }

    fn matches(&mut self, at: Timestamp) {
        let made = self.timed(|engine| engine.matches(at));
        for teams in made {
            for number in teams.iter().flatten() {
                assert!(self.waiting.remove(number), "an engine matched a ticket that doesn't wait");
                self.remember(*number, at);
            }
            self.run.games.push(Game { at, teams });
        }
    }

    fn remember(&mut self, number: usize, ended_at: Timestamp) {
        let ticket = &self.trace.tickets[number];
        let wait_ms = ended_at.millis() - ticket.created_at.millis();
        self.recent.push_back(RecentWait { rating: ticket.rating(), wait_ms, ended_at });
        if self.recent.len() > RECENT {
            self.recent.pop_front();
        }
    }

    fn timed<T>(&mut self, work: impl FnOnce(&mut dyn Engine) -> T) -> T {
        let before = thread_micros();
        let done = work(&mut *self.engine);
        self.run.steps.push(thread_micros() - before);
        done
    }
}

/// Processor time this thread has used, in microseconds: what others do on the machine doesn't count.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "a run's microseconds fit 52 bits")]
pub fn thread_micros() -> f64 {
    let now = clock_gettime(ClockId::ThreadCPUTime);
    now.tv_sec as f64 * 1e6 + now.tv_nsec as f64 / 1e3
}
