//! Two who can't both be right, both at once, on two replicas: nobody is answered by a failure, and one thing holds.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::future::join;
use futures_util::stream::{self, StreamExt as _};
use serde_json::{Value, json};
use testkit::http::Answer;

use crate::app::{Setup, TestApp};
use crate::client::Answered as _;
use crate::played::private;
use crate::players::Player;
use crate::staff::{HANDLE, PASSWORD, admin, moderator};
use crate::wait::{seconds, until, until_true};

/// So many pairs are on their way at the same time.
const AT_ONCE: usize = 16;

/// Two players at a replica each, and their game.
struct Pair {
    game: String,
    players: [Player; 2],
}

/// Runs `work` for each of these, a few at a time.
async fn each<T, R, F>(items: impl IntoIterator<Item = T>, work: impl Fn(T) -> F) -> Vec<R>
where
    F: Future<Output = R>,
{
    stream::iter(items.into_iter().map(work)).buffered(AT_ONCE).collect().await
}

async fn pairs(app: &TestApp, count: usize) -> Vec<Pair> {
    each(0..count, |n| async move {
        let players = [app.guest(n, "Claims").await, app.guest(n + 1, "Denies").await];
        let game = private("duel", &players[0], &players[1]).await;
        Pair { game, players }
    })
    .await
}

/// What each says: I have beaten the other one.
async fn both_claim(pair: &Pair) -> [Answer; 2] {
    let secrets = join(pair.players[0].game(&pair.game), pair.players[1].game(&pair.game)).await;
    let [one, two] = &pair.players;
    let claim = |game: &Value, mine: &Player, other: &Player| {
        let secret = &game["you"]["session_secret"];
        json!({ "session_secret": secret, "score": 5, "outcome": "win", "scores": { &mine.id: 5, &other.id: 1 } })
    };
    let (first, second) = (claim(&secrets.0, one, two), claim(&secrets.1, two, one));
    let path = format!("/api/v1/games/{}/scores", pair.game);
    let (first, second) = join(one.api.post(&path, first), two.api.post(&path, second)).await;
    [first, second]
}

/// Both reports were taken, and the one that came second was told of the dispute.
async fn assert_disputed(pair: &Pair, answers: &[Answer; 2]) {
    for answer in answers {
        assert_eq!(answer.status, 200, "{}", answer.json());
        assert_eq!(answer.json()["report"]["status"], "accepted", "{}", answer.json());
    }
    let told = answers.iter().filter(|answer| answer.json()["result"]["status"] == "disputed").count();
    assert_eq!(told, 1, "{} {}", answers[0].json(), answers[1].json());
    for player in &pair.players {
        let game = player.game(&pair.game).await;
        assert_eq!(game["result"]["version"], 0, "nothing holds yet: {game}");
    }
}

/// How many ledger entries a game has, by game; counted where they stand.
async fn entries(app: &TestApp) -> BTreeMap<String, i64> {
    let database = app.database.as_ref().expect("the setup is networked").connect().await;
    let rows = database.query("SELECT game_id::text, count(*) FROM ledger GROUP BY game_id", &[]).await;
    rows.expect("is answered").iter().map(|row| (row.get(0), row.get(1))).collect()
}

/// Each pair contradicts itself at once; nobody can decide, so that nothing holds in the end, and nothing was rated.
async fn contradict(app: &TestApp, count: usize) -> Vec<Pair> {
    let pairs = pairs(app, count).await;
    let answers = each(&pairs, both_claim).await;
    each(pairs.iter().zip(&answers), |(pair, answers)| assert_disputed(pair, answers)).await;
    each(&pairs, |pair| async move {
        let shown = pair.players[0].history("").await["items"][0]["status"].clone();
        assert!(shown == "disputed" || shown == "voided" || shown.is_null(), "{shown}");
        let ended = until("the dispute ends", seconds(45), || async {
            let game = pair.players[1].game(&pair.game).await;
            let open = game["status"] == "disputed" || game["status"] == "finished";
            (!open).then_some(game)
        })
        .await;
        assert_eq!((&ended["status"], &ended["ended"]["reason"]), (&json!("voided"), &json!("unresolved_dispute")));
        let other = pair.players[0].game(&pair.game).await;
        for field in ["status", "result", "ended"] {
            assert_eq!(other[field], ended[field], "both see the same");
        }
        until_true("a history that was read before shows it as well", seconds(2), || async {
            pair.players[0].history("").await["items"][0]["status"] == "voided"
        })
        .await;
        for player in &pair.players {
            assert!(player.line(&ended)["outcome"].is_null() && player.rating("duel").await.is_null(), "{ended}");
            assert!(player.live().await.is_empty(), "and both are free");
        }
    })
    .await;
    pairs
}

#[tokio::test]
async fn pairs_that_contradict_each_other_end_voided_embedded() {
    let app = Setup::embedded().with("SWP__GAMES__EVIDENCE_MS", "2000").start().await;
    contradict(&app, 60).await;
}

#[tokio::test]
async fn five_hundred_pairs_that_contradict_each_other_end_voided_on_two_replicas() {
    let app = Setup::networked(2).with("SWP__GAMES__EVIDENCE_MS", "2000").start().await;
    let pairs = contradict(&app, 500).await;
    let entries = entries(&app).await;
    for pair in &pairs {
        assert!(!entries.contains_key(&pair.game), "what never counted has no place in the ledger");
    }
    for replica in 0..2 {
        let logs = app.replica(replica).logs();
        let bad = logs.lines().find(|line| line.contains("deadlock") || line.contains("panicked"));
        assert_eq!(bad, None);
    }
}

