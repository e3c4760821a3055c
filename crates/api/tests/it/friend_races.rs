//! Friends under races and abuse: each outcome has its code, and nothing happens twice.

use futures_util::future::{join, join_all};
use serde_json::{Value, json};

use crate::app::TestApp;
use crate::client::Answered as _;
use crate::players::Player;
use crate::sockets::Socket;

in_both_worlds!(
    a_double_accept_makes_friends_once,
    an_accept_and_a_block_have_one_winner,
    two_hundred_requests_at_once_are_one,
    a_flood_of_requests_is_told_to_wait["SWP__LIMITS__WRITE_PER_MINUTE" = "60"],
    caps_hold_when_both_reach_them_at_once["SWP__FRIENDS__MAX_FRIENDS" = "2"],
    requests_out_are_capped["SWP__FRIENDS__MAX_REQUESTS" = "3"],
);

const REQUESTS: &str = "/api/v1/friends/requests";

async fn friends_of(player: &Player) -> Vec<Value> {
    let list = player.api.get("/api/v1/friends").await.expect_status(200);
    list["items"].as_array().expect("is a list").clone()
}

async fn a_double_accept_makes_friends_once(app: TestApp) {
    let [ada, ben] = app.two_guests().await;
    let mut socket = Socket::open(&ada).await;
    ada.ask(&ben).await.expect_status(201);
    let elsewhere = ben.at(&ada.api);
    let answers =
        join_all((0..8).map(|nth| (if nth % 2 == 0 { &ben } else { &elsewhere }).answer(&ada, "accept"))).await;
    for answer in answers {
        if answer.status == 200 {
            assert_eq!(answer.json()["state"], "friends");
        } else {
            answer.expect_problem(409, "friends.already_friends");
        }
    }
    // One event: what comes next is of something else.
    socket.event("friend.added").await;
    ben.api.delete(&format!("/api/v1/friends/{}", ada.id)).await.expect_status(200);
    let told = socket.all_until("friend.removed").await;
    assert!(told.iter().all(|event| event["type"] != "friend.added"), "{told:?}");
    assert!(friends_of(&ada).await.is_empty() && friends_of(&ben).await.is_empty());
}

async fn an_accept_and_a_block_have_one_winner(app: TestApp) {
    for _ in 0..6 {
        let (ada, ben) = (app.guest(0, "Ada").await, app.guest(1, "Ben").await);
        ada.ask(&ben).await.expect_status(201);
        let block = format!("/api/v1/blocks/{}", ben.id);
        let (accepted, blocked) = join(ben.answer(&ada, "accept"), ada.api.request("PUT", &block, None)).await;
        blocked.expect_status(200);
        match accepted.status {
            // It came first, and the block ended it.
            200 => assert_eq!(accepted.json()["state"], "friends"),
            409 => assert_eq!(accepted.expect_problem(409, "friends.state_changed")["state"], "none"),
            404 => _ = accepted.expect_problem(404, "friends.not_found"),
            _ => panic!("{accepted:?}"),
        }
        assert!(friends_of(&ada).await.is_empty() && friends_of(&ben).await.is_empty());
    }
}

async fn two_hundred_requests_at_once_are_one(app: TestApp) {
    let [ada, ben] = app.two_guests().await;
    let mut socket = Socket::open(&ben).await;
    let elsewhere = ada.at(&ben.api);
    let answers = join_all((0..200).map(|nth| (if nth % 2 == 0 { &ada } else { &elsewhere }).ask(&ben))).await;
    let made = answers.iter().filter(|answer| answer.status == 201).count();
    let kept = answers.iter().filter(|answer| answer.status == 200).count();
    // A request that lost too many races in a row, or waited too long for a connection, says so, and changed nothing.
    let busy = answers.iter().filter(|answer| matches!(answer.status, 409 | 503)).count();
    assert_eq!((made, made + kept + busy), (1, 200), "{:?}", answers.iter().map(|a| a.status).collect::<Vec<_>>());
    socket.event("friend.requested").await;
    ben.answer(&ada, "accept").await.expect_status(200);
    let told = socket.all_until("friend.added").await;
    assert!(told.iter().all(|event| event["type"] != "friend.requested"), "told once: {told:?}");
}

async fn a_flood_of_requests_is_told_to_wait(app: TestApp) {
    let [ada, ben] = app.two_guests().await;
    let elsewhere = ada.at(&ben.api);
    let answers = join_all((0..200).map(|nth| (if nth % 2 == 0 { &ada } else { &elsewhere }).ask(&ben))).await;
    let refused: Vec<_> = answers.iter().filter(|answer| answer.status == 429).collect();
    assert!(refused.len() >= 130, "over both replicas: {}", refused.len());
    for answer in refused {
        assert_eq!(answer.json()["code"], "rate_limited");
        assert!(answer.header("retry-after").is_some_and(|after| after.parse::<u64>().is_ok_and(|after| after > 0)));
    }
    // Others aren't held up.
    assert_eq!(ben.ask(&ada).await.expect_status(200)["state"], "friends");
}

/// Each has room for one more; of two requests that would bring both over the top one is accepted.
async fn caps_hold_when_both_reach_them_at_once(app: TestApp) {
    let mut all = Vec::new();
    for nth in 0..5 {
        all.push(app.guest(nth % 2, "Player").await);
    }
    let [ada, ben, cleo, dea, eve] = &all[..] else { unreachable!("five were made") };
    for (one, other) in [(ada, cleo), (ben, dea)] {
        one.ask(other).await.expect_status(201);
        other.answer(one, "accept").await.expect_status(200);
    }
    // Ada and Ben have one friend each. Both get Eve's and each other's yes at once.
    ada.ask(ben).await.expect_status(201);
    eve.ask(ada).await.expect_status(201);
    eve.ask(ben).await.expect_status(201);
    let answers = join_all([ben.answer(ada, "accept"), ada.answer(eve, "accept"), ben.answer(eve, "accept")]).await;
    for answer in answers.iter().filter(|answer| answer.status != 200) {
        let refused = answer.json();
        assert_eq!((answer.status, &refused["code"]), (409, &json!("friends.limit")), "{refused}");
        assert!(matches!(refused["side"].as_str(), Some("you" | "them")), "{refused}");
    }
    let mut friendships = 0;
    for player in &all {
        let count = friends_of(player).await.len();
        assert!(count <= 2, "{count}");
        friendships += count;
    }
    assert_eq!(friendships % 2, 0, "symmetric");
    let accepted = answers.iter().filter(|answer| answer.status == 200).count();
    assert_eq!(friendships, 2 * (2 + accepted));
    assert!((1..=2).contains(&accepted), "{accepted}");
}

async fn requests_out_are_capped(app: TestApp) {
    let [ada, _] = app.two_guests().await;
    let mut others = Vec::new();
    for nth in 0..6 {
        others.push(app.guest(nth % 2, "Other").await);
    }
    let answers = join_all(others.iter().map(|other| ada.ask(other))).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 201).count(), 3);
    for answer in answers.iter().filter(|answer| answer.status != 201) {
        assert_eq!((answer.status, &answer.json()["code"]), (409, &json!("friends.limit")), "{}", answer.json());
    }
    let out = ada.api.get(&format!("{REQUESTS}?direction=outgoing")).await.expect_status(200);
    let first = out["items"][0]["player"]["id"].as_str().expect("is text").to_owned();
    ada.api.delete(&format!("{REQUESTS}/{first}")).await.expect_status(200);
    let left = others.iter().zip(&answers).find(|(_, answer)| answer.status != 201).expect("three were refused");
    ada.ask(left.0).await.expect_status(201);
}
