use super::*;
use crate::port::Fault;

#[test]
fn hello_must_come_in_time() {
    let mut bench = Bench::new();
    assert_eq!(bench.session.wake_at(), Some(T0.plus_millis(5_000)));
    assert_eq!(bench.tick_at(4_999), []);
    assert_eq!(bench.tick_at(5_000), [closed(CloseCode::NoHello)]);
    assert_eq!(bench.session.wake_at(), None);
    assert_eq!(bench.say(&json!({"id": "c", "type": "ping"})), [], "nothing after a close");
}

#[test]
fn the_hello_reply_has_the_contracts_members() {
    let mut bench = Bench::new();
    let resume = json!({"player": position(8), "game:unknown": position(1), "news:1": position(1)});
    let out = bench.say(&json!({"id": "c0", "type": "session.hello", "data": {"token": "t", "resume": resume}}));
    let news = StreamKey::from_stored("news:1".to_owned());
    assert_eq!(out, [Out::Other(Effect::SignIn { token: Some(Token("t".to_owned())), streams: vec![news] })]);
    let out = bench.give(signed_in(&[]));
    let wanted = Wanted { stream: own(), start: Start::After(position(8)) };
    assert_eq!(out, [Out::Other(Effect::Attach(vec![wanted]))]);
    let out = bench.give(Input::Attached(vec![attached(&own(), 10, Some(&[9, 10]))]));
    assert_eq!(gist(&out), ["c0", "player@9", "player@10", "session.ready"]);
    let Out::Frame(reply) = &out[0] else { panic!("a reply") };
    assert_eq!(reply["ok"], true);
    let data = &reply["data"];
    assert_eq!(data["session_id"], "s1");
    assert_eq!(data["player"], json!({"id": ada()}));
    assert_eq!(data["streams"], json!({"player": {"epoch": epoch(), "offset": 10, "recovered": true}}));
    assert_eq!(data["live"]["game_id"], Value::Null);
    assert_eq!((&data["heartbeat_ms"], &data["resume_window_ms"]), (&json!(25_000), &json!(120_000)));
    assert_eq!(data["limits"]["messages_per_second"], 30);
    assert_eq!(data["server_time"], json!(T0));
}

#[test]
fn a_hello_without_id_or_token_is_taken() {
    let mut bench = Bench::new();
    let out = bench.say(&json!({"type": "session.hello"}));
    assert_eq!(out, [Out::Other(Effect::SignIn { token: None, streams: vec![] })]);
    bench.give(signed_in(&[]));
    let out = bench.give(Input::Attached(vec![attached(&own(), 0, None)]));
    assert_eq!(gist(&out), ["session.ready"]);
}

#[test]
fn wrong_hellos_are_refused_and_may_be_repeated() {
    let mut bench = Bench::new();
    let many: serde_json::Map<_, _> = (0..17).map(|n| (format!("x:{n}"), json!(position(0)))).collect();
    for data in [
        json!({"token": 7}),
        json!({"extra": 1}),
        json!({"resume": []}),
        json!({"resume": {"player": 3}}),
        json!({"resume": {"player": {"epoch": epoch(), "offset": -1}}}),
        json!({"resume": {"player": {"epoch": epoch(), "offset": 1.5}}}),
        json!({"resume": {"player": {"epoch": 3, "offset": 1}}}),
        json!({"resume": {"player": {"epoch": epoch(), "offset": 1, "more": 1}}}),
        json!({"resume": many}),
    ] {
        let out = bench.say(&json!({"id": "c0", "type": "session.hello", "data": data}));
        assert_eq!(out, [refusal("c0", "validation.failed")], "{data}");
    }
    bench.hello(&[]);
}

#[test]
fn an_epoch_from_elsewhere_means_from_now_on() {
    let mut bench = Bench::new();
    bench.say(&json!({"type": "session.hello", "data": {"resume": {"player": {"epoch": "old", "offset": 3}}}}));
    let out = bench.give(signed_in(&[]));
    assert_eq!(out, [Out::Other(Effect::Attach(vec![Wanted { stream: own(), start: Start::Top }]))]);
}

