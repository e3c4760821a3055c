//! Score reports: what is believed, what is held, what comes once, and what comes too late.

use serde_json::{Value, json};

use crate::app::TestApp;
use crate::client::Answered as _;
use crate::operators::modes_with;
use crate::players::{Match, Player};
use crate::wait::{seconds, until};

in_both_worlds!(
    a_report_outside_the_envelope_is_refused_with_the_rule
        ["SWP__MODES__FILE" = &super::modes_with("envelope", "duel", &super::narrow())],
    a_report_before_the_shortest_game_is_refused
        ["SWP__MODES__FILE" = &super::modes_with("shortest", "duel", &super::long())],
    only_a_participant_with_the_own_secret_reports,
    a_game_that_takes_no_reports_says_where_it_stands,
    a_report_counts_once_and_is_answered_alike_for_ever,
    a_report_that_cannot_be_meant_is_refused_field_by_field,
    a_score_near_the_limit_is_held_until_somebody_vouches_for_it
        ["SWP__MODES__FILE" = &super::modes_with("held", "duel", &super::wary())],
    silent_ones_are_outvoted_by_more_than_half["SWP__GAMES__REPORT_WINDOW_MS" = "1500"],
    half_of_them_are_not_enough["SWP__GAMES__REPORT_WINDOW_MS" = "1000"],
);

fn narrow() -> Value {
    json!({ "score": { "min": 10, "max": 5_000, "max_per_second": 1_000, "hold_above": 1, "fields": ["kills", "deaths"] } })
}

fn long() -> Value {
    json!({ "score": { "min_duration_ms": 1_500 } })
}

/// Everything above a ten-thousandth of what is possible is near the limit.
fn wary() -> Value {
    json!({ "score": { "hold_above": 0.0001 } })
}

/// A running game of these players, by invitation.
async fn together(mode: &str, players: &[&Player]) -> String {
    let guests: Vec<_> = players[1..].iter().map(|player| &player.id).collect();
    let game = players[0].api.post("/api/v1/games", json!({ "mode": mode, "invite": guests })).await;
    let id = game.expect_status(201)["id"].as_str().expect("is text").to_owned();
    for player in &players[1..] {
        let list = player.api.get("/api/v1/game-invites").await.expect_status(200);
        let invite = list["items"][0]["id"].as_str().expect("was invited").to_owned();
        let accepted = player.api.request("POST", &format!("/api/v1/game-invites/{invite}/accept"), None).await;
        accepted.expect_status(200);
    }
    for player in players {
        player.command(&id, "ready").await.expect_status(200);
    }
    players[0].sees(&id, "in_progress").await;
    id
}

async fn a_report_outside_the_envelope_is_refused_with_the_rule(app: TestApp) {
    let duel = Match::running("duel", app.two_guests().await).await;
    let [one, two] = &duel.seats;
    let of_other = format!("/scores/{}", two.id);
    for (report, rule, pointer) in [
        (json!({ "score": 9 }), "min", "/score"),
        (json!({ "score": -1 }), "min", "/score"),
        (json!({ "score": 5_001 }), "max", "/score"),
        (json!({ "score": 20, "scores": { (two.id.as_str()): 5_001 } }), "max", of_other.as_str()),
        (json!({ "score": 20, "payload": { "kills": 1, "wallhack": true } }), "fields", "/payload/wallhack"),
        (json!({ "score": 20, "payload": { "a/b~": 1 } }), "fields", "/payload/a~1b~0"),
        (json!({ "score": 20, "payload": [1] }), "fields", "/payload"),
    ] {
        let problem = one.report(&duel.game, report.clone()).await.expect_problem(422, "games.out_of_envelope");
        assert_eq!((&problem["rule"], &problem["errors"][0]["code"]), (&json!(rule), &json!(rule)), "{report}");
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{report}: {problem}");
    }
    // What is too much for now may be right later: the limit grows with the time on the server's clock, to 4,900 here.
    let swift = json!({ "score": 4_900, "duration_ms": 3_600_000, "payload": { "kills": 3 } });
    let problem = one.report(&duel.game, swift.clone()).await.expect_problem(422, "games.out_of_envelope");
    assert_eq!(problem["rule"], "max_per_second", "the client's clock counts for nothing: {problem}");
    assert_eq!(one.line(&one.game(&duel.game).await)["status"], "playing", "a refused report is none");
    let late = until("the game has lasted", seconds(15), || async {
        let answer = one.report(&duel.game, swift.clone()).await;
        (answer.status != 422).then_some(answer)
    })
    .await;
    assert!(matches!(late.status, 200 | 202), "{}", late.json());
    two.report(&duel.game, json!({ "score": 10, "scores": { (one.id.as_str()): 4_900 } })).await.expect_status(200);
    one.sees(&duel.game, "settled").await;
}

