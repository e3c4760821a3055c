//! Two players meet, play, and it counts: over REST alone, one player on each replica.

use serde_json::json;

use crate::app::TestApp;
use crate::client::Answered as _;
use crate::players::{Match, Player};
use crate::wait::{seconds, until_true};

in_both_worlds!(
    plays_tic_tac_toe_to_a_win,
    a_duel_settles_when_the_reports_agree,
    a_conflict_is_disputed,
    who_abandons_loses,
    leaving_before_the_start_aborts,
    a_ticket_can_be_cancelled,
    a_guest_becomes_an_account,
);

async fn plays_tic_tac_toe_to_a_win(app: TestApp) {
    let found = Match::found("tic_tac_toe", app.two_guests().await).await;
    let [first, second] = &found.seats;
    let waiting = first.game(&found.game).await;
    assert_eq!((&waiting["status"], &waiting["mode"]), (&json!("waiting_ready"), &json!("tic_tac_toe")));
    assert!(waiting["deadline_at"].is_string(), "the ready window ends: {waiting}");
    for player in &found.seats {
        player.command(&found.game, "ready").await.expect_status(200);
    }
    let started = second.sees(&found.game, "in_progress").await;
    assert_eq!((&started["turn"], &started["sequence"]), (&json!(0), &json!(0)), "seat 0 begins");
    assert_eq!(first.live().await[0]["id"], *found.game);

    found.play_to_a_win(0).await;
    let settled = second.sees(&found.game, "settled").await;
    assert_eq!((&settled["result"]["version"], &settled["result"]["status"]), (&json!(1), &json!("settled")));
    assert_eq!((&first.line(&settled)["outcome"], &second.line(&settled)["outcome"]), (&json!("win"), &json!("loss")));
    assert!(settled["finished_at"].is_string() && settled["turn"].is_null(), "{settled}");
    for player in &found.seats {
        assert_eq!(player.live().await, Vec::<serde_json::Value>::new(), "both are free");
        let history = player.history("").await;
        assert_eq!(history["items"][0]["id"], *found.game, "read your own writes, on any replica");
        assert!(history["items"][0]["you"].is_null(), "a page for everybody holds no secret");
    }
    // Free means: the next match can begin.
    let again = Match::found("tic_tac_toe", found.seats.clone()).await;
    assert_ne!(again.game, found.game);
}

async fn a_duel_settles_when_the_reports_agree(app: TestApp) {
    let duel = Match::running("duel", app.two_guests().await).await;
    let [first, second] = &duel.seats;
    let scores = json!({ &first.id: 30, &second.id: 20 });
    let open = first.report(&duel.game, json!({ "score": 30, "scores": scores, "outcome": "win" })).await;
    assert_eq!(open.expect_status(200)["report"]["status"], "accepted");
    let done = second.report(&duel.game, json!({ "score": 20, "duration_ms": 5 })).await.expect_status(200);
    assert_eq!((&done["result"]["status"], &done["result"]["version"]), (&json!("settled"), &json!(1)));
    let settled = first.sees(&duel.game, "settled").await;
    assert_eq!((&first.line(&settled)["score"], &first.line(&settled)["outcome"]), (&json!(30), &json!("win")));
    assert_eq!(second.history("").await["items"][0]["id"], *duel.game);
}

async fn a_conflict_is_disputed(app: TestApp) {
    let duel = Match::running("duel", app.two_guests().await).await;
    let [first, second] = &duel.seats;
    first.report(&duel.game, json!({ "score": 30, "scores": { &second.id: 1 } })).await.expect_status(200);
    second.report(&duel.game, json!({ "score": 20 })).await.expect_status(200);
    let disputed = first.sees(&duel.game, "disputed").await;
    assert_eq!(disputed["result"]["status"], "disputed");
    assert!(disputed["deadline_at"].is_string(), "evidence is waited for: {disputed}");
    assert_eq!(first.live().await.len() + second.live().await.len(), 0, "nobody is held meanwhile");
}

async fn who_abandons_loses(app: TestApp) {
    let played = Match::running("tic_tac_toe", app.two_guests().await).await;
    let [first, second] = &played.seats;
    first.command(&played.game, "abandon").await.expect_status(200);
    let settled = second.sees(&played.game, "settled").await;
    assert_eq!((&first.line(&settled)["outcome"], &second.line(&settled)["outcome"]), (&json!("loss"), &json!("win")));
    assert_eq!(settled["ended"], json!({ "reason": "abandoned", "by": first.id }));
    assert_eq!(first.line(&settled)["status"], "abandoned");
}

async fn leaving_before_the_start_aborts(app: TestApp) {
    let found = Match::found("duel", app.two_guests().await).await;
    found.seats[1].command(&found.game, "abandon").await.expect_status(200);
    found.seats[0].sees(&found.game, "aborted").await;
    found.seats[0].command(&found.game, "ready").await.expect_problem(409, "games.not_waiting");
    for player in &found.seats {
        player.join("duel").await;
    }
}

async fn a_ticket_can_be_cancelled(app: TestApp) {
    let ada = app.guest(0, "Ada").await;
    let ticket = ada.join("duel").await;
    let waiting = ada.ticket(&ticket).await;
    assert_eq!(waiting["status"], "searching");
    assert!(waiting["estimated_wait_ms"]["low"].is_i64() && waiting["estimated_wait_ms"]["high"].is_i64());
    let queues = app.client(1).bearing(&ada.access_token);
    until_true("the queue counts one", seconds(5), || async {
        let list = queues.get("/api/v1/matchmaking/queues").await.expect_status(200);
        let counts = list["items"].as_array().expect("is a list");
        counts.iter().any(|queue| queue["mode"] == "duel" && queue["searching"] == 1)
    })
    .await;
    let there = ada.at(&app.client(1));
    let cancelled = there.api.delete(&format!("/api/v1/matchmaking/tickets/{ticket}")).await.expect_status(200);
    assert_eq!((&cancelled["status"], &cancelled["ended"]["by"]), (&json!("cancelled"), &json!("player")));
    there.api.delete(&format!("/api/v1/matchmaking/tickets/{ticket}")).await.expect_status(200);
    let mine = ada.api.get("/api/v1/matchmaking/tickets").await.expect_status(200);
    assert_eq!(mine["items"][0]["status"], "cancelled");
    ada.join("tic_tac_toe").await;
}

async fn a_guest_becomes_an_account(app: TestApp) {
    let ada = app.guest(0, "Ada").await;
    let register = json!({ "handle": "Ada_L", "password": "an analytical engine" });
    let answer = ada.api.post("/api/v1/auth/register", register).await;
    let account = Player::signed_in(&ada.api, &answer.expect_status(201));
    assert_eq!(account.id, ada.id, "everything is kept");
    let login = json!({ "handle": "ada_l", "password": "an analytical engine" });
    let there = app.client(1);
    let again = there.post("/api/v1/auth/login", login).await.expect_status(200);
    assert_eq!((&again["player"]["id"], &again["player"]["handle"]), (&json!(ada.id), &json!("ada_l")));
    assert_eq!((&again["player"]["guest"], &again["player"]["display_name"]), (&json!(false), &json!("Ada")));
    let device = json!({ "device_secret": ada.device_secret });
    assert_eq!(there.post("/api/v1/auth/guest", device).await.expect_status(200)["player"]["id"], *ada.id);
}
