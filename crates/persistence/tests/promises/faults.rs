//! Stores that fail as machines do: before a commit, after it (the reply is lost), or while nobody waits for it any
//! more. And two bugs that can be planted, so that it shows that the invariants would find them.

use std::collections::BTreeMap;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;

use async_trait::async_trait;
use games::{Game, GameChange, GameStore, HistoryPosition, HistoryQuery, LedgerEntry, LogLine};
use kernel::{
    Commit, GameId, Outbox, OutboxLag, OutboxRow, Page, PlayerId, Riders, StoreError, StreamEvent, Timestamp,
};
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use standings::{Head, Pairing, PlayerStats, Rating, ResultRow, StandingsChange, StandingsStore, Working, WorkingKeys};
use std::time::Duration;

/// A bug to plant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Plant {
    /// None: what is promised holds.
    Nothing,
    /// Commands lose their receipts: a retry is carried out again.
    NoReceipts,
    /// A game is written in one transaction, and what follows from it in another that a crash may prevent.
    SplitCommit,
}

/// What happens to one commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// It goes well.
    Well,
    /// The replica dies before it.
    Before,
    /// The replica dies after it.
    After,
    /// Whoever waits goes away after so many polls; the commit happens or doesn't.
    Dropped(u32),
}

/// Decides what fails, for all stores of a world, and remembers which keys took effect.
pub(crate) struct Faults {
    on: AtomicBool,
    plant: Plant,
    dice: Mutex<ChaCha8Rng>,
    effects: Mutex<BTreeMap<String, u32>>,
    injected: AtomicUsize,
}

impl Faults {
    pub(crate) fn new(seed: u64, plant: Plant) -> Arc<Self> {
        Arc::new(Self {
            on: AtomicBool::new(true),
            plant,
            dice: Mutex::new(ChaCha8Rng::seed_from_u64(seed ^ 0xFA17)),
            effects: Mutex::default(),
            injected: AtomicUsize::new(0),
        })
    }

    /// From now on all goes well.
    pub(crate) fn stop(&self) {
        self.on.store(false, Ordering::SeqCst);
    }

    /// How many commits and reads failed on purpose.
    pub(crate) fn injected(&self) -> usize {
        self.injected.load(Ordering::SeqCst)
    }

    /// How often a command with this key is known to have changed a game. A commit nobody waited for isn't known of.
    pub(crate) fn effects_of(&self, key: &str) -> u32 {
        self.effects().get(key).copied().unwrap_or(0)
    }

    /// Whether something that happens once in so many times happens now.
    pub(crate) fn strikes(&self, once_in: u32) -> bool {
        let struck = self.on.load(Ordering::SeqCst) && self.dice().random_ratio(1, once_in);
        self.injected.fetch_add(usize::from(struck), Ordering::SeqCst);
        struck
    }

    fn dice(&self) -> MutexGuard<'_, ChaCha8Rng> {
        self.dice.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn effects(&self) -> MutexGuard<'_, BTreeMap<String, u32>> {
        self.effects.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn fate(&self) -> Fate {
        if !self.strikes(6) {
            return Fate::Well;
        }
        let mut dice = self.dice();
        match dice.random_range(0..3) {
            0 => Fate::Before,
            1 => Fate::After,
            _ => Fate::Dropped(dice.random_range(1..4)),
        }
    }

    /// Runs a commit to what fate has for it. `took_effect` is told of one that is known to have happened.
    async fn carry_out<T>(
        &self,
        commit: impl Future<Output = Result<T, StoreError>> + Send,
        key: Option<String>,
    ) -> Result<T, StoreError> {
        let answered = async {
            let answer = commit.await;
            if let (Ok(_), Some(key)) = (&answer, key) {
                *self.effects().entry(key).or_default() += 1;
            }
            answer
        };
        match self.fate() {
            Fate::Well => answered.await,
            Fate::Before => Err(died()),
            Fate::After => answered.await.and(Err(died())),
            Fate::Dropped(polls) => abandoned(answered, polls).await.unwrap_or_else(|| Err(died())),
        }
    }

    fn read(&self) -> Result<(), StoreError> {
        if self.strikes(80) { Err(died()) } else { Ok(()) }
    }
}

fn died() -> StoreError {
    StoreError::Unavailable("the replica died here".into())
}

/// Polls so often and then drops it.
async fn abandoned<T>(future: impl Future<Output = T>, polls: u32) -> Option<T> {
    let mut future = pin!(future);
    let mut left = polls;
    poll_fn(|context| match future.as_mut().poll(context) {
        Poll::Ready(value) => Poll::Ready(Some(value)),
        Poll::Pending if left <= 1 => Poll::Ready(None),
        Poll::Pending => {
            left -= 1;
            Poll::Pending
        }
    })
    .await
}

fn key_of(riders: &Riders) -> Option<String> {
    riders.receipt.as_ref().map(|receipt| receipt.key.key.clone())
}

/// A store, and what fails of it.
pub(crate) struct Faulty<S: ?Sized> {
    pub(crate) inner: Arc<S>,
    pub(crate) faults: Arc<Faults>,
}

impl<S: ?Sized> Faulty<S> {
    pub(crate) fn over(inner: &Arc<S>, faults: &Arc<Faults>) -> Arc<Self> {
        Arc::new(Self { inner: Arc::clone(inner), faults: Arc::clone(faults) })
    }
}

