//! Modes published while the service runs: versions, races, other replicas, and games that began before.

use std::sync::Arc;

use kernel::memory::MemoryKernel;
use kernel::{
    Approved, AuditLog, Clock, Engagement, FakeClock, FixedApproval, GameId, GameSpec, IdSource, PageLimit, PlayerId,
    Receipt, ReceiptKey, Receipts, Refusal, Riders, RosterSeat, SeededIds, SessionSecret,
};
use serde_json::{Value, json};
use shallweplay_games::memory::MemoryGameStore;
use shallweplay_games::{
    Catalogue, CreateGame, Error, Game, GameStore, Games, GamesPorts, LogLine, ModeBook, ModeStore, ResultStatus,
    ScoreReport, Status, WindowSettings, verify,
};

struct World {
    clock: Arc<FakeClock>,
    ids: Arc<SeededIds>,
    kernel: Arc<MemoryKernel>,
    store: Arc<MemoryGameStore>,
    operator: PlayerId,
}

impl World {
    fn new() -> Self {
        let (clock, ids) = (Arc::new(FakeClock::default()), Arc::new(SeededIds::new(6)));
        let kernel = MemoryKernel::new(clock.clone(), ids.clone());
        let store = MemoryGameStore::new(kernel.clone());
        let operator = PlayerId::new(ids.uuid(clock.now()));
        Self { clock, ids, kernel, store, operator }
    }

    fn replica(&self, settings: WindowSettings) -> (Games, Arc<ModeBook>) {
        self.replica_with(Catalogue::shipped().expect("valid"), settings)
    }

    /// A replica that was started with this operator's file.
    fn replica_with(&self, file: Catalogue, settings: WindowSettings) -> (Games, Arc<ModeBook>) {
        let book = ModeBook::with_windows(file.clone(), settings);
        let memory = GamesPorts::in_memory(&self.store, file, self.clock.clone(), self.ids.clone());
        let approval = Arc::new(FixedApproval::new(Approved::Yes));
        (Games::new(GamesPorts { modes: book.clone(), approval, ..memory }), book)
    }

    /// The replica after a restart with the shipped file in which this one mode is written otherwise.
    fn restarted(&self, key: &str, change: impl FnOnce(&mut Value)) -> Games {
        let mut file: Vec<Value> = serde_json::from_str(Catalogue::SHIPPED).expect("JSON");
        change(file.iter_mut().find(|mode| mode["key"] == key).expect("ships"));
        let file = Catalogue::parse(&json!(file).to_string()).expect("valid");
        self.replica_with(file, WindowSettings::default()).0
    }

    /// A game that is being played.
    async fn playing(&self, games: &Games, mode: &str) -> (GameId, [PlayerId; 2]) {
        let (id, players) = self.open(mode);
        for player in players {
            games.ready(player, id, None).await.expect("ready");
        }
        (id, players)
    }

    async fn report(&self, games: &Games, id: GameId, player: PlayerId, score: f64) -> Result<Game, Error> {
        let game = self.store.load(id).await.expect("readable").expect("opened");
        let session_secret = game.player(player).expect("plays").secret.0.clone();
        let report = ScoreReport { session_secret, score: Some(score), ..ScoreReport::default() };
        games.report(player, id, &report, None).await.map(|reported| reported.game)
    }

    /// Family, version, status and whether it is rated of each entry of these families.
    async fn ledger(&self, families: &[&str]) -> Vec<(String, i32, ResultStatus, bool)> {
        let mut found = Vec::new();
        for family in families {
            let entries = self.store.ledger(family, 0, 100).await.expect("readable");
            found.extend(entries.into_iter().map(|e| (e.family, e.version, e.status, e.rated)));
        }
        found
    }

    fn open(&self, mode: &str) -> (GameId, [PlayerId; 2]) {
        let now = self.clock.now();
        let players = [PlayerId::new(self.ids.uuid(now)), PlayerId::new(self.ids.uuid(now))];
        let seat =
            |(player_id, n)| RosterSeat { player_id, team: n, seat: n, secret: SessionSecret(self.ids.secret()) };
        let spec = GameSpec {
            id: GameId::new(self.ids.uuid(now)),
            mode: mode.to_owned(),
            rated: true,
            seed: 1,
            roster: players.into_iter().zip(0..).map(seat).collect(),
            ready_due_at: now.plus_millis(20_000),
            ready: false,
            created_at: now,
        };
        let id = spec.id;
        self.kernel.commit(Riders { open_games: vec![spec], ..Riders::default() }, || Ok(())).expect("opens");
        (id, players)
    }
}

