//! Random commands, deadlines and interleavings of two service instances over one store: whatever happens, the
//! invariants named in the crate's documentation hold.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use async_trait::async_trait;
use kernel::memory::MemoryKernel;
use kernel::{
    Approved, Clock, Engage, Engagement, Event, FakeClock, FixedApproval, GameId, GameSpec, IdSource, Page, PlayerId,
    Riders, RosterSeat, SeededIds, SessionSecret, StoreError, Timestamp, Version,
};
use proptest::prelude::*;
use serde_json::json;
use shallweplay_games::memory::MemoryGameStore;
use shallweplay_games::{
    Catalogue, Error, Game, GameChange, GameStore, Games, GamesPorts, HistoryPosition, HistoryQuery, LedgerEntry,
    LogLine, Outcome, PlayerStatus, ScoreReport, Status, verify,
};

/// Lets the other instance run between any two calls, so that loads and commits interleave.
struct Yielding {
    store: Arc<MemoryGameStore>,
    /// Changes without an event: the approval gate was asked.
    silent: Arc<AtomicUsize>,
}

#[async_trait]
impl GameStore for Yielding {
    async fn load(&self, id: GameId) -> Result<Option<Game>, StoreError> {
        tokio::task::yield_now().await;
        self.store.load(id).await
    }
    async fn load_many(&self, ids: &[GameId]) -> Result<Vec<Game>, StoreError> {
        self.store.load_many(ids).await
    }
    async fn live_of(&self, player: PlayerId) -> Result<Vec<Game>, StoreError> {
        self.store.live_of(player).await
    }
    async fn commit(&self, change: GameChange) -> Result<Option<i64>, StoreError> {
        tokio::task::yield_now().await;
        let silent = usize::from(change.riders.events.is_empty());
        let committed = self.store.commit(change).await;
        self.silent.fetch_add(if committed.is_ok() { silent } else { 0 }, Relaxed);
        committed
    }
    async fn due(&self, now: Timestamp, limit: i64) -> Result<Vec<Game>, StoreError> {
        let due = self.store.due(now, limit).await;
        tokio::task::yield_now().await;
        due
    }
    async fn history(&self, query: &HistoryQuery) -> Result<Page<Game, HistoryPosition>, StoreError> {
        self.store.history(query).await
    }
    async fn log(&self, id: GameId, after: i64, limit: i64) -> Result<Vec<LogLine>, StoreError> {
        self.store.log(id, after, limit).await
    }

    async fn families(&self) -> Result<Vec<(String, i64)>, StoreError> {
        self.store.families().await
    }

    async fn ledger(&self, family: &str, after: i64, limit: i64) -> Result<Vec<LedgerEntry>, StoreError> {
        self.store.ledger(family, after, limit).await
    }
}

#[derive(Debug, Clone)]
enum Command {
    Ready,
    Play { cell: u8, ahead: i64 },
    Report { score: u32, other: Option<u32>, outcome: Option<Outcome>, secret: bool },
    Abandon,
    Sweep,
}

/// A command of one player on one game; each step gives one to each instance at the same time.
#[derive(Debug, Clone)]
struct Step {
    wait_ms: i64,
    left: (usize, Command),
    right: (usize, Command),
}

fn command() -> impl Strategy<Value = Command> {
    let outcome = prop_oneof![3 => Just(None), 1 => Just(Some(Outcome::Win)), 1 => Just(Some(Outcome::Draw))];
    let report = (0..4_u32, prop::option::weighted(0.2, 0..4_u32), outcome, prop::bool::weighted(0.95))
        .prop_map(|(score, other, outcome, secret)| Command::Report { score, other, outcome, secret });
    prop_oneof![
        5 => Just(Command::Ready),
        6 => (0..9_u8, prop_oneof![9 => Just(0), 1 => -1..2_i64])
            .prop_map(|(cell, ahead)| Command::Play { cell, ahead }),
        4 => report,
        1 => Just(Command::Abandon),
        1 => Just(Command::Sweep),
    ]
}

