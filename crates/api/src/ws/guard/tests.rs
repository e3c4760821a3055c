use std::task::Waker;

use actix_web::http::header;
use actix_web::test::TestRequest;
use actix_web::{FromRequest as _, dev, web};
use actix_ws::AggregatedMessage;
use bytestring::ByteString;
use proptest::prelude::*;

use super::*;

const LIMIT: usize = 16 * 1_024;

/// A client's frame as bytes, with any first byte and any declared length.
fn frame(first: u8, payload: &[u8], declared: Option<u64>) -> Vec<u8> {
    let length = declared.unwrap_or(payload.len() as u64);
    let mut bytes = vec![first];
    if length < 126 {
        bytes.push(0x80 | u8::try_from(length).expect("is small"));
    } else if let Ok(length) = u16::try_from(length) {
        bytes.push(0x80 | 126);
        bytes.extend(length.to_be_bytes());
    } else {
        bytes.push(0x80 | 127);
        bytes.extend(length.to_be_bytes());
    }
    let mask = [0xa1, 0x02, 0xf3, 0x44];
    bytes.extend(mask);
    bytes.extend(payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    bytes
}

/// What a peer sent, as actix-ws gives it behind the guard.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Event {
    Text(ByteString),
    Ping(Bytes),
    Pong,
    Close(Option<u16>),
}

/// Everything that comes of these chunks, read as a socket does.
fn read(chunks: impl IntoIterator<Item = Vec<u8>>) -> (Vec<Event>, Option<Fault>) {
    let chunks: Vec<_> = chunks.into_iter().map(|chunk| Ok(Bytes::from(chunk))).collect();
    let payload: dev::Payload = dev::Payload::Stream { payload: Box::pin(futures_util::stream::iter(chunks)) };
    let (guard, found) = Guard::new(payload, LIMIT, false);
    let req = TestRequest::get()
        .insert_header((header::UPGRADE, "websocket"))
        .insert_header((header::CONNECTION, "upgrade"))
        .insert_header((header::SEC_WEBSOCKET_VERSION, "13"))
        .insert_header((header::SEC_WEBSOCKET_KEY, "dGhlIHNhbXBsZSBub25jZQ=="))
        .to_http_request();
    let mut guarded: dev::Payload = dev::Payload::Stream { payload: Box::pin(guard) };
    let guarded = web::Payload::from_request(&req, &mut guarded).into_inner().expect("is taken");
    let (_response, _session, messages) = actix_ws::handle(&req, guarded).expect("is an upgrade");
    let mut messages = messages.max_frame_size(LIMIT).aggregate_continuations().max_continuation_size(LIMIT);
    let (mut events, mut cx) = (Vec::new(), Context::from_waker(Waker::noop()));
    loop {
        let event = match Pin::new(&mut messages).poll_next(&mut cx) {
            Poll::Pending => continue,
            Poll::Ready(None) => return (events, found.get()),
            Poll::Ready(Some(Err(error))) => return (events, Some(crate::ws::transport::fault(&error))),
            Poll::Ready(Some(Ok(message))) => message,
        };
        events.push(match event {
            AggregatedMessage::Text(text) => Event::Text(text),
            AggregatedMessage::Binary(_) => panic!("the guard lets no binary pass"),
            AggregatedMessage::Ping(payload) => Event::Ping(payload),
            AggregatedMessage::Pong(_) => Event::Pong,
            AggregatedMessage::Close(reason) => Event::Close(reason.map(|reason| reason.code.into())),
        });
    }
}

fn text(text: &str) -> Event {
    Event::Text(text.into())
}

#[test]
fn headers_are_judged_before_any_payload() {
    let unmasked = vec![0x81, 0x02, b'h', b'i'];
    for (case, bytes, fault) in [
        ("1 TiB declared", frame(0x81, &[], Some(1 << 40)), Fault::TooLarge),
        ("all bits of the length", frame(0x81, &[], Some(u64::MAX)), Fault::TooLarge),
        ("one byte over", frame(0x81, &[], Some(LIMIT as u64 + 1)), Fault::TooLarge),
        ("a long ping", frame(0x89, &[], Some(126)), Fault::Protocol),
        ("a fragmented ping", frame(0x09, b"", None), Fault::Protocol),
        ("not masked", unmasked, Fault::Protocol),
        ("a reserved bit", frame(0xc1, b"", None), Fault::Protocol),
        ("a reserved opcode", frame(0x83, b"", None), Fault::Protocol),
        ("a reserved control opcode", frame(0x8b, b"", None), Fault::Protocol),
        ("a continuation of nothing", frame(0x80, b"", None), Fault::Protocol),
        ("binary", frame(0x82, b"", None), Fault::Binary),
        ("binary in fragments", frame(0x02, b"", None), Fault::Binary),
    ] {
        assert_eq!(read([bytes]), (Vec::new(), Some(fault)), "{case}");
    }
}

#[test]
fn the_limit_itself_fits_in_one_frame_or_many() {
    let whole = "x".repeat(LIMIT);
    assert_eq!(read([frame(0x81, whole.as_bytes(), None)]), (vec![text(&whole)], None));
    let half = &whole.as_bytes()[..LIMIT / 2];
    let halves = [frame(0x01, half, None), frame(0x80, half, None)];
    assert_eq!(read(halves), (vec![text(&whole)], None));
    let over = [frame(0x01, half, None), frame(0x00, half, None), frame(0x80, b"!", None)];
    assert_eq!(read(over), (Vec::new(), Some(Fault::TooLarge)));
}

