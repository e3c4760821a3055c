//! Presence, watched over sockets and asked for over REST.

use serde_json::{Value, json};

use crate::app::{Setup, TestApp};
use crate::client::Answered as _;
use crate::players::Player;
use crate::sockets::Socket;
use crate::wait::{seconds, until_true};

in_both_worlds!(
    friends_see_what_one_is_doing,
    a_player_is_away_when_nobody_looks_at_any_device,
    who_may_not_know_sees_nobody,
    a_block_acts_on_watchers_at_once,
    watching_has_bounds,
);

async fn watch(socket: &mut Socket, player: &Player) -> Value {
    let seen = socket.ok("presence.watch", json!({ "player_ids": [player.id] })).await;
    assert_eq!(seen["items"].as_array().map(Vec::len), Some(1), "{seen}");
    assert_eq!(seen["items"][0]["player_id"], *player.id);
    seen["items"][0].clone()
}

/// Reads events until presence is told as this; answers its data.
async fn told(socket: &mut Socket, status: &str) -> Value {
    loop {
        let event = socket.event("presence.changed").await;
        assert!(event.get("stream").is_none() && event["at"].is_string(), "volatile: {event}");
        if event["data"]["status"] == status {
            return event["data"].clone();
        }
    }
}

async fn seen(viewer: &Player, player: &Player) -> Value {
    let list = viewer.api.get(&format!("/api/v1/presence?ids={}", player.id)).await.expect_status(200);
    list["items"][0].clone()
}

async fn ready(player: &Player) -> Socket {
    let mut socket = Socket::open(player).await;
    socket.event("session.ready").await;
    socket
}

async fn friends_see_what_one_is_doing(app: TestApp) {
    let [ada, ben] = app.two_guests().await;
    ada.befriend(&ben).await;
    let mut hers = ready(&ada).await;
    let before = watch(&mut hers, &ben).await;
    assert_eq!((&before["status"], &before["last_seen"]), (&json!("offline"), &Value::Null), "{before}");

    let his = ready(&ben).await;
    assert_eq!(told(&mut hers, "online").await["player_id"], *ben.id);
    let ticket = ben.join("duel").await;
    told(&mut hers, "in_queue").await;
    ben.api.delete(&format!("/api/v1/matchmaking/tickets/{ticket}")).await.expect_status(200);
    told(&mut hers, "online").await;
    let game = ben.api.post("/api/v1/games", json!({ "mode": "duel", "link": true })).await.expect_status(201);
    let playing = told(&mut hers, "in_game").await;
    assert_eq!((&playing["game_id"], &playing["joinable"]), (&game["id"], &json!(true)), "{playing}");
    let listed = ada.api.get("/api/v1/friends").await.expect_status(200);
    assert_eq!(listed["items"][0]["presence"]["joinable"], true, "{listed}");
    let stranger = app.guest(0, "Cleo").await;
    let strange = seen(&stranger, &ben).await;
    assert_eq!((&strange["status"], &strange["joinable"]), (&json!("in_game"), &json!(false)), "{strange}");
    let game = game["id"].as_str().expect("is text");
    stranger.command(game, "join").await.expect_problem(404, "games.not_found");
    for _ in 0..2 {
        let joined = ada.command(game, "join").await.expect_status(200);
        assert_eq!(joined["status"], "waiting_ready", "{joined}");
    }
    until_true("nobody else can join", seconds(5), || async { seen(&ada, &ben).await["joinable"] == false }).await;
    stranger.befriend(&ben).await;
    stranger.command(game, "join").await.expect_problem(409, "games.full");
    ben.command(game, "abandon").await.expect_status(200);
    told(&mut hers, "online").await;

    drop(his);
    assert_eq!(told(&mut hers, "offline").await["last_seen"], "hour");
    assert_eq!(seen(&ada, &ben).await["status"], "offline");
    hers.ok("presence.unwatch", json!({ "player_ids": [ben.id] })).await;
    let _back = ready(&ben).await;
    until_true("he is back", seconds(10), || async { seen(&ada, &ben).await["status"] == "online" }).await;
    // Whatever comes for her next isn't his coming back.
    hers.ok("presence.watch", json!({ "player_ids": [stranger.id] })).await;
    let _third = ready(&stranger).await;
    assert_eq!(told(&mut hers, "online").await["player_id"], *stranger.id);
}

async fn a_player_is_away_when_nobody_looks_at_any_device(app: TestApp) {
    let [ada, ben] = app.two_guests().await;
    ada.befriend(&ben).await;
    let (mut phone, mut desk) = (ready(&ben).await, ready(&ben.at(&ada.api)).await);
    let mut hers = ready(&ada).await;
    watch(&mut hers, &ben).await;
    until_true("he is there", seconds(10), || async { seen(&ada, &ben).await["status"] == "online" }).await;
    phone.ok("presence.set", json!({ "status": "away" })).await;
    desk.ok("presence.set", json!({ "status": "away", "text": "lunch" })).await;
    told(&mut hers, "away").await;
    assert_eq!(ben.api.get("/api/v1/players/me").await.expect_status(200)["status_text"], "lunch");
    phone.ok("presence.set", json!({ "status": "online" })).await;
    told(&mut hers, "online").await;
    drop(phone);
    told(&mut hers, "away").await;
    desk.refused("presence.set", json!({ "status": "invisible" }), "validation.failed").await;
}

