//! Export and erasure: afterwards nothing names the person, in no table, no key of the cache, no log line.

use serde_json::{Value, json};
use testkit::redis::Reply;

use crate::app::TestApp;
use crate::client::Answered as _;
use crate::players::{Match, Player};
use crate::sockets::Socket;
use crate::wait::{seconds, until_true};

in_both_worlds!(an_export_holds_everything_and_an_erasure_leaves_nothing, an_erased_player_leaves_queue_and_games);

/// Stands in everything the player ever said.
const CANARY: &str = "canary";

async fn register(app: &TestApp) -> Player {
    let api = app.client(0).with("User-Agent", "canary-device/1.0");
    let account = json!({ "handle": "canary_bird", "password": "a canary sings", "display_name": "Canary Bird" });
    Player::signed_in(&api, &api.post("/api/v1/auth/register", account).await.expect_status(201))
}

/// Says something wherever something can be said.
async fn sing(app: &TestApp, bird: &Player, ben: &Player) -> String {
    let profile = json!({
        "avatar_url": "https://example.org/canary.png", "bio": "I am a canary", "status_text": "canary in a mine",
        "locale": "en", "time_zone": "Europe/Berlin",
    });
    bird.api.patch("/api/v1/players/me", profile).await.expect_status(200);
    bird.befriend(ben).await;
    let note = |text: &str| json!({ "note": text });
    bird.api.patch(&format!("/api/v1/friends/{}", ben.id), note("owes a canary")).await.expect_status(200);
    ben.api.patch(&format!("/api/v1/friends/{}", bird.id), note("Ms Canary")).await.expect_status(200);
    bird.api.post("/api/v1/friends/invite-links", json!({})).await.expect_status(201);
    bird.api.request("PUT", &format!("/api/v1/blocks/{}", app.guest(1, "Dea").await.id), None).await.expect_status(200);
    let found = ben.api.get("/api/v1/players?handle_prefix=canary").await.expect_status(200);
    assert_eq!(found["items"][0]["id"], *bird.id);
    let asked = bird.api.with("Idempotency-Key", "canary-key").post("/api/v1/auth/ws-ticket", json!({})).await;
    asked.expect_status(201);
    // A login that failed, and one by handle.
    let wrong = json!({ "handle": "canary_bird", "password": "not this canary" });
    app.client(1).post("/api/v1/auth/login", wrong).await.expect_problem(401, "auth.bad_credentials");

    let game = Match::running("duel", [bird.at(&bird.api), ben.at(&ben.api)]).await;
    bird.report(&game.game, json!({ "score": 10, "payload": { "said": "a canary's evidence" } }))
        .await
        .expect_status(200);
    ben.report(&game.game, json!({ "score": 7 })).await.expect_status(200);
    bird.sees(&game.game, "settled").await;
    let invited =
        ben.api.post("/api/v1/games", json!({ "mode": "duel", "invite": [bird.id] })).await.expect_status(201);
    let invite = invited["invites"][0]["id"].as_str().expect("is text").to_owned();
    let said = json!({ "reason": "canaries sleep now" });
    bird.api.post(&format!("/api/v1/game-invites/{invite}/decline"), said).await.expect_status(200);
    game.game
}

/// Everything that any table holds, as text.
async fn tables(app: &TestApp) -> String {
    let Some(database) = &app.database else {
        return app.file_text();
    };
    let client = database.connect().await;
    let names = "SELECT quote_ident(tablename) FROM pg_tables WHERE schemaname = 'public'";
    let mut text = String::new();
    for row in client.query(names, &[]).await.expect("lists tables") {
        let all = format!("SELECT t::text FROM {} AS t", row.get::<_, String>(0));
        for row in client.query(&all, &[]).await.expect("reads") {
            text.push_str(row.get(0));
            text.push('\n');
        }
    }
    text
}

/// Everything that Redis holds, names of keys included.
fn keys(app: &TestApp) -> String {
    let Some(redis) = &app.redis else { return String::new() };
    let mut redis = redis.connect();
    let Reply::List(names) = redis.command(&["KEYS", "*"]).expect("lists keys") else { panic!("no list") };
    let mut text = String::new();
    for name in names {
        let Reply::Text(name) = name else { continue };
        let Reply::Text(kind) = redis.command(&["TYPE", &name]).expect("has a type") else { continue };
        let read: &[&str] = match kind.as_str() {
            "string" => &["GET", &name],
            "hash" => &["HGETALL", &name],
            "zset" => &["ZRANGE", &name, "0", "-1"],
            "set" => &["SMEMBERS", &name],
            "list" => &["LRANGE", &name, "0", "-1"],
            "stream" => &["XRANGE", &name, "-", "+"],
            // It has lapsed meanwhile.
            _ => continue,
        };
        text.push_str(&format!("{name} {:?}\n", redis.command(read).expect("reads")));
    }
    text
}

fn sings_no_more(text: &str) -> bool {
    let left = lines_with_canary(text);
    for line in &left {
        eprintln!("still there: {}", &line[..line.len().min(600)]);
    }
    left.is_empty()
}

