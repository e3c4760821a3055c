//! What a run comes to.

use std::fmt::Write as _;

use serde::Serialize;

use super::engine::Rules;
use super::optimum::{Arrival, optimum};
use super::run::Run;
use super::trace::{Arrivals, Plan, START, Trace};
use crate::Tuning;

/// Beyond this number of tickets the optimum takes too long to find.
const MOST: usize = 10_000;
/// Who waits longer than this (seconds) is in the tail.
const TAIL: f64 = 30.0;

/// Figures of one run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// Whose rules.
    pub engine: &'static str,
    /// Shape of the games.
    pub mode: &'static str,
    /// How arrivals are spread.
    pub arrivals: &'static str,
    /// Seed of the trace.
    pub seed: u64,
    /// Arrivals per second.
    pub rate: f64,
    /// Tickets in the trace.
    pub tickets: usize,
    /// Tickets that got a game.
    pub matched: usize,
    /// Tickets that expired.
    pub unmatched: usize,
    /// Tickets cancelled before they got one.
    pub cancelled: usize,
    /// Tickets that waited for more than half a minute, matched or not.
    pub tail: usize,
    /// Waits of the matched ones, in seconds: median, 95th and 99th percentile, longest.
    pub wait_s: [f64; 4],
    /// Highest rating of a game less its lowest, in points: mean and 95th percentile.
    pub gap: [f64; 2],
    /// Highest mean rating of a team less the lowest, in points: mean and 95th percentile.
    pub team_difference: [f64; 2],
    /// Gaps plus kappa times all waits, per pair, in points; duels only.
    pub cost: Option<f64>,
    /// The same for the best that could have been done knowing the whole trace.
    pub optimum: Option<f64>,
    /// One by the other.
    pub ratio: Option<f64>,
    /// Processor time per ticket, in microseconds.
    pub cpu_us: f64,
    /// Longest single call, in microseconds of processor time.
    pub worst_step_us: f64,
    /// Share of the waits that lay within what was foretold, of those of which anything was.
    pub estimate_within: Option<f64>,
}

impl Report {
    pub(super) fn of(rules: Rules, plan: &Plan, trace: &Trace, tuning: &Tuning, run: &Run, best: Option<f64>) -> Self {
        let mut wait_of = vec![None; trace.tickets.len()];
        for game in &run.games {
            for number in game.teams.iter().flatten() {
                wait_of[*number] = Some(game.at.since(trace.tickets[*number].created_at).as_secs_f64());
            }
        }
        let mut waits: Vec<f64> = wait_of.iter().flatten().copied().collect();
        waits.sort_by(f64::total_cmp);
        let (gaps, differences) = spreads(trace, run);
        // Those who got nothing waited their whole life for it.
        let lives = run.expired.iter().map(|n| life(trace, *n));
        let pairs = count(trace.tickets.len()) / 2.0;
        let total = gaps.iter().sum::<f64>() + tuning.kappa * (waits.iter().sum::<f64>() + lives.sum::<f64>());
        let cost = plan.is_free().then_some(total / pairs);
        let best = best.map(|best| best / pairs);
        let within = run.estimates.iter().filter(|(n, told)| {
            let wait = wait_of[*n].unwrap_or_else(|| life(trace, *n)) * 1e3;
            (ms(told.low)..=ms(told.high)).contains(&wait)
        });
        Self {
            engine: rules.name(),
            mode: plan.mode.name(),
            arrivals: match plan.arrivals {
                Arrivals::Poisson => "poisson",
                Arrivals::Diurnal => "diurnal",
                Arrivals::Burst(_) => "burst",
            },
            seed: plan.seed,
            rate: plan.rate,
            tickets: trace.tickets.len(),
            matched: waits.len(),
            unmatched: run.expired.len(),
            cancelled: run.cancelled,
            tail: waits.iter().filter(|wait| **wait > TAIL).count() + run.expired.len(),
            wait_s: [0.5, 0.95, 0.99, 1.0].map(|share| quantile(&waits, share)),
            gap: [mean(&gaps), quantile(&gaps, 0.95)],
            team_difference: [mean(&differences), quantile(&differences, 0.95)],
            cost,
            optimum: best,
            ratio: cost.zip(best).map(|(cost, best)| cost / best),
            cpu_us: run.steps.iter().sum::<f64>() / count(trace.tickets.len()),
            worst_step_us: run.steps.iter().copied().fold(0.0, f64::max),
            estimate_within: (!run.estimates.is_empty()).then(|| count(within.count()) / count(run.estimates.len())),
        }
    }
}

