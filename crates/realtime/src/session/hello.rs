use kernel::{FieldError, GameId, StreamKey, Timestamp};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::{Phase, Session};
use crate::close::CloseCode;
use crate::error::RealtimeError;
use crate::event::wire_name;
use crate::follow::{Follow, Sent};
use crate::frame::{ClientFrame, FrameId, ServerFrame, Token, Told};
use crate::json::{Json, quote};
use crate::limits::Heartbeat;
use crate::port::{Effect, Effects, SignedIn};
use crate::resume::{Attached, Position, Start};

/// A hello on its way from the request to the reply.
pub(super) struct Hello {
    pub(super) id: Option<FrameId>,
    /// What the client named; `None` is its own stream.
    resume: Vec<(Option<StreamKey>, Start)>,
    signed: Option<SignedIn>,
    answers: Vec<Attached>,
}

/// Longest name of a stream: anything longer is none.
const MAX_NAME: usize = 64;

impl Session {
    pub(super) fn hello(&mut self, frame: ClientFrame, now: Timestamp, out: &mut Effects) {
        if !matches!(self.phase, Phase::AwaitHello) {
            return self.refuse(frame.id.as_ref(), &RealtimeError::AlreadySignedIn, out);
        }
        let (token, resume) = match read(frame.data, self.config.max_streams) {
            Ok(read) => read,
            Err(field) => return self.refuse(frame.id.as_ref(), &RealtimeError::Invalid(vec![field]), out),
        };
        let streams = resume.iter().filter_map(|(stream, _)| stream.clone()).collect();
        let hello = Hello { id: frame.id, resume, signed: None, answers: Vec::new() };
        self.phase = Phase::SigningIn(Box::new(hello));
        self.deadline = now.plus_millis(self.config.sign_in_ms);
        out.push(Effect::SignIn { token, streams });
    }

    pub(super) fn signed_in(&mut self, signed: SignedIn, out: &mut Effects) {
        let mut hello = match std::mem::replace(&mut self.phase, Phase::AwaitHello) {
            Phase::SigningIn(hello) => hello,
            other => {
                self.phase = other;
                return;
            }
        };
        self.player = Some(signed.player_id);
        self.expires_at = signed.expires_at;
        let own = hello.resume.iter().find(|(stream, _)| stream.is_none()).map_or(Start::Top, |(_, start)| *start);
        let mut follows = vec![Follow::new(StreamKey::player(signed.player_id), own)];
        for (stream, start) in &hello.resume {
            if let Some(stream) = stream
                && signed.streams.contains(stream)
                && follows.iter().all(|follow| follow.key() != stream)
                && follows.len() < self.config.max_streams
            {
                follows.push(Follow::new(stream.clone(), *start));
            }
        }
        follows.shrink_to_fit();
        out.push(Effect::Attach(follows.iter().map(Follow::wanted).collect()));
        self.follows = follows;
        hello.signed = Some(signed);
        self.phase = Phase::Attaching(hello);
    }

    /// Keeps the answer of a stream until all are there; then opens.
    pub(super) fn hello_attached(&mut self, answers: Vec<Attached>, now: Timestamp, out: &mut Effects) {
        let Phase::Attaching(hello) = &mut self.phase else { return };
        for answer in answers {
            let wanted = self.follows.iter().any(|follow| follow.key() == &answer.stream);
            if wanted && hello.answers.iter().all(|known| known.stream != answer.stream) {
                hello.answers.push(answer);
            }
        }
        if hello.answers.len() == self.follows.len()
            && let Phase::Attaching(hello) = std::mem::replace(&mut self.phase, Phase::Open)
        {
            self.open(*hello, now, out);
        }
    }

    fn open(&mut self, hello: Hello, now: Timestamp, out: &mut Effects) {
        let Some(signed) = hello.signed else { return };
        let (mut streams, mut missed) = (Map::new(), Sent::new());
        for follow in &mut self.follows {
            let Some(answer) = hello.answers.iter().find(|answer| &answer.stream == follow.key()) else { continue };
            let lost = follow.answer(answer, &mut missed);
            if lost || !answer.recovered {
                follow.told = follow.position();
            }
            let at = follow.position().unwrap_or(Position { epoch: answer.epoch, offset: answer.top });
            let place = json!({ "epoch": at.epoch, "offset": at.offset, "recovered": answer.recovered && !lost });
            streams.insert(wire_name(follow.key()).to_owned(), place);
        }
        let reply = self.hello_reply(&signed, streams, now);
        self.answer(hello.id.as_ref(), Ok(&reply), out);
        let opened = self.send_events(missed, now, out);
        self.send(ServerFrame::Ready(Told(&self.follows)), out);
        self.life = Heartbeat::new(now, self.config.heartbeat_ms);
        self.settle_all(now, out);
        self.follow_opened(opened, now, out);
    }