/// Disputes that two operators decide at the same moment, one for each side.
async fn decide_against_each_other(app: &TestApp, count: usize) -> Vec<Pair> {
    let operators = {
        let first = admin(app, 0).await;
        let second = moderator(app, &first, 1).await;
        [first, second]
    };
    let pairs = pairs(app, count).await;
    let answers = each(&pairs, both_claim).await;
    each(pairs.iter().zip(&answers), |(pair, answers)| assert_disputed(pair, answers)).await;
    each(&pairs, |pair| {
        let [first, second] = &operators;
        async move {
            let [one, two] = &pair.players;
            let path = format!("/api/v1/admin/disputes/{}/resolve", pair.game);
            let for_one = json!({ "decision": "settle", "reason": "seen", "scores": { &one.id: 5, &two.id: 1 } });
            let for_two = json!({ "decision": "settle", "reason": "seen", "scores": { &one.id: 1, &two.id: 5 } });
            let (a, b) = join(first.api.post(&path, for_one), second.api.post(&path, for_two)).await;
            let (winner, lost) = if a.status == 200 { (one, b) } else { (two, a) };
            assert_eq!(lost.status, 409, "one of two decisions holds: {}", lost.json());
            let game = winner.game(&pair.game).await;
            assert_eq!((&game["status"], &game["result"]["version"]), (&json!("settled"), &json!(1)), "{game}");
            assert_eq!(winner.line(&game)["outcome"], "win", "{game}");
            let loser = if winner.id == one.id { two } else { one };
            let (won, lost) = (winner.rated_after("duel", 1).await, loser.rated_after("duel", 1).await);
            assert!(won["rating"].as_f64() > Some(1500.0) && lost["rating"].as_f64() < Some(1500.0), "{won} {lost}");
        }
    })
    .await;
    until_true("nobody waits for an operator any more", seconds(2), || async {
        let list = operators[1].api.get("/api/v1/admin/disputes").await.expect_status(200);
        list["items"].as_array().is_some_and(Vec::is_empty)
    })
    .await;
    pairs
}

#[tokio::test]
async fn of_two_decisions_about_a_dispute_one_holds_embedded() {
    let setup =
        Setup::embedded().with("SWP__ADMIN__BOOTSTRAP_HANDLE", HANDLE).with("SWP__ADMIN__BOOTSTRAP_PASSWORD", PASSWORD);
    decide_against_each_other(&setup.start().await, 20).await;
}

#[tokio::test]
async fn of_two_decisions_about_a_dispute_one_holds_on_two_replicas() {
    let setup = Setup::networked(2)
        .with("SWP__ADMIN__BOOTSTRAP_HANDLE", HANDLE)
        .with("SWP__ADMIN__BOOTSTRAP_PASSWORD", PASSWORD);
    let app = setup.start().await;
    let pairs = decide_against_each_other(&app, 100).await;
    let entries = entries(&app).await;
    for pair in &pairs {
        assert_eq!(entries.get(&pair.game), Some(&1), "one entry, for the decision that held");
    }
    assert_eq!(entries.len(), pairs.len());
    let database = app.database.as_ref().expect("is there").connect().await;
    let places = "SELECT count(*), count(DISTINCT sequence), max(sequence) FROM ledger";
    let row = database.query_one(places, &[]).await.expect("is answered");
    let numbers: [i64; 3] = [row.get(0), row.get(1), row.get(2)];
    assert_eq!(numbers, [100; 3], "places in the ledger have no gap and no double");
}

/// The same report sent to both replicas at once, many times: it counts once, and is answered alike.
#[tokio::test]
async fn a_report_sent_to_both_replicas_at_once_counts_once() {
    let app = Setup::networked(2).start().await;
    let pairs = pairs(&app, 40).await;
    each(&pairs, |pair| {
        let app = &app;
        async move {
            for (player, score) in pair.players.iter().zip([3, 1]) {
                let secret = player.game(&pair.game).await["you"]["session_secret"].clone();
                let (path, body) = (
                    format!("/api/v1/games/{}/scores", pair.game),
                    json!({ "session_secret": secret, "score": score }),
                );
                let keyed = player.api.with("idempotency-key", "the-report");
                let sent = [0, 1, 0, 1].map(|n| {
                    let (api, path, body) = (keyed.at(&app.client(n)), path.clone(), body.clone());
                    async move {
                        // A twin that still runs is told to ask again.
                        until("it is answered", Duration::from_secs(5), || async {
                            let answer = api.post(&path, body.clone()).await;
                            (answer.status != 409).then_some(answer)
                        })
                        .await
                    }
                });
                let answers = futures_util::future::join_all(sent).await;
                for answer in &answers {
                    assert_eq!((answer.status, &answer.body), (200, &answers[0].body), "byte for byte");
                }
            }
            let game = pair.players[0].game(&pair.game).await;
            assert_eq!((&game["status"], &game["result"]["version"]), (&json!("settled"), &json!(1)), "{game}");
        }
    })
    .await;
    let entries = entries(&app).await;
    assert_eq!(entries.len(), pairs.len());
    assert!(entries.values().all(|count| *count == 1), "{entries:?}");
}