/// Cost of the offline optimum over a trace, in points, where it is known.
pub(super) fn best(plan: &Plan, trace: &Trace, tuning: &Tuning) -> Option<f64> {
    let arrival = |ticket: &crate::Candidate| Arrival {
        at: ticket.created_at.since(START).as_secs_f64(),
        rating: ticket.rating(),
    };
    let arrivals: Vec<_> = trace.tickets.iter().map(arrival).collect();
    (plan.is_free() && arrivals.len() <= MOST).then(|| optimum(&arrivals, tuning.kappa).0)
}

/// A table of reports, a line each.
pub(super) fn table(reports: &[Report]) -> String {
    let mut text = String::from(
        "engine          mode  arrivals   rate     matched  unm.  canc.  tail   p50 s   p95 s   p99 s  \
         gap    p95    teams  ratio  CPU µs  worst µs  told\n",
    );
    for report in reports {
        let ratio = report.ratio.map_or("–".to_owned(), |ratio| format!("{ratio:.2}"));
        let told = report.estimate_within.map_or("–".to_owned(), |share| format!("{:.0} %", share * 100.0));
        let _ = writeln!(
            text,
            "{:<15} {:<5} {:<8} {:>6}  {:>8}  {:>4}  {:>5}  {:>4}  {:>6.1}  {:>6.1}  {:>6.1}  {:>5.0}  {:>5.0}  {:>5.1}  \
             {ratio:>5}  {:>6.2}  {:>8.0}  {told:>5}",
            report.engine,
            report.mode,
            report.arrivals,
            report.rate,
            report.matched,
            report.unmatched,
            report.cancelled,
            report.tail,
            report.wait_s[0],
            report.wait_s[1],
            report.wait_s[2],
            report.gap[0],
            report.gap[1],
            report.team_difference[0],
            report.cpu_us,
            report.worst_step_us,
        );
    }
    text
}

/// Of each game, the spread of its players and that of its teams' means; sorted.
fn spreads(trace: &Trace, run: &Run) -> (Vec<f64>, Vec<f64>) {
    let (mut gaps, mut differences) = (Vec::new(), Vec::new());
    for game in &run.games {
        let members = |team: &[usize]| -> Vec<f64> {
            team.iter().flat_map(|n| &trace.tickets[*n].members).map(|member| member.rating).collect()
        };
        let teams: Vec<_> = game.teams.iter().map(|team| members(team)).collect();
        gaps.push(spread(teams.iter().flatten().copied()));
        differences.push(spread(teams.iter().map(|team| mean(team))));
    }
    gaps.sort_by(f64::total_cmp);
    differences.sort_by(f64::total_cmp);
    (gaps, differences)
}

fn spread(of: impl Iterator<Item = f64> + Clone) -> f64 {
    of.clone().fold(f64::NEG_INFINITY, f64::max) - of.fold(f64::INFINITY, f64::min)
}

fn life(trace: &Trace, n: usize) -> f64 {
    let ticket = &trace.tickets[n];
    ticket.expires_at.since(ticket.created_at).as_secs_f64()
}

fn mean(of: &[f64]) -> f64 {
    if of.is_empty() { 0.0 } else { of.iter().sum::<f64>() / count(of.len()) }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a place in the list")]
fn quantile(sorted: &[f64], share: f64) -> f64 {
    let at = (share * count(sorted.len().saturating_sub(1))).round() as usize;
    sorted.get(at).copied().unwrap_or(0.0)
}

#[expect(clippy::cast_precision_loss, reason = "counts of a simulation")]
pub(super) fn count(number: usize) -> f64 {
    number as f64
}

#[expect(clippy::cast_precision_loss, reason = "milliseconds of a ticket's life")]
fn ms(of: i64) -> f64 {
    of as f64
}
