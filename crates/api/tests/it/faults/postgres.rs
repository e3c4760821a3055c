//! PostgreSQL is lost: writes are refused quickly, `/health` and token checks stay, and it heals by itself.

use std::time::{Duration, Instant};

use serde_json::json;
use testkit::http::Answer;

use crate::app::{Setup, TestApp};
use crate::client::{Answered as _, Client};
use crate::players::{Match, Player};
use crate::wait::{seconds, until, until_true};

/// No refusal may take longer.
const SLOWEST: Duration = Duration::from_millis(1_200);
/// Once the breaker is open; the machine the tests run on is loaded.
const QUICK: Duration = Duration::from_millis(50);
/// How long an outage lasts.
const OUTAGE: Duration = Duration::from_secs(6);

async fn sign_in(api: &Client) -> (Answer, Duration) {
    let begun = Instant::now();
    let answer = api.post("/api/v1/auth/guest", json!({})).await;
    (answer, begun.elapsed())
}

/// Writes all the while; every one is refused in time and form, and quickly from the breaker's opening on.
async fn writes_are_refused(app: &TestApp, outage: Duration) {
    let begun = Instant::now();
    let mut quick = 0;
    let mut took = Vec::new();
    // Told to come back later, one does not hammer.
    let mut pace = tokio::time::interval(Duration::from_millis(50));
    while begun.elapsed() < outage {
        pace.tick().await;
        let (answer, elapsed) = sign_in(&app.client(took.len())).await;
        answer.expect_status(503);
        assert!(answer.header("retry-after").is_some(), "{:?}", answer.headers);
        assert!(elapsed <= SLOWEST, "a refusal took {elapsed:?}");
        quick = if elapsed <= QUICK { quick + 1 } else { 0 };
        took.push(elapsed);
    }
    assert!(quick >= 10, "the breaker opens and stays open: {took:?}");
}

/// Sign-in works within 3 s on both replicas, and so does all the rest.
async fn heals(app: &TestApp, since: Instant) {
    for n in 0..2 {
        let api = app.client(n);
        until_true("writes are taken again", seconds(4), || async { sign_in(&api).await.0.status == 201 }).await;
    }
    assert!(since.elapsed() <= seconds(3), "{:?}", since.elapsed());
    for n in 0..2 {
        app.says(n, "ok", seconds(5)).await;
    }
    let played = Match::running("tic_tac_toe", app.two_guests().await).await;
    played.play_to_a_win(0).await;
}

async fn stays_meanwhile(app: &TestApp, [ada, ben]: &[Player; 2]) {
    for n in 0..2 {
        app.says(n, "degraded", seconds(5)).await;
        let begun = Instant::now();
        app.client(n).get("/health").await.expect_status(200);
        assert!(begun.elapsed() < Duration::from_millis(250), "{:?}", begun.elapsed());
        assert_eq!(app.client(n).get("/health/ready").await.status, 503);
        assert_eq!(app.client(n).get("/health/live").await.status, 200);
        app.client(n).bearing("nonsense").get("/api/v1/players/me").await.expect_problem(401, "auth.bad_token");
    }
    // What a replica has seen it still shows, and says that it is old.
    let known = until("the cached profile is shown as stale, or still from the cache", seconds(5), || async {
        let answer = ada.api.get(&format!("/api/v1/players/{}", ben.id)).await;
        (answer.status == 200).then_some(answer)
    })
    .await;
    assert!(known.header("cache-status").is_some_and(|status| status.contains("hit")), "{:?}", known.headers);
}

async fn settled_world() -> (TestApp, [Player; 2]) {
    let app = Setup::networked(2).own_postgres().start().await;
    let played = Match::running("tic_tac_toe", app.two_guests().await).await;
    played.play_to_a_win(0).await;
    let [ada, ben] = &played.seats;
    ada.api.get(&format!("/api/v1/players/{}", ben.id)).await.expect_status(200);
    (app, played.seats)
}

#[tokio::test]
async fn two_replicas_while_postgres_hangs() {
    let (mut app, players) = settled_world().await;
    app.own_postgres().pause();
    tokio::join!(writes_are_refused(&app, OUTAGE), stays_meanwhile(&app, &players));
    app.own_postgres().resume();
    heals(&app, Instant::now()).await;
}

#[tokio::test]
async fn two_replicas_while_postgres_is_dead() {
    let (mut app, players) = settled_world().await;
    app.own_postgres().kill();
    tokio::join!(writes_are_refused(&app, OUTAGE / 2), stays_meanwhile(&app, &players));
    app.own_postgres().restart();
    heals(&app, Instant::now()).await;
    assert_eq!(players[0].history("").await["items"].as_array().map(Vec::len), Some(1), "what was answered is there");
}

#[tokio::test]
async fn two_replicas_start_without_postgres_and_serve_when_it_comes() {
    let mut setup = Setup::networked(2).own_postgres();
    setup = setup.without_postgres_at_first();
    let begun = Instant::now();
    let mut app = setup.start().await;
    assert!(begun.elapsed() < seconds(20), "{:?}", begun.elapsed());
    for n in 0..2 {
        app.says(n, "degraded", seconds(5)).await;
        let (answer, took) = sign_in(&app.client(n)).await;
        answer.expect_status(503);
        assert!(took <= SLOWEST, "{took:?}");
    }
    app.own_postgres().restart();
    let api = app.client(0);
    until_true("writes are taken", seconds(5), || async { sign_in(&api).await.0.status == 201 }).await;
    heals(&app, Instant::now()).await;
}
