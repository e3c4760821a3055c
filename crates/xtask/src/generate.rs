//! Files the binary itself writes. They are committed, so that a change of the
//! contract shows in review; `--check` fails where one is out of date.

use std::fs;
use std::process::ExitCode;

use testkit::Failure;

use crate::workspace;

/// A generated file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum File {
    /// The REST contract.
    OpenApi,
    /// The realtime contract.
    AsyncApi,
    /// The catalogue of error codes.
    Codes,
}

impl File {
    pub(crate) const ALL: [Self; 3] = [Self::OpenApi, Self::AsyncApi, Self::Codes];

    /// Where it lies in the clone.
    fn path(self) -> &'static str {
        match self {
            Self::OpenApi => "docs/openapi.json",
            Self::AsyncApi => "docs/asyncapi.json",
            Self::Codes => "docs/problem-codes.md",
        }
    }

    /// The command of the binary that writes it, and of ours.
    fn command(self) -> &'static str {
        match self {
            Self::OpenApi => "openapi",
            Self::AsyncApi => "asyncapi",
            Self::Codes => "codes",
        }
    }
}

pub(crate) fn run(files: &[File], check: bool) -> Result<ExitCode, Failure> {
    let binary = workspace::build(false)?;
    let mut stale = 0;
    for file in files {
        let output = std::process::Command::new(&binary)
            .arg(file.command())
            .output()
            .map_err(Failure::of(format!("running {}", binary.display())))?;
        if !output.status.success() || output.stdout.is_empty() {
            let said = String::from_utf8_lossy(&output.stderr);
            return Err(Failure::new(format!(
                "shallweplay-backend {} ended with {} and wrote {} bytes: {}",
                file.command(),
                output.status,
                output.stdout.len(),
                said.trim()
            )));
        }
        let path = workspace::root().join(file.path());
        if let Some(difference) = difference(fs::read(&path).ok().as_deref(), &output.stdout) {
            if check {
                stale += 1;
                println!("xtask: {} {difference}: run cargo xtask {}", file.path(), file.command());
            } else {
                fs::write(&path, &output.stdout).map_err(Failure::of(format!("writing {}", file.path())))?;
                println!("xtask: wrote {}", file.path());
            }
        } else {
            println!("xtask: {} is up to date", file.path());
        }
    }
    Ok(if stale == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// How what is committed differs from what is right, in words.
fn difference(committed: Option<&[u8]>, right: &[u8]) -> Option<String> {
    let Some(committed) = committed else {
        return Some("is missing".to_owned());
    };
    if committed == right {
        return None;
    }
    let mut lines = committed.split(|byte| *byte == b'\n').zip(right.split(|byte| *byte == b'\n'));
    let line = lines.position(|(old, new)| old != new);
    Some(line.map_or_else(
        || "differs in length from what the binary writes".to_owned(),
        |line| format!("differs from what the binary writes, first in line {}", line + 1),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_are_told_by_line() {
        assert_eq!(difference(Some(b"a\nb\n"), b"a\nb\n"), None);
        assert!(difference(None, b"a").is_some_and(|words| words.contains("missing")));
        assert!(difference(Some(b"a\nb\n"), b"a\nc\n").is_some_and(|words| words.ends_with("line 2")));
        assert!(difference(Some(b"a\n"), b"a\nb").is_some_and(|words| words.ends_with("line 2")));
    }
}
