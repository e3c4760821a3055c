//! Engine.IO 4, the transport under Socket.IO, as a machine without I/O: what one session's polls, posts and WebSocket
//! may do, and what waits for them.
//!
//! ```text
//!            probe        upgrade
//!  Polling ─────► Probing ───────► WebSocket
//!     ▲               │ abandoned      │
//!     └───────────────┘                └──► ended ◄── a doubled poll, silence, a packet that is none
//! ```
//! Packets go out in the order in which they were given, whatever carries them. See the protocol's own page,
//! `engine.io-protocol`, revision 4.

mod packet;

use std::collections::VecDeque;

use bytes::Bytes;
use bytestring::ByteString;
use kernel::Timestamp;
use serde_json::json;

pub use self::packet::{Frame, Packet};
use crate::close::CloseCode;

/// What all sessions of an endpoint share. Times in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EngineConfig {
    /// From one sign of life to the next ping.
    pub ping_interval_ms: i64,
    /// How long the answer to a ping may take.
    pub ping_timeout_ms: i64,
    /// How long a WebSocket may probe before it takes over.
    pub upgrade_ms: i64,
    /// Largest body of a request, and largest message, in bytes.
    pub max_payload: usize,
}

/// What a peer said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heard {
    /// A text message.
    Text(ByteString),
    /// A binary message.
    Binary(Bytes),
    /// Nothing but a sign of life.
    Life,
}

/// Why a session ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// The peer said so.
    Peer,
    /// Its connection is gone.
    Lost,
    /// It didn't answer a ping.
    Silent,
    /// It doesn't speak the protocol.
    Protocol,
    /// This side said so.
    Server(CloseCode),
}

/// The session doesn't take this: it has ended, or another carrier serves it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refused;

/// What comes of a packet on a WebSocket that probes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Probing {
    /// Answer this, on that WebSocket.
    Answer(Packet),
    /// It serves the session from now on.
    Upgraded,
    /// Close it; polling goes on.
    Failed,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Carrier {
    Polling,
    Probing { answered: bool },
    WebSocket,
}

/// One session.
#[derive(Debug)]
pub struct Engine {
    config: EngineConfig,
    carrier: Carrier,
    out: VecDeque<Packet>,
    /// Bytes in `out`.
    waiting: usize,
    /// When something last went out, or began to wait.
    moved_at: Timestamp,
    polled: bool,
    posted: bool,
    ping_at: Timestamp,
    pong_by: Option<Timestamp>,
    upgrade_by: Option<Timestamp>,
    end: Option<End>,
}

impl Engine {
    /// A session that begins by polling.
    #[must_use]
    pub fn polling(config: EngineConfig, now: Timestamp) -> Self {
        Self {
            config,
            carrier: Carrier::Polling,
            out: VecDeque::new(),
            waiting: 0,
            moved_at: now,
            polled: false,
            posted: false,
            ping_at: now.plus_millis(config.ping_interval_ms),
            pong_by: None,
            upgrade_by: None,
            end: None,
        }
    }

    /// A session that is a WebSocket from the start.
    #[must_use]
    pub fn websocket(config: EngineConfig, now: Timestamp) -> Self {
        Self { carrier: Carrier::WebSocket, ..Self::polling(config, now) }
    }

    /// The first packet, with exactly the protocol's five keys.
    #[must_use]
    pub fn open_packet(&self, sid: &str) -> String {
        let upgrades: &[&str] = if self.carrier == Carrier::Polling { &["websocket"] } else { &[] };
        let open = json!({
            "sid": sid,
            "upgrades": upgrades,
            "pingInterval": self.config.ping_interval_ms,
            "pingTimeout": self.config.ping_timeout_ms,
            "maxPayload": self.config.max_payload,
        });
        format!("0{open}")
    }

    /// Lets a packet wait for whatever carries it.
    pub fn send(&mut self, packet: Packet, now: Timestamp) {
        if self.end.is_some() {
            return;
        }
        if self.out.is_empty() {
            self.moved_at = now;
        }
        self.waiting += packet.size();
        self.out.push_back(packet);
    }

    /// Ends the session; the first reason stays. What this side still has to say goes out, nothing else.
    pub fn end(&mut self, end: End) {
        if self.end.is_none() {
            self.end = Some(end);
            if !matches!(end, End::Server(_)) {
                self.out = VecDeque::new();
                self.waiting = 0;
            }
        }
    }

    /// Why it ended, if it has.
    #[must_use]
    pub const fn ended(&self) -> Option<End> {
        self.end
    }

    /// Bytes that wait to go out.
    #[must_use]
    pub const fn waiting(&self) -> usize {
        self.waiting
    }

    /// Since when nothing has moved although something waits.
    #[must_use]
    pub fn stuck_since(&self) -> Option<Timestamp> {
        (!self.out.is_empty()).then_some(self.moved_at)
    }

    /// Pings, and notices silence.
    pub fn tick(&mut self, now: Timestamp) {
        if self.end.is_some() {
            return;
        }
        if self.pong_by.is_some_and(|by| by <= now) {
            return self.end(End::Silent);
        }
        if self.pong_by.is_none() && self.ping_at <= now {
            self.send(Packet::Ping, now);
            // A process that stood still must not take that for the peer's silence.
            let fair = now.plus_millis(self.config.ping_timeout_ms / 2);
            self.pong_by = Some(self.ping_at.plus_millis(self.config.ping_timeout_ms).max(fair));
        }
        if self.upgrade_by.is_some_and(|by| by <= now) {
            self.abandon_probe();
        }
    }

    /// When the next [`tick`](Self::tick) is due; `None` once ended.
    #[must_use]
    pub fn wake_at(&self) -> Option<Timestamp> {
        if self.end.is_some() {
            return None;
        }
        self.upgrade_by.into_iter().chain([self.pong_by.unwrap_or(self.ping_at)]).min()
    }

