use kernel::{GameId, ProposalId, TicketId, Timestamp};
use matchmaking::Ticket;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Ask for a place in a queue.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct JoinDto {
    /// Key of a mode.
    pub(crate) mode: String,
}

/// A place in a queue.
#[derive(Serialize, ToSchema)]
pub(crate) struct TicketDto {
    /// UUIDv7.
    #[schema(value_type = uuid::Uuid)]
    id: TicketId,
    mode: String,
    /// `searching`, `proposed`, `matched`, `cancelled`, `expired` or `failed`.
    status: String,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// Until when it waits.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
    estimated_wait_ms: WaitDto,
    /// The game it became.
    #[schema(value_type = Option<uuid::Uuid>)]
    game_id: Option<GameId>,
    /// The ready check it is in.
    #[schema(value_type = Option<uuid::Uuid>)]
    proposal_id: Option<ProposalId>,
    /// Why it ended, if not by a match.
    ended: Option<TicketEndedDto>,
}

/// How long it will probably take, in milliseconds.
#[derive(Serialize, ToSchema)]
pub(crate) struct WaitDto {
    low: i64,
    high: i64,
}

/// Why a ticket ended.
#[derive(Serialize, ToSchema)]
pub(crate) struct TicketEndedDto {
    reason: String,
    by: String,
    /// What to try instead.
    alternatives: Vec<String>,
}

impl From<&Ticket> for TicketDto {
    fn from(ticket: &Ticket) -> Self {
        Self {
            id: ticket.id,
            mode: ticket.mode.clone(),
            status: ticket.status.as_str().to_owned(),
            created_at: ticket.created_at,
            expires_at: ticket.expires_at,
            estimated_wait_ms: WaitDto { low: ticket.estimated_wait_ms.low, high: ticket.estimated_wait_ms.high },
            game_id: ticket.game_id,
            proposal_id: ticket.proposal_id,
            ended: ticket.ended.as_ref().map(|ended| TicketEndedDto {
                reason: ended.reason.clone(),
                by: ended.by.clone(),
                alternatives: ended.alternatives.clone(),
            }),
        }
    }
}

/// How many wait in a queue.
#[derive(Serialize, ToSchema)]
pub(crate) struct QueueDto {
    pub(crate) mode: String,
    /// Tickets waiting now.
    pub(crate) searching: i64,
}
