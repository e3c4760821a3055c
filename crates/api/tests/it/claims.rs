//! Who is gone, who comes back, and what the others may claim.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use testkit::http::Answer;

use crate::app::TestApp;
use crate::client::Answered as _;
use crate::players::{Match, Player};
use crate::sockets::Socket;
use crate::wait::{seconds, until, until_true};

in_both_worlds!(
    who_is_gone_for_longer_than_the_grace_is_claimed_over["SWP__GAMES__GRACE_MS" = "3500"],
    who_comes_back_within_the_grace_goes_on["SWP__GAMES__GRACE_MS" = "6000"],
    who_only_ever_called_is_gone_without_calls["SWP__GAMES__GRACE_MS" = "2500"],
    a_claim_needs_a_game_and_a_word["SWP__GAMES__GRACE_MS" = "1000"],
    who_went_together_went_by_no_fault_of_theirs["SWP__GAMES__GRACE_MS" = "1000"],
    who_left_one_after_the_other_abandoned_the_game["SWP__GAMES__GRACE_MS" = "1500"],
    who_leaves_loses_at_once,
);

/// Of the first test.
const GRACE: Duration = Duration::from_millis(3_500);

async fn claim(player: &Player, game: &str, what: &str) -> Answer {
    player.api.post(&format!("/api/v1/games/{game}/claim"), json!({ "claim": what })).await
}

/// Waits until the claim is granted; the game then.
async fn claimed(player: &Player, game: &str, what: &str) -> Value {
    until("the claim is granted", seconds(15), || async {
        let answer = claim(player, game, what).await;
        if answer.status == 409 {
            answer.expect_problem(409, "games.nothing_to_claim");
            return None;
        }
        Some(answer.expect_status(200))
    })
    .await
}

/// A game whose players have a socket each, by seat; both follow it.
async fn watched(app: &TestApp, mode: &str) -> (Match, [Socket; 2]) {
    let players = app.two_guests().await;
    let mut sockets = [Socket::open(&players[0]).await, Socket::open(&players[1]).await];
    for socket in &mut sockets {
        socket.event("session.ready").await;
    }
    let running = Match::running(mode, players).await;
    for socket in &mut sockets {
        socket.event("game.started").await;
    }
    let [one, two] = sockets;
    let is_first = one.hello["player"]["id"] == *running.seats[0].id;
    (running, if is_first { [one, two] } else { [two, one] })
}

/// A time as the API writes it, as milliseconds. Only its clock time counts: no test lasts a day.
fn millis_of_day(time: &Value) -> u64 {
    let text = time.as_str().and_then(|text| text.get(11..23)).unwrap_or_else(|| panic!("{time} is no time"));
    let number = |range: std::ops::Range<usize>| text[range].parse::<u64>().expect("is a number");
    ((number(0..2) * 60 + number(3..5)) * 60 + number(6..8)) * 1_000 + number(9..12)
}

