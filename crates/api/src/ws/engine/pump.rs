use std::future::poll_fn;
use std::pin::Pin;
use std::rc::Weak;
use std::sync::Arc;
use std::task::{Context, Poll};

use actix_web::rt;
use actix_ws::{AggregatedMessage, AggregatedMessageStream};
use futures_util::Stream as _;
use realtime::engine_io::{End, Frame, Packet, Probing};
use realtime::{CloseCode, Fault};

use super::super::guard::Found;
use super::super::listener::Lifeline;
use super::super::transport::{fault, see_off};
use super::super::wire::{Flow, Wire};
use super::pipe::Pipe;

/// After so many turns in a row other sockets of the worker get theirs.
const TURNS: usize = 64;

/// A WebSocket that has just been opened.
pub(super) struct Connection {
    pub(super) wire: Wire,
    pub(super) messages: AggregatedMessageStream,
    /// Why the messages ended, if by a fault.
    pub(super) found: Found,
    pub(super) lifeline: Weak<Lifeline>,
}

/// What it does for its session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// It carries it.
    Serving,
    /// It wants to.
    Probing,
    /// Another does.
    Late,
}

struct Pump {
    connection: Connection,
    pipe: Arc<Pipe>,
    role: Role,
}

enum Turn {
    Message(AggregatedMessage),
    Fault(Fault),
    /// The connection is gone.
    Gone,
    /// The session has ended, or goes on without this connection.
    Over,
}

/// Carries frames between a WebSocket and a session, on this worker.
pub(super) fn spawn(connection: Connection, pipe: Arc<Pipe>, role: Role) {
    rt::spawn(Box::new(Pump { connection, pipe, role }).run());
}

fn push(wire: &mut Wire, frame: Frame) {
    match frame {
        Frame::Text(text) => wire.text(text),
        Frame::Binary(bytes) => wire.binary(bytes),
    }
}

fn close(wire: &mut Wire, code: CloseCode) {
    wire.close(Some(code.code()), code.reason());
}

impl Pump {
    async fn run(mut self: Box<Self>) {
        let mut turns = 0;
        loop {
            let turn = poll_fn(|cx| self.poll_turn(cx)).await;
            if !self.take(turn) {
                break;
            }
            turns += 1;
            if turns % TURNS == 0 {
                tokio::task::yield_now().await;
            }
        }
        match self.role {
            Role::Serving => self.pipe.lost(),
            Role::Probing => self.pipe.abandon_probe(),
            Role::Late => {}
        }
        let Self { connection: Connection { wire, lifeline, .. }, .. } = *self;
        see_off(wire, lifeline);
    }

    fn poll_turn(&mut self, cx: &mut Context<'_>) -> Poll<Turn> {
        let Connection { wire, messages, found, .. } = &mut self.connection;
        let mut flow = wire.poll_flow(cx);
        match self.role {
            Role::Late => return Poll::Ready(Turn::Over),
            Role::Probing if !self.pipe.is_probing(cx) => return Poll::Ready(Turn::Over),
            Role::Probing => {}
            Role::Serving => {
                while flow == Flow::Free {
                    let Some(frame) = self.pipe.next_frame(cx) else {
                        if self.pipe.ended().is_some() {
                            return Poll::Ready(Turn::Over);
                        }
                        break;
                    };
                    push(wire, frame);
                    flow = wire.poll_flow(cx);
                }
                // Whoever doesn't take the rest now may have it while being seen off.
                if flow != Flow::Free && self.pipe.ended().is_some() {
                    return Poll::Ready(Turn::Over);
                }
            }
        }
        match flow {
            Flow::Gone => return Poll::Ready(Turn::Gone),
            Flow::Congested => return Poll::Pending,
            Flow::Free if self.role == Role::Serving && !self.pipe.is_taken() => return Poll::Pending,
            Flow::Free => {}
        }
        let Poll::Ready(message) = Pin::new(messages).poll_next(cx) else { return Poll::Pending };
        Poll::Ready(match (message, found.get()) {
            (Some(Ok(message)), _) => Turn::Message(message),
            (Some(Err(error)), _) => Turn::Fault(fault(&error)),
            (None, Some(fault)) => Turn::Fault(fault),
            (None, None) => Turn::Gone,
        })
    }

    /// Whether it goes on.
    fn take(&mut self, turn: Turn) -> bool {
        let wire = &mut self.connection.wire;
        let packet = match turn {
            Turn::Message(AggregatedMessage::Text(text)) => Packet::read(&text),
            Turn::Message(AggregatedMessage::Binary(bytes)) => Some(Packet::Binary(bytes)),
            Turn::Message(AggregatedMessage::Ping(payload)) => {
                wire.pong(payload);
                Some(Packet::Noop)
            }
            Turn::Message(AggregatedMessage::Pong(_)) => Some(Packet::Noop),
            Turn::Message(AggregatedMessage::Close(reason)) => {
                wire.close(reason.map(|reason| reason.code.into()), "");
                return false;
            }
            Turn::Fault(fault) => {
                close(wire, fault.close());
                return false;
            }
            Turn::Gone => return false,
            Turn::Over => {
                close(wire, self.pipe.ended().map_or(CloseCode::Normal, code));
                return false;
            }
        };
        if self.role == Role::Serving {
            // What is no packet ends the session, and the next turn this connection.
            _ = self.pipe.take(packet.map(|packet| vec![packet]));
            return true;
        }
        match packet.map(|packet| self.pipe.probe(&packet)) {
            Some(Probing::Answer(packet)) => push(wire, packet.into_frame()),
            Some(Probing::Upgraded) => self.role = Role::Serving,
            Some(Probing::Failed) | None => {
                close(wire, CloseCode::Protocol);
                return false;
            }
        }
        true
    }
}

const fn code(end: End) -> CloseCode {
    match end {
        End::Peer | End::Lost => CloseCode::Normal,
        End::Silent => CloseCode::HeartbeatMissed,
        End::Protocol => CloseCode::Protocol,
        End::Server(code) => code,
    }
}
