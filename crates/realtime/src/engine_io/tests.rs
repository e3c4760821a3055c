use super::*;

const CONFIG: EngineConfig =
    EngineConfig { ping_interval_ms: 300, ping_timeout_ms: 200, upgrade_ms: 1_000, max_payload: 1_000_000 };

const fn at(ms: i64) -> Timestamp {
    Timestamp::from_millis(1_000_000 + ms)
}

fn text(text: &'static str) -> Packet {
    Packet::Text(ByteString::from_static(text))
}

#[test]
fn opens_with_five_keys() {
    let open = Engine::polling(CONFIG, at(0)).open_packet("abc");
    assert_eq!(
        open,
        r#"0{"maxPayload":1000000,"pingInterval":300,"pingTimeout":200,"sid":"abc","upgrades":["websocket"]}"#
    );
    assert!(Engine::websocket(CONFIG, at(0)).open_packet("abc").contains(r#""upgrades":[]"#));
}

#[test]
fn a_poll_waits_for_something_to_say() {
    let mut engine = Engine::polling(CONFIG, at(0));
    engine.begin_poll().expect("is taken");
    assert_eq!(engine.poll_body(at(1)), None);
    engine.send(text("a"), at(2));
    engine.send(text("b"), at(2));
    assert_eq!(engine.poll_body(at(3)).as_deref(), Some("4a\u{1e}4b"));
    assert_eq!((engine.poll_body(at(4)), engine.waiting()), (None, 0), "it was one poll");
}

#[test]
fn a_second_poll_beside_the_first_ends_the_session() {
    let mut engine = Engine::polling(CONFIG, at(0));
    engine.begin_poll().expect("is taken");
    assert_eq!(engine.begin_poll(), Err(Refused));
    assert_eq!(engine.poll_body(at(1)).as_deref(), Some("1"));
    assert_eq!(engine.begin_poll(), Err(Refused));
    let mut engine = Engine::polling(CONFIG, at(0));
    engine.begin_post().expect("is taken");
    assert_eq!(engine.begin_post(), Err(Refused));
    assert_eq!(engine.ended(), Some(End::Protocol));
}

#[test]
fn the_peers_close_ends_its_poll_with_nothing() {
    let mut engine = Engine::polling(CONFIG, at(0));
    engine.begin_poll().expect("is taken");
    assert_eq!(engine.take(vec![Packet::Close, text("late")], at(1)), Ok(Vec::new()));
    assert_eq!(engine.poll_body(at(1)).as_deref(), Some("6"));
    assert_eq!(engine.begin_poll(), Err(Refused));
    // The same where the close was quicker than the poll beside it.
    let mut engine = Engine::polling(CONFIG, at(0));
    assert_eq!(engine.take(vec![Packet::Close], at(1)), Ok(Vec::new()));
    engine.begin_poll().expect("is taken");
    assert_eq!(engine.poll_body(at(1)).as_deref(), Some("6"));
    assert_eq!(engine.begin_poll(), Err(Refused));
}

#[test]
fn what_this_side_says_last_is_fetched_by_the_next_poll() {
    let mut engine = Engine::polling(CONFIG, at(0));
    engine.send(text("bye"), at(1));
    engine.end(End::Server(CloseCode::Drain));
    assert!(!engine.is_over());
    engine.begin_poll().expect("is taken");
    assert_eq!(engine.poll_body(at(2)).as_deref(), Some("4bye"));
    assert!(!engine.is_over());
    engine.begin_poll().expect("is taken");
    assert_eq!(engine.poll_body(at(3)).as_deref(), Some("1"));
    assert!(engine.is_over());
    assert_eq!(engine.begin_poll(), Err(Refused));
}

#[test]
fn pings_after_the_interval_and_notices_silence() {
    let mut engine = Engine::polling(CONFIG, at(0));
    assert_eq!(engine.wake_at(), Some(at(300)));
    engine.tick(at(299));
    assert_eq!(engine.waiting(), 0);
    engine.tick(at(302));
    engine.begin_poll().expect("is taken");
    assert_eq!(engine.poll_body(at(302)).as_deref(), Some("2"));
    assert_eq!(engine.wake_at(), Some(at(500)));
    assert_eq!(engine.take(vec![Packet::Pong], at(310)), Ok(vec![Heard::Life]));
    assert_eq!(engine.wake_at(), Some(at(610)));
    engine.tick(at(610));
    engine.tick(at(810));
    assert_eq!(engine.ended(), Some(End::Silent));
    assert_eq!(engine.begin_poll(), Err(Refused));
}

#[test]
fn a_process_that_stood_still_gives_time_to_answer() {
    let mut engine = Engine::polling(CONFIG, at(0));
    engine.tick(at(5_000));
    assert_eq!((engine.ended(), engine.wake_at()), (None, Some(at(5_100))));
}

#[test]
fn a_websocket_takes_over_what_waits() {
    let mut engine = Engine::polling(CONFIG, at(0));
    engine.begin_poll().expect("is taken");
    engine.begin_probe(at(1)).expect("is taken");
    assert_eq!(engine.poll_body(at(1)), None);
    assert_eq!(engine.probe(&Packet::Upgrade), Probing::Failed, "not before its probe");
    assert_eq!(engine.probe(&Packet::Probe), Probing::Answer(Packet::Probed));
    assert_eq!(engine.poll_body(at(2)).as_deref(), Some("6"));
    engine.send(text("between"), at(3));
    assert_eq!(engine.next_frame(at(3)), None);
    assert_eq!(engine.probe(&Packet::Upgrade), Probing::Upgraded);
    assert_eq!(engine.next_frame(at(4)), Some(Frame::Text("4between".into())));
    assert_eq!(engine.begin_poll(), Err(Refused));
    assert_eq!(engine.begin_post(), Err(Refused));
    assert_eq!(engine.begin_probe(at(5)), Err(Refused));
    assert_eq!(engine.ended(), None, "whoever comes too late doesn't end it");
}

#[test]
fn what_this_side_says_last_reaches_a_client_that_changes_over() {
    let mut engine = Engine::polling(CONFIG, at(0));
    engine.begin_probe(at(1)).expect("is taken");
    assert_eq!(engine.probe(&Packet::Probe), Probing::Answer(Packet::Probed));
    engine.send(text("bye"), at(2));
    engine.end(End::Server(CloseCode::Drain));
    assert_eq!(engine.probe(&Packet::Upgrade), Probing::Upgraded);
    assert!(!engine.is_over());
    assert_eq!(engine.next_frame(at(3)), Some(Frame::Text("4bye".into())));
    assert!(engine.is_over());
}

#[test]
fn a_probe_that_leads_nowhere_leaves_polling_as_it_was() {
    let mut engine = Engine::polling(CONFIG, at(0));
    engine.begin_probe(at(1)).expect("is taken");
    assert_eq!(engine.begin_probe(at(2)), Err(Refused));
    engine.take(vec![Packet::Pong], at(900)).expect("is taken");
    engine.tick(at(1_001));
    assert!(!engine.is_probing());
    engine.send(text("a"), at(1_002));
    engine.begin_poll().expect("is taken");
    assert_eq!(engine.poll_body(at(1_003)).as_deref(), Some("4a"));
}

#[test]
fn packets_out_of_place_end_the_session() {
    for packet in [Packet::Probe, Packet::Upgrade, Packet::Ping, Packet::Probed] {
        let mut engine = Engine::websocket(CONFIG, at(0));
        engine.send(text("never"), at(0));
        assert_eq!(engine.take(vec![packet], at(1)), Err(Refused));
        assert_eq!((engine.ended(), engine.waiting()), (Some(End::Protocol), 0));
    }
}

#[test]
fn a_poll_given_up_ends_the_session() {
    let mut engine = Engine::polling(CONFIG, at(0));
    engine.begin_poll().expect("is taken");
    engine.cancel_poll();
    assert_eq!(engine.ended(), Some(End::Lost));
}
