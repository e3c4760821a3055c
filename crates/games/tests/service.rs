//! What the service adds to the rules: who may look, receipts, deadlines before their sweep, relay.

use std::sync::Arc;

use kernel::memory::MemoryKernel;
use kernel::{
    Clock, Engage, Engagement, FakeClock, GameId, GameSpec, IdSource, PageLimit, PlayerId, Receipt, ReceiptKey,
    Receipts, Refusal, Riders, RosterSeat, SeededIds, SessionSecret,
};
use serde_json::json;
use shallweplay_games::memory::MemoryGameStore;
use shallweplay_games::{Catalogue, Error, Games, GamesPorts, HistoryFilter, ScoreReport, Status};

struct World {
    clock: Arc<FakeClock>,
    ids: Arc<SeededIds>,
    kernel: Arc<MemoryKernel>,
    games: Games,
}

fn world() -> World {
    let (clock, ids) = (Arc::new(FakeClock::default()), Arc::new(SeededIds::new(2)));
    let kernel = MemoryKernel::new(clock.clone(), ids.clone());
    let modes = Catalogue::shipped().expect("valid");
    let store = MemoryGameStore::new(kernel.clone());
    let games = Games::new(GamesPorts::in_memory(&store, modes, clock.clone(), ids.clone()));
    World { clock, ids, kernel, games }
}

impl World {
    fn player(&self) -> PlayerId {
        PlayerId::new(self.ids.uuid(self.clock.now()))
    }

    fn open(&self, mode: &str, players: [PlayerId; 2]) -> GameId {
        let (id, now) = (GameId::new(self.ids.uuid(self.clock.now())), self.clock.now());
        let seat =
            |(player_id, n)| RosterSeat { player_id, team: n, seat: n, secret: SessionSecret(self.ids.secret()) };
        let engage = |player| Engage { player, from: Engagement::Idle, to: Engagement::Game(id) };
        let spec = GameSpec {
            id,
            mode: mode.to_owned(),
            rated: true,
            seed: 1,
            roster: players.into_iter().zip(0..).map(seat).collect(),
            ready_due_at: now.plus_millis(20_000),
            ready: false,
            created_at: now,
        };
        let riders = Riders { engage: players.map(engage).to_vec(), open_games: vec![spec], ..Riders::default() };
        self.kernel.commit(riders, || Ok(())).expect("opens");
        id
    }

    async fn start(&self, mode: &str, players: [PlayerId; 2]) -> GameId {
        let id = self.open(mode, players);
        for player in players {
            self.games.ready(player, id, None).await.expect("ready");
        }
        id
    }

    fn receipt(&self, player: PlayerId, key: &str) -> Option<Receipt> {
        let key = ReceiptKey { player, route: String::from("POST /games/{id}"), key: key.to_owned() };
        Some(Receipt { key, body_hash: [1; 32], outcome: json!(null), at: self.clock.now() })
    }

    async fn outcome(&self, receipt: Option<Receipt>) -> serde_json::Value {
        let key = receipt.expect("given").key;
        self.kernel.find(&key).await.expect("readable").expect("written").receipt.outcome
    }
}

#[tokio::test]
async fn a_live_game_is_its_players_own_and_a_finished_one_anybodys() {
    let w = world();
    let (ann, ben, eve) = (w.player(), w.player(), w.player());
    let id = w.start("duel", [ann, ben]).await;
    assert_eq!(w.games.get(eve, id).await.expect_err("hidden").code(), "games.not_found");
    assert_eq!(w.games.live_of(ann).await.expect("readable").map(|game| game.id), Some(id));
    for refused in [
        w.games.ready(eve, id, None).await.map(drop),
        w.games.abandon(eve, id, None).await.map(drop),
        w.games.play(eve, id, &json!({}), 0, None).await.map(drop),
        w.games.report(eve, id, &ScoreReport::default(), None).await.map(drop),
        w.games.may_relay(eve, id).await.map(drop),
    ] {
        assert!(matches!(refused, Err(Error::NotFound)), "{refused:?}");
    }
    w.games.abandon(ben, id, None).await.expect("leaves");
    assert_eq!(w.games.get(eve, id).await.expect("public now").status, Status::Settled);
    assert_eq!(w.games.live_of(ann).await.expect("readable"), None);
    let page = w.games.history(ann, HistoryFilter::default(), None, PageLimit::default()).await.expect("readable");
    assert_eq!(page.items.iter().map(|game| game.id).collect::<Vec<_>>(), [id]);
}

