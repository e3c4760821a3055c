use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use bytestring::ByteString;
use serde_json::{Value, json};

/// What a packet is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `0`: a namespace is joined.
    Connect,
    /// `1`: it is left.
    Disconnect,
    /// `2`, with attachments `5`: an event.
    Event,
    /// `3`, with attachments `6`: the answer to one.
    Ack,
    /// `4`: a namespace that can't be joined.
    ConnectError,
}

/// One packet of Socket.IO, protocol 5, with its attachments beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packet {
    /// What it is about.
    pub kind: Kind,
    /// Where: `/` unless said.
    pub namespace: ByteString,
    /// Correlates an event and its answer: digits.
    pub id: Option<ByteString>,
    /// JSON, not yet read; empty where there is none.
    pub payload: ByteString,
    /// What its placeholders stand for.
    pub attachments: Vec<Bytes>,
}

/// A message that is no packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoPacket;

/// Attachments of one packet.
const MOST_ATTACHMENTS: usize = 16;
/// Digits of an id: what JavaScript counts exactly.
const MOST_DIGITS: usize = 16;

/// A packet's header, and how many attachments follow it.
fn read(text: &ByteString) -> Result<(Packet, usize), NoPacket> {
    let (kind, binary) = match text.as_bytes().first() {
        Some(b'0') => (Kind::Connect, false),
        Some(b'1') => (Kind::Disconnect, false),
        Some(b'2') => (Kind::Event, false),
        Some(b'3') => (Kind::Ack, false),
        Some(b'4') => (Kind::ConnectError, false),
        Some(b'5') => (Kind::Event, true),
        Some(b'6') => (Kind::Ack, true),
        _ => return Err(NoPacket),
    };
    let mut rest = &text[1..];
    let mut attached = 0;
    if binary {
        let (count, after) = rest.split_once('-').ok_or(NoPacket)?;
        let plain = !count.is_empty() && count.len() <= 2 && count.bytes().all(|byte| byte.is_ascii_digit());
        attached = count.parse().ok().filter(|_| plain).ok_or(NoPacket)?;
        if attached > MOST_ATTACHMENTS {
            return Err(NoPacket);
        }
        rest = after;
    }
    let mut namespace = "/";
    if rest.starts_with('/') {
        (namespace, rest) = rest.split_once(',').unwrap_or((rest, ""));
    }
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    if digits > MOST_DIGITS {
        return Err(NoPacket);
    }
    let (id, payload) = rest.split_at(digits);
    let own = |part: &str| if part == "/" { ByteString::from_static("/") } else { text.slice_ref(part) };
    let packet = Packet {
        kind,
        namespace: own(namespace),
        id: (!id.is_empty()).then(|| own(id)),
        payload: if payload.is_empty() { ByteString::new() } else { own(payload) },
        attachments: Vec::new(),
    };
    Ok((packet, attached))
}

/// Puts packets together from text and binary messages. It holds one packet at most, of bounded size.
#[derive(Debug)]
pub struct Assembler {
    most_bytes: usize,
    partial: Option<(Packet, usize)>,
    bytes: usize,
}

impl Assembler {
    /// Takes attachments of so many bytes in all, per packet.
    #[must_use]
    pub const fn new(most_bytes: usize) -> Self {
        Self { most_bytes, partial: None, bytes: 0 }
    }

    /// A text message: a packet, unless attachments follow.
    ///
    /// # Errors
    /// [`NoPacket`]: the peer doesn't speak the protocol.
    pub fn text(&mut self, text: &ByteString) -> Result<Option<Packet>, NoPacket> {
        if self.partial.is_some() {
            return Err(NoPacket);
        }
        let (packet, attached) = read(text)?;
        if attached == 0 {
            return Ok(Some(packet));
        }
        self.partial = Some((packet, attached));
        self.bytes = 0;
        Ok(None)
    }

    /// A binary message: the next attachment.
    ///
    /// # Errors
    /// [`NoPacket`]: none was awaited, or it is too large.
    pub fn binary(&mut self, bytes: Bytes) -> Result<Option<Packet>, NoPacket> {
        let (packet, attached) = self.partial.as_mut().ok_or(NoPacket)?;
        self.bytes += bytes.len();
        if self.bytes > self.most_bytes {
            return Err(NoPacket);
        }
        packet.attachments.push(bytes);
        if packet.attachments.len() < *attached {
            return Ok(None);
        }
        Ok(self.partial.take().map(|(packet, _)| packet))
    }
}

/// The member that stands for bytes in JSON: `{"$binary": "<base64>"}`.
const BINARY: &str = "$binary";

impl Packet {
    /// As text without attachments: what they hold stands in the JSON itself, as `{"$binary": "<base64>"}`.
    ///
    /// # Errors
    /// [`NoPacket`] if a placeholder stands for nothing.
    pub fn inline(mut self) -> Result<ByteString, NoPacket> {
        if !self.attachments.is_empty() {
            let mut payload: Value = serde_json::from_str(&self.payload).map_err(|_| NoPacket)?;
            place(&mut payload, &self.attachments)?;
            self.payload = payload.to_string().into();
            self.attachments.clear();
        }
        Ok(self.write().0)
    }

    /// Its messages: the text, then the attachments.
    #[must_use]
    pub fn write(&self) -> (ByteString, Vec<Bytes>) {
        let (plain, binary) = match self.kind {
            Kind::Connect => ("0", "0"),
            Kind::Disconnect => ("1", "1"),
            Kind::Event => ("2", "5"),
            Kind::Ack => ("3", "6"),
            Kind::ConnectError => ("4", "4"),
        };
        let mut text = String::with_capacity(self.payload.len() + self.namespace.len() + 24);
        if self.attachments.is_empty() {
            text.push_str(plain);
        } else {
            text.push_str(binary);
            text.push_str(&format!("{}-", self.attachments.len()));
        }
        if &*self.namespace != "/" {
            text.push_str(&self.namespace);
            text.push(',');
        }
        text.push_str(self.id.as_deref().unwrap_or_default());
        text.push_str(&self.payload);
        (text.into(), self.attachments.clone())
    }
}

