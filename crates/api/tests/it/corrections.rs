//! What operators do to results, and who may: the fact keeps its earlier versions, and all that stood on it follows.

use serde_json::{Value, json};

use crate::app::TestApp;
use crate::client::Answered as _;
use crate::played::{duel, private};
use crate::players::{Match, Player};
use crate::sockets::Socket;
use crate::staff::{admin, give_role, moderator};
use crate::wait::{seconds, until, until_true};

in_both_worlds_with_operators!(
    a_voided_game_stays_marked_and_counts_for_nothing,
    later_games_are_rated_as_if_a_voided_one_had_not_been,
    an_amended_game_counts_as_it_says_now,
    a_game_that_runs_can_be_voided_and_frees_its_players,
    moderators_decide_games_and_nothing_else,
    what_an_operator_says_wrongly_changes_nothing,
    players_hear_of_a_correction_wherever_they_are,
);

fn void_of(game: &str) -> String {
    format!("/api/v1/admin/games/{game}/void")
}

fn amend_of(game: &str) -> String {
    format!("/api/v1/admin/games/{game}/amend")
}

fn ids(page: &Value) -> Vec<&str> {
    let items = page["items"].as_array().expect("is a list");
    items.iter().map(|item| item["id"].as_str().expect("has an id")).collect()
}

async fn both_rated_after(players: [&Player; 2], games: u64) {
    for player in players {
        player.rated_after("duel", games).await;
    }
}

/// What was done to a game, newest first: action, who, why.
async fn deeds(admin: &Player, game: &str) -> Vec<(Value, Value, Value)> {
    let page = admin.api.get(&format!("/api/v1/admin/audit?subject=game:{game}")).await.expect_status(200);
    let items = page["items"].as_array().expect("is a list").iter();
    items.map(|item| (item["action"].clone(), item["actor"].clone(), item["reason"].clone())).collect()
}

async fn a_voided_game_stays_marked_and_counts_for_nothing(app: TestApp) {
    let admin = admin(&app, 1).await;
    let [ada, ben] = app.two_guests().await;
    let kept = duel(&ada, &ben, [3, 1]).await;
    both_rated_after([&ada, &ben], 1).await;
    let (ada_before, ben_before) = (ada.standing(&ben).await, ben.standing(&ada).await);
    let board_before = ada.board("duel", "").await;
    let gone = duel(&ada, &ben, [1, 4]).await;
    both_rated_after([&ada, &ben], 2).await;
    assert_ne!(ada.standing(&ben).await, ada_before);
    assert_eq!(ids(&ada.history("").await), [&gone, &kept]);

    let why = json!({ "reason": "played with a cheat" });
    let keyed = admin.api.with("idempotency-key", "void-1");
    let voided = keyed.post(&void_of(&gone), why.clone()).await;
    let body = voided.expect_status(200);
    assert_eq!((&body["status"], &body["result"]["status"]), (&json!("voided"), &json!("voided")), "{body}");
    assert_eq!(body["result"]["version"], 2, "the first version is replaced, not changed: {body}");
    // The history says so at once, on both replicas and to both players, in the page that was cached before.
    for player in [&ada, &ben, &ada.at(&app.client(1)), &ben.at(&app.client(0))] {
        let page = player.history("").await;
        assert_eq!(ids(&page), [&gone, &kept], "it stays");
        assert_eq!(page["items"][0]["status"], "voided");
        assert!(page["items"][0]["tags"].as_array().is_some_and(|tags| tags.contains(&json!("voided"))), "{page}");
        assert!(player.line(&page["items"][0])["outcome"].is_null(), "nobody won it");
        assert_eq!(ids(&player.history("?tag=voided").await), [&gone]);
        assert_eq!(
            player.history("?result=loss").await["items"].as_array().map(Vec::len),
            Some(usize::from(player.id == ben.id))
        );
    }
    // Whatever stood on it goes back within two seconds.
    until_true("the standings go back", seconds(2), || async {
        ada.standing(&ben).await == ada_before && ben.standing(&ada).await == ben_before
    })
    .await;
    until_true("the board goes back", seconds(2), || async { ada.board("duel", "").await == board_before }).await;
    let line = ben.game(&gone).await;
    assert!(ben.line(&line)["rating_after"].is_null(), "it did nothing to ratings: {line}");

    // Again: by the same key the same answer, by another nothing new.
    let again = keyed.at(&app.client(0)).post(&void_of(&gone), why.clone()).await;
    assert_eq!((again.header("idempotent-replayed"), &again.json()["result"]), (Some("true"), &body["result"]));
    let other = admin.api.post(&void_of(&gone), why).await.expect_status(200);
    assert_eq!(other["result"]["version"], 2, "{other}");
    let done = deeds(&admin, &gone).await;
    assert_eq!(done, [(json!("game.void"), json!(admin.id), json!("played with a cheat"))]);
    assert!(deeds(&admin, &kept).await.is_empty());
}

