//! Reports that contradict each other, and who decides between them.

use futures_util::future::join_all;
use serde_json::{Value, json};
use testkit::http::Answer;

use crate::app::TestApp;
use crate::client::Answered as _;
use crate::operators::{HANDLE, PASSWORD, operator};
use crate::players::{Match, Player};
use crate::sockets::Socket;
use crate::wait::{seconds, until, until_true};

in_both_worlds!(
    contradicting_reports_are_disputed_and_end_voided ["SWP__GAMES__EVIDENCE_MS" = "2500"],
    outcomes_that_cannot_both_be_are_disputed,
    of_three_the_majority_decides ["SWP__GAMES__EVIDENCE_MS" = "1000"],
    an_operator_decides_a_dispute_once [
        "SWP__ADMIN__BOOTSTRAP_HANDLE" = super::HANDLE,
        "SWP__ADMIN__BOOTSTRAP_PASSWORD" = super::PASSWORD,
    ],
    a_settled_result_can_be_doubted_and_voided [
        "SWP__ADMIN__BOOTSTRAP_HANDLE" = super::HANDLE,
        "SWP__ADMIN__BOOTSTRAP_PASSWORD" = super::PASSWORD,
    ],
    only_what_players_decided_can_be_doubted,
);

async fn dispute(player: &Player, game: &str, said: Value) -> Answer {
    player.api.post(&format!("/api/v1/games/{game}/dispute"), said).await
}

async fn resolve(operator: &Player, game: &str, decision: Value) -> Answer {
    operator.api.post(&format!("/api/v1/admin/disputes/{game}/resolve"), decision).await
}

/// A duel about whose scores the two disagree.
async fn disputed(players: [Player; 2]) -> Match {
    let duel = Match::running("duel", players).await;
    let [one, two] = &duel.seats;
    for player in &duel.seats {
        let claims = json!({ "score": 9, "scores": { (one.id.as_str()): 9, (two.id.as_str()): 9 }, "outcome": "win" });
        player.report(&duel.game, claims).await.expect_status(200);
    }
    one.sees(&duel.game, "disputed").await;
    duel
}

async fn contradicting_reports_are_disputed_and_end_voided(app: TestApp) {
    let players = app.two_guests().await;
    let mut sockets = [Socket::open(&players[0]).await, Socket::open(&players[1]).await];
    let duel = Match::running("duel", players).await;
    let [one, two] = &duel.seats;
    let claim = |mine: i64, theirs: &Player| json!({ "score": mine, "scores": { (theirs.id.as_str()): 1 } });
    one.report(&duel.game, claim(9, two)).await.expect_status(200);
    let second = two.report(&duel.game, claim(8, one)).await.expect_status(200);
    assert_eq!(second["result"], json!({ "status": "disputed", "version": 0 }), "{second}");
    for socket in &mut sockets {
        let told = socket.event("game.disputed").await;
        assert_eq!(
            (&told["stream"], &told["data"]["game_id"]),
            (&json!(format!("game:{}", duel.game)), &json!(duel.game))
        );
    }
    let seen = one.game(&duel.game).await;
    assert_eq!((&seen["status"], &one.line(&seen)["rating_after"]), (&json!("disputed"), &Value::Null), "{seen}");
    assert!(seen["deadline_at"].is_string(), "until when evidence is heard: {seen}");
    // Nobody is kept from playing on, and it stands in no history yet as won or lost.
    one.join("duel").await;

    let said = json!({ "reason": "I won, see the picture", "evidence": { "url": "https://example.org/1.png" } });
    for _ in 0..2 {
        let kept = dispute(one, &duel.game, said.clone()).await.expect_status(200);
        assert_eq!(kept["status"], "disputed");
    }
    let other = json!({ "reason": "I mean, I drew" });
    dispute(one, &duel.game, other).await.expect_problem(409, "games.already_disputed");
    for reason in [json!(""), json!("   "), json!("x".repeat(501)), json!("a\u{7}b")] {
        let answer = dispute(two, &duel.game, json!({ "reason": reason })).await;
        assert_eq!(answer.status, 422, "{}", answer.json());
        assert!(
            ["games.invalid_statement", "request.control_character"]
                .contains(&answer.json()["code"].as_str().unwrap_or(""))
        );
    }
    dispute(two, &duel.game, json!({ "reason": "" })).await.expect_problem(422, "games.invalid_statement");
    dispute(two, &duel.game, json!({})).await.expect_problem(422, "validation.failed");
    let stranger = app.guest(1, "Cleo").await;
    dispute(&stranger, &duel.game, said).await.expect_problem(403, "games.not_a_player");

    // Two words against two words: nobody here can know.
    let over = two.sees(&duel.game, "voided").await;
    assert_eq!(over["ended"], json!({ "reason": "unresolved_dispute", "by": "system" }), "{over}");
    for (player, socket) in duel.seats.iter().zip(&mut sockets) {
        socket.event("game.voided").await;
        assert_eq!(player.line(&over)["outcome"], Value::Null, "{over}");
        assert_eq!(player.line(&over)["rating_after"], Value::Null, "{over}");
        let item = player.history("").await["items"][0].clone();
        assert_eq!((&item["id"], &item["status"]), (&json!(duel.game), &json!("voided")));
    }
    let late = dispute(two, &duel.game, json!({ "reason": "no" })).await.expect_problem(409, "games.not_disputable");
    assert_eq!(late["state"], "voided");
}

