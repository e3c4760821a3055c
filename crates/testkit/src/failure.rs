//! Why something could not be had, as one sentence.

use std::fmt;

/// One sentence about what went wrong, fit to be printed as it is.
#[derive(Debug, Clone)]
pub struct Failure(String);

impl Failure {
    /// A failure that says `sentence`.
    pub fn new(sentence: impl Into<String>) -> Self {
        Self(sentence.into())
    }

    /// Puts what was being done in front of why it failed; for `map_err`.
    pub fn of<E: fmt::Display>(doing: impl fmt::Display) -> impl FnOnce(E) -> Self {
        move |error| Self(format!("{doing}: {error}"))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Failure {}
