use std::fmt;

use bytestring::ByteString;
use serde::de::{Deserialize, Deserializer, Error as _, IgnoredAny, MapAccess, Visitor};
use serde_json::{Map, Value, json};

use crate::close::CloseCode;
use crate::error::RealtimeError;
use crate::event::wire_name;
use crate::frame::{BadFrame, ClientFrame, FrameId, ServerFrame};
use crate::json::quote;

/// The form frames have on the wire. The session knows frames only, so another protocol is another codec.
pub trait Codec: Send + Sync {
    /// Reads one text message.
    ///
    /// # Errors
    /// [`BadFrame`] says what to answer and whether to close.
    fn decode(&self, text: &str) -> Result<ClientFrame, BadFrame>;

    /// Writes one frame.
    fn encode(&self, frame: ServerFrame<'_>) -> ByteString;
}

/// The native protocol, `shallweplay.v1`: one JSON object per text frame.
#[derive(Debug, Clone, Copy, Default)]
pub struct V1;

/// Longest `type` that is read at all.
const MAX_TYPE: usize = 128;

impl Codec for V1 {
    fn decode(&self, text: &str) -> Result<ClientFrame, BadFrame> {
        let Ok(raw) = serde_json::from_str::<Raw>(text) else {
            return Err(fatal(None, "a message is one JSON object, nested at most 128 deep"));
        };
        let bad = |id: &Option<FrameId>, why| {
            let error = RealtimeError::Malformed(why);
            Err(BadFrame { id: id.clone(), error, close: None })
        };
        let (id, id_is_bad) = match raw.id {
            None => (None, false),
            Some(Value::String(text)) => FrameId::parse(&text).map_or((None, true), |id| (Some(id), false)),
            Some(_) => (None, true),
        };
        let kind = match raw.kind {
            Some(Value::String(kind)) if is_kind(&kind) => kind,
            _ => return Err(fatal(id, "a message has a type: 1 to 128 bytes of text")),
        };
        if raw.repeated {
            return bad(&id, "a field appears twice");
        }
        if id_is_bad {
            return bad(&id, "id must be 1 to 64 of A-Z, a-z, 0-9, _ and -");
        }
        if raw.unknown {
            return bad(&id, "unknown field: a message has id, type, data and key");
        }
        let key = match raw.key {
            None => None,
            Some(Value::String(key)) if !bad_key(&key) => Some(key),
            Some(_) => return bad(&id, "key must be 1 to 255 visible ASCII characters"),
        };
        let data = match raw.data {
            None => Value::Object(Map::new()),
            Some(data @ Value::Object(_)) => data,
            Some(_) => return bad(&id, "data must be an object"),
        };
        if holds_control(&data) {
            return bad(&id, "control characters are not allowed in text");
        }
        Ok(ClientFrame { id, kind, data, key })
    }

    fn encode(&self, frame: ServerFrame<'_>) -> ByteString {
        match frame {
            ServerFrame::Reply { re, outcome } => {
                let (head, body) = match outcome {
                    Ok(data) => ("\",\"ok\":true,\"data\":", data),
                    Err(problem) => ("\",\"ok\":false,\"error\":", problem),
                };
                // An id has no character that needs quoting.
                ["{\"re\":\"", re.as_str(), head, body.as_str(), "}"].concat().into()
            }
            ServerFrame::Error(problem) => ["{\"type\":\"error\",\"data\":", problem.as_str(), "}"].concat().into(),
            ServerFrame::Durable { event, .. } => event.frame().clone(),
            ServerFrame::Volatile(event) => event.frame().clone(),
            ServerFrame::Ready(_) => ByteString::from_static("{\"type\":\"session.ready\"}"),
            ServerFrame::Ping => ByteString::from_static("{\"type\":\"ping\"}"),
            ServerFrame::Pong => ByteString::from_static("{\"type\":\"pong\"}"),
            ServerFrame::Resync { stream, position, at } => {
                let mut data = json!({ "stream": wire_name(stream), "following": position.is_some() });
                if let Some(position) = position {
                    data["epoch"] = json!(position.epoch);
                    data["offset"] = json!(position.offset);
                }
                event("session.resync", at, &data)
            }
            ServerFrame::GoingAway { reconnect_in_ms, at } => {
                event("session.going_away", at, &json!({ "reconnect_in_ms": reconnect_in_ms }))
            }
        }
    }
}

fn event(kind: &str, at: kernel::Timestamp, data: &Value) -> ByteString {
    let mut out = String::with_capacity(96);
    out.push_str("{\"type\":");
    quote(&mut out, kind);
    out.push_str(&format!(",\"at\":\"{at}\",\"data\":{data}}}"));
    out.into()
}

pub(crate) fn fatal(id: Option<FrameId>, why: &'static str) -> BadFrame {
    BadFrame { id, error: RealtimeError::Malformed(why), close: Some(CloseCode::Malformed) }
}

fn has_control(text: &str) -> bool {
    text.chars().any(char::is_control)
}

/// Whether this may be a request's type.
pub(crate) fn is_kind(text: &str) -> bool {
    (1..=MAX_TYPE).contains(&text.len()) && !has_control(text)
}

/// Whether this can't be an Idempotency-Key.
pub(crate) fn bad_key(text: &str) -> bool {
    !(1..=255).contains(&text.len()) || !text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// Whether any string of the value, keys included, holds a control character. The reader has bounded the depth.
pub(crate) fn holds_control(value: &Value) -> bool {
    match value {
        Value::String(text) => has_control(text),
        Value::Array(items) => items.iter().any(holds_control),
        Value::Object(members) => members.iter().any(|(key, value)| has_control(key) || holds_control(value)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// The envelope before its fields are checked, so that a refusal can still name its `id`.
#[derive(Default)]
struct Raw {
    id: Option<Value>,
    kind: Option<Value>,
    data: Option<Value>,
    key: Option<Value>,
    unknown: bool,
    repeated: bool,
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Envelope;

        impl<'de> Visitor<'de> for Envelope {
            type Value = Raw;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Raw, A::Error> {
                let mut raw = Raw::default();
                while let Some(name) = map.next_key::<String>()? {
                    let slot = match name.as_str() {
                        "id" => &mut raw.id,
                        "type" => &mut raw.kind,
                        "data" => &mut raw.data,
                        "key" => &mut raw.key,
                        _ => {
                            raw.unknown = true;
                            map.next_value::<IgnoredAny>()?;
                            continue;
                        }
                    };
                    if slot.is_some() {
                        raw.repeated = true;
                    }
                    *slot = Some(map.next_value().map_err(A::Error::custom)?);
                }
                Ok(raw)
            }
        }

        deserializer.deserialize_map(Envelope)
    }
}

#[cfg(test)]
mod tests;
