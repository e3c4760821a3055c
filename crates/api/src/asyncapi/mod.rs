//! `/api/asyncapi.json` (AsyncAPI 3.0): what is said over `/ws`, from the types that read and write it. The same names and
//! data go over Socket.IO.
//!
//! That it is true is shown by the tests' own client, which checks every message of every test against it.

mod book;
mod events;
mod requests;

use realtime::CloseCode;
use serde_json::{Map, Value, json};

use self::book::Book;
use self::events::Event;
use self::requests::Request;
use crate::dto::ProblemDto;

/// The document as it is served and committed.
#[must_use]
pub(crate) fn asyncapi_json() -> String {
    let mut text = serde_json::to_string_pretty(&document()).unwrap_or_default();
    text.push('\n');
    text
}

const ID: &str = "^[A-Za-z0-9_-]{1,64}$";

fn document() -> Value {
    let mut book = Book::default();
    // Some problems say more (RFC 9457 §3.2): the game it is about, when to try again.
    let problem = json!({
        "allOf": [book.of::<ProblemDto>()],
        "properties": { "retry_after": { "type": "integer", "minimum": 1, "description": "In seconds" } },
        "additionalProperties": true,
    });
    let (requests, events) = (requests::all(&mut book), events::all(&mut book, &problem));
    let (mut messages, mut operations) = (Map::new(), Map::new());
    for Request { kind, about, data, reply } in requests {
        let answer = format!("{kind}.reply");
        messages.insert(kind.to_owned(), message(kind, about, asked(kind, data)));
        messages.insert(answer.clone(), message(&answer, "The answer", answered(reply, &problem)));
        let operation = json!({
            "action": "receive",
            "channel": { "$ref": "#/channels/socket" },
            "summary": about,
            "messages": [{ "$ref": format!("#/channels/socket/messages/{kind}") }],
            "reply": {
                "channel": { "$ref": "#/channels/socket" },
                "messages": [{ "$ref": format!("#/channels/socket/messages/{answer}") }],
            },
        });
        operations.insert(kind.to_owned(), operation);
    }
    for Event { kind, stream, about, data } in events {
        messages.insert(kind.to_owned(), message(kind, about, told(kind, stream, data)));
        let operation = json!({
            "action": "send",
            "channel": { "$ref": "#/channels/socket" },
            "summary": about,
            "messages": [{ "$ref": format!("#/channels/socket/messages/{kind}") }],
        });
        operations.insert(kind.to_owned(), operation);
    }
    for (name, kind, action, about) in [
        ("heartbeat", "ping", "send", "Whether the client is there: two silent intervals close"),
        ("heartbeat.answer", "pong", "receive", "It is"),
    ] {
        messages.insert(name.to_owned(), message(name, about, told(kind, Stream::Bare, None)));
        let operation = json!({
            "action": action,
            "channel": { "$ref": "#/channels/socket" },
            "summary": about,
            "messages": [{ "$ref": format!("#/channels/socket/messages/{name}") }],
        });
        operations.insert(name.to_owned(), operation);
    }
    let closes: Vec<String> =
        CloseCode::ALL.iter().map(|code| format!("- {}: {}", code.code(), code.reason())).collect();
    let named = messages.keys().map(|name| (name.clone(), json!({ "$ref": format!("#/components/messages/{name}") })));
    json!({
        "asyncapi": "3.0.0",
        "info": {
            "title": "shallweplay-backend",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Realtime: one JSON object per text frame. The first message is `session.hello`. \
                            docs/realtime.md tells how to resume, and what Socket.IO makes of these names.",
            "license": { "name": "Apache-2.0" },
        },
        "defaultContentType": "application/json",
        "servers": {
            "local": { "host": "localhost:8080", "protocol": "ws", "description": "As `cargo run` starts it" },
        },
        "channels": {
            "socket": {
                "address": "/ws",
                "title": "One socket",
                "description": format!("Subprotocol `shallweplay.v1`. Close codes:\n{}", closes.join("\n")),
                "messages": Value::Object(named.collect()),
                "bindings": { "ws": { "method": "GET", "query": {
                    "type": "object",
                    "properties": { "ticket": { "type": "string", "description": "From `POST /api/v1/auth/ws-ticket`" } },
                } } },
            },
        },
        "operations": operations,
        "components": { "messages": messages, "schemas": book.schemas },
    })
}

