//! A client of `/ws` that watches the order of what it gets.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use serde_json::{Map, Value, json};
use testkit::ws::{self, ConnectError, RecvError};
use tokio::time::Instant;

use crate::client::Client;
use crate::players::Player;

/// Longer than anything may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// Opens a socket without saying anything.
pub(crate) async fn connect(api: &Client, query: &str) -> Result<ws::Client, ConnectError> {
    let url = format!("ws://{}/ws{query}", api.authority());
    ws::Client::connect(&url, Some("shallweplay.v1"), &[]).await.map(ws::Client::by_contract)
}

/// A socket of somebody signed in. Durable events are checked as they come: in each stream without a gap, and none
/// twice once it is known.
pub(crate) struct Socket {
    pub(crate) client: ws::Client,
    /// The data of the reply to `session.hello`.
    pub(crate) hello: Value,
    pending: VecDeque<Value>,
    positions: BTreeMap<String, (String, i64)>,
    joined: Vec<String>,
}

impl Socket {
    /// Opens a socket and signs in.
    pub(crate) async fn open(player: &Player) -> Self {
        Self::greet(player, json!({ "token": player.access_token }), BTreeMap::new()).await
    }

    /// Opens another socket at the replica of `player`, to go on where `before` stood.
    pub(crate) async fn resume(player: &Player, before: &Positions) -> Self {
        let resume: Map<String, Value> = before
            .0
            .iter()
            .map(|(stream, (epoch, offset))| (stream.clone(), json!({ "epoch": epoch, "offset": offset })))
            .collect();
        Self::greet(player, json!({ "token": player.access_token, "resume": resume }), before.0.clone()).await
    }

    async fn greet(player: &Player, hello: Value, positions: BTreeMap<String, (String, i64)>) -> Self {
        let client = connect(&player.api, "").await.expect("is upgraded");
        assert_eq!(client.protocol(), Some("shallweplay.v1"));
        let mut socket = Self { client, hello: Value::Null, pending: VecDeque::new(), positions, joined: Vec::new() };
        socket.hello = socket.ok("session.hello", hello).await;
        let streams = socket.hello["streams"].as_object().expect("names streams").clone();
        for (stream, at) in streams {
            let place =
                (at["epoch"].as_str().expect("has an epoch").to_owned(), at["offset"].as_i64().expect("has an offset"));
            // What was missed comes before what the hello says, and is checked from where it was left.
            socket.positions.entry(stream).or_insert(place);
        }
        socket
    }

    /// The reply to a request, as it is.
    pub(crate) async fn request(&mut self, kind: &str, data: Value) -> Value {
        let reply = self.client.request(kind, data, PATIENCE).await;
        reply.unwrap_or_else(|error| panic!("{kind} was not answered: {error}"))
    }

    /// The data of a request that is granted.
    pub(crate) async fn ok(&mut self, kind: &str, data: Value) -> Value {
        let reply = self.request(kind, data).await;
        assert_eq!(reply["ok"], true, "{kind}: {reply}");
        reply["data"].clone()
    }

    /// The problem of a request that is refused with this code.
    pub(crate) async fn refused(&mut self, kind: &str, data: Value, code: &str) -> Value {
        let reply = self.request(kind, data).await;
        assert_eq!((&reply["ok"], &reply["error"]["code"]), (&json!(false), &json!(code)), "{kind}: {reply}");
        reply["error"].clone()
    }

    /// Follows a game from now on; the game.
    pub(crate) async fn join(&mut self, game: &str) -> Value {
        self.joined.push(format!("game:{game}"));
        self.ok("game.join", json!({ "game_id": game })).await["game"].clone()
    }

    /// The next message of this type.
    pub(crate) async fn event(&mut self, kind: &str) -> Value {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let found = self.pending.iter().position(|message| message["type"] == kind);
            if let Some(found) = found.and_then(|at| self.pending.remove(at)) {
                return found;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            let message = self.client.recv_json(left).await.unwrap_or_else(|error| {
                let others: Vec<_> = self.pending.iter().map(|message| message["type"].to_string()).collect();
                panic!("no {kind}: {error}; there were {others:?}")
            });
            if self.is_news(&message) {
                self.pending.push_back(message);
            }
        }
    }

    /// All messages up to the first of this type, in their order, that one included.
    pub(crate) async fn all_until(&mut self, kind: &str) -> Vec<Value> {
        let last = self.event(kind).await;
        self.pending.drain(..).chain([last]).collect()
    }

    fn is_news(&mut self, message: &Value) -> bool {
        let Some(stream) = message["stream"].as_str() else { return true };
        let epoch = message["epoch"].as_str().expect("a durable event has an epoch");
        let offset = message["offset"].as_i64().expect("a durable event has an offset");
        let Some((known, last)) = self.positions.get_mut(stream) else {
            self.positions.insert(stream.to_owned(), (epoch.to_owned(), offset));
            let late = self.joined.iter().any(|joined| joined == stream);
            assert!(late || offset == 1, "a game is followed from its beginning: {message}");
            return true;
        };
        assert_eq!(known, epoch, "{message}");
        assert!(offset <= *last + 1, "{stream}: after {last} came {message}");
        let news = offset > *last;
        *last = offset.max(*last);
        news
    }

    /// Cuts the connection, without a goodbye; where it stood.
    pub(crate) fn cut(self) -> Positions {
        Positions(self.positions)
    }

    /// Reads until the server closes; with which code.
    pub(crate) async fn close_code(&mut self) -> Result<Option<u16>, RecvError> {
        self.client.close_code(PATIENCE).await
    }
}

/// How far somebody has read.
pub(crate) struct Positions(BTreeMap<String, (String, i64)>);