fn step(players: usize) -> impl Strategy<Value = Step> {
    let wait = prop_oneof![20 => 0..50_i64, 3 => 50..25_000_i64, 1 => 25_000..2_000_000_i64];
    (wait, (0..players, command()), (0..players, command())).prop_map(|(wait_ms, left, right)| Step {
        wait_ms,
        left,
        right,
    })
}

fn catalogue() -> Catalogue {
    Catalogue::shipped().expect("valid")
}

struct World {
    clock: Arc<FakeClock>,
    ids: Arc<SeededIds>,
    kernel: Arc<MemoryKernel>,
    store: Arc<MemoryGameStore>,
    modes: Arc<Catalogue>,
    instances: [Games; 2],
    silent: Arc<AtomicUsize>,
    game: GameId,
    players: Vec<PlayerId>,
}

impl World {
    fn new(mode: &str) -> Self {
        let (clock, ids) = (Arc::new(FakeClock::default()), Arc::new(SeededIds::new(3)));
        let kernel = MemoryKernel::new(clock.clone(), ids.clone());
        let store = MemoryGameStore::new(kernel.clone());
        let modes = Arc::new(catalogue());
        let silent = Arc::new(AtomicUsize::new(0));
        let instance = || {
            let memory = GamesPorts::in_memory(&store, catalogue(), clock.clone(), ids.clone());
            let games = Arc::new(Yielding { store: store.clone(), silent: silent.clone() });
            let approval = Arc::new(FixedApproval::new(Approved::No(String::from("unclear"))));
            Games::new(GamesPorts { games, approval, ..memory })
        };
        let instances = [instance(), instance()];
        let (game, players) = (GameId::new(ids.uuid(clock.now())), vec![]);
        let mut world = Self { clock, ids, kernel, store, modes, instances, silent, game, players };
        world.open(mode);
        world
    }

    fn open(&mut self, key: &str) {
        let now = self.clock.now();
        let mode = self.modes.get(key).expect("known");
        let seat = |seat| RosterSeat {
            player_id: PlayerId::new(self.ids.uuid(now)),
            team: seat / mode.team_size,
            seat,
            secret: SessionSecret(self.ids.secret()),
        };
        let roster: Vec<_> = (0..mode.seats()).map(seat).collect();
        self.players = roster.iter().map(|seat| seat.player_id).collect();
        let to = Engagement::Game(self.game);
        let engage = self.players.iter().map(|&player| Engage { player, from: Engagement::Idle, to }).collect();
        let spec = GameSpec {
            id: self.game,
            mode: key.to_owned(),
            rated: true,
            seed: 1,
            roster,
            ready_due_at: now.plus_millis(mode.windows.ready_ms),
            ready: false,
            created_at: now,
        };
        let riders = Riders { engage, open_games: vec![spec], ..Riders::default() };
        self.kernel.commit(riders, || Ok(())).expect("opens");
    }

    async fn load(&self) -> Game {
        self.store.load(self.game).await.expect("readable").expect("opened")
    }

    async fn run(&self, instance: usize, who: usize, command: &Command) {
        let (games, id) = (&self.instances[instance], self.game);
        let player = self.players[who % self.players.len()];
        let result = match command {
            Command::Ready => games.ready(player, id, None).await.map(drop),
            Command::Abandon => games.abandon(player, id, None).await.map(drop),
            Command::Play { cell, ahead } => {
                let sequence = self.load().await.sequence + ahead;
                let mv = match self.modes.get(&self.load().await.mode).expect("known").rules.as_str() {
                    "connect_four" => json!({ "column": cell % 7 }),
                    "rock_paper_scissors" => {
                        json!({ "throw": (["rock", "paper", "scissors"])[usize::from(cell % 3)] })
                    }
                    _ => json!({ "cell": cell }),
                };
                games.play(player, id, &mv, sequence, None).await.map(drop)
            }
            Command::Report { score, other, outcome, secret } => {
                let game = self.load().await;
                let own = game.player(player).expect("plays").secret.0.clone();
                let next = self.players[(who + 1) % self.players.len()];
                let given = ScoreReport {
                    session_secret: if *secret { own } else { String::from("guessed") },
                    score: Some(f64::from(*score)),
                    scores: other
                        .filter(|_| next != player)
                        .map(|score| (next, f64::from(score)))
                        .into_iter()
                        .collect(),
                    outcome: *outcome,
                    ..ScoreReport::default()
                };
                games.report(player, id, &given, None).await.map(drop)
            }
            Command::Sweep => {
                let swept = games.sweep_due(self.clock.now(), 10).await.expect("readable");
                assert!(swept.failed.is_empty(), "{:?}", swept.failed);
                Ok(())
            }
        };
        // Refusals are fine; a store that fails is not.
        if let Err(Error::Store(error)) = result {
            assert!(matches!(error, StoreError::Stale), "{command:?}: {error:?}");
        }
    }

