//! Standings as their readers see them.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::app::TestApp;
use crate::client::Answered as _;
use crate::played::{duel, run};
use crate::players::{Match, Player};
use crate::wait::{seconds, until, until_true};

in_both_worlds!(
    a_newcomer_has_nothing_and_is_told_so,
    ratings_stats_and_head_to_head_follow_a_game_within_a_second,
    equal_values_share_a_rank,
    the_best_score_counts_and_no_later_one,
    a_board_is_read_in_pages_and_around_oneself,
    the_month_is_a_season_of_its_own,
    boards_that_are_not_there_are_refused,
    unchanged_standings_are_not_sent_again,
    who_shows_nobody_shows_no_standings,
);

fn keys(value: &Value) -> BTreeSet<&str> {
    value.as_object().map(|fields| fields.keys().map(String::as_str).collect()).unwrap_or_default()
}

/// Rank, player, value and whether tied, line by line.
fn lines(board: &Value) -> Vec<(i64, &str, i64, bool)> {
    let items = board["items"].as_array().expect("is a list");
    items.iter().map(line_of).collect()
}

fn line_of(line: &Value) -> (i64, &str, i64, bool) {
    #[expect(clippy::cast_possible_truncation, reason = "values of these boards are small and whole")]
    let value = line["value"].as_f64().expect("is a number") as i64;
    let player = line["player"]["id"].as_str().expect("is text");
    (line["rank"].as_i64().expect("is a number"), player, value, line["tied"].as_bool().expect("is a bool"))
}

/// Waits until so many are on the board.
async fn board_of(player: &Player, mode: &str, query: &str, total: usize) -> Value {
    until(&format!("{total} are on the board of {mode}"), seconds(5), || async {
        let board = player.board(mode, query).await;
        (board["total"] == total).then_some(board)
    })
    .await
}

async fn a_newcomer_has_nothing_and_is_told_so(app: TestApp) {
    let [ada, ben] = app.two_guests().await;
    let ratings = ada.page("ratings").await.expect_status(200);
    assert_eq!(ratings, json!({ "items": [], "next_cursor": null }));
    let stats = ada.page("stats").await.expect_status(200);
    assert_eq!((&stats["games"], &stats["wins"], &stats["by_mode"]), (&json!(0), &json!(0), &json!({})), "{stats}");
    assert_eq!((&stats["win_rate"], &stats["form"]), (&Value::Null, &json!("")), "{stats}");
    assert_eq!(stats["streak"], json!({ "current": 0, "best": 0 }));
    let met = ada.page(&format!("head-to-head/{}", ben.id)).await.expect_status(200);
    assert_eq!(met, json!({ "games": 0, "wins": 0, "losses": 0, "draws": 0, "last": null, "streak": 0 }));
    let board = ada.board("duel", "").await;
    assert_eq!((&board["items"], &board["me"], &board["total"]), (&json!([]), &Value::Null, &json!(0)), "{board}");
    assert_eq!(ada.board("duel", "?around=me").await["items"], json!([]));
    let nobody = "0192f0c1-2345-7abc-8def-0123456789ab";
    for page in ["stats", "ratings", "games"] {
        let path = format!("/api/v1/players/{nobody}/{page}");
        ada.api.get(&path).await.expect_problem(404, "players.not_found");
    }
    for other in [nobody, "somebody"] {
        ada.page(&format!("head-to-head/{other}")).await.expect_problem(404, "players.not_found");
    }
}

