//! A small world: a ledger that tests write, modes, a memory store that may fail, and a worker over them.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use kernel::memory::MemoryKernel;
use kernel::{
    BoxError, Clock, Event, FakeClock, GameId, IdSource, Lease, Leases, PlayerId, SeededIds, StoreError, Timestamp,
};
use shallweplay_standings::memory::MemoryStandingsStore;
use shallweplay_standings::{
    Fact, FactLine, FactSource, Head, Metric, ModeScheme, Model, NoCopies, Outcome, Pairing, PlayerStats, Rating,
    ResultRow, Schemes, Standings, StandingsChange, StandingsPorts, StandingsStore, Step, Worker, Working, WorkingKeys,
};

/// What becomes of a commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    /// Nothing is written.
    Lost,
    /// It is written, but whoever asked never hears of it.
    Unheard,
}

/// A store whose commits meet the fates given to them.
pub(crate) struct Fragile {
    pub(crate) inner: Arc<MemoryStandingsStore>,
    pub(crate) fates: Mutex<VecDeque<Option<Fate>>>,
}

fn gone() -> StoreError {
    StoreError::Unavailable("the connection is gone".into())
}

#[async_trait]
impl StandingsStore for Fragile {
    async fn head(&self, family: &str) -> Result<Head, StoreError> {
        self.inner.head(family).await
    }
    async fn working(&self, keys: &WorkingKeys) -> Result<Working, StoreError> {
        self.inner.working(keys).await
    }
    async fn commit(&self, change: StandingsChange) -> Result<(), StoreError> {
        let fate = self.fates.lock().expect("no panic").pop_front().flatten();
        match fate {
            Some(Fate::Lost) => Err(gone()),
            Some(Fate::Unheard) => self.inner.commit(change).await.and(Err(gone())),
            None => self.inner.commit(change).await,
        }
    }
    async fn results_of_game(&self, game: GameId) -> Result<Vec<ResultRow>, StoreError> {
        self.inner.results_of_game(game).await
    }
    async fn results(&self, family: &str, after: i64, limit: i64) -> Result<Vec<ResultRow>, StoreError> {
        // Small pages, so that a redo takes several steps.
        self.inner.results(family, after, limit.min(6)).await
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
        self.inner.results_of_player(player, mode, after, limit.min(3)).await
    }
    async fn ratings_page(
        &self,
        family: &str,
        after: Option<PlayerId>,
        limit: i64,
    ) -> Result<Vec<(PlayerId, Rating)>, StoreError> {
        self.inner.ratings_page(family, after, limit.min(3)).await
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
        self.inner.pairings_page(mode, after, limit.min(3)).await
    }
}

/// The ledger.
#[derive(Default)]
pub(crate) struct Ledger(Mutex<BTreeMap<String, Vec<Fact>>>);

impl Ledger {
    pub(crate) fn append(&self, mut fact: Fact) -> Fact {
        let mut families = self.0.lock().expect("no panic");
        let family = families.entry(fact.family.clone()).or_default();
        fact.sequence = i64::try_from(family.len()).expect("few") + 1;
        family.push(fact.clone());
        fact
    }

    pub(crate) fn insert_as_is(&self, fact: Fact) {
        self.0.lock().expect("no panic").entry(fact.family.clone()).or_default().push(fact);
    }

    pub(crate) fn all(&self) -> Vec<Fact> {
        self.0.lock().expect("no panic").values().flatten().cloned().collect()
    }
}

#[async_trait]
impl FactSource for Ledger {
    async fn families(&self) -> Result<Vec<(String, i64)>, BoxError> {
        let families = self.0.lock().expect("no panic");
        Ok(families.iter().map(|(family, facts)| (family.clone(), facts.last().map_or(0, |f| f.sequence))).collect())
    }

    async fn facts(&self, family: &str, after: i64, limit: i64) -> Result<Vec<Fact>, BoxError> {
        let families = self.0.lock().expect("no panic");
        let facts = families.get(family).into_iter().flatten().filter(|fact| fact.sequence > after);
        Ok(facts.take(usize::try_from(limit).expect("small")).cloned().collect())
    }
}

/// `duel` and `blitz` of one family, `squads` (teams), `chess` by Glicko-2, `score_attack` alone.
pub(crate) struct Modes;

fn scheme(mode: &str, family: &str, model: Model, rated: bool, scored: bool) -> ModeScheme {
    let board = if rated { Metric::Rating } else { Metric::BestScore };
    ModeScheme { mode: mode.to_owned(), family: family.to_owned(), model, rated, scored, board }
}

#[async_trait]
impl Schemes for Modes {
    async fn scheme(&self, mode: &str) -> Result<Option<ModeScheme>, BoxError> {
        Ok(self.schemes().await?.into_iter().find(|scheme| scheme.mode == mode))
    }

