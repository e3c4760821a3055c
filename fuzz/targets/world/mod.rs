//! What surrounds a session: streams with their rows, a bus that loses and doubles, a store that answers late; and the
//! client that checks what it is told.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use kernel::{EventId, GameId, PlayerId, Refusal, StreamEvent, StreamHead, StreamKey, Timestamp};
use realtime::{
    Attached, CallId, CloseCode, Codec as _, Effect, Input, Json, Position, RenderedEvent, Session, SessionConfig,
    SignInFailure, Signal, SignedIn, V1, Wanted, resume,
};
use serde_json::{Value, json};
use uuid::Uuid;

const MOST: usize = 8;

fn player() -> PlayerId {
    PlayerId::new(Uuid::from_u128(0xada))
}

fn game(number: u8) -> StreamKey {
    StreamKey::game(GameId::new(Uuid::from_u128(u128::from(number) + 1)))
}

struct Stream {
    key: StreamKey,
    epoch: u128,
    /// Rows of offsets 1 to as many as there are.
    rows: Vec<StreamEvent>,
}

enum Open {
    Call(CallId),
    Refresh(CallId),
}

pub(crate) struct World {
    session: Session,
    now: Timestamp,
    streams: [Stream; 3],
    signing_in: Option<Vec<StreamKey>>,
    reads: VecDeque<Vec<Wanted>>,
    calls: VecDeque<Open>,
    /// How often an id was asked with and not answered.
    asked: BTreeMap<String, i64>,
    /// Where the client stands in each stream, as far as it knows.
    stands: BTreeMap<String, (String, i64)>,
    closed: bool,
}

impl World {
    pub(crate) fn new() -> Self {
        let problem = |refusal: &dyn Refusal| Json::from_value(&json!({ "code": refusal.code() }));
        let mut config = SessionConfig::new(["matchmaking.join", "game.join"], problem);
        config.max_missed = MOST;
        config.max_held = 4;
        config.max_streams = 2;
        let now = Timestamp::from_millis(1_767_225_600_000);
        let keys = [StreamKey::player(player()), game(0), game(1)];
        Self {
            session: Session::new(Arc::new(config), now),
            now,
            streams: keys.map(|key| Stream { key, epoch: 7, rows: Vec::new() }),
            signing_in: None,
            reads: VecDeque::new(),
            calls: VecDeque::new(),
            asked: BTreeMap::new(),
            stands: BTreeMap::new(),
            closed: false,
        }
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.closed
    }

    pub(crate) fn step(&mut self, op: u8, bytes: &mut impl Iterator<Item = u8>) {
        let mut byte = || bytes.next().unwrap_or_default();
        match op % 16 {
            0 => {
                let length = usize::from(byte());
                let raw: Vec<u8> = (0..length).map(|_| byte()).collect();
                self.say(&String::from_utf8_lossy(&raw));
            }
            1 => {
                let (id, resume) = (byte() % 4, byte());
                let places: serde_json::Map<_, _> = (0..resume % 3).map(|nth| self.place(nth, byte())).collect();
                let data = json!({ "token": "t", "resume": places });
                self.say(&json!({ "id": format!("h{id}"), "type": "session.hello", "data": data }).to_string());
            }
            2 => {
                let kind =
                    ["matchmaking.join", "game.join", "ping", "session.refresh", "no.such"][usize::from(byte() % 5)];
                let data = if kind == "session.refresh" { json!({ "token": "t" }) } else { json!({}) };
                self.say(&json!({ "id": format!("c{}", byte() % 24), "type": kind, "data": data }).to_string());
            }
            3 => {
                self.now = self.now.plus_millis(i64::from(byte()) * 250);
                self.give(Input::Tick);
            }
            4 => self.sign_in(byte()),
            5 | 6 => {
                let nth = self.append(byte(), byte());
                if op % 16 == 5 {
                    let last = self.streams[nth].rows.len() - 1;
                    self.deliver(nth, last);
                }
            }
            7 => {
                let (nth, offset) = (usize::from(byte() % 3), usize::from(byte()));
                if !self.streams[nth].rows.is_empty() {
                    self.deliver(nth, offset % self.streams[nth].rows.len());
                }
            }
            8 => {
                let head = self.head(usize::from(byte() % 3));
                self.give(Input::Head(Arc::new(head)));
            }
            9 | 10 => self.answer_read(byte()),
            11 => self.reply(byte(), byte()),
            12 => {
                let stream = &mut self.streams[usize::from(byte() % 3)];
                stream.epoch += 1;
                stream.rows.clear();
            }
            13 => self.give(Input::ControlFrame),
            14 => self.give(Input::Unfollow(game(byte() % 2))),
            _ => {
                let signals = [Signal::QueueOverflow, Signal::Replaced, Signal::Drain { reconnect_in_ms: 5_000 }];
                self.give(Input::Signal(signals[usize::from(byte() % 3)]));
            }
        }
    }

