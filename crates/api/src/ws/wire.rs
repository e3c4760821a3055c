//! The way out: frames that the connection hasn't taken yet. The socket's task puts them in, actix's dispatcher takes
//! them out as the response's body while the kernel has room; both live on one thread.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::convert::Infallible;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use actix_web::body::{BodySize, MessageBody};
use bytes::{BufMut, Bytes, BytesMut};
use bytestring::ByteString;
use tokio::time::Instant;

/// With more than this waiting, in bytes, nothing is taken in that could add to it.
const HIGH_WATER: usize = 32 * 1_024;
/// How long a frame may wait for the connection.
const PATIENCE: Duration = Duration::from_secs(10);
/// Small frames go out together, up to this many bytes; a larger payload goes out as it is, uncopied.
const BATCH: usize = 4 * 1_024;
const LARGE: usize = 1_024;

const TEXT: u8 = 0x1;
const CLOSE: u8 = 0x8;
const PONG: u8 = 0xA;

struct Shared {
    frames: VecDeque<(u8, Bytes)>,
    /// Bytes of all payloads waiting.
    waiting: usize,
    /// When a frame last moved on, or began to wait.
    moved_at: Instant,
    /// Nothing more comes in.
    ended: bool,
    /// The connection takes nothing more out.
    gone: bool,
    body: Option<Waker>,
    task: Option<Waker>,
}

/// The task's end. Dropping it ends the body after what waits.
pub(super) struct Wire(Rc<RefCell<Shared>>);

/// The dispatcher's end.
pub(super) struct Body {
    shared: Rc<RefCell<Shared>>,
    /// A payload whose header is out.
    next: Option<Bytes>,
}

/// Both ends.
pub(super) fn wire() -> (Wire, Body) {
    let shared = Rc::new(RefCell::new(Shared {
        frames: VecDeque::new(),
        waiting: 0,
        moved_at: Instant::now(),
        ended: false,
        gone: false,
        body: None,
        task: None,
    }));
    (Wire(Rc::clone(&shared)), Body { shared, next: None })
}

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

impl Wire {
    /// Sends a text message.
    pub(super) fn text(&self, text: ByteString) {
        self.push(TEXT, text.into_bytes());
    }

    /// Answers a ping.
    pub(super) fn pong(&self, payload: Bytes) {
        self.push(PONG, payload);
    }

    /// Sends a close frame, the last one.
    pub(super) fn close(&self, code: Option<u16>, reason: &str) {
        let mut payload = BytesMut::new();
        if let Some(code) = code {
            payload.put_u16(code);
            payload.extend_from_slice(reason.as_bytes());
        }
        self.push(CLOSE, payload.freeze());
        self.0.borrow_mut().ended = true;
    }

    fn push(&self, opcode: u8, payload: Bytes) {
        let mut shared = self.0.borrow_mut();
        if shared.ended || shared.gone {
            return;
        }
        if shared.frames.is_empty() {
            shared.moved_at = Instant::now();
        }
        shared.waiting += payload.len();
        shared.frames.push_back((opcode, payload));
        if let Some(body) = shared.body.take() {
            body.wake();
        }
    }

    /// How it is now; the task is woken when that changes for the better or for good.
    pub(super) fn poll_flow(&self, cx: &Context<'_>) -> Flow {
        let mut shared = self.0.borrow_mut();
        if shared.gone {
            return Flow::Gone;
        }
        if shared.task.as_ref().is_none_or(|task| !task.will_wake(cx.waker())) {
            shared.task = Some(cx.waker().clone());
        }
        if shared.waiting > HIGH_WATER { Flow::Congested } else { Flow::Free }
    }

    /// When patience with the connection ends; `None` while nothing waits.
    pub(super) fn stuck_at(&self) -> Option<Instant> {
        let shared = self.0.borrow();
        (!shared.frames.is_empty()).then(|| shared.moved_at + PATIENCE)
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        let mut shared = self.0.borrow_mut();
        shared.ended = true;
        shared.task = None;
        if let Some(body) = shared.body.take() {
            body.wake();
        }
    }
}

impl Shared {
    fn pop(&mut self) -> Option<(u8, Bytes)> {
        let (opcode, payload) = self.frames.pop_front()?;
        let congested = self.waiting > HIGH_WATER;
        self.waiting -= payload.len();
        self.moved_at = Instant::now();
        if self.frames.is_empty() && self.frames.capacity() > 16 {
            self.frames = VecDeque::new();
        }
        if congested
            && self.waiting <= HIGH_WATER
            && let Some(task) = self.task.take()
        {
            task.wake();
        }
        Some((opcode, payload))
    }
}

