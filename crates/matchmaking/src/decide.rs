//! The rules of a ticket's life: pure, time and ids come in.

use kernel::{Engagement, GameId, GameSpec, IdSource, PlayerId, RosterSeat, SessionSecret, Timestamp, Version};

use crate::change::{Claim, ClaimedTicket, TicketChange};
use crate::error::Error;
use crate::event::match_found;
use crate::kinetic::Pair;
use crate::model::{Ended, Status, Ticket};
use crate::ports::QueueSpec;

/// Whether a mode can be queued for now.
pub(crate) fn queueable(spec: Option<QueueSpec>) -> Result<QueueSpec, Error> {
    let spec = spec.ok_or(Error::UnknownMode)?;
    if !spec.enabled {
        return Err(Error::ModeDisabled);
    }
    if spec.is_supported() {
        return Ok(spec);
    }
    Err(Error::UnsupportedMode(if u16::from(spec.teams) * u16::from(spec.team_size) < 2 {
        "this mode is played alone: start it with POST /api/v1/games"
    } else {
        "Quick Match takes modes of one against one for now"
    }))
}

/// What to tell a player who wants to queue while engaged like this.
pub(crate) const fn engaged(current: Engagement) -> Option<Error> {
    match current {
        Engagement::Idle => None,
        Engagement::Ticket(id) => Some(Error::AlreadyQueued(id)),
        Engagement::Proposal(id) => Some(Error::InProposal(id)),
        Engagement::Game(id) => Some(Error::InGame(id)),
    }
}

/// Takes a ticket back: `None` when that has happened already.
pub(crate) fn cancel(ticket: &Ticket, now: Timestamp) -> Result<Option<TicketChange>, Error> {
    match ticket.status {
        Status::Cancelled => Ok(None),
        Status::Searching if !ticket.is_overdue(now) => {
            let ended = Ended { reason: "cancelled".into(), by: "player".into(), alternatives: Vec::new() };
            Ok(Some(end(ticket, Status::Cancelled, ended, now)))
        }
        // Past its expiry a ticket is expired, whether or not that has been written.
        Status::Searching => Err(Error::StateChanged { state: Status::Expired, game_id: None }),
        state => Err(Error::StateChanged { state, game_id: ticket.game_id }),
    }
}

/// Ends a ticket whose time is over; `None` if it isn't.
pub(crate) fn expire(ticket: &Ticket, alternatives: Vec<String>, now: Timestamp) -> Option<TicketChange> {
    ticket.is_overdue(now).then(|| {
        let ended = Ended { reason: "no_opponent".into(), by: "service".into(), alternatives };
        end(ticket, Status::Expired, ended, now)
    })
}

/// Ends a ticket whose player entered something else another way; nothing follows but the row's new state.
pub(crate) fn supersede(ticket: &Ticket, now: Timestamp) -> TicketChange {
    let ended = Ended { reason: "superseded".into(), by: "player".into(), alternatives: Vec::new() };
    end(ticket, Status::Cancelled, ended, now)
}

fn end(ticket: &Ticket, status: Status, ended: Ended, now: Timestamp) -> TicketChange {
    let mut after = ticket.clone();
    after.status = status;
    after.ended = Some(ended);
    after.ended_at = Some(now);
    after.version = ticket.version.next();
    TicketChange { expect: ticket.version, ticket: after }
}

/// Other modes to try: enabled ones that can be queued for.
pub(crate) fn alternatives(queues: &[QueueSpec], besides: &str) -> Vec<String> {
    let open = queues.iter().filter(|spec| spec.enabled && spec.is_supported() && spec.mode != besides);
    open.map(|spec| spec.mode.clone()).collect()
}

/// A new ticket's change.
pub(crate) fn open(mut ticket: Ticket) -> TicketChange {
    ticket.version = Version::NEW.next();
    TicketChange { expect: Version::NEW, ticket }
}

/// Turns a pair into a claim: a fresh game, seats drawn by lot, a secret for each player.
pub(crate) fn claim(pair: &Pair, spec: &QueueSpec, ids: &dyn IdSource, now: Timestamp) -> Claim {
    let mut tickets: Vec<_> = [&pair.older, &pair.younger]
        .map(|waiting| ClaimedTicket { ticket: waiting.seed.id, player: waiting.seed.player })
        .into();
    let mut players: Vec<_> = tickets.iter().map(|claimed| claimed.player).collect();
    shuffle(&mut players, ids);
    let seat = |(seat, player_id): (u8, PlayerId)| RosterSeat {
        player_id,
        team: seat % spec.teams.max(1),
        seat,
        secret: SessionSecret(ids.secret()),
    };
    let game = GameSpec {
        id: GameId::new(ids.uuid(now)),
        mode: spec.mode.clone(),
        rated: spec.rated,
        seed: ids.seed(),
        roster: (0..).zip(players).map(seat).collect(),
        ready_due_at: now.plus_millis(spec.ready_ms),
        created_at: now,
    };
    tickets.sort_by_key(|claimed| claimed.player);
    let told = |claimed: &ClaimedTicket| match_found(claimed.ticket, &[claimed.player], &game, ids, now);
    Claim { events: tickets.iter().map(told).collect(), tickets, game, at: now }
}

/// Fisher–Yates; the bias of a remainder of 64 bits is nobody's advantage.
fn shuffle<T>(items: &mut [T], ids: &dyn IdSource) {
    for last in (1..items.len()).rev() {
        let draw = usize::try_from(ids.seed()).unwrap_or_default() % (last + 1);
        items.swap(last, draw);
    }
}
