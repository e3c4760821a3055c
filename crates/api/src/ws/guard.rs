//! What stands in front of actix-ws: it buffers a frame whole before it compares the length, and its errors overtake the
//! messages before them. The guard follows the frames (RFC 6455) in the stream of bytes, and ends the stream before the
//! first header that is over the limit, fragmented to dust, not masked, out of order or of an unknown kind. It passes one
//! message at a time, so whatever is decoded comes in the order of the frames, and the fault last.

use std::cell::Cell;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use actix_web::dev::Payload;
use actix_web::error::PayloadError;
use bytes::{Buf, Bytes};
use futures_util::Stream;
use realtime::Fault;

/// Frames that one message may come in. Real clients send one; many tiny ones are work without end.
const MAX_FRAMES: u16 = 1_024;
/// Longest payload of a control frame.
const MAX_CONTROL: u64 = 125;

const CONTINUATION: u8 = 0x0;
const TEXT: u8 = 0x1;
const BINARY: u8 = 0x2;
const CLOSE: u8 = 0x8;
const PING: u8 = 0x9;
const PONG: u8 = 0xA;

/// Follows the frames of one peer. Keeps no payload but that of a close frame.
#[derive(Debug)]
struct Frames {
    limit: usize,
    /// Whether binary messages are taken.
    binary: bool,
    /// The header so far.
    head: [u8; 14],
    have: u8,
    /// The frame whose payload is passing.
    frame: Option<Frame>,
    /// Bytes of the text message so far, and the frames it came in; 0 outside a message.
    size: usize,
    frames: u16,
    /// The payload of a close frame so far.
    close: Vec<u8>,
}

#[derive(Debug, Clone, Copy)]
struct Frame {
    opcode: u8,
    last: bool,
    mask: [u8; 4],
    /// Bytes of the payload that haven't come yet, and that have.
    left: usize,
    at: usize,
}

impl Frames {
    const fn new(limit: usize, binary: bool) -> Self {
        Self { limit, binary, head: [0; 14], have: 0, frame: None, size: 0, frames: 0, close: Vec::new() }
    }

    /// How many of these bytes may pass: up to the end of a message or a control frame, or all of them. The flag says:
    /// there is something whole to decode.
    ///
    /// # Errors
    /// What the peer did wrong, in the frame that these bytes go on with.
    fn follow(&mut self, bytes: &[u8]) -> Result<(usize, bool), Fault> {
        let mut passed = 0;
        while passed < bytes.len() || self.frame.is_some_and(|frame| frame.left == 0) {
            let Some(frame) = &mut self.frame else {
                self.frame = self.header_byte(bytes[passed])?;
                passed += 1;
                continue;
            };
            let taken = frame.left.min(bytes.len() - passed);
            if frame.opcode == CLOSE {
                let masked = bytes[passed..passed + taken].iter().zip(frame.at..);
                self.close.extend(masked.map(|(byte, at)| byte ^ frame.mask[at % 4]));
            }
            passed += taken;
            frame.left -= taken;
            frame.at += taken;
            if frame.left == 0 {
                let frame = *frame;
                self.frame = None;
                self.finish(frame)?;
                if frame.last {
                    return Ok((passed, true));
                }
            }
        }
        Ok((passed, false))
    }

    /// One more byte of a header; the frame once it is complete.
    fn header_byte(&mut self, byte: u8) -> Result<Option<Frame>, Fault> {
        self.head[usize::from(self.have)] = byte;
        self.have += 1;
        let (opcode, last) = (self.head[0] & 0x0f, self.head[0] & 0x80 != 0);
        let short = self.head[1] & 0x7f;
        let before_mask = match short {
            126 => 4,
            127 => 10,
            _ => 2,
        };
        match self.have {
            1 => return self.check_kind(opcode).map(|()| None),
            2 => self.check_order(opcode, last, short)?,
            _ => {}
        }
        let length = || match short {
            126 => u64::from(u16::from_be_bytes([self.head[2], self.head[3]])),
            127 => self.head[2..10].iter().fold(0, |length, byte| length << 8 | u64::from(*byte)),
            short => u64::from(short),
        };
        if self.have == before_mask && opcode < CLOSE {
            let room = self.limit - self.size;
            if length() > room as u64 {
                return Err(Fault::TooLarge);
            }
        }
        if self.have < before_mask + 4 {
            return Ok(None);
        }
        let mask = usize::from(before_mask);
        let mask = [self.head[mask], self.head[mask + 1], self.head[mask + 2], self.head[mask + 3]];
        let left = usize::try_from(length()).map_err(|_| Fault::TooLarge)?;
        self.have = 0;
        Ok(Some(Frame { opcode, last, mask, left, at: 0 }))
    }

