//! Players as the tests know them, and two of them in a game.

use serde_json::{Value, json};
use testkit::http::Answer;

use crate::client::{Answered as _, Client};
use crate::wait::{seconds, until};

/// Somebody signed in, talking to one replica.
#[derive(Debug, Clone)]
pub(crate) struct Player {
    pub(crate) id: String,
    pub(crate) api: Client,
    pub(crate) access_token: String,
    pub(crate) refresh_token: String,
    pub(crate) device_secret: Option<String>,
}

impl Player {
    /// From the answer of a sign-in call.
    pub(crate) fn signed_in(api: &Client, body: &Value) -> Self {
        let text = |value: &Value| value.as_str().expect("is text").to_owned();
        let access_token = text(&body["access_token"]);
        Self {
            id: text(&body["player"]["id"]),
            api: api.bearing(&access_token),
            access_token,
            refresh_token: text(&body["refresh_token"]),
            device_secret: body["device_secret"].as_str().map(str::to_owned),
        }
    }

    /// The same player at another replica.
    pub(crate) fn at(&self, other: &Client) -> Self {
        Self { api: self.api.at(other), ..self.clone() }
    }

    /// Queues; the ticket's id.
    pub(crate) async fn join(&self, mode: &str) -> String {
        let ticket = self.api.post("/api/v1/matchmaking/tickets", json!({ "mode": mode })).await.expect_status(201);
        ticket["id"].as_str().expect("has an id").to_owned()
    }

    pub(crate) async fn ticket(&self, id: &str) -> Value {
        self.api.get(&format!("/api/v1/matchmaking/tickets/{id}")).await.expect_status(200)
    }

    /// Waits until the ticket has become a game; the game's id.
    pub(crate) async fn matched(&self, ticket: &str) -> String {
        until("the ticket is matched", seconds(15), || async {
            let ticket = self.ticket(ticket).await;
            let matched = ticket["status"] == "matched";
            assert!(matched || ticket["status"] == "searching", "{ticket}");
            matched.then(|| ticket["game_id"].as_str().expect("a matched ticket names its game").to_owned())
        })
        .await
    }

    pub(crate) async fn game(&self, id: &str) -> Value {
        self.api.get(&format!("/api/v1/games/{id}")).await.expect_status(200)
    }

    /// Waits until this player sees the game in this status.
    pub(crate) async fn sees(&self, game: &str, status: &str) -> Value {
        until(&format!("the game is {status}"), seconds(10), || async {
            let game = self.game(game).await;
            (game["status"] == status).then_some(game)
        })
        .await
    }

    /// Asks another for friendship.
    pub(crate) async fn ask(&self, other: &Self) -> Answer {
        self.api.post("/api/v1/friends/requests", json!({ "player_id": other.id })).await
    }

    /// `accept` or `decline` to the other's request.
    pub(crate) async fn answer(&self, other: &Self, what: &str) -> Answer {
        self.api.request("POST", &format!("/api/v1/friends/requests/{}/{what}", other.id), None).await
    }

    /// Becomes the other's friend.
    pub(crate) async fn befriend(&self, other: &Self) {
        self.ask(other).await.expect_status(201);
        other.answer(self, "accept").await.expect_status(200);
    }

    /// Wants nothing to do with the other any more.
    pub(crate) async fn block(&self, other: &Self) {
        self.api.request("PUT", &format!("/api/v1/blocks/{}", other.id), None).await.expect_status(200);
    }

    /// A command on a game without a body: `ready`, `abandon`.
    pub(crate) async fn command(&self, game: &str, what: &str) -> Answer {
        self.api.request("POST", &format!("/api/v1/games/{game}/{what}"), None).await
    }

    /// A tic-tac-toe move.
    pub(crate) async fn mark(&self, game: &str, cell: u8, expected_sequence: i64) -> Answer {
        let body = json!({ "move": { "cell": cell }, "expected_sequence": expected_sequence });
        self.api.post(&format!("/api/v1/games/{game}/moves"), body).await
    }

    /// A score report; `session_secret` is filled in.
    pub(crate) async fn report(&self, game: &str, mut report: Value) -> Answer {
        report["session_secret"] = self.game(game).await["you"]["session_secret"].clone();
        self.api.post(&format!("/api/v1/games/{game}/scores"), report).await
    }

    /// Games of this player's that aren't over.
    pub(crate) async fn live(&self) -> Vec<Value> {
        let body = self.api.get("/api/v1/games?status=live").await.expect_status(200);
        body["items"].as_array().expect("is a list").clone()
    }

    /// A page of this player's history; `query` begins with `?` or is empty.
    pub(crate) async fn history(&self, query: &str) -> Value {
        self.api.get(&format!("/api/v1/players/{}/games{query}", self.id)).await.expect_status(200)
    }

    /// This player's line in a game.
    pub(crate) fn line<'a>(&self, game: &'a Value) -> &'a Value {
        let lines = game["players"].as_array().expect("is a list");
        lines.iter().find(|line| line["player"]["id"] == *self.id).expect("plays in it")
    }
}

/// Signs a new guest in.
pub(crate) async fn guest(api: Client, name: &str) -> Player {
    let answer = api.post("/api/v1/auth/guest", json!({ "display_name": name })).await;
    Player::signed_in(&api, &answer.expect_status(201))
}

/// Two players in a game, by seat.
pub(crate) struct Match {
    pub(crate) game: String,
    pub(crate) seats: [Player; 2],
}

impl Match {
    /// Both queue and are matched; nobody is ready yet.
    pub(crate) async fn found(mode: &str, players: [Player; 2]) -> Self {
        let [one, two] = players;
        let tickets = [one.join(mode).await, two.join(mode).await];
        let game = one.matched(&tickets[0]).await;
        assert_eq!(two.matched(&tickets[1]).await, game, "both are in the same game");
        let seen = one.game(&game).await;
        let seats = if one.line(&seen)["seat"] == 0 { [one, two] } else { [two, one] };
        Self { game, seats }
    }

    /// Both are in a running game.
    pub(crate) async fn running(mode: &str, players: [Player; 2]) -> Self {
        let found = Self::found(mode, players).await;
        for player in &found.seats {
            player.command(&found.game, "ready").await.expect_status(200);
        }
        found.seats[0].sees(&found.game, "in_progress").await;
        found
    }

    /// Plays tic-tac-toe from here: seat 0 takes the upper row.
    pub(crate) async fn play_to_a_win(&self, from: i64) {
        for (sequence, cell) in (0..).zip([0, 3, 1, 4, 2]).skip(usize::try_from(from).expect("is small")) {
            let player = &self.seats[usize::try_from(sequence % 2).expect("is small")];
            let moved = player.mark(&self.game, cell, sequence).await.expect_status(200);
            assert_eq!(moved["sequence"], sequence + 1);
        }
    }

    /// Both report the same scores.
    pub(crate) async fn report_alike(&self, scores: [i64; 2]) {
        for (player, score) in self.seats.iter().zip(scores) {
            player.report(&self.game, json!({ "score": score })).await.expect_status(200);
        }
    }
}
