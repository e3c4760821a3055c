//! Ratings after a correction: told anew from its place on, a few pages at a time, so that whoever does it can renew
//! its lease in between.
//!
//! Each player's chain of ratings starts from the last row before that place, and is followed through the rows. A game
//! whose players come to it as its rows say keeps its ratings; others are rated again. So nothing but the rows and
//! `redo_from` needs to be remembered, and whoever takes over just starts again: what is right already stays.

use std::collections::BTreeMap;

use kernel::{GameId, PlayerId, StoreError};

use crate::effects::{self, Scheming, stats_key};
use crate::model::{Head, PlayerStats, Rating, ResultRow};
use crate::rating;
use crate::store::{StandingsStore, Working, WorkingKeys};

/// Ratings of one family being redone.
pub(crate) struct Redo {
    /// The head it works under.
    pub head: Head,
    /// What is corrected at `redo_from`: mode, game and version; rating changes are put down to it.
    pub cause: Option<(String, GameId, i32)>,
    /// Up to here rows were looked at.
    seen: i64,
    /// Everybody's rating after the rows seen.
    ratings: BTreeMap<PlayerId, Rating>,
    /// The last rating in each season seen, by player and season, of all time where the season is empty.
    lasts: BTreeMap<(usize, PlayerId), f64>,
    /// Modes and seasons; `lasts` names them by their index.
    seasons: Vec<(String, String)>,
    /// What comes after all rows were seen: these are compared with what is stored.
    closing: Option<Closing>,
}

struct Closing {
    ratings: Vec<PlayerId>,
    stats: Vec<(usize, PlayerId)>,
}

/// What a step of a redo wants committed.
pub(crate) enum Redone {
    /// Rows that were rated anew; more are to come. May be none.
    Rows(Vec<ResultRow>),
    /// Present ratings and stats that are other than what was stored, with what was stored; and whether that is all.
    Present {
        /// To write.
        working: Working,
        /// What stood in its place.
        before: BTreeMap<PlayerId, Rating>,
        /// Whether the redo is done with it.
        last: bool,
    },
}

impl Redo {
    const PAGE: i64 = 400;
    const WRITE: usize = 1_000;

    /// Ready to start, if there is anything to redo.
    pub(crate) fn new(head: &Head) -> Option<Self> {
        let from = head.redo_from?;
        Some(Self {
            head: head.clone(),
            cause: None,
            seen: from - 1,
            ratings: BTreeMap::new(),
            lasts: BTreeMap::new(),
            seasons: Vec::new(),
            closing: None,
        })
    }

    /// Goes on; what it answers must be committed before it is asked again.
    pub(crate) async fn step(&mut self, store: &dyn StandingsStore, schemes: &Scheming) -> Result<Redone, StoreError> {
        if self.closing.is_none() {
            let page = store.results(&self.head.family, self.seen, Self::PAGE).await?;
            if let Some(last) = page.last() {
                let seen = last.sequence;
                let redone = self.follow(store, schemes, page).await?;
                self.seen = seen;
                return Ok(Redone::Rows(redone));
            }
        }
        self.close(store, schemes).await
    }

    async fn follow(
        &mut self,
        store: &dyn StandingsStore,
        schemes: &Scheming,
        page: Vec<ResultRow>,
    ) -> Result<Vec<ResultRow>, StoreError> {
        let from = self.head.redo_from.unwrap_or_default();
        if self.cause.is_none() {
            self.cause = page.first().map(|row| (row.mode.clone(), row.game_id, row.version));
        }
        let mut unknown: Vec<_> =
            page.iter().map(|row| row.player_id).filter(|player| !self.ratings.contains_key(player)).collect();
        unknown.sort_unstable();
        unknown.dedup();
        if !unknown.is_empty() {
            let newcomer = rating::newcomer(schemes.model(&self.head.family));
            let lasts = store.last_before(&self.head.family, &unknown, from).await?;
            let stood = |player: &PlayerId| lasts.get(player).and_then(|row| row.after).unwrap_or(newcomer);
            self.ratings.extend(unknown.iter().map(|player| (*player, stood(player))));
        }
        let mut redone = Vec::new();
        for game in page.chunk_by(|one, other| one.sequence == other.sequence) {
            if !game.iter().any(|row| row.rated) {
                continue;
            }
            let stands = |row: &ResultRow| {
                let before = self.ratings.get(&row.player_id);
                row.after.is_some() && row.before.zip(before).is_some_and(|(said, is)| same_rating(&said, is))
            };
            let mut game = game.to_vec();
            if !game.iter().all(stands) {
                effects::rate(schemes.model(&self.head.family), &mut game, &self.ratings);
                redone.extend(game.iter().cloned());
            }
            for row in &game {
                let Some(after) = row.after else { continue };
                self.ratings.insert(row.player_id, after);
                for season in ["", &row.season] {
                    let season = self.season(&row.mode, season);
                    self.lasts.insert((season, row.player_id), after.value);
                }
            }
        }
        Ok(redone)
    }

    fn season(&mut self, mode: &str, season: &str) -> usize {
        let known = self.seasons.iter().rposition(|(m, s)| m == mode && s == season);
        known.unwrap_or_else(|| {
            self.seasons.push((mode.to_owned(), season.to_owned()));
            self.seasons.len() - 1
        })
    }

    /// Compares some of what came out with what is stored.
    async fn close(&mut self, store: &dyn StandingsStore, schemes: &Scheming) -> Result<Redone, StoreError> {
        let (ratings, lasts) = (&self.ratings, &self.lasts);
        let closing = self.closing.get_or_insert_with(|| Closing {
            ratings: ratings.keys().copied().collect(),
            stats: lasts.keys().copied().collect(),
        });
        let players = closing.ratings.split_off(closing.ratings.len().saturating_sub(Self::WRITE));
        let stats = closing.stats.split_off(closing.stats.len().saturating_sub(Self::WRITE));
        let last = closing.ratings.is_empty() && closing.stats.is_empty();
        let key = |(season, player): &(usize, PlayerId)| {
            let (mode, season) = &self.seasons[*season];
            stats_key(mode, season, *player)
        };
        let keys = WorkingKeys {
            family: self.head.family.clone(),
            players: players.clone(),
            stats: stats.iter().map(key).collect(),
            pairings: Vec::new(),
        };
        let stored = store.working(&keys).await?;
        let newcomer = rating::newcomer(schemes.model(&self.head.family));
        let mut working = Working::default();
        let mut before = BTreeMap::new();
        for player in players {
            let Some(is) = self.ratings.get(&player) else { continue };
            let was = stored.ratings.get(&player).unwrap_or(&newcomer);
            if !same_rating(was, is) {
                before.insert(player, *was);
                working.ratings.insert(player, *is);
            }
        }
        for entry in stats {
            let (key, Some(value)) = (key(&entry), self.lasts.get(&entry)) else { continue };
            let Some(stats) = stored.stats.get(&key) else { continue };
            if stats.rating.map(f64::to_bits) != Some(value.to_bits()) {
                working.stats.insert(key, PlayerStats { rating: Some(*value), ..stats.clone() });
            }
        }
        Ok(Redone::Present { working, before, last })
    }
}

/// Whether two ratings are the same to the last bit.
pub(crate) fn same_rating(one: &Rating, other: &Rating) -> bool {
    let bits = |rating: &Rating| {
        (rating.value.to_bits(), rating.deviation.to_bits(), rating.volatility.to_bits(), rating.peak.map(f64::to_bits))
    };
    bits(one) == bits(other) && one.games == other.games && one.last_at == other.last_at
}
