//! Realtime: the same path over sockets, with events, resume and relay.

use serde_json::{Value, json};
use testkit::ws::ConnectError;

use crate::app::{Setup, TestApp};
use crate::client::Answered as _;
use crate::players::{Match, Player};
use crate::sockets::{Socket, connect};
use crate::wait::seconds;

in_both_worlds!(
    two_players_meet_and_play_over_sockets,
    a_duel_is_relayed_reported_and_settled,
    what_was_missed_comes_in_order_on_any_replica,
    a_ws_ticket_opens_one_socket,
    requests_are_refused_as_over_rest,
    signing_out_closes_the_socket,
);

fn types(messages: &[Value]) -> Vec<&str> {
    messages.iter().map(|message| message["type"].as_str().expect("has a type")).collect()
}

/// Both join, are matched and get ready over their sockets; the game's id, and the sockets by seat.
async fn start(mode: &str, players: &[Player; 2]) -> (String, [Socket; 2]) {
    let mut sockets = [Socket::open(&players[0]).await, Socket::open(&players[1]).await];
    let mut game = String::new();
    let mut tickets = Vec::new();
    for socket in &mut sockets {
        assert_eq!(socket.hello["live"]["game_id"], Value::Null);
        let joined = socket.ok("matchmaking.join", json!({ "mode": mode })).await;
        tickets.push(joined["ticket"]["id"].clone());
    }
    let mut first = 0;
    for (n, socket) in sockets.iter_mut().enumerate() {
        let found = socket.event("match.found").await;
        assert_eq!((&found["stream"], &found["data"]["ticket_id"]), (&json!("player"), &tickets[n]));
        let seen = &found["data"]["game"];
        assert_eq!((&seen["mode"], &seen["status"]), (&json!(mode), &json!("waiting_ready")));
        game = seen["id"].as_str().expect("has an id").to_owned();
        if players[n].line(seen)["seat"] == 0 {
            first = n;
        }
        assert!(players[n].line(seen)["player"]["display_name"].is_string(), "names are there: {seen}");
    }
    for socket in &mut sockets {
        socket.ok("game.ready", json!({ "game_id": game })).await;
    }
    let mut secrets = Vec::new();
    for socket in &mut sockets {
        let started = socket.event("game.started").await;
        assert_eq!((&started["stream"], &started["data"]["game"]["id"]), (&json!("player"), &json!(game)));
        assert!(started["data"]["seed"].is_i64() || started["data"]["seed"].is_u64(), "{started}");
        secrets.push(started["data"]["session_secret"].as_str().expect("has a secret").to_owned());
    }
    assert_ne!(secrets[0], secrets[1]);
    let [one, two] = sockets;
    (game, if first == 0 { [one, two] } else { [two, one] })
}

async fn play(socket: &mut Socket, game: &str, cell: u8, expected_sequence: i64) {
    let data = json!({ "game_id": game, "move": { "cell": cell }, "expected_sequence": expected_sequence });
    assert_eq!(socket.ok("game.move", data).await["sequence"], expected_sequence + 1);
}

async fn two_players_meet_and_play_over_sockets(app: TestApp) {
    let players = app.two_guests().await;
    let (game, mut seats) = start("tic_tac_toe", &players).await;
    for (sequence, cell) in (0..).zip([0, 3, 1, 4, 2]) {
        play(&mut seats[usize::try_from(sequence % 2).expect("is small")], &game, cell, sequence).await;
        for socket in &mut seats {
            let moved = socket.event("game.moved").await;
            assert_eq!(
                (&moved["stream"], &moved["data"]["sequence"]),
                (&json!(format!("game:{game}")), &json!(sequence + 1))
            );
        }
    }
    for socket in &mut seats {
        let finished = socket.event("game.finished").await;
        assert_eq!(finished["data"]["game_id"], *game);
        let settled = socket.event("game.settled").await;
        let result = &settled["data"]["result"];
        assert_eq!((&result["status"], &result["version"]), (&json!("settled"), &json!(1)));
        let outcomes: Vec<_> =
            result["standings"].as_array().expect("is a list").iter().map(|line| &line["outcome"]).collect();
        assert_eq!(outcomes, ["win", "loss"], "by seat");
    }
    for player in &players {
        assert_eq!(player.history("").await["items"][0]["id"], *game, "what the event says, REST says");
    }
}

