//! Playing against a bot: at once, and for nothing.

use kernel::{Engagement, FieldError, PlayerId, SessionSecret, Timestamp};

use super::draft::Draft;
use super::private::{Opening, blank, log_opening, place, take_first_seat};
use super::{lifecycle, rematch};
use crate::change::Change;
use crate::error::Error;
use crate::mode::Mode;
use crate::model::{Game, Origin};
use crate::words::{OriginKind, PlayerStatus};

/// A player opens a game against the practice bot, in progress at once; whoever waits in a queue leaves it by that.
///
/// # Errors
/// [`Error::ModeDisabled`], [`Error::NoBot`], [`Error::BadInvitees`] with pointers `/invite` or `/link` where there is to
/// be somebody else as well, [`Error::Busy`].
pub fn practise(mode: &Mode, opening: &Opening, now: Timestamp) -> Result<Change, Error> {
    may_practise(mode)?;
    let detail = "A practice bot takes the other seat: leave this out, or `bot`.";
    let link = opening.offers.iter().any(|offer| offer.player().is_none());
    let invite = opening.offers.iter().any(|offer| offer.player().is_some());
    let wrong = [("/invite", invite), ("/link", link)].into_iter().filter(|(_, given)| *given);
    let wrong: Vec<_> = wrong.map(|(pointer, _)| FieldError::new(pointer, "bot", detail)).collect();
    if !wrong.is_empty() {
        return Err(Error::BadInvitees(wrong));
    }
    may_leave(opening)?;
    let origin = Origin { kind: OriginKind::Practice, host: Some(opening.by), rematch_of: None };
    Ok(begin(mode, opening, origin, 0, now))
}

/// The same once more, in the other seat. The old game says where it goes on.
///
/// # Errors
/// As [`others_of`](super::others_of) and [`practise`].
pub fn practise_again(old: &Game, mode: &Mode, opening: &Opening, now: Timestamp) -> Result<Change, Error> {
    rematch::others_of(old, opening.by)?;
    may_practise(mode)?;
    may_leave(opening)?;
    let own = old.player(opening.by).map_or(0, |player| 1 - player.seat.min(1));
    let origin = Origin { kind: OriginKind::Practice, host: Some(opening.by), rematch_of: Some(old.id) };
    let mut change = begin(mode, opening, origin, own, now);
    change.also = Some(Box::new(rematch::goes_on(old, opening, now)));
    Ok(change)
}

fn may_practise(mode: &Mode) -> Result<(), Error> {
    match (mode.enabled, mode.practice()) {
        (false, _) => Err(Error::ModeDisabled),
        (true, false) => Err(Error::NoBot),
        (true, true) => Ok(()),
    }
}

fn may_leave(opening: &Opening) -> Result<(), Error> {
    match opening.doing {
        Engagement::Idle | Engagement::Ticket(_) => Ok(()),
        doing => Err(Error::Busy { you: true, doing }),
    }
}

fn begin(mode: &Mode, opening: &Opening, origin: Origin, own: u8, now: Timestamp) -> Change {
    let mut blank = blank(mode, opening, origin, now);
    blank.rated = false;
    let mut draft = Draft::of(&blank, now);
    take_first_seat(&mut draft, mode, opening, own);
    place(&mut draft, mode, PlayerId::BOT, SessionSecret::default(), 1 - own);
    log_opening(&mut draft);
    for player in &mut draft.game.players {
        (player.status, player.ready_at) = (PlayerStatus::Ready, Some(now));
    }
    lifecycle::start(&mut draft, mode);
    draft.into_change()
}
