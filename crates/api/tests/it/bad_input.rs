//! Bodies and values that are wrong: each is refused with its code, and nothing is changed.

use serde_json::{Value, json};

use crate::app::Setup;
use crate::client::Answered as _;
use crate::players::Match;

const GUEST: &str = "/api/v1/auth/guest";
const TICKETS: &str = "/api/v1/matchmaking/tickets";

#[tokio::test]
async fn every_sort_of_bad_body_has_its_code() {
    let app = Setup::embedded().start().await;
    let ada = app.guest(0, "Ada").await;
    let deep = format!(r#"{{"expected_sequence":0,"move":{}1{}}}"#, "[".repeat(200), "]".repeat(200));
    let json = "application/json";
    for (path, kind, body, status, code) in [
        (GUEST, json, "{", 400, "request.malformed"),
        (GUEST, json, "[]", 422, "validation.failed"),
        (GUEST, json, "null", 422, "validation.failed"),
        (GUEST, json, "{\"display_name\":\"a\"} x", 400, "request.malformed"),
        (GUEST, json, "{\"display_name\":\"a\",\"display_name\":\"b\"}", 422, "validation.failed"),
        (GUEST, json, "{\"display_name\":7}", 422, "validation.failed"),
        (GUEST, json, "{\"display_name\":\"\"}", 422, "validation.failed"),
        (GUEST, json, "{\"display_name\":\"   \"}", 422, "validation.failed"),
        (GUEST, json, "{\"display_name\":\"a\\u0000b\"}", 422, "request.control_character"),
        (GUEST, json, "{\"display_name\":\"a\\u001bb\"}", 422, "request.control_character"),
        (GUEST, json, "{\"display_name\":\"a\u{0}b\"}", 400, "request.malformed"),
        (GUEST, json, "{\"display_name\":\"a\\ud800\"}", 400, "request.malformed"),
        (GUEST, json, "{\"display_name\":\"a\\u200bb\"}", 422, "validation.failed"),
        (GUEST, json, "{\"display_name\":\"a\\u202eb\"}", 422, "validation.failed"),
        (GUEST, json, "{\"role\":\"admin\"}", 422, "validation.failed"),
        (GUEST, "text/plain", "{}", 415, "request.unsupported_media_type"),
        (GUEST, "application/x-www-form-urlencoded", "a=b", 415, "request.unsupported_media_type"),
        (TICKETS, json, "{}", 422, "validation.failed"),
        (TICKETS, json, "{\"mode\":\"chess\"}", 422, "modes.unknown"),
        (TICKETS, json, "{\"mode\":\"duel\",\"rating\":3000}", 422, "validation.failed"),
        ("/api/v1/games/0192f0c1-2345-7abc-8def-0123456789ab/moves", json, &deep, 400, "request.malformed"),
    ] {
        let answer = ada.api.post_bytes(path, kind, body.as_bytes()).await;
        assert_eq!((answer.status, &answer.json()["code"]), (status, &json!(code)), "{body}: {}", answer.json());
        answer.expect_problem(status, code);
    }
    let long = json!({ "display_name": "x".repeat(33) });
    let problem = ada.api.patch("/api/v1/players/me", long).await.expect_problem(422, "validation.failed");
    assert_eq!(problem["errors"][0]["pointer"], "/display_name");
    let invalid_utf8 = ada.api.post_bytes(GUEST, json, b"{\"display_name\":\"\xff\xfe\"}").await;
    invalid_utf8.expect_problem(400, "request.malformed");
    // Nothing of this put anybody into a queue.
    let mine = ada.api.get(TICKETS).await.expect_status(200);
    assert_eq!(mine["items"], json!([]));
}

#[tokio::test]
async fn fields_that_are_not_the_callers_to_write_are_refused() {
    let app = Setup::embedded().start().await;
    let ada = app.guest(0, "Ada").await;
    let before = ada.api.get("/api/v1/players/me").await.expect_status(200);
    for (name, value) in [
        ("role", json!("admin")),
        ("id", json!("0192f0c1-2345-7abc-8def-0123456789ab")),
        ("guest", json!(false)),
        ("handle", json!("root")),
        ("rating", json!(3_000)),
        ("suspended_until", Value::Null),
        ("created_at", json!("2020-01-01T00:00:00Z")),
    ] {
        let patch = json!({ "display_name": "Eve", name: value });
        let problem = ada.api.patch("/api/v1/players/me", patch).await.expect_problem(422, "validation.failed");
        assert_eq!(problem["errors"][0]["pointer"], format!("/{name}"));
    }
    for avatar in ["javascript:alert(1)", "http://example.com/a.png", "nonsense"] {
        let patch = json!({ "avatar_url": avatar });
        ada.api.patch("/api/v1/players/me", patch).await.expect_problem(422, "validation.failed");
    }
    assert_eq!(ada.api.get("/api/v1/players/me").await.json(), before, "nothing was written");
}

#[tokio::test]
async fn moves_out_of_turn_stale_or_against_the_rules_are_refused() {
    let app = Setup::embedded().start().await;
    let played = Match::running("tic_tac_toe", app.two_guests().await).await;
    let [first, second] = &played.seats;
    let game = &played.game;
    let problem = second.mark(game, 0, 0).await.expect_problem(409, "games.not_your_turn");
    assert_eq!(problem["sequence"], 0, "at the top level");
    first.mark(game, 4, 0).await.expect_status(200);
    let problem = first.mark(game, 5, 0).await.expect_problem(409, "games.stale_sequence");
    assert_eq!(problem["sequence"], 1);
    for wrong in [
        json!({ "cell": 4 }),
        json!({ "cell": 9 }),
        json!({ "cell": -1 }),
        json!({ "cell": "0" }),
        json!({}),
        json!(null),
    ] {
        let body = json!({ "move": wrong, "expected_sequence": 1 });
        let answer = second.api.post(&format!("/api/v1/games/{game}/moves"), body).await;
        answer.expect_problem(422, "games.illegal_move");
    }
    second.report(game, json!({ "score": 5 })).await.expect_problem(409, "games.server_decided");
    second.mark(game, 0, 1).await.expect_status(200);
    first.mark(game, 3, 2).await.expect_status(200);
    second.mark(game, 1, 3).await.expect_status(200);
    first.mark(game, 5, 4).await.expect_status(200);
    let over = second.mark(game, 2, 5).await.expect_problem(409, "games.not_in_progress");
    assert_eq!(over["state"], "settled", "the state that won is named");
    second.command(game, "abandon").await.expect_problem(409, "games.not_in_progress");
}

#[tokio::test]
async fn reports_outside_what_the_mode_believes_are_refused() {
    let app = Setup::embedded().start().await;
    let duel = Match::running("duel", app.two_guests().await).await;
    let [first, second] = &duel.seats;
    let scores = format!("/api/v1/games/{}/scores", duel.game);
    let stolen = json!({ "session_secret": second.game(&duel.game).await["you"]["session_secret"], "score": 1 });
    first.api.post(&scores, stolen).await.expect_problem(403, "games.bad_secret");
    first.api.post(&scores, json!({ "session_secret": "", "score": 1 })).await.expect_problem(403, "games.bad_secret");
    first.mark(&duel.game, 0, 0).await.expect_problem(409, "games.no_moves");
    for (report, code) in [
        (json!({ "score": -1 }), "games.out_of_envelope"),
        (json!({ "score": 1_000_001 }), "games.out_of_envelope"),
        (json!({ "score": 900_000 }), "games.out_of_envelope"),
        (json!({ "score": 1.5 }), "games.invalid_report"),
        (json!({}), "games.invalid_report"),
        (json!({ "score": 1e300 }), "games.invalid_report"),
        (json!({ "score": 1, "scores": { &first.id: 2 } }), "games.invalid_report"),
        (json!({ "score": 1, "scores": { "0192f0c1-2345-7abc-8def-0123456789ab": 2 } }), "games.invalid_report"),
        (json!({ "score": 1, "outcome": "victory" }), "validation.failed"),
        (json!({ "score": 1, "verified": true }), "validation.failed"),
    ] {
        first.report(&duel.game, report).await.expect_problem(422, code);
    }
    let good = json!({ "score": 7, "payload": { "seconds": 3 } });
    let once = first.report(&duel.game, good.clone()).await;
    let twice = first.report(&duel.game, good).await;
    assert_eq!((once.status, &once.body), (200, &twice.body), "the same report again changes nothing");
    first.report(&duel.game, json!({ "score": 8 })).await.expect_problem(409, "games.already_reported");
    first.command(&duel.game, "abandon").await.expect_problem(409, "games.already_reported");
}

#[tokio::test]
async fn one_ticket_or_game_at_a_time() {
    let app = Setup::embedded().start().await;
    let [ada, ben] = app.two_guests().await;
    let ticket = ada.join("duel").await;
    for mode in ["duel", "tic_tac_toe"] {
        let problem = ada.api.post(TICKETS, json!({ "mode": mode })).await;
        assert_eq!(problem.expect_problem(409, "matchmaking.already_queued")["ticket_id"], *ticket);
    }
    let path = format!("{TICKETS}/{ticket}");
    ben.api.get(&path).await.expect_problem(404, "matchmaking.ticket_not_found");
    ben.api.delete(&path).await.expect_problem(404, "matchmaking.ticket_not_found");
    let other = ben.join("duel").await;
    let game = ada.matched(&ticket).await;
    ben.matched(&other).await;
    let problem = ada.api.post(TICKETS, json!({ "mode": "duel" })).await.expect_problem(409, "matchmaking.in_game");
    assert_eq!(problem["game_id"], *game);
    let late = ada.api.delete(&path).await.expect_problem(409, "matchmaking.state_changed");
    assert_eq!((&late["state"], &late["game_id"]), (&json!("matched"), &json!(game)));
}

#[tokio::test]
async fn a_foreign_game_looks_just_like_an_absent_one() {
    let app = Setup::embedded().start().await;
    let eve = app.guest(0, "Eve").await;
    let played = Match::running("tic_tac_toe", app.two_guests().await).await;
    let absent = "0192f0c1-2345-7abc-8def-0123456789ab";
    let body = json!({ "move": { "cell": 0 }, "expected_sequence": 0 });
    let report = json!({ "session_secret": "x", "score": 1 });
    for (method, end, body) in [
        ("GET", "", None),
        ("POST", "/ready", None),
        ("POST", "/abandon", None),
        ("POST", "/moves", Some(&body)),
        ("POST", "/scores", Some(&report)),
    ] {
        let mut seen = Vec::new();
        for game in [played.game.as_str(), absent, "not-an-id"] {
            let answer = eve.api.request(method, &format!("/api/v1/games/{game}{end}"), body).await;
            let mut problem = answer.expect_problem(404, "games.not_found");
            problem["instance"] = Value::Null;
            let mut headers = answer.headers.clone();
            headers.retain(|(name, _)| name != "x-request-id" && name != "date");
            // Lists in a header come in any order.
            headers.iter_mut().for_each(|(_, value)| *value = sorted(value));
            headers.sort();
            seen.push((problem, headers));
        }
        assert!(seen.windows(2).all(|pair| pair[0] == pair[1]), "{method} {end}: {seen:?}");
    }
    played.play_to_a_win(0).await;
    let game = eve.game(&played.game).await;
    assert!(game["you"].is_null(), "once over it is anybody's to see, without secrets: {game}");
    eve.command(&played.game, "ready").await.expect_problem(403, "games.not_a_player");
}

fn sorted(list: &str) -> String {
    let mut words: Vec<&str> = list.split(", ").collect();
    words.sort_unstable();
    words.join(", ")
}
