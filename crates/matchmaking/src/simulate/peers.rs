//! Others' rules for duels, written anew from what they publish, with their published settings and nothing tuned.
//! Each knows duels only: that is what is compared.

use std::collections::BTreeMap;

use kernel::Timestamp;
use mwmatching::{Matching, SENTINEL};

use super::engine::{Engine, Teams};
use super::trace::number;
use crate::Candidate;

#[derive(Debug, Clone, Copy)]
struct Waiting {
    rating: f64,
    since: Timestamp,
    /// Waves that went without it.
    misses: u32,
    /// Whether it has searched.
    searched: bool,
}

/// Tickets by number, which is also their order of arrival.
type Pool = BTreeMap<usize, Waiting>;

fn arrive(pool: &mut Pool, number: usize, ticket: &Candidate, now: Timestamp) {
    pool.insert(number, Waiting { rating: ticket.rating(), since: now, misses: 0, searched: false });
}

fn gap(pool: &Pool, a: usize, b: usize) -> f64 {
    (pool[&a].rating - pool[&b].rating).abs()
}

/// Nakama's matchmaker (heroiclabs/nakama, `server/matchmaker.go`): every `interval_sec` (15 by default) each ticket
/// that has not searched yet takes the one waiting longest of those its query admits; with equal minimum and maximum
/// counts a ticket searches once and is then only found by others. The query is the one of its documentation's
/// examples: a rating within ±100. Go walks the searchers in random order; here they come in order of arrival.
pub(super) struct NakamaLike {
    pool: Pool,
    every_ms: i64,
    tick: Timestamp,
}

const NAKAMA_RANGE: f64 = 100.0;

impl NakamaLike {
    pub(super) fn new(every: u32, start: Timestamp) -> Self {
        let every_ms = i64::from(every) * 1_000;
        Self { pool: Pool::new(), every_ms, tick: start.plus_millis(every_ms) }
    }
}

impl Engine for NakamaLike {
    fn arrive(&mut self, number: usize, ticket: &Candidate, now: Timestamp) {
        arrive(&mut self.pool, number, ticket, now);
    }

    fn leave(&mut self, ticket: &Candidate) {
        self.pool.remove(&number(ticket.id));
    }

    fn block(&mut self, _a: &Candidate, _b: &Candidate) {}

    fn next(&mut self) -> Option<Timestamp> {
        Some(self.tick)
    }

    fn matches(&mut self, now: Timestamp) -> Vec<Teams> {
        let mut made = Vec::new();
        if now < self.tick {
            return made;
        }
        self.tick = now.plus_millis(self.every_ms);
        let searching: Vec<usize> = self.pool.iter().filter(|(_, w)| !w.searched).map(|(n, _)| *n).collect();
        for own in searching {
            let Some(searcher) = self.pool.get_mut(&own) else { continue };
            searcher.searched = true;
            let found = self.pool.keys().copied().find(|n| *n != own && gap(&self.pool, own, *n) <= NAKAMA_RANGE);
            if let Some(other) = found {
                self.pool.remove(&own);
                self.pool.remove(&other);
                made.push(vec![vec![own], vec![other]]);
            }
        }
        made
    }
}

/// Lichess' pools (lichess-org/lila, `modules/pool`): a wave every 12 s, or as soon as 40 wait (the settings of its
/// 3+0 pool), which pairs as many as it can at the lowest total score by a blossom algorithm. A pair's score is its
/// rating gap, less 12 for each wave the one who missed fewer has missed (460 at most), less 30 because both behave
/// well. Pairs above a limit by the lower rating don't play: 130 below 1000, 100 below 1500, else a fifteenth.
/// Its jitter of up to a second between waves is left out.
pub(super) struct LichessLike {
    pool: Pool,
    wave: Timestamp,
}

const WAVE_MS: i64 = 12_000;
const WAVE_PLAYERS: usize = 40;

impl LichessLike {
    pub(super) fn new(start: Timestamp) -> Self {
        Self { pool: Pool::new(), wave: start.plus_millis(WAVE_MS) }
    }

    /// In tenths; `None`: they don't play.
    #[expect(clippy::cast_possible_truncation, reason = "scores are a few thousand at most")]
    fn score(a: &Waiting, b: &Waiting) -> Option<i32> {
        let lower = a.rating.min(b.rating);
        let limit = if lower < 1_000.0 {
            130.0
        } else if lower < 1_500.0 {
            100.0
        } else {
            lower / 15.0
        };
        let missed = f64::from(12 * a.misses.min(b.misses)).min(460.0);
        let score = (a.rating - b.rating).abs() - missed - 30.0;
        (score <= limit).then_some((score * 10.0) as i32)
    }
}

