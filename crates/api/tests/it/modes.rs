//! Modes while the service runs: published on one replica, played on both.

use std::time::Instant;

use serde_json::{Value, json};
use testkit::http::Answer;

use crate::app::{Setup, TestApp};
use crate::client::Answered as _;
use crate::played::{game_of, private};
use crate::players::{Match, Player};
use crate::staff::{HANDLE, PASSWORD, admin};
use crate::wait::{seconds, until, until_true};

in_both_worlds_with_operators!(
    a_mode_is_switched_off_and_on_everywhere,
    a_new_mode_can_be_played_at_once,
    running_games_keep_the_version_they_started_with,
    nobody_overwrites_what_another_has_published,
    a_mode_that_makes_no_sense_is_refused_with_the_place,
);

/// A mode as operators write it.
async fn written(admin: &Player, key: &str) -> Value {
    admin.api.get(&format!("/api/v1/admin/modes/{key}")).await.expect_status(200)
}

async fn put(admin: &Player, key: &str, mode: &Value) -> Answer {
    admin.api.request("PUT", &format!("/api/v1/admin/modes/{key}"), Some(mode)).await
}

/// Publishes the mode as it is but for these fields; as it stands then.
async fn change(admin: &Player, key: &str, fields: Value) -> Value {
    let mut mode = written(admin, key).await;
    let mode_fields = mode.as_object_mut().expect("is an object");
    mode_fields.extend(fields.as_object().expect("is an object").clone());
    put(admin, key, &mode).await.expect_status(200)
}

/// Waits until every replica's catalogue has this version; within a second.
async fn known_everywhere(app: &TestApp, key: &str, version: i64) {
    for number in 0..2 {
        let api = app.client(number);
        until_true(&format!("replica {number} knows version {version} of {key}"), seconds(1), || async {
            let answer = api.get(&format!("/api/v1/modes/{key}")).await;
            answer.status == 200 && answer.json()["version"] == version
        })
        .await;
    }
}

async fn a_mode_is_switched_off_and_on_everywhere(app: TestApp) {
    let admin = admin(&app, 0).await;
    let [ada, ben] = app.two_guests().await;
    let running = Match::running("duel", [ada.clone(), ben.clone()]).await;
    let [cy, di] = [app.guest(1, "Cy").await, app.guest(0, "Di").await];
    let waits = cy.join("duel").await;

    let version = written(&admin, "duel").await["version"].as_i64().expect("has a version");
    let off = change(&admin, "duel", json!({ "enabled": false, "reason": "it is broken" })).await;
    assert_eq!((&off["enabled"], off["version"].as_i64()), (&json!(false), Some(version + 1)), "{off}");
    assert!(off["reason"].is_null(), "why stands in the audit log: {off}");
    known_everywhere(&app, "duel", version + 1).await;
    for number in 0..2 {
        let there = di.at(&app.client(number));
        assert_eq!(there.api.get("/api/v1/modes/duel").await.json()["enabled"], false);
        let list = there.api.get("/api/v1/modes?limit=100").await.expect_status(200);
        let duel = list["items"].as_array().and_then(|modes| modes.iter().find(|mode| mode["key"] == "duel")).cloned();
        assert_eq!(duel.expect("stays in the catalogue")["enabled"], false, "the list that was cached too");
        let ticket = there.api.post("/api/v1/matchmaking/tickets", json!({ "mode": "duel" })).await;
        ticket.expect_problem(409, "modes.disabled");
        let private = there.api.post("/api/v1/games", json!({ "mode": "duel", "invite": [ada.id] })).await;
        private.expect_problem(409, "games.mode_disabled");
    }
    // What was on goes on; who waits is told why that is over, and what else there is.
    let failed = until("the search is over", seconds(10), || async {
        let ticket = cy.ticket(&waits).await;
        (ticket["status"] == "failed").then_some(ticket)
    })
    .await;
    assert_eq!((&failed["ended"]["reason"], &failed["ended"]["by"]), (&json!("mode_disabled"), &json!("service")));
    let others = failed["ended"]["alternatives"].as_array().expect("is a list");
    assert!(!others.is_empty() && others.iter().all(|other| other["mode"] != "duel"), "{failed}");
    cy.join("tic_tac_toe").await;
    running.report_alike([2, 1]).await;
    ada.rated_after("duel", 1).await;

    change(&admin, "duel", json!({ "enabled": true })).await;
    known_everywhere(&app, "duel", version + 2).await;
    Match::running("duel", [ada, di]).await;
    let audit = admin.api.get("/api/v1/admin/audit?subject=mode:duel").await.expect_status(200);
    let deeds: Vec<_> = audit["items"].as_array().expect("is a list").iter().map(|deed| &deed["reason"]).collect();
    assert_eq!(deeds, ["", "it is broken"], "{audit}");
    assert_eq!(audit["items"][1]["data"]["version"], version + 1, "{audit}");
}

