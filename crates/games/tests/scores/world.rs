use std::sync::Arc;

use async_trait::async_trait;
use kernel::memory::MemoryKernel;
use kernel::{
    Approved, Clock, Engage, Engagement, FakeClock, FixedApproval, GameId, GameSpec, IdSource, Page, PlayerId, Refusal,
    Riders, RosterSeat, SeededIds, SessionSecret, StoreError, Timestamp,
};
use serde_json::{Value, json};
use shallweplay_games::memory::MemoryGameStore;
use shallweplay_games::{
    Catalogue, Error, Game, GameChange, GameStore, Games, GamesPorts, HistoryPosition, HistoryQuery, LedgerEntry,
    LogLine, Outcome, ScoreReport, Status,
};

/// Lets others run between a load and its commit, so that those who come at once do meet.
struct Yielding(Arc<MemoryGameStore>);

#[async_trait]
impl GameStore for Yielding {
    async fn load(&self, id: GameId) -> Result<Option<Game>, StoreError> {
        let game = self.0.load(id).await;
        tokio::task::yield_now().await;
        game
    }

    async fn load_many(&self, ids: &[GameId]) -> Result<Vec<Game>, StoreError> {
        self.0.load_many(ids).await
    }

    async fn live_of(&self, player: PlayerId) -> Result<Vec<Game>, StoreError> {
        self.0.live_of(player).await
    }

    async fn commit(&self, change: GameChange) -> Result<Option<i64>, StoreError> {
        self.0.commit(change).await
    }

    async fn due(&self, now: Timestamp, limit: i64) -> Result<Vec<Game>, StoreError> {
        let due = self.0.due(now, limit).await;
        tokio::task::yield_now().await;
        due
    }

    async fn history(&self, query: &HistoryQuery) -> Result<Page<Game, HistoryPosition>, StoreError> {
        self.0.history(query).await
    }

    async fn families(&self) -> Result<Vec<(String, i64)>, StoreError> {
        self.0.families().await
    }

    async fn ledger(&self, family: &str, after: i64, limit: i64) -> Result<Vec<LedgerEntry>, StoreError> {
        self.0.ledger(family, after, limit).await
    }

    async fn log(&self, id: GameId, after: i64, limit: i64) -> Result<Vec<LogLine>, StoreError> {
        self.0.log(id, after, limit).await
    }
}

/// One service over one store, with a gate that says what the test wants.
pub(crate) struct World {
    pub(crate) clock: Arc<FakeClock>,
    pub(crate) ids: Arc<SeededIds>,
    pub(crate) kernel: Arc<MemoryKernel>,
    pub(crate) store: Arc<MemoryGameStore>,
    pub(crate) gate: Arc<FixedApproval>,
    pub(crate) games: Games,
}

/// A game of this world and its players by seat.
pub(crate) struct Table {
    pub(crate) id: GameId,
    pub(crate) players: Vec<PlayerId>,
}

pub(crate) const EVIDENCE_MS: i64 = 60_000;
pub(crate) const WINDOW_MS: i64 = 60_000;
pub(crate) const DAY_MS: i64 = 24 * 3_600_000;

/// Relay modes of several shapes. Scores: 0 to 1,000, at most 100 a second, held above 90 of them; no report within the
/// first second; a payload has `level` and `map`. And the shipped board game.
pub(crate) fn catalogue() -> Catalogue {
    let shipped: Vec<Value> = serde_json::from_str(Catalogue::SHIPPED).expect("JSON");
    let of = |key: &str| shipped.iter().find(|mode| mode["key"] == key).cloned().expect("ships");
    let relay = |key: &str, teams: u8, size: u8| {
        let mut mode = of("duel");
        let seats = teams * size;
        for (field, value) in [
            ("key", json!(key)),
            ("teams", json!(teams)),
            ("team_size", json!(size)),
            ("min_players", json!(seats)),
            ("quorum", json!(seats)),
            ("rating", json!(key)),
            ("evidence_ms", json!(EVIDENCE_MS)),
            ("report_window_ms", json!(WINDOW_MS)),
            (
                "score",
                json!({
                    "min": 0, "max": 1_000, "max_per_second": 100, "min_duration_ms": 1_000, "hold_above": 0.9,
                    "fields": ["level", "map"],
                }),
            ),
        ] {
            mode[field] = value;
        }
        mode
    };
    let mut bare = relay("bare", 2, 1);
    bare["score"]["fields"] = json!([]);
    let modes = [
        relay("pair", 2, 1),
        relay("three", 3, 1),
        relay("race", 4, 1),
        relay("five", 5, 1),
        relay("teams", 2, 2),
        relay("run", 1, 1),
        relay("crowd", 16, 4),
        bare,
        of("tic_tac_toe"),
    ];
    Catalogue::parse(&json!(modes).to_string()).expect("valid")
}

