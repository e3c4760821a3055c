//! Friends, requests, blocks, and links that make friends.

use futures_util::future::{join, join_all};
use serde_json::{Value, json};

use crate::app::TestApp;
use crate::client::Answered as _;
use crate::players::Player;
use crate::sockets::Socket;
use crate::wait::{seconds, until_true};

in_both_worlds!(
    a_request_is_made_accepted_and_both_are_told,
    requests_that_cross_make_friends_once,
    a_decline_is_silent_and_the_decliner_may_still_ask,
    an_accept_and_a_cancel_have_one_winner,
    a_block_ends_everything_and_hides_both_ways,
    a_link_makes_as_many_friends_as_it_may,
    what_makes_no_sense_is_refused,
    changes_since_a_time_name_who_came_and_who_went,
);

const REQUESTS: &str = "/api/v1/friends/requests";

async fn items(player: &Player, path: &str) -> Vec<Value> {
    let list = player.api.get(path).await.expect_status(200);
    list["items"].as_array().expect("is a list").clone()
}

async fn friends_of(player: &Player) -> Vec<Value> {
    items(player, "/api/v1/friends").await
}

async fn requests(player: &Player, direction: &str) -> Vec<Value> {
    items(player, &format!("{REQUESTS}?direction={direction}")).await
}

async fn a_request_is_made_accepted_and_both_are_told(app: TestApp) {
    let [ada, ben] = app.two_guests().await;
    let (mut hers, mut his) = (Socket::open(&ada).await, Socket::open(&ben).await);
    for socket in [&mut hers, &mut his] {
        socket.event("session.ready").await;
    }
    let made = ada.ask(&ben).await.expect_status(201);
    assert_eq!((&made["player_id"], &made["state"]), (&json!(ben.id), &json!("pending")), "{made}");
    assert_eq!(his.event("friend.requested").await["data"]["player_id"], *ada.id);
    assert_eq!(ada.ask(&ben).await.expect_status(200)["state"], "pending", "a repeat changes nothing");
    assert_eq!(requests(&ben, "incoming").await[0]["player"]["id"], *ada.id);
    assert_eq!(requests(&ada, "outgoing").await[0]["player"]["id"], *ben.id);
    assert!(requests(&ada, "incoming").await.is_empty() && friends_of(&ada).await.is_empty());

    for _ in 0..2 {
        let answered = ben.answer(&ada, "accept").await;
        if answered.status == 200 {
            assert_eq!(answered.expect_status(200)["state"], "friends");
        } else {
            answered.expect_problem(409, "friends.already_friends");
        }
    }
    for (socket, other) in [(&mut hers, &ben), (&mut his, &ada)] {
        let told = socket.event("friend.added").await;
        let data = &told["data"];
        assert_eq!((&data["player_id"], &data["player"]["id"]), (&json!(other.id), &json!(other.id)), "{told}");
        assert!(data["since"].is_string(), "{told}");
    }
    until_true("the friend is seen to be there", seconds(5), || async {
        let line = friends_of(&ada).await.remove(0);
        line["player"]["id"] == *ben.id && line["presence"]["status"] == "online"
    })
    .await;
    let seen = items(&ada, &format!("/api/v1/presence?ids={},{}", ben.id, ada.id)).await;
    assert_eq!((&seen[0]["status"], &seen[1]["status"]), (&json!("online"), &json!("online")), "{seen:?}");
    ada.api
        .patch(&format!("/api/v1/friends/{}", ben.id), json!({ "note": "met at the lake" }))
        .await
        .expect_status(200);
    assert_eq!(friends_of(&ada).await[0]["note"], "met at the lake");
    assert_eq!(friends_of(&ben).await[0]["note"], Value::Null, "nobody else sees it");

    ben.api.delete(&format!("/api/v1/friends/{}", ada.id)).await.expect_status(200);
    hers.event("friend.removed").await;
    assert!(friends_of(&ada).await.is_empty() && friends_of(&ben).await.is_empty());
    ben.api.delete(&format!("/api/v1/friends/{}", ada.id)).await.expect_problem(404, "friends.not_friends");
}

async fn requests_that_cross_make_friends_once(app: TestApp) {
    let [ada, ben] = app.two_guests().await;
    let (one, two) = join(ada.ask(&ben), ben.ask(&ada)).await;
    let states = [one, two].map(|answer| {
        assert!(matches!(answer.status, 200 | 201), "{}", answer.status);
        answer.json()["state"].clone()
    });
    assert!(states.contains(&json!("friends")), "{states:?}");
    assert_eq!((friends_of(&ada).await.len(), friends_of(&ben).await.len()), (1, 1));
    assert!(requests(&ada, "outgoing").await.is_empty() && requests(&ben, "outgoing").await.is_empty());
}

async fn a_decline_is_silent_and_the_decliner_may_still_ask(app: TestApp) {
    let [ada, ben] = app.two_guests().await;
    ada.ask(&ben).await.expect_status(201);
    assert_eq!(ben.answer(&ada, "decline").await.expect_status(200)["state"], "declined");
    assert!(requests(&ben, "incoming").await.is_empty());
    assert_eq!(requests(&ada, "outgoing").await.len(), 1, "to her it goes on");
    assert_eq!(ada.ask(&ben).await.expect_status(200)["state"], "pending");
    assert!(requests(&ben, "incoming").await.is_empty(), "asking again tells nobody");
    assert_eq!(ben.ask(&ada).await.expect_status(200)["state"], "friends");
}