fn place(value: &mut Value, attachments: &[Bytes]) -> Result<(), NoPacket> {
    match value {
        Value::Array(items) => items.iter_mut().try_for_each(|item| place(item, attachments)),
        Value::Object(members) if members.get("_placeholder") == Some(&Value::Bool(true)) => {
            let num = members.get("num").and_then(Value::as_u64).and_then(|num| usize::try_from(num).ok());
            let bytes = num.and_then(|num| attachments.get(num)).ok_or(NoPacket)?;
            *value = json!({ BINARY: BASE64.encode(bytes) });
            Ok(())
        }
        Value::Object(members) => members.values_mut().try_for_each(|member| place(member, attachments)),
        _ => Ok(()),
    }
}

/// The messages of a written packet: where its JSON holds bytes, they become attachments.
#[must_use]
pub fn attach(text: ByteString) -> (ByteString, Vec<Bytes>) {
    if !text.contains("\"$binary\":") {
        return (text, Vec::new());
    }
    let Ok((mut packet, 0)) = read(&text) else { return (text, Vec::new()) };
    let Ok(mut payload) = serde_json::from_str::<Value>(&packet.payload) else { return (text, Vec::new()) };
    take(&mut payload, &mut packet.attachments);
    packet.payload = payload.to_string().into();
    packet.write()
}

fn take(value: &mut Value, attachments: &mut Vec<Bytes>) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| take(item, attachments)),
        Value::Object(members) => {
            let coded = members.get(BINARY).filter(|_| members.len() == 1).and_then(Value::as_str);
            match coded.and_then(|coded| BASE64.decode(coded).ok()) {
                Some(bytes) if attachments.len() < MOST_ATTACHMENTS => {
                    *value = json!({ "_placeholder": true, "num": attachments.len() });
                    attachments.push(bytes.into());
                }
                _ => members.values_mut().for_each(|member| take(member, attachments)),
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn packet(text: &'static str) -> Packet {
        Assembler::new(100).text(&ByteString::from_static(text)).expect("is a packet").expect("is whole")
    }

    #[test]
    fn reads_kind_namespace_id_and_payload() {
        let read = packet(r#"2/custom,456["m",1]"#);
        assert_eq!((read.kind, &*read.namespace, read.id.as_deref()), (Kind::Event, "/custom", Some("456")));
        assert_eq!(&*read.payload, r#"["m",1]"#);
        let read = packet("0/custom");
        assert_eq!((read.kind, &*read.namespace, &*read.payload), (Kind::Connect, "/custom", ""));
        assert_eq!(&*packet("0").namespace, "/");
        for bad in ["", "7", "abc", "5[]", "5x-[]", "5-[]", "599-[]", "217171717171717171717[]"] {
            assert_eq!(Assembler::new(100).text(&bad.into()), Err(NoPacket), "{bad}");
        }
    }

    #[test]
    fn attachments_come_after_their_packet_and_are_bounded() {
        let mut assembler = Assembler::new(4);
        let text =
            ByteString::from_static(r#"52-7["m",{"_placeholder":true,"num":1},{"a":[{"_placeholder":true,"num":0}]}]"#);
        assert_eq!(assembler.text(&text), Ok(None));
        assert_eq!(assembler.binary(Bytes::from_static(&[1, 2])), Ok(None));
        let whole = assembler.binary(Bytes::from_static(&[3])).expect("is awaited").expect("is whole");
        assert_eq!(whole.write(), (text.clone(), whole.attachments.clone()));
        let inline = whole.inline().expect("everything is there");
        assert_eq!(&*inline, r#"27["m",{"$binary":"Aw=="},{"a":[{"$binary":"AQI="}]}]"#);
        assert_eq!(assembler.binary(Bytes::new()), Err(NoPacket), "none is awaited");
        assert_eq!(assembler.text(&text), Ok(None));
        assert_eq!(assembler.text(&text), Err(NoPacket), "the attachments first");
        assert_eq!(assembler.binary(Bytes::from_static(&[0; 5])), Err(NoPacket));
    }

    #[test]
    fn a_placeholder_for_nothing_is_refused() {
        let mut packet = packet(r#"2["m",{"_placeholder":true,"num":1}]"#);
        packet.attachments = vec![Bytes::new()];
        assert_eq!(packet.inline(), Err(NoPacket));
    }

    #[test]
    fn bytes_in_json_go_out_as_attachments() {
        let (text, attachments) = attach(r#"2["m",{"data":{"$binary":"AQI="}},{"$binary":"!"}]"#.into());
        assert_eq!(&*text, r#"51-["m",{"data":{"_placeholder":true,"num":0}},{"$binary":"!"}]"#);
        assert_eq!(attachments, [Bytes::from_static(&[1, 2])]);
        let plain = ByteString::from_static(r#"2["m",{"text":"$binary"}]"#);
        assert_eq!(attach(plain.clone()), (plain, Vec::new()));
    }

    proptest! {
        #[test]
        fn any_text_is_a_packet_or_refused(text in "[0-9]{0,2}-?(/[a-z]{0,3},?)?[0-9]{0,18}.{0,12}") {
            if let Ok(Some(packet)) = Assembler::new(100).text(&text.as_str().into()) {
                let (again, _) = packet.write();
                let back = Assembler::new(100).text(&again);
                prop_assert_eq!(back, Ok(Some(packet)));
            }
        }
    }
}