async fn a_report_before_the_shortest_game_is_refused(app: TestApp) {
    let duel = Match::running("duel", app.two_guests().await).await;
    let early = duel.seats[0].report(&duel.game, json!({ "score": 1 })).await;
    let problem = early.expect_problem(422, "games.out_of_envelope");
    assert_eq!(problem["rule"], "min_duration", "{problem}");
    let taken = until("the game has lasted", seconds(5), || async {
        let answer = duel.seats[0].report(&duel.game, json!({ "score": 1 })).await;
        (answer.status != 422).then_some(answer)
    })
    .await;
    assert_eq!(taken.expect_status(200)["report"], json!({ "status": "accepted", "reason": null }));
}

async fn only_a_participant_with_the_own_secret_reports(app: TestApp) {
    let duel = Match::running("duel", app.two_guests().await).await;
    let [one, two] = &duel.seats;
    let path = format!("/api/v1/games/{}/scores", duel.game);
    let secret = one.game(&duel.game).await["you"]["session_secret"].clone();
    for wrong in [json!(""), json!("nonsense"), two.game(&duel.game).await["you"]["session_secret"].clone()] {
        let report = json!({ "session_secret": wrong, "score": 3 });
        one.api.post(&path, report).await.expect_problem(403, "games.bad_secret");
    }
    let stolen = json!({ "session_secret": secret, "score": 3 });
    let stranger = app.guest(1, "Cleo").await;
    stranger.api.post(&path, stolen.clone()).await.expect_problem(404, "games.not_found");
    app.client(0).post(&path, stolen.clone()).await.expect_problem(401, "auth.missing_token");
    one.api.post(&path, json!({ "score": 3 })).await.expect_problem(422, "validation.failed");
    duel.report_alike([3, 2]).await;
    // Everybody may see it now, but it is still theirs alone.
    stranger.api.post(&path, stolen).await.expect_problem(403, "games.not_a_player");
    let public = stranger.game(&duel.game).await;
    assert_eq!(public["you"], Value::Null);
    assert!(!public.to_string().contains(secret.as_str().expect("is text")), "{public}");
}

async fn a_game_that_takes_no_reports_says_where_it_stands(app: TestApp) {
    let board = Match::running("tic_tac_toe", app.two_guests().await).await;
    let decided = board.seats[0].report(&board.game, json!({ "score": 1 })).await;
    decided.expect_problem(409, "games.server_decided");

    let found = Match::found("duel", [app.guest(0, "Cy").await, app.guest(1, "Di").await]).await;
    let early = found.seats[0].report(&found.game, json!({ "score": 1 })).await;
    assert_eq!(early.expect_problem(409, "games.not_in_progress")["state"], "waiting_ready");
    for player in &found.seats {
        player.command(&found.game, "ready").await.expect_status(200);
    }
    found.seats[0].command(&found.game, "abandon").await.expect_status(200);
    for player in &found.seats {
        let late = player.report(&found.game, json!({ "score": 1 })).await;
        assert_eq!(late.expect_problem(409, "games.not_in_progress")["state"], "settled");
    }
    // Of three who play on, one has left.
    let players = [app.guest(0, "Ed").await, app.guest(1, "Flo").await, app.guest(0, "Gus").await];
    let game = together("free_for_all", &players.each_ref()).await;
    players[2].command(&game, "abandon").await.expect_status(200);
    let left = players[2].report(&game, json!({ "score": 1 })).await;
    assert_eq!(left.expect_problem(409, "games.left")["state"], "in_progress");
    // Whoever has reported can't leave any more: the report stands.
    players[0].report(&game, json!({ "score": 5 })).await.expect_status(200);
    players[0].command(&game, "abandon").await.expect_problem(409, "games.already_reported");
    players[1].report(&game, json!({ "score": 4 })).await.expect_status(200);
    let over = players[0].sees(&game, "settled").await;
    let outcomes: Vec<_> = players.iter().map(|player| &player.line(&over)["outcome"]).collect();
    assert_eq!(outcomes, ["win", "loss", "loss"], "{over}");
}

