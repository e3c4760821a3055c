use std::sync::Arc;

use kernel::{EventId, GameId, PlayerId, StreamEvent, StreamHead, Timestamp};
use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::close::CloseCode;
use crate::config::SessionConfig;
use crate::event::{RenderedEvent, RenderedVolatile};
use crate::port::{Effect, Input, SignedIn};
use crate::resume::{Attached, Start};
use crate::session::Session;

const EPOCH: Uuid = Uuid::from_u128(7);

fn player() -> PlayerId {
    PlayerId::new(Uuid::from_u128(1))
}

fn game() -> StreamKey {
    StreamKey::game(GameId::new(Uuid::from_u128(9)))
}

const fn at(ms: i64) -> Timestamp {
    Timestamp::from_millis(1_700_000_000_000 + ms)
}

fn event(stream: StreamKey, offset: i64, kind: &'static str, data: Value) -> Arc<RenderedEvent> {
    let row = StreamEvent {
        stream,
        epoch: EPOCH,
        offset,
        event_id: EventId::new(Uuid::from_u128(8)),
        kind: kind.into(),
        data,
        at: at(250),
    };
    Arc::new(RenderedEvent::new(&row, &row.data))
}

fn session() -> Session {
    let problem = |refusal: &dyn kernel::Refusal| Json::from_value(&json!({ "code": refusal.code() }));
    let config = SessionConfig { codec: Arc::new(SocketIo), ..SessionConfig::new(["game.move"], problem) };
    Session::new(Arc::new(config), at(0))
}

fn text(session: &mut Session, text: &'static str) -> Vec<Effect> {
    session.handle(Input::Text(text.into()), at(1))
}

fn signed_in(session: &mut Session) -> Vec<Effect> {
    let signed = SignedIn {
        session_id: "s1".to_owned(),
        player_id: player(),
        player: Json::empty_object(),
        live: Json::empty_object(),
        expires_at: None,
        streams: vec![game()],
    };
    session.handle(Input::SignedIn(Box::new(signed)), at(2))
}

fn answer(stream: StreamKey, top: i64, missed: Vec<Arc<RenderedEvent>>, recovered: bool) -> Attached {
    Attached { stream, epoch: EPOCH, top, recovered, missed }
}

fn sent(effects: &[Effect]) -> Vec<&str> {
    effects.iter().filter_map(|effect| if let Effect::Send(text) = effect { Some(&**text) } else { None }).collect()
}

