//! A game from the queue to the ledger, over sockets.

use serde_json::{Value, json};
use testkit::ws::Client;

use crate::world::{PATIENCE, Player, World};

/// Somebody playing.
pub(crate) struct Seat {
    pub(crate) player: Player,
    pub(crate) client: Client,
}

impl Seat {
    pub(crate) async fn new(world: &World, replica: usize) -> Self {
        let player = world.guest().await;
        let client = world.ready(replica, &player).await;
        Self { player, client }
    }

    pub(crate) async fn ask(&mut self, kind: &str, data: Value) -> Value {
        let reply = self.client.request(kind, data, PATIENCE).await.expect("is answered");
        assert_eq!(reply["ok"], true, "{kind}: {reply}");
        reply["data"].clone()
    }

    pub(crate) async fn refused(&mut self, kind: &str, data: Value) -> String {
        let reply = self.client.request(kind, data, PATIENCE).await.expect("is answered");
        reply["error"]["code"].as_str().unwrap_or_else(|| panic!("{kind}: {reply}")).to_owned()
    }

    pub(crate) async fn event(&mut self, kind: &str) -> Value {
        self.client.recv_type(kind, PATIENCE).await.unwrap_or_else(|error| panic!("{kind}: {error}"))
    }
}

/// Two matched players by seat, in a started game; and the game's id.
pub(crate) async fn started(mode: &str, mut pair: [Seat; 2]) -> (String, [Seat; 2]) {
    for seat in &mut pair {
        let ticket = seat.ask("matchmaking.join", json!({ "mode": mode })).await;
        assert_eq!(ticket["ticket"]["status"], "searching", "{ticket}");
    }
    let mut game = Value::Null;
    for seat in &mut pair {
        let found = seat.event("match.found").await;
        assert_eq!(found["stream"], "player");
        game = found["data"]["game"].clone();
        let names: Vec<_> = game["players"].as_array().expect("is a list").iter().collect();
        assert!(names.iter().all(|line| line["player"]["display_name"].is_string()), "{game}");
        let ready = seat.ask("game.ready", json!({ "game_id": game["id"] })).await;
        assert_eq!(ready["game"]["id"], game["id"], "{ready}");
    }
    let id = game["id"].as_str().expect("is text").to_owned();
    for seat in &mut pair {
        let started = seat.event("game.started").await;
        assert_eq!(started["data"]["game"]["status"], "in_progress", "{started}");
        assert!(started["data"]["seed"].is_i64() && started["data"]["session_secret"].is_string(), "{started}");
    }
    let first = &game["players"][0];
    assert_eq!(first["seat"], 0, "{game}");
    if first["player"]["id"] != pair[0].player.id.as_str() {
        pair.reverse();
    }
    (id, pair)
}

#[tokio::test]
async fn tic_tac_toe_from_queue_to_ledger() {
    let world = World::embedded(&[]).await;
    let pair = [Seat::new(&world, 0).await, Seat::new(&world, 0).await];
    let (game, mut seats) = started("tic_tac_toe", pair).await;
    let mark =
        |cell: u8, sequence: i64| json!({ "game_id": game, "move": { "cell": cell }, "expected_sequence": sequence });
    assert_eq!(seats[1].refused("game.move", mark(0, 0)).await, "games.not_your_turn");
    for (sequence, cell) in (0_i64..).zip([0, 3, 1, 4, 2]) {
        let mover = usize::try_from(sequence % 2).expect("is small");
        let moved = seats[mover].ask("game.move", mark(cell, sequence)).await;
        assert_eq!(moved["sequence"], sequence + 1, "{moved}");
    }
    assert_eq!(seats[0].refused("game.move", mark(5, 5)).await, "games.not_in_progress");
    let (mut last, mut epoch) = (0, Value::Null);
    for seat in &mut seats {
        (last, epoch) = (0, Value::Null);
        // One update for each who is ready, then the moves.
        let moves = std::iter::repeat_n("game.moved", 5);
        for kind in ["game.updated"; 2].into_iter().chain(moves).chain(["game.finished"]) {
            let event = seat.event(kind).await;
            assert_eq!(event["stream"], format!("game:{game}"), "{event}");
            assert_eq!(event["offset"], last + 1, "gapless, each once: {event}");
            assert!(epoch.is_null() || epoch == event["epoch"], "{event}");
            (last, epoch) = (last + 1, event["epoch"].clone());
            if kind == "game.updated" {
                assert!(event["data"]["players"][0]["player"]["display_name"].is_string(), "{event}");
            }
        }
        let settled = seat.event("game.settled").await;
        assert_eq!(settled["data"]["result"]["standings"][0]["outcome"], "win", "{settled}");
        last = settled["offset"].as_i64().expect("is a number");
    }
    // Back later: what was missed comes from the rows, once, before session.ready.
    let winner = seats[0].player.clone();
    let resume = json!({ format!("game:{game}"): { "epoch": epoch, "offset": last - 2 } });
    let (mut back, hello) = world.sign_in(0, &winner, resume).await;
    let place = &hello["streams"][format!("game:{game}")];
    assert_eq!(place, &json!({ "epoch": epoch, "offset": last, "recovered": true }), "{hello}");
    for kind in ["game.finished", "game.settled", "session.ready"] {
        assert_eq!(back.recv_json(PATIENCE).await.expect("comes")["type"], kind);
    }
    // A stranger learns nothing of the stream.
    let stranger = world.guest().await;
    let resume = json!({ format!("game:{game}"): { "epoch": epoch, "offset": 0 } });
    let (_, hello) = world.sign_in(0, &stranger, resume).await;
    assert_eq!(hello["streams"].as_object().expect("is an object").len(), 1, "{hello}");
}

