//! Boards and the worker behind them, when what they stand on fails: the answers stay those of the ledger.

use std::collections::BTreeMap;
use std::time::Instant;

use futures_util::future::join_all;
use futures_util::stream::{self, StreamExt as _};
use serde_json::{Value, json};

use crate::app::{Setup, TestApp};
use crate::client::Answered as _;
use crate::played::{duel, private, run};
use crate::players::Player;
use crate::wait::{seconds, until, until_true};

/// Boards as somebody sees them, by what was asked; without cursors, which are made anew.
async fn seen(player: &Player) -> BTreeMap<&'static str, Value> {
    let mut boards = BTreeMap::new();
    for asked in [
        "duel",
        "duel?metric=wins",
        "duel?metric=streak",
        "duel?metric=best_score",
        "duel?around=me&limit=3",
        "duel?scope=friends",
        "score_attack",
        "score_attack?metric=sum",
        "score_attack?limit=2",
        "tic_tac_toe",
    ] {
        let mut board = player.api.get(&format!("/api/v1/leaderboards/{asked}")).await.expect_status(200);
        board["next_cursor"] = json!(board["next_cursor"].is_string());
        boards.insert(asked, board);
    }
    boards
}

/// Six who have played against each other and alone; and the boards when all of it stands in them.
async fn played(app: &TestApp) -> (Vec<Player>, BTreeMap<&'static str, Value>) {
    let mut players = Vec::new();
    for n in 0..6 {
        players.push(app.guest(n, "Player").await);
    }
    for (n, player) in (1..).zip(&players) {
        run(player, n % 4).await;
        run(player, 2).await;
    }
    for (one, two, scores) in [(0, 1, [3, 1]), (2, 3, [1, 2]), (4, 5, [2, 2]), (0, 2, [4, 1]), (1, 5, [5, 3])] {
        duel(&players[one], &players[two], scores).await;
    }
    until_true("all is on the boards", seconds(10), || async {
        let (duels, runs) = (players[0].board("duel", "").await, players[0].board("score_attack", "?metric=sum").await);
        let sum = |board: &Value, field: &str| -> f64 {
            let items = board["items"].as_array().expect("is a list");
            items.iter().filter_map(|line| line[field].as_f64()).sum()
        };
        sum(&duels, "games") == 10.0 && sum(&runs, "games") == 12.0
    })
    .await;
    // A page is served for a second before it is made anew.
    let boards = settled(&players[0]).await;
    (players, boards)
}

/// The boards once two looks, more than a page's life in the cache apart, found the same.
async fn settled(player: &Player) -> BTreeMap<&'static str, Value> {
    let (mut before, mut since) = (seen(player).await, Instant::now());
    loop {
        let now = seen(player).await;
        if now != before {
            (before, since) = (now, Instant::now());
        } else if since.elapsed() > seconds(2) {
            return now;
        }
    }
}

#[tokio::test]
async fn boards_are_the_same_after_redis_has_lost_everything() {
    let mut app = Setup::networked(2).start().await;
    let (players, boards) = played(&app).await;
    for _ in 0..2 {
        let mut redis = app.own_redis().connect();
        redis.command(&["FLUSHDB"]).expect("is answered");
        for number in 0..2 {
            assert_eq!(seen(&players[0].at(&app.client(number))).await, boards, "at once");
        }
    }
    // Copied again, they go on with what is played now, on both replicas.
    run(&players[0], 5).await;
    duel(&players[3], &players[2], [5, 1]).await;
    for number in 0..2 {
        let there = players[0].at(&app.client(number));
        until_true("what is new is on the boards", seconds(2), || async {
            let runs = there.board("score_attack", "").await;
            let duels = there.board("duel", "?metric=wins").await;
            let third = duels["items"].as_array().expect("is a list").iter();
            let third = third.filter(|line| line["player"]["id"] == *players[3].id).map(|line| line["value"].clone());
            runs["me"]["rank"] == 1 && runs["me"]["value"] == 5.0 && third.collect::<Vec<_>>() == [json!(2.0)]
        })
        .await;
    }
}

