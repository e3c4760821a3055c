//! The rules of a ticket's life: pure, time and ids come in.

mod check;
mod party;

use kernel::{
    Engagement, FieldError, GameId, GameSpec, IdSource, PlayerId, ProposalId, RosterSeat, SessionSecret, Timestamp,
    Version,
};

use crate::change::{Claim, ClaimedTicket, Makes, TicketChange};
use crate::error::Error;
use crate::event::{match_found, match_proposed};
use crate::model::{Alternative, AlternativeKind, Ended, Status, Ticket, Wishes};
use crate::ports::QueueSpec;
use crate::proposal::{Proposal, ProposalSeat, ProposalStatus};

pub(crate) use check::{Outcome, Verdict, answer, game_of, lapse, without};
pub(crate) use party::{
    disband_invite, found, invite, join, kick, leave, promote, queue, queued, ready, set_absent, unqueue,
};

/// Whether a mode can be queued for now.
pub(crate) fn queueable(spec: Option<QueueSpec>) -> Result<QueueSpec, Error> {
    let spec = spec.ok_or(Error::UnknownMode)?;
    match (spec.enabled, spec.is_matched()) {
        (false, _) => Err(Error::ModeDisabled),
        (true, false) => Err(Error::UnsupportedMode),
        (true, true) => Ok(spec),
    }
}

/// How many regions and attributes a ticket may name.
const NAMED: usize = 16;
/// The longest name or value, in characters.
const LONGEST: usize = 64;
/// No connection is slower, in milliseconds.
const SLOWEST_MS: u32 = 60_000;

/// What of these wishes the mode has rules for; the rest changes nothing.
pub(crate) fn wishes(spec: &QueueSpec, asked: &Wishes) -> Result<Wishes, Error> {
    let mut wrong = Vec::new();
    let fits = |text: &str| (1..=LONGEST).contains(&text.chars().count()) && !text.chars().any(char::is_control);
    for (pointer, count) in [("/region_latencies_ms", asked.latencies.len()), ("/attributes", asked.attributes.len())] {
        if count > NAMED {
            wrong.push(FieldError::new(pointer, "too_many", format!("At most {NAMED} can be named.")));
        }
    }
    for (region, latency) in &asked.latencies {
        if !fits(region) || *latency > SLOWEST_MS {
            let words = format!("A region has 1 to {LONGEST} characters, and a latency is at most {SLOWEST_MS} ms.");
            wrong.push(FieldError::new("/region_latencies_ms", "invalid", words));
        }
    }
    if asked.attributes.iter().any(|(key, value)| !fits(key) || !fits(value)) {
        let words = format!("Names and values have 1 to {LONGEST} characters.");
        wrong.push(FieldError::new("/attributes", "invalid", words));
    }
    if !wrong.is_empty() {
        return Err(Error::BadWishes(wrong));
    }
    let ruled = |key: &String| spec.attributes.iter().any(|rule| rule.key == *key);
    let mut wishes = asked.clone();
    wishes.attributes.retain(|key, _| ruled(key));
    if spec.latency_cap_ms.is_none() {
        wishes.latencies.clear();
    }
    Ok(wishes)
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
            Ok(Some(end(ticket, Status::Cancelled, Ended::by_player("cancelled"), now)))
        }
        // Past its expiry a ticket is expired, whether or not that has been written.
        Status::Searching => Err(Error::StateChanged { state: Status::Expired, game_id: None }),
        state => Err(Error::StateChanged { state, game_id: ticket.game_id }),
    }
}

/// Ends a ticket whose time is over; `None` if it isn't.
pub(crate) fn expire(ticket: &Ticket, alternatives: Vec<Alternative>, now: Timestamp) -> Option<TicketChange> {
    ticket.is_overdue(now).then(|| {
        let ended = Ended::by_service("no_opponent", alternatives);
        end(ticket, Status::Expired, ended, now)
    })
}

/// Ends a ticket one of whose players is away for too long; `None` if it isn't waiting.
pub(crate) fn detach(ticket: &Ticket, now: Timestamp) -> Option<TicketChange> {
    let waits = ticket.status == Status::Searching && ticket.detached_at.is_some();
    waits.then(|| end(ticket, Status::Cancelled, Ended::by_service("detached", Vec::new()), now))
}

/// Ends a ticket whose mode takes none any more; `None` if it isn't waiting.
pub(crate) fn switch_off(ticket: &Ticket, alternatives: Vec<Alternative>, now: Timestamp) -> Option<TicketChange> {
    let ended = Ended::by_service("mode_disabled", alternatives);
    (ticket.status == Status::Searching).then(|| end(ticket, Status::Failed, ended, now))
}

/// Ends a ticket whose player entered something else another way; nothing follows but the row's new state.
pub(crate) fn supersede(ticket: &Ticket, now: Timestamp) -> TicketChange {
    end(ticket, Status::Cancelled, Ended::by_player("superseded"), now)
}

/// One of its players is away, or all are back; `None` if the ticket knows, or doesn't wait.
pub(crate) fn attach(ticket: &Ticket, away_since: Option<Timestamp>) -> Option<TicketChange> {
    if ticket.status.is_final() || ticket.detached_at.is_some() == away_since.is_some() {
        return None;
    }
    Some(moved(ticket, |after| after.detached_at = away_since))
}

/// Offers something else to somebody who waits for long; `None` where that has happened.
pub(crate) fn offer(ticket: &Ticket, offers: Vec<Alternative>, now: Timestamp) -> Option<TicketChange> {
    if ticket.status != Status::Searching || ticket.offered_at.is_some() {
        return None;
    }
    Some(moved(ticket, |after| (after.offers, after.offered_at) = (offers, Some(now))))
}

