//! The clone we are in: its root, its target directory, its binary.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use testkit::Failure;

/// The workspace's root.
pub(crate) fn root() -> PathBuf {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    own.ancestors().nth(2).unwrap_or(own).to_owned()
}

/// Where cargo puts what it builds.
pub(crate) fn target() -> PathBuf {
    let target = env::var_os("CARGO_TARGET_DIR").map_or_else(|| PathBuf::from("target"), PathBuf::from);
    root().join(target)
}

/// Cargo, at the workspace's root.
pub(crate) fn cargo() -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root());
    command
}

/// Cargo's arguments that build the service's binary.
pub(crate) const BUILD: [&str; 5] = ["build", "--package", "shallweplay-api", "--bin", "shallweplay-backend"];

/// Where the service's binary is once it is built.
pub(crate) fn binary(release: bool) -> PathBuf {
    target().join(if release { "release" } else { "debug" }).join("shallweplay-backend")
}

/// Builds the service's binary.
pub(crate) fn build(release: bool) -> Result<PathBuf, Failure> {
    let mut command = cargo();
    command.args(BUILD);
    if release {
        command.arg("--release");
    }
    let status = command.status().map_err(Failure::of("running cargo build"))?;
    if status.success() { Ok(binary(release)) } else { Err(Failure::new("The service does not build.")) }
}