    fn hello_reply(&self, signed: &SignedIn, streams: Map<String, Value>, now: Timestamp) -> Json {
        let config = &self.config;
        let mut text = String::with_capacity(768);
        text.push_str("{\"session_id\":");
        quote(&mut text, &signed.session_id);
        text.push_str(&format!(
            ",\"player\":{},\"streams\":{},\"live\":{},\"heartbeat_ms\":{},\"resume_window_ms\":{},\"limits\":{},\
             \"server_time\":\"{now}\"}}",
            signed.player.as_str(),
            Value::Object(streams),
            signed.live.as_str(),
            config.heartbeat_ms,
            config.resume_window_ms,
            config.limits(),
        ));
        Json::assembled(text)
    }

    /// The hello can't be granted: its problem, then a close that tells the client what to do.
    pub(super) fn hello_failed(&mut self, problem: &Json, code: CloseCode, out: &mut Effects) {
        let (Phase::SigningIn(hello) | Phase::Attaching(hello)) = &self.phase else { return };
        self.answer(hello.id.as_ref(), Err(problem), out);
        self.close(code, out);
    }
}

type Read = (Option<Token>, Vec<(Option<StreamKey>, Start)>);

/// Reads `{token?, resume?: {stream: {epoch, offset}}}`, strictly.
fn read(data: Value, max_streams: usize) -> Result<Read, FieldError> {
    let Value::Object(members) = data else {
        return Err(FieldError::new("", "type", "must be an object"));
    };
    let (mut token, mut resume) = (None, Vec::new());
    for (name, value) in members {
        match (name.as_str(), value) {
            ("token", Value::String(text)) => token = Some(Token(text)),
            ("token", _) => return Err(FieldError::new("/token", "type", "must be a string")),
            ("resume", Value::Object(streams)) => {
                if streams.len() > max_streams {
                    return Err(FieldError::new("/resume", "too_many", format!("names at most {max_streams} streams")));
                }
                for (name, position) in &streams {
                    let start = read_position(name, position)?;
                    if name == "player" {
                        resume.push((None, start));
                    } else if let Some(stream) = stream_named(name) {
                        resume.push((Some(stream), start));
                    }
                }
            }
            ("resume", _) => return Err(FieldError::new("/resume", "type", "must be an object")),
            _ => return Err(FieldError::new("", "unknown_field", "has token and resume, nothing else")),
        }
    }
    Ok((token, resume))
}

/// In place of an epoch: nothing of this stream was seen yet, and all of it is wanted.
const BEGINNING: &str = "beginning";

/// An epoch that is no UUID is one that isn't the stream's any more; everything else must be as it was given out.
fn read_position(name: &str, position: &Value) -> Result<Start, FieldError> {
    let wrong = |detail| {
        let pointer = format!("/resume/{}", name.replace('~', "~0").replace('/', "~1"));
        Err(FieldError::new(pointer, "position", detail))
    };
    let Some(members) = position.as_object().filter(|members| members.len() == 2) else {
        return wrong("must be {epoch, offset}");
    };
    let Some(epoch) = members.get("epoch").and_then(Value::as_str) else {
        return wrong("epoch must be a string");
    };
    match members.get("offset").and_then(Value::as_i64) {
        Some(0) if epoch == BEGINNING => Ok(Start::Beginning),
        Some(offset) if offset >= 0 => {
            Ok(epoch.parse::<Uuid>().map_or(Start::Top, |epoch| Start::After(Position { epoch, offset })))
        }
        _ => wrong("offset must be a whole number from 0"),
    }
}

/// The stream of this name on the wire, in its one spelling. Names that no stream can have are passed over: they may
/// come from a client that knows more kinds than this server.
fn stream_named(name: &str) -> Option<StreamKey> {
    let (kind, id) = name.split_once(':')?;
    match kind {
        "player" => None,
        "game" => id.parse::<GameId>().ok().map(StreamKey::game),
        _ => (name.len() <= MAX_NAME).then(|| StreamKey::from_stored(name.to_owned())),
    }
}
