//! Parties: who comes in and goes, and how they queue as one.

use serde_json::{Value, json};
use testkit::http::Answer;

use crate::app::TestApp;
use crate::client::Answered as _;
use crate::players::Player;
use crate::sockets::Socket;
use crate::wait::{seconds, until, until_true};

in_both_worlds!(
    a_party_of_two_queues_as_one_and_is_never_split,
    a_change_of_members_takes_it_out_of_the_queue_and_keeps_its_age,
    only_the_leader_leads_and_the_longest_member_is_next,
    invitations_can_be_withdrawn_declined_and_lapse ["SWP__MATCHMAKING__PARTY_INVITE_MS" = "1500"],
    a_block_parts_them_and_hides_the_party,
    one_party_at_a_time,
    members_who_are_busy_or_not_ready_keep_it_from_queueing,
    a_member_s_phone_may_lose_its_network ["SWP__MATCHMAKING__DETACHED_MS" = "2500", "SWP__MATCHMAKING__PARTY_GRACE_MS" = "4500"],
);

async fn found(leader: &Player) -> String {
    let party = leader.api.post("/api/v1/parties", json!({})).await.expect_status(201);
    assert_eq!(party["leader_id"], *leader.id, "{party}");
    assert_eq!((&party["state"], &party["ticket_id"]), (&json!("open"), &Value::Null), "{party}");
    party["id"].as_str().expect("has an id").to_owned()
}

async fn command(player: &Player, party: &str, what: &str, body: Value) -> Answer {
    player.api.post(&format!("/api/v1/parties/{party}/{what}"), body).await
}

async fn invite(from: &Player, party: &str, to: &Player) -> Answer {
    command(from, party, "invites", json!({ "player_id": to.id })).await
}

/// A party of these, the first leads, all are ready.
async fn together(players: &[&Player]) -> String {
    let party = found(players[0]).await;
    for player in &players[1..] {
        invite(players[0], &party, player).await.expect_status(200);
        command(player, &party, "join", json!({})).await.expect_status(200);
        command(player, &party, "ready", json!({})).await.expect_status(200);
    }
    party
}

async fn queue(leader: &Player, party: &str, mode: &str) -> Answer {
    leader.api.post("/api/v1/matchmaking/tickets", json!({ "mode": mode, "party_id": party })).await
}

fn members(party: &Value) -> Vec<&str> {
    let members = party["members"].as_array().expect("is a list").iter();
    members.map(|member| member["player"]["id"].as_str().expect("is text")).collect()
}

async fn get(player: &Player, party: &str) -> Answer {
    player.api.get(&format!("/api/v1/parties/{party}")).await
}

async fn a_party_of_two_queues_as_one_and_is_never_split(app: TestApp) {
    let [ada, ben] = app.two_guests().await;
    let party = together(&[&ada, &ben]).await;
    let mut socket = Socket::open(&ben).await;
    assert_eq!(socket.hello["live"]["party_id"], *party, "{}", socket.hello);
    let ticket = queue(&ada, &party, "squads").await.expect_status(201);
    assert_eq!(ticket["party_id"], *party, "{ticket}");
    assert_eq!(ticket["players"], json!([ada.id, ben.id]), "{ticket}");
    // What was under way before the socket was open comes first.
    let told = loop {
        let told = socket.event("party.updated").await;
        if told["data"]["party"]["state"] == "queued" {
            break told;
        }
    };
    assert_eq!(told["data"]["party"]["mode"], "squads", "{told}");
    let id = ticket["id"].as_str().expect("has an id");
    // It is theirs both, and both wait.
    let mine = ben.api.get("/api/v1/matchmaking/tickets").await.expect_status(200);
    assert_eq!(mine["items"][0]["id"], *id, "{mine}");
    let join = ben.api.post("/api/v1/matchmaking/tickets", json!({ "mode": "duel" })).await;
    assert_eq!(join.expect_problem(409, "matchmaking.already_queued")["ticket_id"], *id);
    assert_eq!(get(&ben, &party).await.expect_status(200)["ticket_id"], *id);
    let queues = ada.api.get("/api/v1/matchmaking/queues").await.expect_status(200);
    let squads = queues["items"].as_array().expect("is a list").iter().find(|queue| queue["mode"] == "squads");
    let squads = squads.expect("squads can be queued for");
    assert_eq!((&squads["searching"], &squads["players"]), (&json!(1), &json!(2)), "{squads}");

    let strangers = [app.guest(0, "Cleo").await, app.guest(app.replica_count() - 1, "Dan").await];
    for stranger in &strangers {
        stranger.join("squads").await;
    }
    let proposal = socket.event("match.proposed").await["data"]["proposal_id"].as_str().expect("is text").to_owned();
    // About to play: nobody goes now.
    command(&ben, &party, "leave", json!({})).await.expect_problem(409, "parties.state_changed");
    for player in [&ada, &ben, &strangers[0], &strangers[1]] {
        let path = format!("/api/v1/matchmaking/proposals/{proposal}/accept");
        player.api.request("POST", &path, None).await.expect_status(200);
    }
    let started = socket.event("game.started").await;
    let team = |player: &Player| player.line(&started["data"]["game"])["team"].clone();
    assert_eq!(team(&ada), team(&ben), "{started}");
    assert_ne!(team(&ada), team(&strangers[0]), "{started}");
    assert_eq!(get(&ada, &party).await.expect_status(200)["state"], "in_game");
    let game = started["data"]["game"]["id"].as_str().expect("has an id");
    ada.command(game, "abandon").await.expect_status(200);
    ben.command(game, "abandon").await.expect_status(200);
    // The party outlives the game.
    let after = get(&ada, &party).await.expect_status(200);
    assert_eq!((&after["state"], members(&after).len()), (&json!("open"), 2), "{after}");
}

