//! `Idempotency-Key`: whatever is sent twice happens once.

use futures_util::future::join_all;
use serde_json::{Value, json};
use testkit::http::Answer;

use crate::app::TestApp;
use crate::client::{Answered as _, Client};
use crate::players::Match;

in_both_worlds!(
    a_replay_answers_what_the_first_answered,
    another_body_under_the_same_key_is_refused,
    concurrent_twins_have_one_effect_and_one_answer,
    concurrent_twins_of_a_move_have_one_effect_and_one_answer,
    refusals_are_remembered_and_mistakes_are_not,
    a_report_is_taken_once,
);

const TICKETS: &str = "/api/v1/matchmaking/tickets";
const ME: &str = "/api/v1/players/me";

fn keyed(api: &Client, key: &str) -> Client {
    api.with("idempotency-key", key)
}

#[track_caller]
fn assert_replayed(first: &Answer, again: &Answer) {
    assert_eq!((again.status, again.header("idempotent-replayed")), (first.status, Some("true")), "{}", again.json());
    assert_eq!(String::from_utf8_lossy(&again.body), String::from_utf8_lossy(&first.body), "byte for byte");
}

async fn a_replay_answers_what_the_first_answered(app: TestApp) {
    let ada = app.guest(0, "Ada").await;
    let there = ada.at(&app.client(1));
    let first = keyed(&ada.api, "join-1").post(TICKETS, json!({ "mode": "duel" })).await;
    let ticket = first.expect_status(201);
    assert_eq!(first.header("idempotent-replayed"), None);
    let path = format!("{TICKETS}/{}", ticket["id"].as_str().expect("has an id"));
    let cancelled = keyed(&there.api, "leave-1").delete(&path).await;
    cancelled.expect_status(200);
    // Whatever has happened since, and on whichever replica.
    for api in [&there.api, &ada.api] {
        let again = keyed(api, "join-1").post(TICKETS, json!({ "mode": "duel" })).await;
        assert_replayed(&first, &again);
        assert_replayed(&cancelled, &keyed(api, "leave-1").delete(&path).await);
    }
    let mine = ada.api.get(TICKETS).await.expect_status(200);
    assert_eq!(mine["items"].as_array().map(Vec::len), Some(1), "one effect: {mine}");
}

async fn another_body_under_the_same_key_is_refused(app: TestApp) {
    let [ada, ben] = app.two_guests().await;
    let name = |name: &str| json!({ "display_name": name });
    keyed(&ada.api, "k").patch(ME, name("Ada One")).await.expect_status(200);
    keyed(&ada.api, "k").patch(ME, name("Ada Two")).await.expect_problem(422, "idempotency.key_reused");
    assert_eq!(ada.api.get(ME).await.json()["display_name"], "Ada One");
    // The key is the player's and the route's own.
    keyed(&ben.api, "k").patch(ME, name("Ben Two")).await.expect_status(200);
    keyed(&ada.api, "k").post(TICKETS, json!({ "mode": "duel" })).await.expect_status(201);
    for bad in ["", "a b", &"k".repeat(256), "caf\u{e9}"] {
        keyed(&ada.api, bad).patch(ME, name("Ada")).await.expect_problem(422, "idempotency.invalid_key");
    }
    keyed(&ada.api, &"k".repeat(255)).patch(ME, name("Ada")).await.expect_status(200);
    // Sign-in calls ignore it: their replies hold secrets.
    let api = keyed(&app.client(0), "k");
    let one = api.post("/api/v1/auth/guest", json!({})).await.expect_status(201);
    let two = api.post("/api/v1/auth/guest", json!({})).await.expect_status(201);
    assert_ne!(one["player"]["id"], two["player"]["id"]);
}

/// Sends one request from several connections at the same moment, over all replicas.
async fn twins(app: &TestApp, api: &Client, path: &str, body: &Value) -> Vec<Answer> {
    let mut connections = Vec::new();
    for n in 0..8 {
        let api = keyed(&api.at(&app.client(n)), "twins");
        connections.push((api.connect().await, api.post_rendered(path, body)));
    }
    let answers = join_all(connections.iter_mut().map(|(connection, request)| connection.exchange(request))).await;
    answers.into_iter().map(|answer| answer.expect("is answered")).collect()
}

