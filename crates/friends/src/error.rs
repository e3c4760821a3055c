//! Every way in which this crate refuses.

use kernel::{BoxError, ErrorKind, FieldError, PlayerId, Refusal, StoreError};
use serde_json::{Value, json};

use crate::change::Reached;
use crate::model::Standing;

/// A refusal. What it displays is for the caller; it never echoes input.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Fields against the rules, all of them.
    #[error("some fields are not as they should be")]
    Invalid(Vec<FieldError>),
    /// Nobody, or somebody who is hidden by a block: the two look the same.
    #[error("there is no such player")]
    NotFound,
    /// One can't befriend or block oneself.
    #[error("this is yourself: name another player")]
    Myself,
    /// They are friends.
    #[error("you are friends already")]
    AlreadyFriends,
    /// They aren't.
    #[error("you are not friends with this player")]
    NotFriends,
    /// No request stands between them that this could be the answer to.
    #[error("there is no such request")]
    NoRequest,
    /// The request was there and isn't any more.
    #[error("this request has changed meanwhile: look at its state")]
    StateChanged(Standing),
    /// A cap is reached.
    #[error("{}", of_limit(*theirs, *what))]
    Limit {
        /// Whether it is the other side's.
        theirs: bool,
        /// Which one.
        what: LimitOf,
    },
    /// The player is there, but doesn't want this.
    #[error("this player's privacy settings don't allow it")]
    PrivacyRefused,
    /// No link has this code, its owner took it back or is gone, or a block stands.
    #[error("there is no such link: ask its owner for another one")]
    LinkNotFound,
    /// The link was redeemed as often as may be.
    #[error("this link was used as often as it may be: ask its owner for another one")]
    LinkUsedUp,
    /// Its time is over.
    #[error("this link has expired: ask its owner for another one")]
    LinkExpired,
    /// The store, or somebody who was asked, refused or failed.
    #[error("{step} did not go through")]
    Store {
        /// What was being done.
        step: &'static str,
        /// The answer.
        #[source]
        source: StoreError,
    },
}

/// What there may be only so much of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LimitOf {
    /// Friends.
    Friends,
    /// Outgoing requests.
    Requests,
    /// Invite links.
    Links,
}

const fn of_limit(theirs: bool, what: LimitOf) -> &'static str {
    match (theirs, what) {
        (true, _) => "this player has as many friends as may be",
        (false, LimitOf::Friends) => "you have as many friends as may be: remove one first",
        (false, LimitOf::Requests) => "too many of your requests wait for an answer: take one back first",
        (false, LimitOf::Links) => "you have as many invite links as may be: revoke one first",
    }
}

impl Error {
    /// For `map_err` on a store's answer: names the step that failed.
    pub(crate) fn at(step: &'static str) -> impl Fn(StoreError) -> Self {
        move |source| Self::Store { step, source }
    }

    /// For `map_err` on the answer of somebody who was asked.
    pub(crate) fn asking(step: &'static str) -> impl Fn(BoxError) -> Self {
        move |source| Self::Store { step, source: StoreError::Unavailable(source) }
    }

    /// The refusal of what `by` did where this was reached.
    pub(crate) fn full(reached: Reached, by: PlayerId) -> Self {
        let (player, what) = match reached {
            Reached::Friends(player) => (player, LimitOf::Friends),
            Reached::Outgoing(player) => (player, LimitOf::Requests),
            Reached::Links(player) => (player, LimitOf::Links),
        };
        Self::Limit { theirs: player != by, what }
    }
}

impl Refusal for Error {
    fn code(&self) -> &'static str {
        match self {
            Self::Invalid(_) => "validation.failed",
            Self::NotFound => "friends.not_found",
            Self::Myself => "friends.self",
            Self::AlreadyFriends => "friends.already_friends",
            Self::NotFriends => "friends.not_friends",
            Self::NoRequest => "friends.no_request",
            Self::StateChanged(_) => "friends.state_changed",
            Self::Limit { what: LimitOf::Links, .. } => "friends.too_many_links",
            Self::Limit { .. } => "friends.limit",
            Self::PrivacyRefused => "privacy.refused",
            Self::LinkNotFound => "friends.link_not_found",
            Self::LinkUsedUp => "friends.link_used_up",
            Self::LinkExpired => "friends.link_expired",
            Self::Store { source, .. } => source.code(),
        }
    }

    fn kind(&self) -> ErrorKind {
        match self {
            Self::Invalid(_) | Self::Myself => ErrorKind::Invalid,
            Self::NotFound | Self::NotFriends | Self::NoRequest | Self::LinkNotFound => ErrorKind::NotFound,
            Self::AlreadyFriends
            | Self::StateChanged(_)
            | Self::Limit { .. }
            | Self::LinkUsedUp
            | Self::LinkExpired => ErrorKind::Conflict,
            Self::PrivacyRefused => ErrorKind::Forbidden,
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
            Self::StateChanged(standing) => vec![("state", json!(standing.name()))],
            Self::Limit { what: LimitOf::Links, .. } => Vec::new(),
            Self::Limit { theirs, .. } => vec![("side", json!(if *theirs { "them" } else { "you" }))],
            _ => Vec::new(),
        }
    }
}