    /// Takes packets of the carrier; the messages among them.
    ///
    /// # Errors
    /// [`Refused`] for packets that don't belong here; the session has ended then.
    pub fn take(&mut self, packets: Vec<Packet>, now: Timestamp) -> Result<Vec<Heard>, Refused> {
        let mut heard = Vec::new();
        for packet in packets {
            if self.end.is_some() {
                break;
            }
            match packet {
                Packet::Text(text) => heard.push(Heard::Text(text)),
                Packet::Binary(bytes) => heard.push(Heard::Binary(bytes)),
                Packet::Pong => {
                    self.pong_by = None;
                    self.ping_at = now.plus_millis(self.config.ping_interval_ms);
                    heard.push(Heard::Life);
                }
                Packet::Noop => heard.push(Heard::Life),
                Packet::Close => self.end(End::Peer),
                Packet::Ping | Packet::Probe | Packet::Probed | Packet::Upgrade => {
                    self.end(End::Protocol);
                    return Err(Refused);
                }
            }
        }
        Ok(heard)
    }

    /// A poll begins. A second one beside it ends the session.
    ///
    /// # Errors
    /// [`Refused`]: this one isn't answered.
    pub fn begin_poll(&mut self) -> Result<(), Refused> {
        // What this side says last waits for its poll; and a client's own close may overtake the poll beside it.
        let farewell = matches!(self.end, Some(End::Server(_) | End::Peer)) && !self.polled;
        if self.carrier == Carrier::WebSocket || (self.end.is_some() && !farewell) {
            return Err(Refused);
        }
        if self.polled {
            self.end(End::Protocol);
            return Err(Refused);
        }
        self.polled = true;
        Ok(())
    }

    /// The body that the poll is answered with, once there is something to say.
    pub fn poll_body(&mut self, now: Timestamp) -> Option<String> {
        if !self.polled {
            return None;
        }
        let mut body = String::new();
        if self.end != Some(End::Peer) {
            self.out.drain(..).for_each(|packet| packet.write(&mut body));
            self.waiting = 0;
        }
        match self.end {
            // The close has a body of its own: clients look at it before they look at messages beside it.
            None | Some(End::Server(_)) if !body.is_empty() => {}
            None if self.carrier == Carrier::Polling || self.carrier == (Carrier::Probing { answered: false }) => {
                return None;
            }
            None => Packet::Noop.write(&mut body),
            Some(end) => {
                if end == End::Peer { Packet::Noop } else { Packet::Close }.write(&mut body);
                // Said once: whoever polls again finds nobody.
                self.end = Some(End::Lost);
            }
        }
        self.polled = false;
        self.moved_at = now;
        Some(body)
    }

    /// The poll was given up by the client.
    pub fn cancel_poll(&mut self) {
        if std::mem::take(&mut self.polled) {
            self.end(End::Lost);
        }
    }

    /// A post begins. A second one beside it ends the session.
    ///
    /// # Errors
    /// [`Refused`]: this one isn't taken.
    pub fn begin_post(&mut self) -> Result<(), Refused> {
        if self.posted {
            self.end(End::Protocol);
        }
        if self.end.is_some() || self.carrier == Carrier::WebSocket {
            return Err(Refused);
        }
        self.posted = true;
        Ok(())
    }

    /// It was answered.
    pub const fn end_post(&mut self) {
        self.posted = false;
    }

    /// A WebSocket wants to take over.
    ///
    /// # Errors
    /// [`Refused`] if one does already.
    pub fn begin_probe(&mut self, now: Timestamp) -> Result<(), Refused> {
        if self.end.is_some() || self.carrier != Carrier::Polling {
            return Err(Refused);
        }
        self.carrier = Carrier::Probing { answered: false };
        self.upgrade_by = Some(now.plus_millis(self.config.upgrade_ms));
        Ok(())
    }

    /// A packet on the WebSocket that probes.
    pub fn probe(&mut self, packet: &Packet) -> Probing {
        match (packet, self.carrier) {
            (Packet::Probe, Carrier::Probing { .. }) => {
                self.carrier = Carrier::Probing { answered: true };
                Probing::Answer(Packet::Probed)
            }
            (Packet::Upgrade, Carrier::Probing { answered: true }) => {
                self.carrier = Carrier::WebSocket;
                self.upgrade_by = None;
                Probing::Upgraded
            }
            _ => Probing::Failed,
        }
    }

    /// Whether a WebSocket still probes.
    #[must_use]
    pub const fn is_probing(&self) -> bool {
        matches!(self.carrier, Carrier::Probing { .. })
    }

    /// The WebSocket that probed is gone; polling goes on.
    pub fn abandon_probe(&mut self) {
        if self.is_probing() {
            self.carrier = Carrier::Polling;
            self.upgrade_by = None;
        }
    }

    /// The next frame for the WebSocket that serves the session.
    pub fn next_frame(&mut self, now: Timestamp) -> Option<Frame> {
        if self.carrier != Carrier::WebSocket {
            return None;
        }
        let packet = self.out.pop_front()?;
        self.waiting -= packet.size();
        self.moved_at = now;
        if self.out.is_empty() {
            self.out = VecDeque::new();
        }
        Some(packet.into_frame())
    }

    /// Whether all was said that there was to say: after the end, nothing needs to be kept for the peer.
    #[must_use]
    pub fn is_over(&self) -> bool {
        match (self.end, self.carrier) {
            (None, _) => false,
            (Some(End::Server(_)), Carrier::WebSocket) => self.out.is_empty(),
            (Some(End::Server(_)), _) => false,
            _ => true,
        }
    }
}

#[cfg(test)]
mod tests;