    fn say(&mut self, text: &str) {
        let id = match V1.decode(text) {
            Ok(frame) => frame.id,
            Err(bad) => bad.id,
        };
        if let Some(id) = id {
            *self.asked.entry(id.as_str().to_owned()).or_default() += 1;
        }
        self.give(Input::Text(text.into()));
    }

    fn place(&self, nth: u8, offset: u8) -> (String, Value) {
        let stream = &self.streams[usize::from(nth % 3)];
        let name = if nth == 0 { "player".to_owned() } else { stream.key.as_str().to_owned() };
        let epoch = Uuid::from_u128(stream.epoch + u128::from(offset / 200));
        (name, json!({ "epoch": epoch, "offset": offset % 12 }))
    }

    fn sign_in(&mut self, how: u8) {
        let Some(streams) = self.signing_in.take() else { return };
        if how % 8 == 0 {
            let problem = Json::from_value(&json!({}));
            return self.give(Input::SignInFailed { reason: SignInFailure::NotAuthenticated, problem });
        }
        let signed = SignedIn {
            session_id: "s".into(),
            player_id: player(),
            player: Json::from_value(&json!({})),
            live: Json::from_value(&json!({})),
            expires_at: (how % 4 == 1).then(|| self.now.plus_millis(60_000)),
            streams,
        };
        self.give(Input::SignedIn(Box::new(signed)));
    }

    /// A new row, which the bus loses unless it is delivered.
    fn append(&mut self, nth: u8, kind: u8) -> usize {
        let opened = self.streams[1 + usize::from(kind / 4 % 2)].key.as_str().trim_start_matches("game:").to_owned();
        let nth = usize::from(nth % 3);
        let stream = &mut self.streams[nth];
        stream.rows.push(StreamEvent {
            stream: stream.key.clone(),
            epoch: Uuid::from_u128(stream.epoch),
            offset: i64::try_from(stream.rows.len()).expect("is small") + 1,
            event_id: EventId::new(Uuid::from_u128(9)),
            kind: ["game.moved", "match.found", "game.settled", "game.started"][usize::from(kind % 4)].into(),
            data: json!({ "game": { "id": opened } }),
            at: self.now,
        });
        nth
    }

    fn deliver(&mut self, nth: usize, row: usize) {
        let event = rendered(&self.streams[nth].rows[row]);
        self.give(Input::Durable(event));
    }

    fn head(&self, nth: usize) -> StreamHead {
        let Stream { key, epoch, rows } = &self.streams[nth];
        StreamHead {
            stream: key.clone(),
            epoch: Uuid::from_u128(*epoch),
            top: i64::try_from(rows.len()).expect("is small"),
        }
    }

    /// The store answers the oldest read, rightly; or not at all.
    fn answer_read(&mut self, how: u8) {
        let Some(wanted) = self.reads.pop_front() else { return };
        if how % 8 == 0 {
            let streams = wanted.into_iter().map(|wanted| wanted.stream).collect();
            return self.give(Input::AttachFailed { streams, problem: Json::from_value(&json!({})) });
        }
        let answers = wanted.into_iter().filter_map(|wanted| self.attached(&wanted)).collect();
        self.give(Input::Attached(answers));
    }

