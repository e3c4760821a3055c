//! Invitations, claims and rematches over sockets: the same calls as over REST.

use serde_json::{Value, json};

use crate::play::{Seat, started};
use crate::world::{PATIENCE, World, until};

/// A private game of the first for the second; its id, and the invitation as it was told.
async fn invited(world: &World, host: &Seat, guest: &mut Seat, mode: &str) -> (String, Value) {
    let body = json!({ "mode": mode, "invite": [guest.player.id] });
    let made = world.request("POST", "/api/v1/games", Some(&host.player.token), Some(&body)).await;
    assert_eq!(made.status, 201, "{}", made.json());
    let told = guest.event("game.invited").await;
    assert_eq!((&told["stream"], &told["data"]["game_id"]), (&json!("player"), &made.json()["id"]), "{told}");
    (made.json()["id"].as_str().expect("is text").to_owned(), told["data"].clone())
}

#[tokio::test]
async fn an_invitation_is_accepted_over_the_socket_that_told_of_it() {
    let world = World::embedded(&[]).await;
    let mut seats = [Seat::new(&world, 0).await, Seat::new(&world, 0).await];
    let mut stranger = Seat::new(&world, 0).await;
    let [host, guest] = &mut seats;
    let (game, invite) = invited(&world, host, guest, "tic_tac_toe").await;
    let wanted = json!({ "invite_id": invite["invite_id"] });
    assert_eq!(stranger.refused("invite.accept", wanted.clone()).await, "games.invite_not_found");
    assert_eq!(stranger.refused("invite.decline", wanted.clone()).await, "games.invite_not_found");
    assert_eq!(host.refused("invite.accept", wanted.clone()).await, "games.invite_not_found");
    assert_eq!(guest.refused("invite.accept", json!({})).await, "validation.failed");
    assert_eq!(guest.refused("invite.accept", json!({ "invite_id": "x" })).await, "games.invite_not_found");
    let extra = json!({ "invite_id": invite["invite_id"], "seat": 1 });
    assert_eq!(guest.refused("invite.accept", extra).await, "validation.failed");
    for _ in 0..2 {
        let accepted = guest.ask("invite.accept", wanted.clone()).await;
        assert_eq!((&accepted["game"]["id"], &accepted["game"]["status"]), (&json!(game), &json!("waiting_ready")));
    }
    let told = host.event("invite.updated").await;
    assert_eq!((&told["data"]["invite_id"], &told["data"]["state"]), (&invite["invite_id"], &json!("accepted")));
    assert_eq!(guest.refused("invite.decline", wanted).await, "games.invite_not_open");
    for seat in &mut seats {
        seat.ask("game.ready", json!({ "game_id": game })).await;
    }
    for seat in &mut seats {
        assert_eq!(seat.event("game.started").await["data"]["game"]["id"], *game);
    }
}

#[tokio::test]
async fn an_invitation_is_declined_with_a_word_or_without() {
    let world = World::embedded(&[]).await;
    let mut seats = [Seat::new(&world, 0).await, Seat::new(&world, 0).await];
    let [host, guest] = &mut seats;
    for reason in [json!("dinner"), Value::Null] {
        let (game, invite) = invited(&world, host, guest, "duel").await;
        let mut wanted = json!({ "invite_id": invite["invite_id"] });
        if reason.is_string() {
            wanted["reason"] = reason.clone();
        }
        for _ in 0..2 {
            let declined = guest.ask("invite.decline", wanted.clone()).await;
            assert_eq!((&declined["invite"]["state"], &declined["invite"]["reason"]), (&json!("declined"), &reason));
        }
        let told = host.event("invite.updated").await;
        assert_eq!((&told["data"]["state"], &told["data"]["reason"]), (&json!("declined"), &reason), "{told}");
        let seen = host.ask("game.join", json!({ "game_id": game })).await;
        assert_eq!(seen["game"]["status"], "aborted", "{seen}");
    }
}

