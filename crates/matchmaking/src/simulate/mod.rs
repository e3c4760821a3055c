//! `simulate`: the real matcher over a generated trace on a virtual clock, beside others' rules and the best that could
//! have been done. What it prints is what `docs/matchmaking.md` claims.

mod compare;
mod engine;
mod optimum;
mod peers;
mod plot;
mod report;
mod run;
mod trace;

use std::ffi::OsString;
use std::path::PathBuf;

use lexopt::{Arg, Parser, ValueExt as _};

pub use report::Report;
pub use run::thread_micros;

use crate::Tuning;
use engine::Rules;
use trace::{Arrivals, LIFE_MS, Mode, Plan, Trace};

/// The seeds that [`Tuning`]'s defaults were chosen on.
pub const TUNING_SEEDS: std::ops::RangeInclusive<u64> = 1..=4;
/// The first of the seeds they are judged on: `simulate` uses it, and the ones after it, where none is asked for.
pub const HELD_SEED: u64 = 101;

/// What `simulate --help` says.
pub const USAGE: &str = "\
Usage: simulate [options]

Runs the matching over a generated trace on a virtual clock, and prints a table and JSON.

  --engine NAME     kinetic (default), nakama-like, nakama-like-1s, lichess-like, playfab-like or all;
                    all but kinetic know 1v1 without constraints only
  --mode MODE       1v1 (default), 2v2, ffa4 or 5v5, with a mix of parties where teams have room for them
  --rate N          arrivals per second (1)
  --tickets N       tickets in the trace (4000; 10000 with --compare)
  --seed N          seed of the trace (101; 1 to 4 are those the defaults were tuned on)
  --arrivals KIND   poisson (default), diurnal, or burst:N, N of them within the first second
  --cancels SHARE   share of the tickets that are cancelled (0)
  --blocks SHARE    share of the tickets with a block against an earlier one (0)
  --regions N       regions players live in, 80 ms being the most that suits (0: anywhere)
  --knob NAME=VALUE another tuning of ours: kappa, start, slope, tail, starve_ms or crowd; may come more than once
  --json            print JSON only
  --compare         all engines at 0.05, 0.2, 1, 5 and 25 arrivals per second, cost over the offline optimum
  --plots DIR       with --compare: also draw it, as SVG
";