fn message(name: &str, about: &str, payload: Value) -> Value {
    json!({ "name": name, "summary": about, "payload": payload })
}

/// A request on the wire.
fn asked(kind: &str, data: Value) -> Value {
    json!({
        "type": "object",
        "required": ["type"],
        "properties": {
            "id": { "type": "string", "pattern": ID, "description": "Correlates the reply; without it there is none" },
            "type": { "const": kind },
            "data": data,
            "key": { "type": "string", "minLength": 1, "maxLength": 255, "description": "The Idempotency-Key" },
        },
        "additionalProperties": false,
    })
}

/// Its reply on the wire.
fn answered(data: Value, problem: &Value) -> Value {
    let re = json!({ "type": "string", "pattern": ID });
    let reply = |ok: bool, name: &str, what: &Value| {
        json!({
            "type": "object",
            "required": ["re", "ok", name],
            "properties": { "re": re, "ok": { "const": ok }, name: what },
            "additionalProperties": false,
        })
    };
    json!({ "oneOf": [reply(true, "data", &data), reply(false, "error", problem)] })
}

/// An event on the wire.
fn told(kind: &str, stream: Stream, data: Option<Value>) -> Value {
    let mut properties = json!({ "type": { "const": kind } });
    let mut required = vec!["type"];
    if let Some(pattern) = stream.pattern() {
        properties["stream"] = json!({ "type": "string", "pattern": pattern });
        properties["epoch"] = json!({ "type": "string", "format": "uuid" });
        properties["offset"] = json!({ "type": "integer", "minimum": 1 });
        required.extend(["stream", "epoch", "offset"]);
    }
    if stream != Stream::Bare {
        properties["at"] = json!({ "type": "string", "format": "date-time" });
        required.push("at");
    }
    if let Some(data) = data {
        properties["data"] = data;
        required.push("data");
    }
    json!({ "type": "object", "required": required, "properties": properties, "additionalProperties": false })
}

/// What carries an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stream {
    /// The player's own stream: durable.
    Player,
    /// A game's: durable.
    Game,
    /// None: at most once.
    Volatile,
    /// None, and no time: the session's own.
    Bare,
}

impl Stream {
    const fn pattern(self) -> Option<&'static str> {
        match self {
            Self::Player => Some("^player$"),
            Self::Game => Some("^game:[0-9a-f-]{36}$"),
            Self::Volatile | Self::Bare => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_request_that_is_dispatched_is_in_the_document() {
        let requests = requests::all(&mut Book::default());
        let documented: BTreeSet<&str> = requests.iter().map(|request| request.kind).collect();
        let own = ["session.hello", "session.refresh"];
        let taken: BTreeSet<&str> = crate::ws::REQUESTS.into_iter().chain(own).collect();
        assert_eq!(documented, taken);
    }

    #[test]
    fn every_reference_leads_somewhere() {
        fn references<'a>(value: &'a Value, into: &mut Vec<&'a str>) {
            match value {
                Value::Object(members) => {
                    into.extend(members.get("$ref").and_then(Value::as_str));
                    members.values().for_each(|member| references(member, into));
                }
                Value::Array(items) => items.iter().for_each(|item| references(item, into)),
                _ => {}
            }
        }
        let document = document();
        let mut found = Vec::new();
        references(&document, &mut found);
        assert!(found.len() > 100, "{}", found.len());
        for reference in found {
            let pointer = reference.strip_prefix('#').expect("stays within the document");
            assert!(document.pointer(pointer).is_some(), "{reference}");
        }
    }
}
