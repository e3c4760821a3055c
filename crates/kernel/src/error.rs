use std::fmt;

use crate::Engagement;
use crate::PlayerId;
use crate::Timestamp;

/// Any error, boxed: the source of a [`StoreError`].
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// What a store answers instead of doing what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The aggregate changed since it was read: load, decide and commit again.
    #[error("the aggregate changed since it was read")]
    Stale,
    /// An [`Engage`](crate::Engage) did not hold: the player is doing something else.
    #[error("the player is engaged elsewhere")]
    Engaged {
        /// Who.
        player: PlayerId,
        /// What the player is doing instead.
        current: Engagement,
    },
    /// A block stands between two of the players whom this change would have brought
    /// [together](crate::Riders::together).
    #[error("two of these players keep apart")]
    Apart {
        /// One of them.
        player: PlayerId,
        /// The other.
        other: PlayerId,
    },
    /// The commit carried a fence that a newer leader has outdated.
    #[error("another replica leads this shard now")]
    Fenced,
    /// The receipt's key was used before: the earlier outcome stands, nothing was changed.
    #[error("this idempotency key was used before")]
    Replayed,
    /// A value that must be unique belongs to somebody else; the text names it (`handle`).
    #[error("{0} is taken")]
    Taken(&'static str),
    /// The store can't be reached or didn't answer in time; the change may or may not have happened.
    #[error("the store is unavailable")]
    Unavailable(#[source] BoxError),
    /// What is stored can't be understood, or the statement is wrong: a bug.
    #[error("the store failed")]
    Broken(#[source] BoxError),
}

impl StoreError {
    /// [`StoreError::Broken`] with a sentence for the log.
    #[must_use]
    pub fn broken(why: impl Into<String>) -> Self {
        Self::Broken(why.into().into())
    }
}

/// What sort of refusal an error is; the edge has one table from these to statuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// The request can't be read (400).
    Malformed,
    /// No or no valid credentials (401).
    Unauthenticated,
    /// Known, but not allowed (403).
    Forbidden,
    /// Absent, or hidden from the asker: the two look the same (404).
    NotFound,
    /// A race lost, or a state that doesn't allow it (409).
    Conflict,
    /// Understood, but against a rule on values (422).
    Invalid,
    /// Too much too fast (429).
    RateLimited,
    /// A dependency is down: try again later (503).
    Unavailable,
    /// An idempotency key was seen before; the edge answers with what was stored.
    Replayed,
    /// A bug (500).
    Internal,
}

/// One invalid field of a request: where (RFC 6901 pointer), a stable code, and a sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldError {
    /// JSON pointer into the request body, such as `/display_name`.
    pub pointer: String,
    /// Stable code, such as `too_long`.
    pub code: &'static str,
    /// What is wrong and what would be right.
    pub detail: String,
}

impl FieldError {
    /// A field error.
    pub fn new(pointer: impl Into<String>, code: &'static str, detail: impl Into<String>) -> Self {
        Self { pointer: pointer.into(), code, detail: detail.into() }
    }
}

impl fmt::Display for FieldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.pointer, self.detail)
    }
}

/// A domain error as the edge sees it. `Display` is the sentence shown to the caller: it says what to do and never
/// echoes input; the source, if any, is only logged.
pub trait Refusal: std::error::Error {
    /// Stable, dotted: `games.not_your_turn`.
    fn code(&self) -> &'static str;

    /// What sort of refusal this is.
    fn kind(&self) -> ErrorKind;

    /// Invalid fields, for [`ErrorKind::Invalid`].
    fn fields(&self) -> Vec<FieldError> {
        Vec::new()
    }

    /// Members to add at the problem's top level: `state`, `sequence`, `ticket_id`.
    fn extensions(&self) -> Vec<(&'static str, serde_json::Value)> {
        Vec::new()
    }

    /// When asking again makes sense, for rate limits and outages.
    fn retry_at(&self) -> Option<Timestamp> {
        None
    }
}

impl Refusal for StoreError {
    fn code(&self) -> &'static str {
        match self {
            Self::Stale => "conflict.concurrent_change",
            Self::Engaged { .. } => "conflict.engaged",
            // Whoever is apart from somebody finds nobody there.
            Self::Apart { .. } => "players.not_found",
            Self::Fenced => "conflict.fenced",
            Self::Replayed => "idempotency.replayed",
            Self::Taken(_) => "conflict.taken",
            Self::Unavailable(_) => "unavailable",
            Self::Broken(_) => "internal",
        }
    }

    fn kind(&self) -> ErrorKind {
        match self {
            Self::Stale | Self::Engaged { .. } | Self::Fenced | Self::Taken(_) => ErrorKind::Conflict,
            Self::Apart { .. } => ErrorKind::NotFound,
            Self::Replayed => ErrorKind::Replayed,
            Self::Unavailable(_) => ErrorKind::Unavailable,
            Self::Broken(_) => ErrorKind::Internal,
        }
    }
}
