//! What carries a session's text: a WebSocket, or Engine.IO over whatever it has.

use std::pin::Pin;
use std::rc::Weak;
use std::task::{Context, Poll};
use std::time::Duration;

use actix_web::rt;
use actix_ws::{AggregatedMessage, AggregatedMessageStream, ProtocolError};
use bytestring::ByteString;
use futures_util::Stream as _;
use realtime::{CloseCode, Fault};
use tokio::time::Instant;

use super::guard::Found;
use super::listener::Lifeline;
use super::wire::{Flow, Wire};

/// What came from the peer.
pub(super) enum Heard {
    Text(ByteString),
    /// A sign of life that counts as a message.
    Control,
    Fault(Fault),
    /// It has said all, or is gone.
    Gone,
}

/// The way to one peer and from it. It belongs to the socket's task; nothing here blocks.
pub(super) trait Transport {
    /// Moves on what can move, and says how the way out is. The task is woken when that changes.
    fn poll_flow(&mut self, cx: &mut Context<'_>) -> Flow;

    /// The next thing from the peer.
    fn poll_heard(&mut self, cx: &mut Context<'_>) -> Poll<Heard>;

    /// Sends text.
    fn send(&mut self, text: ByteString);

    /// Says that this is the end, and why; the last thing that goes out.
    fn close(&mut self, code: CloseCode);

    /// When patience with a peer that doesn't read ends; `None` while nothing waits.
    fn stuck_at(&self) -> Option<Instant>;

    /// When it wants to be asked for its flow again, whatever else happens.
    fn wake_at(&self) -> Option<Instant> {
        None
    }

    /// Lets what still waits go out, beside the task.
    fn see_off(self: Box<Self>);
}

/// How long a connection may take to send off its last frames; then it is cut off.
pub(super) const FAREWELL: Duration = Duration::from_secs(5);

/// A WebSocket of its own.
pub(super) struct Plain {
    pub(super) messages: AggregatedMessageStream,
    /// Why the messages ended, if by a fault.
    pub(super) found: Found,
    pub(super) wire: Wire,
    pub(super) lifeline: Weak<Lifeline>,
}

impl Transport for Plain {
    fn poll_flow(&mut self, cx: &mut Context<'_>) -> Flow {
        self.wire.poll_flow(cx)
    }

    fn poll_heard(&mut self, cx: &mut Context<'_>) -> Poll<Heard> {
        let Poll::Ready(message) = Pin::new(&mut self.messages).poll_next(cx) else { return Poll::Pending };
        Poll::Ready(match (message, self.found.get()) {
            (Some(Ok(AggregatedMessage::Text(text))), _) => Heard::Text(text),
            (Some(Ok(AggregatedMessage::Binary(_))), _) => Heard::Fault(Fault::Binary),
            (Some(Ok(AggregatedMessage::Ping(payload))), _) => {
                self.wire.pong(payload);
                Heard::Control
            }
            (Some(Ok(AggregatedMessage::Pong(_))), _) => Heard::Control,
            (Some(Ok(AggregatedMessage::Close(reason))), _) => {
                self.wire.close(reason.map(|reason| reason.code.into()), "");
                Heard::Gone
            }
            (Some(Err(error)), _) => Heard::Fault(fault(&error)),
            (None, Some(fault)) => Heard::Fault(fault),
            (None, None) => Heard::Gone,
        })
    }

    fn send(&mut self, text: ByteString) {
        self.wire.text(text);
    }

    fn close(&mut self, code: CloseCode) {
        self.wire.close(Some(code.code()), code.reason());
    }

    fn stuck_at(&self) -> Option<Instant> {
        self.wire.stuck_at()
    }

    fn see_off(self: Box<Self>) {
        see_off(self.wire, self.lifeline);
    }
}

/// The guard leaves little that actix-ws could object to: text that isn't UTF-8, above all.
pub(super) fn fault(error: &ProtocolError) -> Fault {
    match error {
        ProtocolError::Io(error) if error.kind() == std::io::ErrorKind::InvalidData => Fault::BadUtf8,
        ProtocolError::Overflow => Fault::TooLarge,
        _ => Fault::Protocol,
    }
}

/// Sends what still waits, and cuts the connection off if it isn't gone after a while.
pub(super) fn see_off(mut wire: Wire, lifeline: Weak<Lifeline>) {
    rt::spawn(async move {
        let until = Instant::now() + FAREWELL;
        // Out of patience or not, the connection's end follows.
        _ = tokio::time::timeout_at(until, wire.flush()).await;
        drop(wire);
        tokio::time::sleep_until(until).await;
        if let Some(lifeline) = lifeline.upgrade() {
            lifeline.cut();
        }
    });
}
