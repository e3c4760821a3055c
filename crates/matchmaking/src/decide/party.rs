//! The rules of parties. A change of who is in one takes it out of the queue: the ticket stands for these players and
//! nobody else. What it had waited counts when it queues again.

use kernel::{PartyId, PlayerId, Timestamp, Version};

use super::end;
use crate::change::TicketChange;
use crate::error::Error;
use crate::model::{Ended, Status, Ticket};
use crate::party::{Party, PartyInvite, PartyMember, Queued, Waited};

/// For how long a party that was taken out of the queue keeps what it had waited, in milliseconds.
const WAITED_MS: i64 = 300_000;
/// How many players a party may invite at a time.
const INVITES: usize = 16;

/// A player founds a party.
pub(crate) fn found(id: PartyId, by: PlayerId, now: Timestamp) -> Party {
    Party {
        id,
        leader_id: by,
        members: vec![fresh(by, now)],
        invites: Vec::new(),
        queued: None,
        waited: None,
        created_at: now,
        ended_at: None,
        version: Version::NEW,
    }
}

const fn fresh(player_id: PlayerId, joined_at: Timestamp) -> PartyMember {
    PartyMember { player_id, ready: false, joined_at, absent_since: None }
}

fn leads(party: &Party, by: PlayerId) -> Result<(), Error> {
    party.member(by).ok_or(Error::PartyNotFound)?;
    if party.leader_id == by { Ok(()) } else { Err(Error::NotLeader { leader: party.leader_id }) }
}

/// Any member invites a player; again changes nothing but the time it lasts. `None` where the player is in it already.
pub(crate) fn invite(
    party: &Party,
    by: PlayerId,
    to: PlayerId,
    most: usize,
    lasts_ms: i64,
    now: Timestamp,
) -> Result<Option<(Party, PartyInvite)>, Error> {
    party.member(by).ok_or(Error::PartyNotFound)?;
    if by == to {
        return Err(Error::Oneself);
    }
    if party.member(to).is_some() {
        return Ok(None);
    }
    if party.members.len() >= most {
        return Err(Error::PartyFull { most });
    }
    let mut after = party.clone();
    after.invites.retain(|invite| invite.expires_at > now && invite.player_id != to);
    if after.invites.len() >= INVITES {
        return Err(Error::PartyFull { most: INVITES });
    }
    let invite = PartyInvite { player_id: to, from: by, created_at: now, expires_at: now.plus_millis(lasts_ms) };
    after.invites.push(invite.clone());
    Ok(Some((after, invite)))
}

/// The leader, who invited, or the one invited takes an invitation away. `None` where there is none.
pub(crate) fn disband_invite(party: &Party, by: PlayerId, to: PlayerId) -> Result<Option<Party>, Error> {
    let found = party.invites.iter().find(|invite| invite.player_id == to);
    if by != to {
        party.member(by).ok_or(Error::PartyNotFound)?;
        if party.leader_id != by && found.is_none_or(|invite| invite.from != by) {
            return Err(Error::NotLeader { leader: party.leader_id });
        }
    }
    if found.is_none() {
        return if party.member(by).is_some() { Ok(None) } else { Err(Error::PartyNotFound) };
    }
    let mut after = party.clone();
    after.invites.retain(|invite| invite.player_id != to);
    Ok(Some(after))
}

/// Somebody who is invited comes in. `None` where the player is in it already.
pub(crate) fn join(party: &Party, by: PlayerId, most: usize, now: Timestamp) -> Result<Option<Party>, Error> {
    if party.member(by).is_some() {
        return Ok(None);
    }
    party.invite_of(by, now).filter(|_| party.ended_at.is_none()).ok_or(Error::PartyNotFound)?;
    if party.members.len() >= most {
        return Err(Error::PartyFull { most });
    }
    let mut after = party.clone();
    after.invites.retain(|invite| invite.player_id != by);
    after.members.push(fresh(by, now));
    Ok(Some(after))
}