async fn a_new_mode_can_be_played_at_once(app: TestApp) {
    let admin = admin(&app, 1).await;
    let players = app.two_guests().await;
    let mut blitz = written(&admin, "duel").await;
    for (field, value) in [("key", json!("blitz")), ("name", json!("Blitz")), ("rating", json!("blitz"))] {
        blitz[field] = value;
    }
    blitz["version"] = json!(1);
    blitz["score"]["max"] = json!(10);
    let begun = Instant::now();
    let stands = put(&admin, "blitz", &blitz).await.expect_status(200);
    assert_eq!(stands, blitz, "it stands as it was written");
    known_everywhere(&app, "blitz", 1).await;
    let played = Match::running("blitz", players.clone()).await;
    assert!(begun.elapsed() < seconds(8), "the queue of a new mode works at once: {:?}", begun.elapsed());
    let report = played.seats[0].report(&played.game, json!({ "score": 11 })).await;
    report.expect_problem(422, "games.out_of_envelope");
    played.report_alike([3, 2]).await;
    let [winner, loser] = &played.seats;
    winner.rated_after("blitz", 1).await;
    loser.rated_after("blitz", 1).await;
    until("the new board shows both", seconds(2), || async {
        let board = winner.board("blitz", "").await;
        (board["total"] == 2 && board["items"][0]["player"]["id"] == *winner.id).then_some(())
    })
    .await;
    let boards = loser.api.get("/api/v1/leaderboards").await.expect_status(200);
    assert!(boards["items"].as_array().is_some_and(|all| all.iter().any(|board| board["mode"] == "blitz")));
    assert_eq!(loser.page("stats").await.json()["by_mode"]["blitz"]["losses"], 1);
    let queues = loser.api.get("/api/v1/matchmaking/queues").await.expect_status(200);
    assert!(queues["items"].as_array().is_some_and(|all| all.iter().any(|queue| queue["mode"] == "blitz")), "{queues}");
}

async fn running_games_keep_the_version_they_started_with(app: TestApp) {
    let admin = admin(&app, 0).await;
    let [ada, ben] = app.two_guests().await;
    let before = private("duel", &ada, &ben).await;
    let mut score = written(&admin, "duel").await["score"].clone();
    score["max"] = json!(3);
    let version = change(&admin, "duel", json!({ "score": score })).await["version"].as_i64().expect("is a number");
    known_everywhere(&app, "duel", version).await;
    for (player, score) in [(&ada, 5), (&ben, 4)] {
        player.report(&before, json!({ "score": score })).await.expect_status(200);
    }
    assert_eq!(ada.game(&before).await["status"], "settled");
    // What operators do to it goes by that version as well.
    let body = json!({ "reason": "swapped", "scores": { &ada.id: 4, &ben.id: 5 } });
    admin.api.post(&format!("/api/v1/admin/games/{before}/amend"), body).await.expect_status(200);

    let after = private("duel", &ada, &ben).await;
    for player in [&ada, &ben] {
        let refused = player.report(&after, json!({ "score": 4 })).await.expect_problem(422, "games.out_of_envelope");
        assert_eq!(refused["rule"], "max", "{refused}");
    }
    let body = json!({ "reason": "swapped", "scores": { &ada.id: 4, &ben.id: 5 } });
    ada.report(&after, json!({ "score": 3 })).await.expect_status(200);
    ben.report(&after, json!({ "score": 2 })).await.expect_status(200);
    let amended = admin.api.post(&format!("/api/v1/admin/games/{after}/amend"), body).await;
    amended.expect_problem(422, "games.invalid_scores");
}

