//! Standings in memory: what every other store is compared with.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use kernel::memory::MemoryKernel;
use kernel::{GameId, PlayerId, Riders, StoreError};

use crate::board::{BoardKey, BoardLine, BoardSpan, Place};
use crate::model::{Head, Pairing, PlayerStats, Rating, ResultRow, SeasonClose, SeasonFinal, StatsKey};
use crate::store::{SeasonStore, StandingsChange, StandingsReads, StandingsStore, Working, WorkingKeys};

/// Standings of one [`MemoryKernel`] world.
pub struct MemoryStandingsStore {
    kernel: Arc<MemoryKernel>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    heads: BTreeMap<String, Head>,
    /// By family, place and player.
    results: BTreeMap<(String, i64), BTreeMap<PlayerId, ResultRow>>,
    /// Places by player and mode.
    played: BTreeMap<(PlayerId, String), BTreeMap<i64, String>>,
    games: BTreeMap<GameId, BTreeSet<(String, i64)>>,
    ratings: BTreeMap<(String, PlayerId), Rating>,
    stats: BTreeMap<StatsKey, PlayerStats>,
    pairings: BTreeMap<(String, PlayerId, PlayerId), Pairing>,
    closes: BTreeMap<(String, String), Closed>,
}

struct Closed {
    close: SeasonClose,
    finals: Vec<SeasonFinal>,
    reopened: bool,
}