#[test]
fn failed_sign_ins_say_why_and_close() {
    let problem = Json::from_value(&json!({"code": "x"}));
    for (reason, code) in [
        (SignInFailure::NotAuthenticated, CloseCode::NotAuthenticated),
        (SignInFailure::TokenExpired, CloseCode::TokenExpired),
        (SignInFailure::Suspended, CloseCode::Suspended),
        (SignInFailure::SignedOut, CloseCode::SignedOut),
        (SignInFailure::Unavailable, CloseCode::Overloaded),
    ] {
        let mut bench = Bench::new();
        bench.say(&json!({"id": "c0", "type": "session.hello"}));
        let out = bench.give(Input::SignInFailed { reason, problem: problem.clone() });
        assert_eq!(out, [refusal("c0", "x"), closed(code)]);
    }
    let mut bench = Bench::new();
    bench.say(&json!({"id": "c0", "type": "session.hello"}));
    bench.give(signed_in(&[]));
    let out = bench.give(Input::AttachFailed { streams: vec![own()], problem });
    assert_eq!(out, [refusal("c0", "x"), closed(CloseCode::Overloaded)]);
}

#[test]
fn nothing_else_is_taken_before_the_hello_is_done() {
    let mut bench = Bench::new();
    assert_eq!(bench.say(&json!({"id": "a", "type": "ping"})), [refusal("a", "session.not_signed_in")]);
    assert_eq!(bench.say(&json!({"type": "nonsense"})), [nameless_refusal("session.not_signed_in")]);
    bench.say(&json!({"id": "h", "type": "session.hello"}));
    assert_eq!(bench.say(&json!({"id": "b", "type": "matchmaking.join"})), [refusal("b", "session.not_signed_in")]);
    let again = bench.say(&json!({"id": "c", "type": "session.hello"}));
    assert_eq!(again, [refusal("c", "session.already_signed_in")]);
    let same = bench.say(&json!({"id": "h", "type": "ping"}));
    assert_eq!(same, [nameless_refusal("session.duplicate_id")], "h is answered by the hello alone");
    let mut open = Bench::open(&[]);
    let again = open.say(&json!({"id": "c", "type": "session.hello"}));
    assert_eq!(again, [refusal("c", "session.already_signed_in")]);
}

#[test]
fn what_isnt_the_envelope_closes_and_the_rest_stays() {
    for text in ["nonsense", "[]", "{}", r#"{"type":5}"#] {
        let mut bench = Bench::open(&[]);
        let out = bench.give(Input::Text(text.into()));
        assert_eq!(out, [nameless_refusal("request.malformed"), closed(CloseCode::Malformed)], "{text}");
    }
    let mut bench = Bench::open(&[]);
    assert_eq!(bench.say(&json!({"id": "a", "type": "no.such"})), [refusal("a", "session.unknown_type")]);
    assert_eq!(bench.say(&json!({"id": "b", "type": "ping", "x": 1})), [refusal("b", "request.malformed")]);
    assert!(bench.session.is_open());
    let long = json!({"type": "ping", "data": {"x": "x".repeat(16 * 1_024)}});
    assert_eq!(bench.say(&long), [closed(CloseCode::TooLarge)]);
}

#[test]
fn faults_and_signals_have_their_codes() {
    for (input, code) in [
        (Input::Fault(Fault::TooLarge), 1009),
        (Input::Fault(Fault::Binary), 1003),
        (Input::Fault(Fault::BadUtf8), 1007),
        (Input::Fault(Fault::Protocol), 1002),
        (Input::Signal(Signal::QueueOverflow), 4102),
        (Input::Signal(Signal::Replaced), 4503),
        (Input::Signal(Signal::Revoked), 4506),
        (Input::Signal(Signal::Suspended), 4502),
    ] {
        let mut bench = Bench::open(&[]);
        let out = bench.give(input.clone());
        assert!(matches!(out.as_slice(), [Out::Other(Effect::Close(given))] if given.code() == code), "{input:?}");
        assert!(bench.session.is_closed());
    }
    let mut gone = Bench::open(&[]);
    assert_eq!(gone.give(Input::PeerClosed), []);
    assert!(gone.session.is_closed());
}

