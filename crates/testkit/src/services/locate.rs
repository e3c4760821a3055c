//! Where a program is.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::install;
use crate::Failure;

/// The first of `names` that stands on `PATH`.
#[must_use]
pub fn on_path(names: &[&str]) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    names.iter().find_map(|name| env::split_paths(&path).map(|dir| dir.join(name)).find(|file| file.is_file()))
}

/// The first of `names` on `PATH`, installed from Debian's `package` where
/// there is none and we may; the failure says what to install.
pub fn program(names: &[&str], package: &str) -> Result<PathBuf, Failure> {
    find_or_install(names[0], package, || on_path(names))
}

/// The directory with PostgreSQL's `postgres` and `initdb`, 15 or later.
pub(super) fn postgres() -> Result<PathBuf, Failure> {
    let bin = find_or_install("PostgreSQL (15 or later)", "postgresql", postgres_bin)?;
    at_least(&bin.join("postgres"), "--version", 15)?;
    Ok(bin)
}

/// `redis-server`, 7 or later.
pub(super) fn redis() -> Result<PathBuf, Failure> {
    let server = find_or_install("redis-server (7 or later)", "redis-server", || on_path(&["redis-server"]))?;
    at_least(&server, "--version", 7)?;
    Ok(server)
}

fn find_or_install(what: &str, package: &str, find: impl Fn() -> Option<PathBuf>) -> Result<PathBuf, Failure> {
    if let Some(found) = find() {
        return Ok(found);
    }
    install::apt(&[package]).map_err(|why| {
        Failure::new(format!("{what} is missing: install it (Debian: apt-get install {package}). {why}"))
    })?;
    find().ok_or_else(|| {
        Failure::new(format!("Debian's {package} was installed, yet {what} is still nowhere to be found"))
    })
}

/// Debian keeps the server's programs off `PATH`, one directory per version.
fn postgres_bin() -> Option<PathBuf> {
    let complete = |bin: &Path| bin.join("postgres").is_file() && bin.join("initdb").is_file();
    if let Some(bin) = on_path(&["postgres"]).and_then(|file| file.parent().map(Path::to_owned))
        && complete(&bin)
    {
        return Some(bin);
    }
    let mut versions: Vec<(u32, PathBuf)> = fs::read_dir("/usr/lib/postgresql")
        .ok()?
        .flatten()
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path().join("bin"))))
        .filter(|(_, bin)| complete(bin))
        .collect();
    versions.sort();
    versions.pop().map(|(_, bin)| bin)
}

fn at_least(program: &Path, argument: &str, major: u32) -> Result<(), Failure> {
    let output =
        Command::new(program).arg(argument).output().map_err(Failure::of(format!("running {}", program.display())))?;
    let text = String::from_utf8_lossy(&output.stdout);
    match first_number(&text) {
        Some(found) if found >= major => Ok(()),
        _ => Err(Failure::new(format!(
            "{} is too old: it says {:?}, and version {major} or later is needed",
            program.display(),
            text.trim()
        ))),
    }
}

fn first_number(text: &str) -> Option<u32> {
    let start = text.find(|c: char| c.is_ascii_digit())?;
    let digits = &text[start..];
    let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
    digits[..end].parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_major_version() {
        assert_eq!(first_number("postgres (PostgreSQL) 15.14 (Debian 15.14-0+deb12u1)"), Some(15));
        assert_eq!(first_number("Redis server v=7.0.15 sha=00000000:0"), Some(7));
        assert_eq!(first_number("no number"), None);
    }

    #[test]
    fn an_old_program_is_refused_in_a_sentence() {
        let why = at_least(Path::new("/bin/sh"), "-c", 1).expect_err("sh -c alone prints no version");
        assert!(why.to_string().contains("too old"), "{why}");
    }

    #[test]
    fn finds_what_is_on_the_path() {
        assert!(on_path(&["no-such-program-here", "sh"]).is_some_and(|file| file.ends_with("sh")));
        assert_eq!(on_path(&["no-such-program-here"]), None);
    }
}
