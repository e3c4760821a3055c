//! Every way a call about tickets can be refused.

use kernel::{
    BoxError, ErrorKind, FieldError, GameId, PartyId, PlayerId, ProposalId, Refusal, StoreError, TicketId, Timestamp,
};
use serde_json::{Value, json};

use crate::model::Status;
use crate::proposal::{Answer, ProposalStatus};

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
    /// The mode is played alone.
    #[error("this mode is played alone: start it with POST /api/v1/games")]
    UnsupportedMode,
    /// What the ticket asks of the others can't be read.
    #[error("what the ticket asks of the others can't be used")]
    BadWishes(Vec<FieldError>),
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
    /// No such ready check, or one of others.
    #[error("there is no such ready check")]
    ProposalNotFound,
    /// The ready check was answered otherwise, or is over.
    #[error("{}", if answer.is_some() { "you have answered already, and the first answer counts" } else { "the ready check is over" })]
    Answered {
        /// Where it stands.
        state: ProposalStatus,
        /// What the player had said.
        answer: Option<Answer>,
        /// The game it became.
        game_id: Option<GameId>,
    },
    /// No such party, or one the player has nothing to do with.
    #[error("there is no such party")]
    PartyNotFound,
    /// The player is in a party already.
    #[error("you are in a party already: leave that one first")]
    InParty(PartyId),
    /// Only the leader may do this.
    #[error("only the party's leader can do this")]
    NotLeader {
        /// Who is.
        leader: PlayerId,
    },
    /// Not everybody in the party has said so.
    #[error("not everybody in the party is ready: wait for them, or go on without them")]
    NotReady {
        /// Who hasn't.
        players: Vec<PlayerId>,
    },
    /// The party has no room left.
    #[error("the party is full")]
    PartyFull {
        /// How many it may have.
        most: usize,
    },
    /// The party doesn't fit into one of the mode's teams.
    #[error("the party is too large for a team of this mode: choose another mode")]
    PartyTooLarge {
        /// How many a team has.
        team_size: u8,
    },
    /// The player named isn't in the party, or isn't invited.
    #[error("this player isn't in the party")]
    NoMember,
    /// The player named is the one who asks.
    #[error("this can't be done to oneself")]
    Oneself,
    /// The party is in a ready check or a game.
    #[error("the party is about to play: answer the ready check first")]
    PartyBusy {
        /// Where its ticket stands.
        state: Status,
    },
    /// One of the party is busy, or has to wait.
    #[error("one of the party can't queue now")]
    MemberBusy {
        /// Who.
        player: PlayerId,
        /// What with: `ticket`, `proposal`, `game` or `cooling_down`.
        doing: &'static str,
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
            Self::UnsupportedMode => "matchmaking.unsupported_mode",
            Self::BadWishes(_) => "validation.failed",
            Self::ProposalNotFound => "matchmaking.proposal_not_found",
            Self::Answered { .. } => "matchmaking.proposal_closed",
            Self::PartyNotFound => "parties.not_found",
            Self::InParty(_) => "parties.already_in_party",
            Self::NotLeader { .. } => "parties.not_leader",
            Self::NotReady { .. } => "parties.not_ready",
            Self::PartyFull { .. } => "parties.full",
            Self::PartyTooLarge { .. } => "parties.too_large",
            Self::NoMember => "parties.no_member",
            Self::Oneself => "parties.self",
            Self::PartyBusy { .. } => "parties.state_changed",
            Self::MemberBusy { .. } => "parties.member_busy",
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
            Self::NotFound | Self::ProposalNotFound | Self::PartyNotFound | Self::NoMember => ErrorKind::NotFound,
            Self::UnknownMode | Self::UnsupportedMode | Self::BadWishes(_) | Self::Oneself => ErrorKind::Invalid,
            Self::NotLeader { .. } => ErrorKind::Forbidden,
            Self::Answered { .. }
            | Self::InParty(_)
            | Self::NotReady { .. }
            | Self::PartyFull { .. }
            | Self::PartyTooLarge { .. }
            | Self::PartyBusy { .. }
            | Self::MemberBusy { .. }
            | Self::ModeDisabled
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
            Self::UnsupportedMode => vec![FieldError::new("/mode", "unsupported", self.to_string())],
            Self::BadWishes(wrong) => wrong.clone(),
            Self::Oneself => vec![FieldError::new("/player_id", "self", self.to_string())],
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
            Self::Answered { state, answer, game_id } => {
                vec![("state", json!(state)), ("answer", json!(answer)), ("game_id", json!(game_id))]
            }
            Self::InParty(party) => vec![("party_id", json!(party))],
            Self::NotLeader { leader } => vec![("leader_id", json!(leader))],
            Self::NotReady { players } => vec![("players", json!(players))],
            Self::PartyFull { most } => vec![("most", json!(most))],
            Self::PartyTooLarge { team_size } => vec![("team_size", json!(team_size))],
            Self::PartyBusy { state } => vec![("state", json!(state))],
            Self::MemberBusy { player, doing } => vec![("player_id", json!(player)), ("doing", json!(doing))],
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
