//! Lists: pages, cursors and filters.

use serde_json::{Value, json};

use crate::app::TestApp;
use crate::client::Answered as _;
use crate::players::{Match, Player};

in_both_worlds!(history_comes_in_pages, cursors_hold_for_one_list_only, modes_are_a_list_like_any_other);

fn ids(page: &Value) -> Vec<String> {
    let items = page["items"].as_array().expect("is a list");
    items.iter().map(|item| item["id"].as_str().expect("has an id").to_owned()).collect()
}

async fn duel(players: &[Player; 2]) -> String {
    let duel = Match::running("duel", players.clone()).await;
    duel.report_alike([3, 2]).await;
    duel.game
}

/// Three duels and a game of tic-tac-toe, oldest first.
async fn four_games(players: &[Player; 2]) -> Vec<String> {
    let mut games = vec![duel(players).await, duel(players).await];
    let board = Match::running("tic_tac_toe", players.clone()).await;
    board.play_to_a_win(0).await;
    games.push(board.game);
    games.push(duel(players).await);
    games
}

async fn history_comes_in_pages(app: TestApp) {
    let players = app.two_guests().await;
    let mut games = four_games(&players).await;
    for player in &players {
        let whole = player.history("").await;
        assert_eq!(ids(&whole), games.iter().rev().cloned().collect::<Vec<_>>(), "newest first");
        assert!(whole["next_cursor"].is_null(), "{whole}");
    }
    let ada = &players[0];
    let first = ada.history("?limit=3").await;
    let cursor = first["next_cursor"].as_str().expect("there is more");
    // The list is stable while games are added.
    games.push(duel(&players).await);
    let second = ada.history(&format!("?limit=3&cursor={cursor}")).await;
    assert_eq!(ids(&second), [games[0].clone()]);
    assert!(second["next_cursor"].is_null());
    assert_eq!(ids(&first).len(), 3);
    let boards = ada.history("?mode=tic_tac_toe").await;
    assert_eq!(ids(&boards), [games[2].clone()]);
    let won: Vec<_> = ids(&ada.history("?result=win").await);
    let lost: Vec<_> = ids(&players[1].history("?result=loss").await);
    assert_eq!(won, lost, "what one won the other lost");
    assert_eq!(ids(&ada.history(&format!("?opponent={}", players[1].id)).await).len(), 5);
    assert_eq!(ids(&ada.history(&format!("?opponent={}", ada.id)).await).len(), 0);
}

async fn cursors_hold_for_one_list_only(app: TestApp) {
    let players = app.two_guests().await;
    duel(&players).await;
    duel(&players).await;
    let [ada, ben] = &players;
    let page = ada.history("?limit=1&mode=duel").await;
    let cursor = page["next_cursor"].as_str().expect("there is more");
    let there = ada.at(&app.client(1));
    there.history(&format!("?limit=1&mode=duel&cursor={cursor}")).await;
    there.history(&format!("?limit=5&mode=duel&cursor={cursor}")).await;
    let mut bent = cursor.to_owned();
    let last = if bent.pop() == Some('A') { 'B' } else { 'A' };
    bent.push(last);
    let of =
        |player: &Player, query: String| (player.api.clone(), format!("/api/v1/players/{}/games?{query}", player.id));
    for (api, path) in [
        of(ada, format!("cursor={cursor}")),
        of(ada, format!("mode=tic_tac_toe&cursor={cursor}")),
        of(ada, format!("mode=duel&result=win&cursor={cursor}")),
        of(ada, format!("mode=duel&cursor={bent}")),
        of(ada, format!("mode=duel&cursor={cursor}x")),
        of(ben, format!("mode=duel&cursor={cursor}")),
        (ada.api.clone(), format!("/api/v1/matchmaking/tickets?cursor={cursor}")),
        (ada.api.clone(), format!("/api/v1/modes?cursor={cursor}")),
    ] {
        api.get(&path).await.expect_problem(422, "request.bad_cursor");
    }
    let mine = ada.api.get("/api/v1/matchmaking/tickets?limit=1").await.expect_status(200);
    let next = mine["next_cursor"].as_str().expect("there is more");
    let rest = ada.api.get(&format!("/api/v1/matchmaking/tickets?limit=1&cursor={next}")).await.expect_status(200);
    assert_ne!(mine["items"][0]["id"], rest["items"][0]["id"]);
    assert!(rest["next_cursor"].is_null());
}

async fn modes_are_a_list_like_any_other(app: TestApp) {
    let api = app.client(0);
    let whole = api.get("/api/v1/modes").await.expect_status(200);
    let keys: Vec<_> = whole["items"].as_array().expect("is a list").iter().map(|mode| mode["key"].clone()).collect();
    assert!(keys.contains(&json!("duel")) && keys.contains(&json!("tic_tac_toe")), "{whole}");
    let first = api.get("/api/v1/modes?limit=1").await.expect_status(200);
    let cursor = first["next_cursor"].as_str().expect("there is more");
    let second = app.client(1).get(&format!("/api/v1/modes?limit=1&cursor={cursor}")).await.expect_status(200);
    assert_eq!([&first["items"][0]["key"], &second["items"][0]["key"]], [&keys[0], &keys[1]]);
    let duel = api.get("/api/v1/modes/duel").await.expect_status(200);
    assert_eq!((&duel["rules"], &duel["score"]["max"]), (&json!("relay"), &json!(1_000_000)));
    assert_eq!(whole["items"].as_array().and_then(|all| all.iter().find(|mode| mode["key"] == "duel")), Some(&duel));
}