#[tokio::test]
async fn a_duel_relays_reports_and_settles() {
    let world = World::embedded(&[]).await;
    let pair = [Seat::new(&world, 0).await, Seat::new(&world, 0).await];
    let (game, mut seats) = started("duel", pair).await;
    let [one, two] = &mut seats;
    for n in 1..=20 {
        one.client.send_json(&json!({ "type": "game.relay", "data": { "game_id": game, "data": { "x": n } } })).await;
    }
    assert_eq!(one.ask("game.relay", json!({ "game_id": game, "data": "end" })).await["n"], 21);
    for n in 1..=20 {
        let relayed = two.event("game.relayed").await;
        assert_eq!(relayed["data"], json!({ "from": one.player.id, "n": n, "data": { "x": n }, "game_id": game }));
        assert!(relayed.get("offset").is_none(), "{relayed}");
    }
    let large = json!({ "game_id": game, "data": "x".repeat(4_095) });
    assert_eq!(one.refused("game.relay", large).await, "validation.failed");
    let to_stranger = json!({ "game_id": game, "data": 1, "to": [world.guest().await.id] });
    assert_eq!(one.refused("game.relay", to_stranger).await, "validation.failed");
    let to = json!({ "game_id": game, "data": "psst", "to": one.player.id });
    two.ask("game.relay", to).await;
    assert_eq!(one.event("game.relayed").await["data"]["data"], "psst");
    let mut late = Seat { client: world.ready(0, &one.player).await, player: one.player.clone() };
    let joined = late.ask("game.join", json!({ "game_id": game })).await;
    assert_eq!(joined["game"]["id"], game.as_str(), "{joined}");
    assert!(joined["streams"][format!("game:{game}")]["offset"].is_i64(), "{joined}");
    let mut stranger = Seat::new(&world, 0).await;
    assert_eq!(stranger.refused("game.join", json!({ "game_id": game })).await, "games.not_found");
    assert_eq!(stranger.refused("game.relay", json!({ "game_id": game, "data": 1 })).await, "games.not_found");
    for (seat, score) in seats.iter_mut().zip([30, 20]) {
        let seen = seat.ask("game.join", json!({ "game_id": game })).await;
        let secret = &seen["game"]["you"]["session_secret"];
        let report = json!({ "game_id": game, "session_secret": secret, "score": score });
        let reported = seat.ask("game.score", report).await;
        assert_eq!(reported["report"]["status"], "accepted", "{reported}");
    }
    for client in seats.iter_mut().map(|seat| &mut seat.client).chain([&mut late.client]) {
        let settled = client.recv_type("game.settled", PATIENCE).await.expect("comes");
        assert_eq!(settled["data"]["result"]["version"], 1, "{settled}");
    }
}

#[tokio::test]
async fn a_key_makes_a_command_happen_once() {
    let world = World::embedded(&[]).await;
    let mut seat = Seat::new(&world, 0).await;
    let send =
        |id: &str, mode: &str| json!({ "id": id, "type": "matchmaking.join", "data": { "mode": mode }, "key": "once" });
    let mut answers = Vec::new();
    for (id, mode) in [("a", "duel"), ("b", "duel"), ("c", "tic_tac_toe")] {
        seat.client.send_json(&send(id, mode)).await;
        answers.push(seat.client.recv_until(|message| message["re"] == id, PATIENCE).await.expect("is answered"));
    }
    let ticket = &answers[0]["data"]["ticket"]["id"];
    assert!(ticket.is_string(), "{answers:?}");
    assert_eq!(&answers[1]["data"]["ticket"]["id"], ticket, "the stored reply again");
    assert_eq!(answers[2]["error"]["code"], "idempotency.key_reused");
    // A refusal is remembered as a refusal.
    for id in ["d", "e"] {
        let again = json!({ "id": id, "type": "matchmaking.join", "data": { "mode": "duel" }, "key": "other" });
        seat.client.send_json(&again).await;
        let reply = seat.client.recv_until(|message| message["re"] == id, PATIENCE).await.expect("is answered");
        assert_eq!((&reply["ok"], &reply["error"]["code"]), (&false.into(), &"matchmaking.already_queued".into()));
        assert!(reply["error"]["instance"].as_str().is_some_and(|id| !id.is_empty()), "{reply}");
    }
    let cancelled = seat.ask("matchmaking.cancel", json!({ "ticket_id": ticket })).await;
    assert_eq!(cancelled["ticket"]["status"], "cancelled", "{cancelled}");
    assert_eq!(seat.event("ticket.updated").await["data"]["ticket"]["id"], *ticket);
}

#[tokio::test]
async fn what_was_asked_for_is_done_though_the_socket_is_gone() {
    let world = World::embedded(&[]).await;
    let mut seat = Seat::new(&world, 0).await;
    seat.client.send_json(&json!({ "type": "matchmaking.join", "data": { "mode": "duel" } })).await;
    drop(seat.client);
    crate::world::until("the ticket is there", PATIENCE, || async {
        let mine = world.request("GET", "/api/v1/matchmaking/tickets", Some(&seat.player.token), None).await;
        mine.json()["items"].as_array().is_some_and(|items| items.len() == 1)
    })
    .await;
    let (_, hello) = world.sign_in(0, &seat.player, json!({})).await;
    assert!(hello["live"]["ticket_id"].is_string(), "{hello}");
}
