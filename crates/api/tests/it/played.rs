//! Games played by invitation, without the queue: quick, and with the opponent one wants.

use serde_json::{Value, json};
use testkit::http::Answer;

use crate::client::Answered as _;
use crate::players::Player;
use crate::wait::{seconds, until};

/// A private game of these two that is in progress; its id.
pub(crate) async fn private(mode: &str, host: &Player, guest: &Player) -> String {
    let made = host.api.post("/api/v1/games", json!({ "mode": mode, "invite": [guest.id] })).await.expect_status(201);
    let game = made["id"].as_str().expect("has an id").to_owned();
    let invite = made["invites"][0]["id"].as_str().unwrap_or_else(|| panic!("nobody is invited: {made}"));
    guest.api.request("POST", &format!("/api/v1/game-invites/{invite}/accept"), None).await.expect_status(200);
    for player in [host, guest] {
        player.command(&game, "ready").await.expect_status(200);
    }
    let running = guest.game(&game).await;
    assert_eq!(running["status"], "in_progress", "{running}");
    game
}

/// A private duel that is over: the host's score and the guest's.
pub(crate) async fn duel(host: &Player, guest: &Player, scores: [i64; 2]) -> String {
    game_of("duel", host, guest, scores).await
}

/// A private game that is over, of a mode with scores.
pub(crate) async fn game_of(mode: &str, host: &Player, guest: &Player, scores: [i64; 2]) -> String {
    let game = private(mode, host, guest).await;
    for (player, score) in [host, guest].into_iter().zip(scores) {
        player.report(&game, json!({ "score": score })).await.expect_status(200);
    }
    let over = host.game(&game).await;
    assert_eq!(over["status"], "settled", "{over}");
    game
}

/// A run of score attack that is over.
pub(crate) async fn run(player: &Player, score: i64) -> String {
    let made = player.api.post("/api/v1/games", json!({ "mode": "score_attack" })).await.expect_status(201);
    let game = made["id"].as_str().expect("has an id").to_owned();
    let secret = made["you"]["session_secret"].clone();
    let report = json!({ "session_secret": secret, "score": score });
    let reported = player.api.post(&format!("/api/v1/games/{game}/scores"), report).await.expect_status(200);
    assert_eq!(reported["result"]["status"], "settled", "{reported}");
    game
}

/// What stands for somebody.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Standing {
    pub(crate) rating: Value,
    pub(crate) stats: Value,
    pub(crate) met: Value,
}

impl Player {
    /// A page about this player: `stats`, `ratings`.
    pub(crate) async fn page(&self, what: &str) -> Answer {
        self.api.get(&format!("/api/v1/players/{}/{what}", self.id)).await
    }

    /// The rating in one family; null while there is none.
    pub(crate) async fn rating(&self, family: &str) -> Value {
        let ratings = self.page("ratings").await.expect_status(200);
        let items = ratings["items"].as_array().expect("is a list");
        items.iter().find(|item| item["mode"] == family).cloned().unwrap_or_default()
    }

    /// Waits until the standings know so many rated games of this player's; the rating then.
    pub(crate) async fn rated_after(&self, family: &str, games: u64) -> Value {
        until(&format!("{games} games of {family} are rated"), seconds(15), || async {
            let rating = self.rating(family).await;
            (rating["games"].as_u64().unwrap_or(0) == games).then_some(rating)
        })
        .await
    }

    /// A leaderboard; `query` begins with `?` or is empty.
    pub(crate) async fn board(&self, mode: &str, query: &str) -> Value {
        self.api.get(&format!("/api/v1/leaderboards/{mode}{query}")).await.expect_status(200)
    }

    /// What stands for this player in duels, and against that one.
    pub(crate) async fn standing(&self, other: &Self) -> Standing {
        let mut rating = self.rating("duel").await;
        // It grows with the time that passes.
        if let Some(rating) = rating.as_object_mut() {
            rating.remove("deviation");
        }
        let stats = self.page("stats").await.expect_status(200);
        let met = self.page(&format!("head-to-head/{}", other.id)).await.expect_status(200);
        Standing { rating, stats, met }
    }
}
