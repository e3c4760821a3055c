//! The result, in Markdown.

use std::fmt;
use std::time::Duration;

use super::load::Measured;
use super::usage::Cpu;

/// Two tables: request rates, and everything else.
#[derive(Debug)]
pub(super) struct Table {
    machine: String,
    rates: Vec<String>,
    lines: Vec<String>,
}

impl Table {
    pub(super) fn new(machine: &str) -> Self {
        Self { machine: machine.to_owned(), rates: Vec::new(), lines: Vec::new() }
    }

    /// A request rate; `cpu` is per request, `mark` what to stay under.
    pub(super) fn rate(&mut self, name: &str, measured: &Measured, cpu: Cpu, mark: &str) {
        let row = format!(
            "| {name} | {:.0} | {:.2} | {:.2} | {:.3} | {:.3} | **{:.3}** | {mark} | {} |",
            measured.per_second(),
            milliseconds(measured.percentile(50.0)),
            milliseconds(measured.percentile(99.0)),
            cpu.server,
            cpu.stores,
            cpu.total(),
            measured.refused,
        );
        println!("{row}");
        self.rates.push(row);
    }

    /// Any other figure.
    pub(super) fn line(&mut self, name: &str, result: &str, mark: &str) {
        let row = format!("| {name} | {result} | {mark} |");
        println!("{row}");
        self.lines.push(row);
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}.\n", self.machine)?;
        if !self.rates.is_empty() {
            writeln!(
                f,
                "| {} connections | req/s | p50 ms | p99 ms | CPU ms: service | stores | both | mark | refused |",
                super::load::CONNECTIONS
            )?;
            writeln!(f, "|---|---|---|---|---|---|---|---|---|\n{}\n", self.rates.join("\n"))?;
        }
        if !self.lines.is_empty() {
            writeln!(f, "| what | result | mark |\n|---|---|---|\n{}", self.lines.join("\n"))?;
        }
        Ok(())
    }
}

pub(super) fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}
