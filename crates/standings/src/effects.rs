//! What a result means: pure. A result is entered once, at its place in its family's ledger; later versions replace
//! what it says there ([`correct`](crate::correct)).
//!
//! What is entered depends on the ledger alone, never on when or in how many goes it is read.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::time::Duration;

use kernel::{PlayerId, Timestamp};

use crate::fact::{Fact, Outcome};
use crate::model::{ModeScheme, Model, Pairing, PlayerStats, Rating, ResultRow, StatsKey};
use crate::rating::{self, RatedSeat};
use crate::season::season_of;
use crate::store::{Working, WorkingKeys};

/// How much the k-th rated game of the same two opponents within [`PAIR_WINDOW`] moves ratings: friends who hand each
/// other wins climb to where they stop being believed. The last entry holds for all further games.
pub const PAIR_WEIGHTS: [f64; 9] = [1.0, 1.0, 1.0, 1.0, 1.0, 0.5, 0.25, 0.125, 0.0625];

/// How long a game counts as a repetition for the pair's next ones.
pub const PAIR_WINDOW: Duration = Duration::from_secs(24 * 60 * 60);

/// How many of a pair's latest games are remembered; more than [`PAIR_WEIGHTS`] can tell apart.
const RECENT: usize = 16;

/// How many outcomes a form shows.
const FORM: usize = 10;

/// How modes are rated.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scheming(BTreeMap<String, ModeScheme>);

impl Scheming {
    /// From all modes there are.
    #[must_use]
    pub fn new(schemes: Vec<ModeScheme>) -> Self {
        Self(schemes.into_iter().map(|scheme| (scheme.mode.clone(), scheme)).collect())
    }

    /// The scheme of a mode, if it is known.
    #[must_use]
    pub fn get(&self, mode: &str) -> Option<&ModeScheme> {
        self.0.get(mode)
    }

    /// All of them, by mode.
    pub fn all(&self) -> impl Iterator<Item = &ModeScheme> {
        self.0.values()
    }

    /// The modes of a family.
    pub fn of_family<'a>(&'a self, family: &'a str) -> impl Iterator<Item = &'a ModeScheme> {
        self.all().filter(move |scheme| scheme.family == family)
    }

    /// The model that rates a family.
    #[must_use]
    pub fn model(&self, family: &str) -> Model {
        self.of_family(family).next().map_or(Model::WengLin, |scheme| scheme.model)
    }

    /// The scheme by which a fact takes effect. The model is that of the family in whose ledger the fact stands, which
    /// its mode may have left since. A mode that nobody knows (any more) must not hold up the ledger: whether it is
    /// rated stands in the fact.
    #[must_use]
    pub fn scheme_of(&self, fact: &Fact) -> ModeScheme {
        let of_mode = self.get(&fact.mode).cloned().unwrap_or_else(|| ModeScheme {
            mode: fact.mode.clone(),
            family: fact.family.clone(),
            model: Model::WengLin,
            rated: fact.rated,
            scored: fact.lines.iter().any(|line| line.score.is_some()),
            board: crate::board::Metric::Wins,
        });
        ModeScheme { family: fact.family.clone(), model: self.model(&fact.family), ..of_mode }
    }
}

/// What has to be known before these facts, all of one family, are applied.
#[must_use]
pub fn keys(facts: &[Fact]) -> WorkingKeys {
    let mut keys = WorkingKeys {
        family: facts.first().map(|fact| fact.family.clone()).unwrap_or_default(),
        ..WorkingKeys::default()
    };
    for fact in facts {
        let season = season_of(fact.at);
        for line in &fact.lines {
            keys.players.push(line.player_id);
            keys.stats.push(stats_key(&fact.mode, "", line.player_id));
            keys.stats.push(stats_key(&fact.mode, &season, line.player_id));
            for other in &fact.lines {
                if other.team != line.team {
                    keys.pairings.push((fact.mode.clone(), line.player_id, other.player_id));
                }
            }
        }
    }
    keys.players.sort_unstable();
    keys.players.dedup();
    keys.stats.sort_unstable();
    keys.stats.dedup();
    keys.pairings.sort_unstable();
    keys.pairings.dedup();
    keys
}