#[test]
fn dust_is_refused_empty_or_not() {
    for grain in [&b""[..], b"x"] {
        let dust = (0..u32::from(MAX_FRAMES) + 1).map(|n| frame(u8::from(n == 0), grain, None));
        assert_eq!(read(dust), (Vec::new(), Some(Fault::TooLarge)));
    }
}

#[test]
fn a_fault_comes_after_the_messages_before_it() {
    let mut bytes = frame(0x81, b"one", None);
    bytes.extend(frame(0x89, b"p", None));
    bytes.extend(frame(0x81, &[0xff, 0xfe], None));
    bytes.extend(frame(0x81, b"never", None));
    let before = vec![text("one"), Event::Ping(Bytes::from_static(b"p"))];
    assert_eq!(read([bytes]), (before, Some(Fault::BadUtf8)));
}

#[test]
fn text_is_judged_as_a_whole_and_controls_may_come_between() {
    let euro = "€".as_bytes();
    let frames = [frame(0x01, &euro[..1], None), frame(0x8a, b"", None), frame(0x80, &euro[1..], None)];
    assert_eq!(read(frames), (vec![Event::Pong, text("€")], None));
    let broken = [frame(0x01, &euro[..1], None), frame(0x80, &euro[..1], None)];
    assert_eq!(read(broken), (Vec::new(), Some(Fault::BadUtf8)));
    let nested = [frame(0x01, b"a", None), frame(0x81, b"b", None)];
    assert_eq!(read(nested), (Vec::new(), Some(Fault::Protocol)));
}

#[test]
fn close_frames_say_why_or_nothing() {
    let close = |payload: &[u8]| read([frame(0x88, payload, None)]);
    assert_eq!(close(b""), (vec![Event::Close(None)], None));
    for good in [1000_u16, 1003, 1007, 1014, 3000, 4999] {
        assert_eq!(close(&good.to_be_bytes()), (vec![Event::Close(Some(good))], None));
    }
    for bad in [0_u16, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65_535] {
        assert_eq!(close(&bad.to_be_bytes()), (Vec::new(), Some(Fault::Protocol)), "{bad}");
    }
    assert_eq!(close(&[3]), (Vec::new(), Some(Fault::Protocol)));
    assert_eq!(close(&[3, 232, 0xff]), (Vec::new(), Some(Fault::BadUtf8)));
}

/// A message in pieces, with control frames between them.
#[derive(Debug, Clone)]
struct Message {
    text: String,
    pieces: Vec<(usize, Option<Vec<u8>>)>,
}

fn message() -> impl Strategy<Value = Message> {
    let piece = (0..40_usize, proptest::option::of(proptest::collection::vec(any::<u8>(), 0..126)));
    (".{0,200}", proptest::collection::vec(piece, 0..5)).prop_map(|(text, pieces)| Message { text, pieces })
}

impl Message {
    fn write(&self, bytes: &mut Vec<u8>, events: &mut Vec<Event>) {
        let (mut rest, mut opcode) = (self.text.as_bytes(), TEXT);
        for (length, ping) in &self.pieces {
            let (piece, after) = rest.split_at((*length).min(rest.len()));
            bytes.extend(frame(opcode, piece, None));
            (rest, opcode) = (after, CONTINUATION);
            if let Some(ping) = ping {
                bytes.extend(frame(0x80 | PING, ping, None));
                events.push(Event::Ping(ping.clone().into()));
            }
        }
        bytes.extend(frame(0x80 | opcode, rest, None));
        events.push(text(&self.text));
    }
}

/// `bytes` cut into pieces of these lengths, round and round.
fn cut(bytes: &[u8], lengths: &[usize]) -> Vec<Vec<u8>> {
    let (mut rest, mut chunks) = (bytes, Vec::new());
    for length in lengths.iter().cycle() {
        if rest.is_empty() {
            break;
        }
        let (chunk, after) = rest.split_at((*length).clamp(1, rest.len()));
        chunks.push(chunk.to_vec());
        rest = after;
    }
    chunks
}

proptest! {
    #[test]
    fn any_chunking_reads_the_same(
        messages in proptest::collection::vec(message(), 1..6),
        lengths in proptest::collection::vec(1..300_usize, 1..20),
    ) {
        let (mut bytes, mut events) = (Vec::new(), Vec::new());
        messages.iter().for_each(|message| message.write(&mut bytes, &mut events));
        prop_assert_eq!(read(cut(&bytes, &lengths)), (events.clone(), None));
        prop_assert_eq!(read([bytes]), (events, None));
    }

    #[test]
    fn noise_is_read_the_same_in_any_chunking_and_never_kept_beyond_the_limit(
        noise in proptest::collection::vec(any::<u8>(), 0..2_000),
        lengths in proptest::collection::vec(1..50_usize, 1..20),
    ) {
        prop_assert_eq!(read(cut(&noise, &lengths)), read([noise]));
    }
}