    /// No extension is spoken, so no reserved bit means anything; nor do opcodes beyond the standard's.
    const fn check_kind(&self, opcode: u8) -> Result<(), Fault> {
        if self.head[0] & 0x70 != 0 || !matches!(opcode, CONTINUATION | TEXT | BINARY | CLOSE | PING | PONG) {
            return Err(Fault::Protocol);
        }
        Ok(())
    }

    fn check_order(&mut self, opcode: u8, last: bool, short: u8) -> Result<(), Fault> {
        if self.head[1] & 0x80 == 0 {
            return Err(Fault::Protocol);
        }
        match opcode {
            CLOSE | PING | PONG if !last || u64::from(short) > MAX_CONTROL => Err(Fault::Protocol),
            CLOSE | PING | PONG => Ok(()),
            CONTINUATION if self.frames == 0 => Err(Fault::Protocol),
            TEXT | BINARY if self.frames > 0 => Err(Fault::Protocol),
            BINARY if !self.binary => Err(Fault::Binary),
            _ if self.frames >= MAX_FRAMES => Err(Fault::TooLarge),
            _ => {
                self.frames += 1;
                Ok(())
            }
        }
    }

    fn finish(&mut self, frame: Frame) -> Result<(), Fault> {
        match frame.opcode {
            CLOSE => check_close(&std::mem::take(&mut self.close)),
            PING | PONG => Ok(()),
            _ if frame.last => {
                (self.size, self.frames) = (0, 0);
                Ok(())
            }
            _ => {
                self.size += frame.at;
                Ok(())
            }
        }
    }
}

/// A close frame's payload: empty, or a code that may stand there (RFC 6455 §7.4) and a reason in UTF-8.
fn check_close(payload: &[u8]) -> Result<(), Fault> {
    let [high, low, reason @ ..] = payload else {
        return if payload.is_empty() { Ok(()) } else { Err(Fault::Protocol) };
    };
    let code = u16::from_be_bytes([*high, *low]);
    if !matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999) {
        return Err(Fault::Protocol);
    }
    std::str::from_utf8(reason).map(|_| ()).map_err(|_| Fault::BadUtf8)
}

/// Where a guard leaves what it found; looked at when the stream has ended.
pub(super) type Found = Rc<Cell<Option<Fault>>>;

/// The bytes of one peer, as far as they are in order.
pub(super) struct Guard {
    payload: Payload,
    /// What was read and hasn't passed yet.
    chunk: Bytes,
    frames: Frames,
    /// Something whole has just passed: let it be decoded before the next.
    rest: bool,
    found: Found,
}

impl Guard {
    /// Guards a payload; messages of more than `limit` bytes are refused, and `binary` ones unless they are spoken.
    pub(super) fn new(payload: Payload, limit: usize, binary: bool) -> (Self, Found) {
        let found = Found::default();
        let frames = Frames::new(limit, binary);
        (Self { payload, chunk: Bytes::new(), frames, rest: false, found: Rc::clone(&found) }, found)
    }
}

impl Stream for Guard {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        if this.found.get().is_some() {
            return Poll::Ready(None);
        }
        if std::mem::take(&mut this.rest) {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        if this.chunk.is_empty() {
            match Pin::new(&mut this.payload).poll_next(cx) {
                Poll::Ready(Some(Ok(chunk))) => this.chunk = chunk,
                other => return other,
            }
        }
        match this.frames.follow(&this.chunk) {
            Ok((passed, ended)) => {
                this.rest = ended;
                let bytes = this.chunk.split_to(passed);
                if !this.chunk.has_remaining() {
                    this.chunk = Bytes::new();
                }
                Poll::Ready(Some(Ok(bytes)))
            }
            Err(fault) => {
                this.found.set(Some(fault));
                this.chunk = Bytes::new();
                Poll::Ready(None)
            }
        }
    }
}

#[cfg(test)]
mod tests;
