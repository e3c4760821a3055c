//! Modes with a ready check: what is proposed, answered, and what becomes of those who wait.

use serde_json::{Value, json};
use testkit::http::Answer;

use crate::app::TestApp;
use crate::client::Answered as _;
use crate::players::Player;
use crate::sockets::Socket;
use crate::wait::{seconds, until, until_true};

in_both_worlds!(
    four_accept_and_play_squads_to_the_end,
    one_no_sends_the_others_back_with_their_age,
    the_silent_one_leaves_and_cools_down ["SWP__MATCHMAKING__READY_CHECK_MS" = "1200", "SWP__MATCHMAKING__COOL_DOWN_MS" = "60000"],
    the_first_answer_is_final,
    a_block_in_a_ready_check_is_nobody_s_fault,
    everybody_answers_at_the_same_moment,
    who_is_erased_in_a_ready_check_leaves_the_others_their_place,
);

const CHECKED: &str = "squads";

/// Four who wait, two at each replica where there are two.
async fn four(app: &TestApp) -> Vec<(Player, String)> {
    let mut waiting = Vec::new();
    for (n, name) in ["Ada", "Ben", "Cleo", "Dan"].into_iter().enumerate() {
        let player = app.guest(n % app.replica_count(), name).await;
        let ticket = player.join(CHECKED).await;
        waiting.push((player, ticket));
    }
    waiting
}

/// Waits until this ticket stands so.
async fn stands(player: &Player, ticket: &str, status: &str) -> Value {
    until(&format!("the ticket is {status}"), seconds(10), || async {
        let ticket = player.ticket(ticket).await;
        (ticket["status"] == status).then_some(ticket)
    })
    .await
}

async fn proposed(waiting: &[(Player, String)]) -> String {
    let mut proposals = Vec::new();
    for (player, ticket) in waiting {
        let ticket = stands(player, ticket, "proposed").await;
        assert_eq!(ticket["game_id"], Value::Null, "{ticket}");
        proposals.push(ticket["proposal_id"].as_str().expect("names its ready check").to_owned());
    }
    proposals.dedup();
    assert_eq!(proposals.len(), 1, "all four are in one");
    proposals.remove(0)
}

async fn answer(player: &Player, proposal: &str, what: &str) -> Answer {
    player.api.request("POST", &format!("/api/v1/matchmaking/proposals/{proposal}/{what}"), None).await
}

async fn four_accept_and_play_squads_to_the_end(app: TestApp) {
    let waiting = four(&app).await;
    let proposal = proposed(&waiting).await;
    let mut socket = Socket::open(&waiting[0].0).await;
    assert_eq!(socket.hello["live"]["proposal_id"], *proposal, "{}", socket.hello);
    for (n, (player, _)) in waiting.iter().enumerate() {
        let seen = answer(player, &proposal, "accept").await.expect_status(200);
        let accepted = seen["players"].as_array().expect("is a list").iter();
        assert_eq!(accepted.filter(|one| one["answer"] == "accepted").count(), n + 1, "{seen}");
        assert_eq!(seen["status"], if n < 3 { "open" } else { "confirmed" }, "{seen}");
    }
    // Whoever accepted is ready: it starts without another word.
    let started = socket.event("game.started").await;
    let game = started["data"]["game"]["id"].as_str().expect("has an id").to_owned();
    for (player, ticket) in &waiting {
        let ticket = player.ticket(ticket).await;
        assert_eq!((&ticket["status"], &ticket["game_id"]), (&json!("matched"), &json!(game)), "{ticket}");
        let seen = player.sees(&game, "in_progress").await;
        let teams: Vec<_> = seen["players"].as_array().expect("is a list").iter().map(|one| &one["team"]).collect();
        assert_eq!(teams.iter().filter(|team| **team == 0).count(), 2, "{seen}");
    }
    // A retry says the same; so does who comes too late.
    let again = answer(&waiting[1].0, &proposal, "accept").await.expect_status(200);
    assert_eq!((&again["status"], &again["game_id"]), (&json!("confirmed"), &json!(game)), "{again}");
    answer(&waiting[1].0, &proposal, "decline").await.expect_problem(409, "matchmaking.proposal_closed");
    let replay = |player: &Player| {
        let (api, game) = (player.api.clone(), game.clone());
        async move { api.get(&format!("/api/v1/games/{game}/replay")).await }
    };
    for (n, (player, _)) in waiting.iter().enumerate() {
        player.report(&game, json!({ "score": 10 + n })).await.expect_status(200);
    }
    waiting[0].0.sees(&game, "settled").await;
    assert_eq!(replay(&waiting[0].0).await.status, 200);
}

