//! What a process costs, from `/proc`.

use std::fs;

use testkit::signals;

/// Kernel ticks per millisecond: user space always sees 100 per second.
const TICK_MS: f64 = 10.0;

/// The service and the stores that work for it.
#[derive(Debug, Clone)]
pub(super) struct Watched {
    /// The service's process.
    pub(super) server: u32,
    /// PostgreSQL's postmaster and Redis.
    pub(super) stores: Vec<u32>,
}

/// CPU time in milliseconds, user and system.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Cpu {
    pub(super) server: f64,
    pub(super) stores: f64,
}

impl Cpu {
    /// What was used since `earlier`, for each of `count` things.
    pub(super) fn each(self, earlier: Self, count: usize) -> Self {
        let count = count.max(1) as f64;
        Self { server: (self.server - earlier.server) / count, stores: (self.stores - earlier.stores) / count }
    }

    pub(super) fn and(self, more: Self) -> Self {
        Self { server: self.server + more.server, stores: self.stores + more.stores }
    }

    pub(super) fn total(self) -> f64 {
        self.server + self.stores
    }
}

impl Watched {
    /// CPU time so far.
    pub(super) fn cpu(&self) -> Cpu {
        Cpu {
            server: ticks(self.server, false) * TICK_MS,
            stores: self.stores.iter().map(|root| tree(*root)).sum::<f64>() * TICK_MS,
        }
    }

    /// The service's resident memory in MiB.
    pub(super) fn resident_mib(&self) -> f64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.server)).unwrap_or_default();
        field_kib(&status, "VmRSS:") / 1024.0
    }
}

/// A process with its children, the ended ones included: PostgreSQL has a
/// backend for each connection, and connections come and go.
fn tree(root: u32) -> f64 {
    let children = signals::family(root).into_iter().skip(1);
    ticks(root, true) + children.map(|child| ticks(child, false)).sum::<f64>()
}

fn ticks(pid: u32, with_ended_children: bool) -> f64 {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    ticks_of(&stat, with_ended_children)
}

/// utime and stime, and with children cutime and cstime, which follow them.
fn ticks_of(stat: &str, with_ended_children: bool) -> f64 {
    // The command name stands in parentheses and may contain anything.
    let fields = stat.rsplit_once(") ").map_or("", |(_, fields)| fields);
    let count = if with_ended_children { 4 } else { 2 };
    fields.split_ascii_whitespace().skip(11).take(count).filter_map(|field| field.parse::<f64>().ok()).sum()
}

fn field_kib(status: &str, name: &str) -> f64 {
    status
        .lines()
        .find_map(|line| line.strip_prefix(name)?.split_ascii_whitespace().next()?.parse().ok())
        .unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_proc_writes() {
        let stat = "42 (post) gres) S 1 42 42 0 -1 4194560 1 2 3 4 100 20 7 3 20 0 1 0 5 6 7";
        assert_eq!(ticks_of(stat, false), 120.0);
        assert_eq!(ticks_of(stat, true), 130.0);
        assert_eq!(field_kib("VmHWM:\t 9 kB\nVmRSS:\t    2048 kB\n", "VmRSS:"), 2048.0);
    }

    #[test]
    fn our_own_process_costs_something() {
        let own = Watched { server: std::process::id(), stores: vec![] };
        assert!(own.resident_mib() > 0.5);
        let now = own.cpu();
        assert_eq!(now.each(now, 10), Cpu::default());
    }
}
