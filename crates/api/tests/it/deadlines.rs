//! What ends by itself.

use serde_json::json;

use crate::app::TestApp;
use crate::client::Answered as _;
use crate::players::Match;
use crate::wait::{seconds, until_true};

in_both_worlds!(
    who_is_not_ready_in_time_is_a_no_show ["SWP__GAMES__READY_MS" = "1500"],
    a_ticket_expires_and_says_what_to_try_instead ["SWP__MATCHMAKING__TICKET_TTL_MS" = "1000"],
    a_lone_report_is_disputed_at_the_windows_end ["SWP__GAMES__REPORT_WINDOW_MS" = "1000"],
    a_lone_report_stands_when_the_silent_one_has_left,
    an_unresolved_dispute_is_voided [
        "SWP__GAMES__REPORT_WINDOW_MS" = "500",
        "SWP__GAMES__EVIDENCE_MS" = "500",
    ],
);

async fn who_is_not_ready_in_time_is_a_no_show(app: TestApp) {
    let found = Match::found("duel", app.two_guests().await).await;
    let [ready, late] = &found.seats;
    ready.command(&found.game, "ready").await.expect_status(200);
    let aborted = late.sees(&found.game, "aborted").await;
    assert_eq!(aborted["ended"], json!({ "reason": "no_show", "by": "system" }));
    assert_eq!(late.line(&aborted)["status"], "no_show");
    assert_ne!(ready.line(&aborted)["status"], "no_show");
    late.command(&found.game, "ready").await.expect_problem(409, "games.not_waiting");
    // Both are free again, but who let the other wait waits in turn.
    ready.join("duel").await;
    assert_eq!(late.live().await.len(), 0);
    let refused = late.api.post("/api/v1/matchmaking/tickets", json!({ "mode": "duel" })).await;
    refused.expect_problem(409, "matchmaking.cooling_down");
    assert!(refused.json()["until"].is_string() && refused.header("retry-after").is_some(), "{}", refused.json());
}

async fn a_ticket_expires_and_says_what_to_try_instead(app: TestApp) {
    let ada = app.guest(0, "Ada").await;
    let ticket = ada.join("duel").await;
    until_true("the ticket expires", seconds(5), || async {
        let ticket = ada.ticket(&ticket).await;
        assert!(ticket["status"] == "searching" || ticket["status"] == "expired", "{ticket}");
        ticket["status"] == "expired"
    })
    .await;
    let ended = ada.ticket(&ticket).await["ended"].clone();
    assert!(ended["reason"].is_string(), "{ended}");
    assert!(ended["alternatives"].as_array().is_some_and(|list| !list.is_empty()), "{ended}");
    ada.join("duel").await;
}

async fn a_lone_report_is_disputed_at_the_windows_end(app: TestApp) {
    let duel = Match::running("duel", app.two_guests().await).await;
    duel.seats[0].report(&duel.game, json!({ "score": 3 })).await.expect_status(200);
    let disputed = duel.seats[1].sees(&duel.game, "disputed").await;
    assert_eq!(disputed["result"]["status"], "disputed");
    let late = duel.seats[1].report(&duel.game, json!({ "score": 4 })).await;
    assert_eq!(late.status, 409, "{}", late.json());
}

async fn a_lone_report_stands_when_the_silent_one_has_left(app: TestApp) {
    let duel = Match::running("duel", app.two_guests().await).await;
    let [reporter, silent] = &duel.seats;
    reporter.report(&duel.game, json!({ "score": 3 })).await.expect_status(200);
    silent.command(&duel.game, "abandon").await.expect_status(200);
    let settled = reporter.sees(&duel.game, "settled").await;
    assert_eq!(reporter.line(&settled)["outcome"], "win");
}

async fn an_unresolved_dispute_is_voided(app: TestApp) {
    let duel = Match::running("duel", app.two_guests().await).await;
    duel.seats[0].report(&duel.game, json!({ "score": 3 })).await.expect_status(200);
    let voided = duel.seats[0].sees(&duel.game, "voided").await;
    assert_eq!(voided["ended"]["by"], "system");
    assert_eq!(duel.seats[1].history("").await["items"][0]["status"], "voided", "it stays, marked");
}
