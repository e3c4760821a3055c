//! Blocks and privacy, on every surface where two players could meet.

use futures_util::future::join;
use serde_json::{Value, json};

use crate::app::TestApp;
use crate::client::Answered as _;
use crate::players::Player;
use crate::sockets::Socket;
use crate::wait::{seconds, until_true};

in_both_worlds!(
    nobody_is_invited_across_a_block,
    a_block_ends_open_invitations,
    a_third_player_isnt_brought_together_with_somebody_apart,
    nobody_is_matched_across_a_block,
    a_block_that_races_an_acceptance_wins_or_loses_whole,
    privacy_closes_requests_invitations_and_search,
);

async fn invites(player: &Player) -> Vec<Value> {
    let list = player.api.get("/api/v1/game-invites").await.expect_status(200);
    list["items"].as_array().expect("is a list").clone()
}

fn text(value: &Value) -> &str {
    value.as_str().expect("is text")
}

async fn nobody_is_invited_across_a_block(app: TestApp) {
    let [ada, ben] = app.two_guests().await;
    ben.block(&ada).await;
    let absent = json!("0192f0c1-2345-7abc-8def-0123456789ab");
    for (from, to) in [(&ada, &ben), (&ben, &ada)] {
        let wanted = |to: &Value| json!({ "mode": "duel", "invite": [to] });
        let hidden = from.api.post("/api/v1/games", wanted(&json!(to.id))).await;
        let hidden = hidden.expect_problem(404, "players.not_found");
        let nobody = from.api.post("/api/v1/games", wanted(&absent)).await.expect_problem(404, "players.not_found");
        assert_eq!(hidden["detail"], nobody["detail"]);
        let game = from.api.post("/api/v1/games", json!({ "mode": "duel", "link": true })).await.expect_status(201);
        let path = format!("/api/v1/games/{}/invites", text(&game["id"]));
        from.api.post(&path, json!({ "player_id": to.id })).await.expect_problem(404, "players.not_found");
        let redeem = format!("/api/v1/game-invites/links/{}/redeem", text(&game["invite_link"]["code"]));
        to.api.request("POST", &redeem, None).await.expect_problem(404, "games.invite_not_found");
        from.command(text(&game["id"]), "abandon").await.expect_status(200);
    }
}

async fn a_block_ends_open_invitations(app: TestApp) {
    let [ada, ben] = app.two_guests().await;
    let (mut hers, mut his) = (Socket::open(&ada).await, Socket::open(&ben).await);
    let game = ada.api.post("/api/v1/games", json!({ "mode": "duel", "invite": [ben.id] })).await.expect_status(201);
    let invite = his.event("game.invited").await["data"]["invite_id"].clone();
    assert_eq!(invites(&ben).await.len(), 1);
    ben.block(&ada).await;
    assert!(invites(&ben).await.is_empty(), "at once");
    let accept = format!("/api/v1/game-invites/{}/accept", text(&invite));
    let refused = ben.api.request("POST", &accept, None).await;
    assert!(matches!(refused.status, 404 | 409), "{refused:?}");
    // To her it looks as if he hadn't answered.
    let told = hers.event("invite.updated").await;
    assert_eq!((&told["data"]["state"], &told["data"]["reason"]), (&json!("expired"), &Value::Null), "{told}");
    assert_eq!(his.event("invite.updated").await["data"]["state"], "expired");
    assert_eq!(ada.sees(text(&game["id"]), "aborted").await["ended"]["reason"], "expired");
    ada.join("duel").await;
}

async fn a_third_player_isnt_brought_together_with_somebody_apart(app: TestApp) {
    let [ada, ben] = app.two_guests().await;
    let cleo = app.guest(0, "Cleo").await;
    cleo.block(&ben).await;
    let wanted = json!({ "mode": "free_for_all", "invite": [ben.id, cleo.id], "link": true });
    let game = ada.api.post("/api/v1/games", wanted).await.expect_status(201);
    let to = |player: &Player| {
        let found =
            game["invites"].as_array().expect("is a list").iter().find(|invite| invite["to"]["id"] == *player.id);
        text(&found.expect("is listed")["id"]).to_owned()
    };
    let accept = async |player: &Player| {
        player.api.request("POST", &format!("/api/v1/game-invites/{}/accept", to(player)), None).await
    };
    assert_eq!(invites(&cleo).await.len(), 1, "nothing stands between her and Ada");
    accept(&ben).await.expect_status(200);
    assert!(invites(&cleo).await.is_empty(), "he sits there now");
    accept(&cleo).await.expect_problem(404, "games.invite_not_found");
    let redeem = format!("/api/v1/game-invites/links/{}/redeem", text(&game["invite_link"]["code"]));
    cleo.api.request("POST", &redeem, None).await.expect_problem(404, "games.invite_not_found");
    assert!(cleo.live().await.is_empty());
}

