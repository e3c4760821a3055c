//! A replica is killed (SIGKILL): the other one goes on, nobody is lost and nobody is in two games.

use std::collections::BTreeMap;
use std::time::Instant;

use futures_util::future::join_all;
use serde_json::Value;

use crate::app::{Setup, TestApp};
use crate::client::Answered as _;
use crate::players::{Match, Player};
use crate::wait::{seconds, until};

#[tokio::test]
async fn kill_9_during_a_game_leaves_it_to_the_other_replica() {
    let mut app = Setup::networked(2).start().await;
    let mut players = app.two_guests().await;
    for victim in [0, 1] {
        let mut played = Match::running("tic_tac_toe", players).await;
        played.seats[0].mark(&played.game, 0, 0).await.expect_status(200);
        app.replica(victim).kill9();
        let survivor = app.client(victim + 1);
        played.seats = played.seats.map(|player| player.at(&survivor));
        for player in &played.seats {
            let live = player.live().await;
            assert_eq!(live.iter().map(|game| &game["id"]).collect::<Vec<_>>(), [&*played.game]);
        }
        played.play_to_a_win(1).await;
        played.seats[1].sees(&played.game, "settled").await;
        // Whoever led the queues may be dead: its leases lapse, and matches are made again.
        let begun = Instant::now();
        let next = Match::found("tic_tac_toe", played.seats).await;
        assert!(begun.elapsed() < seconds(10), "{:?}", begun.elapsed());
        assert_ne!(next.game, played.game);
        next.seats[0].command(&next.game, "abandon").await.expect_status(200);
        app.start_again(victim).await;
        let [one, two] = next.seats;
        players = [one.at(&app.client(0)), two.at(&app.client(1))];
    }
}

#[tokio::test]
async fn kill_9_of_the_first_replica_in_a_burst_loses_nobody() {
    burst(0).await;
}

#[tokio::test]
async fn kill_9_of_the_second_replica_in_a_burst_loses_nobody() {
    burst(1).await;
}

/// Players of both replicas queue while one of them is killed.
async fn burst(victim: usize) {
    const PLAYERS: usize = 24;
    let app = Setup::networked(2).start().await;
    let players = join_all((0..PLAYERS).map(|n| app.guest(n, "Burst"))).await;
    let joining = players.iter().enumerate().map(|(n, player)| async move {
        let body = serde_json::json!({ "mode": "duel" });
        // Whoever isn't answered doesn't know whether they are in: they ask again, with the same key.
        let api = player.api.with("idempotency-key", &format!("burst-{n}"));
        (api.try_request("POST", "/api/v1/matchmaking/tickets", Some(&body)).await, api, body)
    });
    let killing = async {
        until("somebody is matched or waits", seconds(5), || async {
            let mine = players[victim + 2].api.get("/api/v1/matchmaking/tickets").await;
            mine.json()["items"].as_array().filter(|items| !items.is_empty()).map(|_| ())
        })
        .await;
        app.replica(victim).kill9();
    };
    let (asked, ()) = tokio::join!(join_all(joining), killing);
    let survivor = app.client(victim + 1);
    let mut tickets = Vec::new();
    for (answer, api, body) in asked {
        let answer = match answer {
            Ok(answer) => answer,
            Err(_) => api.at(&survivor).post("/api/v1/matchmaking/tickets", body).await,
        };
        tickets.push(answer.expect_status(201)["id"].as_str().expect("has an id").to_owned());
    }
    let players: Vec<Player> = players.iter().map(|player| player.at(&survivor)).collect();
    let games = join_all(players.iter().zip(&tickets).map(|(player, ticket)| player.matched(ticket))).await;
    assert_fair(&players, &games, &app).await;
}

/// Each is in one game and that has two different players, who both know it.
async fn assert_fair(players: &[Player], games: &[String], app: &TestApp) {
    let mut by_game: BTreeMap<&str, Vec<&Player>> = BTreeMap::new();
    for (player, game) in players.iter().zip(games) {
        by_game.entry(game).or_default().push(player);
    }
    for (game, members) in by_game {
        let [one, two] = members[..] else { panic!("{} players were told of {game}", members.len()) };
        let seen = one.game(game).await;
        assert_eq!(seen["players"].as_array().map(Vec::len), Some(2));
        for member in [one, two] {
            member.line(&seen);
            let live: Vec<Value> = member.live().await;
            assert_eq!(live.iter().map(|game| &game["id"]).collect::<Vec<_>>(), [game], "in this game and no other");
            let ready = member.command(game, "ready").await;
            assert_eq!(ready.status, 200, "{} {}", ready.json(), app.replica(0).logs());
        }
        one.sees(game, "in_progress").await;
    }
}
