//! Who is there: grace for those who aren't, and what the others may claim after it.

use kernel::{PlayerId, Timestamp};
use serde_json::json;

use super::draft::{Draft, Settlement};
use super::verdict::{Claims, by_claim};
use super::{Decided, in_time, seat_of};
use crate::change::Change;
use crate::error::Error;
use crate::event::{GameEvent, Presence};
use crate::log::LogEntry;
use crate::mode::Mode;
use crate::model::{Ended, Game, GamePlayer, Gone};
use crate::store::Attendance;
use crate::words::{Claim, Outcome, PlayerStatus, Status};

/// All who dropped within this time of each other dropped for one reason: ours.
const TOGETHER_MS: i64 = 5_000;

/// A player of a game being played isn't there any more, since `at`: grace runs, and the others are told from when on
/// they may claim. Marking again changes nothing; neither does marking somebody who has nothing left to do, or plays
/// alone and so lets nobody wait.
///
/// # Errors
/// [`Error::NotFound`], [`Error::DeadlinePassed`].
pub fn gone(game: &Game, mode: &Mode, player: PlayerId, at: Timestamp, with_replica: bool, now: Timestamp) -> Decided {
    let seat = seat_of(game, player)?;
    let there = &game.players[seat];
    if game.status != Status::InProgress
        || there.status != PlayerStatus::Playing
        || there.gone.is_some()
        || !is_shared(game)
    {
        return Ok(None);
    }
    in_time(game, now)?;
    // Grace is counted within the game, whenever the player was last heard of.
    let at = at.max(game.started_at.unwrap_or(at)).min(now);
    let claim_at = at.plus_millis(mode.windows.grace_ms).max(now);
    let mut draft = Draft::of(game, now);
    draft.game.players[seat].gone = Some(Gone { at, claim_at, with_replica });
    draft.log("gone", json!({ "player_id": player, "since": at, "claim_at": claim_at, "with_replica": with_replica }));
    let told = Presence {
        game_id: game.id,
        player_id: player,
        seat: there.seat,
        claim_in: Some(claim_at.millis() - now.millis()),
        claim_at: Some(claim_at),
    };
    draft.say(GameEvent::OpponentGone(told));
    Ok(Some(draft.into_change()))
}

/// The player is there again. Nothing changes where nobody missed it.
///
/// # Errors
/// [`Error::NotFound`] or [`Error::NotAPlayer`], [`Error::DeadlinePassed`].
pub fn back(game: &Game, player: PlayerId, now: Timestamp) -> Decided {
    let at = seat_of(game, player)?;
    if game.players[at].gone.is_none() {
        return Ok(None);
    }
    in_time(game, now)?;
    let mut draft = Draft::of(game, now);
    draft.game.players[at].gone = None;
    draft.log("back", json!({ "player_id": player }));
    draft.say(GameEvent::OpponentBack(told_back(game, &game.players[at])));
    Ok(Some(draft.into_change()))
}

fn told_back(game: &Game, player: &GamePlayer) -> Presence {
    Presence { game_id: game.id, player_id: player.player_id, seat: player.seat, claim_in: None, claim_at: None }
}

/// What `by` decided, and that `by` is there: any command shows that. The two are one change.
///
/// # Errors
/// As [`back`].
pub fn as_present(game: &Game, by: PlayerId, decided: Option<Change>, now: Timestamp) -> Decided {
    let Some(before) = game.player(by).filter(|player| player.gone.is_some()) else { return Ok(decided) };
    let Some(mut change) = decided else { return back(game, by, now) };
    let missed = change.game.players.iter_mut().find(|player| player.player_id == by && player.gone.is_some());
    if let Some(player) = missed {
        player.gone = None;
        change.events.insert(0, GameEvent::OpponentBack(told_back(game, before)));
        change.log.insert(0, LogEntry { kind: "back", data: json!({ "player_id": by }) });
    }
    Ok(Some(change))
}

