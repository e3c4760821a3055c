//! Scores so close to the most a mode believes that they need another player's word, or a review.

use std::collections::BTreeMap;

use kernel::{PlayerId, Timestamp};

use super::verdict::claims_of;
use crate::mode::{Envelope, Mode};
use crate::model::{Game, Report};

/// Why a report is held, as its reporter is told.
pub(super) const NEAR_LIMIT: &str = "near_limit";

/// How long the game had been played at `at`, by the server's clock, in milliseconds.
pub(super) fn played_ms(game: &Game, at: Timestamp) -> i64 {
    game.started_at.map_or(0, |start| i64::try_from(at.since(start).as_millis()).unwrap_or(i64::MAX))
}

/// The most a score can be after so long, in thousandths: the first second counts whole, so that a short game isn't
/// refused for milliseconds.
pub(super) fn most_thousandths(envelope: &Envelope, played_ms: i64) -> Option<i128> {
    envelope.max_per_second.map(|rate| i128::from(rate) * i128::from(played_ms.max(1_000)))
}

fn near_limit(envelope: &Envelope, score: i64, played_ms: i64) -> bool {
    let most = most_thousandths(envelope, played_ms);
    most.is_some_and(|most| score as f64 * 1_000.0 > envelope.hold_above * most as f64)
}

/// Why this report is to be held, if any score in it comes too close.
pub(super) fn reason(game: &Game, envelope: &Envelope, report: &Report) -> Option<&'static str> {
    let played_ms = played_ms(game, report.at);
    claims_of(report).any(|(_, score)| near_limit(envelope, score, played_ms)).then_some(NEAR_LIMIT)
}

/// A score near the limit for which only one player vouches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Unvouched {
    /// Whose score.
    pub(super) player_id: PlayerId,
    /// The claim.
    pub(super) score: i64,
    /// The most it could have been.
    pub(super) limit: i64,
    /// How long the game had been played when it was reported.
    pub(super) elapsed_ms: i64,
}

/// The scores of held reports that nobody but their reporter names. What two players say of one of them counts at once:
/// that is no weaker than any other result.
pub(super) fn unvouched(game: &Game, mode: &Mode) -> Vec<Unvouched> {
    let mut vouchers = BTreeMap::<_, usize>::new();
    for claim in game.reports.iter().flat_map(claims_of) {
        *vouchers.entry(claim).or_default() += 1;
    }
    let mut found = Vec::new();
    for report in game.reports.iter().filter(|report| report.held.is_some()) {
        let elapsed_ms = played_ms(game, report.at);
        for (player_id, score) in claims_of(report) {
            let near = mode.score().is_none_or(|envelope| near_limit(envelope, score, elapsed_ms));
            if near && vouchers.get(&(player_id, score)) == Some(&1) {
                let most = mode.score().and_then(|envelope| most_thousandths(envelope, elapsed_ms)).unwrap_or(0);
                let limit = i64::try_from(most / 1_000).unwrap_or(i64::MAX);
                found.push(Unvouched { player_id, score, limit, elapsed_ms });
            }
        }
    }
    found
}