async fn a_report_counts_once_and_is_answered_alike_for_ever(app: TestApp) {
    let duel = Match::running("duel", app.two_guests().await).await;
    let [one, two] = &duel.seats;
    let secret = one.game(&duel.game).await["you"]["session_secret"].clone();
    let path = format!("/api/v1/games/{}/scores", duel.game);
    let report = json!({ "session_secret": secret, "score": 30, "scores": { (two.id.as_str()): 20 } });
    let keyed = one.api.with("idempotency-key", "my-only-report");
    let first = keyed.post(&path, report.clone()).await;
    assert_eq!(first.expect_status(200)["result"], json!({ "status": "open", "version": 0 }));
    // Without a key the repeat is known by what it says.
    let plain = one.api.post(&path, report.clone()).await;
    assert_eq!((plain.status, &plain.body), (200, &first.body));
    for change in
        [json!({ "score": 31 }), json!({ "outcome": "win" }), json!({ "payload": 1 }), json!({ "scores": {} })]
    {
        let mut other = report.clone();
        for (field, value) in change.as_object().expect("is an object") {
            other[field.as_str()] = value.clone();
        }
        one.api.post(&path, other.clone()).await.expect_problem(409, "games.already_reported");
        keyed.post(&path, other).await.expect_problem(422, "idempotency.key_reused");
    }
    two.report(&duel.game, json!({ "score": 20 })).await.expect_status(200);
    one.sees(&duel.game, "settled").await;
    // However much later, on whichever replica: byte for byte.
    for n in 0..2 {
        let again = keyed.at(&app.client(n)).post(&path, report.clone()).await;
        assert_eq!((again.status, &again.body), (200, &first.body));
        assert_eq!(again.header("idempotent-replayed"), Some("true"));
    }
    one.api
        .post(&path, json!({ "session_secret": secret, "score": 99 }))
        .await
        .expect_problem(409, "games.already_reported");
    let over = one.game(&duel.game).await;
    assert_eq!(over["result"]["version"], 1, "{over}");
    assert_eq!(one.history("").await["items"].as_array().map(Vec::len), Some(1));
}

async fn a_report_that_cannot_be_meant_is_refused_field_by_field(app: TestApp) {
    let duel = Match::running("duel", app.two_guests().await).await;
    let [one, two] = &duel.seats;
    let stranger = app.guest(0, "Cleo").await;
    let own = format!("/scores/{}", one.id);
    let others = format!("/scores/{}", two.id);
    let strangers = format!("/scores/{}", stranger.id);
    for (report, pointer) in [
        (json!({}), "/score"),
        (json!({ "score": null }), "/score"),
        (json!({ "score": 1.5 }), "/score"),
        (json!({ "score": 1e300 }), "/score"),
        (json!({ "score": 9_007_199_254_740_993_i64 }), "/score"),
        (json!({ "score": 1, "scores": { (stranger.id.as_str()): 1 } }), strangers.as_str()),
        (json!({ "score": 1, "scores": { (one.id.as_str()): 2 } }), own.as_str()),
        (json!({ "score": 1, "scores": { (two.id.as_str()): 0.1 } }), others.as_str()),
    ] {
        let problem = one.report(&duel.game, report.clone()).await.expect_problem(422, "games.invalid_report");
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{report}: {problem}");
    }
    for report in [
        json!({ "score": "1" }),
        json!({ "score": 1, "outcome": "victory" }),
        json!({ "score": 1, "scores": { "me": 1 } }),
        json!({ "score": 1, "scores": [1] }),
        json!({ "score": 1, "duration_ms": -1 }),
        json!({ "score": 1, "rating": 3_000 }),
        json!({ "score": 1, "player_id": two.id }),
    ] {
        one.report(&duel.game, report.clone()).await.expect_problem(422, "validation.failed");
    }
    let nul = one.report(&duel.game, json!({ "score": 1, "payload": { "a": "b\u{0}" } })).await;
    assert_eq!(nul.status, 422, "{}", nul.json());
    assert_eq!(one.line(&one.game(&duel.game).await)["status"], "playing", "none of them counted");
    one.report(&duel.game, json!({ "score": 1.0, "duration_ms": 5, "payload": "x" })).await.expect_status(200);
}

