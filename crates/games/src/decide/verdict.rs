//! From claims, verdicts and departures to standings.

use std::collections::{BTreeMap, BTreeSet};

use kernel::PlayerId;

use crate::model::{Game, GamePlayer, Report, Standing};
use crate::rules::Verdict;
use crate::words::{Claim, Outcome, PlayerStatus};

/// What the reports say together.
pub(super) struct Claims {
    /// Each player's score, where anybody said one.
    pub(super) scores: BTreeMap<PlayerId, i64>,
    /// Two claims about one player differ, or somebody's claimed outcome isn't the computed one.
    pub(super) conflict: bool,
}

impl Claims {
    pub(super) fn of(game: &Game) -> Self {
        let mut scores = BTreeMap::new();
        let mut conflict = false;
        for report in &game.reports {
            for (player, score) in claims_of(report) {
                conflict |= *scores.entry(player).or_insert(score) != score;
            }
        }
        let computed = by_scores(game, &scores);
        conflict |= game.reports.iter().any(|report| {
            let ours = computed.iter().find(|standing| standing.player_id == report.player_id).and_then(|s| s.outcome);
            matches!((report.outcome, ours), (Some(claimed), Some(ours)) if claimed != ours)
        });
        Self { scores, conflict }
    }
}

/// Whose score this report says is what: the own one first, each player once.
pub(super) fn claims_of(report: &Report) -> impl Iterator<Item = (PlayerId, i64)> {
    let of_others = report.scores.iter().filter(|(player, _)| **player != report.player_id);
    std::iter::once((report.player_id, report.score)).chain(of_others.map(|(player, score)| (*player, *score)))
}

fn line(player: &GamePlayer, score: Option<i64>, outcome: Option<Outcome>) -> Standing {
    Standing { player_id: player.player_id, team: player.team, seat: player.seat, score, outcome }
}

/// Everybody who was there at the start or later; who never came has no line in the result.
fn took_part(game: &Game) -> impl Iterator<Item = &GamePlayer> {
    game.players.iter().filter(|player| player.status != PlayerStatus::NoShow)
}

/// Standings by team totals, higher is better. Who has left loses and adds nothing to the team; a team of which nobody
/// has a score comes last; best teams that are equal draw. A game of one team has no outcome.
pub(super) fn by_scores(game: &Game, scores: &BTreeMap<PlayerId, i64>) -> Vec<Standing> {
    let mut totals: BTreeMap<u8, Option<i64>> = BTreeMap::new();
    for player in took_part(game) {
        let total = totals.entry(player.team).or_default();
        if player.status != PlayerStatus::Abandoned
            && let Some(score) = scores.get(&player.player_id)
        {
            *total = Some(total.unwrap_or(0).saturating_add(*score));
        }
    }
    let best = totals.values().max().copied().flatten();
    let alone = totals.values().filter(|total| **total == best).count() == 1;
    took_part(game)
        .map(|player| {
            let among_best = totals.get(&player.team).copied().flatten() == best;
            let outcome = match player.status {
                _ if totals.len() == 1 => None,
                PlayerStatus::Abandoned => Some(Outcome::Loss),
                _ if among_best && alone => Some(Outcome::Win),
                _ if among_best => Some(Outcome::Draw),
                _ => Some(Outcome::Loss),
            };
            line(player, scores.get(&player.player_id).copied(), outcome)
        })
        .collect()
}

/// Standings of a decided game of a rules module.
pub(super) fn by_rules(game: &Game, verdict: Verdict) -> Vec<Standing> {
    let winners = match verdict {
        Verdict::Draw => None,
        Verdict::Won { seat } => game.players.iter().find(|player| player.seat == seat).map(|player| player.team),
    };
    let outcome = |player: &GamePlayer| match winners {
        None => Outcome::Draw,
        Some(team) if team == player.team => Outcome::Win,
        Some(_) => Outcome::Loss,
    };
    took_part(game).map(|player| line(player, None, Some(outcome(player)))).collect()
}

/// Standings when one team is left: it wins, the others lose.
pub(super) fn by_walkover(game: &Game, scores: &BTreeMap<PlayerId, i64>) -> Vec<Standing> {
    let outcome = |player: &GamePlayer| match player.status {
        PlayerStatus::Abandoned => Outcome::Loss,
        _ => Outcome::Win,
    };
    took_part(game).map(|player| line(player, sure(game, player, scores), Some(outcome(player)))).collect()
}

/// A player's score, but for one that only held reports name: where a game ends otherwise than by its reports nobody is
/// left to vouch for it, and who won doesn't depend on it.
fn sure(game: &Game, player: &GamePlayer, scores: &BTreeMap<PlayerId, i64>) -> Option<i64> {
    let claim = (player.player_id, *scores.get(&player.player_id)?);
    let mut free = game.reports.iter().filter(|report| report.held.is_none());
    free.any(|report| claims_of(report).any(|said| said == claim)).then_some(claim.1)
}

/// Standings when `team` claims a win or a draw over those who are gone. Who has left loses all the same.
pub(super) fn by_claim(game: &Game, team: u8, claim: Claim, scores: &BTreeMap<PlayerId, i64>) -> Vec<Standing> {
    let outcome = |player: &GamePlayer| match (player.status, claim) {
        (PlayerStatus::Abandoned, _) => Outcome::Loss,
        (_, Claim::Draw) => Outcome::Draw,
        (_, Claim::Win) if player.team == team => Outcome::Win,
        (_, Claim::Win) => Outcome::Loss,
    };
    took_part(game).map(|player| line(player, sure(game, player, scores), Some(outcome(player)))).collect()
}

/// The teams of which somebody is still there.
pub(super) fn teams_left(game: &Game) -> BTreeSet<u8> {
    game.players.iter().filter(|p| p.status.engaged()).map(|p| p.team).collect()
}
