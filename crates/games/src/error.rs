//! Every way a call about games can be refused.

use kernel::{Engagement, ErrorKind, FieldError, Refusal, StoreError, Timestamp};
use serde_json::{Value, json};

use crate::mode::ModeError;
use crate::words::{InviteState, Status};

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
        /// The rule: `min`, `max`, `max_per_second`, `min_duration` or `fields`.
        rule: &'static str,
        /// JSON pointer to the value.
        pointer: String,
        /// The rule as a sentence, with its limit.
        detail: String,
    },
    /// The report can't be what was meant.
    #[error("the report isn't complete or contradicts itself")]
    InvalidReport(Vec<FieldError>),
    /// The mode is switched off.
    #[error("this mode is switched off")]
    ModeDisabled,
    /// Somebody to be seated is doing something else: waiting in a queue, or in another game.
    #[error("a player is in a queue or a game already")]
    Busy {
        /// Whether it is the asker.
        you: bool,
        /// What the player is doing.
        doing: Engagement,
    },
    /// These players can't be invited together.
    #[error("these players can't be invited")]
    BadInvitees(Vec<FieldError>),
    /// Nobody is there to play with: one of two who were to meet blocks the other.
    #[error("there is no such player")]
    NoSuchPlayer,
    /// No practice bot plays this mode.
    #[error("no practice bot plays this mode")]
    NoBot,
    /// No such invitation, or one that isn't the asker's to know of.
    #[error("there is no such invitation")]
    InviteNotFound,
    /// The invitation was answered, or is over.
    #[error("the invitation can't be answered any more")]
    InviteNotOpen {
        /// Where it stands.
        state: InviteState,
    },
    /// Every seat is taken.
    #[error("every seat of the game is taken")]
    Full {
        /// Where the game stands.
        state: Status,
    },
    /// Nobody who would have to be gone is, or not for long enough.
    #[error("the others are there, or may still come back")]
    NothingToClaim {
        /// From when on, if nobody comes back.
        claim_at: Option<Timestamp>,
    },
    /// A game that can't be repeated: not over, or never begun.
    #[error("only a game that was played can be repeated")]
    NoRematch {
        /// Where it stands.
        state: Status,
    },
    /// Needs a game that is over.
    #[error("the game isn't over")]
    NotFinished {
        /// Where it stands.
        state: Status,
    },
    /// The result can't be disputed now.
    #[error("this result can't be disputed")]
    NotDisputable {
        /// Where it stands.
        state: Status,
    },
    /// Another statement of this player stands.
    #[error("you have said something else about this result")]
    AlreadyDisputed,
    /// Needs a game whose result stands in the ledger, or waits for a decision.
    #[error("the game has no result that could be changed")]
    NoResult {
        /// Where it stands.
        state: Status,
    },
    /// An operator's scores can't be what was meant.
    #[error("the scores aren't complete or name strangers")]
    InvalidScores(Vec<FieldError>),
    /// A reason that isn't one.
    #[error("the reason is empty, too long or not plain text")]
    InvalidStatement(Vec<FieldError>),
    /// The approval gate said no to an operator.
    #[error("the approval gate has refused this")]
    NotApproved {
        /// What it said.
        reason: String,
    },
    /// The approval gate has not answered an operator yet.
    #[error("the approval gate hasn't decided yet: try again later")]
    ApprovalPending,
    /// A mode that can't be published.
    #[error("the mode isn't valid")]
    InvalidMode(#[source] ModeError),
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
            Self::ModeDisabled => "games.mode_disabled",
            Self::Busy { you: true, .. } => "games.busy",
            Self::Busy { you: false, .. } => "games.player_busy",
            Self::BadInvitees(_) => "games.bad_invitees",
            Self::NoSuchPlayer => "players.not_found",
            Self::NoBot => "games.no_bot",
            Self::InviteNotFound => "games.invite_not_found",
            Self::InviteNotOpen { .. } => "games.invite_not_open",
            Self::Full { .. } => "games.full",
            Self::NothingToClaim { .. } => "games.nothing_to_claim",
            Self::NoRematch { .. } => "games.no_rematch",
            Self::NotFinished { .. } => "games.not_finished",
            Self::NotDisputable { .. } => "games.not_disputable",
            Self::AlreadyDisputed => "games.already_disputed",
            Self::NoResult { .. } => "games.no_result",
            Self::InvalidScores(_) => "games.invalid_scores",
            Self::InvalidStatement(_) => "games.invalid_statement",
            Self::NotApproved { .. } => "games.not_approved",
            Self::ApprovalPending => "games.approval_pending",
            Self::InvalidMode(_) => "games.invalid_mode",
            Self::Store(error) => error.code(),
        }
    }

    fn kind(&self) -> ErrorKind {
        match self {
            Self::NotFound | Self::UnknownMode | Self::InviteNotFound | Self::NoSuchPlayer => ErrorKind::NotFound,
            Self::NotAPlayer | Self::BadSecret => ErrorKind::Forbidden,
            Self::NotInProgress { .. }
            | Self::NotWaiting { .. }
            | Self::DeadlinePassed { .. }
            | Self::Left { .. }
            | Self::NotYourTurn { .. }
            | Self::StaleSequence { .. }
            | Self::NoMoves
            | Self::ServerDecided
            | Self::AlreadyReported
            | Self::ModeDisabled
            | Self::Busy { .. }
            | Self::InviteNotOpen { .. }
            | Self::Full { .. }
            | Self::NothingToClaim { .. }
            | Self::NoRematch { .. }
            | Self::NotFinished { .. }
            | Self::NotDisputable { .. }
            | Self::AlreadyDisputed
            | Self::NoResult { .. }
            | Self::NotApproved { .. }
            | Self::ApprovalPending => ErrorKind::Conflict,
            Self::IllegalMove { .. }
            | Self::OutOfEnvelope { .. }
            | Self::InvalidReport(_)
            | Self::BadInvitees(_)
            | Self::NoBot
            | Self::InvalidScores(_)
            | Self::InvalidStatement(_)
            | Self::InvalidMode(_) => ErrorKind::Invalid,
            Self::Store(error) => error.kind(),
        }
    }

    fn fields(&self) -> Vec<FieldError> {
        match self {
            Self::IllegalMove { why } => vec![FieldError::new("/move", "illegal", *why)],
            Self::OutOfEnvelope { rule, pointer, detail } => {
                vec![FieldError::new(pointer.clone(), rule, detail.clone())]
            }
            Self::InvalidReport(fields)
            | Self::BadInvitees(fields)
            | Self::InvalidScores(fields)
            | Self::InvalidStatement(fields) => fields.clone(),
            Self::NoBot => vec![FieldError::new("/bot", "no_bot", "No practice bot plays this mode.")],
            Self::InvalidMode(error) => vec![FieldError::new(error.pointer.clone(), "invalid", error.why.clone())],
            Self::Store(error) => error.fields(),
            _ => Vec::new(),
        }
    }

    fn extensions(&self) -> Vec<(&'static str, Value)> {
        match self {
            Self::NotInProgress { state }
            | Self::NotWaiting { state }
            | Self::DeadlinePassed { state }
            | Self::Left { state }
            | Self::Full { state }
            | Self::NoRematch { state }
            | Self::NotFinished { state }
            | Self::NotDisputable { state }
            | Self::NoResult { state } => vec![("state", json!(state))],
            Self::InviteNotOpen { state } => vec![("state", json!(state))],
            // What others are doing is theirs.
            Self::Busy { you: true, doing } => match (doing, doing.subject()) {
                (Engagement::Ticket(_), Some(id)) => vec![("ticket_id", json!(id))],
                (Engagement::Game(_), Some(id)) => vec![("game_id", json!(id))],
                _ => Vec::new(),
            },
            Self::NothingToClaim { claim_at: Some(at) } => vec![("claim_at", json!(at))],
            Self::NotYourTurn { sequence } | Self::StaleSequence { sequence } => vec![("sequence", json!(sequence))],
            Self::OutOfEnvelope { rule, .. } => vec![("rule", json!(rule))],
            Self::NotApproved { reason } => vec![("reason", json!(reason))],
            Self::Store(error) => error.extensions(),
            _ => Vec::new(),
        }
    }

    fn retry_at(&self) -> Option<kernel::Timestamp> {
        match self {
            Self::NothingToClaim { claim_at } => *claim_at,
            Self::Store(error) => error.retry_at(),
            _ => None,
        }
    }
}