fn duel(change: impl FnOnce(&mut Value)) -> Value {
    let mut written = Catalogue::shipped().expect("valid").get("duel").expect("ships").written();
    change(&mut written);
    written
}

#[tokio::test]
async fn a_published_version_is_the_newest_here_and_elsewhere() {
    let w = World::new();
    let settings = WindowSettings { grace_ms: Some(7), ..WindowSettings::default() };
    let ((here, book), (there, elsewhere)) = (w.replica(settings), w.replica(WindowSettings::default()));
    let receipt = Receipt {
        key: ReceiptKey { player: w.operator, route: String::from("PUT /admin/modes"), key: String::from("k") },
        body_hash: [1; 32],
        outcome: json!(null),
        at: w.clock.now(),
    };
    let written = duel(|mode| mode["enabled"] = json!(false));
    let published = here.publish_mode(w.operator, "duel", written.clone(), "too loud", Some(receipt.clone())).await;
    let published = published.expect("valid");
    assert_eq!((published.version, published.enabled, published.windows.grace_ms), (2, false, 7));
    assert_eq!(here.modes().get("duel"), Some(&*published));
    assert_eq!(here.modes().all().len(), 7, "in its place");
    assert_eq!(book.written("duel").expect("there")["grace_ms"], json!(30_000), "an operator edits the mode's own");
    assert_eq!(book.at("duel", 1).map(|mode| (mode.enabled, mode.windows.grace_ms)), Some((true, 7)));
    assert!(elsewhere.newest("duel").expect("there").enabled, "not known yet");
    assert!(there.refresh_modes().await.expect("readable"));
    assert!(!there.refresh_modes().await.expect("readable"), "nothing new");
    assert_eq!(elsewhere.newest("duel").map(|mode| (mode.version, mode.enabled)), Some((2, false)));

    let audit = w.kernel.page(Some("mode:duel"), None, PageLimit::default()).await.expect("readable").items;
    assert_eq!((audit.len(), audit[0].action.as_str(), audit[0].reason.as_str()), (1, "mode.publish", "too loud"));
    assert_eq!((audit[0].actor, &audit[0].data), (Some(w.operator), &json!({ "version": 2, "previous": 1 })));
    let outcome = w.kernel.find(&receipt.key).await.expect("readable").expect("written").receipt.outcome;
    assert_eq!(outcome, json!({ "mode": "duel", "as": "mode", "version": 2 }));

    // The same once more, as a second click or a lost reply has it: made from version 1, and it stands already.
    assert_eq!(there.publish_mode(w.operator, "duel", written, "too loud", None).await.expect("stands").version, 2);
    assert_eq!(w.store.versions().await.expect("readable").len(), 1);
}

#[tokio::test]
async fn of_two_operators_who_edit_one_version_one_is_told() {
    let w = World::new();
    let ((here, _), (there, _)) = (w.replica(WindowSettings::default()), w.replica(WindowSettings::default()));
    let named = |name: &str| duel(|mode| mode["name"] = json!(name));
    assert_eq!(here.publish_mode(w.operator, "duel", named("A"), "r", None).await.expect("first").version, 2);
    let late = there.publish_mode(w.operator, "duel", named("B"), "r", None).await.expect_err("made from version 1");
    assert_eq!((late.code(), late.kind()), ("conflict.concurrent_change", kernel::ErrorKind::Conflict));
    assert_eq!(there.modes().get("duel").map(|mode| mode.name.clone()).as_deref(), Some("A"));
    let without = |name: &str| {
        let mut written = named(name);
        written.as_object_mut().expect("an object").remove("version");
        written
    };
    let (c, d) = (
        here.publish_mode(w.operator, "duel", without("C"), "r", None),
        there.publish_mode(w.operator, "duel", without("D"), "r", None),
    );
    let (c, d) = tokio::join!(c, d);
    let mut versions = [c.expect("published").version, d.expect("published").version];
    versions.sort_unstable();
    assert_eq!(versions, [3, 4], "without a version, both are carried out");
}

