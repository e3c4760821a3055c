use std::fmt;

use kernel::{StreamKey, Timestamp};
use serde_json::Value;

use crate::close::CloseCode;
use crate::error::RealtimeError;
use crate::event::{RenderedEvent, RenderedVolatile};
use crate::follow::Follow;
use crate::json::Json;
use crate::resume::Position;

/// What a client sent, read and checked.
#[derive(Debug, Clone, PartialEq)]
pub struct ClientFrame {
    /// Correlates the reply; absent: no reply wanted.
    pub id: Option<FrameId>,
    /// What is asked: `matchmaking.join`.
    pub kind: String,
    /// Its data: always an object, empty where none was sent. No string in it holds a control character.
    pub data: Value,
    /// The Idempotency-Key.
    pub key: Option<String>,
}

/// A frame's `id`: 1 to 64 of `[A-Za-z0-9_-]`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct FrameId(Box<str>);

impl FrameId {
    /// Checks the text.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
        ((1..=64).contains(&text.len()) && text.bytes().all(plain)).then(|| Self(text.into()))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A frame that can't be taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadFrame {
    /// Its `id`, where that much could be read.
    pub id: Option<FrameId>,
    /// What is wrong.
    pub error: RealtimeError,
    /// Whether the sender doesn't speak the protocol at all: the socket is closed with this code.
    pub close: Option<CloseCode>,
}

/// What the server sends; a codec gives it its form.
#[derive(Debug, Clone, Copy)]
pub enum ServerFrame<'a> {
    /// The answer to a request: its data, or a problem document.
    Reply {
        /// The request's `id`.
        re: &'a FrameId,
        /// What came of it.
        outcome: Result<&'a Json, &'a Json>,
    },
    /// A message without `id` was refused: a problem document.
    Error(&'a Json),
    /// A durable event.
    Durable {
        /// The event.
        event: &'a RenderedEvent,
        /// Where the client stands once it has it.
        told: Told<'a>,
    },
    /// A volatile event.
    Volatile(&'a RenderedVolatile),
    /// All that was missed has been sent; what follows is live.
    Ready(Told<'a>),
    /// The heartbeat.
    Ping,
    /// The answer to a client's own `ping` without `id`.
    Pong,
    /// Something in this stream is missed for good: read by REST; events go on after this position.
    Resync {
        /// The stream.
        stream: &'a StreamKey,
        /// From where it goes on; absent: it isn't followed any more.
        position: Option<Position>,
        /// When.
        at: Timestamp,
    },
    /// The replica will close this socket in so many milliseconds.
    GoingAway {
        /// When to reconnect.
        reconnect_in_ms: u32,
        /// When this was said.
        at: Timestamp,
    },
}

/// Where a client stands in each stream that it follows, by what was sent to it so far.
#[derive(Clone, Copy)]
pub struct Told<'a>(pub(crate) &'a [Follow]);

impl<'a> Told<'a> {
    /// Each stream, its own first; without a position where nothing of it was sent yet.
    pub fn positions(self) -> impl Iterator<Item = (&'a StreamKey, Option<Position>)> {
        self.0.iter().map(|follow| (follow.key(), follow.told))
    }

    /// How many streams there are.
    #[must_use]
    pub const fn len(self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for Told<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.positions()).finish()
    }
}

/// An access token as a client sent it; its debug form hides it.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(pub String);

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(***)")
    }
}
