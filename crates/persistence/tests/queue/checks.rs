//! What must hold once everybody has come to rest.

use std::collections::{BTreeMap, BTreeSet};

use kernel::{Engagement, GameId, PlayerId, ProposalId, TicketId};
use matchmaking::{Answer, ProposalStatus, Status, Ticket};
use serde_json::Value;

use crate::world::{World, queue};

/// A match as it was told.
struct Match {
    mode: String,
    /// Team of each player.
    roster: BTreeMap<PlayerId, u64>,
    tickets: BTreeSet<TicketId>,
}

fn id<T: std::str::FromStr>(value: &Value) -> Option<T> {
    value.as_str()?.parse().ok()
}

/// Everything that is wrong, in words.
pub(crate) async fn violations(world: &World) -> Vec<String> {
    let mut wrong = Vec::new();
    let matches = told(world, &mut wrong).await;
    let tickets = tickets(world, &matches, &mut wrong).await;
    whole(&tickets, &matches, &mut wrong);
    checks(world, &tickets, &mut wrong).await;
    engagements(world, &tickets, &matches, &mut wrong).await;
    parties(world, &mut wrong).await;
    wrong
}

/// The matches, from their events; in the order of commits, none across a block.
async fn told(world: &World, wrong: &mut Vec<String>) -> BTreeMap<GameId, Match> {
    let mut rows = world.rows.lock().await.clone();
    // A relay whose lease lapsed, because time jumped, hands rows on twice.
    rows.sort_by_key(|row| row.seq);
    rows.dedup_by_key(|row| row.seq);
    let mut blocks: BTreeSet<(PlayerId, PlayerId)> = BTreeSet::new();
    let mut matches: BTreeMap<GameId, Match> = BTreeMap::new();
    for row in rows {
        let data = &row.event.data;
        let sides = (id(&data["blocker"]), id(&data["blocked"]));
        match (&*row.event.kind, sides) {
            ("block.placed", (Some(blocker), Some(blocked))) => _ = blocks.insert((blocker, blocked)),
            ("block.lifted", (Some(blocker), Some(blocked))) => _ = blocks.remove(&(blocker, blocked)),
            ("match.found", _) => {
                let (Some(game), Some(ticket)) = (id(&data["game"]["id"]), id(&data["ticket_id"])) else {
                    wrong.push(format!("a match names no game or ticket: {data}"));
                    continue;
                };
                let seats = data["game"]["roster"].as_array().into_iter().flatten();
                let seat = |seat: &Value| Some((id(&seat["player_id"])?, seat["team"].as_u64()?));
                let found = matches.entry(game).or_insert_with(|| Match {
                    mode: data["game"]["mode"].as_str().unwrap_or_default().to_owned(),
                    roster: seats.filter_map(seat).collect(),
                    tickets: BTreeSet::new(),
                });
                if !found.tickets.insert(ticket) {
                    wrong.push(format!("ticket {ticket} was told twice of game {game}"));
                }
                for (blocker, blocked) in &blocks {
                    if found.roster.contains_key(blocker) && found.roster.contains_key(blocked) {
                        wrong.push(format!("{blocker} and {blocked} came together across a block in {game}"));
                    }
                }
            }
            _ => {}
        }
    }
    matches
}

/// Every ticket that was made ended once, in one way, and within its life.
async fn tickets(
    world: &World,
    matches: &BTreeMap<GameId, Match>,
    wrong: &mut Vec<String>,
) -> BTreeMap<TicketId, Ticket> {
    let (submitted, cancelled) = {
        let seen = world.seen.lock().expect("nobody panics holding it");
        (seen.submitted.clone(), seen.cancelled.clone())
    };
    let mut tickets = BTreeMap::new();
    for ticket_id in submitted {
        let Some(ticket) = matchmaking::TicketStore::load(&*world.store, ticket_id).await.expect("the store answers")
        else {
            wrong.push(format!("ticket {ticket_id} is lost"));
            continue;
        };
        let of_it: Vec<_> = matches.iter().filter(|(_, found)| found.tickets.contains(&ticket_id)).collect();
        match (ticket.status, of_it.as_slice()) {
            (Status::Matched, [(game, _)]) if ticket.game_id == Some(**game) => {}
            (Status::Matched, []) => wrong.push(format!("no such match: {:?} of ticket {ticket_id}", ticket.game_id)),
            (Status::Cancelled | Status::Expired, []) => {}
            (status, of_it) => {
                wrong.push(format!("ticket {ticket_id} is {status} and in {} matches", of_it.len()));
            }
        }
        if cancelled.contains(&ticket_id) && ticket.status != Status::Cancelled {
            wrong.push(format!("ticket {ticket_id} was taken back and is {}", ticket.status));
        }
        tickets.insert(ticket_id, ticket);
    }
    for (game, found) in matches {
        for ticket in found.tickets.iter().filter(|ticket| !tickets.contains_key(ticket)) {
            wrong.push(format!("game {game} has a ticket nobody made: {ticket}"));
        }
    }
    tickets
}

