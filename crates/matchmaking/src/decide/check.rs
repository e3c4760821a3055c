//! The ready check: the first answer of each is final; one no, or silence at the end, and there is no game.

use kernel::{CoolDown, Engage, Engagement, Event, GameSpec, IdSource, PlayerId, Riders, TicketId, Timestamp};

use super::{end, game, moved};
use crate::change::{Change, ProposalChange, TicketChange};
use crate::error::Error;
use crate::event::{match_found, proposal_updated, ticket_updated};
use crate::model::{Ended, Status, Ticket};
use crate::ports::QueueSpec;
use crate::proposal::{Answer, Proposal, ProposalStatus};

/// What an answer leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// The same answer again.
    Kept,
    /// Others are awaited.
    Awaits(Proposal),
    /// All said yes.
    Confirms(Proposal),
    /// This one said no.
    Fails(Proposal),
}

/// What is written, and what rides along.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) change: Change,
    pub(crate) riders: Riders,
}

/// A player answers.
pub(crate) fn answer(proposal: &Proposal, by: PlayerId, said: Answer, now: Timestamp) -> Result<Verdict, Error> {
    let at = proposal.seats.iter().position(|seat| seat.player_id == by).ok_or(Error::ProposalNotFound)?;
    let before = proposal.seats[at].answer;
    if before == Some(said) {
        return Ok(Verdict::Kept);
    }
    if before.is_some() || proposal.status != ProposalStatus::Open || proposal.is_overdue(now) {
        let state = if proposal.is_overdue(now) { ProposalStatus::Failed } else { proposal.status };
        return Err(Error::Answered { state, answer: before, game_id: proposal.game_id });
    }
    let mut after = proposal.clone();
    after.seats[at].answer = Some(said);
    Ok(match said {
        Answer::Declined => Verdict::Fails(after),
        Answer::Accepted if after.seats.iter().all(|seat| seat.answer == Some(Answer::Accepted)) => {
            Verdict::Confirms(after)
        }
        Answer::Accepted => Verdict::Awaits(after),
    })
}

/// All said yes: their tickets become the game, in which everybody is ready. Refused by the store where two of them
/// keep apart by now.
pub(crate) fn game_of(
    mut proposal: Proposal,
    tickets: &[Ticket],
    spec: &QueueSpec,
    ids: &dyn IdSource,
    now: Timestamp,
) -> (Outcome, GameSpec) {
    let game = game(spec, &proposal.seats, true, ids, now);
    proposal.status = ProposalStatus::Confirmed;
    (proposal.game_id, proposal.ended_at) = (Some(game.id), Some(now));
    let matched = |ticket: &Ticket| {
        moved(ticket, |after| {
            after.status = Status::Matched;
            (after.game_id, after.ended_at) = (Some(game.id), Some(now));
            after.offers = Vec::new();
        })
    };
    let from = Engagement::Proposal(proposal.id);
    let engage = |player| Engage { player, from, to: Engagement::Game(game.id) };
    let riders = Riders {
        together: vec![proposal.players()],
        engage: proposal.players().into_iter().map(engage).collect(),
        open_games: vec![game.clone()],
        events: tickets.iter().map(|ticket| match_found(ticket.id, &ticket.players(), &game, ids, now)).collect(),
        ..Riders::default()
    };
    let tickets = tickets.iter().map(matched).collect();
    (Outcome { change: written(proposal, tickets), riders }, game)
}

/// An answer others wait with: everybody sees how many are missing.
pub(crate) fn without(proposal: Proposal, ids: &dyn IdSource, now: Timestamp) -> Outcome {
    let riders = Riders::events(vec![proposal_updated(&proposal, ids, now)]);
    Outcome { change: written(proposal, Vec::new()), riders }
}

/// There is no game. Whoever said no, or nothing when the time was over, leaves the queue with everybody on the same
/// ticket, and waits out a cool-down; all others go on waiting, with their age and the time they lost. Where nobody is to
/// blame all do.
pub(crate) fn lapse(
    mut proposal: Proposal,
    tickets: &[Ticket],
    cool_down_ms: i64,
    ids: &dyn IdSource,
    now: Timestamp,
) -> Outcome {
    let silent = proposal.is_overdue(now);
    proposal.status = ProposalStatus::Failed;
    proposal.ended_at = Some(now);
    let blame = |ticket: TicketId| {
        let of = proposal.seats.iter().filter(move |seat| seat.ticket_id == ticket);
        let declined = of.clone().any(|seat| seat.answer == Some(Answer::Declined));
        let mute = silent && of.clone().any(|seat| seat.answer.is_none());
        if declined { Some("declined") } else { mute.then_some("no_answer") }
    };
    let to_blame = proposal.seats.iter().filter(|seat| match seat.answer {
        Some(Answer::Declined) => true,
        Some(Answer::Accepted) => false,
        None => silent,
    });
    let until = now.plus_millis(cool_down_ms);
    let cool_downs = to_blame.map(|seat| CoolDown { player: seat.player_id, until }).collect();
    let from = Engagement::Proposal(proposal.id);
    let (mut changes, mut engage, mut events): (Vec<TicketChange>, Vec<Engage>, Vec<Event>) = Default::default();
    for ticket in tickets {
        let change = match blame(ticket.id) {
            Some(reason) => {
                let mut change = end(ticket, Status::Cancelled, Ended::by_player(reason), now);
                change.ticket.proposal_id = None;
                change
            }
            None => moved(ticket, |after| {
                after.status = Status::Searching;
                after.proposal_id = None;
                after.expires_at = ticket.expires_at.plus_millis(now.millis() - proposal.created_at.millis());
            }),
        };
        let to = change.ticket.engagement();
        engage.extend(ticket.players().into_iter().map(|player| Engage { player, from, to }));
        events.push(ticket_updated(&change.ticket, ids, now));
        changes.push(change);
    }
    events.push(proposal_updated(&proposal, ids, now));
    let riders = Riders { engage, cool_downs, events, ..Riders::default() };
    Outcome { change: written(proposal, changes), riders }
}

fn written(mut proposal: Proposal, tickets: Vec<TicketChange>) -> Change {
    let expect = proposal.version;
    proposal.version = expect.next();
    Change { tickets, proposal: Some(ProposalChange { expect, proposal }), party: None }
}