async fn one_no_sends_the_others_back_with_their_age(app: TestApp) {
    let waiting = four(&app).await;
    let proposal = proposed(&waiting).await;
    let since: Vec<Value> = {
        let mut since = Vec::new();
        for (player, ticket) in &waiting {
            since.push(player.ticket(ticket).await["created_at"].clone());
        }
        since
    };
    let mut socket = Socket::open(&waiting[2].0).await;
    answer(&waiting[0].0, &proposal, "accept").await.expect_status(200);
    let failed = answer(&waiting[1].0, &proposal, "decline").await.expect_status(200);
    assert_eq!(failed["status"], "failed", "{failed}");
    let told = socket.event("ticket.updated").await;
    assert_eq!(told["data"]["ticket"]["status"], "searching", "{told}");
    // Nobody is told who it was.
    let seen = answer(&waiting[0].0, &proposal, "accept").await.expect_status(200);
    assert!(seen["players"].as_array().expect("is a list").iter().all(|one| one["answer"] != "declined"), "{seen}");
    for (n, (player, ticket)) in waiting.iter().enumerate() {
        let seen = player.ticket(ticket).await;
        if n == 1 {
            assert_eq!(
                (&seen["status"], &seen["ended"]["reason"]),
                (&json!("cancelled"), &json!("declined")),
                "{seen}"
            );
        } else {
            assert_eq!((&seen["status"], &seen["created_at"]), (&json!("searching"), &since[n]), "{seen}");
            assert_eq!(seen["proposal_id"], Value::Null, "{seen}");
        }
    }
    let join = waiting[1].0.api.post("/api/v1/matchmaking/tickets", json!({ "mode": "duel" })).await;
    let refused = join.expect_problem(409, "matchmaking.cooling_down");
    assert!(refused["until"].is_string(), "{refused}");
    // The three who waited are proposed again as soon as there is a fourth.
    let eva = app.guest(0, "Eva").await;
    let ticket = eva.join(CHECKED).await;
    let mut again: Vec<_> = waiting.into_iter().enumerate().filter(|(n, _)| *n != 1).map(|(_, one)| one).collect();
    again.push((eva, ticket));
    assert_ne!(proposed(&again).await, proposal);
}

async fn the_silent_one_leaves_and_cools_down(app: TestApp) {
    let waiting = four(&app).await;
    let proposal = proposed(&waiting).await;
    for (player, _) in &waiting[..3] {
        answer(player, &proposal, "accept").await.expect_status(200);
    }
    let (silent, ticket) = &waiting[3];
    let ended = stands(silent, ticket, "cancelled").await;
    assert_eq!(ended["ended"]["reason"], "no_answer", "{ended}");
    let late = answer(silent, &proposal, "accept").await.expect_problem(409, "matchmaking.proposal_closed");
    assert_eq!(late["state"], "failed", "{late}");
    let join = silent.api.post("/api/v1/matchmaking/tickets", json!({ "mode": "duel" })).await;
    join.expect_problem(409, "matchmaking.cooling_down");
    for (player, ticket) in &waiting[..3] {
        stands(player, ticket, "searching").await;
        player.api.delete(&format!("/api/v1/matchmaking/tickets/{ticket}")).await.expect_status(200);
        // Who had accepted may queue at once.
        player.join("duel").await;
    }
}