async fn a_change_of_members_takes_it_out_of_the_queue_and_keeps_its_age(app: TestApp) {
    let [ada, ben] = app.two_guests().await;
    let cleo = app.guest(0, "Cleo").await;
    let party = together(&[&ada, &ben]).await;
    let first = queue(&ada, &party, "squads").await.expect_status(201);
    let mut socket = Socket::open(&ada).await;
    command(&ben, &party, "leave", json!({})).await.expect_status(200);
    let told = socket.event("ticket.updated").await;
    assert_eq!(told["data"]["ticket"]["ended"]["reason"], "party_changed", "{told}");
    ben.join("duel").await;
    let alone = get(&ada, &party).await.expect_status(200);
    assert_eq!((&alone["state"], members(&alone)), (&json!("open"), vec![&*ada.id]), "{alone}");
    invite(&ada, &party, &cleo).await.expect_status(200);
    command(&cleo, &party, "join", json!({})).await.expect_status(200);
    command(&cleo, &party, "ready", json!({})).await.expect_status(200);
    let second = queue(&ada, &party, "squads").await.expect_status(201);
    assert_ne!(first["id"], second["id"]);
    // It waits on from where it was: longer than since this ticket was asked for.
    let life = |ticket: &Value| {
        let at = |field: &str| {
            kernel::Timestamp::parse_rfc3339(ticket[field].as_str().expect("is text")).expect("is a time")
        };
        at("expires_at").millis() - at("created_at").millis()
    };
    assert!(life(&second) > life(&first), "{first} {second}");
    // Not to be ready any more is such a change, too.
    let unready = command(&cleo, &party, "ready", json!({ "ready": false })).await.expect_status(200);
    assert_eq!(unready["state"], "open", "{unready}");
    let ended = cleo.ticket(second["id"].as_str().expect("has an id")).await;
    assert_eq!(ended["ended"]["reason"], "party_changed", "{ended}");
}