fn is_shared(game: &Game) -> bool {
    game.players.iter().any(|player| player.team != game.players[0].team)
}

/// From when on this opponent may be claimed over, if it stays away; none while it is there.
fn absent_from(player: &GamePlayer, mode: &Mode, attendance: &[Attendance]) -> Option<Timestamp> {
    let seen = attendance.iter().find(|seen| seen.player == player.player_id);
    if seen.is_some_and(|seen| seen.connected) {
        return None;
    }
    let unseen = seen.map(|seen| seen.seen_at.plus_millis(mode.windows.grace_ms));
    unseen.into_iter().chain(player.gone.map(|gone| gone.claim_at)).min()
}

/// A player claims a win or a draw because nobody of the other teams is there any more. The same claim again changes
/// nothing.
///
/// # Errors
/// [`Error::NotFound`] or [`Error::NotAPlayer`], [`Error::NotInProgress`], [`Error::DeadlinePassed`], [`Error::Left`],
/// [`Error::AlreadyReported`], [`Error::NothingToClaim`]; checked in this order.
pub fn claim(
    game: &Game,
    mode: &Mode,
    attendance: &[Attendance],
    by: PlayerId,
    claim: Claim,
    now: Timestamp,
) -> Decided {
    let at = seat_of(game, by)?;
    let me = &game.players[at];
    if game.status != Status::InProgress {
        let again = game.ended.as_ref() == Some(&Ended::by_player("claimed", by)) && me.outcome == Some(outcome(claim));
        return if again { Ok(None) } else { Err(Error::NotInProgress { state: game.status }) };
    }
    in_time(game, now)?;
    if !me.status.engaged() {
        return Err(Error::Left { state: game.status });
    }
    if game.report_of(by).is_some() {
        return Err(Error::AlreadyReported);
    }
    let others = || game.players.iter().filter(|player| player.team != me.team && player.status.engaged());
    // Who has reported has done what there was to do: that report counts, and may be answered.
    let reported = others().any(|player| game.report_of(player.player_id).is_some());
    let absent: Option<Vec<_>> = others().map(|player| absent_from(player, mode, attendance)).collect();
    let claim_at = absent.filter(|_| !reported).and_then(|times| times.into_iter().max());
    if claim_at.is_none_or(|from| from > now) {
        return Err(Error::NothingToClaim { claim_at });
    }
    let gone: Vec<_> = others().map(|player| player.player_id).collect();
    let mut draft = Draft::of(game, now);
    draft.log("claimed", json!({ "player_id": by, "claim": claim, "gone": gone }));
    let scores = Claims::of(game).scores;
    let provenance = json!({
        "source": "claim",
        "by": by,
        "claim": claim,
        "gone": gone,
        "mode_version": game.mode_version,
    });
    let standings = by_claim(game, me.team, claim, &scores);
    let ended = Some(Ended::by_player("claimed", by));
    draft.settle(mode, Settlement { reason: "claimed", provenance, standings, ended });
    Ok(Some(draft.into_change()))
}

const fn outcome(claim: Claim) -> Outcome {
    match claim {
        Claim::Win => Outcome::Win,
        Claim::Draw => Outcome::Draw,
    }
}

/// Nobody came back within grace. Where all went at once, or with the replica they were on, it was not their doing.
pub(super) fn deserted(draft: &mut Draft<'_>) {
    let gone: Vec<_> = draft.game.people().filter(|p| p.status.engaged()).filter_map(|p| p.gone).collect();
    let (first, last) = (gone.iter().map(|gone| gone.at).min(), gone.iter().map(|gone| gone.at).max());
    let at_once = gone.len() > 1 && first.map(|first| first.plus_millis(TOGETHER_MS)) >= last;
    if at_once || gone.iter().all(|gone| gone.with_replica) {
        draft.void("server_fault");
    } else {
        draft.end_without_result(Status::Abandoned, Ended::by_system("abandoned"));
    }
}
