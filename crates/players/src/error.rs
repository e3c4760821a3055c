//! Every way in which this crate refuses.

use kernel::{BoxError, ErrorKind, FieldError, Refusal, StoreError, Timestamp};
use serde_json::{Value, json};

/// A refusal. What it displays is for the caller; it never echoes input.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Fields against the rules, all of them.
    #[error("some fields are not as they should be")]
    Invalid(Vec<FieldError>),
    /// Unknown handle or wrong password: the two look and last the same.
    #[error("the handle or the password is wrong")]
    BadCredentials,
    /// No player is known by this device secret.
    #[error("this device secret is not known: sign in as a new guest")]
    UnknownDevice,
    /// Too many failed sign-ins to this account, existing or not.
    #[error("too many failed attempts: wait before the next one")]
    LockedOut {
        /// When the next attempt is heard.
        retry_at: Timestamp,
    },
    /// The player may not sign in for now.
    #[error("this account is suspended")]
    Suspended {
        /// Until when.
        until: Timestamp,
    },
    /// Not a refresh token of ours.
    #[error("this refresh token is not valid: sign in again")]
    BadRefreshToken,
    /// Another request exchanged the same token at the same time; its reply holds the next one.
    #[error("another request was refreshing this session at the same time and got the new tokens")]
    RefreshRaced,
    /// The token had been exchanged before: the session is revoked.
    #[error("this refresh token was used before, so its session was ended for safety: sign in again")]
    RefreshReused,
    /// The session was revoked or has expired.
    #[error("this session has ended: sign in again")]
    SessionEnded,
    /// Unknown, used or expired WebSocket ticket.
    #[error("this ticket is not valid: get a new one")]
    BadWsTicket,
    /// No such player.
    #[error("there is no such player")]
    NotFound,
    /// An account can't become an account.
    #[error("this player has an account already")]
    AlreadyRegistered,
    /// The handle, or one that looks like it, belongs to somebody else.
    #[error("this handle, or one that looks like it, is taken")]
    HandleTaken,
    /// Administrators don't give their own power away, so that there is always one.
    #[error("an administrator's role is taken by another administrator, never by oneself")]
    LastAdmin,
    /// The actor has no power over this player.
    #[error("this player's role is not below yours: ask an administrator")]
    NotAllowed,
    /// Too many passwords are being hashed right now.
    #[error("too many sign-ins at once: try again in a moment")]
    Busy,
    /// Hashing failed: a bug, or no memory.
    #[error("the password could not be processed")]
    Hashing(#[source] BoxError),
    /// The store refused or failed.
    #[error("{step} did not go through")]
    Store {
        /// What was being done.
        step: &'static str,
        /// The store's answer.
        #[source]
        source: StoreError,
    },
}

impl Error {
    /// For `map_err` on a store's answer: names the step that failed.
    pub(crate) fn at(step: &'static str) -> impl Fn(StoreError) -> Self {
        move |source| Self::Store { step, source }
    }
}

impl Refusal for Error {
    fn code(&self) -> &'static str {
        match self {
            Self::Invalid(_) => "validation.failed",
            Self::BadCredentials => "auth.bad_credentials",
            Self::UnknownDevice => "auth.unknown_device",
            Self::LockedOut { .. } => "auth.locked_out",
            Self::Suspended { .. } => "auth.suspended",
            Self::BadRefreshToken => "auth.bad_refresh_token",
            Self::RefreshRaced => "auth.refresh_raced",
            Self::RefreshReused => "auth.refresh_reused",
            Self::SessionEnded => "auth.session_ended",
            Self::BadWsTicket => "auth.bad_ws_ticket",
            Self::NotFound => "players.not_found",
            Self::AlreadyRegistered => "players.already_registered",
            Self::HandleTaken => "players.handle_taken",
            Self::LastAdmin => "players.own_role",
            Self::NotAllowed => "players.not_allowed",
            Self::Busy => "auth.busy",
            Self::Hashing(_) => "internal",
            Self::Store { source, .. } => source.code(),
        }
    }

    fn kind(&self) -> ErrorKind {
        match self {
            Self::Invalid(_) => ErrorKind::Invalid,
            Self::BadCredentials
            | Self::UnknownDevice
            | Self::BadRefreshToken
            | Self::RefreshRaced
            | Self::RefreshReused
            | Self::SessionEnded
            | Self::BadWsTicket => ErrorKind::Unauthenticated,
            Self::LockedOut { .. } => ErrorKind::RateLimited,
            Self::Suspended { .. } | Self::NotAllowed => ErrorKind::Forbidden,
            Self::NotFound => ErrorKind::NotFound,
            Self::AlreadyRegistered | Self::HandleTaken | Self::LastAdmin => ErrorKind::Conflict,
            Self::Busy => ErrorKind::Unavailable,
            Self::Hashing(_) => ErrorKind::Internal,
            Self::Store { source, .. } => source.kind(),
        }
    }

    fn fields(&self) -> Vec<FieldError> {
        match self {
            Self::Invalid(fields) => fields.clone(),
            _ => Vec::new(),
        }
    }

    fn extensions(&self) -> Vec<(&'static str, Value)> {
        match self {
            Self::Suspended { until } => vec![("suspended_until", json!(until))],
            _ => Vec::new(),
        }
    }

    fn retry_at(&self) -> Option<Timestamp> {
        match self {
            Self::LockedOut { retry_at } => Some(*retry_at),
            _ => None,
        }
    }
}