async fn ratings_stats_and_head_to_head_follow_a_game_within_a_second(app: TestApp) {
    let [ada, ben] = app.two_guests().await;
    let won = Match::running("tic_tac_toe", [ada.clone(), ben.clone()]).await;
    won.play_to_a_win(0).await;
    let [winner, loser] = &won.seats;
    for (player, other, points) in [(winner, loser, [1, 0]), (loser, winner, [0, 1])] {
        until_true("it shows", seconds(1), || async {
            let standing = player.standing(other).await;
            let counts = |of: &Value| of["games"] == 1 && of["wins"] == points[0] && of["losses"] == points[1];
            counts(&standing.stats) && counts(&standing.met) && player.rating("tic_tac_toe").await["games"] == 1
        })
        .await;
    }
    let rating = winner.rating("tic_tac_toe").await;
    let fields = ["deviation", "games", "last_at", "mode", "peak", "provisional", "rating"];
    assert!(keys(&rating).is_superset(&BTreeSet::from(fields)), "{rating}");
    assert_eq!((&rating["provisional"], &rating["games"]), (&json!(true), &json!(1)), "{rating}");
    assert!(rating["rating"].as_f64() > Some(1500.0) && rating["deviation"].as_f64() > Some(0.0), "{rating}");
    let stats = winner.page("stats").await.expect_status(200);
    assert_eq!((&stats["win_rate"], &stats["form"]), (&json!(1.0), &json!("W")), "{stats}");
    assert_eq!(stats["by_mode"]["tic_tac_toe"]["streak"], json!({ "current": 1, "best": 1 }), "{stats}");
    let met = loser.page(&format!("head-to-head/{}", winner.id)).await.expect_status(200);
    assert_eq!((&met["last"]["id"], &met["streak"]), (&json!(won.game), &json!(-1)), "{met}");
    assert!(met["last"]["you"].is_null(), "no secrets: {met}");
    // The game says what it did to ratings; both are at the same distance from where they began.
    let game = winner.game(&won.game).await;
    let change = |player: &Player| {
        let line = player.line(&game);
        let rating = |field: &str| line[field].as_f64().unwrap_or_else(|| panic!("{field}: {line}"));
        rating("rating_after") - rating("rating_before")
    };
    assert!(change(winner) > 0.0 && (change(winner) + change(loser)).abs() < 0.02, "{game}");
    assert_eq!(winner.line(&game)["rating_after"], rating["rating"]);
    // In other modes nothing is known, and nothing of others'.
    let elsewhere = winner.page(&format!("head-to-head/{}?mode=duel", loser.id)).await.expect_status(200);
    assert_eq!((&elsewhere["games"], &elsewhere["last"]), (&json!(0), &Value::Null));
    assert_eq!(winner.board("duel", "").await["total"], 0);
}

async fn equal_values_share_a_rank(app: TestApp) {
    let [ada, ben] = app.two_guests().await;
    let [cy, di] = app.two_guests().await;
    for (player, score) in [(&ada, 3), (&ben, 5), (&cy, 3), (&di, 1)] {
        run(player, score).await;
    }
    let board = board_of(&ada, "score_attack", "", 4).await;
    let mut tied = [ada.id.as_str(), &cy.id];
    tied.sort_unstable();
    let expected = [(1, &*ben.id, 5, false), (2, tied[0], 3, true), (2, tied[1], 3, true), (4, &*di.id, 1, false)];
    let mut found = lines(&board);
    found.sort_unstable_by_key(|(rank, player, ..)| (*rank, *player));
    assert_eq!(found, expected);
    assert_eq!((&board["mode"], &board["metric"]), (&json!("score_attack"), &json!("best_score")), "{board}");
    assert_eq!(board["season"], Value::Null, "{board}");
    let line = BTreeSet::from(["games", "player", "rank", "tied", "value"]);
    assert!(keys(&board["items"][0]).is_superset(&line), "{board}");
    assert_eq!(board["items"][0]["player"]["display_name"], "Ben");
    // Who is tied stands as high as the other one; the best has everybody below, the last nobody.
    for (player, rank, percentile) in [(&ada, 2, 66.67), (&cy, 2, 66.67), (&ben, 1, 100.0), (&di, 4, 0.0)] {
        until_true("everybody has a place of their own", seconds(2), || async {
            let me = &player.board("score_attack", "").await["me"];
            me["rank"] == rank && me["percentile"] == percentile && me["tied"] == (rank == 2)
        })
        .await;
    }
    let wins = ada.board("score_attack", "?metric=streak").await;
    assert_eq!(wins["metric"], "streak");
}

async fn the_best_score_counts_and_no_later_one(app: TestApp) {
    let [ada, ben] = app.two_guests().await;
    for score in [2, 5, 3] {
        run(&ada, score).await;
    }
    run(&ben, 4).await;
    board_of(&ben, "score_attack", "", 2).await;
    until_true("all runs are known", seconds(2), || async { ada.page("stats").await.json()["games"] == 3 }).await;
    let expected = [(1, &*ada.id, 5, false), (2, &*ben.id, 4, false)];
    for number in 0..2 {
        until_true("the board shows the best", seconds(2), || async {
            lines(&ada.at(&app.client(number)).board("score_attack", "").await) == expected
        })
        .await;
    }
    let stats = ada.page("stats").await.expect_status(200);
    let runs = &stats["by_mode"]["score_attack"];
    assert_eq!(
        (&runs["best_score"], &runs["total_score"], &runs["games"]),
        (&json!(5), &json!(10), &json!(3)),
        "{stats}"
    );
    assert_eq!(runs["win_rate"], Value::Null, "nobody wins alone: {stats}");
    assert!(ada.rating("score_attack").await.is_null(), "and nobody is rated");
    let friends = ben.board("score_attack", "?scope=friends").await;
    assert_eq!(lines(&friends), [(1, &*ben.id, 4, false)], "without friends the circle is oneself");
    assert_eq!(friends["me"]["rank"], 1);
    assert_eq!(ben.board("score_attack", "?scope=global").await["total"], 2);
}

