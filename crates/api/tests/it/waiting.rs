//! What a player who waits is told and offered, and how long a ticket holds.

use serde_json::{Value, json};

use crate::app::TestApp;
use crate::client::Answered as _;
use crate::players::Player;
use crate::sockets::Socket;
use crate::wait::{seconds, until, until_true};

in_both_worlds!(
    a_wait_is_explained,
    something_else_is_offered_and_said_at_the_end ["SWP__MATCHMAKING__OFFER_MS" = "600", "SWP__MATCHMAKING__TICKET_TTL_MS" = "2500"],
    a_ticket_whose_player_stays_away_is_given_up ["SWP__MATCHMAKING__DETACHED_MS" = "2500"],
    who_comes_back_keeps_the_place,
    what_a_mode_has_no_rule_for_changes_nothing,
);

async fn explain(player: &Player, ticket: &str) -> Value {
    player.api.get(&format!("/api/v1/matchmaking/tickets/{ticket}/explain")).await.expect_status(200)
}

async fn a_wait_is_explained(app: TestApp) {
    let [ada, ben] = app.two_guests().await;
    let ticket = ada.join("squads").await;
    let alone = explain(&ada, &ticket).await;
    assert_eq!((&alone["candidates"], &alone["removed"]), (&json!(0), &json!([])), "{alone}");
    assert!(alone["waiting_ms"].as_i64().is_some_and(|ms| ms >= 0), "{alone}");
    assert_eq!(alone["rating"], json!(1500.0), "{alone}");
    ben.join("squads").await;
    until_true("the other one is seen", seconds(5), || async { explain(&ada, &ticket).await["candidates"] == 1 }).await;
    // A block is nothing one can find out here.
    let cleo = app.guest(0, "Cleo").await;
    cleo.block(&ada).await;
    cleo.join("squads").await;
    let path = format!("/api/v1/matchmaking/tickets/{ticket}/explain");
    ben.api.get(&path).await.expect_problem(404, "matchmaking.ticket_not_found");
    ada.api.delete(&format!("/api/v1/matchmaking/tickets/{ticket}")).await.expect_status(200);
    ada.api.get(&path).await.expect_problem(409, "matchmaking.state_changed");
}

async fn something_else_is_offered_and_said_at_the_end(app: TestApp) {
    let ada = app.guest(0, "Ada").await;
    let mut socket = Socket::open(&ada).await;
    let ticket = ada.join("tic_tac_toe").await;
    let told = socket.event("ticket.updated").await;
    let kinds = |list: &Value| {
        let list = list.as_array().expect("is a list").iter();
        list.map(|one| one["kind"].as_str().expect("is text").to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(told["data"]["ticket"]["status"], "searching", "{told}");
    let offered = kinds(&told["data"]["ticket"]["offers"]);
    assert!(["mode", "practice_bot"].iter().all(|kind| offered.contains(&(*kind).to_owned())), "{told}");
    let ended = socket.event("ticket.updated").await;
    assert_eq!(ended["data"]["ticket"]["status"], "expired", "{ended}");
    let ended = ada.ticket(&ticket).await["ended"].clone();
    assert_eq!((&ended["reason"], &ended["by"]), (&json!("no_opponent"), &json!("service")), "{ended}");
    let named = kinds(&ended["alternatives"]);
    assert!(["practice_bot", "wider_range"].iter().all(|kind| named.contains(&(*kind).to_owned())), "{ended}");
}

async fn a_ticket_whose_player_stays_away_is_given_up(app: TestApp) {
    let [ada, ben] = app.two_guests().await;
    let ticket = ada.join("duel").await;
    let _ = Socket::open(&ada).await.cut();
    let ended = until("the ticket is given up", seconds(15), || async {
        let ticket = ada.ticket(&ticket).await;
        (ticket["status"] == "cancelled").then_some(ticket)
    })
    .await;
    assert_eq!((&ended["ended"]["reason"], &ended["ended"]["by"]), (&json!("detached"), &json!("service")), "{ended}");
    // Who never had a socket never loses one.
    let mine = ben.join("connect_four").await;
    assert_eq!(ben.ticket(&mine).await["status"], "searching");
}

async fn who_comes_back_keeps_the_place(app: TestApp) {
    let [ada, ben] = app.two_guests().await;
    let ticket = ada.join("duel").await;
    let before = Socket::open(&ada).await.cut();
    let socket = Socket::resume(&ada, &before).await;
    assert_eq!(socket.hello["live"]["ticket_id"], *ticket, "{}", socket.hello);
    let other = ben.join("duel").await;
    assert_eq!(ada.matched(&ticket).await, ben.matched(&other).await);
}

async fn what_a_mode_has_no_rule_for_changes_nothing(app: TestApp) {
    let [ada, ben] = app.two_guests().await;
    let wanted = json!({
        "mode": "duel",
        "region_latencies_ms": { "eu": 20 },
        "attributes": { "platform": "phone" },
    });
    let first = ada.api.post("/api/v1/matchmaking/tickets", wanted).await.expect_status(201);
    let other = json!({ "mode": "duel", "region_latencies_ms": { "us": 9 }, "attributes": { "platform": "pc" } });
    let second = ben.api.post("/api/v1/matchmaking/tickets", other).await.expect_status(201);
    let id = |ticket: &Value| ticket["id"].as_str().expect("has an id").to_owned();
    assert_eq!(ada.matched(&id(&first)).await, ben.matched(&id(&second)).await);
    let cleo = app.guest(0, "Cleo").await;
    for (field, value) in [
        ("region_latencies_ms", json!({ "eu": 99_999_999 })),
        ("region_latencies_ms", json!({ "": 9 })),
        ("attributes", json!({ "k": "x".repeat(65) })),
        ("attributes", (0..17).map(|n| (format!("k{n}"), json!("v"))).collect::<serde_json::Map<_, _>>().into()),
    ] {
        let mut wanted = json!({ "mode": "duel" });
        wanted[field] = value;
        let refused = cleo.api.post("/api/v1/matchmaking/tickets", wanted).await;
        let refused = refused.expect_problem(422, "validation.failed");
        assert_eq!(refused["errors"][0]["pointer"], format!("/{field}"), "{refused}");
    }
    // What only the server knows can't be said at all.
    for field in ["rating", "blocked", "region", "player_id"] {
        let mut wanted = json!({ "mode": "duel" });
        wanted[field] = json!(3_000);
        let refused = cleo.api.post("/api/v1/matchmaking/tickets", wanted).await;
        assert_eq!(refused.status, 422, "{field}");
    }
}
