//! The way out: frames that the connection hasn't taken yet, in front of actix-ws's own short channel. Nothing here
//! blocks: a peer that doesn't read makes this say so, instead of holding up the socket's task.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use actix_ws::{CloseReason, Message};
use bytes::Bytes;
use bytestring::ByteString;
use futures_util::Sink as _;
use tokio::time::Instant;

/// With more than this waiting, in bytes, nothing is taken in that could add to it.
const HIGH_WATER: usize = 32 * 1_024;
/// How long a frame may wait for the connection.
const PATIENCE: Duration = Duration::from_secs(10);

/// How the way out is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flow {
    /// There is room.
    Free,
    /// Enough waits already.
    Congested,
    /// The connection has ended.
    Gone,
}

/// Frames on their way out. Without frames waiting it holds no memory beside itself.
#[derive(Default)]
pub(super) struct Wire {
    session: Option<actix_ws::Session>,
    frames: VecDeque<Message>,
    /// Bytes of all payloads waiting.
    waiting: usize,
    /// When a frame last moved on, or began to wait.
    moved_at: Option<Instant>,
    /// A close frame is the last one.
    ended: bool,
}

fn size(message: &Message) -> usize {
    match message {
        Message::Text(text) => text.len(),
        Message::Pong(payload) | Message::Binary(payload) => payload.len(),
        _ => 0,
    }
}

impl Wire {
    /// The way out of this connection.
    pub(super) fn new(session: actix_ws::Session) -> Self {
        Self { session: Some(session), ..Self::default() }
    }

    /// Sends a text message.
    pub(super) fn text(&mut self, text: ByteString) {
        self.push(Message::Text(text));
    }

    /// Sends a binary message.
    pub(super) fn binary(&mut self, payload: Bytes) {
        self.push(Message::Binary(payload));
    }

    /// Answers a ping.
    pub(super) fn pong(&mut self, payload: Bytes) {
        self.push(Message::Pong(payload));
    }

    /// Sends a close frame, the last one.
    pub(super) fn close(&mut self, code: Option<u16>, reason: &str) {
        let description = Some(reason).filter(|reason| !reason.is_empty()).map(str::to_owned);
        self.push(Message::Close(code.map(|code| CloseReason { code: code.into(), description })));
        self.ended = true;
    }

    fn push(&mut self, message: Message) {
        if self.ended || self.session.is_none() {
            return;
        }
        if self.frames.is_empty() {
            self.moved_at = Some(Instant::now());
        }
        self.waiting += size(&message);
        self.frames.push_back(message);
    }

    /// Moves on what can move, and says how it is; the task is woken when that changes.
    pub(super) fn poll_flow(&mut self, cx: &mut Context<'_>) -> Flow {
        let Some(session) = &mut self.session else { return Flow::Gone };
        while !self.frames.is_empty() {
            match Pin::new(&mut *session).poll_ready(cx) {
                Poll::Ready(Ok(())) => {}
                Poll::Pending => break,
                Poll::Ready(Err(_)) => {
                    self.give_up();
                    return Flow::Gone;
                }
            }
            let Some(message) = self.frames.pop_front() else { break };
            self.waiting -= size(&message);
            self.moved_at = Some(Instant::now());
            if Pin::new(&mut *session).start_send(message).is_err() {
                self.give_up();
                return Flow::Gone;
            }
        }
        if self.frames.is_empty() {
            self.frames = VecDeque::new();
        }
        if self.waiting > HIGH_WATER { Flow::Congested } else { Flow::Free }
    }

    fn give_up(&mut self) {
        *self = Self::default();
    }

    /// When patience with the connection ends; `None` while nothing waits.
    pub(super) fn stuck_at(&self) -> Option<Instant> {
        self.moved_at.filter(|_| !self.frames.is_empty()).map(|moved| moved + PATIENCE)
    }

    /// Waits until everything has gone to the connection, or it has ended.
    pub(super) async fn flush(&mut self) {
        poll_fn(|cx| match self.poll_flow(cx) {
            Flow::Gone => Poll::Ready(()),
            _ if self.frames.is_empty() => Poll::Ready(()),
            _ => Poll::Pending,
        })
        .await;
    }
}

#[cfg(test)]
mod tests {
    use actix_web::body::{BoxBody, MessageBody};
    use actix_web::http::header;
    use actix_web::test::TestRequest;
    use actix_web::{FromRequest as _, dev, web};

    use super::*;

    /// A way out and the body that a connection would take.
    async fn wire() -> (Wire, BoxBody) {
        let req = TestRequest::get()
            .insert_header((header::UPGRADE, "websocket"))
            .insert_header((header::CONNECTION, "upgrade"))
            .insert_header((header::SEC_WEBSOCKET_VERSION, "13"))
            .insert_header((header::SEC_WEBSOCKET_KEY, "dGhlIHNhbXBsZSBub25jZQ=="))
            .to_http_request();
        let payload = web::Payload::from_request(&req, &mut dev::Payload::None).await.expect("is taken");
        let (response, session, _) = actix_ws::handle(&req, payload).expect("is an upgrade");
        (Wire::new(session), response.into_body())
    }

    fn flow(wire: &mut Wire) -> Flow {
        wire.poll_flow(&mut Context::from_waker(std::task::Waker::noop()))
    }

    /// What the connection takes now; `None` at the end.
    fn take(body: &mut BoxBody) -> Option<Vec<u8>> {
        let mut taken = Vec::new();
        loop {
            match Pin::new(&mut *body).poll_next(&mut Context::from_waker(std::task::Waker::noop())) {
                Poll::Ready(Some(Ok(bytes))) => taken.extend(bytes),
                Poll::Ready(Some(Err(error))) => panic!("{error}"),
                Poll::Ready(None) if taken.is_empty() => return None,
                Poll::Ready(None) | Poll::Pending => return Some(taken),
            }
        }
    }

    #[actix_web::test]
    async fn frames_go_out_in_order_and_a_close_is_the_last() {
        let (mut wire, mut body) = wire().await;
        wire.text("one".into());
        wire.pong(Bytes::from_static(b"p"));
        wire.close(Some(4100), "drain");
        wire.text("never".into());
        assert_eq!(flow(&mut wire), Flow::Free);
        assert_eq!(take(&mut body).as_deref(), Some(&b"\x81\x03one\x8a\x01p\x88\x07\x10\x04drain"[..]));
        assert_eq!(take(&mut body), None);
    }

    #[actix_web::test]
    async fn says_when_it_is_congested_stuck_and_gone() {
        let (mut wire, body) = wire().await;
        assert_eq!((flow(&mut wire), wire.stuck_at()), (Flow::Free, None));
        for _ in 0..100 {
            wire.text("x".repeat(1_024).into());
        }
        assert_eq!(flow(&mut wire), Flow::Congested, "actix-ws takes some, the rest waits here");
        assert!(wire.stuck_at().is_some_and(|at| at <= Instant::now() + PATIENCE));
        drop(body);
        assert_eq!(flow(&mut wire), Flow::Gone);
        assert_eq!(wire.stuck_at(), None);
    }
}