async fn outcomes_that_cannot_both_be_are_disputed(app: TestApp) {
    for (outcomes, scores, status) in [
        (["win", "win"], [5, 5], "disputed"),
        (["loss", "loss"], [5, 4], "disputed"),
        (["win", "loss"], [4, 5], "disputed"),
        (["draw", "draw"], [5, 4], "disputed"),
        (["draw", "draw"], [5, 5], "settled"),
        (["win", "loss"], [5, 4], "settled"),
    ] {
        let duel = Match::running("duel", app.two_guests().await).await;
        let mut last = Value::Null;
        for ((player, outcome), score) in duel.seats.iter().zip(outcomes).zip(scores) {
            last = player.report(&duel.game, json!({ "score": score, "outcome": outcome })).await.expect_status(200);
        }
        assert_eq!(last["result"]["status"], status, "{outcomes:?} {scores:?}");
    }
}

async fn of_three_the_majority_decides(app: TestApp) {
    let mut players = Vec::new();
    for n in 0..3 {
        players.push(app.guest(n, &format!("Player {n}")).await);
    }
    let [host, two, liar] = &players[..] else { panic!("there are three") };
    let wanted = json!({ "mode": "free_for_all", "invite": [two.id, liar.id] });
    let game = host.api.post("/api/v1/games", wanted).await.expect_status(201)["id"].clone();
    let game = game.as_str().expect("is text").to_owned();
    // Three of four are enough for this mode once the last invitation is answered.
    for player in [two, liar] {
        let list = player.api.get("/api/v1/game-invites").await.expect_status(200);
        let path = format!("/api/v1/game-invites/{}/accept", list["items"][0]["id"].as_str().expect("was invited"));
        player.api.request("POST", &path, None).await.expect_status(200);
    }
    for player in &players {
        player.command(&game, "ready").await.expect_status(200);
    }
    host.sees(&game, "in_progress").await;
    let about = |scores: [i64; 3]| -> Value {
        players
            .iter()
            .zip(scores)
            .map(|(player, score)| (player.id.clone(), json!(score)))
            .collect::<serde_json::Map<_, _>>()
            .into()
    };
    for (player, own, said) in [(host, 30, [30, 20, 10]), (two, 20, [30, 20, 10]), (liar, 90, [3, 2, 90])] {
        player.report(&game, json!({ "score": own, "scores": about(said) })).await.expect_status(200);
    }
    assert_eq!(host.game(&game).await["status"], "disputed");
    let over = host.sees(&game, "settled").await;
    assert_eq!((&over["result"]["reason"], &over["result"]["version"]), (&json!("majority"), &json!(1)), "{over}");
    let scores: Vec<_> = players.iter().map(|player| &player.line(&over)["score"]).collect();
    assert_eq!(scores, [30, 20, 10], "{over}");
    assert_eq!(liar.line(&over)["outcome"], "loss");
}

