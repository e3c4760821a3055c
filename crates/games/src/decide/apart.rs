//! What becomes of games when two players are to have nothing to do with one another any more, or one of them is erased.

use kernel::{PlayerId, Timestamp};

use super::draft::Draft;
use super::{Decided, in_time, invite};
use crate::mode::Mode;
use crate::model::{Ended, Game};
use crate::words::{InviteState, Status};

/// Open invitations between the two run out now, and what follows from that follows. To the one who invited it looks as
/// if nobody had answered. Where there is none nothing changes.
///
/// # Errors
/// [`Error::DeadlinePassed`](crate::Error::DeadlinePassed).
pub fn part(game: &Game, mode: &Mode, one: PlayerId, other: PlayerId, now: Timestamp) -> Decided {
    let between = |from, to: Option<PlayerId>| (from, to) == (one, Some(other)) || (from, to) == (other, Some(one));
    run_out(game, mode, |invite| between(invite.from, invite.to), now)
}

/// The same for all open invitations to and from this player, links included.
///
/// # Errors
/// As [`part`].
pub fn withdraw(game: &Game, mode: &Mode, player: PlayerId, now: Timestamp) -> Decided {
    run_out(game, mode, |invite| invite.from == player || invite.to == Some(player), now)
}

fn run_out(game: &Game, mode: &Mode, which: impl Fn(&crate::Invite) -> bool, now: Timestamp) -> Decided {
    if !game.invites.iter().any(|invite| invite.state.open() && which(invite)) {
        return Ok(None);
    }
    in_time(game, now)?;
    let mut draft = Draft::of(game, now);
    invite::close_where(&mut draft, which, InviteState::Expired);
    if game.status == Status::Created {
        super::private::proceed(&mut draft, mode, Some(Ended::by_system("expired")));
    }
    Ok(Some(draft.into_change()))
}

/// Blanks what an erased player said in this game in words of their own: why an invitation was declined, what was said
/// about a result, what a client added to a report. The result stays, and so does what a review still waits for.
#[must_use]
pub fn blank_words(game: &Game, player: PlayerId, now: Timestamp) -> Option<crate::Change> {
    if game.needs_review || matches!(game.status, Status::Finished | Status::Disputed) {
        return None;
    }
    let mut draft = Draft::of(game, now);
    for invite in draft.game.invites.iter_mut().filter(|invite| invite.to == Some(player)) {
        invite.reason = None;
    }
    for evidence in draft.game.evidence.iter_mut().filter(|evidence| evidence.player_id == player) {
        evidence.reason.clear();
        evidence.evidence = None;
    }
    for report in draft.game.reports.iter_mut().filter(|report| report.player_id == player) {
        report.payload = None;
    }
    (!has_words(&draft.game, player) && has_words(game, player)).then(|| draft.into_change())
}

/// Whether something is there for [`blank_words`] to blank, now or once its review is over.
#[must_use]
pub fn has_words(game: &Game, player: PlayerId) -> bool {
    let evidence = game.evidence.iter().filter(|evidence| evidence.player_id == player);
    game.invites.iter().any(|invite| invite.to == Some(player) && invite.reason.is_some())
        || evidence.into_iter().any(|evidence| !evidence.reason.is_empty() || evidence.evidence.is_some())
        || game.reports.iter().any(|report| report.player_id == player && report.payload.is_some())
}
