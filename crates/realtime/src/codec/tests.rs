use kernel::{PlayerId, StreamKey, Timestamp};
use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::frame::Told;
use crate::json::Json;
use crate::resume::Position;

fn refused(text: &str) -> BadFrame {
    match V1.decode(text) {
        Ok(frame) => panic!("taken: {text} as {frame:?}"),
        Err(bad) => bad,
    }
}

#[test]
fn reads_a_whole_frame_and_the_least_one() {
    let frame = V1.decode(r#"{"id":"c_1-A","type":"game.move","data":{"cell":4},"key":"k!~"}"#).expect("is taken");
    assert_eq!(frame.id.as_ref().map(FrameId::as_str), Some("c_1-A"));
    assert_eq!((frame.kind.as_str(), frame.key.as_deref()), ("game.move", Some("k!~")));
    assert_eq!(frame.data, json!({"cell": 4}));
    let least = V1.decode(r#"{"type":"ping"}"#).expect("is taken");
    assert_eq!(least, ClientFrame { id: None, kind: "ping".into(), data: json!({}), key: None });
}

#[test]
fn what_is_no_envelope_closes() {
    let deep = format!("{{\"type\":\"a\",\"data\":{}{}}}", "{\"a\":".repeat(130), "1".to_owned() + &"}".repeat(130));
    for text in [
        "",
        "nonsense",
        "[]",
        "3",
        "null",
        "\"text\"",
        "{",
        "{}",
        "{\"type\":3}",
        "{\"type\":\"\"}",
        "{\"type\":null}",
        "{\"type\":\"a\\u0000\"}",
        "{\"type\":\"a\"} {}",
        "{\"type\":\"a\",\"data\":{\"x\":\"\\ud800\"}}",
        &deep,
    ] {
        let bad = refused(text);
        assert_eq!(bad.close, Some(CloseCode::Malformed), "{text}");
        assert_eq!(bad.id, None, "{text}");
    }
    let named = refused(r#"{"id":"c1"}"#);
    assert_eq!((named.id, named.close), (FrameId::parse("c1"), Some(CloseCode::Malformed)));
    assert_eq!(refused(&format!("{{\"type\":\"{}\"}}", "a".repeat(129))).close, Some(CloseCode::Malformed));
}

#[test]
fn wrong_fields_are_refused_by_name_and_the_socket_stays() {
    let long_id = format!("{{\"id\":\"{}\",\"type\":\"a\"}}", "i".repeat(65));
    let long_key = format!("{{\"id\":\"c1\",\"type\":\"a\",\"key\":\"{}\"}}", "k".repeat(256));
    for (text, named) in [
        (r#"{"id":"","type":"a"}"#, false),
        (r#"{"id":"a b","type":"a"}"#, false),
        (r#"{"id":"é","type":"a"}"#, false),
        (r#"{"id":7,"type":"a"}"#, false),
        (r#"{"id":null,"type":"a"}"#, false),
        (&*long_id, false),
        (&*long_key, true),
        (r#"{"id":"c1","type":"a","extra":1}"#, true),
        (r#"{"id":"c1","type":"a","type":"b"}"#, true),
        (r#"{"id":"c1","type":"a","data":[]}"#, true),
        (r#"{"id":"c1","type":"a","data":null}"#, true),
        (r#"{"id":"c1","type":"a","key":""}"#, true),
        (r#"{"id":"c1","type":"a","key":"a b"}"#, true),
        (r#"{"id":"c1","type":"a","key":9}"#, true),
        (r#"{"id":"c1","type":"a","data":{"x":"\u0000"}}"#, true),
        (r#"{"id":"c1","type":"a","data":{"x":["a",{"y":"\u001b"}]}}"#, true),
        (r#"{"id":"c1","type":"a","data":{"x\u0007":1}}"#, true),
        (r#"{"id":"c1","type":"a","data":{"x":"\u0085"}}"#, true),
    ] {
        let bad = refused(text);
        assert_eq!(bad.close, None, "{text}");
        assert_eq!(bad.id.is_some(), named, "{text}");
        assert!(matches!(bad.error, RealtimeError::Malformed(_)), "{text}");
    }
}

#[test]
fn writes_the_contracts_frames() {
    let re = FrameId::parse("c1").expect("is an id");
    let body = Json::from_text(r#"{"a":1}"#).expect("is JSON");
    let stream = StreamKey::player(PlayerId::new(Uuid::from_u128(1)));
    let at = Timestamp::from_millis(0);
    let position = Some(Position { epoch: Uuid::nil(), offset: 9 });
    for (frame, text) in [
        (ServerFrame::Reply { re: &re, outcome: Ok(&body) }, r#"{"re":"c1","ok":true,"data":{"a":1}}"#),
        (ServerFrame::Reply { re: &re, outcome: Err(&body) }, r#"{"re":"c1","ok":false,"error":{"a":1}}"#),
        (ServerFrame::Error(&body), r#"{"type":"error","data":{"a":1}}"#),
        (ServerFrame::Ready(Told(&[])), r#"{"type":"session.ready"}"#),
        (ServerFrame::Ping, r#"{"type":"ping"}"#),
        (ServerFrame::Pong, r#"{"type":"pong"}"#),
        (
            ServerFrame::GoingAway { reconnect_in_ms: 1500, at },
            r#"{"type":"session.going_away","at":"1970-01-01T00:00:00.000Z","data":{"reconnect_in_ms":1500}}"#,
        ),
    ] {
        assert_eq!(&*V1.encode(frame), text);
    }
    let resync: Value =
        serde_json::from_str(&V1.encode(ServerFrame::Resync { stream: &stream, position, at })).expect("JSON");
    assert_eq!(resync["type"], "session.resync");
    assert_eq!(resync["data"], json!({"stream": "player", "following": true, "epoch": Uuid::nil(), "offset": 9}));
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 64, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::btree_map("[ -~]{0,8}", inner, 0..6)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn arbitrary_text_never_panics(bytes in prop::collection::vec(any::<u8>(), 0..512)) {
        let _ = V1.decode(&String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn text_made_of_the_protocols_pieces_never_panics(
        pieces in prop::collection::vec(prop::sample::select(vec![
            "{", "}", "[", "]", ":", ",", "\"", "\"id\"", "\"type\"", "\"data\"", "\"key\"", "\"a\"", "1", "null",
            "\\u0000", "\\ud800", "1e999", " ",
        ]), 0..40),
    ) {
        let _ = V1.decode(&pieces.concat());
    }

    #[test]
    fn any_json_is_taken_as_sent_or_refused(value in any_json()) {
        let text = json!({"id": "c1", "type": "x.y", "data": value}).to_string();
        match V1.decode(&text) {
            Ok(frame) => {
                prop_assert!(!holds_control(&frame.data));
                prop_assert_eq!(frame.data, value);
            }
            Err(bad) => {
                prop_assert!(!value.is_object() || holds_control(&value));
                prop_assert_eq!(bad.close, None);
                prop_assert_eq!(bad.id, FrameId::parse("c1"));
            }
        }
    }
}