async fn later_games_are_rated_as_if_a_voided_one_had_not_been(app: TestApp) {
    let admin = admin(&app, 0).await;
    let [ada, ben] = app.two_guests().await;
    let [cy, di] = app.two_guests().await;
    let wrong = duel(&ada, &ben, [5, 0]).await;
    let later = [[1, 4], [2, 1], [3, 3]];
    let mut games = Vec::new();
    for scores in later {
        games.push(duel(&ada, &ben, scores).await);
        duel(&cy, &di, scores).await;
    }
    both_rated_after([&ada, &ben], 4).await;
    admin.api.post(&void_of(&wrong), json!({ "reason": "a warm-up" })).await.expect_status(200);
    for (one, like) in [(&ada, &cy), (&ben, &di)] {
        let (now, like) = (one.rated_after("duel", 3).await, like.rated_after("duel", 3).await);
        let (now, like) = (now["rating"].as_f64().expect("is a number"), like["rating"].as_f64().expect("is a number"));
        assert!((now - like).abs() < 0.1, "{now} and {like}: the same games, but for the time between them");
    }
    // The pages of the later games say what they did to ratings as it is now.
    until("the first that counts begins at a newcomer's rating", seconds(2), || async {
        let first = ada.game(&games[0]).await;
        (ada.line(&first)["rating_before"] == 1500.0).then_some(())
    })
    .await;
    for pair in games.windows(2) {
        let (before, after) = (ada.game(&pair[0]).await, ada.game(&pair[1]).await);
        let (left, found) = (&ada.line(&before)["rating_after"], &ada.line(&after)["rating_before"]);
        let (left, found) = (left.as_f64().expect("is a number"), found.as_f64().expect("is a number"));
        assert!((left - found).abs() < 0.02, "{left} {found}");
    }
    let stats = ada.page("stats").await.expect_status(200);
    assert_eq!((&stats["form"], &stats["streak"]["current"]), (&json!("LWD"), &json!(0)), "{stats}");
}

async fn an_amended_game_counts_as_it_says_now(app: TestApp) {
    let admin = admin(&app, 0).await;
    let [ada, ben] = app.two_guests().await;
    let game = duel(&ada, &ben, [3, 1]).await;
    let won = ada.rated_after("duel", 1).await;
    let scores = json!({ &ada.id: 2, &ben.id: 4 });
    let body = json!({ "reason": "the scores were swapped", "scores": scores });
    let amended = admin.at(&app.client(1)).api.post(&amend_of(&game), body.clone()).await.expect_status(200);
    assert_eq!((&amended["status"], &amended["result"]["version"]), (&json!("settled"), &json!(2)), "{amended}");
    let page = ada.history("").await;
    let line = ada.line(&page["items"][0]);
    assert_eq!((&line["outcome"], &line["score"]), (&json!("loss"), &json!(2)), "{page}");
    assert!(page["items"][0]["tags"].as_array().is_some_and(|tags| tags.contains(&json!("amended"))), "{page}");
    assert_eq!(ids(&ben.history("?tag=amended&result=win").await), [&game]);
    until_true("the ratings follow", seconds(2), || async {
        let (ada, ben) = (ada.rating("duel").await, ben.rating("duel").await);
        ada["rating"].as_f64() < Some(1500.0) && ben["rating"].as_f64() > Some(1500.0) && ada["games"] == 1
    })
    .await;
    assert!(won["rating"].as_f64() > Some(1500.0), "{won}");
    until_true("stats and head-to-head follow", seconds(2), || async {
        let (stats, met) = (ada.page("stats").await.json(), ada.standing(&ben).await.met);
        [&stats, &met].iter().all(|of| of["games"] == 1 && of["wins"] == 0 && of["losses"] == 1)
    })
    .await;
    until_true("the board follows", seconds(2), || async {
        let board = ada.board("duel", "").await;
        board["items"][0]["player"]["id"] == *ben.id && board["me"]["rank"] == 2
    })
    .await;
    // The same scores again are no news; other ones on a voided game bring it back.
    let again = admin.api.post(&amend_of(&game), body).await.expect_status(200);
    assert_eq!(again["result"]["version"], 2, "{again}");
    admin.api.post(&void_of(&game), json!({ "reason": "on second thoughts" })).await.expect_status(200);
    let back = json!({ "reason": "it was fine", "scores": { &ada.id: 3, &ben.id: 1 } });
    let back = admin.api.post(&amend_of(&game), back).await.expect_status(200);
    assert_eq!((&back["status"], &back["result"]["version"]), (&json!("settled"), &json!(4)), "{back}");
    until_true("the first result counts again, once", seconds(4), || async {
        let rating = ada.rating("duel").await;
        rating["rating"] == won["rating"] && rating["games"] == 1
    })
    .await;
    let done: Vec<_> = deeds(&admin, &game).await.into_iter().map(|(action, ..)| action).collect();
    assert_eq!(done, ["game.amend", "game.void", "game.amend"]);
}

