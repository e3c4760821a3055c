//! A shell that outlives us by a moment, to end what we started.
//!
//! A test process ends in many ways that run no destructor: the harness calls
//! `exit`, a timeout kills it, somebody presses Ctrl-C. The operating system
//! closes its end of a pipe in all of them, and the watchdog waits on that.

use std::io::Write as _;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::Failure;

/// `$1` process, `$2` text that must stand in its command line, `$3` signal,
/// `$4` directory to remove afterwards or nothing. The word `keep` on standard
/// input spares the directory.
const SCRIPT: &str = r#"
word=$(cat)
ours() { tr '\0' ' ' <"/proc/$1/cmdline" 2>/dev/null | grep -qF -- "$2"; }
if ours "$1" "$2"; then
  children=$(grep -lE "^PPid:[[:space:]]+$1\$" /proc/[0-9]*/status 2>/dev/null | cut -d/ -f3)
  for p in $children "$1"; do kill -s CONT "$p"; done
  kill -s "$3" "$1"
  n=0
  while ours "$1" "$2" && [ "$n" -lt 200 ]; do sleep 0.02; n=$((n + 1)); done
  if ours "$1" "$2"; then for p in "$1" $children; do kill -s KILL "$p"; done; fi
fi
if [ -n "$4" ] && [ "$word" != keep ]; then rm -rf -- "$4"; fi
"#;

/// Ends one process when dropped, or when our own process ends for whatever
/// reason.
#[derive(Debug)]
pub(crate) struct Watchdog {
    shell: Child,
}

impl Watchdog {
    /// Watches over process `pid`, recognised by `mark` in its command line,
    /// to be ended by `signal`; `remove` is a directory of its to delete then.
    pub(crate) fn over(pid: u32, mark: &str, signal: &str, remove: Option<&Path>) -> Result<Self, Failure> {
        let shell = Command::new("/bin/sh")
            .args(["-c", SCRIPT, "watchdog", &pid.to_string(), mark, signal])
            .arg(remove.unwrap_or(Path::new("")))
            // A group of its own: Ctrl-C and a harness's timeout go to ours.
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map_err(Failure::of("starting the watchdog shell"))?;
        Ok(Self { shell })
    }

    /// Ends the process but spares its directory.
    pub(crate) fn keep_directory(mut self) {
        if let Some(stdin) = self.shell.stdin.as_mut() {
            // Where this fails the shell is gone, and with it whoever would
            // have removed anything.
            let _ = stdin.write_all(b"keep");
        }
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        drop(self.shell.stdin.take());
        let _ = self.shell.wait();
    }
}
