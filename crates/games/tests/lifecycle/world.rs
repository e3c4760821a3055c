//! Two service instances over one memory store, and modes of every shape.

use std::sync::Arc;

use async_trait::async_trait;
use kernel::memory::MemoryKernel;
use kernel::{
    Approved, Clock, Commit, Engage, Engagement, FakeClock, FixedApproval, GameId, GameSpec, IdSource, Page, PlayerId,
    Refusal, Riders, RosterSeat, SeededIds, SessionSecret, StoreError, TicketId, Timestamp,
};
use serde_json::json;
use shallweplay_games::memory::MemoryGameStore;
use shallweplay_games::{
    Catalogue, CreateGame, Created, Error, Game, GameChange, GameStore, Games, GamesPorts, HistoryPosition,
    HistoryQuery, LedgerEntry, LogLine, PlayerStatus, ScoreReport,
};

pub(crate) struct World {
    pub(crate) clock: Arc<FakeClock>,
    pub(crate) ids: Arc<SeededIds>,
    pub(crate) kernel: Arc<MemoryKernel>,
    pub(crate) store: Arc<MemoryGameStore>,
    pub(crate) games: Games,
    /// Another instance over the same store, as another replica would be.
    pub(crate) other: Games,
    /// A third one, whose gate lets operators do what they want.
    pub(crate) operators: Games,
}

/// Lets the other instance run between any two calls, so that loads and commits interleave.
struct Yielding(Arc<MemoryGameStore>);

#[async_trait]
impl GameStore for Yielding {
    async fn load(&self, id: GameId) -> Result<Option<Game>, StoreError> {
        tokio::task::yield_now().await;
        self.0.load(id).await
    }
    async fn load_many(&self, ids: &[GameId]) -> Result<Vec<Game>, StoreError> {
        self.0.load_many(ids).await
    }
    async fn live_of(&self, player: PlayerId) -> Result<Vec<Game>, StoreError> {
        self.0.live_of(player).await
    }
    async fn commit(&self, change: GameChange) -> Result<Option<i64>, StoreError> {
        tokio::task::yield_now().await;
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
    async fn ledger(&self, family: &str, after: i64, limit: i64) -> Result<Vec<LedgerEntry>, StoreError> {
        self.0.ledger(family, after, limit).await
    }
    async fn families(&self) -> Result<Vec<(String, i64)>, StoreError> {
        self.0.families().await
    }
    async fn log(&self, id: GameId, after: i64, limit: i64) -> Result<Vec<LogLine>, StoreError> {
        self.0.log(id, after, limit).await
    }
}

/// The shipped boards and duels; four for themselves of whom three are enough, two pairs, and one alone.
pub(crate) fn catalogue() -> Catalogue {
    let shipped: serde_json::Value = serde_json::from_str(Catalogue::SHIPPED).expect("JSON");
    let of = |key: &str| shipped.as_array().expect("a list").iter().find(|m| m["key"] == key).expect("ships").clone();
    let mut four = of("duel");
    four["key"] = json!("four");
    four["teams"] = json!(4);
    four["min_players"] = json!(3);
    four["quorum"] = json!(3);
    four["late_join_ms"] = json!(10_000);
    let mut pairs = of("duel");
    pairs["key"] = json!("pairs");
    pairs["team_size"] = json!(2);
    pairs["min_players"] = json!(2);
    pairs["quorum"] = json!(2);
    let mut solo = of("duel");
    solo["key"] = json!("solo");
    solo["teams"] = json!(1);
    solo["rating"] = json!(null);
    let mut off = of("duel");
    off["key"] = json!("off");
    off["enabled"] = json!(false);
    let rules = ["tic_tac_toe", "connect_four", "rock_paper_scissors"].map(of);
    let [board, discs, throws] = rules;
    Catalogue::parse(&json!([board, discs, throws, of("duel"), four, pairs, solo, off]).to_string()).expect("valid")
}

pub(crate) fn world() -> World {
    let (clock, ids) = (Arc::new(FakeClock::default()), Arc::new(SeededIds::new(2)));
    let kernel = MemoryKernel::new(clock.clone(), ids.clone());
    let store = MemoryGameStore::new(kernel.clone());
    let instance = || {
        let memory = GamesPorts::in_memory(&store, catalogue(), clock.clone(), ids.clone());
        Games::new(GamesPorts { games: Arc::new(Yielding(store.clone())), ..memory })
    };
    let (games, other) = (instance(), instance());
    let memory = GamesPorts::in_memory(&store, catalogue(), clock.clone(), ids.clone());
    let operators = Games::new(GamesPorts { approval: Arc::new(FixedApproval::new(Approved::Yes)), ..memory });
    World { clock, ids, kernel, store, games, other, operators }
}

impl World {
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(crate) fn player(&self) -> PlayerId {
        PlayerId::new(self.ids.uuid(self.now()))
    }