async fn a_game_that_runs_can_be_voided_and_frees_its_players(app: TestApp) {
    let admin = admin(&app, 0).await;
    let [ada, ben] = app.two_guests().await;
    let game = private("duel", &ada, &ben).await;
    let body = json!({ "reason": "too early", "scores": { &ada.id: 1, &ben.id: 2 } });
    admin.api.post(&amend_of(&game), body).await.expect_problem(409, "games.no_result");
    admin.api.post(&void_of(&game), json!({ "reason": "the server had a bad day" })).await.expect_status(200);
    for player in [&ada, &ben] {
        assert_eq!(player.game(&game).await["status"], "voided");
        assert!(player.live().await.is_empty(), "nobody is held by it");
        assert_eq!(ids(&player.history("").await), [&game]);
    }
    ada.report(&game, json!({ "score": 1 })).await.expect_problem(409, "games.not_in_progress");
    // Both are free to play, and that counts; the other doesn't.
    let next = Match::running("duel", [ada.clone(), ben.clone()]).await;
    next.report_alike([2, 1]).await;
    ada.rated_after("duel", 1).await;
    assert_eq!(ada.page("stats").await.json()["games"], 1);
}

async fn moderators_decide_games_and_nothing_else(app: TestApp) {
    let admin = admin(&app, 0).await;
    let moderator = moderator(&app, &admin, 1).await;
    let [ada, ben] = app.two_guests().await;
    let game = duel(&ada, &ben, [3, 1]).await;
    // Players of the game have no power over it.
    ada.api.post(&void_of(&game), json!({ "reason": "I lost" })).await.expect_problem(403, "admin.not_allowed");
    let amend = json!({ "reason": "I won", "scores": { &ada.id: 9, &ben.id: 0 } });
    ada.api.post(&amend_of(&game), amend).await.expect_problem(403, "admin.not_allowed");
    assert_eq!(ada.game(&game).await["result"]["version"], 1);

    let modes = moderator.api.get("/api/v1/admin/modes/duel").await.expect_status(200);
    let put = moderator.api.request("PUT", "/api/v1/admin/modes/duel", Some(&modes)).await;
    put.expect_problem(403, "admin.not_allowed");
    moderator.api.get("/api/v1/admin/audit").await.expect_problem(403, "admin.not_allowed");
    let own = format!("/api/v1/admin/players/{}", moderator.id);
    let rise = json!({ "role": "admin", "reason": "I earned it" });
    moderator.api.patch(&own, rise.clone()).await.expect_problem(403, "admin.not_allowed");
    let cases = moderator.api.get(&format!("/api/v1/admin/games?player={}", ada.id)).await.expect_status(200);
    assert_eq!(cases["items"][0]["game"]["id"], *game);
    moderator.api.post(&void_of(&game), json!({ "reason": "both agreed" })).await.expect_status(200);
    assert_eq!(deeds(&admin, &game).await, [(json!("game.void"), json!(moderator.id), json!("both agreed"))]);

    // Taken away on one replica, the power is gone on the other at once; nobody locks the last administrator out.
    give_role(&admin, &moderator, "player").await;
    moderator.api.get("/api/v1/admin/games").await.expect_problem(403, "admin.not_allowed");
    let me = format!("/api/v1/admin/players/{}", admin.id);
    let step_down = json!({ "role": "player", "reason": "tired" });
    admin.api.patch(&me, step_down).await.expect_problem(409, "players.own_role");
    let unknown = json!({ "role": "emperor", "reason": "why not" });
    admin.api.patch(&own, unknown).await.expect_problem(422, "validation.failed");
    admin.api.get("/api/v1/admin/audit?limit=1").await.expect_status(200);
}