#[tokio::test]
async fn receipts_carry_what_the_reply_needs() {
    let w = world();
    let (ann, ben) = (w.player(), w.player());
    let id = w.open("tic_tac_toe", [ann, ben]);
    let ready = w.receipt(ann, "r");
    w.games.ready(ann, id, ready.clone()).await.expect("ready");
    assert_eq!(w.outcome(ready.clone()).await, json!({ "game": id, "as": "game" }));
    w.games.ready(ben, id, None).await.expect("ready");
    let moved = w.receipt(ann, "m");
    let played = w.games.play(ann, id, &json!({ "cell": 0 }), 0, moved.clone()).await.expect("legal");
    assert_eq!(
        w.outcome(moved.clone()).await,
        json!({ "game": id, "as": "move", "sequence": 1, "state": played.state })
    );
    // The key was used: whatever the command is, nothing happens.
    let again = w.games.play(ben, id, &json!({ "cell": 1 }), 1, moved).await.expect_err("replayed");
    assert_eq!(again.code(), "idempotency.replayed");

    let (cem, dan) = (w.player(), w.player());
    let id = w.start("duel", [cem, dan]).await;
    let game = w.games.get(cem, id).await.expect("plays");
    let says = |player| ScoreReport {
        session_secret: game.player(player).expect("plays").secret.0.clone(),
        score: Some(3.0),
        ..ScoreReport::default()
    };
    let (first, second) = (w.receipt(cem, "1"), w.receipt(dan, "2"));
    w.games.report(cem, id, &says(cem), first.clone()).await.expect("accepted");
    w.games.report(dan, id, &says(dan), second.clone()).await.expect("accepted");
    let reply = |result| json!({ "game": id, "as": "report", "report": { "status": "accepted", "reason": null }, "result": result });
    assert_eq!(w.outcome(first).await, reply(json!({ "status": "open", "version": 0 })));
    assert_eq!(w.outcome(second).await, reply(json!({ "status": "settled", "version": 1 })));
}

#[tokio::test]
async fn a_command_past_the_deadline_meets_the_state_it_led_to() {
    let w = world();
    let (ann, ben) = (w.player(), w.player());
    let id = w.open("duel", [ann, ben]);
    w.games.ready(ann, id, None).await.expect("ready");
    w.clock.advance_millis(20_000);
    let refused = w.games.ready(ben, id, None).await.expect_err("too late");
    assert_eq!((refused.code(), refused.extensions()), ("games.not_waiting", vec![("state", json!("aborted"))]));
    assert_eq!(w.kernel.engagement(ann), Engagement::Idle);
    let swept = w.games.sweep_due(w.clock.now(), 10).await.expect("readable");
    assert!(swept.expired.is_empty() && swept.failed.is_empty(), "it is done already");
}

#[tokio::test]
async fn a_sweep_ends_what_is_due_and_a_player_let_go_elsewhere_does_not_stop_it() {
    let w = world();
    let (ann, ben) = (w.player(), w.player());
    let id = w.start("duel", [ann, ben]).await;
    let engage = vec![Engage { player: ann, from: Engagement::Game(id), to: Engagement::Idle }];
    w.kernel.commit(Riders { engage, ..Riders::default() }, || Ok(())).expect("holds");
    w.clock.advance_millis(3_600_000);
    let swept = w.games.sweep_due(w.clock.now(), 10).await.expect("readable");
    assert_eq!((swept.expired, swept.failed.len()), (vec![id], 0));
    assert_eq!(w.games.get(ben, id).await.expect("readable").status, Status::Voided);
    assert_eq!(w.kernel.engagement(ben), Engagement::Idle);
}

#[tokio::test]
async fn relay_is_for_those_in_a_game_being_played() {
    let w = world();
    let (ann, ben, eve) = (w.player(), w.player(), w.player());
    let id = w.open("duel", [ann, ben]);
    assert_eq!(w.games.may_relay(ann, id).await.expect_err("waits").code(), "games.not_in_progress");
    for player in [ann, ben] {
        w.games.ready(player, id, None).await.expect("ready");
    }
    assert_eq!(&*w.games.may_relay(ann, id).await.expect("plays"), [ann, ben]);
    assert_eq!(w.games.may_relay(eve, id).await.expect_err("a stranger").code(), "games.not_found");
    w.games.abandon(ben, id, None).await.expect("leaves");
    assert_eq!(w.games.may_relay(ann, id).await.expect_err("over").code(), "games.not_in_progress");
}