impl Engine for LichessLike {
    fn arrive(&mut self, number: usize, ticket: &Candidate, now: Timestamp) {
        arrive(&mut self.pool, number, ticket, now);
        if self.pool.len() >= WAVE_PLAYERS {
            self.wave = now;
        }
    }

    fn leave(&mut self, ticket: &Candidate) {
        self.pool.remove(&number(ticket.id));
    }

    fn block(&mut self, _a: &Candidate, _b: &Candidate) {}

    fn next(&mut self) -> Option<Timestamp> {
        Some(self.wave)
    }

    fn matches(&mut self, now: Timestamp) -> Vec<Teams> {
        if now < self.wave {
            return Vec::new();
        }
        self.wave = now.plus_millis(WAVE_MS);
        let all: Vec<(usize, Waiting)> = self.pool.iter().map(|(n, waiting)| (*n, *waiting)).collect();
        let mut edges = Vec::new();
        for a in 0..all.len() {
            for b in a + 1..all.len() {
                edges.extend(Self::score(&all[a].1, &all[b].1).map(|score| (a, b, 1_000_000 - score)));
            }
        }
        let mates = if edges.is_empty() { Vec::new() } else { Matching::new(edges).max_cardinality().solve() };
        let pairs = mates.iter().enumerate().filter(|(a, b)| **b != SENTINEL && a < *b);
        let made: Vec<Teams> = pairs.map(|(a, b)| vec![vec![all[a].0], vec![all[*b].0]]).collect();
        for number in made.iter().flatten().flatten() {
            self.pool.remove(number);
        }
        self.pool.values_mut().for_each(|waiting| waiting.misses += 1);
        made
    }
}

/// PlayFab's matchmaking (learn.microsoft.com, "How matchmaking works" and "Matchmaking rules"): again and again the
/// ticket waiting longest becomes the seed and takes the nearest one that the rules admit; then the next one. The rule
/// is a difference rule with linear expansion, as in its examples (difference and delta alike, growing every 5 s to a
/// maximum): ±50, 50 more every 5 s, up to ±500. Here the loop runs once a second.
pub(super) struct PlayFabLike {
    pool: Pool,
    tick: Timestamp,
}

impl PlayFabLike {
    pub(super) fn new(start: Timestamp) -> Self {
        Self { pool: Pool::new(), tick: start.plus_millis(1_000) }
    }

    fn range(waiting: &Waiting, now: Timestamp) -> f64 {
        let expansions = (now.since(waiting.since).as_secs_f64() / 5.0).floor();
        (50.0 + 50.0 * expansions).min(500.0)
    }
}

impl Engine for PlayFabLike {
    fn arrive(&mut self, number: usize, ticket: &Candidate, now: Timestamp) {
        arrive(&mut self.pool, number, ticket, now);
    }

    fn leave(&mut self, ticket: &Candidate) {
        self.pool.remove(&number(ticket.id));
    }

    fn block(&mut self, _a: &Candidate, _b: &Candidate) {}

    fn next(&mut self) -> Option<Timestamp> {
        Some(self.tick)
    }

    fn matches(&mut self, now: Timestamp) -> Vec<Teams> {
        let mut made = Vec::new();
        if now < self.tick {
            return made;
        }
        self.tick = now.plus_millis(1_000);
        let seeds: Vec<usize> = self.pool.keys().copied().collect();
        for own in seeds {
            let Some(seed) = self.pool.get(&own) else { continue };
            let range = Self::range(seed, now);
            let others = self.pool.keys().copied().filter(|n| *n != own);
            let nearest = others.min_by(|a, b| gap(&self.pool, own, *a).total_cmp(&gap(&self.pool, own, *b)));
            // Rules hold for every ticket in the match: the narrower one decides.
            let found = nearest.filter(|n| gap(&self.pool, own, *n) <= range.min(Self::range(&self.pool[n], now)));
            if let Some(other) = found {
                self.pool.remove(&own);
                self.pool.remove(&other);
                made.push(vec![vec![own], vec![other]]);
            }
        }
        made
    }
}
