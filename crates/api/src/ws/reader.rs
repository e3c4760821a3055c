//! WebSocket frames (RFC 6455) out of a stream of bytes.
//!
//! A frame is judged by its header, before any of its payload is kept: what is over the limit, fragmented to dust, not
//! masked or out of order is refused there. At most one message and one control frame are kept, and only as much of
//! them as has arrived. Events come in the order of their frames; a fault comes after all events before it, and is the
//! last answer.

use bytes::{Buf, Bytes};
use bytestring::ByteString;
use realtime::Fault;

/// What a peer sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Event {
    /// A whole text message.
    Text(ByteString),
    /// To be answered by a pong with the same payload.
    Ping(Bytes),
    /// A sign of life.
    Pong,
    /// The peer ends the connection, perhaps with a code. To be answered by the same.
    Close(Option<u16>),
}

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

/// Reads the frames of one peer.
#[derive(Debug)]
pub(super) struct Reader {
    limit: usize,
    /// The header so far.
    head: [u8; 14],
    have: u8,
    /// The frame whose payload is being read.
    frame: Option<Frame>,
    /// The text message so far, and the frames it came in; 0 outside a message.
    message: Vec<u8>,
    frames: u16,
    /// The control frame so far. It may come between the frames of a message.
    control: Vec<u8>,
    fault: Option<Fault>,
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

impl Frame {
    const fn is_control(self) -> bool {
        self.opcode >= CLOSE
    }
}

impl Reader {
    /// A reader that refuses messages of more than `limit` bytes.
    pub(super) const fn new(limit: usize) -> Self {
        Self {
            limit,
            head: [0; 14],
            have: 0,
            frame: None,
            message: Vec::new(),
            frames: 0,
            control: Vec::new(),
            fault: None,
        }
    }

    /// The next event, taken from the front of `chunk`; `None` when it is used up.
    ///
    /// # Errors
    /// What the peer did wrong; the same for ever after.
    pub(super) fn next(&mut self, chunk: &mut Bytes) -> Result<Option<Event>, Fault> {
        if let Some(fault) = self.fault {
            return Err(fault);
        }
        self.advance(chunk).inspect_err(|fault| {
            let limit = self.limit;
            *self = Self { fault: Some(*fault), ..Self::new(limit) };
        })
    }

    fn advance(&mut self, chunk: &mut Bytes) -> Result<Option<Event>, Fault> {
        loop {
            let Some(frame) = &mut self.frame else {
                if chunk.is_empty() {
                    return Ok(None);
                }
                self.frame = self.header_byte(chunk.get_u8())?;
                continue;
            };
            let taken = frame.left.min(chunk.len());
            if taken > 0 {
                let kept = if frame.is_control() { &mut self.control } else { &mut self.message };
                if kept.is_empty() {
                    kept.reserve_exact(taken);
                }
                kept.extend(chunk.iter().take(taken).zip(frame.at..).map(|(byte, at)| byte ^ frame.mask[at % 4]));
                chunk.advance(taken);
                frame.left -= taken;
                frame.at += taken;
            }
            if frame.left > 0 {
                return Ok(None);
            }
            let frame = *frame;
            self.frame = None;
            if let Some(event) = self.finish(frame)? {
                return Ok(Some(event));
            }
        }
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
            let room = self.limit - self.message.len();
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
            BINARY => Err(Fault::Binary),
            _ if self.frames >= MAX_FRAMES => Err(Fault::TooLarge),
            _ => {
                self.frames += 1;
                Ok(())
            }
        }
    }

    fn finish(&mut self, frame: Frame) -> Result<Option<Event>, Fault> {
        if !frame.is_control() {
            if !frame.last {
                return Ok(None);
            }
            self.frames = 0;
            let text = String::from_utf8(std::mem::take(&mut self.message)).map_err(|_| Fault::BadUtf8)?;
            return Ok(Some(Event::Text(text.into())));
        }
        let payload = std::mem::take(&mut self.control);
        Ok(Some(match frame.opcode {
            PING => Event::Ping(payload.into()),
            PONG => Event::Pong,
            _ => Event::Close(close_code(&payload)?),
        }))
    }

    /// Bytes kept at the moment.
    #[cfg(test)]
    fn kept(&self) -> usize {
        self.message.capacity() + self.control.capacity()
    }
}

/// The code of a close frame: one that may stand there (RFC 6455 §7.4), and a reason in UTF-8.
fn close_code(payload: &[u8]) -> Result<Option<u16>, Fault> {
    let [high, low, reason @ ..] = payload else {
        return if payload.is_empty() { Ok(None) } else { Err(Fault::Protocol) };
    };
    let code = u16::from_be_bytes([*high, *low]);
    if !matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999) {
        return Err(Fault::Protocol);
    }
    std::str::from_utf8(reason).map_err(|_| Fault::BadUtf8)?;
    Ok(Some(code))
}

#[cfg(test)]
mod tests;
