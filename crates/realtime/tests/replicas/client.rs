use std::collections::{BTreeMap, BTreeSet};

use kernel::PlayerId;
use serde_json::{Value, json};
use shallweplay_realtime::Position;

/// What a careful client knows, across its connections.
pub(crate) struct Client {
    pub(crate) player: PlayerId,
    /// What it has of each stream.
    pub(crate) at: BTreeMap<String, Position>,
    /// What it named in the hello of this connection.
    asked: BTreeSet<String>,
    /// What the hello reply promised to bring before `session.ready`.
    promised: BTreeMap<String, Position>,
    /// Ids without an answer on this connection.
    pub(crate) waiting: BTreeSet<String>,
    pub(crate) ready: bool,
    next: u32,
    pub(crate) events: usize,
    pub(crate) resyncs: usize,
}

impl Client {
    pub(crate) const fn new(player: PlayerId) -> Self {
        Self {
            player,
            at: BTreeMap::new(),
            asked: BTreeSet::new(),
            promised: BTreeMap::new(),
            waiting: BTreeSet::new(),
            ready: false,
            next: 0,
            events: 0,
            resyncs: 0,
        }
    }

    /// A new connection: what to say first.
    pub(crate) fn hello(&mut self) -> String {
        self.ready = false;
        self.waiting = BTreeSet::from(["hello".to_owned()]);
        self.asked = self.at.keys().cloned().collect();
        json!({"id": "hello", "type": "session.hello", "data": {"token": "t", "resume": self.at}}).to_string()
    }

    pub(crate) fn request(&mut self) -> String {
        self.next += 1;
        let id = format!("c{}", self.next);
        self.waiting.insert(id.clone());
        json!({"id": id, "type": "matchmaking.join"}).to_string()
    }

    /// Takes a frame; may answer.
    pub(crate) fn hear(&mut self, text: &str) -> Option<String> {
        let frame: Value = serde_json::from_str(text).expect("frames are JSON");
        if let Some(re) = frame["re"].as_str() {
            assert!(self.waiting.remove(re), "{re} is answered twice, or was never asked");
            if re == "hello" && frame["ok"] == true {
                self.greeted(&frame["data"]["streams"]);
            }
        } else if frame["stream"].is_string() {
            self.durable(&frame);
        } else {
            match frame["type"].as_str() {
                Some("session.ready") => {
                    assert!(!self.waiting.contains("hello"), "ready follows the reply");
                    for (stream, position) in &self.promised {
                        assert_eq!(self.at.get(stream), Some(position), "what was missed comes before ready");
                    }
                    self.ready = true;
                }
                Some("session.resync") => {
                    let stream = frame["data"]["stream"].as_str().expect("names its stream").to_owned();
                    assert_eq!(frame["data"]["following"], true);
                    self.resyncs += 1;
                    self.at.insert(stream, position(&frame["data"]));
                }
                Some("ping") => return Some(json!({"type": "pong"}).to_string()),
                Some("game.relayed") => assert!(self.ready),
                other => panic!("unexpected {other:?}"),
            }
        }
        None
    }

    fn greeted(&mut self, streams: &Value) {
        let streams = streams.as_object().expect("an object");
        assert!(streams.contains_key("player"));
        self.promised.clear();
        for stream in std::mem::take(&mut self.asked) {
            assert!(streams.contains_key(&stream), "every stream here is granted");
        }
        for (stream, place) in streams {
            if place["recovered"] == true {
                let (ours, theirs) = (self.at[stream], position(place));
                assert!(ours.epoch == theirs.epoch && ours.offset <= theirs.offset);
                self.promised.insert(stream.clone(), theirs);
            } else {
                self.at.insert(stream.clone(), position(place));
            }
        }
    }

    fn durable(&mut self, frame: &Value) {
        let (stream, got) = (frame["stream"].as_str().expect("named"), position(frame));
        let expected = match self.at.get(stream) {
            Some(at) => Position { offset: at.offset + 1, ..*at },
            // A stream that a match opens begins with its first event.
            None => Position { offset: 1, ..got },
        };
        assert_eq!(got, expected, "{stream}: a gap or a double without a resync");
        assert!(!self.waiting.contains("hello"), "nothing before the hello reply");
        self.events += 1;
        self.at.insert(stream.to_owned(), got);
    }
}

fn position(place: &Value) -> Position {
    let epoch = place["epoch"].as_str().and_then(|epoch| epoch.parse().ok()).expect("an epoch");
    Position { epoch, offset: place["offset"].as_i64().expect("an offset") }
}