    /// What must hold after every step.
    async fn check(&self, before: &Game) -> Game {
        let game = self.load().await;
        if game.version == before.version {
            assert_eq!(game, *before, "a change without a version");
            return game;
        }
        assert!(game.version > before.version);
        for player in &game.players {
            let held = if game.holds(player.player_id) { Engagement::Game(game.id) } else { Engagement::Idle };
            assert_eq!(self.kernel.engagement(player.player_id), held, "{:?} {:?}", game.status, player.status);
        }
        let family = self.modes.get(&game.mode).expect("known").family();
        let ledger = self.store.ledger(family, 0, 10).await.expect("readable");
        assert_eq!(ledger.len(), usize::from(game.status == Status::Settled), "an entry if and only if settled");
        assert_eq!(game.result.is_some(), game.status == Status::Settled);
        if let (Some(entry), Some(result)) = (ledger.first(), &game.result) {
            assert_eq!((entry.version, &entry.standings), (result.version, &result.standings));
        }
        if before.result.is_some() {
            assert_eq!(game.result, before.result, "a result version never changes");
        }
        if game.status.terminal() {
            assert_eq!((game.due_at, game.turn), (None, None), "nothing is awaited");
            assert!(game.finished_at.is_some());
        } else {
            assert!(game.due_at.is_some(), "something ends every state: {:?}", game.status);
        }
        game
    }

    /// What the whole story must say, as the events tell it.
    fn check_story(&self, end: &Game) {
        let events = self.kernel.events();
        assert!(events.iter().all(|event| event.aggregate == format!("game:{}", self.game)));
        let mut statuses = vec![Status::WaitingReady];
        let (mut moves, mut started, mut counts) = (0, BTreeSet::new(), BTreeMap::<&str, usize>::new());
        for event in &events {
            let Event { kind, data, .. } = event;
            *counts.entry(kind).or_default() += 1;
            match &**kind {
                "game.started" => assert!(started.insert(event.audience.clone()), "told twice"),
                "game.moved" => {
                    // A sealed throw is told of, but the round isn't over.
                    moves += i64::from(!data["move"].is_null());
                    assert_eq!(data["sequence"], json!(moves));
                }
                "game.finished" => statuses.push(Status::Finished),
                "game.settled" => statuses.push(Status::Settled),
                "game.disputed" => statuses.push(Status::Disputed),
                "game.voided" => statuses.push(Status::Voided),
                _ => statuses.push(serde_json::from_value(data["status"].clone()).expect("a status")),
            }
        }
        for pair in statuses.windows(2) {
            assert!(pair[0].may_become(pair[1]), "{statuses:?}");
        }
        assert_eq!(statuses.last(), Some(&end.status), "the events tell where it stands");
        assert_eq!(moves, end.sequence);
        assert_eq!(statuses.iter().filter(|status| status.terminal()).count(), usize::from(end.status.terminal()));
        assert_eq!(started.len(), if end.started_at.is_some() { end.players.len() } else { 0 });
        for once in ["game.finished", "game.settled", "game.disputed", "game.voided"] {
            assert!(counts.get(once).copied().unwrap_or(0) <= 1, "{once} twice");
        }
        // A change writes one event, but for the start (one more for each player) and a finish (what became of it).
        let extra = started.len() + counts.get("game.finished").copied().unwrap_or(0);
        let with_move =
            events.iter().any(|e| e.kind == "game.moved") && end.status == Status::Settled && end.ended.is_none();
        let versions = usize::try_from(end.version.0 - Version(1).0).expect("rises");
        let versions = versions - self.silent.load(Relaxed);
        assert_eq!(events.len(), versions + extra + usize::from(with_move));
    }