async fn what_an_operator_says_wrongly_changes_nothing(app: TestApp) {
    let admin = admin(&app, 0).await;
    let [ada, ben] = app.two_guests().await;
    let game = duel(&ada, &ben, [3, 1]).await;
    let nowhere = "0192f0c1-2345-7abc-8def-0123456789ab";
    admin.api.post(&void_of(nowhere), json!({ "reason": "gone" })).await.expect_problem(404, "games.not_found");
    for reason in [json!(""), json!("   "), json!("x".repeat(501)), json!("a\u{7}b"), json!(null), json!(7)] {
        let answer = admin.api.post(&void_of(&game), json!({ "reason": reason })).await;
        assert_eq!(answer.status, 422, "{reason}: {}", answer.json());
    }
    let unknown = json!({ "reason": "fine", "silently": true });
    assert_eq!(admin.api.post(&void_of(&game), unknown).await.status, 422);
    let (one, two) = (ada.id.as_str(), ben.id.as_str());
    for (scores, pointer) in [
        (json!({}), format!("/scores/{one}")),
        (json!({ one: 1 }), format!("/scores/{two}")),
        (json!({ one: 1, two: 2, nowhere: 3 }), format!("/scores/{nowhere}")),
        (json!({ one: 1, two: 1.5 }), format!("/scores/{two}")),
        (json!({ one: -1, two: 1 }), format!("/scores/{one}")),
        (json!({ one: 1, two: 1_000_001 }), format!("/scores/{two}")),
        (json!({ one: 1, two: 1e300 }), format!("/scores/{two}")),
    ] {
        let body = json!({ "reason": "a slip", "scores": scores });
        let refused = admin.api.post(&amend_of(&game), body).await.expect_problem(422, "games.invalid_scores");
        let errors = refused["errors"].as_array().expect("says where");
        assert!(errors.iter().any(|error| error["pointer"] == *pointer), "{pointer}: {refused}");
    }
    let resolve = format!("/api/v1/admin/disputes/{game}/resolve");
    let late = json!({ "decision": "void", "reason": "nobody asked" });
    admin.api.post(&resolve, late).await.expect_problem(409, "games.no_result");
    for wrong in
        [json!({ "decision": "settle", "reason": "no scores" }), json!({ "decision": "coin", "reason": "heads" })]
    {
        admin.api.post(&resolve, wrong).await.expect_problem(422, "validation.failed");
    }
    // What the rules decided has no scores to amend.
    let board = private("tic_tac_toe", &ada, &ben).await;
    let seats = ada.game(&board).await;
    let seats = if ada.line(&seats)["seat"] == 0 { [ada.clone(), ben.clone()] } else { [ben.clone(), ada.clone()] };
    Match { game: board.clone(), seats }.play_to_a_win(0).await;
    let body = json!({ "reason": "no", "scores": { one: 1, two: 2 } });
    admin.api.post(&amend_of(&board), body).await.expect_problem(422, "games.invalid_scores");
    assert_eq!(ada.game(&game).await["result"]["version"], 1);
    assert_eq!(ada.game(&board).await["result"]["version"], 1);
    assert!(deeds(&admin, &game).await.is_empty() && deeds(&admin, &board).await.is_empty());
}

async fn players_hear_of_a_correction_wherever_they_are(app: TestApp) {
    let admin = admin(&app, 0).await;
    let players = app.two_guests().await;
    let mut sockets = [Socket::open(&players[0]).await, Socket::open(&players[1]).await];
    let game = duel(&players[0], &players[1], [3, 1]).await;
    for socket in &mut sockets {
        let settled = socket.event("game.settled").await;
        assert_eq!((&settled["data"]["game_id"], &settled["data"]["result"]["version"]), (&json!(game), &json!(1)));
        socket.event("rating.changed").await;
    }
    let body = json!({ "reason": "swapped", "scores": { &players[0].id: 1, &players[1].id: 3 } });
    admin.api.post(&amend_of(&game), body).await.expect_status(200);
    for (socket, player) in sockets.iter_mut().zip(&players) {
        let settled = socket.event("game.settled").await;
        assert_eq!(settled["data"]["result"]["version"], 2, "{settled}");
        let changed = socket.event("rating.changed").await;
        let now = player.rating("duel").await;
        let (told, now) = (changed["data"]["rating_after"].as_f64(), now["rating"].as_f64());
        let (told, now) = (told.expect("is a number"), now.expect("is a number"));
        assert!((told - now).abs() < 0.01, "{changed} {now}");
        assert_eq!((&changed["data"]["reason"], &changed["data"]["version"]), (&json!("corrected"), &json!(2)));
    }
    admin.api.post(&void_of(&game), json!({ "reason": "a mistake" })).await.expect_status(200);
    for socket in &mut sockets {
        let voided = socket.event("game.voided").await;
        assert_eq!((&voided["data"]["game_id"], &voided["stream"]), (&json!(game), &json!(format!("game:{game}"))));
        assert!(!voided.to_string().contains("a mistake"), "why is the operators' business: {voided}");
        socket.event("rating.changed").await;
    }
    let audit = admin.api.get(&format!("/api/v1/admin/audit?subject=game:{game}")).await.expect_status(200);
    assert_eq!(audit["items"][0]["data"]["from"]["status"], "settled", "{audit}");
}