async fn a_score_near_the_limit_is_held_until_somebody_vouches_for_it(app: TestApp) {
    let duel = Match::running("duel", app.two_guests().await).await;
    let [one, two] = &duel.seats;
    let bold = json!({ "score": 5_000 });
    let held = one.report(&duel.game, bold.clone()).await.expect_status(202);
    assert_eq!(held["report"], json!({ "status": "held", "reason": "near_limit" }), "{held}");
    assert_eq!(one.report(&duel.game, bold).await.expect_status(202), held, "once more");
    let vouched = json!({ "score": 0, "scores": { (one.id.as_str()): 5_000 } });
    let taken = two.report(&duel.game, vouched).await.expect_status(202);
    assert_eq!(taken["result"]["status"], "settled", "two words are no weaker than any other result: {taken}");

    // Nobody vouches for the other one: it waits for somebody's look, unrated, and the players see no result yet.
    let duel = Match::running("duel", [app.guest(0, "Cy").await, app.guest(1, "Di").await]).await;
    duel.seats[0].report(&duel.game, json!({ "score": 5_000 })).await.expect_status(202);
    let last = duel.seats[1].report(&duel.game, json!({ "score": 0 })).await.expect_status(200);
    assert_eq!(last["result"], json!({ "status": "open", "version": 0 }));
    let waiting = duel.seats[0].sees(&duel.game, "finished").await;
    assert_eq!(duel.seats[0].line(&waiting)["rating_after"], Value::Null, "{waiting}");
    // Waiting for it keeps nobody from playing on.
    duel.seats[0].join("duel").await;
}

async fn silent_ones_are_outvoted_by_more_than_half(app: TestApp) {
    let mut players = Vec::new();
    for n in 0..4 {
        players.push(app.guest(n, &format!("Player {n}")).await);
    }
    let all: Vec<_> = players.iter().collect();
    let game = together("free_for_all", &all).await;
    for (player, score) in players.iter().zip([30, 20, 10]) {
        player.report(&game, json!({ "score": score })).await.expect_status(200);
    }
    assert_eq!(players[0].game(&game).await["status"], "in_progress", "the fourth may still report");
    let over = players[3].sees(&game, "settled").await;
    assert_eq!(over["result"]["reason"], "reports", "{over}");
    let outcomes: Vec<_> = players.iter().map(|player| &player.line(&over)["outcome"]).collect();
    assert_eq!(outcomes, ["win", "loss", "loss", "loss"], "{over}");
    let late = players[3].report(&game, json!({ "score": 40 })).await.expect_problem(409, "games.not_in_progress");
    assert_eq!(late["state"], "settled");
}

async fn half_of_them_are_not_enough(app: TestApp) {
    let mut players = Vec::new();
    for n in 0..4 {
        players.push(app.guest(n, &format!("Player {n}")).await);
    }
    let all: Vec<_> = players.iter().collect();
    let game = together("free_for_all", &all).await;
    for (player, score) in players.iter().zip([30, 20]) {
        player.report(&game, json!({ "score": score })).await.expect_status(200);
    }
    let over = players[3].sees(&game, "disputed").await;
    assert_eq!(over["result"], json!({ "version": 0, "status": "disputed", "reason": null, "standings": [] }));
}