pub(crate) fn stats_key(mode: &str, season: &str, player_id: PlayerId) -> StatsKey {
    StatsKey { mode: mode.to_owned(), season: season.to_owned(), player_id }
}

/// Enters a result whose game has no place yet. Answers the game's rows, by player.
pub fn apply(working: &mut Working, fact: &Fact, scheme: &ModeScheme) -> Vec<ResultRow> {
    enter(working, fact, fact.rated, scheme.model)
}

/// [`apply`] of what stands now in place of the first version. Only of that it matters whether it was rated when pairs
/// are weighed, so that taking a result back changes no other game's weight.
pub(crate) fn enter(working: &mut Working, fact: &Fact, first_rated: bool, model: Model) -> Vec<ResultRow> {
    let mut rows = rows(fact);
    let weight = weight(working, &rows);
    for row in &mut rows {
        row.weight = weight;
    }
    if rows.iter().any(|row| row.rated) {
        rate(model, &mut rows, &working.ratings);
        let after = rows.iter().filter_map(|row| Some((row.player_id, row.after?)));
        working.ratings.extend(after);
    }
    for row in &rows {
        for season in ["", &row.season] {
            let key = stats_key(&row.mode, season, row.player_id);
            working.stats.entry(key).or_default().add(row);
        }
        for other in rows.iter().filter(|other| other.team != row.team) {
            let key = (row.mode.clone(), row.player_id, other.player_id);
            let pairing = working.pairings.entry(key).or_default();
            pairing.add(row, other);
            if first_rated {
                pairing.recent.push(fact.at);
                let old = pairing.recent.len().saturating_sub(RECENT);
                pairing.recent.drain(..old);
            }
        }
    }
    rows
}

/// The game's rows, by player, neither weighed nor rated yet.
fn rows(fact: &Fact) -> Vec<ResultRow> {
    let season = season_of(fact.at);
    let row = |line: &crate::fact::FactLine| ResultRow {
        family: fact.family.clone(),
        sequence: fact.sequence,
        player_id: line.player_id,
        game_id: fact.game_id,
        version: fact.version,
        mode: fact.mode.clone(),
        season: season.clone(),
        team: line.team,
        outcome: line.outcome,
        score: line.score,
        counts: !fact.voided,
        rated: fact.rated && !fact.voided,
        weight: 1.0,
        before: None,
        after: None,
        at: fact.at,
    };
    let by_player: BTreeMap<PlayerId, ResultRow> = fact.lines.iter().map(|line| (line.player_id, row(line))).collect();
    let mut rows: Vec<_> = by_player.into_values().collect();
    if !opposed(&rows) {
        for row in &mut rows {
            row.rated = false;
        }
    }
    rows
}

/// Whether there are two teams: else there is nothing to rate.
pub(crate) fn opposed(rows: &[ResultRow]) -> bool {
    rows.iter().any(|row| row.team != rows[0].team)
}

/// A game's weight is the least of its opposing pairs'.
fn weight(working: &Working, rows: &[ResultRow]) -> f64 {
    let mut weight = 1.0_f64;
    for (n, one) in rows.iter().enumerate() {
        for other in rows[n + 1..].iter().filter(|other| other.team != one.team) {
            let key = (one.mode.clone(), one.player_id, other.player_id);
            if let Some(pairing) = working.pairings.get(&key) {
                weight = weight.min(pair_weight(&pairing.recent, one.at));
            }
        }
    }
    weight
}

/// The weight of a game at this time after these of the same pair.
#[must_use]
pub fn pair_weight(recent: &[Timestamp], at: Timestamp) -> f64 {
    let before = recent.iter().filter(|game| at.since(**game) < PAIR_WINDOW).count();
    PAIR_WEIGHTS[before.min(PAIR_WEIGHTS.len() - 1)]
}

