//! The ready window: who starts when it ends, and who may still come after that.

use kernel::{CoolDown, Engage, Engagement, Timestamp};
use serde_json::json;

use super::draft::Draft;
use super::lifecycle::{start, tell_start};
use super::verdict::teams_left;
use super::{Decided, in_time};
use crate::error::Error;
use crate::mode::Mode;
use crate::model::{Ended, Game};
use crate::words::{PlayerStatus, Status};

/// How long a player who let others wait must wait before queueing again.
const NO_SHOW_MS: i64 = 30_000;

/// The ready window is over: starts without those who aren't ready if the others are enough for the mode, else aborts.
/// Only who let somebody wait is a no-show; where nobody was ready, nobody is.
pub(super) fn over(draft: &mut Draft<'_>, mode: Option<&Mode>) {
    let ready = draft.game.players.iter().filter(|player| player.status == PlayerStatus::Ready).count();
    if ready > 0 {
        let until = draft.now.plus_millis(NO_SHOW_MS);
        for at in 0..draft.game.players.len() {
            let player = &mut draft.game.players[at];
            if player.status == PlayerStatus::Joined {
                player.status = PlayerStatus::NoShow;
                let player = player.player_id;
                draft.cool_downs.push(CoolDown { player, until });
                draft.let_go(player);
            }
        }
    }
    let enough = |mode: &&Mode| {
        ready >= usize::from(mode.quorum) && teams_left(&draft.game).len() >= usize::from(mode.teams.min(2))
    };
    match mode.filter(enough) {
        Some(mode) => start(draft, mode),
        None => draft.end_without_result(Status::Aborted, Ended::by_system("no_show")),
    }
}

/// Until when somebody may still join the game being played, if its mode allows that and nobody has reported.
pub(super) fn late_until(game: &Game, mode: &Mode) -> Option<Timestamp> {
    let started = game.started_at.filter(|_| mode.late_join_ms > 0 && game.reports.is_empty())?;
    Some(started.plus_millis(mode.late_join_ms))
}

/// A no-show comes after all.
pub(super) fn come_late(game: &Game, mode: &Mode, at: usize, now: Timestamp) -> Decided {
    if late_until(game, mode).is_none_or(|until| until <= now) {
        return Err(Error::NotWaiting { state: game.status });
    }
    in_time(game, now)?;
    let mut draft = Draft::of(game, now);
    let player = game.players[at].player_id;
    draft.engage.push(Engage { player, from: Engagement::Idle, to: Engagement::Game(game.id) });
    draft.log("ready", json!({ "player_id": player, "seat": game.players[at].seat, "late": true }));
    play_late(&mut draft, at);
    Ok(Some(draft.into_change()))
}

/// The player of this seat plays from now on.
pub(super) fn play_late(draft: &mut Draft<'_>, at: usize) {
    draft.game.players[at].status = PlayerStatus::Playing;
    draft.game.players[at].ready_at = Some(draft.now);
    draft.say_updated();
    tell_start(draft, at);
}
