use kernel::{ErrorKind, FieldError, Refusal, Timestamp};

/// What the session machine itself refuses. Everything else is refused by the services behind it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RealtimeError {
    /// The frame can't be read; the text says what is wrong with it.
    #[error("{0}")]
    Malformed(&'static str),
    /// The data of a request the session handles itself is wrong.
    #[error("some fields are not valid")]
    Invalid(Vec<FieldError>),
    /// `session.hello` must come first, and its reply before anything else is sent.
    #[error("sign in first: send session.hello and wait for session.ready")]
    NotSignedIn,
    /// A second `session.hello`.
    #[error("this connection is signed in already, or is just signing in")]
    AlreadySignedIn,
    /// A `type` that no request has.
    #[error("there is no request of this type")]
    UnknownType,
    /// Over the messages per second of one socket.
    #[error("too many messages: slow down")]
    RateLimited {
        /// When the next one is taken.
        retry_at: Timestamp,
    },
    /// Too many requests wait for their reply.
    #[error("too many requests are in flight: wait for their replies")]
    InFlight,
    /// Another request with this `id` waits for its reply.
    #[error("a request with this id is still in flight")]
    DuplicateId,
    /// `session.refresh` with somebody else's token.
    #[error("this token belongs to another player: open another connection for it")]
    OtherPlayer,
}

impl Refusal for RealtimeError {
    fn code(&self) -> &'static str {
        match self {
            Self::Malformed(_) => "request.malformed",
            Self::Invalid(_) => "validation.failed",
            Self::NotSignedIn => "session.not_signed_in",
            Self::AlreadySignedIn => "session.already_signed_in",
            Self::UnknownType => "session.unknown_type",
            Self::RateLimited { .. } => "rate_limited",
            Self::InFlight => "session.too_many_in_flight",
            Self::DuplicateId => "session.duplicate_id",
            Self::OtherPlayer => "session.other_player",
        }
    }

    fn kind(&self) -> ErrorKind {
        match self {
            Self::Malformed(_) => ErrorKind::Malformed,
            Self::Invalid(_) => ErrorKind::Invalid,
            Self::NotSignedIn => ErrorKind::Unauthenticated,
            Self::AlreadySignedIn | Self::DuplicateId => ErrorKind::Conflict,
            Self::UnknownType => ErrorKind::NotFound,
            Self::RateLimited { .. } | Self::InFlight => ErrorKind::RateLimited,
            Self::OtherPlayer => ErrorKind::Forbidden,
        }
    }

    fn fields(&self) -> Vec<FieldError> {
        match self {
            Self::Invalid(fields) => fields.clone(),
            _ => Vec::new(),
        }
    }

    fn retry_at(&self) -> Option<Timestamp> {
        match self {
            Self::RateLimited { retry_at } => Some(*retry_at),
            _ => None,
        }
    }
}