async fn an_operator_decides_a_dispute_once(app: TestApp) {
    let admin = operator(&app, 0).await;
    let duel = disputed(app.two_guests().await).await;
    let [one, two] = &duel.seats;
    let listed = admin.api.get("/api/v1/admin/disputes").await.expect_status(200);
    let case = &listed["items"][0];
    assert_eq!(case["game"]["id"], *duel.game, "{listed}");
    assert_eq!((case["reports"].as_array().map(Vec::len), &case["needs_review"]), (Some(2), &json!(true)), "{case}");
    let scores = |a: i64, b: i64| json!({ (one.id.as_str()): a, (two.id.as_str()): b });
    let settle = json!({ "decision": "settle", "reason": "the picture shows it", "scores": scores(9, 3) });
    for player in [one, two] {
        resolve(player, &duel.game, settle.clone()).await.expect_problem(403, "admin.not_allowed");
        let seen = player.api.get("/api/v1/admin/disputes").await;
        seen.expect_problem(403, "admin.not_allowed");
    }
    for (decision, code) in [
        (json!({ "decision": "settle", "reason": "x" }), "validation.failed"),
        (json!({ "decision": "maybe", "reason": "x" }), "validation.failed"),
        (json!({ "decision": "void" }), "validation.failed"),
        (json!({ "decision": "void", "reason": " " }), "games.invalid_statement"),
        (json!({ "decision": "settle", "reason": "x", "scores": { (one.id.as_str()): 1 } }), "games.invalid_scores"),
        (json!({ "decision": "settle", "reason": "x", "scores": scores(-1, 3) }), "games.invalid_scores"),
    ] {
        resolve(&admin, &duel.game, decision).await.expect_problem(422, code);
    }
    // A body is refused while the operator's role is still being read: nothing breaks, however often.
    let nonsense = (0..40).map(|_| resolve(&admin, &duel.game, json!({ "decision": 1 })));
    for refused in join_all(nonsense).await {
        refused.expect_problem(422, "validation.failed");
    }
    let absent = "0192f0c1-2345-7abc-8def-0123456789ab";
    resolve(&admin, absent, settle.clone()).await.expect_problem(404, "games.not_found");
    for n in 0..2 {
        let over = resolve(&admin.at(&app.client(n)), &duel.game, settle.clone()).await.expect_status(200);
        assert_eq!((&over["status"], &over["result"]["version"]), (&json!("settled"), &json!(1)), "{over}");
        assert_eq!((&one.line(&over)["outcome"], &one.line(&over)["score"]), (&json!("win"), &json!(9)), "{over}");
        assert_eq!(over["result"]["reason"], "admin", "{over}");
    }
    // The other way round it comes too late; that is what amending is for.
    let other = json!({ "decision": "settle", "reason": "no", "scores": scores(1, 3) });
    let late = resolve(&admin, &duel.game, other).await.expect_problem(409, "games.no_result");
    assert_eq!(late["state"], "settled", "{late}");
    until_true("it counts", seconds(5), || async {
        let seen = one.game(&duel.game).await;
        one.line(&seen)["rating_after"].as_f64() > one.line(&seen)["rating_before"].as_f64()
    })
    .await;
    let audit = admin.api.get("/api/v1/admin/audit").await.expect_status(200);
    let deeds: Vec<_> = audit["items"].as_array().expect("is a list").iter().map(|deed| &deed["action"]).collect();
    assert_eq!(deeds.iter().filter(|deed| **deed == "dispute.resolve").count(), 1, "once: {audit}");
}

async fn a_settled_result_can_be_doubted_and_voided(app: TestApp) {
    let admin = operator(&app, 1).await;
    let duel = Match::running("duel", app.two_guests().await).await;
    duel.report_alike([9, 3]).await;
    let [one, two] = &duel.seats;
    one.sees(&duel.game, "settled").await;
    let doubted = dispute(two, &duel.game, json!({ "reason": "he paused the clock" })).await.expect_status(200);
    assert_eq!(
        (&doubted["status"], &doubted["result"]["version"]),
        (&json!("settled"), &json!(1)),
        "it stands meanwhile"
    );
    let rated = until("it counts", seconds(5), || async {
        let seen = one.game(&duel.game).await;
        one.line(&seen)["rating_after"].is_number().then_some(seen)
    })
    .await;
    let before = one.line(&rated)["rating_before"].clone();
    let listed = admin.api.get("/api/v1/admin/disputes").await.expect_status(200);
    assert_eq!(listed["items"][0]["evidence"][0]["reason"], "he paused the clock", "{listed}");

    let voiding = json!({ "decision": "void", "reason": "he did" });
    for _ in 0..2 {
        let over = resolve(&admin, &duel.game, voiding.clone()).await.expect_status(200);
        assert_eq!((&over["status"], &over["result"]["version"]), (&json!("voided"), &json!(2)), "{over}");
        assert_eq!(one.line(&over)["outcome"], Value::Null, "{over}");
    }
    // What stood on it is undone.
    let rating = format!("/api/v1/players/{}/ratings", one.id);
    until_true("the rating is what it was", seconds(45), || async {
        let ratings = one.api.get(&rating).await.expect_status(200);
        let items = ratings["items"].as_array().expect("is a list").clone();
        items.iter().all(|line| line["mode"] != "duel" || line["rating"] == before || line["games"] == 0)
    })
    .await;
    let listed = admin.api.get("/api/v1/admin/disputes").await.expect_status(200);
    assert_eq!(listed["items"], json!([]), "nothing is left to look at");
    assert_eq!(one.history("").await["items"][0]["status"], "voided", "it stays, marked");
}

async fn only_what_players_decided_can_be_doubted(app: TestApp) {
    let board = Match::running("tic_tac_toe", app.two_guests().await).await;
    let early = dispute(&board.seats[0], &board.game, json!({ "reason": "unfair" })).await;
    assert_eq!(early.expect_problem(409, "games.not_disputable")["state"], "in_progress");
    board.play_to_a_win(0).await;
    let decided = dispute(&board.seats[1], &board.game, json!({ "reason": "unfair" })).await;
    assert_eq!(decided.expect_problem(409, "games.not_disputable")["state"], "settled");
}
