use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use bytestring::ByteString;

/// One packet of Engine.IO, protocol 4.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Packet {
    /// `1`: the session ends.
    Close,
    /// `2`: the server's heartbeat.
    Ping,
    /// `2probe`: a WebSocket asks whether it works.
    Probe,
    /// `3`: the client's answer.
    Pong,
    /// `3probe`: it does.
    Probed,
    /// `4…`: text for whoever uses the session.
    Text(ByteString),
    /// Bytes for whoever uses the session.
    Binary(Bytes),
    /// `5`: the WebSocket takes over.
    Upgrade,
    /// `6`: nothing; it ends a poll.
    Noop,
}

/// A packet as a WebSocket carries it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Frame {
    /// In a text frame.
    Text(ByteString),
    /// In a binary frame.
    Binary(Bytes),
}

/// Between the packets of one HTTP body.
const SEPARATOR: char = '\u{1e}';

impl Packet {
    /// Reads what stood in a text frame; `None` if it is no packet that a client may send.
    #[must_use]
    pub fn read(text: &ByteString) -> Option<Self> {
        let rest = text.get(1..)?;
        match (text.as_bytes()[0], rest) {
            (b'1', "") => Some(Self::Close),
            (b'2', "probe") => Some(Self::Probe),
            (b'3', "") => Some(Self::Pong),
            (b'4', rest) => Some(Self::Text(text.slice_ref(rest))),
            (b'5', "") => Some(Self::Upgrade),
            (b'6', "") => Some(Self::Noop),
            _ => None,
        }
    }

    /// Reads the packets of an HTTP body.
    #[must_use]
    pub fn read_payload(body: &ByteString) -> Option<Vec<Self>> {
        body.split(SEPARATOR)
            .map(|packet| match packet.strip_prefix('b') {
                Some(coded) => BASE64.decode(coded).ok().map(|bytes| Self::Binary(bytes.into())),
                None => Self::read(&body.slice_ref(packet)),
            })
            .collect()
    }

    /// As a WebSocket carries it.
    #[must_use]
    pub fn into_frame(self) -> Frame {
        Frame::Text(match self {
            Self::Binary(bytes) => return Frame::Binary(bytes),
            Self::Text(text) => ["4", &text].concat().into(),
            other => ByteString::from_static(other.word()),
        })
    }

    /// Appends it to an HTTP body.
    pub(super) fn write(&self, body: &mut String) {
        if !body.is_empty() {
            body.push(SEPARATOR);
        }
        match self {
            Self::Text(text) => {
                body.push('4');
                body.push_str(text);
            }
            Self::Binary(bytes) => {
                body.push('b');
                BASE64.encode_string(bytes, body);
            }
            other => body.push_str(other.word()),
        }
    }

    const fn word(&self) -> &'static str {
        match self {
            Self::Close => "1",
            Self::Ping => "2",
            Self::Probe => "2probe",
            Self::Pong => "3",
            Self::Probed => "3probe",
            Self::Upgrade => "5",
            Self::Text(_) | Self::Binary(_) | Self::Noop => "6",
        }
    }

    /// How much it holds, in bytes.
    pub(super) fn size(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            Self::Binary(bytes) => bytes.len(),
            _ => 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn body(packets: &[Packet]) -> String {
        let mut body = String::new();
        packets.iter().for_each(|packet| packet.write(&mut body));
        body
    }

    #[test]
    fn a_body_is_the_protocol_to_the_letter() {
        let packets = [Packet::Text("hello".into()), Packet::Binary(Bytes::from_static(&[1, 2, 3, 4])), Packet::Ping];
        assert_eq!(body(&packets), "4hello\u{1e}bAQIDBA==\u{1e}2");
        let read = Packet::read_payload(&"4hello\u{1e}bAQIDBA==\u{1e}3".into()).expect("is a body");
        assert_eq!(read, [packets[0].clone(), packets[1].clone(), Packet::Pong]);
    }

    #[test]
    fn what_no_client_may_send_is_no_packet() {
        for bad in ["", "abc", "0{}", "2", "1x", "4\u{1e}", "b!", "\u{1e}", "4a\u{1e}\u{1e}4b", "3probe", "7"] {
            assert_eq!(Packet::read_payload(&bad.into()), None, "{bad:?}");
        }
    }

    proptest! {
        #[test]
        fn whatever_a_peer_sends_is_read_or_refused(text in any::<String>()) {
            let text = ByteString::from(text);
            if let Some(packets) = Packet::read_payload(&text) {
                let again = Packet::read_payload(&body(&packets).into());
                prop_assert_eq!(again, Some(packets));
            }
        }
    }
}
