//! Debian packages, where we may install them.

use std::process::{Command, Stdio};
use std::sync::OnceLock;

use super::locate::on_path;
use super::user;
use crate::Failure;

/// Debian starts a freshly installed server at once, on its well-known port.
/// We want the programs only, so unless the machine has a policy of its own
/// one that says no stands there for as long as apt runs.
const SCRIPT: &str = r#"
set -e
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  trap 'rm -f "$policy"' EXIT
  printf '#!/bin/sh\nexit 101\n' >"$policy"
  chmod 755 "$policy"
fi
export DEBIAN_FRONTEND=noninteractive
get() { apt-get -qq -o DPkg::Lock::Timeout=300 "$@"; }
get install --yes --no-install-recommends "$@" || {
  get update
  get install --yes --no-install-recommends "$@"
}
"#;

static ANNOUNCE: OnceLock<fn(&str)> = OnceLock::new();

/// Says each thing that is done to the machine through `say`, one line each.
/// Without this they go to standard error. The first caller wins.
pub fn announce_to(say: fn(&str)) {
    let _ = ANNOUNCE.set(say);
}

/// Installs Debian `packages` without their recommendations, and without
/// starting the servers among them. Fails, naming the reason, where there is
/// no apt, or we are neither root nor have `sudo` without a password.
pub fn apt(packages: &[&str]) -> Result<(), Failure> {
    if on_path(&["apt-get"]).is_none() {
        return Err(Failure::new("It is not installed for you: this machine has no apt-get."));
    }
    let mut command = if user::is_root() {
        Command::new("/bin/sh")
    } else if passwordless_sudo() {
        let mut command = Command::new("sudo");
        command.args(["-n", "/bin/sh"]);
        command
    } else {
        return Err(Failure::new(
            "It is not installed for you: you are not root, and sudo is missing or asks for a password.",
        ));
    };
    let list = packages.join(" ");
    let line = format!("installing by apt: {list}");
    ANNOUNCE.get().map_or_else(|| eprintln!("testkit: {line}"), |say| say(&line));
    let output = command
        .args(["-c", SCRIPT, "apt"])
        .args(packages)
        .stdin(Stdio::null())
        .output()
        .map_err(Failure::of("running apt-get"))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let tail: Vec<&str> = said.lines().rev().filter(|line| !line.is_empty()).take(3).collect();
    Err(Failure::new(format!("apt-get could not install {list}: {}", tail.join(" / "))))
}

fn passwordless_sudo() -> bool {
    Command::new("sudo")
        .args(["-n", "true"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}