    /// Whatever happened, its log holds, tells of the same end, and nothing of it can be left out.
    async fn check_log(&self, end: &Game) {
        let log = self.instances[0].replay(self.players[0], self.game, 0).await.expect("it is over");
        assert_eq!(log.last().map(|line| (line.n, &line.hash)), Some((end.log.n, &end.log.hash)));
        let kinds: Vec<_> = log.iter().map(|line| line.kind.as_str()).collect();
        assert_eq!(kinds[0], "opened", "{kinds:?}");
        assert_eq!(kinds.last(), Some(&end.status.as_str()), "{kinds:?}");
        assert_eq!(kinds.contains(&"started"), end.started_at.is_some());
        let lines: Vec<_> = log.iter().map(LogLine::to_json).collect();
        let verified = verify(&lines).expect("what was written holds");
        assert_eq!(verified.lines, end.log.n);
        let by_rules = end.result.as_ref().is_some_and(|result| result.reason == "rules");
        assert_eq!(verified.replayed.is_some_and(|replayed| replayed.decided), by_rules);
        for n in 1..lines.len() {
            let mut gap = lines.clone();
            gap.remove(n - 1);
            assert_eq!(verify(&gap).expect_err("a line is missing").line, n);
        }
    }
}

fn check_result(game: &Game) {
    let Some(result) = &game.result else { return };
    let wins: BTreeSet<_> =
        result.standings.iter().filter(|s| s.outcome == Some(Outcome::Win)).map(|s| s.team).collect();
    let draws: BTreeSet<_> =
        result.standings.iter().filter(|s| s.outcome == Some(Outcome::Draw)).map(|s| s.team).collect();
    let teams: BTreeSet<_> = result.standings.iter().map(|s| s.team).collect();
    if teams.len() > 1 {
        assert!((wins.len() == 1 && draws.is_empty()) || (wins.is_empty() && draws.len() > 1), "{result:?}");
    }
    for (standing, player) in result.standings.iter().zip(&game.players) {
        assert_eq!(
            (standing.player_id, standing.score, standing.outcome),
            (player.player_id, player.score, player.outcome)
        );
        if player.status == PlayerStatus::Abandoned && teams.len() > 1 {
            assert_eq!(standing.outcome, Some(Outcome::Loss), "who leaves doesn't win");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_the_invariants_hold(
        mode in prop_oneof![
            3 => Just("tic_tac_toe"), 1 => Just("connect_four"), 1 => Just("rock_paper_scissors"),
            3 => Just("duel"), 2 => Just("free_for_all"), 1 => Just("squads"), 1 => Just("score_attack")
        ],
        eager in prop::bool::weighted(0.8),
        steps in prop::collection::vec(step(4), 1..40),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("builds");
        runtime.block_on(async {
            let world = World::new(mode);
            let mut game = world.load().await;
            if eager {
                for who in 0..world.players.len() {
                    world.run(who % 2, who, &Command::Ready).await;
                }
                game = world.check(&game).await;
                assert_eq!(game.status, Status::InProgress);
            }
            for step in &steps {
                world.clock.advance_millis(step.wait_ms);
                tokio::join!(
                    world.run(0, step.left.0, &step.left.1),
                    world.run(1, step.right.0, &step.right.1),
                );
                game = world.check(&game).await;
            }
            world.check_story(&game);
            check_result(&game);
            // Liveness: with nobody doing anything, deadlines bring every game to an end.
            for _ in 0..3 {
                world.clock.advance_millis(4_000_000);
                tokio::join!(world.run(0, 0, &Command::Sweep), world.run(1, 0, &Command::Sweep));
                game = world.check(&game).await;
            }
            assert!(game.status.terminal(), "{:?}", game.status);
            world.check_story(&game);
            check_result(&game);
            world.check_log(&game).await;
        });
    }
}