pub(crate) fn world() -> World {
    let (clock, ids) = (Arc::new(FakeClock::default()), Arc::new(SeededIds::new(8)));
    let kernel = MemoryKernel::new(clock.clone(), ids.clone());
    let store = MemoryGameStore::new(kernel.clone());
    let gate = Arc::new(FixedApproval::new(Approved::Pending));
    let memory = GamesPorts::in_memory(&store, catalogue(), clock.clone(), ids.clone());
    let games = Games::new(GamesPorts { games: Arc::new(Yielding(store.clone())), approval: gate.clone(), ..memory });
    World { clock, ids, kernel, store, gate, games }
}

impl World {
    pub(crate) fn player(&self) -> PlayerId {
        PlayerId::new(self.ids.uuid(self.clock.now()))
    }

    pub(crate) fn open(&self, mode: &str) -> Table {
        let (id, now) = (GameId::new(self.ids.uuid(self.clock.now())), self.clock.now());
        let modes = catalogue();
        let mode = modes.get(mode).expect("known");
        let seat = |seat| RosterSeat {
            player_id: self.player(),
            team: seat / mode.team_size,
            seat,
            secret: SessionSecret(self.ids.secret()),
        };
        let roster: Vec<_> = (0..mode.seats()).map(seat).collect();
        let players: Vec<_> = roster.iter().map(|seat| seat.player_id).collect();
        let to = Engagement::Game(id);
        let engage = players.iter().map(|&player| Engage { player, from: Engagement::Idle, to }).collect();
        let spec = GameSpec {
            id,
            mode: mode.key.clone(),
            rated: true,
            seed: 1,
            roster,
            ready_due_at: now.plus_millis(20_000),
            ready: false,
            created_at: now,
        };
        self.kernel.commit(Riders { engage, open_games: vec![spec], ..Riders::default() }, || Ok(())).expect("opens");
        Table { id, players }
    }

    /// A game that has been played for five seconds: up to 500 points are possible, more than 450 are held.
    pub(crate) async fn played(&self, mode: &str) -> Table {
        let table = self.open(mode);
        for &player in &table.players {
            self.games.ready(player, table.id, None).await.expect("ready");
        }
        self.clock.advance_millis(5_000);
        table
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(crate) async fn load(&self, id: GameId) -> Game {
        self.store.load(id).await.expect("readable").expect("opened")
    }

    /// What this seat would report.
    pub(crate) async fn says(&self, table: &Table, seat: usize, score: i32) -> ScoreReport {
        let game = self.load(table.id).await;
        let secret = game.players[seat].secret.0.clone();
        ScoreReport { session_secret: secret, score: Some(f64::from(score)), ..ScoreReport::default() }
    }

    /// Reports the own score, those of other seats, and how it ended; says what the reply says.
    pub(crate) async fn report(
        &self,
        table: &Table,
        seat: usize,
        score: i32,
        others: &[(usize, i32)],
        outcome: Option<Outcome>,
    ) -> (&'static str, Option<(&'static str, i32)>) {
        let scores = others.iter().map(|&(seat, score)| (table.players[seat], f64::from(score))).collect();
        let given = ScoreReport { scores, outcome, ..self.says(table, seat, score).await };
        let reported = self.games.report(table.players[seat], table.id, &given, None).await.expect("taken");
        (reported.status, reported.result)
    }

    /// Lets the time go by and carries out what is due.
    pub(crate) async fn after(&self, millis: i64, id: GameId) -> Game {
        self.clock.advance_millis(millis);
        let swept = self.games.sweep_due(self.clock.now(), 100).await.expect("readable");
        assert!(swept.failed.is_empty(), "{:?}", swept.failed);
        self.load(id).await
    }

    pub(crate) async fn ledger(&self, family: &str) -> Vec<LedgerEntry> {
        self.store.ledger(family, 0, 1_000).await.expect("readable")
    }

    pub(crate) async fn log(&self, id: GameId) -> Vec<LogLine> {
        self.store.log(id, 0, 1_000).await.expect("readable")
    }

    pub(crate) async fn logged(&self, id: GameId, kind: &str) -> Vec<Value> {
        self.log(id).await.into_iter().filter(|line| line.kind == kind).map(|line| line.data).collect()
    }

    /// How often this event was written.
    pub(crate) fn told(&self, kind: &str) -> usize {
        self.kernel.events().iter().filter(|event| event.kind == kind).count()
    }
}

pub(crate) fn scores(table: &Table, scores: &[i32]) -> std::collections::BTreeMap<PlayerId, f64> {
    table.players.iter().copied().zip(scores.iter().map(|score| f64::from(*score))).collect()
}

pub(crate) fn outcomes(game: &Game) -> Vec<Option<Outcome>> {
    game.players.iter().map(|player| player.outcome).collect()
}

pub(crate) fn points(game: &Game) -> Vec<Option<i64>> {
    game.players.iter().map(|player| player.score).collect()
}

pub(crate) fn ended(game: &Game) -> (Status, &str) {
    (game.status, game.ended.as_ref().map_or("", |ended| &ended.reason))
}

pub(crate) fn code<T: std::fmt::Debug>(result: Result<T, Error>) -> &'static str {
    result.expect_err("refused").code()
}
