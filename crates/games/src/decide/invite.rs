//! Invitations: made, answered, taken back, run out.

use kernel::{FieldError, InviteId, PlayerId, Timestamp};

use super::draft::Draft;
use super::private::{InviteWindows, Joining, Offer, free_seats, proceed, seat, send, tell};
use super::window::{late_until, play_late};
use super::{Decided, in_time, seat_of};
use crate::error::Error;
use crate::mode::Mode;
use crate::model::{Ended, Game};
use crate::words::{InviteState, PlayerStatus, Status};

/// The most invitations one game keeps; ended ones stay in it.
const MOST: usize = 64;

/// Why a player declined is cut to so many characters.
const REASON: usize = 200;

/// Somebody seated invites a player, or makes a link. While the same invitation is open that changes nothing.
///
/// # Errors
/// [`Error::NotFound`] or [`Error::NotAPlayer`], [`Error::NotWaiting`], [`Error::DeadlinePassed`], [`Error::Left`],
/// [`Error::Full`], [`Error::BadInvitees`] with the pointer `/player_id` or `/link`; checked in this order.
pub fn invite(
    game: &Game,
    mode: &Mode,
    by: PlayerId,
    offer: &Offer,
    windows: InviteWindows,
    now: Timestamp,
) -> Decided {
    let at = seat_of(game, by)?;
    let until = joinable_until(game, mode, now)?;
    if !game.players[at].status.engaged() {
        return Err(Error::Left { state: game.status });
    }
    let to = offer.player();
    if open_like(game, to).is_some() {
        return Ok(None);
    }
    let refuse = |at: &str, code, why: &str| Err(Error::BadInvitees(vec![FieldError::new(at, code, why)]));
    if to == Some(by) {
        return refuse("/player_id", "self", "You have a seat already: invite others.");
    }
    if to.is_some_and(|to| game.player(to).is_some()) {
        return refuse("/player_id", "seated", "This player has a seat already.");
    }
    let asked = game.invites.iter().filter(|invite| invite.state.open() && invite.to.is_some()).count();
    let free = free_seats(game, mode);
    if free == 0 || (to.is_some() && asked >= free) {
        return Err(Error::Full { state: game.status });
    }
    if game.invites.len() >= MOST {
        let at = if to.is_some() { "/player_id" } else { "/link" };
        return refuse(at, "too_many", "This game has had too many invitations: make another one.");
    }
    let left = until.map_or(i64::MAX, |until| until.millis().saturating_sub(now.millis()));
    let windows = InviteWindows { player_ms: windows.player_ms.min(left), link_ms: windows.link_ms.min(left) };
    let mut draft = Draft::of(game, now);
    send(&mut draft, by, offer, windows);
    if game.status == Status::Created {
        proceed(&mut draft, mode, None);
    }
    Ok(Some(draft.into_change()))
}

/// The open invitation to this player, or the open link.
#[must_use]
pub fn open_like(game: &Game, to: Option<PlayerId>) -> Option<&crate::invite::Invite> {
    game.invites.iter().find(|invite| invite.state.open() && invite.to == to)
}

/// Whether seats can be taken now, and until when if that ends before the invitations do.
fn joinable_until(game: &Game, mode: &Mode, now: Timestamp) -> Result<Option<Timestamp>, Error> {
    let until = match game.status {
        Status::Created => None,
        Status::InProgress => match late_until(game, mode).filter(|until| now < *until) {
            Some(until) => Some(until),
            None => return Err(Error::NotWaiting { state: game.status }),
        },
        Status::WaitingReady if free_seats(game, mode) == 0 => return Err(Error::Full { state: game.status }),
        state => return Err(Error::NotWaiting { state }),
    };
    in_time(game, now)?;
    Ok(until)
}

/// A player accepts the invitation and is seated. Accepting again changes nothing.
///
/// # Errors
/// [`Error::InviteNotFound`] if it isn't this player's, [`Error::InviteNotOpen`], [`Error::DeadlinePassed`],
/// [`Error::Full`], [`Error::Busy`].
pub fn accept(
    game: &Game,
    mode: &Mode,
    by: PlayerId,
    invite: InviteId,
    joining: &Joining<'_>,
    now: Timestamp,
) -> Decided {
    let at = game.invites.iter().position(|i| i.id == invite && i.to == Some(by)).ok_or(Error::InviteNotFound)?;
    join(game, mode, by, at, joining, now)
}

/// A player takes a seat by a link. Doing it again changes nothing.
///
/// # Errors
/// [`Error::InviteNotFound`] if there is no such link, else as [`accept`].
pub fn redeem(game: &Game, mode: &Mode, by: PlayerId, code: &str, joining: &Joining<'_>, now: Timestamp) -> Decided {
    let is_it = |invite: &crate::invite::Invite| invite.code.as_deref() == Some(code);
    let at = game.invites.iter().position(is_it).ok_or(Error::InviteNotFound)?;
    join(game, mode, by, at, joining, now)
}