/// Each has the same answer, or is told that the first is still running; one at least was answered.
#[track_caller]
fn assert_one_answer(answers: &[Answer], status: u16) -> Answer {
    let (done, waiting): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == status);
    let first = done.first().unwrap_or_else(|| panic!("nobody won: {:?}", answers[0].json()));
    for answer in &done {
        assert_eq!(String::from_utf8_lossy(&answer.body), String::from_utf8_lossy(&first.body), "byte for byte");
    }
    for answer in waiting {
        answer.expect_problem(409, "idempotency.in_progress");
        assert!(answer.header("retry-after").is_some());
    }
    let firsts = done.iter().filter(|answer| answer.header("idempotent-replayed").is_none()).count();
    assert!(firsts <= 1, "{firsts} say they were the first");
    (*first).clone()
}

async fn concurrent_twins_have_one_effect_and_one_answer(app: TestApp) {
    let ada = app.guest(0, "Ada").await;
    let body = json!({ "mode": "duel" });
    let answers = twins(&app, &ada.api, TICKETS, &body).await;
    let first = assert_one_answer(&answers, 201);
    let again = keyed(&ada.api, "twins").post(TICKETS, body).await;
    assert_replayed(&first, &again);
    let mine = ada.api.get(TICKETS).await.expect_status(200);
    assert_eq!(mine["items"].as_array().map(Vec::len), Some(1), "one effect: {mine}");
}

async fn concurrent_twins_of_a_move_have_one_effect_and_one_answer(app: TestApp) {
    let played = Match::running("tic_tac_toe", app.two_guests().await).await;
    let path = format!("/api/v1/games/{}/moves", played.game);
    let body = json!({ "move": { "cell": 0 }, "expected_sequence": 0 });
    let answers = twins(&app, &played.seats[0].api, &path, &body).await;
    let first = assert_one_answer(&answers, 200);
    assert_eq!(first.json()["sequence"], 1);
    assert_eq!(played.seats[1].game(&played.game).await["sequence"], 1, "one effect");
    played.seats[1].mark(&played.game, 3, 1).await.expect_status(200);
    let again = keyed(&played.seats[0].api, "twins").post(&path, body).await;
    assert_replayed(&first, &again);
}

async fn refusals_are_remembered_and_mistakes_are_not(app: TestApp) {
    let ada = app.guest(0, "Ada").await;
    let ticket = ada.join("duel").await;
    let body = json!({ "mode": "duel" });
    let refused = keyed(&ada.api, "again").post(TICKETS, body.clone()).await;
    refused.expect_problem(409, "matchmaking.already_queued");
    ada.api.delete(&format!("{TICKETS}/{ticket}")).await.expect_status(200);
    let replayed = keyed(&ada.at(&app.client(1)).api, "again").post(TICKETS, body.clone()).await;
    assert_eq!((replayed.status, replayed.header("idempotent-replayed")), (409, Some("true")));
    assert_eq!(replayed.json()["ticket_id"], *ticket);
    // Not valid, so not stored: corrected, the same key serves.
    keyed(&ada.api, "new").post(TICKETS, json!({ "mode": "chess" })).await.expect_problem(422, "modes.unknown");
    keyed(&ada.api, "new").post(TICKETS, json!({})).await.expect_problem(422, "validation.failed");
    keyed(&ada.api, "new").post(TICKETS, body).await.expect_status(201);
}

async fn a_report_is_taken_once(app: TestApp) {
    let duel = Match::running("duel", app.two_guests().await).await;
    let [first, second] = &duel.seats;
    let path = format!("/api/v1/games/{}/scores", duel.game);
    let secret = first.game(&duel.game).await["you"]["session_secret"].clone();
    let body = json!({ "session_secret": secret, "score": 4 });
    let once = keyed(&first.api, "score").post(&path, body.clone()).await;
    once.expect_status(200);
    second.report(&duel.game, json!({ "score": 2 })).await.expect_status(200);
    let again = keyed(&first.at(&app.client(1)).api, "score").post(&path, body).await;
    assert_replayed(&once, &again);
    assert_eq!(first.game(&duel.game).await["result"]["version"], 1);
}