async fn nobody_is_matched_across_a_block(app: TestApp) {
    let [ada, ben] = app.two_guests().await;
    ada.block(&ben).await;
    let (hers, his) = join(ada.join("duel"), ben.join("duel")).await;
    let cleo = app.guest(1, "Cleo").await;
    let third = cleo.join("duel").await;
    let game = cleo.matched(&third).await;
    let (one, other) = join(ada.ticket(&hers), ben.ticket(&his)).await;
    let statuses = [text(&one["status"]), text(&other["status"])];
    assert!(statuses.contains(&"matched") && statuses.contains(&"searching"), "{statuses:?}");
    let seated = cleo.game(&game).await;
    assert_eq!(seated["players"].as_array().map(Vec::len), Some(2));
}

/// Either he sits in her game when the block is there, or he never gets in.
async fn a_block_that_races_an_acceptance_wins_or_loses_whole(app: TestApp) {
    for _ in 0..6 {
        let (ada, ben) = (app.guest(0, "Ada").await, app.guest(1, "Ben").await);
        let game =
            ada.api.post("/api/v1/games", json!({ "mode": "duel", "invite": [ben.id] })).await.expect_status(201);
        let accept = format!("/api/v1/game-invites/{}/accept", text(&game["invites"][0]["id"]));
        let (accepted, ()) = join(ben.api.request("POST", &accept, None), ada.block(&ben)).await;
        let sits = ben.live().await.len() == 1;
        assert_eq!(accepted.status == 200, sits, "{accepted:?}");
        if !sits {
            assert!(matches!(accepted.status, 404 | 409), "{accepted:?}");
            until_true("the game ends", seconds(10), || async { ada.live().await.is_empty() }).await;
        }
    }
}

async fn privacy_closes_requests_invitations_and_search(app: TestApp) {
    let ada = app.guest(0, "Ada").await;
    let account = json!({ "handle": "ben_the_shy", "password": "a long enough one" });
    let api = app.client(1);
    let ben = Player::signed_in(&api, &api.post("/api/v1/auth/register", account).await.expect_status(201));
    let found = async || {
        let list = ada.api.get("/api/v1/players?handle_prefix=ben_the").await.expect_status(200);
        list["items"].as_array().expect("is a list").len()
    };
    assert_eq!(found().await, 1);
    let privacy = |what: &str, choice: &str| json!({ "privacy": { what: choice } });
    for (what, choice) in [("requests", "nobody"), ("invites", "friends"), ("history", "nobody")] {
        ben.api.patch("/api/v1/players/me", privacy(what, choice)).await.expect_status(200);
    }
    assert_eq!(found().await, 0, "who can't be asked isn't found");
    let asked = ada.api.post("/api/v1/friends/requests", json!({ "handle": "ben_the_shy" })).await;
    asked.expect_problem(403, "privacy.refused");
    let invite = json!({ "mode": "duel", "invite": [ben.id] });
    ada.api.post("/api/v1/games", invite.clone()).await.expect_problem(403, "privacy.refused");
    ada.api.get(&format!("/api/v1/players/{}/games", ben.id)).await.expect_problem(403, "privacy.refused");
    // A friend may.
    ben.api.post("/api/v1/friends/requests", json!({ "player_id": ada.id })).await.expect_status(201);
    let accept = format!("/api/v1/friends/requests/{}/accept", ben.id);
    ada.api.request("POST", &accept, None).await.expect_status(200);
    ada.api.post("/api/v1/games", invite).await.expect_status(201);
    assert_eq!(found().await, 1);
}
