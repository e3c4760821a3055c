//! Score reports: what is believed, what contradicts, and when it is enough.

use std::collections::BTreeMap;
use std::fmt;

use kernel::{FieldError, PlayerId, Timestamp};
use serde_json::{Value, json};

use super::draft::{Draft, Settlement};
use super::hold::{self, most_thousandths, played_ms};
use super::verdict::{Claims, by_scores};
use super::{Decided, flag, in_time, seat_of};
use crate::error::Error;
use crate::log::{canonical, sha256};
use crate::mode::{Envelope, Mode};
use crate::model::{Game, GamePlayer, Report};
use crate::words::{Outcome, PlayerStatus, Status};

/// A report as a client sends it. Scores are whole numbers; they come as floats because JSON has no others.
#[derive(Clone, Default, PartialEq)]
pub struct ScoreReport {
    /// The secret from this player's `game.started`.
    pub session_secret: String,
    /// The own score. Must be there.
    pub score: Option<f64>,
    /// What the reporter says about everybody.
    pub scores: BTreeMap<PlayerId, f64>,
    /// What the reporter says about the own result.
    pub outcome: Option<Outcome>,
    /// Duration by the client's clock, in milliseconds. Kept as evidence; the rules go by the server's.
    pub duration_ms: Option<u64>,
    /// Kept as evidence.
    pub payload: Option<Value>,
}

impl fmt::Debug for ScoreReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScoreReport")
            .field("score", &self.score)
            .field("outcome", &self.outcome)
            .finish_non_exhaustive()
    }
}

/// Takes a player's report, which is held where a score in it comes close to the limit. The first one opens the report
/// window; with the last one the game is over. The same report again changes nothing, even after that.
///
/// # Errors
/// [`Error::NotFound`] or [`Error::NotAPlayer`], [`Error::ServerDecided`], [`Error::BadSecret`],
/// [`Error::InvalidReport`], [`Error::AlreadyReported`], [`Error::NotInProgress`], [`Error::Left`],
/// [`Error::DeadlinePassed`], [`Error::OutOfEnvelope`]; checked in this order.
pub fn report(game: &Game, mode: &Mode, by: PlayerId, given: &ScoreReport, now: Timestamp) -> Decided {
    let at = seat_of(game, by)?;
    let Some(envelope) = mode.score().filter(|_| !game.server_decided(mode)) else {
        return Err(Error::ServerDecided);
    };
    // An empty secret is one that was lost on the way here: it opens nothing.
    if given.session_secret.is_empty() || !game.players[at].secret.matches(&given.session_secret) {
        return Err(Error::BadSecret);
    }
    let mut report = read(game, by, given, now)?;
    if let Some(earlier) = game.report_of(by) {
        return if earlier.repeats(&report) { Ok(None) } else { Err(Error::AlreadyReported) };
    }
    if game.status != Status::InProgress {
        return Err(Error::NotInProgress { state: game.status });
    }
    if !game.players[at].status.engaged() {
        return Err(Error::Left { state: game.status });
    }
    in_time(game, now)?;
    believe(game, envelope, &report)?;
    report.held = hold::reason(game, envelope, &report).map(str::to_owned);

    let mut draft = Draft::of(game, now);
    draft.game.players[at].status = PlayerStatus::Finished;
    draft.log("reported", logged(&report));
    if report.held.is_some() {
        draft.flag(flag::NEAR_LIMIT);
    }
    draft.game.reports.push(report);
    if game.reports.is_empty() {
        draft.game.due_at = Some(now.plus_millis(mode.windows.report_window_ms));
    }
    if all_in(&draft.game) {
        conclude(&mut draft, mode);
    } else {
        draft.say_updated();
    }
    Ok(Some(draft.into_change()))
}

/// A report as the log has it: what the client added may say anything about anybody, so only its hash stands there.
pub(super) fn logged(report: &Report) -> Value {
    json!({
        "player_id": report.player_id,
        "score": report.score,
        "scores": report.scores,
        "outcome": report.outcome,
        "duration_ms": report.duration_ms,
        "held": report.held,
        "payload_sha256": report.payload.as_ref().map(|payload| sha256(&[&canonical(payload)])),
    })
}

/// Whole numbers a double can tell apart.
const WHOLE: f64 = 9_007_199_254_740_991.0;

pub(super) fn whole(score: f64) -> Option<i64> {
    let sound = score.is_finite() && score.fract() == 0.0 && score.abs() <= WHOLE;
    #[expect(clippy::cast_possible_truncation, reason = "a whole number within 53 bits is exact")]
    sound.then_some(score as i64)
}