async fn a_board_is_read_in_pages_and_around_oneself(app: TestApp) {
    let mut players = Vec::new();
    for score in 0..=5 {
        let player = app.guest(score, "Runner").await;
        run(&player, i64::try_from(score).expect("is small")).await;
        players.push(player);
    }
    players.reverse();
    let ada = &players[3];
    let whole = board_of(ada, "score_attack", "", 6).await;
    let ids: Vec<_> = players.iter().map(|player| player.id.as_str()).collect();
    assert_eq!(lines(&whole).iter().map(|line| line.1).collect::<Vec<_>>(), ids);
    let (mut seen, mut query, mut number) = (Vec::new(), String::from("?limit=4"), 0);
    loop {
        let page = ada.at(&app.client(number)).board("score_attack", &query).await;
        assert_eq!((&page["total"], &page["me"]["rank"]), (&json!(6), &json!(4)), "on every page: {page}");
        seen.extend(lines(&page).iter().map(|line| (line.0, line.1.to_owned())));
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        query = format!("?limit=4&cursor={cursor}");
        number += 1;
        for other in ["duel", "score_attack?metric=sum", "score_attack?scope=friends"] {
            let with = if other.contains('?') { '&' } else { '?' };
            let path = format!("/api/v1/leaderboards/{other}{with}cursor={cursor}");
            ada.api.get(&path).await.expect_problem(422, "request.bad_cursor");
        }
    }
    assert_eq!(number, 1);
    assert_eq!(seen, (1..).zip(ids.iter().map(ToString::to_string)).collect::<Vec<_>>(), "none twice, none lost");
    let around = ada.board("score_attack", "?around=me&limit=3").await;
    assert_eq!(
        lines(&around).iter().map(|line| (line.0, line.1)).collect::<Vec<_>>(),
        [(3, ids[2]), (4, ids[3]), (5, ids[4])]
    );
    assert_eq!(around["next_cursor"], Value::Null);
    // At the ends the neighbours are those there are.
    for (player, ranks) in [(&players[0], 1), (&players[5], 6)] {
        let around = player.board("score_attack", "?around=me&limit=3").await;
        let found = lines(&around);
        assert!(found.iter().any(|line| line.0 == ranks && line.1 == player.id), "{around}");
        assert!((2..=3).contains(&found.len()), "{around}");
    }
}

async fn the_month_is_a_season_of_its_own(app: TestApp) {
    let [ada, ben] = app.two_guests().await;
    let game = duel(&ada, &ben, [2, 1]).await;
    let season = ada.game(&game).await["finished_at"].as_str().expect("is text")[..7].to_owned();
    let query = format!("?season={season}&metric=wins");
    let board = board_of(&ada, "duel", &query, 2).await;
    assert_eq!((&board["season"], &board["metric"]), (&json!(season), &json!("wins")), "{board}");
    assert_eq!(lines(&board), [(1, &*ada.id, 1, false), (2, &*ben.id, 0, false)]);
    let stats = ada.page(&format!("stats?season={season}")).await.expect_status(200);
    assert_eq!(stats["wins"], 1);
    assert_eq!(ada.page("stats?season=2020-01").await.expect_status(200)["games"], 0);
    assert_eq!(ada.board("duel", "?season=2020-01").await["total"], 0);
    let boards = ada.api.get("/api/v1/leaderboards").await.expect_status(200);
    let duels = boards["items"].as_array().and_then(|all| all.iter().find(|board| board["mode"] == "duel"));
    let duels = duels.expect("is there");
    assert_eq!(duels["metric"], "rating", "{duels}");
    assert!(duels["metrics"].as_array().is_some_and(|all| all.contains(&json!("wins"))), "{duels}");
    assert!(
        duels["seasons"].as_array().is_some_and(|all| all.contains(&json!({ "season": season, "closed_at": null }))),
        "{duels}"
    );
    for wrong in ["2999-01", "2026-13", "2026-1", "summer", "%20", "2026-11-22"] {
        for path in [
            format!("/api/v1/leaderboards/duel?season={wrong}"),
            format!("/api/v1/players/{}/stats?season={wrong}", ada.id),
        ] {
            ada.api.get(&path).await.expect_problem(422, "standings.unknown_season");
        }
    }
}

