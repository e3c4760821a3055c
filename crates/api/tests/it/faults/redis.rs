//! Redis is lost: nothing is refused, things are only slower.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::app::{Setup, TestApp};
use crate::client::Answered as _;
use crate::players::Match;
use crate::wait::{seconds, until_true};

/// Signs in, matches two players of different replicas, plays and reads: all of it, whatever Redis does.
async fn all_goes_on(app: &TestApp) {
    let begun = Instant::now();
    let players = app.two_guests().await;
    let played = Match::running("tic_tac_toe", players).await;
    played.play_to_a_win(0).await;
    for player in &played.seats {
        let history = player.history("").await;
        assert_eq!(history["items"][0]["id"], *played.game);
        let there = player.at(&app.client(1));
        there.api.patch("/api/v1/players/me", json!({ "display_name": "Renamed" })).await.expect_status(200);
        let path = format!("/api/v1/players/{}", player.id);
        assert_eq!(player.api.get(&path).await.expect_status(200)["display_name"], "Renamed");
        assert_eq!(there.api.get(&path).await.expect_status(200)["display_name"], "Renamed");
    }
    let ada = &played.seats[0];
    let logout = json!({ "refresh_token": ada.refresh_token });
    assert_eq!(ada.api.post("/api/v1/auth/logout", logout).await.status, 204);
    until_true("the other replica refuses the token", seconds(5), || async {
        ada.at(&app.client(1)).api.get("/api/v1/players/me").await.status == 401
    })
    .await;
    assert!(begun.elapsed() < seconds(15), "{:?}", begun.elapsed());
}

async fn health_answers_at_once(app: &TestApp) {
    for n in 0..2 {
        let begun = Instant::now();
        app.client(n).get("/health").await.expect_status(200);
        assert!(begun.elapsed() < Duration::from_millis(250), "{:?}", begun.elapsed());
    }
}

#[tokio::test]
async fn two_replicas_play_on_without_redis_and_find_it_again() {
    let mut app = Setup::networked(2).start().await;
    all_goes_on(&app).await;
    app.own_redis().kill();
    all_goes_on(&app).await;
    app.says(0, "degraded", seconds(5)).await;
    health_answers_at_once(&app).await;
    app.own_redis().restart();
    for n in 0..2 {
        app.says(n, "ok", seconds(30)).await;
    }
    all_goes_on(&app).await;
}

#[tokio::test]
async fn two_replicas_play_on_while_redis_hangs() {
    let mut app = Setup::networked(2).start().await;
    all_goes_on(&app).await;
    app.own_redis().pause();
    all_goes_on(&app).await;
    health_answers_at_once(&app).await;
    app.own_redis().resume();
    for n in 0..2 {
        app.says(n, "ok", seconds(30)).await;
    }
    all_goes_on(&app).await;
}