/// Why a simulation did not run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SimulateError {
    /// The command line could not be read.
    #[error("the arguments could not be read")]
    Arguments(#[source] lexopt::Error),
    /// What was asked for doesn't exist.
    #[error("{0}")]
    Unknown(String),
    /// The plots could not be written.
    #[error("{0} could not be written")]
    Write(PathBuf, #[source] std::io::Error),
    /// The result could not be encoded.
    #[error("the figures could not be encoded")]
    Encode(#[source] serde_json::Error),
}

struct Asked {
    plan: Plan,
    tuning: Tuning,
    rules: Vec<Rules>,
    json: bool,
    compare: bool,
    plots: Option<PathBuf>,
    help: bool,
}

/// Runs `simulate` with the arguments after its name, and returns what to print.
///
/// # Errors
/// Arguments that make no sense; plots that can't be written.
pub fn main_from(arguments: impl IntoIterator<Item = OsString>) -> Result<String, SimulateError> {
    let asked = parse(arguments)?;
    if asked.help {
        return Ok(USAGE.to_owned());
    }
    if asked.compare {
        return compare::compare(&asked.plan, asked.tuning, asked.json, asked.plots.as_deref());
    }
    let constrained = asked.plan.regions > 0 || asked.plan.blocks > 0.0 || asked.plan.mode != Mode::Duel;
    if constrained && asked.rules.iter().any(|rules| *rules != Rules::Kinetic) {
        return Err(SimulateError::Unknown("Others' rules are there for 1v1 without blocks and regions only.".into()));
    }
    let tuning = asked.tuning;
    let trace = Trace::generate(&asked.plan);
    let best = report::best(&asked.plan, &trace, &tuning);
    let reports: Vec<_> = asked.rules.iter().map(|rules| simulate(*rules, &asked.plan, &trace, tuning, best)).collect();
    let json = serde_json::to_string_pretty(&reports).map_err(SimulateError::Encode)?;
    Ok(if asked.json { json + "\n" } else { format!("{}\n{json}\n", report::table(&reports)) })
}

fn simulate(rules: Rules, plan: &Plan, trace: &Trace, tuning: Tuning, best: Option<f64>) -> Report {
    let run = run::run(rules, plan, tuning, trace);
    Report::of(rules, plan, trace, &tuning, &run, best)
}

fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Asked, SimulateError> {
    let mut plan = Plan {
        seed: HELD_SEED,
        rate: 1.0,
        tickets: 0,
        mode: Mode::Duel,
        arrivals: Arrivals::Poisson,
        cancels: 0.0,
        blocks: 0.0,
        regions: 0,
    };
    let mut asked = Asked {
        plan: plan.clone(),
        tuning: Tuning::default(),
        rules: vec![Rules::Kinetic],
        json: false,
        compare: false,
        plots: None,
        help: false,
    };
    let mut parser = Parser::from_args(arguments);
    while let Some(argument) = parser.next().map_err(SimulateError::Arguments)? {
        match argument {
            Arg::Long("engine") => asked.rules = engines(&text(&mut parser)?)?,
            Arg::Long("mode") => plan.mode = named(&Mode::ALL, &text(&mut parser)?)?,
            Arg::Long("rate") => plan.rate = number(&text(&mut parser)?, |rate: &f64| *rate > 0.0 && rate.is_finite())?,
            Arg::Long("tickets") => {
                plan.tickets = number(&text(&mut parser)?, |tickets| (2..=1_000_000).contains(tickets))?
            }
            Arg::Long("seed") => plan.seed = number(&text(&mut parser)?, |_| true)?,
            Arg::Long("arrivals") => plan.arrivals = arrivals(&text(&mut parser)?)?,
            Arg::Long("cancels") => plan.cancels = number(&text(&mut parser)?, |share| (0.0..=1.0).contains(share))?,
            Arg::Long("blocks") => plan.blocks = number(&text(&mut parser)?, |share| (0.0..=1.0).contains(share))?,
            Arg::Long("regions") => plan.regions = number(&text(&mut parser)?, |regions| *regions <= 64)?,
            Arg::Long("knob") => knob(&mut asked.tuning, &text(&mut parser)?)?,
            Arg::Long("json") => asked.json = true,
            Arg::Long("compare") => asked.compare = true,
            Arg::Long("plots") => asked.plots = Some(text(&mut parser)?.into()),
            Arg::Long("help") | Arg::Short('h') => asked.help = true,
            other => return Err(SimulateError::Arguments(other.unexpected())),
        }
    }
    if plan.tickets == 0 {
        plan.tickets = if asked.compare { 10_000 } else { 4_000 };
    }
    asked.plan = plan;
    Ok(asked)
}

/// The value of the option just read.
fn text(parser: &mut Parser) -> Result<String, SimulateError> {
    parser.value().and_then(|value| value.string()).map_err(SimulateError::Arguments)
}

fn engines(name: &str) -> Result<Vec<Rules>, SimulateError> {
    if name == "all" {
        return Ok(Rules::ALL.map(|(_, rules)| rules).to_vec());
    }
    named(&Rules::ALL, name).map(|rules| vec![rules])
}

fn knob(tuning: &mut Tuning, text: &str) -> Result<(), SimulateError> {
    let (name, value) = text.split_once('=').unwrap_or((text, ""));
    let share = || number(value, |value: &f64| *value >= 0.0 && value.is_finite());
    match name {
        "kappa" => tuning.kappa = number(value, |kappa: &f64| *kappa > 0.0 && kappa.is_finite())?,
        "start" => tuning.start = share()?,
        "slope" => tuning.slope = number(value, |slope: &f64| *slope > 0.0 && slope.is_finite())?,
        "tail" => tuning.tail = share()?,
        "starve_ms" => tuning.starve_ms = number(value, |ms| (1..=LIFE_MS).contains(ms))?,
        "crowd" => tuning.crowd = share()?,
        _ => return Err(SimulateError::Unknown(format!("There is no knob {name:?}."))),
    }
    Ok(())
}

fn arrivals(kind: &str) -> Result<Arrivals, SimulateError> {
    match (kind, kind.strip_prefix("burst:")) {
        ("poisson", _) => Ok(Arrivals::Poisson),
        ("diurnal", _) => Ok(Arrivals::Diurnal),
        (_, Some(size)) => number(size, |size| *size > 0).map(Arrivals::Burst),
        _ => Err(SimulateError::Unknown(format!("There are no arrivals of the kind {kind:?}."))),
    }
}

fn named<T: Copy>(all: &[(&str, T)], name: &str) -> Result<T, SimulateError> {
    let found = all.iter().find(|(known, _)| *known == name).map(|(_, value)| *value);
    found.ok_or_else(|| {
        let names: Vec<_> = all.iter().map(|(known, _)| *known).collect();
        SimulateError::Unknown(format!("There is no {name:?}; there are {}.", names.join(", ")))
    })
}

fn number<T: std::str::FromStr>(text: &str, fits: impl Fn(&T) -> bool) -> Result<T, SimulateError> {
    let number = text.parse().ok().filter(fits);
    number.ok_or_else(|| SimulateError::Unknown(format!("{text:?} is no number that fits here.")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(line: &str) -> Result<String, SimulateError> {
        main_from(line.split_whitespace().map(OsString::from))
    }

    fn reports(line: &str) -> Vec<serde_json::Value> {
        let text = run(&format!("{line} --json")).expect("runs");
        let reports: serde_json::Value = serde_json::from_str(&text).expect("is JSON");
        reports.as_array().expect("a list").clone()
    }

    #[test]
    fn accounts_for_every_ticket_in_every_mode() {
        for mode in ["1v1", "2v2", "ffa4", "5v5"] {
            for more in ["", "--arrivals diurnal --cancels 0.2", "--arrivals burst:200 --blocks 0.2 --regions 3"] {
                let report = &reports(&format!("--mode {mode} --tickets 600 --rate 5 {more}"))[0];
                let count = |field: &str| report[field].as_u64().expect("a count");
                assert_eq!(count("matched") + count("unmatched") + count("cancelled"), 600, "{mode} {more}");
                assert!(count("matched") > 400, "{mode} {more}: {report}");
            }
        }
    }

    #[test]
    fn the_same_seed_gives_the_same_figures() {
        let figures = || {
            let mut report = reports("--mode 5v5 --tickets 800 --seed 9").remove(0);
            let fields = report.as_object_mut().expect("an object");
            // Time on this machine is no part of it.
            fields.retain(|name, _| !matches!(name.as_str(), "cpu_us" | "worst_step_us"));
            report
        };
        assert_eq!(figures(), figures());
    }

    #[test]
    fn nobody_beats_the_optimum() {
        for report in reports("--engine all --tickets 300 --rate 0.5") {
            let ratio = report["ratio"].as_f64().expect("known for duels");
            assert!(ratio >= 1.0, "{report}");
        }
    }

    #[test]
    fn says_what_it_does_not_know() {
        for line in ["--mode chess", "--engine best", "--rate 0", "--arrivals never", "--nonsense"] {
            assert!(run(line).is_err(), "{line}");
        }
        assert!(run("--engine lichess-like --mode 5v5").is_err());
        assert!(run("--help").is_ok_and(|text| text.contains("--compare")));
    }
}
