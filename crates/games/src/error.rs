//! Every way a call about games can be refused.

use kernel::{ErrorKind, FieldError, Refusal, StoreError};
use serde_json::{Value, json};

use crate::words::Status;

/// Why a command was refused. Nothing changed then.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No such game, or one that isn't the asker's to know of.
    #[error("there is no such game")]
    NotFound,
    /// Known to everybody, but the asker doesn't play in it.
    #[error("only a player of this game may do that")]
    NotAPlayer,
    /// No mode has this key.
    #[error("there is no such mode")]
    UnknownMode,
    /// Needs a game that is being played.
    #[error("the game isn't in progress")]
    NotInProgress {
        /// Where it stands.
        state: Status,
    },
    /// Needs a game that waits for its players.
    #[error("the game isn't waiting for its players")]
    NotWaiting {
        /// Where it stands.
        state: Status,
    },
    /// The game's deadline has passed; what follows from that is about to be written.
    #[error("the deadline has passed")]
    DeadlinePassed {
        /// Where it stands.
        state: Status,
    },
    /// The player has left this game.
    #[error("you have left this game")]
    Left {
        /// Where it stands.
        state: Status,
    },
    /// It is another seat's turn.
    #[error("it isn't your turn")]
    NotYourTurn {
        /// Moves played so far.
        sequence: i64,
    },
    /// The move was made for another position than the one that stands.
    #[error("the game has moved on since: look at it and move again")]
    StaleSequence {
        /// Moves played so far.
        sequence: i64,
    },
    /// Against the rules of the game.
    #[error("{why}")]
    IllegalMove {
        /// Which rule, as a sentence.
        why: &'static str,
    },
    /// A move in a game whose clients play among themselves.
    #[error("this mode has no moves: its players relay and report scores")]
    NoMoves,
    /// A report for a game the server decides itself.
    #[error("the server decides this game; it takes no reports")]
    ServerDecided,
    /// The report doesn't carry its player's session secret.
    #[error("the session secret isn't this player's")]
    BadSecret,
    /// The player has reported: no other report is taken, and the game can't be left.
    #[error("you have reported already, and that report stands")]
    AlreadyReported,
    /// Outside what the mode believes.
    #[error("{detail}")]
    OutOfEnvelope {
        /// The rule: `min`, `max`, `max_per_second` or `min_duration`.
        rule: &'static str,
        /// JSON pointer to the value.
        pointer: String,
        /// The rule as a sentence, with its limit.
        detail: String,
    },
    /// The report can't be what was meant.
    #[error("the report isn't complete or contradicts itself")]
    InvalidReport(Vec<FieldError>),
    /// The store refused or failed.
    #[error("the games store said no")]
    Store(#[source] StoreError),
}

impl Refusal for Error {
    fn code(&self) -> &'static str {
        match self {
            Self::NotFound => "games.not_found",
            Self::NotAPlayer => "games.not_a_player",
            Self::UnknownMode => "games.unknown_mode",
            Self::NotInProgress { .. } => "games.not_in_progress",
            Self::NotWaiting { .. } => "games.not_waiting",
            Self::DeadlinePassed { .. } => "games.deadline_passed",
            Self::Left { .. } => "games.left",
            Self::NotYourTurn { .. } => "games.not_your_turn",
            Self::StaleSequence { .. } => "games.stale_sequence",
            Self::IllegalMove { .. } => "games.illegal_move",
            Self::NoMoves => "games.no_moves",
            Self::ServerDecided => "games.server_decided",
            Self::BadSecret => "games.bad_secret",
            Self::AlreadyReported => "games.already_reported",
            Self::OutOfEnvelope { .. } => "games.out_of_envelope",
            Self::InvalidReport(_) => "games.invalid_report",
            Self::Store(error) => error.code(),
        }
    }

    fn kind(&self) -> ErrorKind {
        match self {
            Self::NotFound | Self::UnknownMode => ErrorKind::NotFound,
            Self::NotAPlayer | Self::BadSecret => ErrorKind::Forbidden,
            Self::NotInProgress { .. }
            | Self::NotWaiting { .. }
            | Self::DeadlinePassed { .. }
            | Self::Left { .. }
            | Self::NotYourTurn { .. }
            | Self::StaleSequence { .. }
            | Self::NoMoves
            | Self::ServerDecided
            | Self::AlreadyReported => ErrorKind::Conflict,
            Self::IllegalMove { .. } | Self::OutOfEnvelope { .. } | Self::InvalidReport(_) => ErrorKind::Invalid,
            Self::Store(error) => error.kind(),
        }
    }

    fn fields(&self) -> Vec<FieldError> {
        match self {
            Self::IllegalMove { why } => vec![FieldError::new("/move", "illegal", *why)],
            Self::OutOfEnvelope { rule, pointer, detail } => {
                vec![FieldError::new(pointer.clone(), rule, detail.clone())]
            }
            Self::InvalidReport(fields) => fields.clone(),
            Self::Store(error) => error.fields(),
            _ => Vec::new(),
        }
    }

    fn extensions(&self) -> Vec<(&'static str, Value)> {
        match self {
            Self::NotInProgress { state }
            | Self::NotWaiting { state }
            | Self::DeadlinePassed { state }
            | Self::Left { state } => vec![("state", json!(state))],
            Self::NotYourTurn { sequence } | Self::StaleSequence { sequence } => vec![("sequence", json!(sequence))],
            Self::OutOfEnvelope { rule, .. } => vec![("rule", json!(rule))],
            Self::Store(error) => error.extensions(),
            _ => Vec::new(),
        }
    }

    fn retry_at(&self) -> Option<kernel::Timestamp> {
        match self {
            Self::Store(error) => error.retry_at(),
            _ => None,
        }
    }
}
