//! Histories: every filter, cursors that hold for one of them, and exports of more than a page.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::app::TestApp;
use crate::client::Answered as _;
use crate::played::{duel, private, run};
use crate::players::{Match, Player};
use crate::wait::{seconds, until_true};

in_both_worlds!(
    each_filter_narrows_and_they_add_up,
    times_are_exact_and_their_ends_half_open,
    cursors_refuse_every_other_filter,
    filters_that_make_no_sense_are_refused,
    an_export_has_every_game_once,
    an_export_of_nothing_is_empty,
    somebody_elses_history_holds_no_secrets,
);

fn ids(page: &Value) -> Vec<&str> {
    let items = page["items"].as_array().expect("is a list");
    items.iter().map(|item| item["id"].as_str().expect("has an id")).collect()
}

async fn expect(player: &Player, query: &str, games: &[&String]) {
    let page = player.history(query).await;
    assert_eq!(ids(&page), games.iter().map(|id| id.as_str()).collect::<Vec<_>>(), "{query}");
    assert_eq!(page["next_cursor"], Value::Null, "{query}");
}

async fn each_filter_narrows_and_they_add_up(app: TestApp) {
    let [ada, ben] = app.two_guests().await;
    let cy = app.guest(0, "Cy").await;
    let won = duel(&ada, &ben, [3, 1]).await;
    let lost = duel(&cy, &ada, [2, 1]).await;
    let drawn = duel(&ada, &ben, [2, 2]).await;
    let alone = run(&ada, 3).await;
    let board = Match::running("tic_tac_toe", [ada.clone(), ben.clone()]).await;
    board.play_to_a_win(0).await;
    let left = private("duel", &ada, &ben).await;
    ada.command(&left, "abandon").await.expect_status(200);
    let matched = &board.game;
    let board_won = board.seats[0].id == ada.id;
    expect(&ada, "", &[&left, matched, &alone, &drawn, &lost, &won]).await;
    expect(&ada, "?mode=duel", &[&left, &drawn, &lost, &won]).await;
    expect(&ada, "?mode=squads", &[]).await;
    expect(&ada, "?result=draw", &[&drawn]).await;
    expect(&ada, "?mode=duel&result=win", &[&won]).await;
    expect(&ada, "?mode=duel&result=loss", &[&left, &lost]).await;
    let (wins, losses): (&[&String], &[&String]) =
        if board_won { (&[matched, &won], &[&left, &lost]) } else { (&[&won], &[&left, matched, &lost]) };
    expect(&ada, "?result=win", wins).await;
    expect(&ada, "?result=loss", losses).await;
    expect(&ada, &format!("?opponent={}", ben.id), &[&left, matched, &drawn, &won]).await;
    expect(&ada, &format!("?opponent={}", cy.id), &[&lost]).await;
    expect(&ada, &format!("?opponent={}&result=draw", ben.id), &[&drawn]).await;
    expect(&cy, &format!("?opponent={}", ben.id), &[]).await;
    expect(&ada, "?rated=false", &[&alone]).await;
    expect(&ada, "?rated=true", &[&left, matched, &drawn, &lost, &won]).await;
    expect(&ada, "?tag=matched", &[matched]).await;
    expect(&ada, "?tag=solo", &[&alone]).await;
    expect(&ada, "?tag=abandoned", &[&left]).await;
    expect(&ada, "?tag=private&result=draw", &[&drawn]).await;
    expect(&ada, "?tag=nonsense", &[]).await;
    expect(&ada, "?min_duration_ms=0", &[&left, matched, &alone, &drawn, &lost, &won]).await;
    expect(&ada, "?min_duration_ms=3600000", &[]).await;
    let season = ada.game(&won).await["finished_at"].as_str().expect("is text")[..7].to_owned();
    expect(&ada, &format!("?season={season}&mode=score_attack"), &[&alone]).await;
    expect(&ada, "?season=2020-02", &[]).await;
    // The other replica's answers are the same.
    expect(&ada.at(&app.client(1)), "?result=draw", &[&drawn]).await;
}