#[test]
fn a_connect_becomes_a_hello_and_its_reply_a_connect() {
    let mut session = session();
    let effects = text(&mut session, r#"0{"token":"t"}"#);
    assert!(matches!(&effects[..], [Effect::SignIn { token: Some(token), .. }] if token.0 == "t"));
    signed_in(&mut session);
    let opened = session.handle(Input::Attached(vec![answer(StreamKey::player(player()), 5, vec![], false)]), at(3));
    let [hello, ready] = sent(&opened)[..] else { panic!("{opened:?}") };
    let (connect, hello) = hello.split_once(BETWEEN).expect("two packets");
    assert_eq!(connect, r#"0{"pid":"s1","sid":"s1"}"#);
    assert!(hello.starts_with(r#"2["session.hello",{"session_id":"s1""#), "{hello}");
    assert_eq!(ready, format!(r#"2["session.ready",{{}},{{}},"player@{EPOCH}@5"]"#));
}

#[test]
fn who_comes_back_with_pid_and_offset_gets_what_it_missed_and_its_pid() {
    let mut session = session();
    let offset = format!("player@{EPOCH}@3;{}@beginning@0", game().as_str());
    let connect = format!(r#"0{{"token":"t","pid":"p-0","offset":"{offset}"}}"#);
    let effects = session.handle(Input::Text(connect.into()), at(1));
    let [Effect::SignIn { streams, .. }] = &effects[..] else { panic!("{effects:?}") };
    assert_eq!(streams, &[game()]);
    let effects = signed_in(&mut session);
    let [Effect::Attach(wanted)] = &effects[..] else { panic!("{effects:?}") };
    let starts: Vec<Start> = wanted.iter().map(|wanted| wanted.start).collect();
    assert_eq!(starts, [Start::After(Position { epoch: EPOCH, offset: 3 }), Start::Beginning]);
    let own = StreamKey::player(player());
    let answers = vec![
        answer(own.clone(), 5, vec![event(own.clone(), 4, "a", json!({})), event(own, 5, "b", json!({}))], true),
        answer(game(), 1, vec![event(game(), 1, "game.moved", json!({"x": 1}))], true),
    ];
    let opened = session.handle(Input::Attached(answers), at(3));
    let sent = sent(&opened);
    assert!(sent[0].starts_with(r#"0{"pid":"p-0","sid":"s1"}"#), "{}", sent[0]);
    let game = game();
    let (game, time) = (game.as_str(), "2023-11-14T22:13:20.250Z");
    let player = |nth: i64| format!(r#"{{"stream":"player","epoch":"{EPOCH}","offset":{nth},"at":"{time}"}}"#);
    assert_eq!(sent[1], format!(r#"2["a",{{}},{},"player@{EPOCH}@4;{game}@beginning@0"]"#, player(4)));
    assert_eq!(sent[2], format!(r#"2["b",{{}},{},"player@{EPOCH}@5;{game}@beginning@0"]"#, player(5)));
    let place = format!(r#"{{"stream":"{game}","epoch":"{EPOCH}","offset":1,"at":"{time}"}}"#);
    assert_eq!(sent[3], format!(r#"2["game.moved",{{"x":1}},{place},"player@{EPOCH}@5;{game}@{EPOCH}@1"]"#));
    assert!(sent[4].starts_with(r#"2["session.ready""#));
}

#[test]
fn a_client_that_cannot_go_on_gets_another_pid() {
    let mut session = session();
    let connect = format!(r#"0{{"token":"t","pid":"p-0","offset":"player@{}@3"}}"#, Uuid::from_u128(99));
    session.handle(Input::Text(connect.into()), at(1));
    signed_in(&mut session);
    let opened = session.handle(Input::Attached(vec![answer(StreamKey::player(player()), 5, vec![], false)]), at(3));
    assert!(sent(&opened)[0].starts_with(r#"0{"pid":"s1","sid":"s1"}"#), "{opened:?}");
    assert!(sent(&opened)[1].contains(&format!("player@{EPOCH}@5")), "it stands at the top now: {opened:?}");
}

#[test]
fn a_refused_hello_is_a_connect_error() {
    let mut session = session();
    text(&mut session, "0");
    let problem = Json::from_value(&json!({ "code": "auth.missing_token" }));
    let reason = crate::port::SignInFailure::NotAuthenticated;
    let effects = session.handle(Input::SignInFailed { reason, problem }, at(2));
    assert_eq!(sent(&effects), [r#"4{"message":"auth.missing_token","data":{"code":"auth.missing_token"}}"#]);
    assert!(matches!(effects.last(), Some(Effect::Close(CloseCode::NotAuthenticated))));
}

#[test]
fn events_are_requests_and_acks_their_replies() {
    let frame = SocketIo.decode(r#"217["game.move",{"cell":4},{"key":"k1"}]"#).expect("is taken");
    assert_eq!((frame.id.as_ref().map(FrameId::as_str), frame.kind.as_str()), (Some("17"), "game.move"));
    assert_eq!((frame.data, frame.key.as_deref()), (json!({"cell": 4}), Some("k1")));
    let least = SocketIo.decode(r#"2["ping"]"#).expect("is taken");
    assert_eq!(least, ClientFrame { id: None, kind: "ping".into(), data: json!({}), key: None });
    let re = FrameId::parse("17").expect("is an id");
    let data = Json::from_value(&json!({"sequence": 1}));
    let reply = |outcome| SocketIo.encode(ServerFrame::Reply { re: &re, outcome });
    assert_eq!(&*reply(Ok(&data)), r#"317[{"ok":true,"data":{"sequence":1}}]"#);
    assert_eq!(&*reply(Err(&data)), r#"317[{"ok":false,"error":{"sequence":1}}]"#);
    assert_eq!(&*SocketIo.encode(ServerFrame::Error(&data)), r#"2["error",{"sequence":1}]"#);
    let said = RenderedVolatile::new(game(), "game.relayed", at(250), &json!({"n": 1}));
    assert_eq!(
        &*SocketIo.encode(ServerFrame::Volatile(&said)),
        r#"2["game.relayed",{"n":1},{"at":"2023-11-14T22:13:20.250Z"}]"#
    );
}

#[test]
fn what_is_no_event_closes_and_wrong_arguments_are_refused() {
    for text in
        ["", "x", "2{}", "2[]", "2[1]", "2[\"\"]", "2abc[\"m\"]", "0[]", "0\"t\"", "1", "4{}", "2[\"a\\u0000\"]"]
    {
        let bad = SocketIo.decode(text).expect_err(text);
        assert_eq!(bad.close, Some(CloseCode::Malformed), "{text}");
    }
    for text in [
        r#"21["m",1]"#,
        r#"21["m",{},1]"#,
        r#"21["m",{},{"key":1}]"#,
        r#"21["m",{},{"key":"","x":1}]"#,
        r#"21["m",{},{},1]"#,
        r#"21["m",{"x":"\u0000"}]"#,
    ] {
        let bad = SocketIo.decode(text).expect_err(text);
        assert_eq!((bad.close, bad.id), (None, FrameId::parse("1")), "{text}");
    }
}

#[test]
fn a_hint_that_was_lost_and_a_stream_that_is_lost_move_the_offset() {
    let mut session = session();
    text(&mut session, "0");
    signed_in(&mut session);
    let own = StreamKey::player(player());
    session.handle(Input::Attached(vec![answer(own.clone(), 5, vec![], false)]), at(3));
    let head = StreamHead { stream: own.clone(), epoch: EPOCH, top: 600 };
    session.handle(Input::Head(Arc::new(head)), at(4));
    let effects = session.handle(Input::Attached(vec![answer(own.clone(), 600, vec![], false)]), at(5));
    assert!(sent(&effects)[0].starts_with(r#"2["session.resync",{"#), "{effects:?}");
    let effects = session.handle(Input::Durable(event(own, 601, "a", json!({}))), at(6));
    assert!(sent(&effects)[0].ends_with(&format!(r#","player@{EPOCH}@601"]"#)), "{effects:?}");
}

proptest! {
    #[test]
    fn whatever_a_client_sends_is_read_or_refused(text in any::<String>(), event in "2[0-9]{0,3}\\[.{0,20}\\]") {
        let _ = SocketIo.decode(&text);
        let _ = SocketIo.decode(&event);
    }

    #[test]
    fn an_offset_comes_back_as_it_was(offsets in proptest::collection::vec(0..i64::MAX, 1..8)) {
        let text: Vec<String> = offsets.iter().map(|offset| format!("game:{offset}@{EPOCH}@{offset}")).collect();
        let read = read_offset(&text.join(";")).expect("is an offset");
        for offset in offsets {
            prop_assert_eq!(&read[format!("game:{offset}")]["offset"], &json!(offset));
        }
    }
}

#[test]
fn a_connect_holds_no_control_characters_wherever_they_stand() {
    for text in ["0{\"to\\u0000ken\":\"t\"}", "0{\"token\":\"\\u0007\"}", "0{\"a\":[{\"\u{7f}\":1}]}"] {
        let bad = SocketIo.decode(text).expect_err(text);
        assert_eq!(bad.close, Some(CloseCode::Malformed), "{text:?}");
    }
}
