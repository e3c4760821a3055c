//! Echoes for the protocols' own test suites, instead of sessions. Never in a release.

use std::collections::BTreeSet;
use std::future::poll_fn;
use std::sync::Arc;

use bytestring::ByteString;
use realtime::CloseCode;
use realtime::engine_io::{End, EngineConfig, Heard, Packet};
use realtime::socket_io::{Assembler, Kind, NoPacket, Packet as Said};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep_until};

use super::pipe::Pipe;
use super::{Endpoint, Pipes};
use crate::app::App;
use crate::ws::sign_in::Known;

const CONFIG: EngineConfig =
    EngineConfig { ping_interval_ms: 300, ping_timeout_ms: 200, upgrade_ms: 10_000, max_payload: 1_000_000 };

impl Endpoint {
    /// Socket.IO with the namespaces `/` and `/custom`, open to everybody.
    pub(crate) fn namespaces() -> Self {
        Self {
            config: CONFIG,
            polling: true,
            pipes: Pipes::default(),
            serve: |app, pipe, _: Option<Known>| {
                actix_web::rt::spawn(run(Arc::clone(app), pipe, SocketIoEcho::default()));
                true
            },
        }
    }

    /// Engine.IO alone.
    pub(crate) fn engine() -> Self {
        Self {
            config: CONFIG,
            polling: true,
            pipes: Pipes::default(),
            serve: |app, pipe, _: Option<Known>| {
                actix_web::rt::spawn(run(Arc::clone(app), pipe, EngineEcho));
                true
            },
        }
    }
}

trait Echo {
    /// The answer; without one the peer doesn't speak the protocol.
    fn take(&mut self, heard: Heard) -> Option<Vec<Packet>>;
}

async fn run(app: Arc<App>, pipe: Arc<Pipe>, mut echo: impl Echo) {
    loop {
        let wake_in = pipe.times().1.map(|at| at.since(app.clock.now())).unwrap_or_default();
        let heard = poll_fn(|cx| {
            pipe.poll_waiting(cx);
            pipe.poll_heard(cx)
        });
        let heard = tokio::select! {
            heard = heard => heard,
            () = sleep_until(Instant::now() + wake_in) => continue,
        };
        let Some(heard) = heard else { break };
        match echo.take(heard) {
            Some(packets) => pipe.send(packets),
            None => pipe.end(End::Server(CloseCode::Protocol)),
        }
    }
    pipe.leave();
}

struct EngineEcho;

impl Echo for EngineEcho {
    fn take(&mut self, heard: Heard) -> Option<Vec<Packet>> {
        Some(match heard {
            Heard::Text(text) => vec![Packet::Text(text)],
            Heard::Binary(bytes) => vec![Packet::Binary(bytes)],
            Heard::Life => Vec::new(),
        })
    }
}

struct SocketIoEcho {
    assembler: Assembler,
    joined: BTreeSet<ByteString>,
}

impl Default for SocketIoEcho {
    fn default() -> Self {
        Self { assembler: Assembler::new(CONFIG.max_payload), joined: BTreeSet::new() }
    }
}

fn written(packets: impl IntoIterator<Item = Said>) -> Vec<Packet> {
    let messages = packets.into_iter().flat_map(|packet| {
        let (text, attachments) = packet.write();
        std::iter::once(Packet::Text(text)).chain(attachments.into_iter().map(Packet::Binary))
    });
    messages.collect()
}

impl Echo for SocketIoEcho {
    fn take(&mut self, heard: Heard) -> Option<Vec<Packet>> {
        let packet = match heard {
            Heard::Text(text) => self.assembler.text(&text),
            Heard::Binary(bytes) => self.assembler.binary(bytes),
            Heard::Life => return Some(Vec::new()),
        };
        self.answer(packet.ok()?).ok().map(written)
    }
}

impl SocketIoEcho {
    fn answer(&mut self, packet: Option<Said>) -> Result<Vec<Said>, NoPacket> {
        let Some(packet) = packet else { return Ok(Vec::new()) };
        let namespace = packet.namespace.clone();
        let say = |kind, payload: Value| Said {
            kind,
            namespace: namespace.clone(),
            id: None,
            payload: payload.to_string().into(),
            attachments: Vec::new(),
        };
        match packet.kind {
            Kind::Connect if !matches!(&*namespace, "/" | "/custom") => {
                Ok(vec![say(Kind::ConnectError, json!({ "message": "Invalid namespace" }))])
            }
            Kind::Connect => {
                let given = if packet.payload.is_empty() { "{}" } else { &packet.payload };
                let auth: Value = serde_json::from_str(given).map_err(|_| NoPacket)?;
                self.joined.insert(namespace.clone());
                let greeting = json!({ "sid": format!("{}-{}", self.joined.len(), namespace.trim_matches('/')) });
                Ok(vec![say(Kind::Connect, greeting), say(Kind::Event, json!(["auth", auth]))])
            }
            Kind::Disconnect => {
                self.joined.remove(&namespace);
                Ok(Vec::new())
            }
            Kind::Event if self.joined.contains(&namespace) => {
                let mut arguments: Vec<Value> = serde_json::from_str(&packet.payload).map_err(|_| NoPacket)?;
                let (kind, payload) = match arguments.first().and_then(Value::as_str) {
                    Some("message") => {
                        arguments[0] = json!("message-back");
                        (Kind::Event, json!(arguments))
                    }
                    Some("message-with-ack") => (Kind::Ack, json!(arguments[1..])),
                    Some(_) => return Ok(Vec::new()),
                    None => return Err(NoPacket),
                };
                let id = packet.id.filter(|_| kind == Kind::Ack);
                Ok(vec![Said { kind, namespace, id, payload: payload.to_string().into(), ..packet }])
            }
            Kind::Ack if self.joined.contains(&namespace) => Ok(Vec::new()),
            Kind::Event | Kind::Ack | Kind::ConnectError => Err(NoPacket),
        }
    }
}