#[test]
fn a_call_is_answered_once() {
    let mut bench = Bench::open(&[]);
    let data = json!({"mode": "duel"});
    let out = bench.say(&json!({"id": "c1", "type": "matchmaking.join", "data": data, "key": "k"}));
    let [Out::Other(Effect::Call { call, request })] = out.as_slice() else { panic!("{out:?}") };
    assert_eq!(*request, Request { kind: "matchmaking.join".to_owned(), data, key: Some("k".to_owned()) });
    let same = bench.say(&json!({"id": "c1", "type": "matchmaking.join"}));
    assert_eq!(same, [nameless_refusal("session.duplicate_id")]);
    let done = Input::Reply { call: *call, outcome: Ok(Json::from_value(&json!({"ticket": 1}))), follow: vec![] };
    assert_eq!(bench.give(done.clone()), [frame(json!({"re": "c1", "ok": true, "data": {"ticket": 1}}))]);
    assert_eq!(bench.give(done), [], "a second answer finds nobody");
    bench.call("c1");
}

#[test]
fn without_an_id_only_refusals_are_told() {
    let mut bench = Bench::open(&[]);
    for (outcome, told) in [
        (Ok(Json::empty_object()), vec![]),
        (Err(Json::from_value(&json!({"code": "games.over"}))), vec![nameless_refusal("games.over")]),
    ] {
        let out = bench.say(&json!({"type": "game.join"}));
        let [Out::Other(Effect::Call { call, .. })] = out.as_slice() else { panic!("{out:?}") };
        assert_eq!(bench.give(Input::Reply { call: *call, outcome, follow: vec![] }), told);
    }
}

#[test]
fn sixteen_requests_may_wait() {
    let mut bench = Bench::open(&[]);
    let calls: Vec<_> = (0..16).map(|n| bench.call(&format!("c{n}"))).collect();
    let more = json!({"id": "d", "type": "matchmaking.join"});
    assert_eq!(bench.say(&more), [refusal("d", "session.too_many_in_flight")]);
    bench.give(Input::Reply { call: calls[3], outcome: Ok(Json::empty_object()), follow: vec![] });
    bench.call("d");
}

#[test]
fn pings_are_answered_and_pongs_taken() {
    let mut bench = Bench::open(&[]);
    assert_eq!(bench.say(&json!({"type": "ping"})), [frame(json!({"type": "pong"}))]);
    let out = bench.say(&json!({"id": "p", "type": "ping"}));
    assert_eq!(out, [frame(json!({"re": "p", "ok": true, "data": {"server_time": T0}}))]);
    assert_eq!(bench.say(&json!({"type": "pong"})), []);
}

#[test]
fn heartbeat_pings_and_two_silent_intervals_close() {
    let mut bench = Bench::open(&[]);
    assert_eq!(bench.session.wake_at(), Some(T0.plus_millis(25_000)));
    assert_eq!(bench.tick_at(25_000), [frame(json!({"type": "ping"}))]);
    bench.ms = 26_000;
    bench.say(&json!({"type": "pong"}));
    assert_eq!(bench.tick_at(50_000), [frame(json!({"type": "ping"}))]);
    bench.ms = 60_000;
    bench.give(Input::ControlFrame);
    assert_eq!(bench.tick_at(75_000), [frame(json!({"type": "ping"}))]);
    assert_eq!(bench.tick_at(100_000), [frame(json!({"type": "ping"}))]);
    assert_eq!(bench.tick_at(109_999), []);
    assert_eq!(bench.tick_at(110_000), [closed(CloseCode::HeartbeatMissed)]);
}

