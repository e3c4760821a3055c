//! WebSocket in bytes: a correct handshake, then whatever frames a test of the
//! server's defences wants to write.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

/// Frame types.
pub mod opcode {
    /// Goes on with a fragmented message.
    pub const CONTINUATION: u8 = 0x0;
    /// UTF-8 text.
    pub const TEXT: u8 = 0x1;
    /// Bytes.
    pub const BINARY: u8 = 0x2;
    /// The end, with a code and a reason.
    pub const CLOSE: u8 = 0x8;
    /// To be answered by a pong with the same payload.
    pub const PING: u8 = 0x9;
    /// Answers a ping.
    pub const PONG: u8 = 0xA;
}

/// The sample nonce of RFC 6455. Servers only hash it.
const NONCE: &str = "dGhlIHNhbXBsZSBub25jZQ==";

/// One frame, as a client writes it or a server wrote it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// Whether the message ends here.
    pub fin: bool,
    /// The three reserved bits, as the number 0–7.
    pub reserved: u8,
    /// One of [`opcode`], or any other number below 16.
    pub opcode: u8,
    /// Whether the payload is masked, as a client's must be.
    pub masked: bool,
    /// The length to declare, where it is not the payload's.
    pub declared: Option<u64>,
    /// The payload, unmasked.
    pub payload: Vec<u8>,
}

impl Frame {
    /// A whole, correct client frame.
    #[must_use]
    pub fn new(opcode: u8, payload: impl Into<Vec<u8>>) -> Self {
        Self { fin: true, reserved: 0, opcode, masked: true, declared: None, payload: payload.into() }
    }

    /// A whole text frame.
    #[must_use]
    pub fn text(text: &str) -> Self {
        Self::new(opcode::TEXT, text)
    }

    /// The same frame as one that does not end its message.
    #[must_use]
    pub fn unfinished(self) -> Self {
        Self { fin: false, ..self }
    }

    /// The same frame with another length in its header.
    #[must_use]
    pub fn declaring(self, length: u64) -> Self {
        Self { declared: Some(length), ..self }
    }

    /// The close code, in a close frame that has one.
    #[must_use]
    pub fn close_code(&self) -> Option<u16> {
        match self.payload.as_slice() {
            [high, low, ..] if self.opcode == opcode::CLOSE => Some(u16::from_be_bytes([*high, *low])),
            _ => None,
        }
    }

    /// Its bytes on the wire.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        let mut bytes = vec![u8::from(self.fin) << 7 | (self.reserved & 7) << 4 | (self.opcode & 15)];
        let mask_bit = u8::from(self.masked) << 7;
        let length = self.declared.unwrap_or(self.payload.len() as u64);
        if length < 126 {
            bytes.push(mask_bit | u8::try_from(length).unwrap_or(125));
        } else if let Ok(length) = u16::try_from(length) {
            bytes.push(mask_bit | 126);
            bytes.extend(length.to_be_bytes());
        } else {
            bytes.push(mask_bit | 127);
            bytes.extend(length.to_be_bytes());
        }
        if self.masked {
            let key = [0x37, 0xfa, 0x21, 0x3d];
            bytes.extend(key);
            bytes.extend(self.payload.iter().zip(key.iter().cycle()).map(|(byte, key)| byte ^ key));
        } else {
            bytes.extend(&self.payload);
        }
        bytes
    }
}

/// A connection after its handshake.
#[derive(Debug)]
pub struct Socket {
    stream: BufReader<TcpStream>,
    /// The server's answer to the handshake, all header lines.
    pub head: String,
}

impl Socket {
    /// Connects to `host:port` and upgrades at `path`, with extra header lines
    /// (`("origin", "…")`). Fails, with the answer's head, on any other status
    /// than 101.
    pub async fn connect(host: &str, path: &str, headers: &[(&str, &str)]) -> io::Result<Self> {
        let stream = TcpStream::connect(host).await?;
        stream.set_nodelay(true)?;
        let mut socket = Self { stream: BufReader::new(stream), head: String::new() };
        let mut request = format!(
            "GET {path} HTTP/1.1\r\nhost: {host}\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\
             sec-websocket-version: 13\r\nsec-websocket-key: {NONCE}\r\n"
        );
        for (name, value) in headers {
            request.push_str(&format!("{name}: {value}\r\n"));
        }
        request.push_str("\r\n");
        socket.write(request.as_bytes()).await?;
        while !socket.head.ends_with("\r\n\r\n") {
            if socket.stream.read_line(&mut socket.head).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        let accepted = socket.head.contains(&derive_accept_key(NONCE.as_bytes()));
        if socket.head.starts_with("HTTP/1.1 101") && accepted {
            Ok(socket)
        } else {
            Err(io::Error::other(socket.head))
        }
    }

    /// Writes bytes as they are.
    pub async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.get_mut().write_all(bytes).await
    }