#[tokio::test]
async fn a_rematch_is_agreed_on_over_sockets() {
    let world = World::embedded(&[]).await;
    let pair = [Seat::new(&world, 0).await, Seat::new(&world, 0).await];
    let (game, mut seats) = started("tic_tac_toe", pair).await;
    let wanted = json!({ "game_id": game });
    assert_eq!(seats[0].refused("game.rematch", wanted.clone()).await, "games.no_rematch");
    assert_eq!(seats[0].refused("game.rematch", json!({ "game_id": game, "mode": "duel" })).await, "validation.failed");
    let mut stranger = Seat::new(&world, 0).await;
    assert_eq!(stranger.refused("game.rematch", wanted.clone()).await, "games.not_found");
    seats[1].ask("game.abandon", wanted.clone()).await;
    assert_eq!(stranger.refused("game.rematch", wanted.clone()).await, "games.not_a_player");
    let [one, two] = &mut seats;
    let asked = one.ask("game.rematch", wanted.clone()).await;
    assert_eq!(asked["game"]["status"], "created", "{asked}");
    let told = two.event("game.invited").await;
    assert_eq!((&told["data"]["rematch_of"], &told["data"]["game_id"]), (&json!(game), &asked["game"]["id"]), "{told}");
    let agreed = two.ask("game.rematch", wanted).await;
    assert_eq!((&agreed["game"]["id"], &agreed["game"]["status"]), (&asked["game"]["id"], &json!("in_progress")));
    let second = two.player.id.clone();
    for seat in &mut seats {
        let begun = seat.event("game.started").await;
        assert_eq!(begun["data"]["game"]["id"], asked["game"]["id"], "{begun}");
        assert_eq!(begun["data"]["game"]["players"][0]["player"]["id"], *second, "the other one begins: {begun}");
    }
}

#[tokio::test]
async fn who_is_gone_is_claimed_over_by_a_socket() {
    let world = World::embedded(&[("SWP__GAMES__GRACE_MS", "2500")]).await;
    let pair = [Seat::new(&world, 0).await, Seat::new(&world, 0).await];
    let (game, seats) = started("tic_tac_toe", pair).await;
    let [mut stays, goes] = seats;
    let wanted = json!({ "game_id": game, "claim": "win" });
    assert_eq!(stays.refused("game.claim", json!({ "game_id": game })).await, "validation.failed");
    assert_eq!(stays.refused("game.claim", json!({ "game_id": game, "claim": "loss" })).await, "validation.failed");
    assert_eq!(stays.refused("game.claim", wanted.clone()).await, "games.nothing_to_claim");
    let mut stranger = Seat::new(&world, 0).await;
    assert_eq!(stranger.refused("game.claim", wanted.clone()).await, "games.not_found");
    let gone_player = goes.player.clone();
    drop(goes.client);
    let gone = stays.event("game.opponent_gone").await;
    assert_eq!(gone["data"]["player_id"], *gone_player.id, "{gone}");
    assert!(gone["data"]["claim_in"].as_i64().is_some_and(|ms| (0..=2_500).contains(&ms)), "{gone}");
    // A call of the other one shows that he is there after all.
    let seen = world.request("GET", &format!("/api/v1/games/{game}"), Some(&gone_player.token), None).await;
    assert_eq!(seen.status, 200);
    assert_eq!(stays.event("game.opponent_back").await["data"]["player_id"], *gone_player.id);
    // Without another one he is gone again, after the grace.
    until("the claim is granted", PATIENCE, || async {
        let answer = world
            .request(
                "POST",
                &format!("/api/v1/games/{game}/claim"),
                Some(&stays.player.token),
                Some(&json!({ "claim": "win" })),
            )
            .await;
        answer.status == 200
    })
    .await;
    let again = stays.ask("game.claim", wanted).await;
    assert_eq!((&again["game"]["status"], &again["game"]["result"]["reason"]), (&json!("settled"), &json!("claimed")));
    let settled = stays.event("game.settled").await;
    assert_eq!((&settled["data"]["game_id"], &settled["data"]["result"]["version"]), (&json!(game), &json!(1)));
}