    fn attached(&self, wanted: &Wanted) -> Option<Attached> {
        let nth = self.streams.iter().position(|stream| stream.key == wanted.stream)?;
        let head = self.head(nth);
        let rows: &[StreamEvent] = match resume::rows_after(wanted.start, &head) {
            Some(after) => &self.streams[nth].rows[usize::try_from(after).ok()?..],
            None => &[],
        };
        let reached = resume::decide(wanted.start, &head, rows, MOST);
        Some(Attached {
            stream: head.stream,
            epoch: head.epoch,
            top: reached.unwrap_or(head.top),
            recovered: reached.is_some(),
            missed: reached.map(|_| rows.iter().map(rendered).collect()).unwrap_or_default(),
        })
    }

    fn reply(&mut self, how: u8, nth: u8) {
        let empty = || Json::from_value(&json!({}));
        match self.calls.pop_front() {
            Some(Open::Call(call)) => {
                let outcome = if how % 4 == 0 { Err(empty()) } else { Ok(empty()) };
                let head = self.head(1 + usize::from(nth % 2));
                let follow = (head.stream, Position { epoch: head.epoch, offset: head.top });
                let follow = if how % 4 == 1 { vec![follow] } else { Vec::new() };
                self.give(Input::Reply { call, outcome, follow });
            }
            Some(Open::Refresh(call)) => {
                let expires_at = self.now.plus_millis(60_000);
                self.give(Input::Refreshed { call, player: player(), expires_at });
            }
            None => {}
        }
    }

    fn give(&mut self, input: Input) {
        for effect in self.session.handle(input, self.now) {
            assert!(!self.closed, "after the close comes {effect:?}");
            match effect {
                Effect::Send(text) => self.hear(&serde_json::from_str(&text).expect("frames are JSON")),
                Effect::Close(CloseCode::Internal) => panic!("an internal error"),
                Effect::Close(_) => self.closed = true,
                Effect::SignIn { streams, .. } => {
                    self.signing_in = Some(std::iter::once(self.streams[0].key.clone()).chain(streams).collect());
                }
                Effect::Attach(wanted) => self.reads.push_back(wanted),
                Effect::CatchUp(wanted) => self.reads.push_back(vec![wanted]),
                Effect::Detach(stream) => _ = self.stands.remove(stream.as_str()),
                Effect::Call { call, .. } => self.calls.push_back(Open::Call(call)),
                Effect::Refresh { call, .. } => self.calls.push_back(Open::Refresh(call)),
            }
        }
        assert!(self.calls.len() <= 16, "{} calls at once", self.calls.len());
    }

    fn hear(&mut self, frame: &Value) {
        if let Some(id) = frame["re"].as_str() {
            let open = self.asked.entry(id.to_owned()).or_default();
            *open -= 1;
            assert!(*open >= 0, "{id} is answered once more than it was asked");
            return;
        }
        let place = |of: &Value| Some((of["epoch"].as_str()?.to_owned(), of["offset"].as_i64()?));
        if frame["type"] == "session.resync" {
            let stream = frame["data"]["stream"].as_str().expect("names it").to_owned();
            match place(&frame["data"]) {
                Some(at) => self.stands.insert(stream, at),
                None => self.stands.remove(&stream),
            };
        } else if let (Some(stream), Some((epoch, offset))) = (frame["stream"].as_str(), place(frame)) {
            if let Some((known, last)) = self.stands.get(stream) {
                assert_eq!((known, last + 1), (&epoch, offset), "a gap in {stream}");
            }
            self.stands.insert(stream.to_owned(), (epoch, offset));
        }
    }
}

fn rendered(row: &StreamEvent) -> Arc<RenderedEvent> {
    Arc::new(RenderedEvent::new(row, &row.data))
}