#[tokio::test]
async fn what_is_not_valid_is_refused_with_its_place_and_publishes_nothing() {
    let w = World::new();
    let (games, _) = w.replica(WindowSettings::default());
    for (pointer, written) in [
        ("", json!([])),
        ("/key", duel(|mode| mode["key"] = json!("tic_tac_toe"))),
        ("/version", duel(|mode| mode["version"] = json!(1.0))),
        ("/teams", duel(|mode| mode["teams"] = json!(2.0))),
        ("/score/min", duel(|mode| mode["score"]["min"] = json!(0.5))),
        ("/extra", duel(|mode| mode["extra"] = json!(1))),
    ] {
        let refused = games.publish_mode(w.operator, "duel", written, "r", None).await.expect_err(pointer);
        assert_eq!((refused.code(), refused.fields()[0].pointer.as_str()), ("games.invalid_mode", pointer));
    }
    let sprint = |model: &str| duel(|mode| (mode["key"], mode["rating_model"]) = (json!("sprint"), json!(model)));
    let refused = games.publish_mode(w.operator, "sprint", sprint("glicko2"), "r", None).await.expect_err("two models");
    assert_eq!(refused.fields()[0].pointer, "/rating_model");
    assert_eq!(w.store.versions().await.expect("readable"), Vec::<Value>::new());
    let new = games.publish_mode(w.operator, "sprint", sprint("weng_lin"), "r", None).await.expect("a new mode");
    assert_eq!((new.key.as_str(), new.version, games.modes().all().len()), ("sprint", 1, 8));
}

#[tokio::test]
async fn a_running_game_is_judged_by_the_version_it_began_under() {
    let w = World::new();
    let ((here, _), (there, _)) = (w.replica(WindowSettings::default()), w.replica(WindowSettings::default()));
    let (id, players) = w.open("duel");
    for player in players {
        here.ready(player, id, None).await.expect("ready");
    }
    let less = duel(|mode| mode["score"]["max"] = json!(10));
    here.publish_mode(w.operator, "duel", less, "r", None).await.expect("valid");
    let game = here.get(players[0], id).await.expect("plays");
    let says = |game: &shallweplay_games::Game, n: usize| ScoreReport {
        session_secret: game.player(players[n]).expect("plays").secret.0.clone(),
        score: Some(500.0),
        ..ScoreReport::default()
    };
    here.report(players[0], id, &says(&game, 0), None).await.expect("version 1 believes it");

    // A game that began under a version this replica hasn't heard of: the store is asked.
    let (id, players) = w.open("duel");
    for player in players {
        here.ready(player, id, None).await.expect("ready");
    }
    let game = there.get(players[0], id).await.expect("plays");
    assert_eq!(game.mode_version, Some(2));
    let says = ScoreReport {
        session_secret: game.player(players[0]).expect("plays").secret.0.clone(),
        score: Some(500.0),
        ..ScoreReport::default()
    };
    let refused = there.report(players[0], id, &says, None).await.expect_err("version 2 doesn't");
    assert!(matches!(refused, Error::OutOfEnvelope { rule: "max", .. }), "{refused:?}");
}

#[tokio::test]
async fn a_version_nobody_here_can_read_stops_nothing() {
    let w = World::new();
    let (games, book) = w.replica(WindowSettings::default());
    let newer = duel(|mode| (mode["version"], mode["weather"]) = (json!(2), json!("snow")));
    w.store.publish("duel", 2, newer, Riders::default()).await.expect("written by a newer release");
    games.refresh_modes().await.expect("readable");
    assert_eq!(games.modes().get("duel").map(|mode| mode.version), Some(1));
    let unreadable = book.unreadable();
    assert_eq!((unreadable.len(), unreadable[0].pointer.as_str()), (1, "/duel/2/weather"));
    let (id, players) = w.open("duel");
    assert_eq!(games.ready(players[0], id, None).await.expect("plays").status, Status::WaitingReady);
    let mut next = duel(|mode| mode["name"] = json!("Duel!"));
    next["version"] = json!(2);
    let published = games.publish_mode(w.operator, "duel", next, "r", None).await.expect("after the newest there is");
    assert_eq!(published.version, 3);
}