pub(crate) fn end(ticket: &Ticket, status: Status, ended: Ended, now: Timestamp) -> TicketChange {
    moved(ticket, |after| {
        after.status = status;
        after.ended = Some(ended);
        after.ended_at = Some(now);
        after.detached_at = None;
        after.offers = Vec::new();
    })
}

pub(crate) fn moved(ticket: &Ticket, change: impl FnOnce(&mut Ticket)) -> TicketChange {
    let mut after = ticket.clone();
    change(&mut after);
    after.version = ticket.version.next();
    TicketChange { expect: ticket.version, ticket: after }
}

/// What could be tried instead: the practice bot of this mode, the modes that the ticket's players fit into, and where
/// the wait is over, the same mode once more.
pub(crate) fn alternatives(queues: &[QueueSpec], ticket: &Ticket, again: bool) -> Vec<Alternative> {
    let of = |kind, mode: &str| Alternative { kind, mode: mode.to_owned() };
    let here = queues.iter().find(|spec| spec.mode == ticket.mode && spec.enabled);
    let bot = here.filter(|spec| spec.practice && ticket.members.len() == 1);
    let fits = |spec: &&QueueSpec| {
        spec.enabled
            && spec.is_matched()
            && spec.mode != ticket.mode
            && ticket.members.len() <= usize::from(spec.team_size)
    };
    let mut found: Vec<_> = bot.into_iter().map(|spec| of(AlternativeKind::PracticeBot, &spec.mode)).collect();
    found.extend(queues.iter().filter(fits).map(|spec| of(AlternativeKind::Mode, &spec.mode)));
    found.extend(here.filter(|_| again).map(|spec| of(AlternativeKind::WiderRange, &spec.mode)));
    found
}

/// A new ticket's change.
pub(crate) fn open(mut ticket: Ticket) -> TicketChange {
    ticket.version = Version::NEW.next();
    TicketChange { expect: Version::NEW, ticket }
}

/// Turns teams of tickets that fit together into a claim: teams and seats drawn by lot, and a fresh game, or a ready
/// check where the mode has one.
pub(crate) fn claim(teams: Vec<Vec<ClaimedTicket>>, spec: &QueueSpec, ids: &dyn IdSource, now: Timestamp) -> Claim {
    let seats = draw(&teams, ids);
    let mut tickets: Vec<_> = teams.into_iter().flatten().collect();
    tickets.sort_by_key(|claimed| claimed.ticket);
    match spec.check_ms {
        Some(check_ms) => {
            let proposal = Proposal {
                id: ProposalId::new(ids.uuid(now)),
                mode: spec.mode.clone(),
                status: ProposalStatus::Open,
                seats,
                game_id: None,
                created_at: now,
                expires_at: now.plus_millis(check_ms),
                ended_at: None,
                version: Version::NEW.next(),
            };
            let told = |claimed: &ClaimedTicket| match_proposed(claimed.ticket, &claimed.players, &proposal, ids, now);
            Claim { events: tickets.iter().map(told).collect(), tickets, makes: Makes::Proposal(proposal), at: now }
        }
        None => {
            let game = game(spec, &seats, false, ids, now);
            let told = |claimed: &ClaimedTicket| match_found(claimed.ticket, &claimed.players, &game, ids, now);
            Claim { events: tickets.iter().map(told).collect(), tickets, makes: Makes::Game(game), at: now }
        }
    }
}

/// Who sits where: the order of teams and within each by lot; the seats of a team are `teams` apart.
fn draw(teams: &[Vec<ClaimedTicket>], ids: &dyn IdSource) -> Vec<ProposalSeat> {
    let mut order: Vec<usize> = (0..teams.len()).collect();
    shuffle(&mut order, ids);
    let mut seats = Vec::new();
    for (team, nth) in (0..).zip(order) {
        let mut players: Vec<(PlayerId, &ClaimedTicket)> = Vec::new();
        for claimed in &teams[nth] {
            players.extend(claimed.players.iter().map(|player| (*player, claimed)));
        }
        shuffle(&mut players, ids);
        for (row, (player_id, claimed)) in (0_u8..).zip(players) {
            let seat = row.saturating_mul(u8::try_from(teams.len()).unwrap_or(u8::MAX)).saturating_add(team);
            seats.push(ProposalSeat { player_id, ticket_id: claimed.ticket, team, seat, answer: None });
        }
    }
    seats.sort_by_key(|seat| seat.seat);
    seats
}

/// The game of these seats.
fn game(spec: &QueueSpec, seats: &[ProposalSeat], ready: bool, ids: &dyn IdSource, now: Timestamp) -> GameSpec {
    let seat = |seat: &ProposalSeat| RosterSeat {
        player_id: seat.player_id,
        team: seat.team,
        seat: seat.seat,
        secret: SessionSecret(ids.secret()),
    };
    GameSpec {
        id: GameId::new(ids.uuid(now)),
        mode: spec.mode.clone(),
        rated: spec.rated,
        seed: ids.seed(),
        roster: seats.iter().map(seat).collect(),
        ready_due_at: if ready { now } else { now.plus_millis(spec.ready_ms) },
        ready,
        created_at: now,
    }
}

/// Fisher–Yates; the bias of a remainder of 64 bits is nobody's advantage.
fn shuffle<T>(items: &mut [T], ids: &dyn IdSource) {
    for last in (1..items.len()).rev() {
        let draw = usize::try_from(ids.seed()).unwrap_or_default() % (last + 1);
        items.swap(last, draw);
    }
}