async fn boards_that_are_not_there_are_refused(app: TestApp) {
    let ada = app.guest(0, "Ada").await;
    ada.api.get("/api/v1/leaderboards/nothing").await.expect_problem(404, "standings.unknown_mode");
    for (query, code) in [
        ("metric=beauty", "validation.failed"),
        ("metric=best_score", "standings.unknown_metric"),
        ("scope=family", "validation.failed"),
        ("around=you", "validation.failed"),
        ("limit=0", "validation.failed"),
        ("limit=101", "validation.failed"),
        ("cursor=x", "request.bad_cursor"),
        ("colour=red", "validation.failed"),
    ] {
        let answer = ada.api.get(&format!("/api/v1/leaderboards/tic_tac_toe?{query}")).await;
        assert_eq!((answer.status, &answer.json()["code"]), (422, &json!(code)), "{query}: {}", answer.json());
    }
    for path in ["ratings", "stats", "head-to-head/0192f0c1-2345-7abc-8def-0123456789ab"] {
        let path = format!("/api/v1/players/{}/{path}", ada.id);
        app.client(0).get(&path).await.expect_problem(401, "auth.missing_token");
    }
    app.client(0).get("/api/v1/leaderboards/duel").await.expect_problem(401, "auth.missing_token");
}

async fn unchanged_standings_are_not_sent_again(app: TestApp) {
    let [ada, ben] = app.two_guests().await;
    duel(&ada, &ben, [2, 1]).await;
    ada.rated_after("duel", 1).await;
    board_of(&ada, "duel", "", 2).await;
    let of = |what: &str| format!("/api/v1/players/{}/{what}", ada.id);
    let paths = [
        of("stats"),
        of(&format!("head-to-head/{}", ben.id)),
        of("games"),
        "/api/v1/leaderboards".to_owned(),
        "/api/v1/leaderboards/duel".to_owned(),
        "/api/v1/leaderboards/duel?around=me".to_owned(),
    ];
    let mut tags = Vec::new();
    for path in &paths {
        let first = ada.api.get(path).await;
        let tag = first.header("etag").unwrap_or_else(|| panic!("{path} has no ETag")).to_owned();
        let known = ada.api.at(&app.client(1)).with("if-none-match", &tag).get(path).await;
        assert_eq!((known.status, known.body.len()), (304, 0), "{path}");
        tags.push(tag);
    }
    assert!(ada.page("ratings").await.header("etag").is_some());
    let theirs = ben.api.get("/api/v1/leaderboards/duel").await;
    assert_ne!(theirs.header("etag"), Some(&*tags[4]), "the own place is part of it");
    duel(&ada, &ben, [1, 2]).await;
    ada.rated_after("duel", 2).await;
    for (path, tag) in paths.iter().zip(&tags).filter(|(path, _)| *path != "/api/v1/leaderboards") {
        until_true(&format!("{path} is news"), seconds(2), || async {
            ada.api.with("if-none-match", tag).get(path).await.status == 200
        })
        .await;
    }
}

async fn who_shows_nobody_shows_no_standings(app: TestApp) {
    let [ada, ben] = app.two_guests().await;
    let game = duel(&ada, &ben, [2, 1]).await;
    ada.rated_after("duel", 1).await;
    let pages = ["games".to_owned(), "stats".to_owned(), "ratings".to_owned(), format!("head-to-head/{}", ben.id)];
    for page in &pages {
        let path = format!("/api/v1/players/{}/{page}", ada.id);
        ben.api.get(&path).await.expect_status(200);
    }
    for privacy in ["nobody", "friends"] {
        let body = json!({ "privacy": { "history": privacy } });
        ada.api.patch("/api/v1/players/me", body).await.expect_status(200);
        for number in 0..2 {
            let (ada, ben) = (ada.at(&app.client(number)), ben.at(&app.client(number)));
            for page in &pages {
                let path = format!("/api/v1/players/{}/{page}", ada.id);
                ben.api.get(&path).await.expect_problem(403, "privacy.refused");
                ada.api.get(&path).await.expect_status(200);
            }
            let lines = ben.api.with("accept", "application/x-ndjson");
            let lines = lines.get(&format!("/api/v1/players/{}/games", ada.id)).await;
            lines.expect_problem(403, "privacy.refused");
            let met = format!("/api/v1/players/{}/head-to-head/{}", ben.id, ada.id);
            ben.api.get(&met).await.expect_problem(403, "privacy.refused");
            // The game is Ben's as well.
            assert_eq!(ben.history("").await["items"][0]["id"], *game);
        }
    }
    let open = json!({ "privacy": { "history": "everyone" } });
    ada.api.patch("/api/v1/players/me", open).await.expect_status(200);
    ben.at(&app.client(1)).api.get(&format!("/api/v1/players/{}/stats", ada.id)).await.expect_status(200);
}
