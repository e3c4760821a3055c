//! Every way a call about tickets can be refused.

use kernel::{BoxError, ErrorKind, FieldError, GameId, ProposalId, Refusal, StoreError, TicketId, Timestamp};
use serde_json::{Value, json};

use crate::model::Status;

/// Why a command was refused. Nothing changed then.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No such ticket, or somebody else's.
    #[error("there is no such ticket")]
    NotFound,
    /// No mode has this key.
    #[error("there is no such mode: GET /api/v1/modes lists them")]
    UnknownMode,
    /// The mode takes no new tickets.
    #[error("this mode is switched off for now: try another one")]
    ModeDisabled,
    /// The mode's shape can't be queued for.
    #[error("{0}")]
    UnsupportedMode(&'static str),
    /// The player waits in a queue already.
    #[error("you are waiting in a queue already: cancel that ticket first")]
    AlreadyQueued(TicketId),
    /// The player is in a ready check.
    #[error("you are in a ready check already: answer that one first")]
    InProposal(ProposalId),
    /// The player is in a game that isn't over.
    #[error("you are in a game: finish or abandon it first")]
    InGame(GameId),
    /// The player let others wait.
    #[error("you weren't there when a game was ready for you: wait a moment before you queue again")]
    CoolingDown {
        /// Until when.
        until: Timestamp,
    },
    /// The ticket ended before the command came.
    #[error("the ticket isn't waiting any more")]
    StateChanged {
        /// Where it stands.
        state: Status,
        /// The game it became.
        game_id: Option<GameId>,
    },
    /// The mode catalogue or the ratings couldn't be asked.
    #[error("the {what} can't be read")]
    Unreadable {
        /// What.
        what: &'static str,
        /// Why.
        #[source]
        source: BoxError,
    },
    /// The store refused or failed.
    #[error("the ticket store said no")]
    Store(#[source] StoreError),
}

impl Refusal for Error {
    fn code(&self) -> &'static str {
        match self {
            Self::NotFound => "matchmaking.ticket_not_found",
            Self::UnknownMode => "modes.unknown",
            Self::ModeDisabled => "modes.disabled",
            Self::UnsupportedMode(_) => "matchmaking.unsupported_mode",
            Self::AlreadyQueued(_) | Self::InProposal(_) => "matchmaking.already_queued",
            Self::InGame(_) => "matchmaking.in_game",
            Self::CoolingDown { .. } => "matchmaking.cooling_down",
            Self::StateChanged { .. } => "matchmaking.state_changed",
            Self::Unreadable { .. } => "unavailable",
            Self::Store(error) => error.code(),
        }
    }

    fn kind(&self) -> ErrorKind {
        match self {
            Self::NotFound => ErrorKind::NotFound,
            Self::UnknownMode | Self::UnsupportedMode(_) => ErrorKind::Invalid,
            Self::ModeDisabled
            | Self::AlreadyQueued(_)
            | Self::InProposal(_)
            | Self::InGame(_)
            | Self::CoolingDown { .. }
            | Self::StateChanged { .. } => ErrorKind::Conflict,
            Self::Unreadable { .. } => ErrorKind::Unavailable,
            Self::Store(error) => error.kind(),
        }
    }

    fn fields(&self) -> Vec<FieldError> {
        match self {
            Self::UnknownMode => vec![FieldError::new("/mode", "unknown", self.to_string())],
            Self::UnsupportedMode(why) => vec![FieldError::new("/mode", "unsupported", *why)],
            _ => Vec::new(),
        }
    }

    fn extensions(&self) -> Vec<(&'static str, Value)> {
        match self {
            Self::AlreadyQueued(ticket) => vec![("ticket_id", json!(ticket))],
            Self::InProposal(proposal) => vec![("proposal_id", json!(proposal))],
            Self::InGame(game) => vec![("game_id", json!(game))],
            Self::CoolingDown { until } => vec![("until", json!(until))],
            Self::StateChanged { state, game_id } => vec![("state", json!(state)), ("game_id", json!(game_id))],
            _ => Vec::new(),
        }
    }

    fn retry_at(&self) -> Option<Timestamp> {
        match self {
            Self::CoolingDown { until } => Some(*until),
            Self::Store(error) => error.retry_at(),
            _ => None,
        }
    }
}
