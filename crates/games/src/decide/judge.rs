//! Who is right, where reports contradict each other or need a review: the majority, else the approval gate, else
//! nobody.
//!
//! A replay by a rules module comes before all of this and needs no code here: where there is a module, the server
//! decides move by move and takes no reports, so such a game is never disputed.

use std::collections::BTreeMap;

use kernel::{ApprovalRequest, Approved, PlayerId, Timestamp};
use serde_json::{Map, Value, json};

use super::dispute::evidence_ends;
use super::draft::{Draft, Settlement};
use super::hold::{self, Unvouched};
use super::report::is_there;
use super::verdict::{Claims, by_scores, claims_of};
use crate::change::Change;
use crate::mode::Mode;
use crate::model::{Game, Report};
use crate::words::Status;

/// How long a game waits for the gate or an operator before it is voided.
const REVIEW_MS: i64 = 24 * 3_600_000;

/// How long until the gate is asked again.
const ASK_AGAIN_MS: i64 = 30_000;

/// When waiting for a decision ends.
fn review_ends(game: &Game, mode: &Mode) -> Timestamp {
    let from = match game.status {
        Status::Disputed => evidence_ends(game, mode),
        _ => game.finished_at.unwrap_or(game.created_at),
    };
    from.plus_millis(REVIEW_MS)
}

/// What follows from the end of the evidence window, or of the wait for a decision, without asking anybody. `None`: the
/// gate is to be asked, see [`question`].
pub(super) fn expired(game: &Game, mode: &Mode, now: Timestamp) -> Option<Change> {
    let disputed = game.status == Status::Disputed;
    let mut draft = Draft::of(game, now);
    if let Some(majority) = Some(game).filter(|_| disputed).and_then(|game| majority(game, mode)) {
        let provenance = json!({
            "source": "majority",
            "for": majority.with,
            "against": majority.against,
            "mode_version": game.mode_version,
        });
        let standings = by_scores(game, &majority.scores);
        draft.settle(mode, Settlement { reason: "majority", provenance, standings, ended: None });
    } else if now >= review_ends(game, mode) {
        draft.void(if disputed { "unresolved_dispute" } else { "unreviewed" });
    } else {
        return None;
    }
    Some(draft.into_change())
}

struct Majority {
    scores: BTreeMap<PlayerId, i64>,
    with: Vec<PlayerId>,
    against: Vec<PlayerId>,
}

/// What more than half of three or more reporters say, if more than half of those still there have reported at all. For
/// each player about whom they differ one value must have more than half of the claims, and two; of those who say how
/// it ended for them, more than half must be right by these scores. A score that is held for a review isn't decided so.
fn majority(game: &Game, mode: &Mode) -> Option<Majority> {
    let there = game.players.iter().filter(|player| is_there(game, player)).count();
    if game.reports.len() < 3 || game.reports.len() * 2 <= there {
        return None;
    }
    let mut votes: BTreeMap<PlayerId, BTreeMap<i64, usize>> = BTreeMap::new();
    for (player, score) in game.reports.iter().flat_map(claims_of) {
        *votes.entry(player).or_default().entry(score).or_default() += 1;
    }
    let mut scores = BTreeMap::new();
    for (player, values) in votes {
        let all: usize = values.values().sum();
        let (score, most) = values.iter().max_by_key(|(_, n)| **n).map(|(score, n)| (*score, *n))?;
        if values.len() > 1 && (most < 2 || most * 2 <= all) {
            return None;
        }
        scores.insert(player, score);
    }
    if hold::unvouched(game, mode).iter().any(|held| scores.get(&held.player_id) == Some(&held.score)) {
        return None;
    }
    let computed = by_scores(game, &scores);
    let right = |report: &Report| {
        let ours = computed.iter().find(|standing| standing.player_id == report.player_id)?.outcome?;
        report.outcome.map(|claimed| claimed == ours)
    };
    let said: Vec<_> = game.reports.iter().filter_map(right).collect();
    let agree = said.iter().filter(|right| **right).count();
    if agree * 2 <= said.len() && agree < said.len() {
        return None;
    }
    let holds = |report: &&Report| {
        right(report) != Some(false) && claims_of(report).all(|(player, score)| scores.get(&player) == Some(&score))
    };
    let (with, against): (Vec<_>, Vec<_>) = game.reports.iter().partition(holds);
    let ids = |reports: Vec<&Report>| reports.into_iter().map(|report| report.player_id).collect();
    Some(Majority { with: ids(with), against: ids(against), scores })
}

