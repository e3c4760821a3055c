use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::Write as _;

use bytestring::ByteString;
use kernel::StreamKey;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::packet::{Kind, Packet};
use super::{Assembler, BETWEEN};
use crate::codec::{Codec, bad_key, fatal, holds_control, is_kind};
use crate::error::RealtimeError;
use crate::event::wire_name;
use crate::frame::{BadFrame, ClientFrame, FrameId, ServerFrame, Told};
use crate::json::{Json, quote};
use crate::resume::Position;

/// The codec. It reads packets of the default namespace, without attachments: what is binary stands in their JSON.
#[derive(Debug, Clone, Copy, Default)]
pub struct SocketIo;

/// The `id` of the hello that a CONNECT becomes; ids of events are digits. A returning client's `pid` goes along.
const CONNECT: &str = "connect";

impl Codec for SocketIo {
    fn decode(&self, text: &str) -> Result<ClientFrame, BadFrame> {
        let Ok(Some(packet)) = Assembler::new(0).text(&text.into()) else {
            return Err(fatal(None, "a message is one packet of Socket.IO 5"));
        };
        match packet.kind {
            Kind::Connect => connect(&packet),
            Kind::Event => event(&packet),
            // An answer to something that was never asked.
            Kind::Ack => Ok(ClientFrame { id: None, kind: "pong".to_owned(), data: json!({}), key: None }),
            Kind::Disconnect | Kind::ConnectError => Err(fatal(None, "a client sends CONNECT, EVENT and DISCONNECT")),
        }
    }

    fn encode(&self, frame: ServerFrame<'_>) -> ByteString {
        match frame {
            ServerFrame::Reply { re, outcome } if re.as_str().starts_with(CONNECT) => match outcome {
                Ok(hello) => connected(re, hello),
                Err(problem) => refused(problem),
            },
            ServerFrame::Reply { re, outcome } => {
                let (head, body) = match outcome {
                    Ok(data) => ("[{\"ok\":true,\"data\":", data),
                    Err(problem) => ("[{\"ok\":false,\"error\":", problem),
                };
                ["3", re.as_str(), head, body.as_str(), "}]"].concat().into()
            }
            ServerFrame::Error(problem) => ["2[\"error\",", problem.as_str(), "]"].concat().into(),
            ServerFrame::Durable { event, told } => {
                let head = event.socket_io();
                let mut text = String::with_capacity(head.len() + 64 * told.len() + 4);
                text.push_str(head);
                offset(&mut text, told);
                text.into()
            }
            ServerFrame::Volatile(event) => event.socket_io().clone(),
            ServerFrame::Ready(told) => {
                let mut text = "2[\"session.ready\",{},{}".to_owned();
                offset(&mut text, told);
                text.into()
            }
            // Engine.IO has its own.
            ServerFrame::Ping => ByteString::new(),
            ServerFrame::Pong => ByteString::from_static("2[\"pong\",{}]"),
            ServerFrame::Resync { stream, position, at } => {
                let mut data = json!({ "stream": wire_name(stream), "following": position.is_some() });
                if let Some(position) = position {
                    data["epoch"] = json!(position.epoch);
                    data["offset"] = json!(position.offset);
                }
                format!("2[\"session.resync\",{data},{{\"at\":\"{at}\"}}]").into()
            }
            ServerFrame::GoingAway { reconnect_in_ms, at } => {
                format!("2[\"session.going_away\",{{\"reconnect_in_ms\":{reconnect_in_ms}}},{{\"at\":\"{at}\"}}]")
                    .into()
            }
        }
    }
}

/// CONNECT: `auth`, and what the client remembers of an earlier connection.
fn connect(packet: &Packet) -> Result<ClientFrame, BadFrame> {
    let data = if packet.payload.is_empty() { Ok(json!({})) } else { serde_json::from_str(&packet.payload) };
    if data.as_ref().is_ok_and(holds_control) {
        return Err(fatal(None, "control characters are not allowed in text"));
    }
    let Ok(Value::Object(mut data)) = data else {
        return Err(fatal(None, "CONNECT carries one JSON object"));
    };
    let (pid, place) = (data.remove("pid"), data.remove("offset"));
    let pid = pid.as_ref().and_then(Value::as_str).unwrap_or_default();
    let id = FrameId::parse(&format!("{CONNECT}_{pid}")).filter(|_| !pid.is_empty());
    if let Some(streams) = place.as_ref().and_then(Value::as_str).and_then(read_offset) {
        data.entry("resume").or_insert(streams);
    }
    let id = id.or_else(|| FrameId::parse(CONNECT));
    Ok(ClientFrame { id, kind: "session.hello".to_owned(), data: Value::Object(data), key: None })
}

