//! What operators decide: a result taken back, another one in its place, an end to waiting. The fact itself is kept:
//! each correction is the next version of the result, with its own entry in the ledger.

use std::collections::BTreeMap;

use kernel::{AuditEntry, FieldError, PlayerId};
use serde_json::{Value, json};

use super::Decided;
use super::dispute::worded;
use super::draft::{Draft, Settlement};
use super::report::whole;
use super::verdict::by_scores;
use crate::error::Error;
use crate::mode::Mode;
use crate::model::{Game, Standing};
use crate::words::{ResultStatus, Status};

/// How an operator ends the waiting for a decision.
#[derive(Debug, Clone, PartialEq)]
pub enum Resolution {
    /// These scores hold.
    Settle {
        /// One for each player who stayed.
        scores: BTreeMap<PlayerId, f64>,
    },
    /// Nothing holds.
    Void,
}

/// Takes a result back, or ends a game that has none: it counts for nothing. Once more changes nothing. That works for
/// games whose mode is gone, too.
///
/// # Errors
/// [`Error::InvalidStatement`]; [`Error::NoResult`] where a game ended without any.
pub fn void(game: &Game, mode: Option<&Mode>, deed: AuditEntry) -> Decided {
    let reason = worded(&deed.reason)?;
    match game.status {
        Status::Voided => return Ok(None),
        state @ (Status::Aborted | Status::Abandoned) => return Err(Error::NoResult { state }),
        _ => {}
    }
    let mut draft = Draft::of(game, deed.at);
    if let Some(result) = &game.result {
        let standings = result.standings.iter().map(|line| Standing { outcome: None, ..line.clone() }).collect();
        let provenance = provenance(game, &deed, &reason);
        draft.revoke(mode, Settlement { reason: "admin", provenance, standings, ended: None });
    } else {
        draft.void("admin");
    }
    note(&mut draft, deed, reason, &Value::Null);
    Ok(Some(draft.into_change()))
}

/// Puts other scores in place of what a result says, or gives one to a game that was played and has none. The result
/// that stands already changes nothing, but that nobody has to look at it any more.
///
/// # Errors
/// [`Error::InvalidStatement`], [`Error::InvalidScores`], also where the mode has no scores; [`Error::NoResult`] where
/// the game isn't over, or wasn't played.
pub fn amend(game: &Game, mode: &Mode, scores: &BTreeMap<PlayerId, f64>, deed: AuditEntry) -> Decided {
    let reason = worded(&deed.reason)?;
    let played = game.started_at.is_some();
    if !played || !matches!(game.status, Status::Settled | Status::Voided | Status::Disputed | Status::Finished) {
        return Err(Error::NoResult { state: game.status });
    }
    let scores = sound(game, mode, scores)?;
    let standings = by_scores(game, &scores);
    let mut draft = Draft::of(game, deed.at);
    let stands = game.result.as_ref().filter(|result| result.status == ResultStatus::Settled);
    if stands.is_some_and(|result| result.standings == standings) {
        if !game.needs_review {
            return Ok(None);
        }
        draft.game.needs_review = false;
        draft.say_updated();
    } else {
        let provenance = provenance(game, &deed, &reason);
        let ended = game.ended.clone().filter(|_| game.status == Status::Settled);
        draft.settle(mode, Settlement { reason: "admin", provenance, standings, ended });
    }
    note(&mut draft, deed, reason, &json!(scores));
    Ok(Some(draft.into_change()))
}

/// Decides a game that waits for a decision, or whose result is doubted. The same decision again changes nothing.
///
/// # Errors
/// As [`void`] and [`amend`]; [`Error::UnknownMode`] where the scores' mode is gone; [`Error::NoResult`] where nothing
/// waits for a decision.
pub fn resolve(game: &Game, mode: Option<&Mode>, resolution: &Resolution, deed: AuditEntry) -> Decided {
    let waits = game.needs_review || matches!(game.status, Status::Disputed | Status::Finished);
    let decided = match resolution {
        Resolution::Settle { scores } => amend(game, mode.ok_or(Error::UnknownMode)?, scores, deed),
        Resolution::Void => void(game, mode, deed),
    }?;
    if decided.is_some() && !waits { Err(Error::NoResult { state: game.status }) } else { Ok(decided) }
}

/// Who did it and why, for the ledger.
fn provenance(game: &Game, deed: &AuditEntry, reason: &str) -> Value {
    let supersedes = game.result.as_ref().map(|result| result.version);
    json!({
        "source": "admin",
        "by": deed.actor,
        "reason": reason,
        "supersedes": supersedes,
        "mode_version": game.mode_version,
    })
}

/// Who did it and why, for the audit log: from what to what.
fn note(draft: &mut Draft<'_>, mut deed: AuditEntry, reason: String, scores: &Value) {
    let version = |game: &Game| game.result.as_ref().map(|result| result.version);
    let state = |game: &Game| json!({ "status": game.status, "version": version(game) });
    deed.reason = reason;
    deed.data = json!({ "from": state(draft.before()), "to": state(&draft.game), "scores": scores });
    draft.audit = Some(deed);
}

/// Checks an operator's scores: whole numbers the mode allows, one for everybody who stayed, none for strangers.
fn sound(game: &Game, mode: &Mode, given: &BTreeMap<PlayerId, f64>) -> Result<BTreeMap<PlayerId, i64>, Error> {
    let Some(envelope) = mode.score() else {
        let detail = "The server decides games of this mode: they have no scores, but can be voided.";
        return Err(Error::InvalidScores(vec![FieldError::new("/scores", "no_scores", detail)]));
    };
    let (mut scores, mut wrong) = (BTreeMap::new(), Vec::new());
    for (player, score) in given {
        let at = format!("/scores/{player}");
        match whole(*score) {
            _ if game.player(*player).is_none() => {
                wrong.push(FieldError::new(at, "not_a_player", "Scores are of players of this game."));
            }
            Some(score) if (envelope.min..=envelope.max).contains(&score) => {
                scores.insert(*player, score);
            }
            Some(_) => {
                let detail = format!("A score of this mode is from {} to {}.", envelope.min, envelope.max);
                wrong.push(FieldError::new(at, "out_of_range", detail));
            }
            None => wrong.push(FieldError::new(at, "not_whole", "A score is a whole number of at most 53 bits.")),
        }
    }
    for player in game.players.iter().filter(|p| p.status.engaged() && !given.contains_key(&p.player_id)) {
        let at = format!("/scores/{}", player.player_id);
        wrong.push(FieldError::new(at, "required", "Everybody who stayed in the game needs a score."));
    }
    if wrong.is_empty() { Ok(scores) } else { Err(Error::InvalidScores(wrong)) }
}
