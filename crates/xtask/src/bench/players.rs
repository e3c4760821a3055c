//! Players for the scenarios, over REST.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use testkit::Failure;
use testkit::http::Connection;
use tokio::task::JoinSet;

use super::{Bench, OPERATOR, Server};

/// How long one step of a game may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// Connections that sign players in.
const SIGN_IN_CONNECTIONS: usize = 16;

/// A signed-in guest.
#[derive(Debug, Clone)]
pub(super) struct Player {
    pub(super) id: String,
    pub(super) token: String,
}

impl Player {
    /// The value of his `Authorization` header.
    pub(super) fn bearer(&self) -> String {
        format!("Bearer {}", self.token)
    }
}

/// Signs in `count` new guests.
pub(super) async fn sign_in(host: &str, count: usize) -> Result<Vec<Player>, Failure> {
    let mut tasks = JoinSet::new();
    for number in 0..SIGN_IN_CONNECTIONS {
        let host = host.to_owned();
        let share = count / SIGN_IN_CONNECTIONS + usize::from(number < count % SIGN_IN_CONNECTIONS);
        tasks.spawn(async move {
            let mut api = Api::open(&host, None).await?;
            let mut players = Vec::with_capacity(share);
            for _ in 0..share {
                let reply = api.call("POST", "/auth/guest", Some(json!({}))).await?;
                players.push(Player { id: text(&reply["player"]["id"])?, token: text(&reply["access_token"])? });
            }
            Ok::<_, Failure>(players)
        });
    }
    let mut players = Vec::with_capacity(count);
    while let Some(done) = tasks.join_next().await {
        players.extend(done.map_err(Failure::of("signing in"))??);
    }
    Ok(players)
}

/// The operator, signed in.
pub(super) async fn operator(bench: &Bench, server: &Server) -> Result<Player, Failure> {
    let mut api = Api::open(&server.running.authority(), None).await?;
    let login = json!({ "handle": OPERATOR, "password": bench.keys });
    let start = Instant::now();
    // The operator is made a moment after the start.
    let session = loop {
        match api.call("POST", "/auth/login", Some(login.clone())).await {
            Ok(session) => break session,
            Err(error) if start.elapsed() > PATIENCE => return Err(error),
            Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    };
    Ok(Player { id: text(&session["player"]["id"])?, token: text(&session["access_token"])? })
}

/// Everyone plays one duel against anyone, to its settlement. Players come in
/// even numbers. Each game is a draw: the queue would make players whose
/// ratings drifted apart wait for each other.
pub(super) async fn play_a_round(host: &str, players: &[Player]) -> Result<(), Failure> {
    let mut tasks = JoinSet::new();
    for player in players {
        let (host, player) = (host.to_owned(), player.clone());
        tasks.spawn(async move { play(&host, &player).await });
    }
    while let Some(done) = tasks.join_next().await {
        done.map_err(Failure::of("playing"))??;
    }
    Ok(())
}

async fn play(host: &str, player: &Player) -> Result<(), Failure> {
    let mut api = Api::open(host, Some(player)).await?;
    let ticket = api.call("POST", "/matchmaking/tickets", Some(json!({ "mode": "duel" }))).await?;
    let path = format!("/matchmaking/tickets/{}", text(&ticket["id"])?);
    let ticket = api.until(&path, |ticket| ticket["game_id"].is_string()).await?;
    let path = format!("/games/{}", text(&ticket["game_id"])?);
    api.call("POST", &format!("{path}/ready"), None).await?;
    let game = api.until(&path, |game| game["status"] == "in_progress").await?;
    let report = json!({ "session_secret": text(&game["you"]["session_secret"])?, "score": 7 });
    api.call("POST", &format!("{path}/scores"), Some(report)).await?;
    api.until(&path, |game| game["status"] == "settled").await?;
    Ok(())
}

/// A connection that speaks for one player.
#[derive(Debug)]
pub(super) struct Api {
    connection: Connection,
    bearer: Option<String>,
}

impl Api {
    pub(super) async fn open(host: &str, player: Option<&Player>) -> Result<Self, Failure> {
        let connection = Connection::open(host).await.map_err(Failure::of("connecting"))?;
        Ok(Self { connection, bearer: player.map(Player::bearer) })
    }

    /// The body of a 2xx; anything else is a failure.
    pub(super) async fn call(&mut self, method: &str, path: &str, body: Option<Value>) -> Result<Value, Failure> {
        let header = self.bearer.as_deref().map(|bearer| ("authorization", bearer));
        let path = format!("/api/v1{path}");
        let answer = self.connection.request(method, &path, header.as_slice(), body.as_ref()).await;
        let answer = answer.map_err(Failure::of(format!("{method} {path}")))?;
        if (200..300).contains(&answer.status) {
            return Ok(answer.json());
        }
        let said = String::from_utf8_lossy(&answer.body).into_owned();
        Err(Failure::new(format!("{method} {path} was answered {}: {said}", answer.status)))
    }

    /// Reads a resource until it is as wanted.
    pub(super) async fn until(&mut self, path: &str, wanted: impl Fn(&Value) -> bool) -> Result<Value, Failure> {
        let start = Instant::now();
        loop {
            let value = self.call("GET", path, None).await?;
            if wanted(&value) {
                return Ok(value);
            }
            if start.elapsed() > PATIENCE {
                return Err(Failure::new(format!("{path} did not get on within {PATIENCE:?}: {value}")));
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

pub(super) fn text(value: &Value) -> Result<String, Failure> {
    value.as_str().map(str::to_owned).ok_or_else(|| Failure::new(format!("A string was expected, not {value}.")))
}
