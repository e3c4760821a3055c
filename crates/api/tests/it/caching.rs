//! Cached reads: what the cache says it did, and that nobody reads what was before his own write.

use futures_util::future::join_all;
use serde_json::json;

use crate::app::TestApp;
use crate::client::Answered as _;
use crate::players::Match;
use crate::wait::{seconds, until_true};

in_both_worlds!(
    profiles_are_filled_once_and_say_so,
    your_own_writes_are_read_on_every_replica,
    unchanged_documents_are_not_sent_again,
    a_stampede_on_a_cold_page_gets_one_answer,
);

const MISS: &str = "shallweplay; fwd=miss";
const HIT: &str = "shallweplay; hit";

async fn profiles_are_filled_once_and_say_so(app: TestApp) {
    let [ada, ben] = app.two_guests().await;
    let path = format!("/api/v1/players/{}", ada.id);
    let first = ben.api.get(&path).await;
    assert_eq!((first.status, first.header("cache-status")), (200, Some(MISS)));
    for n in 0..2 {
        let again = ben.at(&app.client(n)).api.get(&path).await;
        assert_eq!((again.header("cache-status"), &again.body), (Some(HIT), &first.body), "the replicas share it");
    }
    let profile = first.json();
    assert!(profile["privacy"].is_null() && profile["bio"].is_null(), "private fields are private: {profile}");
    for path in ["/api/v1/modes".to_owned(), format!("/api/v1/players/{}/games", ada.id)] {
        ben.api.get(&path).await.expect_status(200);
        let again = ben.api.get(&path).await;
        assert_eq!((again.status, again.header("cache-status")), (200, Some(HIT)), "{path}");
    }
}

async fn your_own_writes_are_read_on_every_replica(app: TestApp) {
    let ada = app.guest(0, "Ada").await;
    let path = format!("/api/v1/players/{}", ada.id);
    for n in 0..10 {
        let (writes, reads) = (ada.at(&app.client(n)), ada.at(&app.client(n + 1)));
        let name = format!("Ada the {n}th");
        writes.api.patch("/api/v1/players/me", json!({ "display_name": name })).await.expect_status(200);
        assert_eq!(reads.api.get(&path).await.expect_status(200)["display_name"], *name);
        assert_eq!(reads.api.get(&path).await.expect_status(200)["display_name"], *name, "and again, cached");
        assert_eq!(writes.api.get(&path).await.expect_status(200)["display_name"], *name);
    }
}

async fn unchanged_documents_are_not_sent_again(app: TestApp) {
    let ada = app.guest(0, "Ada").await;
    let me = "/api/v1/players/me".to_owned();
    let paths = [me.clone(), format!("/api/v1/players/{}", ada.id), format!("/api/v1/players/{}/games", ada.id)];
    for path in paths.iter().map(String::as_str).chain(["/api/v1/modes", "/api/v1/modes/duel"]) {
        let first = ada.api.get(path).await;
        let tag = first.header("etag").unwrap_or_else(|| panic!("{path} has no ETag")).to_owned();
        let known = ada.api.with("if-none-match", &format!("\"other\", W/{tag}"));
        let again = known.at(&app.client(1)).get(path).await;
        assert_eq!((again.status, again.body.len()), (304, 0), "{path}");
        assert_eq!(again.header("etag"), Some(&*tag));
        let other = ada.api.with("if-none-match", "\"other\"").get(path).await;
        assert_eq!((other.status, &other.body), (200, &first.body), "{path}");
    }
    let tag = ada.api.get(&me).await.header("etag").map(str::to_owned).expect("has one");
    ada.api.patch(&me, json!({ "bio": "Wrote the first program." })).await.expect_status(200);
    let changed = ada.api.with("if-none-match", &tag).get(&me).await;
    assert_eq!(changed.expect_status(200)["bio"], "Wrote the first program.");
    assert_ne!(changed.header("etag"), Some(&*tag));
}

async fn a_stampede_on_a_cold_page_gets_one_answer(app: TestApp) {
    let players = app.two_guests().await;
    let board = Match::running("tic_tac_toe", players).await;
    board.play_to_a_win(0).await;
    let ada = &board.seats[0];
    // What the game does to ratings stands on the page, and comes a moment later.
    ada.rated_after("tic_tac_toe", 1).await;
    let path = format!("/api/v1/players/{}/games", ada.id);
    let clients: Vec<_> = (0..20).map(|n| ada.at(&app.client(n)).api).collect();
    let answers = join_all(clients.iter().map(|api| api.get(&path))).await;
    for answer in &answers {
        assert_eq!(answer.expect_status(200)["items"][0]["id"], *board.game);
        assert_eq!(answer.body, answers[0].body);
        assert!(matches!(answer.header("cache-status"), Some(MISS | HIT)), "{:?}", answer.headers);
    }
    // The relay invalidates once more what the last move had changed; then it stays.
    until_true("the page is cached", seconds(5), || async {
        ada.api.get(&path).await.header("cache-status") == Some(HIT)
    })
    .await;
}
