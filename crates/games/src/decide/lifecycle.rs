//! From opening to start, leaving, and what happens at each deadline.

use kernel::{PlayerId, Timestamp};
use serde_json::json;

use super::draft::{Draft, Settlement, seats};
use super::verdict::{Claims, by_walkover, teams_left};
use super::{Decided, attendance, in_time, invite, judge, play, private, report, seat_of, window};
use crate::change::Change;
use crate::error::Error;
use crate::event::{GameEvent, Started};
use crate::mode::Mode;
use crate::model::{Ended, Game, PinnedRules};
use crate::rules::Rules;
use crate::words::{PlayerStatus, Status};

/// A player is ready; with the last one the game starts. Being ready again changes nothing. While a private game still
/// waits for others one may be ready already, and where the mode allows it a no-show may come late.
///
/// # Errors
/// [`Error::NotFound`] or [`Error::NotAPlayer`], [`Error::NotWaiting`], [`Error::DeadlinePassed`].
pub fn ready(game: &Game, mode: &Mode, by: PlayerId, now: Timestamp) -> Decided {
    let at = seat_of(game, by)?;
    match (game.status, game.players[at].status) {
        (Status::Created | Status::WaitingReady, PlayerStatus::Ready) | (Status::InProgress, PlayerStatus::Playing) => {
            return Ok(None);
        }
        (Status::Created | Status::WaitingReady, PlayerStatus::Joined) => in_time(game, now)?,
        (Status::InProgress, PlayerStatus::NoShow) => return window::come_late(game, mode, at, now),
        (state, _) => return Err(Error::NotWaiting { state }),
    }
    let mut draft = Draft::of(game, now);
    mark_ready(&mut draft, at);
    if game.status == Status::Created {
        private::proceed(&mut draft, mode, None);
    } else if draft.game.players.iter().all(|player| player.status == PlayerStatus::Ready) {
        start(&mut draft, mode);
    } else {
        draft.say_updated();
    }
    Ok(Some(draft.into_change()))
}

pub(super) fn mark_ready(draft: &mut Draft<'_>, at: usize) {
    draft.game.players[at].status = PlayerStatus::Ready;
    draft.game.players[at].ready_at = Some(draft.now);
    let player = &draft.game.players[at];
    draft.log("ready", json!({ "player_id": player.player_id, "seat": player.seat }));
}

/// All are ready. Mode and rules are pinned now, so that the game is played and judged by what it started under. If that
/// is a rules module these players don't fit (another version was published since they were seated), there is no game.
pub(super) fn start(draft: &mut Draft<'_>, mode: &Mode) {
    if mode.module().is_some_and(|module| !fits(module, &draft.game)) {
        draft.end_without_result(Status::Aborted, Ended::by_system("mode_changed"));
        return;
    }
    let now = draft.now;
    let game = &mut draft.game;
    game.status = Status::InProgress;
    game.started_at = Some(now);
    game.due_at = Some(now.plus_millis(mode.windows.max_duration_ms));
    game.mode_version = Some(mode.version);
    if let Some(module) = mode.module() {
        let state = module.start(game.seed, mode.seats(), mode.options());
        game.turn = module.turn(&state);
        game.state = Some(state);
        game.rules = Some(PinnedRules { key: module.key().to_owned(), version: module.version() });
    }
    for player in game.players.iter_mut().filter(|player| player.status.engaged()) {
        player.status = PlayerStatus::Playing;
    }
    let game = &draft.game;
    let started = json!({
        "mode": game.mode,
        "mode_version": game.mode_version,
        "rules": game.rules.as_ref().map(|pinned| &pinned.key),
        "rules_version": game.rules.as_ref().map(|pinned| pinned.version),
        "options": mode.options(),
        "seed": game.seed,
        // Who didn't come isn't in it.
        "seats": seats(game.players.iter().filter(|player| player.status == PlayerStatus::Playing)),
    });
    draft.log("started", started);
    draft.say_updated();
    for at in 0..draft.game.players.len() {
        let player = &draft.game.players[at];
        if player.status == PlayerStatus::Playing && !player.is_bot() {
            tell_start(draft, at);
        }
    }
    play::answer(draft, mode);
}

/// Whether those still there sit on the module's seats, and on nothing else.
fn fits(module: &dyn Rules, game: &Game) -> bool {
    let seats = || game.players.iter().filter(|player| player.status.engaged()).map(|player| player.seat);
    let number = u8::try_from(seats().count()).ok().filter(|number| module.seats().contains(number));
    number.is_some_and(|number| seats().all(|seat| seat < number))
}

/// Tells one player, who alone learns the own secret.
pub(super) fn tell_start(draft: &mut Draft<'_>, at: usize) {
    let player = &draft.game.players[at];
    let started = Started {
        game: draft.game.snapshot(Some(player.player_id)),
        seed: draft.game.seed,
        session_secret: player.secret.0.clone(),
    };
    draft.say(GameEvent::Started(player.player_id, Box::new(started)));
}

