//! A client that never gives up: it comes back at whichever replica is there, resumes, and checks each offset.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};
use testkit::ws::{Client, RecvError};
use tokio::time::{Instant, sleep};

use crate::world::{PATIENCE, Player};

/// How long one attempt to connect may take; a replica that is going away may not answer at all.
const ATTEMPT: Duration = Duration::from_secs(3);

pub(super) struct Roamer {
    pub(super) player: Player,
    /// Where replicas may be found, in the order in which they are tried.
    replicas: Vec<String>,
    client: Option<Client>,
    /// The last position of each stream; `None` where nothing of it came yet.
    positions: BTreeMap<String, Option<(String, i64)>>,
    /// What went wrong: gaps, streams that could not go on.
    pub(super) faults: Vec<String>,
    /// From the loss of a connection, or the time it was told, until it was ready again.
    pub(super) absences: Vec<Duration>,
    /// Durable events, each once.
    pub(super) events: usize,
    /// When to come back after a drain.
    back_at: Option<Instant>,
    pub(super) live: Value,
}

impl Roamer {
    pub(super) async fn connect(player: Player, replicas: Vec<String>) -> Self {
        let mut roamer = Self {
            player,
            replicas,
            client: None,
            positions: BTreeMap::from([("player".to_owned(), None)]),
            faults: Vec::new(),
            absences: Vec::new(),
            events: 0,
            back_at: None,
            live: Value::Null,
        };
        roamer.come().await;
        roamer
    }

    /// Connects anew and goes on where it was. What was missed comes by [`next`](Self::next).
    pub(super) async fn come_back(&mut self) {
        if let Some(at) = self.back_at.take() {
            tokio::time::sleep_until(at).await;
        }
        let lost = Instant::now();
        self.client = None;
        self.replicas.rotate_left(1);
        self.come().await;
        self.absences.push(lost.elapsed());
    }

    async fn come(&mut self) {
        let begun = Instant::now();
        let mut pause = 20;
        while !self.attempt().await {
            assert!(begun.elapsed() < PATIENCE * 3, "{} finds no replica", self.player.id);
            self.replicas.rotate_left(1);
            sleep(Duration::from_millis(pause)).await;
            pause = (pause * 2).min(300);
        }
    }

    async fn attempt(&mut self) -> bool {
        let url = format!("ws://{}/ws", self.replicas[0]);
        let connecting = Client::connect(&url, Some("shallweplay.v1"), &[]);
        let Ok(Ok(client)) = tokio::time::timeout(ATTEMPT, connecting).await else { return false };
        let mut client = client.by_contract();
        let resume: BTreeMap<&String, Value> = self
            .positions
            .iter()
            .filter(|(stream, at)| at.is_some() || *stream != "player")
            .map(|(stream, at)| match at {
                Some((epoch, offset)) => (stream, json!({ "epoch": epoch, "offset": offset })),
                None => (stream, json!({ "epoch": "beginning", "offset": 0 })),
            })
            .collect();
        let hello = json!({ "token": self.player.token, "resume": resume });
        let Ok(reply) = client.request("session.hello", hello, ATTEMPT).await else { return false };
        if reply["ok"] != true {
            return false;
        }
        for stream in resume.keys() {
            if reply["data"]["streams"][stream.as_str()]["recovered"] != true {
                self.faults.push(format!("{stream} did not go on: {}", reply["data"]["streams"]));
            }
        }
        if let Some(own) = self.positions.get_mut("player").filter(|at| at.is_none()) {
            let place = &reply["data"]["streams"]["player"];
            *own =
                Some((place["epoch"].as_str().unwrap_or_default().to_owned(), place["offset"].as_i64().unwrap_or(-1)));
        }
        self.live = reply["data"]["live"].clone();
        self.client = Some(client);
        true
    }

    /// A request; `None` when the connection is lost over it, or was.
    pub(super) async fn ask(&mut self, kind: &str, data: Value) -> Option<Value> {
        let client = self.client.as_mut()?;
        match client.request(kind, data, PATIENCE).await {
            Ok(reply) => Some(reply),
            Err(RecvError::Closed { .. }) => {
                self.client = None;
                None
            }
            Err(late) => panic!("{kind} of {}: {late}", self.player.id),
        }
    }

    /// The next event, checked against what came before; `None` when the connection is lost. Doubled ones are passed
    /// over.
    pub(super) async fn next(&mut self, patience: Duration) -> Option<Value> {
        loop {
            let message = match self.client.as_mut()?.recv_json(patience).await {
                Ok(message) => message,
                Err(RecvError::Closed { .. }) => {
                    self.client = None;
                    return None;
                }
                Err(late) => panic!("{} waits for an event: {late}, {:?}", self.player.id, self.positions),
            };
            if message["type"] == "session.going_away" {
                let ms = message["data"]["reconnect_in_ms"].as_u64().unwrap_or_default();
                self.back_at = Some(Instant::now() + Duration::from_millis(ms));
            } else if message["type"] == "session.resync" {
                self.faults.push(format!("resync: {message}"));
            }
            let Some(stream) = message["stream"].as_str() else { continue };
            let (epoch, offset) =
                (message["epoch"].as_str().unwrap_or_default(), message["offset"].as_i64().unwrap_or(-1));
            let at = self.positions.entry(stream.to_owned()).or_default();
            let expected = at.as_ref().map_or(1, |(_, last)| last + 1);
            if at.as_ref().is_some_and(|(known, _)| known != epoch) || offset > expected {
                self.faults.push(format!("{stream}: {expected} was next, {epoch}@{offset} came: {message}"));
            }
            if offset < expected {
                continue;
            }
            *at = Some((epoch.to_owned(), offset));
            if let Some(id) = message["data"]["game"]["id"].as_str().filter(|_| message["type"] == "match.found") {
                self.positions.entry(format!("game:{id}")).or_default();
            }
            self.events += 1;
            return Some(message);
        }
    }
}