async fn a_duel_is_relayed_reported_and_settled(app: TestApp) {
    let players = app.two_guests().await;
    let (game, [mut one, mut two]) = start("duel", &players).await;
    for n in 1..=3 {
        let data = json!({ "game_id": game, "data": { "x": n } });
        assert_eq!(one.ok("game.relay", data).await["n"], n);
        let relayed = two.event("game.relayed").await;
        assert_eq!((&relayed["data"]["n"], &relayed["data"]["data"]["x"]), (&json!(n), &json!(n)), "{relayed}");
        assert_eq!(relayed["offset"], Value::Null, "volatile");
    }
    one.refused("game.relay", json!({ "game_id": game, "data": "x".repeat(4_097) }), "validation.failed").await;
    for (player, socket, score) in [(0, &mut one, 9), (1, &mut two, 4)] {
        let api = &players[player].api;
        let me = socket.hello["player"]["id"].as_str().expect("has an id").to_owned();
        let seen = api.get(&format!("/api/v1/games/{game}")).await.expect_status(200);
        let own = players.iter().find(|player| player.id == me).expect("is one of them");
        let secret = own.game(&game).await["you"]["session_secret"].clone();
        assert_eq!(seen["status"], "in_progress");
        socket.ok("game.score", json!({ "game_id": game, "session_secret": secret, "score": score })).await;
    }
    for socket in [&mut one, &mut two] {
        socket.event("game.finished").await;
        let settled = socket.event("game.settled").await;
        assert_eq!(settled["data"]["result"]["standings"][0]["score"], 9);
    }
}

async fn what_was_missed_comes_in_order_on_any_replica(app: TestApp) {
    let players = app.two_guests().await;
    let (game, [mut one, two]) = start("tic_tac_toe", &players).await;
    play(&mut one, &game, 0, 0).await;
    let second = players.iter().find(|player| two.hello["player"]["id"] == *player.id).expect("is one of them");
    let first = players.iter().find(|player| player.id != second.id).expect("is the other").clone();
    let mut left = two;
    left.event("game.moved").await;
    let left = left.cut();
    // Played to its end meanwhile, over REST.
    let board = Match { game: game.clone(), seats: [first.clone(), second.clone()] };
    board.play_to_a_win(1).await;
    one.event("game.settled").await;
    one.event("rating.changed").await;
    let one = one.cut();

    for n in 0..2 {
        let there = second.at(&app.client(n));
        let mut back = Socket::resume(&there, &left).await;
        let game_stream = format!("game:{game}");
        for stream in ["player", &game_stream] {
            assert_eq!(back.hello["streams"][stream]["recovered"], true, "{}", back.hello);
        }
        let missed = back.all_until("session.ready").await;
        let of_game: Vec<_> = missed.iter().filter(|message| message["stream"] == *game_stream).cloned().collect();
        let expected = ["game.moved", "game.moved", "game.moved", "game.moved", "game.finished", "game.settled"];
        assert_eq!(types(&of_game), expected);
        assert_eq!(types(&missed).last(), Some(&"session.ready"));
    }
    // Who missed nothing gets nothing.
    let mut back = Socket::resume(&first, &one).await;
    assert_eq!(types(&back.all_until("session.ready").await), ["session.ready"]);
    // A stream that never was is not recovered: the client reads anew.
    let token = json!({ "token": first.access_token, "resume": {
        "player": { "epoch": "0192f0c1-2345-7abc-8def-0123456789ab", "offset": 3 },
    } });
    let mut lost = connect(&first.api, "").await.expect("is upgraded");
    let reply = lost.request("session.hello", token, seconds(5)).await.expect("is answered");
    assert_eq!(reply["data"]["streams"]["player"]["recovered"], false);
}

async fn a_ws_ticket_opens_one_socket(app: TestApp) {
    let ada = app.guest(0, "Ada").await;
    let there = app.client(1);
    let issued = ada.api.request("POST", "/api/v1/auth/ws-ticket", None).await.expect_status(201);
    let query = format!("?ticket={}", issued["ticket"].as_str().expect("is text"));
    let mut socket = connect(&there, &query).await.expect("is upgraded");
    let hello = socket.request("session.hello", json!({}), seconds(5)).await.expect("is answered");
    assert_eq!(hello["data"]["player"]["id"], *ada.id);
    socket.recv_type("session.ready", seconds(5)).await.expect("is ready");
    for query in [query.as_str(), "?ticket=nonsense"] {
        let Err(ConnectError::Refused { status, body }) = connect(&there, query).await else {
            panic!("{query} opened a socket");
        };
        assert!(status == 401 && body.contains("auth.bad_ws_ticket"), "{status} {body}");
    }
    let mut nobody = connect(&there, "").await.expect("is upgraded");
    let reply = nobody.request("session.hello", json!({ "token": "nonsense" }), seconds(5)).await.expect("is answered");
    assert_eq!(reply["error"]["code"], "auth.bad_token");
    assert_eq!(nobody.close_code(seconds(5)).await, Ok(Some(4501)));
}