#[async_trait]
impl Commit for Faulty<dyn Commit> {
    async fn commit(&self, mut riders: Riders) -> Result<(), StoreError> {
        let key = key_of(&riders);
        if self.faults.plant == Plant::NoReceipts {
            riders.receipt = None;
        }
        self.faults.carry_out(self.inner.commit(riders), key).await
    }
}

#[async_trait]
impl GameStore for Faulty<dyn GameStore> {
    async fn load(&self, id: GameId) -> Result<Option<Game>, StoreError> {
        self.faults.read()?;
        self.inner.load(id).await
    }

    async fn load_many(&self, ids: &[GameId]) -> Result<Vec<Game>, StoreError> {
        self.inner.load_many(ids).await
    }

    async fn live_of(&self, player: PlayerId) -> Result<Vec<Game>, StoreError> {
        self.faults.read()?;
        self.inner.live_of(player).await
    }

    async fn commit(&self, mut change: GameChange) -> Result<Option<i64>, StoreError> {
        let key = key_of(&change.riders);
        match self.faults.plant {
            Plant::NoReceipts => change.riders.receipt = None,
            // The crash between the two transactions.
            Plant::SplitCommit if self.faults.strikes(if change.ledger.is_some() { 3 } else { 12 }) => {
                let riders = Riders { events: Vec::new(), ..change.riders };
                let half = GameChange { ledger: None, log: Vec::new(), riders, ..change };
                self.inner.commit(half).await?;
                return Err(died());
            }
            Plant::SplitCommit | Plant::Nothing => {}
        }
        self.faults.carry_out(self.inner.commit(change), key).await
    }

    async fn due(&self, now: Timestamp, limit: i64) -> Result<Vec<Game>, StoreError> {
        self.faults.read()?;
        self.inner.due(now, limit).await
    }

    async fn history(&self, query: &HistoryQuery) -> Result<Page<Game, HistoryPosition>, StoreError> {
        self.inner.history(query).await
    }

    async fn ledger(&self, family: &str, after: i64, limit: i64) -> Result<Vec<LedgerEntry>, StoreError> {
        self.faults.read()?;
        self.inner.ledger(family, after, limit).await
    }

    async fn families(&self) -> Result<Vec<(String, i64)>, StoreError> {
        self.inner.families().await
    }

    async fn log(&self, id: GameId, after: i64, limit: i64) -> Result<Vec<LogLine>, StoreError> {
        self.inner.log(id, after, limit).await
    }
}

#[async_trait]
impl Outbox for Faulty<dyn Outbox> {
    async fn claim(&self, limit: i64, lease: Duration) -> Result<Vec<OutboxRow>, StoreError> {
        self.faults.carry_out(self.inner.claim(limit, lease), None).await
    }

    async fn complete(&self, rows: &[OutboxRow]) -> Result<Vec<StreamEvent>, StoreError> {
        self.faults.carry_out(self.inner.complete(rows), None).await
    }

    async fn lag(&self) -> Result<OutboxLag, StoreError> {
        self.inner.lag().await
    }

    async fn purge_done(&self, before: Timestamp, limit: i64) -> Result<usize, StoreError> {
        self.inner.purge_done(before, limit).await
    }
}

#[async_trait]
impl StandingsStore for Faulty<dyn StandingsStore> {
    async fn head(&self, family: &str) -> Result<Head, StoreError> {
        self.inner.head(family).await
    }

    async fn working(&self, keys: &WorkingKeys) -> Result<Working, StoreError> {
        self.faults.read()?;
        self.inner.working(keys).await
    }

    async fn commit(&self, change: StandingsChange) -> Result<(), StoreError> {
        self.faults.carry_out(self.inner.commit(change), None).await
    }

    async fn results_of_game(&self, game: GameId) -> Result<Vec<ResultRow>, StoreError> {
        self.inner.results_of_game(game).await
    }

    async fn results(&self, family: &str, after: i64, limit: i64) -> Result<Vec<ResultRow>, StoreError> {
        self.inner.results(family, after, limit).await
    }

    async fn last_before(
        &self,
        family: &str,
        players: &[PlayerId],
        place: i64,
    ) -> Result<BTreeMap<PlayerId, ResultRow>, StoreError> {
        self.inner.last_before(family, players, place).await
    }

    async fn results_of_player(
        &self,
        player: PlayerId,
        mode: &str,
        after: i64,
        limit: i64,
    ) -> Result<Vec<ResultRow>, StoreError> {
        self.inner.results_of_player(player, mode, after, limit).await
    }

    async fn ratings_page(
        &self,
        family: &str,
        after: Option<PlayerId>,
        limit: i64,
    ) -> Result<Vec<(PlayerId, Rating)>, StoreError> {
        self.inner.ratings_page(family, after, limit).await
    }

    async fn stats_page(
        &self,
        mode: &str,
        season: &str,
        after: Option<PlayerId>,
        limit: i64,
    ) -> Result<Vec<(PlayerId, PlayerStats)>, StoreError> {
        self.inner.stats_page(mode, season, after, limit).await
    }

    async fn pairings_page(
        &self,
        mode: &str,
        after: Option<(PlayerId, PlayerId)>,
        limit: i64,
    ) -> Result<Vec<((PlayerId, PlayerId), Pairing)>, StoreError> {
        self.inner.pairings_page(mode, after, limit).await
    }
}
