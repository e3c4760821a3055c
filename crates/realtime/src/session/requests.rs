use kernel::{FieldError, PlayerId, StreamKey, Timestamp};
use serde_json::{Map, Value, json};

use super::{InFlight, Phase, Session};
use crate::close::CloseCode;
use crate::error::RealtimeError;
use crate::event::wire_name;
use crate::frame::{ClientFrame, FrameId, ServerFrame, Token};
use crate::json::Json;
use crate::limits::Verdict;
use crate::port::{CallId, Effect, Effects, Request};
use crate::resume::{Position, Start};

impl Session {
    pub(super) fn text(&mut self, text: &str, now: Timestamp, out: &mut Effects) {
        if text.len() > self.config.max_message_bytes {
            return self.close(CloseCode::TooLarge, out);
        }
        let verdict = self.judge(now);
        if verdict == Verdict::Flood {
            return self.close(CloseCode::RateLimited, out);
        }
        let frame = match self.config.codec.decode(text) {
            Ok(frame) => frame,
            Err(bad) => {
                self.refuse(bad.id.as_ref(), &bad.error, out);
                if let Some(code) = bad.close {
                    self.close(code, out);
                }
                return;
            }
        };
        if frame.kind == "pong" {
            return;
        }
        if let Verdict::Refused(retry_at) = verdict {
            return self.refuse(frame.id.as_ref(), &RealtimeError::RateLimited { retry_at }, out);
        }
        if frame.id.as_ref().is_some_and(|id| self.is_waiting(id)) {
            return self.refuse(frame.id.as_ref(), &RealtimeError::DuplicateId, out);
        }
        if frame.kind == "session.hello" {
            return self.hello(frame, now, out);
        }
        if !matches!(self.phase, Phase::Open) {
            return self.refuse(frame.id.as_ref(), &RealtimeError::NotSignedIn, out);
        }
        self.request(frame, now, out);
    }

    fn request(&mut self, frame: ClientFrame, now: Timestamp, out: &mut Effects) {
        if frame.kind == "ping" {
            return match &frame.id {
                None => self.send(ServerFrame::Pong, out),
                Some(_) => {
                    let reply = Json::from_value(&json!({ "server_time": now }));
                    self.answer(frame.id.as_ref(), Ok(&reply), out);
                }
            };
        }
        let refresh = frame.kind == "session.refresh";
        if !refresh && !self.config.requests.contains(frame.kind.as_str()) {
            return self.refuse(frame.id.as_ref(), &RealtimeError::UnknownType, out);
        }
        if self.calls.len() >= self.config.in_flight {
            return self.refuse(frame.id.as_ref(), &RealtimeError::InFlight, out);
        }
        let ClientFrame { id, kind, data, key } = frame;
        if !refresh {
            let call = self.begin(id);
            return out.push(Effect::Call { call, request: Request { kind, data, key } });
        }
        match read_token(data) {
            Ok(token) => {
                let call = self.begin(id);
                out.push(Effect::Refresh { call, token });
            }
            Err(field) => self.refuse(id.as_ref(), &RealtimeError::Invalid(vec![field]), out),
        }
    }

    fn begin(&mut self, id: Option<FrameId>) -> CallId {
        let call = CallId(self.next_call);
        self.next_call = self.next_call.wrapping_add(1);
        self.calls.push(InFlight { call, id });
        call
    }

    /// Takes a call off the list; a second answer to the same call finds nothing.
    fn end(&mut self, call: CallId) -> Option<InFlight> {
        let index = self.calls.iter().position(|open| open.call == call)?;
        let ended = self.calls.swap_remove(index);
        if self.calls.is_empty() {
            self.calls = Vec::new();
        }
        Some(ended)
    }

    pub(super) fn replied(
        &mut self,
        call: CallId,
        outcome: Result<Json, Json>,
        follow: Vec<(StreamKey, Position)>,
        now: Timestamp,
        out: &mut Effects,
    ) {
        let Some(ended) = self.end(call) else { return };
        let outcome = match outcome {
            Ok(data) if !follow.is_empty() => {
                let place = |(stream, at): &(StreamKey, Position)| (wire_name(stream).to_owned(), json!(at));
                let streams: Map<_, _> = follow.iter().map(place).collect();
                Ok(data.with_member("streams", &Value::Object(streams).to_string()))
            }
            other => other,
        };
        self.answer(ended.id.as_ref(), outcome.as_ref(), out);
        if outcome.is_ok() {
            for (stream, at) in follow {
                self.follow(stream, Start::After(at), now, out);
            }
        }
    }

    pub(super) fn refreshed(
        &mut self,
        call: CallId,
        player: PlayerId,
        expires_at: Timestamp,
        now: Timestamp,
        out: &mut Effects,
    ) {
        let Some(ended) = self.end(call) else { return };
        if self.player != Some(player) {
            return self.refuse(ended.id.as_ref(), &RealtimeError::OtherPlayer, out);
        }
        self.expires_at = Some(expires_at);
        let reply = Json::from_value(&json!({ "expires_at": expires_at, "server_time": now }));
        self.answer(ended.id.as_ref(), Ok(&reply), out);
    }
}

fn read_token(data: Value) -> Result<Token, FieldError> {
    let Value::Object(mut members) = data else {
        return Err(FieldError::new("", "type", "must be an object"));
    };
    let token = members.remove("token");
    match token {
        Some(Value::String(token)) if members.is_empty() => Ok(Token(token)),
        Some(Value::String(_)) => Err(FieldError::new("", "unknown_field", "has token, nothing else")),
        _ => Err(FieldError::new("/token", "required", "must be a string")),
    }
}
