use kernel::{EventId, GameId, StreamEvent, StreamKey};
use serde_json::{Value, json};
use uuid::Uuid;

use super::*;
use crate::event::{RenderedEvent, RenderedVolatile};
use crate::frame::Token;
use crate::port::{Request, SignInFailure, SignedIn};
use crate::resume::{Attached, Position, Start, Wanted};

mod following;
mod protocol;

pub(super) const T0: Timestamp = Timestamp::from_millis(1_767_225_600_000);

pub(super) fn ada() -> PlayerId {
    PlayerId::new(Uuid::from_u128(0xada))
}

pub(super) fn own() -> StreamKey {
    StreamKey::player(ada())
}

pub(super) fn game(n: u128) -> StreamKey {
    StreamKey::game(GameId::new(Uuid::from_u128(n)))
}

pub(super) const fn epoch() -> Uuid {
    Uuid::from_u128(7)
}

/// One session, a clock in milliseconds, and what it sent.
pub(super) struct Bench {
    pub(super) session: Session,
    pub(super) ms: i64,
}

/// An effect, with text read back.
#[derive(Debug, PartialEq)]
pub(super) enum Out {
    Frame(Value),
    Other(Effect),
}

impl Bench {
    pub(super) fn new() -> Self {
        Self::with(|_| {})
    }

    pub(super) fn with(change: impl FnOnce(&mut SessionConfig)) -> Self {
        let problem = |refusal: &dyn Refusal| Json::from_value(&json!({ "code": refusal.code() }));
        let mut config = SessionConfig::new(["matchmaking.join", "game.join"], problem);
        change(&mut config);
        Self { session: Session::new(Arc::new(config), T0), ms: 0 }
    }

    pub(super) fn now(&self) -> Timestamp {
        T0.plus_millis(self.ms)
    }

    pub(super) fn give(&mut self, input: Input) -> Vec<Out> {
        let now = self.now();
        let read = |effect| match effect {
            Effect::Send(text) => Out::Frame(serde_json::from_str(&text).expect("frames are JSON")),
            other => Out::Other(other),
        };
        self.session.handle(input, now).into_iter().map(read).collect()
    }

    pub(super) fn say(&mut self, message: &Value) -> Vec<Out> {
        self.give(Input::Text(message.to_string().into()))
    }

    pub(super) fn tick_at(&mut self, ms: i64) -> Vec<Out> {
        self.ms = ms;
        self.give(Input::Tick)
    }

    /// Through the hello, following these streams, each at offset 10.
    pub(super) fn open(games: &[StreamKey]) -> Self {
        let mut bench = Self::new();
        bench.hello(games);
        bench
    }

    pub(super) fn hello(&mut self, games: &[StreamKey]) {
        let resume: serde_json::Map<_, _> =
            games.iter().map(|game| (game.as_str().to_owned(), json!(position(10)))).collect();
        self.say(&json!({"id": "h", "type": "session.hello", "data": {"token": "t", "resume": resume}}));
        self.give(signed_in(games));
        let answers = [own()].iter().chain(games).map(|stream| attached(stream, 10, Some(&[]))).collect();
        let out = self.give(Input::Attached(answers));
        assert_eq!(out.last(), Some(&frame(json!({"type": "session.ready"}))));
        assert!(self.session.is_open());
    }

    /// Begins a call; its number.
    pub(super) fn call(&mut self, id: &str) -> CallId {
        match self.say(&json!({"id": id, "type": "matchmaking.join", "data": {}})).as_slice() {
            [Out::Other(Effect::Call { call, .. })] => *call,
            other => panic!("no call: {other:?}"),
        }
    }
}

pub(super) fn frame(value: Value) -> Out {
    Out::Frame(value)
}

pub(super) fn closed(code: CloseCode) -> Out {
    Out::Other(Effect::Close(code))
}

pub(super) fn refusal(id: &str, code: &str) -> Out {
    frame(json!({"re": id, "ok": false, "error": {"code": code}}))
}

pub(super) fn nameless_refusal(code: &str) -> Out {
    frame(json!({"type": "error", "data": {"code": code}}))
}

pub(super) fn position(offset: i64) -> Position {
    Position { epoch: epoch(), offset }
}

pub(super) fn signed_in(streams: &[StreamKey]) -> Input {
    Input::SignedIn(Box::new(SignedIn {
        session_id: "s1".to_owned(),
        player_id: ada(),
        player: Json::from_value(&json!({"id": ada()})),
        live: Json::from_value(&json!({"ticket_id": null, "proposal_id": null, "game_id": null, "party_id": null})),
        expires_at: Some(T0.plus_millis(600_000)),
        streams: streams.to_vec(),
    }))
}

pub(super) fn event(stream: &StreamKey, offset: i64, kind: &'static str, data: Value) -> Arc<RenderedEvent> {
    let event_id = EventId::new(Uuid::from_u128(5));
    let row = StreamEvent { stream: stream.clone(), epoch: epoch(), offset, event_id, kind: kind.into(), data, at: T0 };
    Arc::new(RenderedEvent::new(&row, &row.data))
}

pub(super) fn moved(stream: &StreamKey, offset: i64) -> Arc<RenderedEvent> {
    event(stream, offset, "game.moved", json!({"n": offset}))
}

pub(super) fn attached(stream: &StreamKey, top: i64, missed: Option<&[i64]>) -> Attached {
    let events = missed.unwrap_or_default().iter().map(|offset| moved(stream, *offset)).collect();
    Attached { stream: stream.clone(), epoch: epoch(), top, recovered: missed.is_some(), missed: events }
}

/// `(type or re, stream, offset)` of each frame, for the order of things.
pub(super) fn gist(out: &[Out]) -> Vec<String> {
    let line = |out: &Out| match out {
        Out::Frame(frame) => {
            let text = |name: &str| frame[name].as_str().map(str::to_owned);
            let place =
                frame["offset"].as_i64().map(|offset| format!("{}@{offset}", frame["stream"].as_str().unwrap_or("?")));
            place.or_else(|| text("type")).or_else(|| text("re")).unwrap_or_default()
        }
        Out::Other(Effect::Attach(wanted)) => format!("attach {}", wanted.len()),
        Out::Other(Effect::CatchUp(wanted)) => format!("catch up {:?}", wanted.start),
        Out::Other(other) => format!("{other:?}"),
    };
    out.iter().map(line).collect()
}