async fn times_are_exact_and_their_ends_half_open(app: TestApp) {
    let [ada, ben] = app.two_guests().await;
    let mut games = Vec::new();
    for _ in 0..3 {
        games.push(duel(&ada, &ben, [2, 1]).await);
    }
    let page = ada.history("").await;
    let over: Vec<_> = page["items"].as_array().expect("is a list").iter().map(|game| &game["finished_at"]).collect();
    let middle = over[1].as_str().expect("is text");
    let [first, second, third] = &games[..] else { panic!("three games") };
    expect(&ada, &format!("?since={middle}"), &[third, second]).await;
    expect(&ada, &format!("?until={middle}"), &[first]).await;
    expect(&ada, &format!("?since={middle}&until={middle}"), &[]).await;
    let last = over[0].as_str().expect("is text");
    expect(&ada, &format!("?since={middle}&until={last}"), &[second]).await;
    expect(&ada, &format!("?since={last}&until={middle}"), &[]).await;
    // The same moment in another time zone, and a time that was long ago.
    expect(&ada, "?since=1999-12-31T23:59:59%2B01:00", &[third, second, first]).await;
    expect(&ada, "?until=1999-12-31T23:59:59-01:00", &[]).await;
}

async fn cursors_refuse_every_other_filter(app: TestApp) {
    let [ada, ben] = app.two_guests().await;
    for _ in 0..3 {
        duel(&ada, &ben, [2, 1]).await;
    }
    let filters = [
        "mode=duel".to_owned(),
        "result=win".to_owned(),
        format!("opponent={}", ben.id),
        "rated=true".to_owned(),
        "since=2020-01-01T00:00:00Z".to_owned(),
        "until=2099-01-01T00:00:00Z".to_owned(),
        "min_duration_ms=0".to_owned(),
        "tag=private".to_owned(),
    ];
    let path = format!("/api/v1/players/{}/games", ada.id);
    for filter in &filters {
        let page = ada.history(&format!("?{filter}&limit=2")).await;
        let cursor = page["next_cursor"].as_str().unwrap_or_else(|| panic!("{filter}: {page}"));
        let next = ada.at(&app.client(1)).history(&format!("?{filter}&cursor={cursor}")).await;
        assert_eq!(ids(&next).len(), 1, "{filter}");
        assert!(!ids(&page).contains(&ids(&next)[0]), "{filter}");
        for other in filters.iter().filter(|other| *other != filter).chain([&String::from("limit=2")]) {
            let refused = ada.api.get(&format!("{path}?{other}&cursor={cursor}")).await;
            refused.expect_problem(422, "request.bad_cursor");
        }
        let both = format!("{path}?{filter}&season=2026-11&cursor={cursor}");
        ada.api.get(&both).await.expect_problem(422, "request.bad_cursor");
        // Whose history it is belongs to it as well, and an export reads the same cursors.
        let theirs = format!("/api/v1/players/{}/games?{filter}&cursor={cursor}", ben.id);
        ada.api.get(&theirs).await.expect_problem(422, "request.bad_cursor");
        let lines = ada.api.with("accept", "application/x-ndjson");
        let rest = lines.get(&format!("{path}?{filter}&cursor={cursor}")).await;
        assert_eq!(String::from_utf8_lossy(&rest.body).lines().count(), 1, "{filter}");
        lines.get(&format!("{path}?cursor={cursor}")).await.expect_problem(422, "request.bad_cursor");
    }
}

async fn filters_that_make_no_sense_are_refused(app: TestApp) {
    let ada = app.guest(0, "Ada").await;
    for query in [
        "result=victory",
        "rated=perhaps",
        "opponent=ben",
        "since=yesterday",
        "until=2026-11-22",
        "season=2026-00",
        "season=november",
        "min_duration_ms=long",
        "limit=0",
        "limit=1000",
        "limit=-1",
        "winner=me",
    ] {
        let path = format!("/api/v1/players/{}/games?{query}", ada.id);
        for api in [ada.api.clone(), ada.api.with("accept", "application/x-ndjson")] {
            let refused = api.get(&path).await;
            assert_eq!(refused.status, 422, "{query}: {}", refused.json());
            refused.expect_problem(422, "validation.failed");
        }
    }
    for query in ["mode=%00", "tag=%00", "mode=%27%20OR%201=1", "tag=%25", "mode="] {
        let path = format!("/api/v1/players/{}/games?{query}", ada.id);
        let answer = ada.api.get(&path).await;
        assert!(matches!(answer.status, 200 | 422), "{query}: {}", answer.json());
        assert!(answer.status == 422 || ids(&answer.json()).is_empty(), "{query}");
    }
}