async fn only_the_leader_leads_and_the_longest_member_is_next(app: TestApp) {
    let [ada, ben] = app.two_guests().await;
    let cleo = app.guest(0, "Cleo").await;
    let party = together(&[&ada, &ben, &cleo]).await;
    let refused = queue(&ben, &party, "squads").await.expect_problem(403, "parties.not_leader");
    assert_eq!(refused["leader_id"], *ada.id);
    command(&ben, &party, "kick", json!({ "player_id": cleo.id })).await.expect_problem(403, "parties.not_leader");
    command(&ben, &party, "promote", json!({ "player_id": ben.id })).await.expect_problem(403, "parties.not_leader");
    assert_eq!(queue(&ada, &party, "squads").await.expect_problem(409, "parties.too_large")["team_size"], 2);
    command(&ada, &party, "kick", json!({ "player_id": ada.id })).await.expect_problem(422, "parties.self");
    let nobody = json!({ "player_id": "0192f0c1-2345-7abc-8def-0123456789ab" });
    command(&ada, &party, "kick", nobody.clone()).await.expect_problem(404, "parties.no_member");
    command(&ada, &party, "promote", nobody).await.expect_problem(404, "parties.no_member");

    let mut socket = Socket::open(&cleo).await;
    let kicked = command(&ada, &party, "kick", json!({ "player_id": cleo.id })).await.expect_status(200);
    assert_eq!(members(&kicked), [&*ada.id, &*ben.id], "{kicked}");
    // Who was put out learns it, and that is the last.
    let told = socket.event("party.updated").await;
    assert_eq!(members(&told["data"]["party"]), [&*ada.id, &*ben.id], "{told}");
    get(&cleo, &party).await.expect_problem(404, "parties.not_found");
    cleo.api.get("/api/v1/parties/mine").await.expect_problem(404, "parties.not_found");
    command(&cleo, &party, "leave", json!({})).await.expect_problem(404, "parties.not_found");

    let promoted = command(&ada, &party, "promote", json!({ "player_id": ben.id })).await.expect_status(200);
    assert_eq!(promoted["leader_id"], *ben.id, "{promoted}");
    let left = command(&ben, &party, "leave", json!({})).await.expect_status(200);
    assert_eq!((&left["leader_id"], members(&left)), (&json!(ada.id), vec![&*ada.id]), "{left}");
    let ended = command(&ada, &party, "leave", json!({})).await.expect_status(200);
    assert_eq!(ended["state"], "ended", "{ended}");
    get(&ada, &party).await.expect_problem(404, "parties.not_found");
}

async fn open_invites(player: &Player) -> Vec<Value> {
    let list = player.api.get("/api/v1/parties/invites").await.expect_status(200);
    list["items"].as_array().expect("is a list").clone()
}

async fn invitations_can_be_withdrawn_declined_and_lapse(app: TestApp) {
    let [ada, ben] = app.two_guests().await;
    let party = found(&ada).await;
    get(&ben, &party).await.expect_problem(404, "parties.not_found");
    command(&ben, &party, "join", json!({})).await.expect_problem(404, "parties.not_found");
    invite(&ada, &party, &ada).await.expect_problem(422, "parties.self");
    let mut socket = Socket::open(&ben).await;
    let invited = invite(&ada, &party, &ben).await.expect_status(200);
    assert_eq!(invited["invited"][0]["id"], *ben.id, "{invited}");
    let told = socket.event("party.invited").await;
    assert_eq!((&told["data"]["party_id"], &told["data"]["from"]["id"]), (&json!(party), &json!(ada.id)), "{told}");
    assert_eq!(open_invites(&ben).await[0]["from"]["id"], *ada.id);
    get(&ben, &party).await.expect_status(200);
    // Back, by who invited.
    let path = format!("/api/v1/parties/{party}/invites/{}", ben.id);
    assert_eq!(ada.api.delete(&path).await.expect_status(200)["invited"], json!([]));
    assert!(open_invites(&ben).await.is_empty());
    command(&ben, &party, "join", json!({})).await.expect_problem(404, "parties.not_found");
    // Not wanted, by who was invited.
    invite(&ada, &party, &ben).await.expect_status(200);
    ben.api.delete(&path).await.expect_status(200);
    ben.api.delete(&path).await.expect_problem(404, "parties.not_found");
    // And not answered.
    invite(&ada, &party, &ben).await.expect_status(200);
    until_true("it lapses", seconds(5), || async { open_invites(&ben).await.is_empty() }).await;
    command(&ben, &party, "join", json!({})).await.expect_problem(404, "parties.not_found");
}

async fn a_block_parts_them_and_hides_the_party(app: TestApp) {
    let [ada, ben] = app.two_guests().await;
    let (cleo, dan) = (app.guest(0, "Cleo").await, app.guest(0, "Dan").await);
    let party = together(&[&ada, &ben]).await;
    let ticket = queue(&ada, &party, "squads").await.expect_status(201);
    invite(&ada, &party, &dan).await.expect_status(200);
    // To each other they are nobody: no invitation, not even from somebody else of the party.
    cleo.block(&ben).await;
    invite(&ada, &party, &cleo).await.expect_problem(404, "players.not_found");
    invite(&ben, &party, &cleo).await.expect_problem(404, "players.not_found");
    dan.block(&ada).await;
    until_true("the invitation is gone", seconds(5), || async { open_invites(&dan).await.is_empty() }).await;
    command(&dan, &party, "join", json!({})).await.expect_problem(404, "parties.not_found");

    ben.block(&ada).await;
    until_true("they are apart", seconds(5), || async {
        members(&get(&ada, &party).await.expect_status(200)) == [&*ada.id]
    })
    .await;
    get(&ben, &party).await.expect_problem(404, "parties.not_found");
    let ended = ada.ticket(ticket["id"].as_str().expect("has an id")).await;
    assert_eq!(ended["status"], "cancelled", "{ended}");
}

