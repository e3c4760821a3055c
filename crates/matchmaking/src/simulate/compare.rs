//! All engines at five rates, side by side.

use std::fmt::Write as _;
use std::num::NonZero;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use super::engine::Rules;
use super::plot::{Line, Plot};
use super::report::{Report, best, count};
use super::trace::{Arrivals, Mode, Plan, Trace};
use super::{SimulateError, simulate};
use crate::Tuning;

/// Arrivals per second.
const RATES: [f64; 5] = [0.05, 0.2, 1.0, 5.0, 25.0];
/// Traces per rate, with the seeds from the one asked for on.
const SEEDS: u64 = 3;

/// Means over the traces of one engine at one rate.
struct Cell {
    rules: Rules,
    rate: f64,
    reports: Vec<Report>,
}

impl Cell {
    fn mean(&self, of: impl Fn(&Report) -> f64) -> f64 {
        self.reports.iter().map(of).sum::<f64>() / count(self.reports.len())
    }

    /// All costs over all optima.
    fn ratio(&self) -> f64 {
        self.mean(|report| report.cost.unwrap_or(0.0)) / self.mean(|report| report.optimum.unwrap_or(0.0))
    }
}

pub(super) fn compare(asked: &Plan, tuning: Tuning, json: bool, plots: Option<&Path>) -> Result<String, SimulateError> {
    let Plan { seed, tickets, .. } = *asked;
    let traces: Vec<_> = RATES.iter().flat_map(|rate| (seed..seed + SEEDS).map(|seed| (*rate, seed))).collect();
    let mut cells: Vec<Cell> = Vec::new();
    for rate in RATES {
        cells.extend(Rules::ALL.map(|(_, rules)| Cell { rules, rate, reports: Vec::new() }));
    }
    for ((rate, _), reports) in traces.iter().zip(all(&traces, tickets, tuning)) {
        for (cell, report) in cells.iter_mut().filter(|cell| cell.rate.total_cmp(rate).is_eq()).zip(reports) {
            cell.reports.push(report);
        }
    }
    if let Some(directory) = plots {
        draw(&cells, directory)?;
    }
    let reports: Vec<_> = cells.iter().flat_map(|cell| &cell.reports).collect();
    if json {
        return serde_json::to_string_pretty(&reports).map(|json| json + "\n").map_err(SimulateError::Encode);
    }
    let mut text = format!(
        "1v1, kappa {}, seeds {seed} to {}, {tickets} tickets each; arrivals per second across.\n\n",
        tuning.kappa,
        seed + SEEDS - 1
    );
    section(&mut text, "cost over the offline optimum", &cells, 2, Cell::ratio);
    section(&mut text, "median wait, s", &cells, 1, |cell| cell.mean(|report| report.wait_s[0]));
    section(&mut text, "95th percentile of waits, s", &cells, 1, |cell| cell.mean(|report| report.wait_s[1]));
    section(&mut text, "mean gap, points", &cells, 0, |cell| cell.mean(|report| report.gap[0]));
    let unmatched = |cell: &Cell| cell.mean(|report| 100.0 * count(report.unmatched) / count(report.tickets));
    section(&mut text, "unmatched, % of tickets", &cells, 1, unmatched);
    section(&mut text, "processor time per ticket, µs", &cells, 2, |cell| cell.mean(|report| report.cpu_us));
    Ok(text)
}

/// Every engine over each of these traces; as many traces at a time as there are cores.
fn all(traces: &[(f64, u64)], tickets: usize, tuning: Tuning) -> Vec<Vec<Report>> {
    let next = AtomicUsize::new(0);
    let done: Vec<Mutex<Vec<Report>>> = traces.iter().map(|_| Mutex::default()).collect();
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, NonZero::get) {
            scope.spawn(|| {
                while let Some((at, (rate, seed))) = {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    traces.get(at).map(|trace| (at, *trace))
                } {
                    let reports = engines(rate, seed, tickets, tuning);
                    *done[at].lock().unwrap_or_else(PoisonError::into_inner) = reports;
                }
            });
        }
    });
    done.into_iter().map(|reports| reports.into_inner().unwrap_or_else(PoisonError::into_inner)).collect()
}

fn engines(rate: f64, seed: u64, tickets: usize, tuning: Tuning) -> Vec<Report> {
    let (mode, arrivals) = (Mode::Duel, Arrivals::Poisson);
    let plan = Plan { seed, rate, tickets, mode, arrivals, cancels: 0.0, blocks: 0.0, regions: 0 };
    let trace = Trace::generate(&plan);
    let best = best(&plan, &trace, &tuning);
    Rules::ALL.into_iter().map(|(_, rules)| simulate(rules, &plan, &trace, tuning, best)).collect()
}

fn section(text: &mut String, title: &str, cells: &[Cell], digits: usize, figure: impl Fn(&Cell) -> f64) {
    let _ = write!(text, "{title:<32}");
    for rate in RATES {
        let _ = write!(text, "{rate:>9}");
    }
    for (name, rules) in Rules::ALL {
        let _ = write!(text, "\n  {name:<30}");
        for cell in cells.iter().filter(|cell| cell.rules == rules) {
            let _ = write!(text, "{:>9.digits$}", figure(cell));
        }
    }
    text.push_str("\n\n");
}

fn draw(cells: &[Cell], directory: &Path) -> Result<(), SimulateError> {
    let line = |name: &str, rules: Rules, figure: &dyn Fn(&Cell) -> f64| Line {
        name: name.to_owned(),
        points: cells.iter().filter(|cell| cell.rules == rules).map(|cell| (cell.rate, figure(cell))).collect(),
    };
    let plot = |title: &str, y: &str, base: f64, figure: &dyn Fn(&Cell) -> f64| Plot {
        title: title.to_owned(),
        x: "arrivals per second".to_owned(),
        y: y.to_owned(),
        base,
        lines: Rules::ALL.map(|(name, rules)| line(name, rules, figure)).into(),
    };
    let wait = |cell: &Cell| cell.mean(|report| report.wait_s[1]);
    let gap = |cell: &Cell| cell.mean(|report| report.gap[0]);
    let plots = [
        (
            "matchmaking-cost.svg",
            plot("Cost of matching over the offline optimum", "cost ÷ optimum", 1.0, &Cell::ratio),
        ),
        ("matchmaking-wait.svg", plot("How long 95 of 100 wait at most", "seconds", 0.0, &wait)),
        ("matchmaking-gap.svg", plot("How far apart opponents are", "mean gap in rating points", 0.0, &gap)),
    ];
    std::fs::create_dir_all(directory).map_err(|error| SimulateError::Write(directory.into(), error))?;
    for (name, plot) in plots {
        let file = directory.join(name);
        std::fs::write(&file, plot.svg()).map_err(|error| SimulateError::Write(file, error))?;
    }
    Ok(())
}