/// What a corrected game's entries must be, whatever became of its mode: they undo one another in one family.
fn corrected() -> Vec<(String, i32, ResultStatus, bool)> {
    let of = |version, status| (String::from("duel"), version, status, true);
    vec![of(1, ResultStatus::Settled), of(2, ResultStatus::Voided), of(3, ResultStatus::Settled)]
}

async fn correct(w: &World, games: &Games, id: GameId, players: [PlayerId; 2]) {
    games.void(w.operator, id, "Both cheated.", None).await.expect("voided");
    let scores = players.into_iter().zip([1.0, 2.0]).collect();
    games.amend(w.operator, id, "Only one did.", &scores, None).await.expect("amended");
}

async fn settled(w: &World, games: &Games) -> (GameId, [PlayerId; 2]) {
    let (id, players) = w.playing(games, "duel").await;
    for player in players {
        w.report(games, id, player, 7.0).await.expect("accepted");
    }
    (id, players)
}

#[tokio::test]
async fn a_correction_goes_where_the_first_version_went_whatever_is_published() {
    let w = World::new();
    let (games, _) = w.replica(WindowSettings::default());
    let (id, players) = settled(&w, &games).await;
    let elsewhere = duel(|mode| (mode["rating"], mode["rating_model"]) = (json!("elsewhere"), json!("glicko2")));
    games.publish_mode(w.operator, "duel", elsewhere, "r", None).await.expect("another family, another model");
    correct(&w, &games, id, players).await;
    assert_eq!(w.ledger(&["duel", "elsewhere"]).await, corrected());
    settled(&w, &games).await;
    assert_eq!(w.ledger(&["elsewhere"]).await.len(), 1, "what begins now is rated by the new version");
}

#[tokio::test]
async fn a_correction_goes_where_the_first_version_went_whatever_the_file_says_now() {
    for version in [1, 2] {
        for rating in [json!("elsewhere"), json!(null)] {
            let w = World::new();
            let (id, players) = settled(&w, &w.replica(WindowSettings::default()).0).await;
            let games =
                w.restarted("duel", |mode| (mode["version"], mode["rating"]) = (json!(version), rating.clone()));
            correct(&w, &games, id, players).await;
            assert_eq!(w.ledger(&["duel", "elsewhere"]).await, corrected(), "{version} {rating}");
        }
    }
}

#[tokio::test]
async fn a_result_can_be_taken_back_when_its_mode_is_gone() {
    let w = World::new();
    let (id, _) = settled(&w, &w.replica(WindowSettings::default()).0).await;
    let games = w.restarted("duel", |mode| (mode["key"], mode["rating"]) = (json!("sprint"), json!("sprint")));
    let voided = games.void(w.operator, id, "Both cheated.", None).await.expect("needs no mode");
    assert_eq!((voided.status, w.ledger(&["duel", "sprint"]).await), (Status::Voided, corrected()[..2].to_vec()));
    let (id, players) = w.open("duel");
    let voided = games.void(w.operator, id, "Nobody can play it.", None).await.expect("needs no mode either");
    assert_eq!(voided.status, Status::Voided);
    assert_eq!(games.live_of(players[0]).await.expect("readable"), None);
}

