//! Games in memory: what every other store is compared with.

mod beside;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use kernel::memory::MemoryKernel;
use kernel::{GameId, Page, PlayerId, StoreError, Timestamp, Version};
use serde_json::Value;

use crate::change::GameChange;
use crate::ledger::LedgerEntry;
use crate::log::LogLine;
use crate::model::Game;
use crate::store::{GameStore, HistoryPosition, HistoryQuery};

/// Games of one [`MemoryKernel`] world.
pub struct MemoryGameStore {
    kernel: Arc<MemoryKernel>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    games: BTreeMap<GameId, Game>,
    ledger: BTreeMap<String, Vec<LedgerEntry>>,
    logs: BTreeMap<GameId, Vec<LogLine>>,
    seen: BTreeMap<(GameId, PlayerId), Timestamp>,
    modes: BTreeMap<(String, i32), Value>,
}

impl MemoryGameStore {
    /// An empty store in this world.
    #[must_use]
    pub fn new(kernel: Arc<MemoryKernel>) -> Arc<Self> {
        Arc::new(Self { kernel, state: Mutex::default() })
    }

    /// The world it is part of.
    pub(crate) fn kernel(&self) -> Arc<MemoryKernel> {
        Arc::clone(&self.kernel)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The state with every game that was opened so far. The kernel's lock is always taken before ours, never inside.
    fn current(&self) -> MutexGuard<'_, State> {
        let opened = self.kernel.opened_games();
        let mut state = self.lock();
        for spec in &opened {
            state.games.entry(spec.id).or_insert_with(|| Game::open(spec));
        }
        state
    }
}

/// Whether this player has a seat: the practice bot has none of its own.
fn has(game: &Game, player: PlayerId) -> bool {
    game.people().any(|known| known.player_id == player)
}

impl State {
    /// Checks, then writes.
    fn apply(&mut self, change: GameChange) -> Result<Option<i64>, StoreError> {
        let stands = |game: &Game| self.games.get(&game.id).map_or(Version::NEW, |game| game.version);
        let other_fits = change.also.as_ref().is_none_or(|(expect, game)| stands(game) == *expect);
        if stands(&change.game) != change.expect || !other_fits {
            return Err(StoreError::Stale);
        }
        let mut sequence = None;
        if let Some(mut entry) = change.ledger {
            let family = self.ledger.entry(entry.family.clone()).or_default();
            if family.iter().any(|e| (e.game_id, e.version) == (entry.game_id, entry.version)) {
                return Err(StoreError::Stale);
            }
            entry.sequence = family.last().map_or(1, |last| last.sequence + 1);
            sequence = Some(entry.sequence);
            family.push(entry);
        }
        for (game, line) in change.log {
            self.logs.entry(game).or_default().push(line);
        }
        let also = change.also.map(|(_, game)| game);
        self.games.extend([change.game].into_iter().chain(also).map(|game| (game.id, game)));
        Ok(sequence)
    }
}

#[async_trait]
impl GameStore for MemoryGameStore {
    async fn load(&self, id: GameId) -> Result<Option<Game>, StoreError> {
        let opened = self.kernel.opened_game(id);
        let mut state = self.lock();
        if let Some(spec) = opened {
            state.games.entry(id).or_insert_with(|| Game::open(&spec));
        }
        Ok(state.games.get(&id).cloned())
    }

    async fn load_many(&self, ids: &[GameId]) -> Result<Vec<Game>, StoreError> {
        let state = self.current();
        Ok(state.games.values().filter(|game| ids.contains(&game.id)).cloned().collect())
    }

    async fn live_of(&self, player: PlayerId) -> Result<Vec<Game>, StoreError> {
        Ok(self.current().games.values().filter(|game| game.holds(player)).cloned().collect())
    }

    async fn commit(&self, change: GameChange) -> Result<Option<i64>, StoreError> {
        drop(self.current());
        let mut change = change;
        let riders = std::mem::take(&mut change.riders);
        self.kernel.commit(riders, || self.lock().apply(change))
    }

    async fn due(&self, now: Timestamp, limit: i64) -> Result<Vec<Game>, StoreError> {
        let state = self.current();
        let mut due: Vec<_> = state.games.values().filter(|game| game.is_due(now)).cloned().collect();
        due.sort_by_key(|game| (game.wakes_at(), game.id));
        due.truncate(usize::try_from(limit).unwrap_or(0));
        Ok(due)
    }

    async fn history(&self, query: &HistoryQuery) -> Result<Page<Game, HistoryPosition>, StoreError> {
        let state = self.current();
        let mut found: Vec<_> = state
            .games
            .values()
            .filter_map(|game| {
                let position = HistoryPosition { ended_at: game.history_at()?, game_id: game.id };
                let me = game.people().find(|player| player.player_id == query.player)?;
                let filter = &query.filter;
                let wanted = filter.mode.as_ref().is_none_or(|mode| *mode == game.mode)
                    && filter.result.is_none_or(|outcome| me.outcome == Some(outcome))
                    && filter.opponent.is_none_or(|other| other != query.player && has(game, other))
                    && filter.rated.is_none_or(|rated| rated == game.rated)
                    && filter.since.is_none_or(|since| position.ended_at >= since)
                    && filter.until.is_none_or(|until| position.ended_at < until)
                    && filter.min_duration_ms.is_none_or(|least| game.lasted_ms().is_some_and(|ms| ms >= least))
                    && filter.tag.as_ref().is_none_or(|tag| game.tags().contains(&tag.as_str()))
                    && query.after.is_none_or(|after| position < after);
                wanted.then_some((position, game))
            })
            .collect();
        found.sort_by_key(|(position, _)| std::cmp::Reverse(*position));
        let limit = usize::from(query.limit.get());
        let more = found.len() > limit;
        found.truncate(limit);
        let next = if more { found.last().map(|(position, _)| *position) } else { None };
        let shown = |game: &Game| Game { reports: Vec::new(), evidence: Vec::new(), ..game.clone() };
        Ok(Page { items: found.into_iter().map(|(_, game)| shown(game)).collect(), next })
    }

    async fn ledger(&self, family: &str, after: i64, limit: i64) -> Result<Vec<LedgerEntry>, StoreError> {
        let state = self.lock();
        let entries = state.ledger.get(family).map(Vec::as_slice).unwrap_or_default();
        let limit = usize::try_from(limit).unwrap_or(0);
        Ok(entries.iter().filter(|entry| entry.sequence > after).take(limit).cloned().collect())
    }

    async fn families(&self) -> Result<Vec<(String, i64)>, StoreError> {
        let state = self.lock();
        let head = |(family, entries): (&String, &Vec<LedgerEntry>)| Some((family.clone(), entries.last()?.sequence));
        Ok(state.ledger.iter().filter_map(head).collect())
    }

    async fn log(&self, id: GameId, after: i64, limit: i64) -> Result<Vec<LogLine>, StoreError> {
        let state = self.lock();
        let lines = state.logs.get(&id).map(Vec::as_slice).unwrap_or_default();
        Ok(lines.iter().filter(|line| line.n > after).take(usize::try_from(limit).unwrap_or(0)).cloned().collect())
    }
}