#[tokio::test]
async fn boards_are_the_same_while_redis_is_dead_and_after() {
    let mut app = Setup::networked(2).start().await;
    let (players, boards) = played(&app).await;
    app.own_redis().kill();
    for number in 0..2 {
        assert_eq!(seen(&players[0].at(&app.client(number))).await, boards, "from the database");
    }
    // What is settled meanwhile counts, with Redis there or not.
    run(&players[1], 5).await;
    until_true("the run is on the board without Redis", seconds(5), || async {
        players[1].board("score_attack", "").await["me"]["rank"] == 1
    })
    .await;
    app.own_redis().restart();
    for number in 0..2 {
        app.says(number, "ok", seconds(30)).await;
        until_true("and with it again", seconds(5), || async {
            let board = players[1].at(&app.client(number)).board("score_attack", "").await;
            board["me"]["rank"] == 1 && board["items"][0]["player"]["id"] == *players[1].id
        })
        .await;
    }
}

/// Who leads the standings.
async fn leader(app: &TestApp) -> usize {
    until("a replica leads the standings", seconds(10), || async {
        (0..2).find(|number| {
            let logs = app.replica(*number).logs();
            let last = logs.lines().rfind(|line| line.contains("standings leadership"));
            last.is_some_and(|line| line.contains("\"leading\":true"))
        })
    })
    .await
}

#[tokio::test]
async fn kill_9_of_the_standings_leader_in_a_burst_applies_all_once() {
    const PAIRS: usize = 20;
    const ROUNDS: u64 = 3;
    let mut app = Setup::networked(2).start().await;
    let mut pairs = Vec::new();
    for n in 0..PAIRS {
        pairs.push([app.guest(n, "One").await, app.guest(n + 1, "Two").await]);
    }
    for round in 1..=ROUNDS {
        let victim = leader(&app).await;
        let survivor = app.client(victim + 1);
        let games: Vec<String> =
            stream::iter(&pairs).map(|[one, two]| private("duel", one, two)).buffered(8).collect().await;
        // All report at the survivor, half of them have, and the one that applies it all is gone.
        let report = |player: Player, game: String, score: u64| async move {
            player.report(&game, json!({ "score": score })).await.expect_status(200);
        };
        let at = |player: &Player| player.at(&survivor);
        let first = pairs.iter().zip(&games).map(|([one, _], game)| report(at(one), game.clone(), 3));
        join_all(first).await;
        let (early, late) = pairs.split_at(PAIRS / 2);
        let begin = early.iter().zip(&games).map(|([_, two], game)| report(at(two), game.clone(), 1));
        let rest = late.iter().zip(&games[PAIRS / 2..]).map(|([_, two], game)| report(at(two), game.clone(), 1));
        join_all(begin).await;
        let killing = async { app.replica(victim).kill9() };
        tokio::join!(join_all(rest), killing);
        let begun = Instant::now();
        for [one, two] in &pairs {
            for player in [one, two] {
                let rating = at(player).rated_after("duel", round).await;
                assert_eq!(rating["games"], round);
            }
        }
        assert!(begun.elapsed() < seconds(15), "{:?}", begun.elapsed());
        app.start_again(victim).await;
    }
    // Once each, nowhere twice: on pages of players, in pairs and on the board.
    for [one, two] in &pairs {
        let standing = one.standing(two).await;
        assert_eq!((&standing.stats["games"], &standing.stats["wins"]), (&json!(ROUNDS), &json!(ROUNDS)));
        assert_eq!((&standing.met["games"], &standing.met["streak"]), (&json!(ROUNDS), &json!(ROUNDS)));
        assert_eq!(two.page("stats").await.json()["losses"], ROUNDS);
    }
    until_true("the board is that of all games", seconds(4), || async {
        let board = pairs[0][0].board("duel", "?limit=100").await;
        let lines = board["items"].as_array().expect("is a list");
        board["total"] == PAIRS * 2 && lines.iter().all(|line| line["games"] == ROUNDS)
    })
    .await;
    let database = app.database.as_ref().expect("is there").connect().await;
    let row = database.query_one("SELECT count(*), count(DISTINCT game_id) FROM ledger", &[]).await;
    let row = row.expect("is answered");
    let games = i64::try_from(PAIRS).expect("is small") * i64::try_from(ROUNDS).expect("is small");
    assert_eq!((row.get::<_, i64>(0), row.get::<_, i64>(1)), (games, games));
}