/// Sizes are exact, teams are full, and those of one ticket are in one team.
fn whole(tickets: &BTreeMap<TicketId, Ticket>, matches: &BTreeMap<GameId, Match>, wrong: &mut Vec<String>) {
    for (game, found) in matches {
        let spec = queue(&found.mode);
        let mut teams: BTreeMap<u64, usize> = BTreeMap::new();
        for team in found.roster.values() {
            *teams.entry(*team).or_default() += 1;
        }
        let full =
            teams.len() == usize::from(spec.teams) && teams.values().all(|size| *size == usize::from(spec.team_size));
        if !full {
            wrong.push(format!("game {game} of {} has teams {teams:?}", found.mode));
        }
        let of_it: Vec<&Ticket> = found.tickets.iter().filter_map(|ticket| tickets.get(ticket)).collect();
        let players: usize = of_it.iter().map(|ticket| ticket.members.len()).sum();
        if players != found.roster.len() {
            wrong.push(format!("game {game} has {} players of {players} on its tickets", found.roster.len()));
        }
        for ticket in of_it {
            let teams: BTreeSet<_> = ticket.players().iter().map(|player| found.roster.get(player)).collect();
            if teams.len() != 1 || teams.contains(&None) {
                wrong.push(format!("ticket {} is split in game {game}: {teams:?}", ticket.id));
            }
        }
    }
}

/// A ready check is over, and made a game exactly if all said yes.
async fn checks(world: &World, tickets: &BTreeMap<TicketId, Ticket>, wrong: &mut Vec<String>) {
    let known: BTreeSet<ProposalId> = tickets.values().filter_map(|ticket| ticket.proposal_id).collect();
    for proposal_id in known {
        let found = world.proposals.proposal(proposal_id).await.expect("the store answers");
        let Some(check) = found else {
            wrong.push(format!("ready check {proposal_id} is lost"));
            continue;
        };
        let all = check.seats.iter().all(|seat| seat.answer == Some(Answer::Accepted));
        let of_it = tickets.values().filter(|ticket| ticket.proposal_id == Some(proposal_id));
        match check.status {
            ProposalStatus::Open => wrong.push(format!("ready check {proposal_id} never ended")),
            ProposalStatus::Confirmed => {
                if !all || of_it.clone().any(|ticket| ticket.game_id != check.game_id) {
                    wrong.push(format!("ready check {proposal_id} became a game without everybody"));
                }
            }
            ProposalStatus::Failed => {
                if of_it.clone().any(|ticket| ticket.status == Status::Matched) {
                    wrong.push(format!("ready check {proposal_id} failed and made a match"));
                }
            }
        }
    }
}

/// Whatever a player is held by stands, and holds the player.
async fn engagements(
    world: &World,
    tickets: &BTreeMap<TicketId, Ticket>,
    matches: &BTreeMap<GameId, Match>,
    wrong: &mut Vec<String>,
) {
    let ended = world.seen.lock().expect("nobody panics holding it").ended.clone();
    let doing = world.engagements.current(&world.players).await.expect("the store answers");
    for (player, doing) in world.players.iter().zip(doing) {
        let stands = match doing {
            Engagement::Idle => true,
            Engagement::Game(game) => {
                !ended.contains(&game) && matches.get(&game).is_some_and(|found| found.roster.contains_key(player))
            }
            Engagement::Ticket(ticket) => {
                tickets.get(&ticket).is_some_and(|ticket| ticket.status == Status::Searching && ticket.has(*player))
            }
            Engagement::Proposal(_) => false,
        };
        if !stands {
            wrong.push(format!("{player} is held by {doing:?}, which doesn't stand"));
        }
    }
    let live = tickets.values().filter(|ticket| !ticket.status.is_final());
    wrong.extend(live.map(|ticket| format!("ticket {} is {} and never ended", ticket.id, ticket.status)));
}

/// A player is in the party that lists the player, and in no other; nobody is with somebody blocked.
async fn parties(world: &World, wrong: &mut Vec<String>) {
    let blocks = world.seen.lock().expect("nobody panics holding it").blocks.clone();
    for player in &world.players {
        let Some(party) = world.parties.party_of(*player).await.expect("the store answers") else { continue };
        if party.member(*player).is_none() || party.member(party.leader_id).is_none() || party.ended_at.is_some() {
            wrong.push(format!("{player} is in an odd party: {party:?}"));
        }
        for ((blocker, blocked), _) in blocks.iter().filter(|(_, stands)| **stands) {
            if party.member(*blocker).is_some() && party.member(*blocked).is_some() {
                wrong.push(format!("{blocker} and {blocked} share party {} across a block", party.id));
            }
        }
    }
}
