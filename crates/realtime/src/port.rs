//! What goes into a session and what comes out of it.

use std::sync::Arc;

use bytestring::ByteString;
use kernel::{PlayerId, StreamHead, StreamKey, Timestamp};
use serde_json::Value;

use crate::close::CloseCode;
use crate::event::{RenderedEvent, RenderedVolatile};
use crate::frame::Token;
use crate::json::Json;
use crate::resume::{Attached, Position, Wanted};

/// Names one call of one session; it comes back with the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct CallId(pub(crate) u32);

/// What happened. Answers to effects may come in any order and at any time.
#[derive(Debug, Clone)]
pub enum Input {
    /// A text message.
    Text(ByteString),
    /// A protocol ping or pong: a sign of life that counts as a message.
    ControlFrame,
    /// Something that is no text message.
    Fault(Fault),
    /// Time went on; due at [`Session::wake_at`](crate::Session::wake_at). Earlier ones do no harm.
    Tick,
    /// [`Effect::SignIn`] succeeded.
    SignedIn(Box<SignedIn>),
    /// [`Effect::SignIn`] failed.
    SignInFailed {
        /// Why; decides the close code.
        reason: SignInFailure,
        /// The problem document of the reply.
        problem: Json,
    },
    /// [`Effect::Attach`] or [`Effect::CatchUp`] succeeded, wholly or in part.
    Attached(Vec<Attached>),
    /// [`Effect::Attach`] or [`Effect::CatchUp`] failed for these streams.
    AttachFailed {
        /// Which.
        streams: Vec<StreamKey>,
        /// The problem document, shown if it was the hello that waited.
        problem: Json,
    },
    /// [`Effect::Call`] is answered, or [`Effect::Refresh`] was refused.
    Reply {
        /// Which call.
        call: CallId,
        /// Its data or a problem document.
        outcome: Result<Json, Json>,
        /// Streams to follow from now on, each with its position from **before** the reply's data was read: nothing
        /// between that and the subscription is missed. They are named in the reply under `streams`.
        follow: Vec<(StreamKey, Position)>,
    },
    /// [`Effect::Refresh`] found a valid token.
    Refreshed {
        /// Which call.
        call: CallId,
        /// Whose token it is.
        player: PlayerId,
        /// When it expires.
        expires_at: Timestamp,
    },
    /// A durable event of a stream that the session is subscribed to.
    Durable(Arc<RenderedEvent>),
    /// A volatile event for this session.
    Volatile(Arc<RenderedVolatile>),
    /// A stream stands here now: something may have been lost on the way.
    Head(Arc<StreamHead>),
    /// Stop following a stream: the player may not see it any more, or asked for it.
    Unfollow(StreamKey),
    /// Something decided elsewhere.
    Signal(Signal),
    /// The peer is gone, or closed by itself.
    PeerClosed,
}

/// What a peer did to the WebSocket protocol or its limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// A message over the limit: 1009.
    TooLarge,
    /// A binary message: 1003.
    Binary,
    /// Text that isn't UTF-8: 1007.
    BadUtf8,
    /// Anything else against the protocol: 1002.
    Protocol,
}

impl Fault {
    /// What the connection is closed with.
    #[must_use]
    pub const fn close(self) -> CloseCode {
        match self {
            Self::TooLarge => CloseCode::TooLarge,
            Self::Binary => CloseCode::Binary,
            Self::BadUtf8 => CloseCode::BadUtf8,
            Self::Protocol => CloseCode::Protocol,
        }
    }
}

/// What is told to a session beside its queue, so that it arrives however full the queue is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// The queue was full when a durable event came: 4102.
    QueueOverflow,
    /// A newer socket of the player took its place: 4503.
    Replaced,
    /// The device was signed out: 4506.
    Revoked,
    /// The player was suspended: 4502.
    Suspended,
    /// The replica goes away: `session.going_away`, then 4100 after this time.
    Drain {
        /// When this socket is closed, in milliseconds.
        reconnect_in_ms: u32,
    },
}

/// Who signed in.
#[derive(Debug, Clone)]
pub struct SignedIn {
    /// Names this connection, for logs and support.
    pub session_id: String,
    /// Who.
    pub player_id: PlayerId,
    /// The player as clients see it.
    pub player: Json,
    /// Where the player stands: `{ticket_id, proposal_id, game_id, party_id}`.
    pub live: Json,
    /// When the token expires; `None` if the sign-in doesn't.
    pub expires_at: Option<Timestamp>,
    /// Which of the streams named by [`Effect::SignIn`] the player may follow; its own needn't be named.
    pub streams: Vec<StreamKey>,
}

/// Why a sign-in failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignInFailure {
    /// No or wrong credentials: 4501.
    NotAuthenticated,
    /// A token that was good once: 4106.
    TokenExpired,
    /// The player is suspended: 4502.
    Suspended,
    /// The device was signed out: 4506.
    SignedOut,
    /// A dependency is down: 1013.
    Unavailable,
}

impl SignInFailure {
    pub(crate) const fn close(self) -> CloseCode {
        match self {
            Self::NotAuthenticated => CloseCode::NotAuthenticated,
            Self::TokenExpired => CloseCode::TokenExpired,
            Self::Suspended => CloseCode::Suspended,
            Self::SignedOut => CloseCode::SignedOut,
            Self::Unavailable => CloseCode::Overloaded,
        }
    }
}

/// A request for a service.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    /// Its type: `matchmaking.join`.
    pub kind: String,
    /// Its data: an object.
    pub data: Value,
    /// The Idempotency-Key.
    pub key: Option<String>,
}

/// What the edge must do, in this order.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Send a text message.
    Send(ByteString),
    /// Send a close frame and end the connection. The last effect of a session, after which every input is ignored.
    Close(CloseCode),
    /// Check who this is and register the socket with the [`Hub`](crate::Hub). Answer: [`Input::SignedIn`] or
    /// [`Input::SignInFailed`].
    SignIn {
        /// The token of the hello; without one, what the upgrade request brought counts.
        token: Option<Token>,
        /// Streams the client wants to go on with; which of them it may follow is to be checked.
        streams: Vec<StreamKey>,
    },
    /// Subscribe to these streams at the hub, **then** read with [`attach`](crate::resume::attach). Answer:
    /// [`Input::Attached`] or [`Input::AttachFailed`].
    Attach(Vec<Wanted>),
    /// Read with [`attach`](crate::resume::attach); subscribed already. Answers as for [`Effect::Attach`].
    CatchUp(Wanted),
    /// Unsubscribe from a stream.
    Detach(StreamKey),
    /// Call a service. Answer: [`Input::Reply`].
    Call {
        /// Comes back with the answer.
        call: CallId,
        /// What to do.
        request: Request,
    },
    /// Check a fresh token. Answer: [`Input::Refreshed`], or [`Input::Reply`] with a problem.
    Refresh {
        /// Comes back with the answer.
        call: CallId,
        /// The token.
        token: Token,
    },
}

/// What came of an input. Mostly empty or one effect.
pub type Effects = Vec<Effect>;
