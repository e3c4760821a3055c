//! `verify-replay FILE`: checks a downloaded log.

use std::path::Path;

use games::verify::verify;

use super::config::ConfigError;

/// Says what the log vouches for, or where it is wrong.
pub(super) fn check(file: &Path) -> Result<(), ConfigError> {
    let text = std::fs::read_to_string(file)
        .map_err(|error| ConfigError(format!("{} can't be read: {error}.", file.display())))?;
    let verified = verify(text.lines()).map_err(|error| ConfigError(format!("{}: {error}.", file.display())))?;
    println!("{verified}");
    Ok(())
}