    pub(crate) fn players<const N: usize>(&self) -> [PlayerId; N] {
        std::array::from_fn(|_| self.player())
    }

    pub(crate) async fn load(&self, id: GameId) -> Game {
        self.store.load(id).await.expect("readable").expect("there")
    }

    pub(crate) async fn log(&self, id: GameId) -> Vec<LogLine> {
        self.store.log(id, 0, 1_000).await.expect("readable")
    }

    pub(crate) async fn create(&self, by: PlayerId, mode: &str, invite: &[PlayerId]) -> Result<Created, Error> {
        let wanted = CreateGame { mode: mode.to_owned(), invite: invite.to_vec(), ..CreateGame::default() };
        self.games.create(by, wanted, None).await
    }

    pub(crate) async fn create_link(&self, by: PlayerId, mode: &str) -> Created {
        let wanted = CreateGame { mode: mode.to_owned(), link: true, ..CreateGame::default() };
        self.games.create(by, wanted, None).await.expect("made")
    }

    /// As matchmaking does; everybody ready.
    pub(crate) async fn matched(&self, mode: &str, players: &[PlayerId], ready: usize) -> Game {
        let (id, now) = (GameId::new(self.ids.uuid(self.now())), self.now());
        let mode_of = catalogue().get(mode).cloned().expect("known");
        let seat = |(player_id, n): (&PlayerId, u8)| RosterSeat {
            player_id: *player_id,
            team: n / mode_of.team_size,
            seat: n,
            secret: SessionSecret(self.ids.secret()),
        };
        let to = Engagement::Game(id);
        let spec = GameSpec {
            id,
            mode: mode.to_owned(),
            rated: true,
            seed: 1,
            roster: players.iter().zip(0..).map(seat).collect(),
            ready_due_at: now.plus_millis(20_000),
            ready: false,
            created_at: now,
        };
        let engage = players.iter().map(|player| Engage { player: *player, from: Engagement::Idle, to }).collect();
        let riders = Riders { engage, open_games: vec![spec], ..Riders::default() };
        Commit::commit(&*self.kernel, riders).await.expect("opens");
        for player in &players[..ready] {
            self.games.ready(*player, id, None).await.expect("ready");
        }
        self.load(id).await
    }

    /// In a queue.
    pub(crate) async fn queue(&self, player: PlayerId) -> TicketId {
        let ticket = TicketId::new(self.ids.uuid(self.now()));
        let engage = vec![Engage { player, from: Engagement::Idle, to: Engagement::Ticket(ticket) }];
        Commit::commit(&*self.kernel, Riders { engage, ..Riders::default() }).await.expect("idle");
        ticket
    }

    pub(crate) async fn report(&self, game: GameId, player: PlayerId, score: u32) -> Result<Game, Error> {
        let secret = self.load(game).await.player(player).map(|p| p.secret.0.clone()).unwrap_or_default();
        let given = ScoreReport { session_secret: secret, score: Some(f64::from(score)), ..ScoreReport::default() };
        self.games.report(player, game, &given, None).await.map(|reported| reported.game)
    }

    pub(crate) async fn sweep(&self) -> usize {
        let swept = self.games.sweep_due(self.now(), 100).await.expect("readable");
        assert!(swept.failed.is_empty(), "{:?}", swept.failed);
        swept.expired.len()
    }

    /// Kinds of all events so far that go to this stream: `player:…`, `game:…`.
    pub(crate) fn told(&self, stream: &kernel::StreamKey) -> Vec<String> {
        let events = self.kernel.events();
        events.iter().filter(|event| event.audience.contains(stream)).map(|event| event.kind.to_string()).collect()
    }
}

pub(crate) fn statuses(game: &Game) -> Vec<PlayerStatus> {
    game.players.iter().map(|player| player.status).collect()
}

pub(crate) fn code<T: std::fmt::Debug, E: Refusal>(answer: Result<T, E>) -> &'static str {
    answer.expect_err("refused").code()
}
