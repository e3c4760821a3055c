//! What standings refuse, and what to do then.

use kernel::{ErrorKind, FieldError, Refusal, StoreError};

/// A refusal.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No such mode was ever published.
    #[error("there is no such mode: the catalogue lists them")]
    UnknownMode,
    /// The mode has no board by this metric.
    #[error("this mode has no leaderboard by that metric: leave it out for the mode's own")]
    UnknownMetric,
    /// Not a season, or one to come.
    #[error("seasons are months that have begun, such as 2026-11; leave it out for all time")]
    UnknownSeason,
    /// The store refused or failed.
    #[error("the standings store said no")]
    Store(#[source] StoreError),
}

impl Refusal for Error {
    fn code(&self) -> &'static str {
        match self {
            Self::UnknownMode => "standings.unknown_mode",
            Self::UnknownMetric => "standings.unknown_metric",
            Self::UnknownSeason => "standings.unknown_season",
            Self::Store(error) => error.code(),
        }
    }

    fn kind(&self) -> ErrorKind {
        match self {
            Self::UnknownMode => ErrorKind::NotFound,
            Self::UnknownMetric | Self::UnknownSeason => ErrorKind::Invalid,
            Self::Store(error) => error.kind(),
        }
    }

    fn fields(&self) -> Vec<FieldError> {
        match self {
            Self::UnknownMetric => vec![FieldError::new("/metric", "unknown", "This mode isn't ordered by that.")],
            Self::UnknownSeason => vec![FieldError::new("/season", "unknown", "A month that has begun: 2026-11.")],
            Self::UnknownMode | Self::Store(_) => Vec::new(),
        }
    }
}
