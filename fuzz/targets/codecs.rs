//! Any text as a message: both codecs and the two packet layers read it or refuse it, and what they read keeps the rules
//! that everything behind them relies on.
#![no_main]

use bytes::Bytes;
use bytestring::ByteString;
use libfuzzer_sys::fuzz_target;
use realtime::socket_io::{Assembler, Packet, SocketIo, attach};
use realtime::{BadFrame, ClientFrame, Codec, FrameId, V1, engine_io};
use serde_json::Value;

const LIMIT: usize = 16 * 1_024;

fuzz_target!(|input: &[u8]| {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let text = ByteString::from(text);
    for read in [V1.decode(&text), SocketIo.decode(&text)] {
        check(read);
    }
    engine(&text);
    // The first line is a packet, further ones are its attachments.
    let mut lines = text.split('\n');
    let mut assembler = Assembler::new(LIMIT);
    let Ok(mut packet) = assembler.text(&lines.next().unwrap_or_default().into()) else { return };
    for line in lines {
        if packet.is_some() {
            break;
        }
        let Ok(next) = assembler.binary(Bytes::copy_from_slice(line.as_bytes())) else { return };
        packet = next;
    }
    if let Some(packet) = packet {
        socket_io(packet);
    }
});

fn check(read: Result<ClientFrame, BadFrame>) {
    match read {
        Ok(frame) => {
            assert!(frame.id.as_ref().is_none_or(|id| FrameId::parse(id.as_str()).is_some()));
            assert!((1..=128).contains(&frame.kind.len()) && plain(&frame.kind), "{:?}", frame.kind);
            assert!(frame.data.is_object() && clean(&frame.data), "{}", frame.data);
            let visible = |key: &String| key.len() <= 255 && key.bytes().all(|byte| byte.is_ascii_graphic());
            assert!(frame.key.as_ref().is_none_or(visible), "{:?}", frame.key);
        }
        Err(bad) => assert!(bad.id.is_none_or(|id| FrameId::parse(id.as_str()).is_some())),
    }
}

fn plain(text: &str) -> bool {
    !text.chars().any(char::is_control)
}

fn clean(value: &Value) -> bool {
    match value {
        Value::String(text) => plain(text),
        Value::Array(items) => items.iter().all(clean),
        Value::Object(members) => members.iter().all(|(key, value)| plain(key) && clean(value)),
        _ => true,
    }
}

/// What is read of a polling body is written as frames that read back as the same.
fn engine(text: &ByteString) {
    for packet in engine_io::Packet::read_payload(text).into_iter().flatten() {
        if let engine_io::Frame::Text(frame) = packet.clone().into_frame() {
            assert_eq!(engine_io::Packet::read(&frame), Some(packet));
        }
    }
}

/// A packet is written as what reads back as the same packet.
fn socket_io(packet: Packet) {
    // What isn't JSON is no event of anybody: the codec refuses it, and it may read as a namespace.
    if !packet.payload.is_empty() && !packet.payload.starts_with(['[', '{']) {
        return;
    }
    let (text, attachments) = packet.write();
    let mut assembler = Assembler::new(usize::MAX);
    let mut again = assembler.text(&text).expect("what is written can be read");
    for bytes in &attachments {
        assert!(again.is_none(), "no more is announced than comes");
        again = assembler.binary(bytes.clone()).expect("was announced");
    }
    let again = again.expect("all that was announced has come");
    assert_eq!(again.write(), (text, attachments));
    if let Ok(inline) = packet.inline() {
        _ = attach(inline);
    }
}