async fn nobody_overwrites_what_another_has_published(app: TestApp) {
    let admin = admin(&app, 0).await;
    let first = written(&admin, "duel").await;
    let (mut one, mut two) = (first.clone(), first.clone());
    (one["name"], two["name"]) = (json!("Duel of one"), json!("Duel of two"));
    let there = admin.at(&app.client(1));
    let (a, b) = tokio::join!(put(&admin, "duel", &one), put(&there, "duel", &two));
    let (won, lost) = if a.status == 200 { (a, b) } else { (b, a) };
    let won = won.expect_status(200);
    lost.expect_problem(409, "conflict.concurrent_change");
    known_everywhere(&app, "duel", won["version"].as_i64().expect("is a number")).await;
    // The same once more, whatever it was made from, is no new version.
    let mut again = won.clone();
    again["version"] = first["version"].clone();
    for mode in [&won, &again] {
        assert_eq!(put(&there, "duel", mode).await.expect_status(200)["version"], won["version"]);
    }
    // Without a version it is meant whatever stands.
    let mut blind = first.clone();
    blind.as_object_mut().expect("is an object").remove("version");
    let blind = put(&there, "duel", &blind).await.expect_status(200);
    assert_eq!(blind["version"].as_i64(), won["version"].as_i64().map(|version| version + 1), "{blind}");
    // By the same key it is published once.
    let mut next = blind.clone();
    next["name"] = json!("Duel by key");
    let keyed = admin.api.with("idempotency-key", "publish-1");
    let path = "/api/v1/admin/modes/duel";
    let answers = [keyed.request("PUT", path, Some(&next)).await, keyed.request("PUT", path, Some(&next)).await];
    assert_eq!(answers[0].expect_status(200), answers[1].expect_status(200));
    assert_eq!(answers[1].header("idempotent-replayed"), Some("true"));
    // At once on both replicas as well: whoever comes second is told what came of the first.
    for n in 0..10 {
        next["name"] = json!(format!("Duel {n}"));
        next.as_object_mut().expect("is an object").remove("version");
        let keyed = admin.api.with("idempotency-key", &format!("at-once-{n}"));
        let other = keyed.at(&app.client(1));
        let (a, b) = tokio::join!(keyed.request("PUT", path, Some(&next)), other.request("PUT", path, Some(&next)));
        for answer in [a, b] {
            assert!(matches!(answer.status, 200 | 409), "{}", answer.json());
        }
        // Once each; the replica that didn't publish it hears of it a moment later.
        let version = answers[0].json()["version"].as_i64().expect("is a number") + 1 + n;
        known_everywhere(&app, "duel", version).await;
        assert_eq!(written(&admin, "duel").await["version"], version);
    }
}

async fn a_mode_that_makes_no_sense_is_refused_with_the_place(app: TestApp) {
    let admin = admin(&app, 0).await;
    let duel = written(&admin, "duel").await;
    for (field, value, pointer) in [
        ("teams", json!(0), "/teams"),
        ("team_size", json!("two"), "/team_size"),
        ("key", json!("other"), "/key"),
        ("board", json!("beauty"), "/board"),
        ("ready_ms", json!(-1), "/ready_ms"),
        ("version", json!("1"), "/version"),
        ("surprise", json!(1), "/surprise"),
    ] {
        let mut wrong = duel.clone();
        wrong[field] = value;
        let refused = put(&admin, "duel", &wrong).await.expect_problem(422, "games.invalid_mode");
        assert_eq!(refused["errors"][0]["pointer"], pointer, "{field}: {refused}");
    }
    let mut chess = written(&admin, "tic_tac_toe").await;
    chess["rules"] = json!("chess");
    let refused = put(&admin, "tic_tac_toe", &chess).await.expect_problem(422, "games.invalid_mode");
    assert_eq!(refused["errors"][0]["pointer"], "/rules", "{refused}");
    for (key, body) in [("Bad Key", &duel), ("duel", &json!([])), ("duel", &json!({})), ("duel", &json!("duel"))] {
        let answer = put(&admin, &key.replace(' ', "%20"), body).await;
        assert!((400..500).contains(&answer.status), "{key} {body}: {}", answer.json());
    }
    admin.api.get("/api/v1/admin/modes/nothing").await.expect_problem(404, "games.unknown_mode");
    assert_eq!(written(&admin, "duel").await, duel);
}

#[tokio::test]
async fn published_modes_are_there_after_a_restart() {
    let setup =
        Setup::embedded().with("SWP__ADMIN__BOOTSTRAP_HANDLE", HANDLE).with("SWP__ADMIN__BOOTSTRAP_PASSWORD", PASSWORD);
    let mut app = setup.start().await;
    let [ada, ben] = app.two_guests().await;
    {
        let admin = admin(&app, 0).await;
        let mut blitz = written(&admin, "duel").await;
        (blitz["key"], blitz["rating"], blitz["version"]) = (json!("blitz"), json!("blitz"), json!(1));
        put(&admin, "blitz", &blitz).await.expect_status(200);
        change(&admin, "tic_tac_toe", json!({ "enabled": false })).await;
    }
    let running = private("blitz", &ada, &ben).await;
    app.replica(0).kill9();
    app.start_again(0).await;
    known_everywhere(&app, "blitz", 1).await;
    assert_eq!(app.client(0).get("/api/v1/modes/tic_tac_toe").await.json()["enabled"], false);
    for (player, score) in [(&ada, 2), (&ben, 1)] {
        player.report(&running, json!({ "score": score })).await.expect_status(200);
    }
    game_of("blitz", &ben, &ada, [3, 3]).await;
    ada.rated_after("blitz", 2).await;
}
