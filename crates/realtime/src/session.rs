//! The session machine: one per socket.
//!
//! ```text
//!              hello            signed in          every stream answered
//!  AwaitHello ───────► SigningIn ───────► Attaching ────────────────────► Open
//!      │ 4505              │ 4501 4106 4502 …  │ 1013                      │ 4100 4101 4102 4105 4106 450x
//!      └───────────────────┴───────────────────┴──────────► Closed ◄───────┘
//! ```
//! A hello that can't be read leaves the machine in `AwaitHello`. In `Attaching` live events are held back; on the way
//! to `Open` go out, in this order: the reply, what was missed, `session.ready`, what was held back. From then on each
//! stream is on its own: gapless and in order, else rows are read, else `session.resync`.

mod hello;
mod requests;
mod streams;

use std::sync::Arc;

use kernel::{PlayerId, Refusal, Timestamp};

use self::hello::Hello;
use crate::close::CloseCode;
use crate::config::SessionConfig;
use crate::error::RealtimeError;
use crate::follow::Follow;
use crate::frame::{FrameId, ServerFrame};
use crate::json::Json;
use crate::limits::{Beat, Gate, Heartbeat, Verdict};
use crate::port::{CallId, Effect, Effects, Input, Signal};

/// The machine of one socket. It does nothing by itself: [`handle`](Self::handle) takes what happened and says what to
/// do.
pub struct Session {
    config: Arc<SessionConfig>,
    phase: Phase,
    player: Option<PlayerId>,
    /// The player's own stream first, then games, the least recently active one first.
    follows: Vec<Follow>,
    calls: Vec<InFlight>,
    next_call: u32,
    gate: Gate,
    life: Heartbeat,
    /// Until `Open`: when patience ends.
    deadline: Timestamp,
    expires_at: Option<Timestamp>,
    drain_at: Option<Timestamp>,
}

enum Phase {
    AwaitHello,
    SigningIn(Box<Hello>),
    Attaching(Box<Hello>),
    Open,
    Closed,
}

struct InFlight {
    call: CallId,
    id: Option<FrameId>,
}

impl Session {
    /// The machine of a socket that was opened now.
    #[must_use]
    pub fn new(config: Arc<SessionConfig>, opened_at: Timestamp) -> Self {
        Self {
            phase: Phase::AwaitHello,
            player: None,
            follows: Vec::new(),
            calls: Vec::new(),
            next_call: 0,
            gate: Gate::new(opened_at),
            life: Heartbeat::new(opened_at, config.heartbeat_ms),
            deadline: opened_at.plus_millis(config.hello_ms),
            expires_at: None,
            drain_at: None,
            config,
        }
    }

    /// Takes what happened at `now` and says what to do. After [`Effect::Close`] every input is ignored.
    pub fn handle(&mut self, input: Input, now: Timestamp) -> Effects {
        let mut out = Effects::new();
        if self.is_closed() {
            return out;
        }
        if matches!(input, Input::Text(_) | Input::ControlFrame) {
            self.life.heard(now);
        }
        self.clockwork(now, &mut out);
        if !self.is_closed() {
            self.take(input, now, &mut out);
        }
        out
    }

    fn take(&mut self, input: Input, now: Timestamp, out: &mut Effects) {
        match input {
            Input::Text(text) => self.text(&text, now, out),
            Input::ControlFrame => {
                if self.judge(now) == Verdict::Flood {
                    self.close(CloseCode::RateLimited, out);
                }
            }
            Input::Fault(fault) => self.close(fault.close(), out),
            Input::Tick => {}
            Input::SignedIn(signed) => self.signed_in(*signed, out),
            Input::SignInFailed { reason, problem } => self.hello_failed(&problem, reason.close(), out),
            Input::Attached(answers) => self.attached(answers, now, out),
            Input::AttachFailed { streams, problem } => self.attach_failed(&streams, &problem, now, out),
            Input::Reply { call, outcome, follow } => self.replied(call, outcome, follow, now, out),
            Input::Refreshed { call, player, expires_at } => self.refreshed(call, player, expires_at, now, out),
            Input::Durable(event) => self.durable(event, now, out),
            Input::Volatile(event) => {
                let followed = |stream| self.follows.iter().any(|follow| follow.key() == stream);
                if matches!(self.phase, Phase::Open) && event.stream().is_none_or(followed) {
                    self.send(ServerFrame::Volatile(&event), out);
                }
            }
            Input::Head(head) => self.head(&head, out),
            Input::Unfollow(stream) => self.unfollow(&stream, out),
            Input::Signal(signal) => self.signal(signal, now, out),
            Input::PeerClosed => self.forget(),
        }
    }