/// Rates a game by what its players' ratings were before it; whoever has none is a newcomer.
pub(crate) fn rate(model: Model, rows: &mut [ResultRow], before: &BTreeMap<PlayerId, Rating>) {
    let Some(first) = rows.first() else { return };
    let (weight, at) = (first.weight, first.at);
    let seat = |row: &ResultRow| RatedSeat {
        player_id: row.player_id,
        team: row.team,
        rating: before.get(&row.player_id).copied().unwrap_or_else(|| rating::newcomer(model)),
        outcome: row.outcome,
        score: row.score,
    };
    let seats: Vec<_> = rows.iter().map(seat).collect();
    let after = rating::rate(model, &seats, weight, at);
    for ((row, seat), after) in rows.iter_mut().zip(&seats).zip(after) {
        row.before = Some(seat.rating);
        row.after = Some(after);
    }
}

/// A streak one outcome longer, or at its end.
fn run(streak: i32, outcome: Outcome) -> i32 {
    match outcome {
        Outcome::Win => streak.max(0).saturating_add(1),
        Outcome::Loss => streak.min(0).saturating_sub(1),
        Outcome::Draw => 0,
    }
}

impl PlayerStats {
    /// One more game, the last so far.
    pub(crate) fn add(&mut self, row: &ResultRow) {
        if !row.counts {
            return;
        }
        self.games = self.games.saturating_add(1);
        if let Some(outcome) = row.outcome {
            let (count, letter) = match outcome {
                Outcome::Win => (&mut self.wins, 'W'),
                Outcome::Loss => (&mut self.losses, 'L'),
                Outcome::Draw => (&mut self.draws, 'D'),
            };
            *count = count.saturating_add(1);
            self.streak = run(self.streak, outcome);
            self.best_streak = self.best_streak.max(self.streak);
            if self.form.len() >= FORM {
                self.form.remove(0);
            }
            self.form.push(letter);
        }
        if let Some(score) = row.score {
            self.best_score = Some(self.best_score.map_or(score, |best| best.max(score)));
            self.total_score = self.total_score.saturating_add(score);
        }
        if let Some(after) = row.after {
            self.rating = Some(after.value);
        }
        self.last_sequence = row.sequence;
        self.last_at = Some(row.at);
    }
}

/// How a game of many ended between two of its players: whoever fared better beat the other, and two who lost to a
/// third drew.
fn between(mine: Outcome, theirs: Outcome) -> Outcome {
    let points = |outcome| match outcome {
        Outcome::Win => 2,
        Outcome::Draw => 1,
        Outcome::Loss => 0,
    };
    match points(mine).cmp(&points(theirs)) {
        Ordering::Greater => Outcome::Win,
        Ordering::Equal => Outcome::Draw,
        Ordering::Less => Outcome::Loss,
    }
}

impl Pairing {
    /// One more game against each other, the last so far; [`recent`](Self::recent) stays.
    pub(crate) fn add(&mut self, mine: &ResultRow, theirs: &ResultRow) {
        if !mine.counts || mine.team == theirs.team {
            return;
        }
        self.games = self.games.saturating_add(1);
        if let (Some(mine), Some(theirs)) = (mine.outcome, theirs.outcome) {
            let outcome = between(mine, theirs);
            let count = match outcome {
                Outcome::Win => &mut self.wins,
                Outcome::Loss => &mut self.losses,
                Outcome::Draw => &mut self.draws,
            };
            *count = count.saturating_add(1);
            self.streak = run(self.streak, outcome);
        }
        self.last_game = Some(mine.game_id);
        self.last_sequence = mine.sequence;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sixth_game_of_a_pair_in_a_day_counts_half_and_none_less_than_a_sixteenth() {
        let at = |hours: i64| Timestamp::from_millis(hours * 3_600_000);
        let mut recent = Vec::new();
        let mut weights = Vec::new();
        for _ in 0..12 {
            weights.push(pair_weight(&recent, at(1)));
            recent.push(at(1));
        }
        assert_eq!(weights[..5], [1.0; 5]);
        assert_eq!(weights[5..9], [0.5, 0.25, 0.125, 0.0625]);
        assert_eq!(weights[9..], [0.0625; 3]);
        assert_eq!(pair_weight(&recent, at(25)), 1.0, "a day later they are strangers again");
        assert_eq!(pair_weight(&recent, Timestamp::from_micros(at(25).micros() - 1)), 0.0625);
    }
}