async fn one_party_at_a_time(app: TestApp) {
    let [ada, ben] = app.two_guests().await;
    let (first, second) = (found(&ada).await, found(&ben).await);
    let refused = ada.api.post("/api/v1/parties", json!({})).await.expect_problem(409, "parties.already_in_party");
    assert_eq!(refused["party_id"], *first);
    invite(&ada, &first, &ben).await.expect_status(200);
    let refused = command(&ben, &first, "join", json!({})).await.expect_problem(409, "parties.already_in_party");
    assert_eq!(refused["party_id"], *second);
    command(&ben, &second, "leave", json!({})).await.expect_status(200);
    let joined = command(&ben, &first, "join", json!({})).await.expect_status(200);
    // The second click changes nothing.
    assert_eq!(command(&ben, &first, "join", json!({})).await.expect_status(200), joined);
    // Into two at the same moment: one of them.
    let cleo = app.guest(0, "Cleo").await;
    let dan = app.guest(0, "Dan").await;
    let third = found(&dan).await;
    invite(&ada, &first, &cleo).await.expect_status(200);
    invite(&dan, &third, &cleo).await.expect_status(200);
    let both = futures_util::future::join(
        command(&cleo, &first, "join", json!({})),
        command(&cleo, &third, "join", json!({})),
    )
    .await;
    let mut statuses = [both.0.status, both.1.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409], "{both:?}");
}

async fn members_who_are_busy_or_not_ready_keep_it_from_queueing(app: TestApp) {
    let [ada, ben] = app.two_guests().await;
    let party = found(&ada).await;
    invite(&ada, &party, &ben).await.expect_status(200);
    command(&ben, &party, "join", json!({})).await.expect_status(200);
    let waits = queue(&ada, &party, "squads").await.expect_problem(409, "parties.not_ready");
    assert_eq!(waits["players"], json!([ben.id]), "{waits}");
    command(&ben, &party, "ready", json!({})).await.expect_status(200);
    let ticket = ben.join("connect_four").await;
    let busy = queue(&ada, &party, "squads").await.expect_problem(409, "parties.member_busy");
    assert_eq!((&busy["player_id"], &busy["doing"]), (&json!(ben.id), &json!("ticket")), "{busy}");
    ben.api.delete(&format!("/api/v1/matchmaking/tickets/{ticket}")).await.expect_status(200);
    queue(&ada, "0192f0c1-2345-7abc-8def-0123456789ab", "squads").await.expect_problem(404, "parties.not_found");
    queue(&ada, &party, "squads").await.expect_status(201);
}

async fn a_member_s_phone_may_lose_its_network(app: TestApp) {
    let [ada, ben] = app.two_guests().await;
    let party = together(&[&ada, &ben]).await;
    let phone = Socket::open(&ben).await;
    let ticket = queue(&ada, &party, "squads").await.expect_status(201);
    let id = ticket["id"].as_str().expect("has an id");
    // Away for a moment: nothing happens.
    let before = phone.cut();
    let phone = Socket::resume(&ben, &before).await;
    assert_eq!(phone.hello["live"]["ticket_id"], *id, "{}", phone.hello);
    // Away for longer: first the place in the queue goes, then the one in the party.
    let _ = phone.cut();
    let ended = until("the ticket is given up", seconds(10), || async {
        let ticket = ada.ticket(id).await;
        (ticket["status"] == "cancelled").then_some(ticket)
    })
    .await;
    assert_eq!(ended["ended"]["reason"], "detached", "{ended}");
    until_true("the party goes on alone", seconds(10), || async {
        members(&get(&ada, &party).await.expect_status(200)) == [&*ada.id]
    })
    .await;
}