/// What the approval gate is to be asked now, if this game waits for it. Players are seats here: the gate is no part of
/// this house, and seats are all it needs to judge.
#[must_use]
pub fn question(game: &Game, mode: &Mode, now: Timestamp) -> Option<ApprovalRequest> {
    if !game.is_due(now) || !waits(game) || expired(game, mode, now).is_some() {
        return None;
    }
    let (kind, content, context) = match game.status {
        Status::Disputed => ("score.dispute", contested(game), said(game)),
        _ => ("score.held", contested(game), suspected(game, mode)),
    };
    Some(ApprovalRequest { subject: game.id.to_string(), kind: kind.into(), content, context })
}

fn waits(game: &Game) -> bool {
    matches!(game.status, Status::Disputed | Status::Finished) && !game.reports.is_empty()
}

fn seat_of(game: &Game, player: PlayerId) -> Option<u8> {
    game.player(player).map(|player| player.seat)
}

/// The claims, and whose are proposed to hold: the first reporter's.
fn contested(game: &Game) -> Value {
    let claims = game.reports.iter().map(|report| {
        let of_others = report.scores.iter();
        let scores = of_others.filter_map(|(player, score)| Some((seat_of(game, *player)?.to_string(), json!(score))));
        json!({
            "seat": seat_of(game, report.player_id),
            "score": report.score,
            "scores": scores.collect::<Map<_, _>>(),
            "outcome": report.outcome,
            "duration_ms": report.duration_ms,
            "held": report.held,
        })
    });
    let proposed = game.reports.first().and_then(|report| seat_of(game, report.player_id));
    json!({ "mode": game.mode, "proposed": proposed, "claims": claims.collect::<Vec<_>>() })
}

fn said(game: &Game) -> Value {
    let evidence = game.evidence.iter().map(|evidence| {
        let seat = seat_of(game, evidence.player_id);
        json!({ "seat": seat, "reason": evidence.reason, "evidence": evidence.evidence })
    });
    json!({ "players": game.players.len(), "evidence": evidence.collect::<Vec<_>>() })
}

/// The boldest of the held scores; there is another only where several were held.
fn suspected(game: &Game, mode: &Mode) -> Value {
    let held = hold::unvouched(game, mode);
    let boldest = held.iter().max_by_key(|held| i128::from(held.score) - i128::from(held.limit));
    json!({
        "players": game.players.len(),
        "corroborated": held.is_empty(),
        "seat": boldest.and_then(|held| seat_of(game, held.player_id)),
        "score": boldest.map(|held| held.score),
        "limit": boldest.map(|Unvouched { limit, .. }| limit),
        "elapsed_ms": boldest.map(|held| held.elapsed_ms),
        "evidence": said(game)["evidence"],
    })
}

/// The gate is about to be asked: puts off the next time, so that of several replicas one asks. Operators see the game
/// from now on.
#[must_use]
pub fn asking(game: &Game, mode: &Mode, now: Timestamp) -> Change {
    let mut draft = Draft::of(game, now);
    draft.game.due_at = Some(now.plus_millis(ASK_AGAIN_MS).min(review_ends(game, mode)));
    draft.game.needs_review = true;
    draft.into_change()
}

/// What the gate's answer leads to; `None` while it has none, or when the game doesn't wait for one any more. Yes says
/// that the proposed claims hold: those of the first reporter, and the others' where that one says nothing.
#[must_use]
pub fn answered(game: &Game, mode: &Mode, answer: &Approved, now: Timestamp) -> Option<Change> {
    let disputed = game.status == Status::Disputed;
    let first = game.reports.first().filter(|_| waits(game))?;
    let mut draft = Draft::of(game, now);
    match answer {
        Approved::Pending => return None,
        Approved::No(_) => draft.void(if disputed { "unresolved_dispute" } else { "rejected_report" }),
        Approved::Yes => {
            let provenance = json!({
                "source": "review",
                "kind": if disputed { "score.dispute" } else { "score.held" },
                "proposed": first.player_id,
                "mode_version": game.mode_version,
            });
            // Of several claims about one player the first is kept, and the first reporter's come first.
            let standings = by_scores(game, &Claims::of(game).scores);
            draft.settle(mode, Settlement { reason: "review", provenance, standings, ended: None });
        }
    }
    Some(draft.into_change())
}
