//! Score reports: what is believed, what contradicts, and when it is enough.

use std::collections::BTreeMap;
use std::fmt;

use kernel::{FieldError, PlayerId, Timestamp};
use serde_json::{Value, json};

use super::draft::{Draft, Settlement};
use super::verdict::{Claims, by_scores};
use super::{Decided, in_time, seat_of};
use crate::error::Error;
use crate::mode::{Envelope, Mode};
use crate::model::{Game, Report};
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

/// Takes a player's report. The first one opens the report window; with the last one the game is over. The same report
/// again changes nothing, even after that.
///
/// # Errors
/// [`Error::NotFound`] or [`Error::NotAPlayer`], [`Error::ServerDecided`], [`Error::BadSecret`],
/// [`Error::InvalidReport`], [`Error::AlreadyReported`], [`Error::NotInProgress`], [`Error::Left`],
/// [`Error::DeadlinePassed`], [`Error::OutOfEnvelope`]; checked in this order.
pub fn report(game: &Game, mode: &Mode, by: PlayerId, given: &ScoreReport, now: Timestamp) -> Decided {
    let at = seat_of(game, by)?;
    let Some(envelope) = mode.score() else {
        return Err(Error::ServerDecided);
    };
    // An empty secret is one that was lost on the way here: it opens nothing.
    if given.session_secret.is_empty() || !game.players[at].secret.matches(&given.session_secret) {
        return Err(Error::BadSecret);
    }
    let report = read(game, by, given, now)?;
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
    believe(game, envelope, &report, now)?;

    let mut draft = Draft::of(game, now);
    draft.game.players[at].status = PlayerStatus::Finished;
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

/// Whole numbers a double can tell apart.
const WHOLE: f64 = 9_007_199_254_740_991.0;

fn whole(score: f64) -> Option<i64> {
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

/// Checks every score of the report against the envelope, by the server's clock.
fn believe(game: &Game, envelope: &Envelope, report: &Report, now: Timestamp) -> Result<(), Error> {
    let refuse = |rule, pointer: &str, detail| Err(Error::OutOfEnvelope { rule, pointer: pointer.to_owned(), detail });
    let played_ms = game.started_at.map_or(0, |start| i64::try_from(now.since(start).as_millis()).unwrap_or(i64::MAX));
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
        // The first second counts whole, so that a short game isn't refused for milliseconds.
        if let Some(rate) = envelope.max_per_second
            && i128::from(score) * 1_000 > i128::from(rate) * i128::from(played_ms.max(1_000))
        {
            return refuse(
                "max_per_second",
                &pointer,
                format!("A score of this mode grows by at most {rate} a second."),
            );
        }
    }
    Ok(())
}

/// Whether everybody still there has reported, and at least one has.
pub(super) fn all_in(game: &Game) -> bool {
    let settled = |status| matches!(status, PlayerStatus::Abandoned | PlayerStatus::NoShow | PlayerStatus::Finished);
    !game.reports.is_empty() && game.players.iter().all(|player| settled(player.status))
}

/// All are in, or the window is over: settles if nothing contradicts and more than half of those still there have
/// reported, else disputes. So with two players a lone report settles only if the silent one has left or is gone.
pub(super) fn conclude(draft: &mut Draft<'_>, mode: &Mode) {
    let game = &draft.game;
    let claims = Claims::of(game);
    let there = game.players.iter().filter(|player| player.status.engaged() && player.gone.is_none()).count();
    if claims.conflict || game.reports.len() * 2 <= there {
        draft.dispute(mode);
        return;
    }
    let reporters: Vec<_> = game.reports.iter().map(|report| report.player_id).collect();
    let provenance = json!({ "source": "reports", "players": reporters, "mode_version": game.mode_version });
    let standings = by_scores(game, &claims.scores);
    draft.settle(mode, Settlement { reason: "reports", provenance, standings, ended: None });
}