#[tokio::test]
async fn who_decides_a_running_game_is_not_changed_by_a_changed_file() {
    let w = World::new();
    let (games, _) = w.replica(WindowSettings::default());
    let (board, [ann, ben]) = w.playing(&games, "tic_tac_toe").await;
    let (relayed, [cat, dan]) = w.playing(&games, "duel").await;
    let score = duel(|_| ())["score"].clone();
    let now_relay = w.restarted("tic_tac_toe", |mode| (mode["rules"], mode["score"]) = (json!("relay"), score));
    let refused = w.report(&now_relay, board, ann, 9.0).await.expect_err("the server decides it");
    assert!(matches!(refused, Error::ServerDecided), "{refused:?}");
    for (n, (player, cell)) in [(ann, 0), (ben, 3), (ann, 1), (ben, 4), (ann, 2)].into_iter().enumerate() {
        let sequence = i64::try_from(n).expect("small");
        now_relay.play(player, board, &json!({ "cell": cell }), sequence, None).await.expect("goes on");
    }
    let won = now_relay.get(ann, board).await.expect("over");
    assert_eq!(won.result.expect("settled").reason, "rules");

    let now_board = w.restarted("duel", |mode| (mode["rules"], mode["score"]) = (json!("tic_tac_toe"), json!(null)));
    let refused = now_board.play(cat, relayed, &json!({ "cell": 0 }), 0, None).await.expect_err("a relay game");
    assert!(matches!(refused, Error::NoMoves), "{refused:?}");
    let refused = w.report(&now_board, relayed, dan, 9.0).await.expect_err("nothing to check it against");
    assert_eq!(refused.code(), "games.server_decided");
    w.clock.advance_millis(3_600_000);
    now_board.sweep_due(w.clock.now(), 10).await.expect("readable");
    assert_eq!(now_board.get(cat, relayed).await.expect("over").status, Status::Voided, "nobody is held for ever");
}

#[tokio::test]
async fn a_family_that_was_played_keeps_its_model() {
    let w = World::new();
    let (games, _) = w.replica(WindowSettings::default());
    let other = |family: &str| duel(|mode| (mode["rating"], mode["rating_model"]) = (json!(family), json!("glicko2")));
    let without = |mut written: Value| {
        written.as_object_mut().expect("an object").remove("version");
        written
    };
    assert_eq!(games.publish_mode(w.operator, "duel", other("duel"), "r", None).await.expect("not played").version, 2);
    settled(&w, &games).await;
    let back = without(duel(|_| ()));
    let refused = games.publish_mode(w.operator, "duel", back, "r", None).await.expect_err("rated by another model");
    assert_eq!((refused.code(), refused.fields()[0].pointer.as_str()), ("games.invalid_mode", "/rating_model"));
    let left = without(duel(|mode| mode["rating"] = json!("sprint")));
    assert_eq!(games.publish_mode(w.operator, "duel", left, "r", None).await.expect("another family").version, 3);
    let back = without(duel(|_| ()));
    let refused = games.publish_mode(w.operator, "duel", back, "r", None).await.expect_err("though nobody is in it");
    assert_eq!(refused.fields()[0].pointer, "/rating_model");
    let again = without(other("duel"));
    assert_eq!(games.publish_mode(w.operator, "duel", again, "r", None).await.expect("as it was").version, 4);
}

#[tokio::test]
async fn who_does_not_fit_what_a_mode_has_become_is_let_go_instead_of_stuck() {
    let w = World::new();
    let (games, _) = w.replica(WindowSettings::default());
    let [ann, ben, cat] = [0; 3].map(|_| PlayerId::new(w.ids.uuid(w.clock.now())));
    let wanted = CreateGame { mode: String::from("free_for_all"), invite: vec![ben, cat], ..CreateGame::default() };
    let made = games.create(ann, wanted, None).await.expect("made").game;
    for (invite, player) in made.invites.iter().zip([ben, cat]) {
        games.accept(player, invite.id, None).await.expect("joins");
    }
    let mut board = Catalogue::shipped().expect("valid").get("tic_tac_toe").expect("ships").written();
    (board["key"], board["rating"]) = (json!("free_for_all"), json!(null));
    games.publish_mode(w.operator, "free_for_all", board, "r", None).await.expect("valid");
    let mut game = made;
    for player in [ann, ben, cat] {
        game = games.ready(player, game.id, None).await.expect("ready");
    }
    assert_eq!((game.status, game.ended.map(|ended| ended.reason)), (Status::Aborted, Some("mode_changed".into())));
    assert_eq!([ann, ben, cat].map(|player| w.kernel.engagement(player)), [Engagement::Idle; 3]);
    let log = games.replay(ann, game.id, 0).await.expect("it is over");
    assert!(verify(log.iter().map(LogLine::to_json)).is_ok());
}