async fn the_first_answer_is_final(app: TestApp) {
    let waiting = four(&app).await;
    let proposal = proposed(&waiting).await;
    let (ada, ticket) = &waiting[0];
    answer(ada, &proposal, "accept").await.expect_status(200);
    answer(ada, &proposal, "accept").await.expect_status(200);
    let refused = answer(ada, &proposal, "decline").await.expect_problem(409, "matchmaking.proposal_closed");
    assert_eq!((&refused["state"], &refused["answer"]), (&json!("open"), &json!("accepted")), "{refused}");
    // In a ready check a ticket can't be taken back, and nothing else be begun.
    let cancel = ada.api.delete(&format!("/api/v1/matchmaking/tickets/{ticket}")).await;
    assert_eq!(cancel.expect_problem(409, "matchmaking.state_changed")["state"], "proposed");
    let join = ada.api.post("/api/v1/matchmaking/tickets", json!({ "mode": "duel" })).await;
    assert_eq!(join.expect_problem(409, "matchmaking.already_queued")["proposal_id"], *proposal);
    let stranger = app.guest(0, "Stranger").await;
    answer(&stranger, &proposal, "accept").await.expect_problem(404, "matchmaking.proposal_not_found");
    // The same key answers the same, byte for byte, also over a socket.
    let mut socket = Socket::open(&waiting[1].0).await;
    let said = socket.ok("matchmaking.accept", json!({ "proposal_id": proposal })).await;
    assert_eq!(said["proposal"]["id"], *proposal, "{said}");
    socket.refused("matchmaking.decline", json!({ "proposal_id": proposal }), "matchmaking.proposal_closed").await;
    let keyed = waiting[2].0.api.with("idempotency-key", "once");
    let path = format!("/api/v1/matchmaking/proposals/{proposal}/accept");
    let first = keyed.request("POST", &path, None).await;
    let second = keyed.request("POST", &path, None).await;
    assert_eq!((first.status, &first.body), (second.status, &second.body));
    assert_eq!(second.header("idempotent-replayed"), Some("true"));
}

async fn a_block_in_a_ready_check_is_nobody_s_fault(app: TestApp) {
    let waiting = four(&app).await;
    let proposal = proposed(&waiting).await;
    waiting[0].0.block(&waiting[1].0).await;
    for (player, _) in &waiting[..3] {
        answer(player, &proposal, "accept").await.expect_status(200);
    }
    let failed = answer(&waiting[3].0, &proposal, "accept").await.expect_status(200);
    assert_eq!((&failed["status"], &failed["game_id"]), (&json!("failed"), &Value::Null), "{failed}");
    // All wait on, and are never put together again.
    for (player, ticket) in &waiting {
        assert_eq!(stands(player, ticket, "searching").await["status"], "searching");
        player.api.delete(&format!("/api/v1/matchmaking/tickets/{ticket}")).await.expect_status(200);
        player.join("duel").await;
    }
}

async fn everybody_answers_at_the_same_moment(app: TestApp) {
    let waiting = four(&app).await;
    let proposal = proposed(&waiting).await;
    let answers = waiting.iter().map(|(player, _)| answer(player, &proposal, "accept"));
    for answer in futures_util::future::join_all(answers).await {
        answer.expect_status(200);
    }
    let ticket = stands(&waiting[0].0, &waiting[0].1, "matched").await;
    let game = ticket["game_id"].as_str().expect("names its game");
    waiting[0].0.sees(game, "in_progress").await;
}

async fn who_is_erased_in_a_ready_check_leaves_the_others_their_place(app: TestApp) {
    let waiting = four(&app).await;
    proposed(&waiting).await;
    let gone = waiting[3].0.api.delete("/api/v1/players/me").await;
    assert!(gone.status < 300, "{gone:?}");
    for (player, ticket) in &waiting[..3] {
        stands(player, ticket, "searching").await;
    }
    let eva = app.guest(0, "Eva").await;
    let ticket = eva.join(CHECKED).await;
    until_true("a fourth makes it whole again", seconds(10), || async {
        eva.ticket(&ticket).await["status"] == "proposed"
    })
    .await;
}