/// Checks that the report can be understood, whatever the mode.
fn read(game: &Game, by: PlayerId, given: &ScoreReport, now: Timestamp) -> Result<Report, Error> {
    let mut wrong = Vec::new();
    let not_whole = |at: String| FieldError::new(at, "not_whole", "A score is a whole number of at most 53 bits.");
    let score = match given.score {
        None => {
            wrong.push(FieldError::new("/score", "required", "A report needs the own score."));
            0
        }
        Some(score) => whole(score).unwrap_or_else(|| {
            wrong.push(not_whole(String::from("/score")));
            0
        }),
    };
    let mut scores = BTreeMap::new();
    for (player, claimed) in &given.scores {
        let at = format!("/scores/{player}");
        match whole(*claimed) {
            None => wrong.push(not_whole(at)),
            Some(_) if game.player(*player).is_none() => {
                wrong.push(FieldError::new(at, "not_a_player", "Scores are of players of this game."));
            }
            Some(own) if *player == by && given.score.is_some() && own != score => {
                wrong.push(FieldError::new(at, "contradicts", "This is another score than the report's own."));
            }
            Some(claimed) => {
                scores.insert(*player, claimed);
            }
        }
    }
    if !wrong.is_empty() {
        return Err(Error::InvalidReport(wrong));
    }
    Ok(Report {
        player_id: by,
        score,
        scores,
        outcome: given.outcome,
        duration_ms: given.duration_ms,
        payload: given.payload.clone(),
        at: now,
        held: None,
    })
}

/// Checks every score of the report and its payload against the envelope, by the server's clock.
fn believe(game: &Game, envelope: &Envelope, report: &Report) -> Result<(), Error> {
    let refuse = |rule, pointer: &str, detail| Err(Error::OutOfEnvelope { rule, pointer: pointer.to_owned(), detail });
    let played_ms = played_ms(game, report.at);
    if played_ms < envelope.min_duration_ms {
        let least = envelope.min_duration_ms;
        return refuse("min_duration", "/score", format!("A game of this mode takes at least {least} ms."));
    }
    let own = std::iter::once((String::from("/score"), report.score));
    let all = report.scores.iter().map(|(player, score)| (format!("/scores/{player}"), *score));
    for (pointer, score) in own.chain(all) {
        if score < envelope.min {
            return refuse("min", &pointer, format!("A score of this mode is {} or more.", envelope.min));
        }
        if score > envelope.max {
            return refuse("max", &pointer, format!("A score of this mode is {} or less.", envelope.max));
        }
        if let Some(rate) = envelope.max_per_second
            && most_thousandths(envelope, played_ms).is_some_and(|most| i128::from(score) * 1_000 > most)
        {
            let detail = format!("A score of this mode grows by at most {rate} a second.");
            return refuse("max_per_second", &pointer, detail);
        }
    }
    let (Some(fields), Some(payload)) = (&envelope.fields, &report.payload) else { return Ok(()) };
    let allowed = || match fields.as_slice() {
        [] => String::from("A payload of this mode has no fields."),
        fields => format!("A payload of this mode has no fields but: {}.", fields.join(", ")),
    };
    let Value::Object(given) = payload else {
        return refuse("fields", "/payload", format!("A payload of this mode is an object. {}", allowed()));
    };
    match given.keys().find(|key| !fields.contains(key)) {
        Some(key) => {
            let pointer = format!("/payload/{}", key.replace('~', "~0").replace('/', "~1"));
            refuse("fields", &pointer, allowed())
        }
        None => Ok(()),
    }
}

/// Whether everybody still there has reported, and at least one has.
pub(super) fn all_in(game: &Game) -> bool {
    let done = |status: PlayerStatus| !status.engaged() || status == PlayerStatus::Finished;
    !game.reports.is_empty() && game.players.iter().all(|player| done(player.status))
}

/// Whether a player's report counts as missing when there is none: who left, never came or is gone isn't waited for.
pub(super) fn is_there(game: &Game, player: &GamePlayer) -> bool {
    let here = player.status.engaged() && player.gone.is_none();
    here || game.report_of(player.player_id).is_some()
}

/// All are in, or the window is over: settles if nothing contradicts and more than half of those still there have
/// reported, else disputes. So with two players a lone report settles only if the silent one has left. What is held and
/// named by nobody else waits for a review.
pub(super) fn conclude(draft: &mut Draft<'_>, mode: &Mode) {
    let game = &draft.game;
    let claims = Claims::of(game);
    let there = game.players.iter().filter(|player| is_there(game, player)).count();
    if claims.conflict {
        draft.dispute(mode, flag::CONFLICT);
        return;
    }
    if game.reports.len() * 2 <= there {
        draft.dispute(mode, flag::LONE_REPORT);
        return;
    }
    let held: Vec<_> = hold::unvouched(game, mode).into_iter().map(|held| held.player_id).collect();
    if !held.is_empty() {
        draft.review(&held);
        return;
    }
    let reporters: Vec<_> = game.reports.iter().map(|report| report.player_id).collect();
    let provenance = json!({ "source": "reports", "players": reporters, "mode_version": game.mode_version });
    let standings = by_scores(game, &claims.scores);
    draft.settle(mode, Settlement { reason: "reports", provenance, standings, ended: None });
}