impl MemoryStandingsStore {
    /// An empty store in this world.
    #[must_use]
    pub fn new(kernel: Arc<MemoryKernel>) -> Arc<Self> {
        Arc::new(Self { kernel, state: Mutex::default() })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn size(limit: i64) -> usize {
    usize::try_from(limit).unwrap_or(0)
}

impl State {
    fn head(&self, family: &str) -> Head {
        let none = || Head { family: family.to_owned(), applied: 0, redo_from: None };
        self.heads.get(family).cloned().unwrap_or_else(none)
    }

    /// Checks, then writes.
    fn apply(&mut self, change: StandingsChange) -> Result<(), StoreError> {
        let family = change.expect.family.clone();
        if self.head(&family) != change.expect {
            return Err(StoreError::Stale);
        }
        for row in change.results {
            let places = self.played.entry((row.player_id, row.mode.clone())).or_default();
            places.insert(row.sequence, row.family.clone());
            let place = (row.family.clone(), row.sequence);
            self.games.entry(row.game_id).or_default().insert(place.clone());
            self.results.entry(place).or_default().insert(row.player_id, row);
        }
        let Working { ratings, stats, pairings } = change.working;
        self.ratings.extend(ratings.into_iter().map(|(player, rating)| ((family.clone(), player), rating)));
        self.stats.extend(stats);
        self.pairings.extend(pairings);
        for season in &change.reopened {
            if let Some(closed) = self.closes.get_mut(season) {
                closed.reopened = true;
            }
        }
        self.heads.insert(family, change.head);
        Ok(())
    }

    /// The whole board, in its order.
    fn board(&self, key: &BoardKey) -> Vec<BoardLine> {
        let here = self.stats.iter().filter(|(stats, _)| stats.mode == key.mode && stats.season == key.season);
        let line = |(stats_key, stats): (&StatsKey, &PlayerStats)| {
            let value = key.metric.value(stats)?;
            Some(BoardLine { player_id: stats_key.player_id, value, games: stats.games, rank: 0, tied: false })
        };
        let mut lines: Vec<BoardLine> = here.filter_map(line).collect();
        let order = |one: &BoardLine, other: &BoardLine| -> Ordering {
            other.value.total_cmp(&one.value).then(one.player_id.cmp(&other.player_id))
        };
        lines.sort_by(order);
        let mut from = 0;
        while from < lines.len() {
            let value = lines[from].value;
            let count = lines[from..].iter().take_while(|line| line.value.total_cmp(&value).is_eq()).count();
            for line in &mut lines[from..from + count] {
                line.rank = i64::try_from(from).unwrap_or(i64::MAX) + 1;
                line.tied = count > 1;
            }
            from += count;
        }
        lines
    }
}

#[async_trait]
impl StandingsStore for MemoryStandingsStore {
    async fn head(&self, family: &str) -> Result<Head, StoreError> {
        Ok(self.lock().head(family))
    }

    async fn working(&self, keys: &WorkingKeys) -> Result<Working, StoreError> {
        let state = self.lock();
        let mut working = Working::default();
        for player in &keys.players {
            if let Some(rating) = state.ratings.get(&(keys.family.clone(), *player)) {
                working.ratings.insert(*player, *rating);
            }
        }
        for key in &keys.stats {
            if let Some(stats) = state.stats.get(key) {
                working.stats.insert(key.clone(), stats.clone());
            }
        }
        for key in &keys.pairings {
            if let Some(pairing) = state.pairings.get(key) {
                working.pairings.insert(key.clone(), pairing.clone());
            }
        }
        Ok(working)
    }

    async fn commit(&self, mut change: StandingsChange) -> Result<(), StoreError> {
        let riders = std::mem::take(&mut change.riders);
        self.kernel.commit(riders, || self.lock().apply(change))
    }

    async fn results_of_game(&self, game: GameId) -> Result<Vec<ResultRow>, StoreError> {
        let state = self.lock();
        let places = state.games.get(&game).into_iter().flatten();
        let mut rows: Vec<ResultRow> =
            places.filter_map(|place| state.results.get(place)).flat_map(BTreeMap::values).cloned().collect();
        rows.sort_by_key(|row| row.player_id);
        Ok(rows)
    }

    async fn results(&self, family: &str, after: i64, limit: i64) -> Result<Vec<ResultRow>, StoreError> {
        let state = self.lock();
        let mut rows: Vec<ResultRow> = Vec::new();
        for (_, place) in state.results.range((family.to_owned(), after + 1)..).take_while(|((of, _), _)| of == family)
        {
            if !rows.is_empty() && rows.len() >= size(limit) {
                break;
            }
            rows.extend(place.values().cloned());
        }
        Ok(rows)
    }

    async fn last_before(
        &self,
        family: &str,
        players: &[PlayerId],
        place: i64,
    ) -> Result<BTreeMap<PlayerId, ResultRow>, StoreError> {
        let state = self.lock();
        let mut lasts: BTreeMap<PlayerId, ResultRow> = BTreeMap::new();
        for player in players {
            let modes = state.played.range((*player, String::new())..).take_while(|((of, _), _)| of == player);
            for places in modes.map(|(_, places)| places) {
                let mut before = places.range(..place).rev().filter(|(_, of)| *of == family);
                let rated = before.find_map(|(place, _)| {
                    let row = state.results.get(&(family.to_owned(), *place))?.get(player)?;
                    row.after.is_some().then_some(row)
                });
                if let Some(row) = rated
                    && lasts.get(player).is_none_or(|last| last.sequence < row.sequence)
                {
                    lasts.insert(*player, row.clone());
                }
            }
        }
        Ok(lasts)
    }

    async fn results_of_player(
        &self,
        player: PlayerId,
        mode: &str,
        after: i64,
        limit: i64,
    ) -> Result<Vec<ResultRow>, StoreError> {
        let state = self.lock();
        let places = state.played.get(&(player, mode.to_owned()));
        let rows = places.into_iter().flat_map(|places| places.range(after + 1..)).take(size(limit));
        Ok(rows
            .filter_map(|(place, family)| state.results.get(&(family.clone(), *place))?.get(&player))
            .cloned()
            .collect())
    }

    async fn ratings_page(
        &self,
        family: &str,
        after: Option<PlayerId>,
        limit: i64,
    ) -> Result<Vec<(PlayerId, Rating)>, StoreError> {
        let state = self.lock();
        let here = state.ratings.iter().filter(|((of, player), _)| of == family && after.is_none_or(|a| *player > a));
        Ok(here.take(size(limit)).map(|((_, player), rating)| (*player, *rating)).collect())
    }

    async fn stats_page(
        &self,
        mode: &str,
        season: &str,
        after: Option<PlayerId>,
        limit: i64,
    ) -> Result<Vec<(PlayerId, PlayerStats)>, StoreError> {
        let state = self.lock();
        let wanted = |key: &StatsKey| {
            key.mode == mode && key.season == season && after.is_none_or(|after| key.player_id > after)
        };
        let here = state.stats.iter().filter(|(key, _)| wanted(key));
        Ok(here.take(size(limit)).map(|(key, stats)| (key.player_id, stats.clone())).collect())
    }

    async fn pairings_page(
        &self,
        mode: &str,
        after: Option<(PlayerId, PlayerId)>,
        limit: i64,
    ) -> Result<Vec<((PlayerId, PlayerId), Pairing)>, StoreError> {
        let state = self.lock();
        let wanted = |one: PlayerId, other: PlayerId| after.is_none_or(|after| (one, other) > after);
        let here = state.pairings.iter().filter(|((of, one, other), _)| of == mode && wanted(*one, *other));
        Ok(here.take(size(limit)).map(|((_, one, other), pairing)| ((*one, *other), pairing.clone())).collect())
    }
}

#[async_trait]
impl StandingsReads for MemoryStandingsStore {
    async fn ratings_of(&self, player: PlayerId) -> Result<Vec<(String, Rating)>, StoreError> {
        let state = self.lock();
        let mine = state.ratings.iter().filter(|((_, of), _)| *of == player);
        Ok(mine.map(|((family, _), rating)| (family.clone(), *rating)).collect())
    }

    async fn ratings(&self, family: &str, players: &[PlayerId]) -> Result<BTreeMap<PlayerId, Rating>, StoreError> {
        let keys = WorkingKeys { family: family.to_owned(), players: players.to_vec(), ..WorkingKeys::default() };
        Ok(self.working(&keys).await?.ratings)
    }

    async fn stats_of(&self, player: PlayerId, season: &str) -> Result<Vec<(StatsKey, PlayerStats)>, StoreError> {
        let state = self.lock();
        let mine = state.stats.iter().filter(|(key, _)| key.player_id == player && key.season == season);
        Ok(mine.map(|(key, stats)| (key.clone(), stats.clone())).collect())
    }

    async fn pairings_of(&self, player: PlayerId, opponent: PlayerId) -> Result<Vec<(String, Pairing)>, StoreError> {
        let state = self.lock();
        let theirs = state.pairings.iter().filter(|((_, one, other), _)| (*one, *other) == (player, opponent));
        Ok(theirs.map(|((mode, _, _), pairing)| (mode.clone(), pairing.clone())).collect())
    }

    async fn board(&self, board: &BoardKey, span: BoardSpan, limit: i64) -> Result<Vec<BoardLine>, StoreError> {
        let lines = self.lock().board(board);
        let limit = size(limit);
        Ok(crate::service::part(lines, span, limit))
    }

    async fn board_of(&self, board: &BoardKey, players: &[PlayerId]) -> Result<Vec<BoardLine>, StoreError> {
        let mut lines = self.lock().board(board);
        lines.retain(|line| players.contains(&line.player_id));
        Ok(lines)
    }

    async fn place(&self, board: &BoardKey, player: PlayerId) -> Result<Option<Place>, StoreError> {
        let lines = self.lock().board(board);
        let of = i64::try_from(lines.len()).unwrap_or(i64::MAX);
        Ok(lines.into_iter().find(|line| line.player_id == player).map(|line| Place { line, of }))
    }

    async fn seasons(&self, mode: &str) -> Result<Vec<(String, Option<SeasonClose>)>, StoreError> {
        let state = self.lock();
        let played: BTreeSet<&String> = state
            .stats
            .keys()
            .filter(|key| key.mode == mode && !key.season.is_empty())
            .map(|key| &key.season)
            .collect();
        let closing =
            |season: &String| state.closes.get(&(mode.to_owned(), season.clone())).map(|closed| closed.close.clone());
        Ok(played.into_iter().rev().map(|season| (season.clone(), closing(season))).collect())
    }
}

#[async_trait]
impl SeasonStore for MemoryStandingsStore {
    async fn to_close(&self, season: &str) -> Result<Vec<(String, String)>, StoreError> {
        let state = self.lock();
        let over = |key: &&StatsKey| !key.season.is_empty() && key.season.as_str() < season;
        let mut due: Vec<_> =
            state.stats.keys().filter(over).map(|key| (key.mode.clone(), key.season.clone())).collect();
        due.sort_unstable();
        due.dedup();
        due.retain(|key| state.closes.get(key).is_none_or(|closed| closed.reopened));
        Ok(due)
    }

    async fn close(&self, close: SeasonClose, finals: Vec<SeasonFinal>, riders: Riders) -> Result<(), StoreError> {
        self.kernel.commit(riders, || {
            let mut state = self.lock();
            let key = (close.mode.clone(), close.season.clone());
            if state.closes.get(&key).is_some_and(|closed| closed.close.revision >= close.revision) {
                return Err(StoreError::Stale);
            }
            state.closes.insert(key, Closed { close, finals, reopened: false });
            Ok(())
        })
    }

    async fn finals(&self, board: &BoardKey, limit: i64) -> Result<Vec<SeasonFinal>, StoreError> {
        let state = self.lock();
        let Some(closed) = state.closes.get(&(board.mode.clone(), board.season.clone())) else { return Ok(Vec::new()) };
        let mut finals: Vec<_> = closed.finals.iter().filter(|f| f.metric == board.metric).cloned().collect();
        finals.sort_by_key(|place| (place.rank, place.player_id));
        finals.truncate(size(limit));
        Ok(finals)
    }
}