async fn who_is_gone_for_longer_than_the_grace_is_claimed_over(app: TestApp) {
    let (running, [mut here, there]) = watched(&app, "tic_tac_toe").await;
    let ([stays, goes], game, begun) = (&running.seats, &running.game, Instant::now());
    // Over sockets alone, for longer than the grace: nobody is missed meanwhile.
    until_true("the game has lasted", seconds(15), || async { begun.elapsed() > GRACE + Duration::from_millis(300) })
        .await;
    let problem = claim(stays, game, "win").await.expect_problem(409, "games.nothing_to_claim");
    assert_eq!(problem.get("claim_at"), None, "nobody is missed: {problem}");
    let cut = Instant::now();
    drop(there.cut());
    let gone = here.event("game.opponent_gone").await;
    assert_eq!(gone["stream"], format!("game:{game}"), "{gone}");
    assert_eq!((&gone["data"]["game_id"], &gone["data"]["player_id"]), (&json!(game), &json!(goes.id)), "{gone}");
    assert!(gone["data"]["claim_in"].as_i64().is_some_and(|ms| (500..=3_500).contains(&ms)), "{gone}");
    let early = claim(stays, game, "win").await;
    let problem = early.expect_problem(409, "games.nothing_to_claim");
    assert_eq!(problem["claim_at"], gone["data"]["claim_at"], "nothing ends before the grace: {problem}");
    assert!(early.header("retry-after").is_some());
    let seen = stays.game(game).await;
    assert_eq!((&seen["status"], &goes.line(&seen)["claim_at"]), (&json!("in_progress"), &problem["claim_at"]));

    let over = claimed(stays, game, "win").await;
    assert!(cut.elapsed() >= GRACE, "the whole grace, counted from the end of the socket");
    assert_eq!(over["ended"], json!({ "reason": "claimed", "by": stays.id }), "{over}");
    assert_eq!((&over["status"], &over["result"]["reason"]), (&json!("settled"), &json!("claimed")), "{over}");
    assert_eq!((&stays.line(&over)["outcome"], &goes.line(&over)["outcome"]), (&json!("win"), &json!("loss")));
    assert_eq!(claim(stays, game, "win").await.expect_status(200)["result"]["version"], 1, "a second click");
    claim(stays, game, "draw").await.expect_problem(409, "games.not_in_progress");
    let late = claim(goes, game, "win").await.expect_problem(409, "games.not_in_progress");
    assert_eq!(late["state"], "settled", "{late}");
    here.event("game.settled").await;
    // Both are free again.
    stays.join("duel").await;
    goes.join("connect_four").await;
}

async fn who_comes_back_within_the_grace_goes_on(app: TestApp) {
    let (running, [mut here, there]) = watched(&app, "tic_tac_toe").await;
    let ([stays, goes], game) = (&running.seats, &running.game);
    let positions = there.cut();
    here.event("game.opponent_gone").await;
    stays.mark(game, 0, 0).await.expect_status(200);
    // On the other replica, where there is one; with what was missed.
    let elsewhere = if goes.api.authority() == app.client(0).authority() { 1 } else { 0 };
    let mut back = Socket::resume(&goes.at(&app.client(elsewhere)), &positions).await;
    assert_eq!(back.event("game.moved").await["data"]["sequence"], 1);
    let told = here.event("game.opponent_back").await;
    assert_eq!(told["data"]["player_id"], *goes.id, "{told}");
    let problem = claim(stays, game, "draw").await.expect_problem(409, "games.nothing_to_claim");
    assert_eq!(problem.get("claim_at"), None, "{problem}");
    assert_eq!(goes.line(&stays.game(game).await)["claim_at"], Value::Null);
    running.play_to_a_win(1).await;
    back.event("game.settled").await;
}

async fn who_only_ever_called_is_gone_without_calls(app: TestApp) {
    let running = Match::running("duel", app.two_guests().await).await;
    let ([calls, silent], game) = (&running.seats, &running.game);
    let begun = millis_of_day(&calls.game(game).await["started_at"]);
    let over = claimed(calls, game, "draw").await;
    let ended = millis_of_day(&over["finished_at"]);
    assert!(ended.wrapping_sub(begun) >= 2_500, "not before the grace: {over}");
    for player in [calls, silent] {
        assert_eq!(player.line(&over)["outcome"], "draw", "{over}");
    }
    // Who calls is there: the one who claimed never was gone.
    assert_eq!(calls.line(&over)["claim_at"], Value::Null, "{over}");
}