    /// Writes a frame.
    pub async fn write_frame(&mut self, frame: &Frame) -> io::Result<()> {
        self.write(&frame.bytes()).await
    }

    /// The next frame. `UnexpectedEof` or `ConnectionReset` when the server
    /// has ended the connection, `TimedOut` when nothing came; after that the
    /// connection may stand within a frame, so don't read on.
    pub async fn read_frame(&mut self, patience: Duration) -> io::Result<Frame> {
        timeout(patience, self.frame()).await.map_err(|_| io::ErrorKind::TimedOut)?
    }

    /// Reads on until the server's close frame: its code. `None` where the
    /// connection ends without one.
    pub async fn read_close(&mut self, patience: Duration) -> io::Result<Option<u16>> {
        let closing = async {
            loop {
                match self.frame().await {
                    Ok(frame) if frame.opcode == opcode::CLOSE => return Ok(frame.close_code()),
                    Ok(_) => {}
                    Err(error) if ended(&error) => return Ok(None),
                    Err(error) => return Err(error),
                }
            }
        };
        timeout(patience, closing).await.map_err(|_| io::ErrorKind::TimedOut)?
    }

    /// Reads on until the connection has ended, with or without a close frame.
    pub async fn read_end(&mut self, patience: Duration) -> io::Result<()> {
        let ending = async {
            let mut bytes = [0; 4096];
            loop {
                match self.stream.read(&mut bytes).await {
                    Ok(0) => return Ok(()),
                    Ok(_) => {}
                    Err(error) if ended(&error) => return Ok(()),
                    Err(error) => return Err(error),
                }
            }
        };
        timeout(patience, ending).await.map_err(|_| io::ErrorKind::TimedOut)?
    }

    async fn frame(&mut self) -> io::Result<Frame> {
        let first = self.stream.read_u8().await?;
        let second = self.stream.read_u8().await?;
        let length = match second & 0x7f {
            126 => u64::from(self.stream.read_u16().await?),
            127 => self.stream.read_u64().await?,
            short => u64::from(short),
        };
        let masked = second & 0x80 != 0;
        let mut key = [0; 4];
        if masked {
            self.stream.read_exact(&mut key).await?;
        }
        let mut payload = vec![0; usize::try_from(length).map_err(io::Error::other)?];
        self.stream.read_exact(&mut payload).await?;
        for (byte, key) in payload.iter_mut().zip(key.iter().cycle()) {
            *byte ^= key;
        }
        Ok(Frame {
            fin: first & 0x80 != 0,
            reserved: first >> 4 & 7,
            opcode: first & 15,
            masked,
            declared: None,
            payload,
        })
    }
}

fn ended(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_laid_out_as_in_the_rfc() {
        // RFC 6455 §5.7: a single-frame masked text message "Hello".
        let hello = [0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58];
        assert_eq!(Frame::text("Hello").bytes(), hello);
        let unmasked = Frame { masked: false, ..Frame::new(opcode::BINARY, vec![0; 256]) };
        assert_eq!(unmasked.bytes()[..4], [0x82, 0x7e, 0x01, 0x00]);
        assert_eq!(Frame::text("").declaring(1 << 40).bytes()[..10], [0x81, 0xff, 0, 0, 1, 0, 0, 0, 0, 0]);
        assert_eq!(Frame::text("a").unfinished().bytes()[0], 0x01);
    }

    #[test]
    fn only_close_frames_have_a_close_code() {
        assert_eq!(Frame::new(opcode::CLOSE, vec![3, 232]).close_code(), Some(1000));
        assert_eq!(Frame::new(opcode::CLOSE, vec![]).close_code(), None);
        assert_eq!(Frame::new(opcode::PING, vec![3, 232]).close_code(), None);
    }
}
