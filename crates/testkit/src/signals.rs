//! Signals to processes we started, and what `/proc` says about them.
//!
//! The shell's own `kill` sends them, since this workspace forbids the unsafe
//! code a system call would need. Linux only.

use std::fs;
use std::process::{Command, Stdio};

use crate::Failure;

/// Sends `signal` (`"STOP"`, `"TERM"`, …) to each process that still exists.
pub fn send(signal: &str, pids: &[u32]) -> Result<(), Failure> {
    let mut command = Command::new("/bin/sh");
    command
        // One by one: a process that has just ended must not spare the rest.
        .args(["-c", "s=$1; shift; for p; do kill -s \"$s\" \"$p\"; done; :"])
        .args(["kill", signal])
        .args(pids.iter().map(u32::to_string))
        .stdin(Stdio::null())
        .stderr(Stdio::null());
    let status = command.status().map_err(Failure::of("running /bin/sh"))?;
    if status.success() { Ok(()) } else { Err(Failure::new(format!("sending SIG{signal} failed: {status}"))) }
}

/// Whether process `pid` runs and has `mark` in its command line. Ended
/// processes that nobody has waited for yet have an empty one.
#[must_use]
pub fn runs_with(pid: u32, mark: &str) -> bool {
    fs::read(format!("/proc/{pid}/cmdline")).is_ok_and(|line| String::from_utf8_lossy(&line).contains(mark))
}

/// `pid` and its direct children. PostgreSQL's backends are children of the
/// postmaster, each in a process group of its own, so a group signal would
/// miss them.
#[must_use]
pub fn family(pid: u32) -> Vec<u32> {
    let mut pids = vec![pid];
    let Ok(entries) = fs::read_dir("/proc") else {
        return pids;
    };
    for entry in entries.flatten() {
        let Some(child) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else {
            continue;
        };
        if parent(child) == Some(pid) {
            pids.push(child);
        }
    }
    pids
}

fn parent(pid: u32) -> Option<u32> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The command name stands in parentheses and may contain anything.
    stat.rsplit_once(") ")?.1.split_ascii_whitespace().nth(1)?.parse().ok()
}