async fn a_claim_needs_a_game_and_a_word(app: TestApp) {
    let found = Match::found("duel", app.two_guests().await).await;
    let [ada, ben] = &found.seats;
    let waiting = claim(ada, &found.game, "win").await.expect_problem(409, "games.not_in_progress");
    assert_eq!(waiting["state"], "waiting_ready");
    for player in [ada, ben] {
        player.command(&found.game, "ready").await.expect_status(200);
    }
    claim(ada, &found.game, "loss").await.expect_problem(422, "validation.failed");
    let bare = ada.command(&found.game, "claim").await;
    assert_eq!(bare.status, 422, "{}", bare.json());
    let stranger = app.guest(1, "Cleo").await;
    claim(&stranger, &found.game, "win").await.expect_problem(404, "games.not_found");
    // Who has reported has had the say: the report counts, and the other one may still answer it.
    ada.report(&found.game, json!({ "score": 5 })).await.expect_status(200);
    claim(ada, &found.game, "win").await.expect_problem(409, "games.already_reported");
    claim(ben, &found.game, "win").await.expect_problem(409, "games.nothing_to_claim");
    let left = Match::running("duel", [app.guest(0, "Di").await, app.guest(1, "Ed").await]).await;
    left.seats[0].command(&left.game, "abandon").await.expect_status(200);
    claim(&left.seats[0], &left.game, "win").await.expect_problem(409, "games.not_in_progress");
}

async fn who_went_together_went_by_no_fault_of_theirs(app: TestApp) {
    let watcher = app.guest(0, "Cleo").await;
    let (running, sockets) = watched(&app, "tic_tac_toe").await;
    for socket in sockets {
        drop(socket.cut());
    }
    // Nobody of the two calls: whoever looks from outside sees it once it is over.
    let over = ended(&watcher, &running.game).await;
    assert_eq!((&over["status"], &over["ended"]["reason"]), (&json!("voided"), &json!("server_fault")), "{over}");
    for player in &running.seats {
        assert_eq!(player.line(&over)["outcome"], Value::Null, "{over}");
        assert_eq!(player.line(&over)["rating_after"], Value::Null, "{over}");
        assert_eq!(player.history("").await["items"][0]["status"], "voided", "it stays, marked");
    }
}

async fn who_left_one_after_the_other_abandoned_the_game(app: TestApp) {
    let watcher = app.guest(0, "Cleo").await;
    let (running, [mut here, there]) = watched(&app, "tic_tac_toe").await;
    let cut = Instant::now();
    drop(there.cut());
    here.event("game.opponent_gone").await;
    // A look more than five seconds: the first end may have been noticed late.
    until_true("the first has been gone for long", seconds(10), || async { cut.elapsed() > seconds(6) }).await;
    assert_eq!(running.seats[0].game(&running.game).await["status"], "in_progress", "the other one may wait");
    drop(here.cut());
    let over = ended(&watcher, &running.game).await;
    assert_eq!(over["status"], "abandoned", "{over}");
    assert_eq!(over["ended"], json!({ "reason": "abandoned", "by": "system" }));
    for player in &running.seats {
        assert_eq!(player.line(&over)["outcome"], Value::Null, "no winner: {over}");
    }
}

async fn who_leaves_loses_at_once(app: TestApp) {
    let running = Match::running("tic_tac_toe", app.two_guests().await).await;
    let ([leaves, stays], game) = (&running.seats, &running.game);
    leaves.mark(game, 0, 0).await.expect_status(200);
    for _ in 0..2 {
        let over = leaves.command(game, "abandon").await.expect_status(200);
        assert_eq!(over["ended"], json!({ "reason": "abandoned", "by": leaves.id }), "{over}");
        assert_eq!((&stays.line(&over)["outcome"], &leaves.line(&over)["outcome"]), (&json!("win"), &json!("loss")));
    }
    stays.command(game, "abandon").await.expect_problem(409, "games.not_in_progress");
}

/// The game as somebody who isn't in it sees it, once it is over.
async fn ended(watcher: &Player, game: &str) -> Value {
    until("the game is over", seconds(15), || async {
        let answer = watcher.api.get(&format!("/api/v1/games/{game}")).await;
        (answer.status == 200).then(|| answer.json())
    })
    .await
}