fn lines_with_canary(text: &str) -> Vec<String> {
    text.lines().filter(|line| line.to_lowercase().contains(CANARY)).map(str::to_owned).collect()
}

async fn an_export_holds_everything_and_an_erasure_leaves_nothing(app: TestApp) {
    let (bird, ben) = (register(&app).await, app.guest(1, "Ben").await);
    let game = sing(&app, &bird, &ben).await;
    assert!(!lines_with_canary(&tables(&app).await).is_empty(), "else this test couldn't fail");

    let export = bird.api.get("/api/v1/players/me/export").await;
    assert_eq!(export.header("content-type"), Some("application/json"));
    let export = export.expect_status(200);
    assert_eq!(export["player"]["bio"], "I am a canary");
    assert_eq!(export["sessions"][0]["user_agent"], "canary-device/1.0");
    let relations = export["relations"].as_array().expect("is a list");
    let friend = relations.iter().find(|relation| relation["player_id"] == *ben.id).expect("is listed");
    assert_eq!((&friend["state"], &friend["note"]), (&json!("friends"), &json!("owes a canary")));
    assert!(relations.iter().any(|relation| relation["blocked_since"].is_string()), "{relations:?}");
    let played: Vec<_> = export["games"].as_array().expect("is a list").iter().collect();
    let said = played.iter().find(|played| played["id"] == *game).expect("is listed");
    assert_eq!(said["yours"]["report"]["payload"]["said"], "a canary's evidence");
    assert!(!export.to_string().contains("Ms Canary"), "what others note is theirs");

    let mut socket = Socket::open(&bird).await;
    socket.event("session.ready").await;
    assert_eq!(bird.api.delete("/api/v1/players/me").await.status, 204);
    assert_eq!(socket.close_code().await, Ok(Some(4506)));
    bird.api.get("/api/v1/players/me").await.expect_problem(401, "auth.session_ended");
    let login = json!({ "handle": "canary_bird", "password": "a canary sings" });
    app.client(1).post("/api/v1/auth/login", login).await.expect_problem(401, "auth.bad_credentials");
    ben.api.get(&format!("/api/v1/players/{}", bird.id)).await.expect_problem(404, "players.not_found");
    let friend = json!({ "player_id": bird.id });
    ben.api.post("/api/v1/friends/requests", friend).await.expect_problem(404, "friends.not_found");

    until_true("the friend's list forgets", seconds(30), || async {
        let list = ben.api.get("/api/v1/friends").await.expect_status(200);
        list["items"] == json!([])
    })
    .await;
    // The opponent's history is whole, under a pseudonym.
    let history = ben.history("").await;
    let played = &history["items"].as_array().expect("is a list").iter().find(|played| played["id"] == *game);
    let other = played.expect("stays")["players"].as_array().expect("is a list").iter();
    let other = other.map(|line| &line["player"]).find(|player| player["id"] == *bird.id).expect("stays");
    let name = other["display_name"].as_str().expect("is text");
    assert!(name.starts_with("Player "), "{other}");
    assert_eq!((&other["handle"], &other["avatar_url"]), (&Value::Null, &Value::Null));
    let board = ben.api.get("/api/v1/leaderboards/duel?metric=wins").await.expect_status(200);
    assert!(board.to_string().contains(bird.id.as_str()), "{board}");
    assert_eq!(lines_with_canary(&board.to_string()), [""; 0]);

    if app.database.is_some() {
        until_true("no table names anybody", seconds(60), || async { sings_no_more(&tables(&app).await) }).await;
    }
    until_true("no key names anybody", seconds(60), || async { sings_no_more(&keys(&app)) }).await;
    for number in 0..app.replica_count() {
        assert_eq!(lines_with_canary(&app.replica(number).logs()), [""; 0]);
    }
    if app.database.is_none() {
        // What stands in the log beside the file is gone with the last connection.
        app.replica(0).sigterm();
        app.replica(0).wait_exit(seconds(30)).await.expect("ends");
        assert!(sings_no_more(&app.file_text()), "in the file itself, free pages included");
        return;
    }
    // The handle is free again.
    register(&app).await;
}

async fn an_erased_player_leaves_queue_and_games(app: TestApp) {
    let [ada, ben] = app.two_guests().await;
    let cleo = app.guest(1, "Cleo").await;
    cleo.join("connect_four").await;
    cleo.api.delete("/api/v1/players/me").await;
    let running = Match::running("tic_tac_toe", [ada.at(&ada.api), ben.at(&ben.api)]).await;
    let waiting = app.guest(0, "Dea").await;
    ada.api.delete("/api/v1/players/me").await;
    // The other wins, and nobody has to wait for a grace.
    let over = ben.sees(&running.game, "settled").await;
    assert_eq!(ben.line(&over)["outcome"], "win", "{over}");
    let queue = async || {
        let queues = waiting.api.get("/api/v1/matchmaking/queues").await.expect_status(200);
        let all = queues["items"].as_array().expect("is a list").clone();
        all.into_iter().find(|queue| queue["mode"] == "connect_four").expect("is listed")["searching"].clone()
    };
    until_true("nobody waits any more", seconds(30), || async { queue().await == 0 }).await;
}