    async fn schemes(&self) -> Result<Vec<ModeScheme>, BoxError> {
        Ok(vec![
            scheme("duel", "duel", Model::WengLin, true, true),
            scheme("blitz", "duel", Model::WengLin, true, false),
            scheme("squads", "squads", Model::WengLin, true, true),
            scheme("chess", "chess", Model::Glicko2, true, false),
            scheme("score_attack", "score_attack", Model::WengLin, false, true),
        ])
    }
}

pub(crate) struct World {
    pub(crate) clock: Arc<FakeClock>,
    pub(crate) ids: Arc<SeededIds>,
    pub(crate) kernel: Arc<MemoryKernel>,
    pub(crate) ledger: Arc<Ledger>,
    pub(crate) store: Arc<MemoryStandingsStore>,
    pub(crate) fragile: Arc<Fragile>,
    pub(crate) ports: StandingsPorts,
    pub(crate) worker: Worker,
    pub(crate) batch: i64,
}

impl World {
    pub(crate) fn new() -> Self {
        Self::over(Arc::new(Ledger::default()), Arc::new(FakeClock::default()))
    }

    /// Another database beside the same ledger.
    pub(crate) fn over(ledger: Arc<Ledger>, clock: Arc<FakeClock>) -> Self {
        let ids = Arc::new(SeededIds::new(7));
        let kernel = MemoryKernel::new(clock.clone(), ids.clone());
        let store = MemoryStandingsStore::new(kernel.clone());
        let fragile = Arc::new(Fragile { inner: store.clone(), fates: Mutex::default() });
        let ports = StandingsPorts {
            store: fragile.clone(),
            reads: store.clone(),
            seasons: store.clone(),
            facts: ledger.clone(),
            schemes: Arc::new(Modes),
            copies: Arc::new(NoCopies),
            clock: clock.clone(),
            ids: ids.clone(),
        };
        let worker = Worker::new(ports.clone());
        Self { clock, ids, kernel, ledger, store, fragile, ports, worker, batch: 200 }
    }

    pub(crate) fn player(&self) -> PlayerId {
        PlayerId::new(self.ids.uuid(self.clock.now()))
    }

    pub(crate) fn players<const N: usize>(&self) -> [PlayerId; N] {
        let mut players: [PlayerId; N] = std::array::from_fn(|_| self.player());
        players.sort_unstable();
        players
    }

    pub(crate) fn standings(&self) -> Standings {
        Standings::new(self.ports.clone())
    }

    /// The first version of a game's result, now.
    pub(crate) fn plays(&self, mode: &str, lines: &[(PlayerId, u8, Option<Outcome>, Option<i64>)]) -> Fact {
        self.plays_at(mode, lines, self.clock.now())
    }

    pub(crate) fn plays_at(
        &self,
        mode: &str,
        lines: &[(PlayerId, u8, Option<Outcome>, Option<i64>)],
        at: Timestamp,
    ) -> Fact {
        let line = |(player_id, team, outcome, score): &(PlayerId, u8, Option<Outcome>, Option<i64>)| FactLine {
            player_id: *player_id,
            team: *team,
            outcome: *outcome,
            score: *score,
        };
        self.ledger.append(Fact {
            family: if mode == "blitz" { "duel" } else { mode }.to_owned(),
            sequence: 0,
            game_id: GameId::new(self.ids.uuid(at)),
            version: 1,
            mode: mode.to_owned(),
            rated: mode != "score_attack",
            voided: false,
            lines: lines.iter().map(line).collect(),
            at,
        })
    }

    /// `winner` beats `loser`.
    pub(crate) fn beats(&self, mode: &str, winner: PlayerId, loser: PlayerId) -> Fact {
        self.plays(mode, &[(winner, 0, Some(Outcome::Win), Some(10)), (loser, 1, Some(Outcome::Loss), Some(4))])
    }

    /// The next version of a result.
    pub(crate) fn corrects(&self, fact: &Fact, change: impl FnOnce(&mut Fact)) -> Fact {
        let mut next = Fact { version: fact.version + 1, at: self.clock.now(), ..fact.clone() };
        change(&mut next);
        self.ledger.append(next)
    }

    pub(crate) fn voids(&self, fact: &Fact) -> Fact {
        self.corrects(fact, |fact| fact.voided = true)
    }

    pub(crate) async fn lease(&self) -> Lease {
        let ttl = Duration::from_secs(3_600);
        self.kernel.acquire("standings", "here", ttl).await.expect("readable").expect("free")
    }

    /// One step of the worker; after an error it is another one.
    pub(crate) async fn step(&mut self) -> Result<Step, StoreError> {
        let step = self.worker.step(&self.lease().await).await;
        if step.is_err() {
            self.worker = Worker::new(self.ports.clone()).with_batch(self.batch);
        }
        step
    }

    /// Until there is nothing to do.
    pub(crate) async fn work(&mut self) {
        for _ in 0..100_000 {
            if let Ok(Step { more: false, .. }) = self.step().await {
                return;
            }
        }
        panic!("the worker never ends");
    }

    pub(crate) fn rating_changes(&self) -> Vec<Event> {
        self.kernel.events().into_iter().filter(|event| event.kind == "rating.changed").collect()
    }
}