/// A member goes; the one longest in it leads then. With the last one it is over. `None` where the player isn't in it.
pub(crate) fn leave(party: &Party, by: PlayerId, now: Timestamp) -> Option<Party> {
    party.member(by)?;
    let mut after = party.clone();
    after.members.retain(|member| member.player_id != by);
    match after.members.first() {
        Some(first) if after.leader_id == by => after.leader_id = first.player_id,
        Some(_) => {}
        None => {
            after.invites.clear();
            after.ended_at = Some(now);
        }
    }
    Some(after)
}

/// The leader puts a member out.
pub(crate) fn kick(party: &Party, by: PlayerId, who: PlayerId, now: Timestamp) -> Result<Party, Error> {
    leads(party, by)?;
    if by == who {
        return Err(Error::Oneself);
    }
    leave(party, who, now).ok_or(Error::NoMember)
}

/// The leader hands the party over; `None` where that player leads already.
pub(crate) fn promote(party: &Party, by: PlayerId, who: PlayerId) -> Result<Option<Party>, Error> {
    leads(party, by)?;
    if by == who {
        return Ok(None);
    }
    party.member(who).ok_or(Error::NoMember)?;
    let mut after = party.clone();
    after.leader_id = who;
    Ok(Some(after))
}

/// A member is ready, or isn't any more; `None` where nothing changes.
pub(crate) fn ready(party: &Party, by: PlayerId, is_ready: bool) -> Result<Option<Party>, Error> {
    let member = party.member(by).ok_or(Error::PartyNotFound)?;
    if member.ready == is_ready {
        return Ok(None);
    }
    let mut after = party.clone();
    for member in after.members.iter_mut().filter(|member| member.player_id == by) {
        member.ready = is_ready;
    }
    Ok(Some(after))
}

/// A member is away since then, or back; `None` where the party knows, or the player isn't in it.
pub(crate) fn set_absent(party: &Party, who: PlayerId, since: Option<Timestamp>) -> Option<Party> {
    let member = party.member(who)?;
    if member.absent_since.is_some() == since.is_some() {
        return None;
    }
    let mut after = party.clone();
    for member in after.members.iter_mut().filter(|member| member.player_id == who) {
        member.absent_since = since;
    }
    Some(after)
}

/// Whether these may queue for teams of this size, and since when they count as waiting.
pub(crate) fn queue(
    party: &Party,
    by: PlayerId,
    mode: &str,
    team_size: u8,
    now: Timestamp,
) -> Result<Timestamp, Error> {
    leads(party, by)?;
    let awaited = party.members.iter().filter(|member| !member.ready && member.player_id != by);
    let players: Vec<_> = awaited.map(|member| member.player_id).collect();
    if !players.is_empty() {
        return Err(Error::NotReady { players });
    }
    if party.members.len() > usize::from(team_size) {
        return Err(Error::PartyTooLarge { team_size });
    }
    let waited = party.waited.as_ref().filter(|waited| waited.mode == mode && waited.until > now);
    Ok(now.plus_millis(-waited.map_or(0, |waited| waited.wait_ms)))
}

/// The party with its new ticket.
pub(crate) fn queued(party: &Party, ticket: &Ticket) -> Party {
    let mut after = party.clone();
    after.queued = Some(Queued { ticket_id: ticket.id, mode: ticket.mode.clone() });
    after.waited = None;
    after
}

/// Takes the party out of the queue it waits in. Refused in a ready check, where everybody has to answer first; a ticket
/// that is over has no part in it.
pub(crate) fn unqueue(
    party: &mut Party,
    ticket: Option<&Ticket>,
    now: Timestamp,
) -> Result<Option<TicketChange>, Error> {
    let Some(ticket) = ticket else {
        party.queued = None;
        return Ok(None);
    };
    match ticket.status {
        Status::Proposed => Err(Error::PartyBusy { state: Status::Proposed }),
        Status::Searching => {
            let wait_ms = (now.millis() - ticket.created_at.millis()).max(0);
            party.waited = Some(Waited { mode: ticket.mode.clone(), wait_ms, until: now.plus_millis(WAITED_MS) });
            party.queued = None;
            Ok(Some(end(ticket, Status::Cancelled, Ended::by_player("party_changed"), now)))
        }
        _ => {
            party.queued = None;
            Ok(None)
        }
    }
}
