//! What happened to tickets, in the form clients and handlers see. Fields are only ever added: stored events must stay
//! readable.

use std::borrow::Cow;

use kernel::{Event, EventId, GameId, GameSpec, IdSource, PlayerId, ProposalId, StreamKey, TicketId, Timestamp};
use serde::Serialize;
use serde_json::Value;

use crate::model::{Ended, Status, Ticket, WaitEstimate};

/// A ticket on the wire.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TicketSnapshot {
    /// Its id.
    pub id: TicketId,
    /// Key of its mode.
    pub mode: String,
    /// Where it stands.
    pub status: Status,
    /// Since when it waits.
    pub created_at: Timestamp,
    /// Until when.
    pub expires_at: Timestamp,
    /// What its player was told at the start.
    pub estimated_wait_ms: WaitEstimate,
    /// The game it became.
    pub game_id: Option<GameId>,
    /// The ready check it is in.
    pub proposal_id: Option<ProposalId>,
    /// Why it ended, if not by a match.
    pub ended: Option<Ended>,
}

impl From<&Ticket> for TicketSnapshot {
    fn from(ticket: &Ticket) -> Self {
        Self {
            id: ticket.id,
            mode: ticket.mode.clone(),
            status: ticket.status,
            created_at: ticket.created_at,
            expires_at: ticket.expires_at,
            estimated_wait_ms: ticket.estimated_wait_ms,
            game_id: ticket.game_id,
            proposal_id: ticket.proposal_id,
            ended: ticket.ended.clone(),
        }
    }
}

/// Data of `ticket.updated`: the ticket ended without a match.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TicketUpdated {
    /// The ticket as it stands now.
    pub ticket: TicketSnapshot,
}

/// Data of `match.found`: the ticket became a game. Session secrets aren't in it; `game.started` brings one's own.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MatchFound {
    /// Whose wait is over.
    pub ticket_id: TicketId,
    /// The game, with its roster.
    pub game: GameSpec,
}

/// `ticket.updated` to the ticket's players.
pub(crate) fn ticket_updated(ticket: &Ticket, ids: &dyn IdSource, now: Timestamp) -> Event {
    let data = wire(&TicketUpdated { ticket: ticket.into() });
    event(ticket.id, "ticket.updated", ticket.players(), data, ids, now)
}

/// `match.found` to the players of one of the game's tickets.
pub(crate) fn match_found(
    ticket: TicketId,
    players: &[PlayerId],
    game: &GameSpec,
    ids: &dyn IdSource,
    now: Timestamp,
) -> Event {
    let data = wire(&MatchFound { ticket_id: ticket, game: game.clone() });
    event(ticket, "match.found", players, data, ids, now)
}

fn event(
    ticket: TicketId,
    kind: &'static str,
    players: &[PlayerId],
    data: Value,
    ids: &dyn IdSource,
    now: Timestamp,
) -> Event {
    Event {
        id: EventId::new(ids.uuid(now)),
        aggregate: format!("ticket:{ticket}"),
        kind: Cow::Borrowed(kind),
        audience: players.iter().copied().map(StreamKey::player).collect(),
        data,
        at: now,
    }
}

/// These types hold no map with odd keys, so serialising them can't fail.
fn wire(data: &impl Serialize) -> Value {
    serde_json::to_value(data).unwrap_or_default()
}