async fn who_may_not_know_sees_nobody(app: TestApp) {
    let [ada, ben] = app.two_guests().await;
    let _his = ready(&ben).await;
    let mut hers = ready(&ada).await;
    until_true("he is there", seconds(10), || async { seen(&ada, &ben).await["status"] == "online" }).await;
    let nobody = json!({ "status": "offline", "game_id": null, "joinable": false, "last_seen": null });
    let same = |seen: &Value| nobody.as_object().expect("is one").iter().all(|(name, value)| seen[name] == *value);
    watch(&mut hers, &ben).await;
    ben.api.patch("/api/v1/players/me", json!({ "privacy": { "presence": "friends" } })).await.expect_status(200);
    let event = told(&mut hers, "offline").await;
    assert!(same(&event) && same(&seen(&ada, &ben).await), "{event}");
    ada.befriend(&ben).await;
    told(&mut hers, "online").await;
    ben.api.patch("/api/v1/players/me", json!({ "privacy": { "presence": "nobody" } })).await.expect_status(200);
    told(&mut hers, "offline").await;
    let absent = format!("/api/v1/presence?ids={}", "0190163d-8694-739b-aea5-966c26f8ad91");
    let absent = ada.api.get(&absent).await.expect_status(200);
    assert!(same(&absent["items"][0]), "{absent}");
    assert_eq!(seen(&ben, &ben).await["status"], "online", "oneself one sees");
}

async fn a_block_acts_on_watchers_at_once(app: TestApp) {
    let [ada, ben] = app.two_guests().await;
    ada.befriend(&ben).await;
    let (mut hers, mut his) = (ready(&ada).await, ready(&ben).await);
    for (socket, other) in [(&mut hers, &ben), (&mut his, &ada)] {
        if watch(socket, other).await["status"] != "online" {
            told(socket, "online").await;
        }
    }
    ben.api.request("PUT", &format!("/api/v1/blocks/{}", ada.id), None).await.expect_status(200);
    for (socket, other) in [(&mut hers, &ben), (&mut his, &ada)] {
        let gone = told(socket, "offline").await;
        assert_eq!((&gone["player_id"], &gone["last_seen"]), (&json!(other.id), &Value::Null), "{gone}");
    }
    // What he does from now on reaches her no more.
    ben.join("duel").await;
    let other = app.guest(1, "Dea").await;
    watch(&mut hers, &other).await;
    let _other = ready(&other).await;
    let next = socket_event(&mut hers).await;
    assert_eq!(next["player_id"], *other.id, "{next}");
}

async fn socket_event(socket: &mut Socket) -> Value {
    socket.event("presence.changed").await["data"].clone()
}

async fn watching_has_bounds(app: TestApp) {
    let [ada, _] = app.two_guests().await;
    let mut hers = ready(&ada).await;
    hers.refused("presence.watch", json!({ "player_ids": [] }), "validation.failed").await;
    hers.refused("presence.watch", json!({ "player_ids": ["me"] }), "validation.failed").await;
    hers.refused("presence.watch", json!({}), "validation.failed").await;
    let id = |n: usize| format!("0190163d-8694-739b-aea5-{n:012x}");
    for from in (0..1_000).step_by(250) {
        let ids: Vec<String> = (from..from + 250).map(id).collect();
        let seen = hers.ok("presence.watch", json!({ "player_ids": ids })).await;
        assert_eq!(seen["items"].as_array().map(Vec::len), Some(250));
    }
    hers.ok("presence.watch", json!({ "player_ids": [id(3)] })).await;
    hers.refused("presence.watch", json!({ "player_ids": [id(1_000)] }), "validation.failed").await;
    hers.ok("presence.unwatch", json!({ "player_ids": [id(0)] })).await;
    hers.ok("presence.watch", json!({ "player_ids": [id(1_000)] })).await;
}

/// Whoever was on the replica that died is told as gone within 30 s, and as back when they come back elsewhere.
#[tokio::test]
async fn presence_is_right_after_a_crash() {
    let app = Setup::networked(2).start().await;
    let [ada, ben] = app.two_guests().await;
    ada.befriend(&ben).await;
    let (mut hers, _his) = (ready(&ada).await, ready(&ben).await);
    if watch(&mut hers, &ben).await["status"] != "online" {
        told(&mut hers, "online").await;
    }
    app.replica(1).kill9();
    until_true("he is seen to be gone", seconds(30), || async { seen(&ada, &ben).await["status"] == "offline" }).await;
    assert_eq!(told(&mut hers, "offline").await["player_id"], *ben.id);
    let _back = ready(&ben.at(&ada.api)).await;
    told(&mut hers, "online").await;
}