/// A server's frame header: whole, unmasked.
fn put_header(out: &mut BytesMut, opcode: u8, length: usize) {
    out.put_u8(0x80 | opcode);
    if let Ok(length) = u8::try_from(length)
        && length < 126
    {
        out.put_u8(length);
    } else if let Ok(length) = u16::try_from(length) {
        out.put_u8(126);
        out.put_u16(length);
    } else {
        out.put_u8(127);
        out.put_u64(length as u64);
    }
}

impl MessageBody for Body {
    type Error = Infallible;

    fn size(&self) -> BodySize {
        BodySize::Stream
    }

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Infallible>>> {
        let this = self.get_mut();
        if let Some(payload) = this.next.take() {
            return Poll::Ready(Some(Ok(payload)));
        }
        let mut shared = this.shared.borrow_mut();
        let mut out = BytesMut::new();
        while out.len() < BATCH
            && this.next.is_none()
            && let Some((opcode, payload)) = shared.pop()
        {
            put_header(&mut out, opcode, payload.len());
            if payload.len() > LARGE {
                this.next = Some(payload);
            } else {
                out.extend_from_slice(&payload);
            }
        }
        if !out.is_empty() {
            return Poll::Ready(Some(Ok(out.freeze())));
        }
        if shared.ended {
            return Poll::Ready(None);
        }
        if shared.body.as_ref().is_none_or(|body| !body.will_wake(cx.waker())) {
            shared.body = Some(cx.waker().clone());
        }
        Poll::Pending
    }
}

impl Drop for Body {
    fn drop(&mut self) {
        let mut shared = self.shared.borrow_mut();
        shared.gone = true;
        shared.frames = VecDeque::new();
        shared.body = None;
        if let Some(task) = shared.task.take() {
            task.wake();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::task::Waker;

    use super::*;

    /// What the connection takes now; `None` at the end.
    fn take(body: &mut Body) -> Option<Vec<u8>> {
        let mut taken = Vec::new();
        loop {
            match Pin::new(&mut *body).poll_next(&mut Context::from_waker(Waker::noop())) {
                Poll::Ready(Some(Ok(bytes))) => taken.extend(bytes),
                Poll::Ready(None) if taken.is_empty() => return None,
                Poll::Ready(None) | Poll::Pending => return Some(taken),
            }
        }
    }

    #[tokio::test]
    async fn frames_go_out_in_order_small_and_large() {
        let (wire, mut body) = wire();
        assert_eq!(take(&mut body).as_deref(), Some(&b""[..]));
        wire.text("hi".into());
        wire.text("x".repeat(2_000).into());
        wire.pong(Bytes::from_static(b"p"));
        wire.text("y".repeat(70_000).into());
        let mut expected = b"\x81\x02hi\x81\x7e\x07\xd0".to_vec();
        expected.extend([b'x'; 2_000]);
        expected.extend(b"\x8a\x01p\x81\x7f\0\0\0\0\0\x01\x11\x70");
        expected.extend(vec![b'y'; 70_000]);
        assert_eq!(take(&mut body), Some(expected));
    }

    #[tokio::test]
    async fn nothing_follows_a_close() {
        let (wire, mut body) = wire();
        wire.close(Some(4100), "bye");
        wire.text("late".into());
        assert_eq!(take(&mut body).as_deref(), Some(&b"\x88\x05\x10\x04bye"[..]));
        assert_eq!(take(&mut body), None);
        drop(wire);
        let (wire, mut body) = super::wire();
        wire.close(None, "");
        assert_eq!(take(&mut body).as_deref(), Some(&b"\x88\x00"[..]));
    }

    #[tokio::test]
    async fn says_when_it_is_congested_stuck_and_gone() {
        let (wire, mut body) = wire();
        let cx = Context::from_waker(Waker::noop());
        assert_eq!((wire.poll_flow(&cx), wire.stuck_at()), (Flow::Free, None));
        wire.text("x".repeat(HIGH_WATER + 1).into());
        assert_eq!(wire.poll_flow(&cx), Flow::Congested);
        assert!(wire.stuck_at().is_some_and(|at| at <= Instant::now() + PATIENCE));
        take(&mut body);
        assert_eq!((wire.poll_flow(&cx), wire.stuck_at()), (Flow::Free, None));
        drop(body);
        assert_eq!(wire.poll_flow(&cx), Flow::Gone);
    }

    #[tokio::test]
    async fn without_its_task_the_body_ends_after_what_waits() {
        let (wire, mut body) = wire();
        wire.text("last".into());
        drop(wire);
        assert_eq!(take(&mut body).as_deref(), Some(&b"\x81\x04last"[..]));
        assert_eq!(take(&mut body), None);
    }
}