#[test]
fn the_token_is_refreshed_or_the_socket_ends() {
    let mut bench = Bench::open(&[]);
    let refresh = |bench: &mut Bench, id: &str| {
        let out = bench.say(&json!({"id": id, "type": "session.refresh", "data": {"token": "fresh"}}));
        let [Out::Other(Effect::Refresh { call, token })] = out.as_slice() else { panic!("{out:?}") };
        assert_eq!((token.0.as_str(), format!("{token:?}").as_str()), ("fresh", "Token(***)"));
        *call
    };
    let (eve, later) = (PlayerId::new(Uuid::from_u128(0xe7e)), T0.plus_millis(900_000));
    let call = refresh(&mut bench, "r1");
    let out = bench.give(Input::Refreshed { call, player: eve, expires_at: later });
    assert_eq!(out, [refusal("r1", "session.other_player")]);
    let call = refresh(&mut bench, "r2");
    let problem = Json::from_value(&json!({"code": "auth.bad_token"}));
    let out = bench.give(Input::Reply { call, outcome: Err(problem), follow: vec![] });
    assert_eq!(out, [refusal("r2", "auth.bad_token")]);
    let call = refresh(&mut bench, "r3");
    let out = bench.give(Input::Refreshed { call, player: ada(), expires_at: later });
    assert_eq!(gist(&out), ["r3"]);
    for data in [json!({}), json!({"token": 1}), json!({"token": "t", "x": 1})] {
        let out = bench.say(&json!({"id": "r4", "type": "session.refresh", "data": data}));
        assert_eq!(out, [refusal("r4", "validation.failed")]);
    }
    for ms in (25_000..=900_000).step_by(25_000) {
        bench.tick_at(ms);
        bench.say(&json!({"type": "pong"}));
    }
    assert_eq!(bench.tick_at(904_999), []);
    assert_eq!(bench.tick_at(905_000), [closed(CloseCode::TokenExpired)]);
}

#[test]
fn a_drain_is_announced_and_requests_go_on_until_the_close() {
    let mut bench = Bench::open(&[]);
    bench.ms = 1_000;
    let out = bench.give(Input::Signal(Signal::Drain { reconnect_in_ms: 2_000 }));
    let data = json!({"reconnect_in_ms": 2_000});
    assert_eq!(out, [frame(json!({"type": "session.going_away", "at": bench.now(), "data": data}))]);
    assert_eq!(bench.give(Input::Signal(Signal::Drain { reconnect_in_ms: 9_000 })), [], "said once");
    bench.call("c1");
    assert_eq!(bench.session.wake_at(), Some(T0.plus_millis(3_000)));
    assert_eq!(bench.tick_at(3_000), [closed(CloseCode::Drain)]);
}

#[test]
fn too_many_messages_are_refused_then_closed() {
    let mut bench = Bench::open(&[]);
    bench.ms = 10_000;
    let ping = json!({"id": "p", "type": "ping"});
    let answers: Vec<_> = (0..61).flat_map(|_| bench.say(&ping)).collect();
    assert_eq!(answers[60], refusal("p", "rate_limited"));
    assert!(answers[..60].iter().all(|out| *out != refusal("p", "rate_limited")));
    assert_eq!(bench.say(&json!({"type": "pong"})), [], "an answer to our own ping is never refused");
    let flood = (0..300).flat_map(|_| bench.say(&ping)).last();
    assert_eq!(flood, Some(closed(CloseCode::RateLimited)));
    let mut off = Bench::with(|config| config.messages_per_second = 0);
    off.hello(&[]);
    assert!((0..5_000).all(|_| off.say(&ping) != [refusal("p", "rate_limited")]));
}

#[test]
fn an_idle_session_is_small() {
    let size = size_of::<Session>();
    assert!(size <= 256, "{size} bytes");
    let follow = size_of::<Follow>();
    assert!(follow <= 112, "{follow} bytes");
    assert_eq!(size_of::<crate::hub::Delivery>(), 16);
}