    fn signal(&mut self, signal: Signal, now: Timestamp, out: &mut Effects) {
        match signal {
            Signal::QueueOverflow => self.close(CloseCode::TooSlow, out),
            Signal::Replaced => self.close(CloseCode::Replaced, out),
            Signal::Revoked => self.close(CloseCode::SignedOut, out),
            Signal::Suspended => self.close(CloseCode::Suspended, out),
            Signal::Drain { reconnect_in_ms } => {
                if self.drain_at.is_none() {
                    self.drain_at = Some(now.plus_millis(i64::from(reconnect_in_ms)));
                    self.send(ServerFrame::GoingAway { reconnect_in_ms, at: now }, out);
                }
            }
        }
    }

    /// What is due by now; runs before every input, so a late tick changes nothing.
    fn clockwork(&mut self, now: Timestamp, out: &mut Effects) {
        let due = |at: Option<Timestamp>| at.is_some_and(|at| at <= now);
        if due(self.drain_at) {
            return self.close(CloseCode::Drain, out);
        }
        if due(self.expiry()) {
            return self.close(CloseCode::TokenExpired, out);
        }
        match self.phase {
            Phase::AwaitHello if self.deadline <= now => self.close(CloseCode::NoHello, out),
            Phase::SigningIn(_) | Phase::Attaching(_) if self.deadline <= now => self.close(CloseCode::Overloaded, out),
            Phase::Open => match self.life.beat(self.config.heartbeat_ms, now) {
                Beat::Silent => self.close(CloseCode::HeartbeatMissed, out),
                Beat::Ping => {
                    self.send(ServerFrame::Ping, out);
                    self.due_streams(now, out);
                }
                Beat::Rest => self.due_streams(now, out),
            },
            _ => {}
        }
    }

    /// When the next [`Input::Tick`] is due; `None` once closed.
    #[must_use]
    pub fn wake_at(&self) -> Option<Timestamp> {
        let phase = match self.phase {
            Phase::Closed => return None,
            Phase::Open => self.life.wake_at(self.config.heartbeat_ms),
            _ => self.deadline,
        };
        let streams = self.follows.iter().filter_map(Follow::wake_at);
        streams.chain(self.drain_at).chain(self.expiry()).chain([phase]).min()
    }

    /// Whether nothing more will come of this session.
    #[must_use]
    pub const fn is_closed(&self) -> bool {
        matches!(self.phase, Phase::Closed)
    }

    /// Whether `session.ready` has been sent.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        matches!(self.phase, Phase::Open)
    }

    /// Who is signed in.
    #[must_use]
    pub const fn player(&self) -> Option<PlayerId> {
        self.player
    }

    fn expiry(&self) -> Option<Timestamp> {
        self.expires_at.map(|at| at.plus_millis(self.config.expiry_grace_ms))
    }

    fn judge(&mut self, now: Timestamp) -> Verdict {
        self.gate.take(self.config.messages_per_second, self.config.message_burst, now)
    }

    fn send(&self, frame: ServerFrame<'_>, out: &mut Effects) {
        out.push(Effect::Send(self.config.codec.encode(frame)));
    }

    fn close(&mut self, code: CloseCode, out: &mut Effects) {
        out.push(Effect::Close(code));
        self.forget();
    }

    /// Nothing more will be said: gives the memory back while the connection winds down.
    fn forget(&mut self) {
        self.phase = Phase::Closed;
        self.follows = Vec::new();
        self.calls = Vec::new();
    }

    /// Answers a request that came with an id; without one only refusals are told.
    fn answer(&self, id: Option<&FrameId>, outcome: Result<&Json, &Json>, out: &mut Effects) {
        match (id, outcome) {
            (Some(re), outcome) => self.send(ServerFrame::Reply { re, outcome }, out),
            (None, Err(problem)) => self.send(ServerFrame::Error(problem), out),
            (None, Ok(_)) => {}
        }
    }

    /// Refuses a message. If its id still waits for another answer, the refusal names no id: an id is answered once.
    fn refuse(&self, id: Option<&FrameId>, error: &RealtimeError, out: &mut Effects) {
        let problem = self.config.problems.problem(error as &dyn Refusal);
        self.answer(id.filter(|id| !self.is_waiting(id)), Err(&problem), out);
    }

    fn is_waiting(&self, id: &FrameId) -> bool {
        let hello = match &self.phase {
            Phase::SigningIn(hello) | Phase::Attaching(hello) => hello.id.as_ref(),
            _ => None,
        };
        hello == Some(id) || self.calls.iter().any(|call| call.id.as_ref() == Some(id))
    }
}

#[cfg(test)]
mod tests;