async fn requests_are_refused_as_over_rest(app: TestApp) {
    let players = app.two_guests().await;
    let mut ada = Socket::open(&players[0]).await;
    ada.event("session.ready").await;
    ada.refused("nonsense", json!({}), "session.unknown_type").await;
    ada.refused("matchmaking.join", json!({ "mode": "chess" }), "modes.unknown").await;
    ada.refused("matchmaking.join", json!({ "mode": "duel", "rating": 9 }), "validation.failed").await;
    ada.refused("matchmaking.join", json!({ "mode": "du\u{0}el" }), "request.malformed").await;
    ada.refused("game.ready", json!({ "game_id": "nonsense" }), "games.not_found").await;
    ada.refused("game.ready", json!({}), "validation.failed").await;
    ada.refused("session.hello", json!({ "token": "x" }), "session.already_signed_in").await;
    // A key makes a message safe to repeat, like the header of a request.
    let join = json!({ "id": "k1", "type": "matchmaking.join", "key": "once", "data": { "mode": "duel" } });
    ada.client.send_json(&join).await;
    let reply = ada.client.recv_until(|message| message["re"] == "k1", seconds(5)).await.expect("is answered");
    let ticket = reply["data"]["ticket"].clone();
    assert_eq!(ticket["status"], "searching", "{reply}");
    let mut again = join;
    again["id"] = json!("k2");
    ada.client.send_json(&again).await;
    let reply = ada.client.recv_until(|message| message["re"] == "k2", seconds(5)).await.expect("is answered");
    assert_eq!(reply["data"]["ticket"], ticket);
    let queued = ada.refused("matchmaking.join", json!({ "mode": "duel" }), "matchmaking.already_queued").await;
    assert_eq!(queued["ticket_id"], ticket["id"]);
    let cancelled = ada.ok("matchmaking.cancel", json!({ "ticket_id": ticket["id"] })).await;
    assert_eq!(cancelled["ticket"]["status"], "cancelled");
    // Who isn't in a game learns nothing of it.
    let running = Match::running("tic_tac_toe", [app.guest(0, "Cy").await, app.guest(1, "Di").await]).await;
    for kind in ["game.join", "game.ready", "game.abandon"] {
        ada.refused(kind, json!({ "game_id": running.game }), "games.not_found").await;
    }
    ada.refused("game.relay", json!({ "game_id": running.game, "data": 1 }), "games.not_found").await;
    // Who is, may come later and follows it from there.
    let mut cy = Socket::open(&running.seats[0]).await;
    assert_eq!(cy.hello["live"]["game_id"], *running.game);
    assert_eq!(cy.join(&running.game).await["sequence"], 0);
}

async fn signing_out_closes_the_socket(app: TestApp) {
    let ada = app.guest(0, "Ada").await;
    let mut socket = Socket::open(&ada.at(&app.client(1))).await;
    socket.event("session.ready").await;
    let logout = json!({ "refresh_token": ada.refresh_token });
    assert_eq!(ada.api.post("/api/v1/auth/logout", logout).await.status, 204);
    assert_eq!(socket.close_code().await, Ok(Some(4506)));
}

#[tokio::test]
async fn only_listed_origins_open_sockets() {
    let app = Setup::embedded().with("SWP__HTTP__ORIGINS", "https://play.example").start().await;
    let url = format!("ws://{}/ws", app.client(0).authority());
    let own = format!("http://{}", app.client(0).authority());
    for (origin, opens) in
        [("https://play.example", true), (&*own, true), ("https://evil.example", false), ("null", false)]
    {
        let opened = testkit::ws::Client::connect(&url, None, &[("origin", origin)]).await;
        match opened {
            Ok(_) => assert!(opens, "{origin}"),
            Err(ConnectError::Refused { status, body }) => {
                assert!(
                    !opens && status == 403 && body.contains("realtime.origin_refused"),
                    "{origin}: {status} {body}"
                );
            }
            Err(error) => panic!("{origin}: {error}"),
        }
    }
}

#[tokio::test]
async fn a_drain_tells_sockets_to_go_and_probes_that_it_drains() {
    let app = Setup::networked(2).with("SWP__REALTIME__DRAIN_MS", "1500").start().await;
    let ada = app.guest(0, "Ada").await;
    let mut socket = Socket::open(&ada).await;
    socket.event("session.ready").await;
    app.replica(0).sigterm();
    let going = socket.event("session.going_away").await;
    assert!(going["data"]["reconnect_in_ms"].is_u64(), "{going}");
    let health = app.client(0).get("/health").await;
    assert_eq!((health.status, &health.json()["status"]), (503, &json!("draining")));
    assert_eq!(socket.close_code().await, Ok(Some(4100)));
    let status = app.replica(0).wait_exit(seconds(25)).await.expect("it ends");
    assert!(status.success(), "{status}");
    let mut again = Socket::open(&ada.at(&app.client(1))).await;
    again.event("session.ready").await;
}
