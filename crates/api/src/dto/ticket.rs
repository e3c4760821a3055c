use std::collections::BTreeMap;

use kernel::{GameId, PartyId, PlayerId, ProposalId, TicketId, Timestamp};
use matchmaking::{Alternative, Explained, Queue, Ticket, WaitEstimate};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Ask for a place in a queue.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct JoinDto {
    /// Key of a mode.
    pub(crate) mode: String,
    /// The party you lead, to queue together.
    #[schema(value_type = Option<uuid::Uuid>)]
    pub(crate) party_id: Option<PartyId>,
    /// What you want to have in common with the others, as far as the mode has rules for it.
    #[serde(default)]
    pub(crate) attributes: BTreeMap<String, String>,
    /// Round trip to each region in milliseconds, where the mode has a limit.
    #[serde(default)]
    pub(crate) region_latencies_ms: BTreeMap<String, u32>,
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
    /// The party it stands for.
    #[schema(value_type = Option<uuid::Uuid>)]
    party_id: Option<PartyId>,
    /// Everybody it stands for.
    #[schema(value_type = Vec<uuid::Uuid>)]
    players: Vec<PlayerId>,
    /// What else you could do, once it takes long.
    offers: Vec<AlternativeDto>,
    /// Why it ended, if not by a match.
    ended: Option<TicketEndedDto>,
}

/// Something to do instead.
#[derive(Serialize, ToSchema)]
pub(crate) struct AlternativeDto {
    /// `mode`: queue for this other one. `practice_bot`: play this mode against a bot. `wider_range`: queue again.
    #[schema(value_type = String)]
    kind: matchmaking::AlternativeKind,
    /// Key of the mode.
    mode: String,
}

fn alternatives(of: &[Alternative]) -> Vec<AlternativeDto> {
    of.iter().map(|other| AlternativeDto { kind: other.kind, mode: other.mode.clone() }).collect()
}

/// How long it will probably take, in milliseconds.
#[derive(Serialize, ToSchema)]
pub(crate) struct WaitDto {
    low: i64,
    high: i64,
}

impl From<WaitEstimate> for WaitDto {
    fn from(estimate: WaitEstimate) -> Self {
        Self { low: estimate.low, high: estimate.high }
    }
}

/// Why a ticket ended.
#[derive(Serialize, ToSchema)]
pub(crate) struct TicketEndedDto {
    reason: String,
    by: String,
    /// What to try instead.
    alternatives: Vec<AlternativeDto>,
}

impl From<&Ticket> for TicketDto {
    fn from(ticket: &Ticket) -> Self {
        Self {
            id: ticket.id,
            mode: ticket.mode.clone(),
            status: ticket.status.as_str().to_owned(),
            created_at: ticket.created_at,
            expires_at: ticket.expires_at,
            estimated_wait_ms: ticket.estimated_wait_ms.into(),
            game_id: ticket.game_id,
            proposal_id: ticket.proposal_id,
            party_id: ticket.party_id,
            players: ticket.players(),
            offers: alternatives(&ticket.offers),
            ended: ticket.ended.as_ref().map(|ended| TicketEndedDto {
                reason: ended.reason.clone(),
                by: ended.by.clone(),
                alternatives: alternatives(&ended.alternatives),
            }),
        }
    }
}

/// How many wait in a queue.
#[derive(Serialize, ToSchema)]
pub(crate) struct QueueDto {
    mode: String,
    /// Tickets waiting now.
    searching: i64,
    /// Players they stand for.
    players: i64,
    /// How long it took others lately.
    estimated_wait_ms: WaitDto,
}

impl From<Queue> for QueueDto {
    fn from(queue: Queue) -> Self {
        let Queue { mode, searching, players, estimated_wait_ms } = queue;
        Self { mode, searching, players, estimated_wait_ms: estimated_wait_ms.into() }
    }
}

/// Why a ticket still waits.
#[derive(Serialize, ToSchema)]
pub(crate) struct ExplainedDto {
    /// For how long it has, in milliseconds.
    waiting_ms: i64,
    /// The rating it is matched by.
    rating: f64,
    /// How many rating points away others may be by now; null: any.
    range: Option<f64>,
    /// Tickets it could be matched with now, or as soon as there are enough of them.
    candidates: u64,
    /// Which rule keeps how many others away.
    removed: Vec<RemovedDto>,
    /// When the range grows next.
    #[schema(value_type = Option<String>, format = DateTime)]
    next_widening_at: Option<Timestamp>,
}

/// How many tickets a rule keeps away.
#[derive(Serialize, ToSchema)]
pub(crate) struct RemovedDto {
    /// `range`, `latency`, `attributes`, `recent_opponent` or `size`.
    rule: String,
    count: u64,
}

impl From<Explained> for ExplainedDto {
    fn from(explained: Explained) -> Self {
        let Explained { waiting_ms, rating, range, candidates, removed, next_widening_at } = explained;
        let removed = removed.into_iter().map(|removed| RemovedDto { rule: removed.rule, count: removed.count });
        Self { waiting_ms, rating, range, candidates, removed: removed.collect(), next_widening_at }
    }
}
