//! What happened to tickets, in the form clients and handlers see. Fields are only ever added: stored events must stay
//! readable.

use std::borrow::Cow;

use kernel::{
    Event, EventId, GameId, GameSpec, IdSource, PartyId, PlayerId, ProposalId, StreamKey, TicketId, Timestamp,
};
use serde::Serialize;
use serde_json::Value;

use crate::model::{Alternative, Ended, Status, Ticket, WaitEstimate};
use crate::party::{Party, PartyInvite};
use crate::proposal::{Answer, Proposal, ProposalStatus};

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
    /// The party it stands for.
    pub party_id: Option<PartyId>,
    /// Everybody it stands for.
    pub players: Vec<PlayerId>,
    /// What else could be done, once it takes long.
    pub offers: Vec<Alternative>,
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
            party_id: ticket.party_id,
            players: ticket.players(),
            offers: ticket.offers.clone(),
            ended: ticket.ended.clone(),
        }
    }
}

/// Data of `ticket.updated`: the ticket ended without a match, waits again after a ready check, or has offers now.
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

/// Data of `match.proposed` and `proposal.updated`: a ready check as everybody in it sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MatchProposed {
    /// Its id.
    pub proposal_id: ProposalId,
    /// The reader's ticket; only in `match.proposed`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ticket_id: Option<TicketId>,
    /// Key of its mode.
    pub mode: String,
    /// Where it stands.
    pub status: ProposalStatus,
    /// From then on silence is a no.
    pub expires_at: Timestamp,
    /// Who is in it, and who has accepted. Who declined isn't told apart from who hasn't answered.
    pub players: Vec<ProposedPlayer>,
    /// The game it became.
    pub game_id: Option<GameId>,
}

/// One of a ready check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct ProposedPlayer {
    /// Who.
    pub player_id: PlayerId,
    /// Team number from 0.
    pub team: u8,
    /// `accepted`, or nothing yet.
    pub answer: Option<Answer>,
}

impl MatchProposed {
    /// What everybody may know of it.
    #[must_use]
    pub fn of(proposal: &Proposal, ticket_id: Option<TicketId>) -> Self {
        let player = |seat: &crate::proposal::ProposalSeat| ProposedPlayer {
            player_id: seat.player_id,
            team: seat.team,
            answer: seat.answer.filter(|answer| *answer == Answer::Accepted),
        };
        Self {
            proposal_id: proposal.id,
            ticket_id,
            mode: proposal.mode.clone(),
            status: proposal.status,
            expires_at: proposal.expires_at,
            players: proposal.seats.iter().map(player).collect(),
            game_id: proposal.game_id,
        }
    }
}

/// Data of `party.invited`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PartyInvited {
    /// Where to.
    pub party_id: PartyId,
    /// By whom.
    pub from: PlayerId,
    /// Until when.
    pub expires_at: Timestamp,
}

/// Data of `party.updated`: the party as its members see it. Who has left gets it once more, and isn't in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PartyUpdated {
    /// The party.
    pub party: PartySnapshot,
}

/// A party on the wire.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PartySnapshot {
    /// Its id.
    pub id: PartyId,
    /// Who leads it.
    pub leader_id: PlayerId,
    /// Everybody in it.
    pub members: Vec<PartyMemberSnapshot>,
    /// Who may come in.
    pub invited: Vec<PlayerId>,
    /// `open`, `queued`, `in_game` or `ended`.
    pub state: PartyState,
    /// Key of the mode it is queued for.
    pub mode: Option<String>,
    /// The ticket it waits with.
    pub ticket_id: Option<TicketId>,
}

/// One of a party on the wire.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PartyMemberSnapshot {
    /// Who.
    pub player_id: PlayerId,
    /// Whether the player has said "ready".
    pub ready: bool,
}

/// What a party does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PartyState {
    /// Nothing yet.
    Open,
    /// Its ticket waits, or is in a ready check.
    Queued,
    /// Its game isn't over.
    InGame,
    /// Everybody has left.
    Ended,
}

impl PartyState {
    /// The word on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Queued => "queued",
            Self::InGame => "in_game",
            Self::Ended => "ended",
        }
    }
}

impl PartySnapshot {
    /// The party, which queued with this live ticket if any.
    #[must_use]
    pub fn of(party: &Party, state: PartyState, now: Timestamp) -> Self {
        let member = |member: &crate::party::PartyMember| PartyMemberSnapshot {
            player_id: member.player_id,
            ready: member.ready,
        };
        let queued = party.queued.as_ref().filter(|_| state == PartyState::Queued);
        Self {
            id: party.id,
            leader_id: party.leader_id,
            members: party.members.iter().map(member).collect(),
            invited: party.invited(now),
            state,
            mode: queued.map(|queued| queued.mode.clone()),
            ticket_id: queued.map(|queued| queued.ticket_id),
        }
    }
}

/// `ticket.updated` to the ticket's players.
pub(crate) fn ticket_updated(ticket: &Ticket, ids: &dyn IdSource, now: Timestamp) -> Event {
    let data = wire(&TicketUpdated { ticket: ticket.into() });
    event(ticket.id, "ticket.updated", &ticket.players(), data, ids, now)
}

/// `match.proposed` to the players of one of its tickets.
pub(crate) fn match_proposed(
    ticket: TicketId,
    players: &[PlayerId],
    proposal: &Proposal,
    ids: &dyn IdSource,
    now: Timestamp,
) -> Event {
    event(ticket, "match.proposed", players, wire(&MatchProposed::of(proposal, Some(ticket))), ids, now)
}

/// `proposal.updated` to everybody in it.
pub(crate) fn proposal_updated(proposal: &Proposal, ids: &dyn IdSource, now: Timestamp) -> Event {
    let aggregate = format!("proposal:{}", proposal.id);
    let data = wire(&MatchProposed::of(proposal, None));
    told(aggregate, "proposal.updated", &proposal.players(), data, ids, now)
}

/// `party.invited` to the one invited.
pub(crate) fn party_invited(party: PartyId, invite: &PartyInvite, ids: &dyn IdSource, now: Timestamp) -> Event {
    let PartyInvite { player_id, from, expires_at, .. } = *invite;
    let data = wire(&PartyInvited { party_id: party, from, expires_at });
    told(format!("party:{party}"), "party.invited", &[player_id], data, ids, now)
}

/// `party.updated` to these players.
pub(crate) fn party_updated(snapshot: PartySnapshot, to: &[PlayerId], ids: &dyn IdSource, now: Timestamp) -> Event {
    let aggregate = format!("party:{}", snapshot.id);
    told(aggregate, "party.updated", to, wire(&PartyUpdated { party: snapshot }), ids, now)
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
    told(format!("ticket:{ticket}"), kind, players, data, ids, now)
}

fn told(
    aggregate: String,
    kind: &'static str,
    players: &[PlayerId],
    data: Value,
    ids: &dyn IdSource,
    at: Timestamp,
) -> Event {
    Event {
        id: EventId::new(ids.uuid(at)),
        aggregate,
        kind: Cow::Borrowed(kind),
        audience: players.iter().copied().map(StreamKey::player).collect(),
        data,
        at,
    }
}

/// These types hold no map with odd keys, so serialising them can't fail.
fn wire(data: &impl Serialize) -> Value {
    serde_json::to_value(data).unwrap_or_default()
}