async fn an_export_has_every_game_once(app: TestApp) {
    const GAMES: usize = 230;
    let ada = app.guest(0, "Ada").await;
    let mut played = Vec::new();
    for n in 0..GAMES {
        played.push(run(&ada.at(&app.client(n)), 1 + i64::try_from(n % 5).expect("is small")).await);
    }
    let lines = ada.api.with("accept", "text/html;q=0.1, application/x-ndjson; q=0.9");
    let path = format!("/api/v1/players/{}/games", ada.id);
    let exports = join_all([lines.at(&app.client(0)), lines.at(&app.client(1))].iter().map(|api| api.get(&path))).await;
    let mut exported: Vec<String> = Vec::new();
    for export in exports {
        assert_eq!((export.status, export.header("content-type")), (200, Some("application/x-ndjson")));
        assert_eq!(export.body.last(), Some(&b'\n'), "the last line is whole");
        let text = String::from_utf8(export.body).expect("is text");
        let games: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).expect("a game per line")).collect();
        let found: Vec<_> = games.iter().map(|game| game["id"].as_str().expect("has an id")).collect();
        let expected: BTreeSet<_> = played.iter().map(String::as_str).collect();
        assert_eq!((found.iter().copied().collect(), found.len()), (expected, GAMES), "each once");
        // By the time they ended, not by when this test heard of it: the clocks of two replicas are some milliseconds
        // apart.
        let text = |value: &Value| value.as_str().expect("is text").trim_end_matches('Z').to_owned();
        let place = |game: &Value| (text(&game["finished_at"]), text(&game["id"]));
        assert!(games.is_sorted_by(|newer, older| place(newer) > place(older)), "newest first");
        assert!(games.iter().all(|game| game["status"] == "settled" && game["you"].is_null()));
        exported = found.into_iter().map(str::to_owned).collect();
    }
    // The pages hold the same.
    let (mut paged, mut query) = (Vec::new(), String::from("?limit=100"));
    loop {
        let page = ada.history(&query).await;
        paged.extend(ids(&page).into_iter().map(str::to_owned));
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        query = format!("?limit=100&cursor={cursor}");
    }
    assert_eq!(paged, exported);
    let none = lines.get(&format!("{path}?mode=duel")).await;
    assert_eq!((none.status, none.body.len()), (200, 0));
}

async fn an_export_of_nothing_is_empty(app: TestApp) {
    let ada = app.guest(0, "Ada").await;
    let lines = ada.api.with("accept", "application/x-ndjson");
    let export = lines.get(&format!("/api/v1/players/{}/games", ada.id)).await;
    assert_eq!((export.status, export.body.len()), (200, 0));
    // Other kinds get the page.
    for accept in ["application/json", "*/*", "application/x-ndjson-not"] {
        let page = ada.api.with("accept", accept).get(&format!("/api/v1/players/{}/games", ada.id)).await;
        assert_eq!(page.expect_status(200)["items"], json!([]), "{accept}");
    }
}

async fn somebody_elses_history_holds_no_secrets(app: TestApp) {
    let [ada, ben] = app.two_guests().await;
    let cy = app.guest(1, "Cy").await;
    let game = duel(&ada, &ben, [2, 1]).await;
    let secret = ada.game(&game).await["you"]["session_secret"].as_str().expect("is text").to_owned();
    let path = format!("/api/v1/players/{}/games", ada.id);
    for api in [&cy.api, &ben.api, &ada.api] {
        for accept in ["application/json", "application/x-ndjson"] {
            let answer = api.with("accept", accept).get(&path).await;
            let text = String::from_utf8(answer.body).expect("is text");
            assert!(text.contains(&game) && !text.contains(&secret), "{text}");
        }
    }
    // Names resolve when it is read: at once to who has changed, soon to all.
    ada.api.patch("/api/v1/players/me", json!({ "display_name": "Ada II" })).await.expect_status(200);
    let name = |page: &Value| ada.line(&page["items"][0])["player"]["display_name"].clone();
    for number in 0..2 {
        assert_eq!(name(&ada.at(&app.client(number)).history("").await), "Ada II");
    }
    until_true("the other's page has the name", seconds(2), || async { name(&ben.history("").await) == "Ada II" })
        .await;
}
