//! Playing once more with the same players.

use std::collections::BTreeMap;

use kernel::{PlayerId, Timestamp};
use serde_json::json;

use super::draft::Draft;
use super::private::{
    InviteWindows, Joining, Opening, blank, log_opening, may_open, proceed, seat, send, take_first_seat,
};
use super::{Decided, in_time, lifecycle, seat_of};
use crate::change::Change;
use crate::error::Error;
use crate::mode::Mode;
use crate::model::{Game, GamePlayer, Origin};
use crate::words::{OriginKind, PlayerStatus, Status};

/// Whom a rematch of this game is for, this player aside: everybody who played in it.
///
/// # Errors
/// [`Error::NotFound`] or [`Error::NotAPlayer`], [`Error::NoRematch`].
pub fn others_of(old: &Game, by: PlayerId) -> Result<Vec<PlayerId>, Error> {
    let at = seat_of(old, by)?;
    let over = matches!(
        old.status,
        Status::Finished | Status::Disputed | Status::Settled | Status::Voided | Status::Abandoned
    );
    if !over || old.started_at.is_none() || !took_part(&old.players[at]) {
        return Err(Error::NoRematch { state: old.status });
    }
    Ok(old.players.iter().filter(|p| took_part(p) && p.player_id != by).map(|p| p.player_id).collect())
}

fn took_part(player: &GamePlayer) -> bool {
    !matches!(player.status, PlayerStatus::NoShow | PlayerStatus::Invited)
}

/// The first to ask opens the next game, ready, and invites the others; the old game says where it goes on. Seats are
/// kept for them, one further than last time, so that another begins; teams stay together.
///
/// # Errors
/// As [`others_of`]; [`Error::ModeDisabled`], [`Error::Busy`].
pub fn open_rematch(
    old: &Game,
    mode: &Mode,
    opening: &Opening,
    windows: InviteWindows,
    now: Timestamp,
) -> Result<Change, Error> {
    others_of(old, opening.by)?;
    may_open(mode, opening, |_| ())?;
    let seats = rotated(old, mode).ok_or(Error::NoRematch { state: old.status })?;
    let origin = Origin { kind: OriginKind::Rematch, host: Some(opening.by), rematch_of: Some(old.id) };
    let blank = blank(mode, opening, origin, now);
    let mut draft = Draft::of(&blank, now);
    let own = seats.get(&opening.by).copied().unwrap_or(0);
    take_first_seat(&mut draft, mode, opening, own);
    for offer in &opening.offers {
        if let Some(seat) = offer.player().and_then(|player| seats.get(&player)) {
            keep(&mut draft, mode, offer.player(), *seat);
        }
    }
    log_opening(&mut draft);
    for offer in &opening.offers {
        send(&mut draft, opening.by, offer, windows);
    }
    let at = seat_of(&draft.game, opening.by)?;
    lifecycle::mark_ready(&mut draft, at);
    proceed(&mut draft, mode, None);

    draft.also = Some(Box::new(goes_on(old, opening, now)));
    Ok(draft.into_change())
}

/// The old game says which one repeats it.
pub(super) fn goes_on(old: &Game, opening: &Opening, now: Timestamp) -> Change {
    let mut before = Draft::of(old, now);
    before.game.rematch = Some(opening.id);
    before.log("rematch", json!({ "player_id": opening.by, "game_id": opening.id }));
    before.say_updated();
    before.into_change()
}

fn keep(draft: &mut Draft<'_>, mode: &Mode, player: Option<PlayerId>, seat: u8) {
    let Some(player_id) = player else { return };
    let team = seat % mode.teams.max(1);
    // The secret comes with the player; until then none opens anything.
    let secret = kernel::SessionSecret::default();
    let mut kept = GamePlayer::seated(&kernel::RosterSeat { player_id, team, seat, secret });
    kept.status = PlayerStatus::Invited;
    draft.game.players.push(kept);
    draft.game.players.sort_by_key(|player| player.seat);
}

/// Seats of the next game: those of this one, one on. None if the mode has changed so much that they don't fit.
fn rotated(old: &Game, mode: &Mode) -> Option<BTreeMap<PlayerId, u8>> {
    let (teams, seats) = (mode.teams.max(1), mode.seats());
    let mut members: BTreeMap<u8, u8> = BTreeMap::new();
    let mut places = Vec::new();
    // Team by team in turn, as seats of such games are numbered, whatever the numbering of the old one was.
    for player in old.players.iter().filter(|player| took_part(player)) {
        let nth = members.entry(player.team).or_default();
        let place = nth.checked_mul(teams)?.checked_add(player.team)?;
        *nth += 1;
        if player.team >= teams || place >= seats {
            return None;
        }
        places.push((place, player.player_id));
    }
    places.sort_unstable();
    let taken = u8::try_from(places.len()).ok()?;
    let one_on = |(rank, (place, player)): (u8, (u8, PlayerId))| {
        let seat = match () {
            () if taken == seats => (place + seats - 1) % seats,
            () if mode.team_size == 1 => (rank + taken - 1) % taken,
            // With a gap in a team any turn would mix the teams up.
            () => place,
        };
        (player, seat)
    };
    Some((0..taken).zip(places).map(one_on).collect())
}

/// Another of the old players asks for the same: seated and ready. With the last one the game starts.
///
/// # Errors
/// [`Error::NotWaiting`] once it has begun or ended without this player, [`Error::DeadlinePassed`], [`Error::Full`],
/// [`Error::Busy`].
pub fn join_rematch(next: &Game, mode: &Mode, by: PlayerId, joining: &Joining<'_>, now: Timestamp) -> Decided {
    let seated = next.player(by).is_some_and(|player| player.status != PlayerStatus::Invited);
    if seated && next.status != Status::Aborted {
        return match next.status {
            Status::Created | Status::WaitingReady => lifecycle::ready(next, mode, by, now),
            _ => Ok(None),
        };
    }
    if next.status != Status::Created {
        return Err(Error::NotWaiting { state: next.status });
    }
    in_time(next, now)?;
    let mut draft = Draft::of(next, now);
    let at = seat(&mut draft, mode, by, joining)?;
    lifecycle::mark_ready(&mut draft, at);
    proceed(&mut draft, mode, None);
    Ok(Some(draft.into_change()))
}