/// An event: `[type, data?, {key}?]`.
fn event(packet: &Packet) -> Result<ClientFrame, BadFrame> {
    let id = packet.id.as_deref().and_then(FrameId::parse);
    let Ok(Value::Array(arguments)) = serde_json::from_str(&packet.payload) else {
        return Err(fatal(id, "an event is a JSON array, nested at most 128 deep"));
    };
    let mut arguments = arguments.into_iter();
    let kind = match arguments.next() {
        Some(Value::String(kind)) if is_kind(&kind) => kind,
        _ => return Err(fatal(id, "an event's name is 1 to 128 bytes of text")),
    };
    let bad = |why| Err(BadFrame { id: id.clone(), error: RealtimeError::Malformed(why), close: None });
    let data = match arguments.next() {
        None | Some(Value::Null) => Value::Object(Map::new()),
        Some(data @ Value::Object(_)) => data,
        Some(_) => return bad("data must be an object"),
    };
    let key = match arguments.next() {
        None | Some(Value::Null) => None,
        Some(Value::Object(mut options)) => match (options.remove("key"), options.is_empty()) {
            (None, true) => None,
            (Some(Value::String(key)), true) if !bad_key(&key) => Some(key),
            _ => return bad("after the data comes {key}: 1 to 255 visible ASCII characters"),
        },
        Some(_) => return bad("after the data comes {key}"),
    };
    if arguments.next().is_some() {
        return bad("an event has a name, its data and perhaps {key}");
    }
    if holds_control(&data) {
        return bad("control characters are not allowed in text");
    }
    Ok(ClientFrame { id, kind, data, key })
}

#[derive(Deserialize)]
struct Hello<'a> {
    #[serde(borrow)]
    session_id: Cow<'a, str>,
    #[serde(borrow)]
    streams: BTreeMap<Cow<'a, str>, Recovered>,
}

#[derive(Deserialize)]
struct Recovered {
    recovered: bool,
}

/// The client takes its connection for recovered where it gets its own `pid` back: only if every stream goes on.
fn connected(re: &FrameId, hello: &Json) -> ByteString {
    let pid = re.as_str().strip_prefix(CONNECT).and_then(|rest| rest.strip_prefix('_'));
    let read: Option<Hello<'_>> = serde_json::from_str(hello.as_str()).ok();
    let (session, recovered) = read.map_or_else(
        || (Cow::Borrowed(""), false),
        |hello| (hello.session_id, hello.streams.values().all(|stream| stream.recovered)),
    );
    let pid = pid.filter(|_| recovered).unwrap_or(&session);
    let greeting = json!({ "sid": session, "pid": pid });
    format!("0{greeting}{BETWEEN}2[\"session.hello\",{}]", hello.as_str()).into()
}

/// CONNECT_ERROR: the problem's code as its message, the problem as its data.
fn refused(problem: &Json) -> ByteString {
    let read: Option<Value> = serde_json::from_str(problem.as_str()).ok();
    let code = read.as_ref().and_then(|problem| problem["code"].as_str()).unwrap_or("refused");
    let mut text = "4{\"message\":".to_owned();
    quote(&mut text, code);
    let _ = write!(text, ",\"data\":{}}}", problem.as_str());
    text.into()
}

/// A stream that is followed and of which nothing was seen yet.
const UNSEEN: &str = "beginning";

/// Appends, as the event's last argument, where the client stands in each stream: `player@epoch@58;game:…@epoch@3`.
fn offset(text: &mut String, told: Told<'_>) {
    text.push_str(",\"");
    for (nth, (stream, position)) in told.positions().enumerate() {
        let between = if nth == 0 { "" } else { ";" };
        // Writing to a String can't fail.
        let _ = match position {
            Some(Position { epoch, offset }) => write!(text, "{between}{}@{epoch}@{offset}", wire_name(stream)),
            None => write!(text, "{between}{}@{UNSEEN}@0", wire_name(stream)),
        };
    }
    text.push_str("\"]");
}

/// The `resume` of a hello from such an argument.
fn read_offset(text: &str) -> Option<Value> {
    let mut streams = Map::new();
    for place in text.split(';') {
        let mut parts = place.split('@');
        let (stream, epoch, offset) = (parts.next()?, parts.next()?, parts.next()?.parse::<i64>().ok()?);
        if parts.next().is_some() || streams.len() > 64 {
            return None;
        }
        streams.insert(stream.to_owned(), json!({ "epoch": epoch, "offset": offset }));
    }
    Some(Value::Object(streams))
}

/// A durable event but for its last argument.
pub(crate) fn durable(kind: &str, data: &str, stream: &StreamKey, at: Position, time: &str) -> ByteString {
    let mut text = String::with_capacity(kind.len() + data.len() + 192);
    text.push_str("2[");
    quote(&mut text, kind);
    let _ = write!(text, ",{data},{{\"stream\":");
    quote(&mut text, wire_name(stream));
    let _ = write!(text, ",\"epoch\":\"{}\",\"offset\":{},\"at\":\"{time}\"}}", at.epoch, at.offset);
    text.into()
}

/// A volatile event.
pub(crate) fn volatile(kind: &str, data: &str, time: &str) -> ByteString {
    let mut text = String::with_capacity(kind.len() + data.len() + 64);
    text.push_str("2[");
    quote(&mut text, kind);
    let _ = write!(text, ",{data},{{\"at\":\"{time}\"}}]");
    text.into()
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