async fn an_accept_and_a_cancel_have_one_winner(app: TestApp) {
    for round in 0..6 {
        let (ada, ben) = (app.guest(0, "Ada").await, app.guest(1, "Ben").await);
        ada.ask(&ben).await.expect_status(201);
        let path = format!("{REQUESTS}/{}", ben.id);
        let (accepted, cancelled) = join(ben.answer(&ada, "accept"), ada.api.delete(&path)).await;
        let friends = friends_of(&ada).await.len();
        assert_eq!(friends, friends_of(&ben).await.len(), "round {round}");
        match (accepted.status, cancelled.status) {
            (200, 409) => {
                let lost = cancelled.expect_problem(409, "friends.state_changed");
                assert_eq!((&lost["state"], friends), (&json!("friends"), 1), "{lost}");
            }
            (409 | 404, 200) => assert_eq!(friends, 0),
            both => panic!("round {round}: {both:?}"),
        }
    }
}

async fn a_block_ends_everything_and_hides_both_ways(app: TestApp) {
    let [ada, ben] = app.two_guests().await;
    ada.befriend(&ben).await;
    let block = format!("/api/v1/blocks/{}", ben.id);
    for _ in 0..2 {
        ada.api.request("PUT", &block, None).await.expect_status(200);
    }
    assert!(friends_of(&ada).await.is_empty() && friends_of(&ben).await.is_empty());
    assert_eq!(items(&ada, "/api/v1/blocks").await[0]["player"]["id"], *ben.id);
    assert!(items(&ben, "/api/v1/blocks").await.is_empty());
    // To Ben she looks like nobody.
    ben.ask(&ada).await.expect_problem(404, "friends.not_found");
    for path in ["", "/games", "/stats", "/ratings"] {
        ben.api.get(&format!("/api/v1/players/{}{path}", ada.id)).await.expect_problem(404, "players.not_found");
    }
    ada.api.delete(&block).await.expect_status(200);
    ben.api.get(&format!("/api/v1/players/{}", ada.id)).await.expect_status(200);
    assert!(friends_of(&ada).await.is_empty(), "what ended stays ended");
    ben.ask(&ada).await.expect_status(201);
}

async fn a_link_makes_as_many_friends_as_it_may(app: TestApp) {
    let host = app.guest(0, "Host").await;
    let link = host.api.post("/api/v1/friends/invite-links", json!({ "max_uses": 2 })).await.expect_status(201);
    let code = link["code"].as_str().expect("is text").to_owned();
    assert!(link["url"].as_str().is_some_and(|url| url.ends_with(&code)), "{link}");
    let path = format!("/api/v1/friends/invite-links/{code}");
    let mut guests = Vec::new();
    for at in 0..4 {
        guests.push(app.guest(at % 2, "Guest").await);
    }
    let redeem = format!("{path}/redeem");
    let answers = join_all(guests.iter().map(|guest| guest.api.request("POST", &redeem, None))).await;
    let statuses: Vec<_> = answers.iter().map(|answer| answer.status).collect();
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 2, "{statuses:?}");
    assert_eq!(statuses.iter().filter(|status| **status == 409).count(), 2, "{statuses:?}");
    assert_eq!(friends_of(&host).await.len(), 2);
    host.api.request("POST", &redeem, None).await.expect_problem(422, "friends.self");
    assert!(items(&host, "/api/v1/friends/invite-links").await.is_empty(), "used up");
    host.api.delete(&path).await.expect_status(200);
    guests[0].api.delete(&path).await.expect_problem(404, "friends.link_not_found");
    guests[0].api.request("POST", &redeem, None).await.expect_problem(404, "friends.link_not_found");
}

async fn what_makes_no_sense_is_refused(app: TestApp) {
    let [ada, ben] = app.two_guests().await;
    ada.ask(&ada).await.expect_problem(422, "friends.self");
    ada.api.post(REQUESTS, json!({})).await.expect_problem(422, "validation.failed");
    let both = json!({ "player_id": ben.id, "handle": "ben" });
    ada.api.post(REQUESTS, both).await.expect_problem(422, "validation.failed");
    let nobody = json!({ "player_id": "0192f0c1-2345-7abc-8def-0123456789ab" });
    ada.api.post(REQUESTS, nobody).await.expect_problem(404, "friends.not_found");
    ada.api.post(REQUESTS, json!({ "handle": "nobody-here" })).await.expect_problem(404, "friends.not_found");
    ada.answer(&ben, "accept").await.expect_problem(404, "friends.no_request");
    ada.api.get(&format!("{REQUESTS}?direction=up")).await.expect_problem(422, "validation.failed");
    let link = json!({ "max_uses": 0 });
    ada.api.post("/api/v1/friends/invite-links", link).await.expect_problem(422, "validation.failed");
    app.client(0).get("/api/v1/friends").await.expect_problem(401, "auth.missing_token");
}

async fn changes_since_a_time_name_who_came_and_who_went(app: TestApp) {
    let [ada, ben] = app.two_guests().await;
    let cleo = app.guest(0, "Cleo").await;
    ada.befriend(&ben).await;
    ada.befriend(&cleo).await;
    ada.api.delete(&format!("/api/v1/friends/{}", ben.id)).await.expect_status(200);
    let path = "/api/v1/friends?updated_since=2026-01-01T00:00:00Z";
    let changes = ada.api.get(path).await.expect_status(200);
    assert_eq!((&changes["items"][0]["player"]["id"], &changes["removed"]), (&json!(cleo.id), &json!([ben.id])));
    until_true("the friend's copy follows", seconds(5), || async { friends_of(&cleo).await.len() == 1 }).await;
    let first = ada.api.get(&format!("{path}&limit=1")).await.expect_status(200);
    let cursor = first["next_cursor"].as_str().expect("there is more").to_owned();
    let other = ada.api.get(&format!("/api/v1/friends?cursor={cursor}")).await;
    other.expect_problem(422, "request.bad_cursor");
}