fn join(game: &Game, mode: &Mode, by: PlayerId, at: usize, joining: &Joining<'_>, now: Timestamp) -> Decided {
    let invite = &game.invites[at];
    let state = invite.state;
    let seated = game.player(by).is_some_and(|player| player.status != PlayerStatus::Invited);
    if seated && (state.open() || state == InviteState::Accepted) {
        return Ok(None);
    }
    if !state.open() {
        let taken = invite.to.is_none() && state == InviteState::Accepted;
        return Err(if taken { Error::Full { state: game.status } } else { Error::InviteNotOpen { state } });
    }
    if invite.expires_at <= now {
        return Err(Error::InviteNotOpen { state: InviteState::Expired });
    }
    joinable_until(game, mode, now)?;
    let mut draft = Draft::of(game, now);
    let seat = seat(&mut draft, mode, by, joining)?;
    if game.status == Status::Created {
        proceed(&mut draft, mode, None);
    } else {
        if free_seats(&draft.game, mode) == 0 {
            seats_are_taken(&mut draft);
        }
        play_late(&mut draft, seat);
    }
    Ok(Some(draft.into_change()))
}

/// The invited player says no. Saying it again changes nothing.
///
/// # Errors
/// [`Error::InviteNotFound`] if it isn't this player's, [`Error::InviteNotOpen`].
pub fn decline(
    game: &Game,
    mode: &Mode,
    by: PlayerId,
    invite: InviteId,
    reason: Option<&str>,
    now: Timestamp,
) -> Decided {
    let at = game.invites.iter().position(|i| i.id == invite && i.to == Some(by)).ok_or(Error::InviteNotFound)?;
    let reason = reason.map(|text| text.chars().take(REASON).collect());
    end(game, mode, at, InviteState::Declined, reason, Ended::by_player("declined", by), now)
}

/// Who made the invitation, or the game, takes it back. Doing it again changes nothing.
///
/// # Errors
/// [`Error::InviteNotFound`] for everybody else, [`Error::InviteNotOpen`].
pub fn cancel(game: &Game, mode: &Mode, by: PlayerId, invite: InviteId, now: Timestamp) -> Decided {
    let own = |i: &crate::invite::Invite| i.id == invite && (i.from == by || game.origin.host == Some(by));
    let at = game.invites.iter().position(own).ok_or(Error::InviteNotFound)?;
    end(game, mode, at, InviteState::Cancelled, None, Ended::by_player("cancelled", by), now)
}

fn end(
    game: &Game,
    mode: &Mode,
    at: usize,
    into: InviteState,
    reason: Option<String>,
    ended: Ended,
    now: Timestamp,
) -> Decided {
    let state = game.invites[at].state;
    if state == into {
        return Ok(None);
    }
    if !state.open() {
        return Err(Error::InviteNotOpen { state });
    }
    in_time(game, now)?;
    let mut draft = Draft::of(game, now);
    close(&mut draft, at, into, reason);
    if game.status == Status::Created {
        proceed(&mut draft, mode, Some(ended));
    }
    Ok(Some(draft.into_change()))
}

/// Ends one invitation, and gives up the seat that was kept for its player.
fn close(draft: &mut Draft<'_>, at: usize, into: InviteState, reason: Option<String>) {
    let invite = &mut draft.game.invites[at];
    (invite.state, invite.reason) = (into, reason);
    let to = invite.to;
    if into != InviteState::Accepted {
        draft.game.players.retain(|p| p.status != PlayerStatus::Invited || Some(p.player_id) != to);
    }
    tell(draft, at);
}

/// Ends every open invitation that `which` chooses; says how many.
pub(super) fn close_where(
    draft: &mut Draft<'_>,
    which: impl Fn(&crate::invite::Invite) -> bool,
    into: InviteState,
) -> usize {
    let chosen = |(at, invite): (usize, &crate::invite::Invite)| (invite.state.open() && which(invite)).then_some(at);
    let chosen: Vec<_> = draft.game.invites.iter().enumerate().filter_map(chosen).collect();
    for at in &chosen {
        close(draft, *at, into, None);
    }
    chosen.len()
}

/// The player has been seated: whatever the way, invitations to it are answered.
pub(super) fn answered_by_joining(draft: &mut Draft<'_>, player: PlayerId) {
    close_where(draft, |invite| invite.to == Some(player), InviteState::Accepted);
}

/// The last seat is taken: a link has done its work, other invitations come too late.
pub(super) fn seats_are_taken(draft: &mut Draft<'_>) {
    close_where(draft, |invite| invite.to.is_none(), InviteState::Accepted);
    supersede(draft);
}

/// The game goes on, or ends, without those who haven't answered.
pub(super) fn supersede(draft: &mut Draft<'_>) {
    close_where(draft, |_| true, InviteState::Superseded);
}

/// Invitations whose time is over, and what follows from that. A game that waits for nobody any more is over itself.
pub(super) fn run_out(draft: &mut Draft<'_>, mode: &Mode) {
    let now = draft.now;
    let ended = close_where(draft, |invite| invite.expires_at <= now, InviteState::Expired);
    let expired = Ended::by_system("expired");
    if draft.game.status != Status::Created {
        return;
    }
    if ended == 0 {
        draft.end_without_result(Status::Aborted, expired);
    } else {
        proceed(draft, mode, Some(expired));
    }
}