/// A player leaves. Before the start that aborts the game, unless others are still awaited and it isn't the player's
/// own: then the seat is free again. In it, the last team left wins, and when nobody is left
/// nobody does. Leaving again changes nothing; who has reported can't leave, the report stands.
///
/// # Errors
/// [`Error::NotFound`] or [`Error::NotAPlayer`], [`Error::NotInProgress`] once it is over, [`Error::AlreadyReported`],
/// [`Error::DeadlinePassed`].
pub fn abandon(game: &Game, mode: &Mode, by: PlayerId, now: Timestamp) -> Decided {
    let at = seat_of(game, by)?;
    match game.players[at].status {
        PlayerStatus::Abandoned => return Ok(None),
        PlayerStatus::NoShow if game.status.live() => return Err(Error::Left { state: game.status }),
        // Whom a seat is kept for has none yet: there is an invitation to decline.
        PlayerStatus::Invited => {
            let open = invite::open_like(game, Some(by)).ok_or(Error::NotInProgress { state: game.status })?;
            return invite::decline(game, mode, by, open.id, None, now);
        }
        _ => {}
    }
    if !game.status.live() {
        return Err(Error::NotInProgress { state: game.status });
    }
    in_time(game, now)?;
    if game.report_of(by).is_some() {
        return Err(Error::AlreadyReported);
    }
    let mut draft = Draft::of(game, now);
    let created = game.status == Status::Created;
    if created && game.origin.host != Some(by) {
        private::unseat(&mut draft, mode, by);
        return Ok(Some(draft.into_change()));
    }
    let ended = Ended::by_player(if created { "cancelled" } else { "abandoned" }, by);
    draft.leave(at);
    draft.log("left", json!({ "player_id": by, "seat": game.players[at].seat }));
    if game.status != Status::InProgress {
        draft.end_without_result(Status::Aborted, ended);
        return Ok(Some(draft.into_change()));
    }
    let left = teams_left(&draft.game);
    let several = game.players.iter().any(|player| player.team != game.players[at].team);
    if left.is_empty() {
        draft.end_without_result(Status::Abandoned, ended);
    } else if left.len() == 1 && several {
        let scores = Claims::of(&draft.game).scores;
        let gone = draft.game.players.iter().filter(|p| p.status == PlayerStatus::Abandoned).map(|p| p.player_id);
        let provenance = json!({
            "source": "abandonment",
            "players": gone.collect::<Vec<_>>(),
            "mode_version": draft.game.mode_version,
        });
        let standings = by_walkover(&draft.game, &scores);
        draft.settle(mode, Settlement { reason: "abandoned", provenance, standings, ended: Some(ended) });
    } else if report::all_in(&draft.game) {
        report::conclude(&mut draft, mode);
    } else {
        draft.say_updated();
    }
    Ok(Some(draft.into_change()))
}

/// What a passed deadline leads to; `None` if none has passed.
///
/// - invitations not answered: expired; without another one, or enough players, the game is aborted.
/// - not all ready: those who were not while others were are no-shows, and if nobody was nobody is. Enough for the
///   mode's quorum start without them, else it is aborted.
/// - everybody gone, and nobody back within grace: voided if they went at once or with a replica, else abandoned.
/// - longest duration over without a report or a decision: voided, nobody is to blame.
/// - report window over: settled if more than half of those still there agree, else disputed.
/// - evidence window over: settled as the majority says; else the approval gate is to be asked (see
///   [`question`](super::question)), which is not for this function, and a day later the game is voided.
/// - held for a review: likewise, but without a majority.
///
/// Without its `mode` (an operator took it away) a game that has started is voided.
#[must_use]
pub fn expire(game: &Game, mode: Option<&Mode>, now: Timestamp) -> Option<Change> {
    if !game.is_due(now) {
        return None;
    }
    let mut draft = Draft::of(game, now);
    match (game.status, mode) {
        (Status::Created, None) => draft.end_without_result(Status::Aborted, Ended::by_system("mode_removed")),
        (Status::Created, Some(mode)) => invite::run_out(&mut draft, mode),
        (Status::WaitingReady, mode) => window::over(&mut draft, mode),
        (Status::InProgress, Some(_)) if is_deserted(game, now) => attendance::deserted(&mut draft),
        (Status::InProgress, Some(mode)) if game.due_at.is_none_or(|due| due > now) => {
            invite::run_out(&mut draft, mode);
        }
        (Status::InProgress, Some(_)) if game.reports.is_empty() => draft.void("max_duration"),
        (Status::InProgress, Some(mode)) => report::conclude(&mut draft, mode),
        (Status::Disputed | Status::Finished, Some(mode)) => return judge::expired(game, mode, now),
        (Status::InProgress | Status::Disputed | Status::Finished, None) => draft.void("mode_removed"),
        (Status::Settled | Status::Aborted | Status::Abandoned | Status::Voided, _) => return None,
    }
    Some(draft.into_change())
}

/// Whether grace was over for everybody before any deadline came.
fn is_deserted(game: &Game, now: Timestamp) -> bool {
    game.deserted_at().is_some_and(|at| at <= now && game.due_at.is_none_or(|due| at < due))
}
