//! `verify-replay FILE`: checks a downloaded log.

use std::path::Path;

use games::{Replayed, verify};

use super::config::ConfigError;

/// Says what the log vouches for, or where it is wrong.
pub(super) fn check(file: &Path) -> Result<(), ConfigError> {
    let bytes =
        std::fs::read(file).map_err(|error| ConfigError(format!("{} can't be read: {error}.", file.display())))?;
    // Split at newlines and nowhere else: a carriage return is a changed byte like any other.
    let bytes = bytes.strip_suffix(b"\n").unwrap_or(&bytes);
    let verified = verify(bytes.split(|byte| *byte == b'\n'))
        .map_err(|error| ConfigError(format!("{}: {error}.", file.display())))?;
    println!("{} lines, each vouching for those before it; {}.", verified.lines, verified.story());
    match verified.replayed {
        Some(Replayed { rules, rules_version, moves, decided: true }) => {
            println!("{moves} moves played again by {rules} {rules_version} lead to the same result.");
        }
        Some(Replayed { rules, rules_version, moves, .. }) => {
            println!("{moves} moves are legal under {rules} {rules_version}; the result was not decided by them.");
        }
        None => println!("Its clients reported the result; there are no rules to play it again by."),
    }
    Ok(())
}
