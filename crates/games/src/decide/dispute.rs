//! What players say about a result they don't accept.

use kernel::{FieldError, PlayerId, Timestamp};
use serde_json::{Value, json};

use super::draft::Draft;
use super::{Decided, flag, seat_of};
use crate::error::Error;
use crate::mode::Mode;
use crate::model::{Evidence, Game};
use crate::words::{ResultStatus, Status};

/// How long after its end a settled game can be doubted.
const DOUBT_MS: i64 = 24 * 3_600_000;

/// The longest statement, in characters.
const LONGEST: usize = 500;

/// Keeps a player's statement about a result, once per player; the same again changes nothing. Whoever decides a
/// dispute sees it. A settled result stands meanwhile, and operators see that it is doubted.
///
/// # Errors
/// [`Error::NotFound`] or [`Error::NotAPlayer`], [`Error::InvalidStatement`], [`Error::AlreadyDisputed`],
/// [`Error::NotDisputable`]: the server decided it, it isn't over, nobody reported, or it is too late.
pub fn dispute(
    game: &Game,
    mode: &Mode,
    by: PlayerId,
    reason: &str,
    evidence: Option<&Value>,
    now: Timestamp,
) -> Decided {
    seat_of(game, by)?;
    let reason = worded(reason)?;
    if let Some(earlier) = game.evidence.iter().find(|evidence| evidence.player_id == by) {
        let same = earlier.reason == reason && earlier.evidence.as_ref() == evidence;
        return if same { Ok(None) } else { Err(Error::AlreadyDisputed) };
    }
    let late = match game.status {
        Status::Disputed => now >= evidence_ends(game, mode),
        Status::Finished => false,
        Status::Settled if doubtable(game, now) => false,
        state => return Err(Error::NotDisputable { state }),
    };
    let mut draft = Draft::of(game, now);
    let evidence = evidence.cloned();
    draft.game.evidence.push(Evidence { player_id: by, reason, evidence, at: now });
    if late {
        draft.flag(flag::LATE_EVIDENCE);
    }
    if game.status == Status::Settled {
        draft.flag(flag::DISPUTED);
        draft.game.needs_review = true;
    }
    // The words themselves stay out of the log, which can never be blanked.
    draft.log("evidence", json!({ "player_id": by, "late": late }));
    draft.say_updated();
    Ok(Some(draft.into_change()))
}

/// Settled by what players said, and not long ago. What the rules, a walkover or an operator decided isn't theirs to
/// doubt.
fn doubtable(game: &Game, now: Timestamp) -> bool {
    let reported = game.result.as_ref().is_some_and(|result| {
        result.status == ResultStatus::Settled && matches!(&*result.reason, "reports" | "majority" | "review")
    });
    reported && game.finished_at.is_some_and(|over| now < over.plus_millis(DOUBT_MS))
}

/// When the evidence window of a disputed game ends, however often it is looked at after that.
pub(super) fn evidence_ends(game: &Game, mode: &Mode) -> Timestamp {
    game.finished_at.unwrap_or(game.created_at).plus_millis(mode.windows.evidence_ms)
}

/// A statement in somebody's words, without the space around it.
pub(super) fn worded(text: &str) -> Result<String, Error> {
    let text = text.trim();
    let sound = |c: char| !c.is_control() || matches!(c, '\n' | '\t');
    if text.is_empty() || text.chars().count() > LONGEST || !text.chars().all(sound) {
        let detail = "A reason is 1 to 500 characters of text.";
        return Err(Error::InvalidStatement(vec![FieldError::new("/reason", "length", detail)]));
    }
    Ok(text.to_owned())
}
