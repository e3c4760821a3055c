use kernel::StreamHead;

use super::*;

#[test]
fn live_events_wait_for_the_reply_the_missed_and_ready() {
    let mut bench = Bench::new();
    bench.say(&json!({"id": "h", "type": "session.hello", "data": {"resume": {"player": position(3)}}}));
    bench.give(signed_in(&[]));
    for offset in [5, 6, 7] {
        assert_eq!(bench.give(Input::Durable(moved(&own(), offset))), []);
    }
    let out = bench.give(Input::Attached(vec![attached(&own(), 5, Some(&[4, 5]))]));
    assert_eq!(gist(&out), ["h", "player@4", "player@5", "session.ready", "player@6", "player@7"]);
    assert_eq!(gist(&bench.give(Input::Durable(moved(&own(), 7)))), Vec::<String>::new(), "seen");
}

#[test]
fn the_reply_waits_for_every_stream_and_only_granted_ones() {
    let (mine, foreign) = (game(1), game(2));
    let mut bench = Bench::new();
    let resume = json!({mine.as_str(): position(3), foreign.as_str(): position(3)});
    bench.say(&json!({"id": "h", "type": "session.hello", "data": {"resume": resume}}));
    let out = bench.give(signed_in(std::slice::from_ref(&mine)));
    let after = Start::After(position(3));
    let wanted = vec![Wanted { stream: own(), start: Start::Top }, Wanted { stream: mine.clone(), start: after }];
    assert_eq!(out, [Out::Other(Effect::Attach(wanted))]);
    assert_eq!(bench.give(Input::Attached(vec![attached(&mine, 3, Some(&[]))])), []);
    assert_eq!(bench.give(Input::Attached(vec![attached(&foreign, 3, Some(&[]))])), [], "not asked for");
    let out = bench.give(Input::Attached(vec![attached(&own(), 9, None)]));
    let Out::Frame(reply) = &out[0] else { panic!("a reply") };
    let place = |offset, recovered| json!({"epoch": epoch(), "offset": offset, "recovered": recovered});
    assert_eq!(reply["data"]["streams"], json!({"player": place(9, false), mine.as_str(): place(3, true)}));
    assert_eq!(bench.give(Input::Durable(moved(&foreign, 4))), []);
}

#[test]
fn a_gap_is_read_and_lost_rows_are_told() {
    let mut bench = Bench::open(&[]);
    let out = bench.give(Input::Durable(moved(&own(), 13)));
    let wanted = Wanted { stream: own(), start: Start::After(position(10)) };
    assert_eq!(out, [Out::Other(Effect::CatchUp(wanted.clone()))]);
    let out = bench.give(Input::Attached(vec![attached(&own(), 12, Some(&[11, 12]))]));
    assert_eq!(gist(&out), ["player@11", "player@12", "player@13"]);
    bench.give(Input::Durable(moved(&own(), 20)));
    let out = bench.give(Input::Attached(vec![attached(&own(), 19, None)]));
    assert_eq!(gist(&out), ["session.resync", "player@20"]);
    let Out::Frame(resync) = &out[0] else { panic!("a frame") };
    let data = json!({"stream": "player", "following": true, "epoch": epoch(), "offset": 19});
    assert_eq!(resync["data"], data);
}

#[test]
fn failed_reads_are_repeated_on_time() {
    let mut bench = Bench::open(&[]);
    bench.give(Input::Durable(moved(&own(), 12)));
    let problem = Json::empty_object();
    assert_eq!(bench.give(Input::AttachFailed { streams: vec![own()], problem }), []);
    assert_eq!(bench.session.wake_at(), Some(T0.plus_millis(500)));
    let again = Effect::CatchUp(Wanted { stream: own(), start: Start::After(position(10)) });
    assert_eq!(bench.tick_at(500), [Out::Other(again)]);
    let out = bench.give(Input::Attached(vec![attached(&own(), 12, Some(&[11, 12]))]));
    assert_eq!(gist(&out), ["player@11", "player@12"]);
}

#[test]
fn a_game_is_followed_from_its_first_event_once_it_is_found() {
    let mut bench = Bench::open(&[]);
    let id = Uuid::from_u128(1);
    let found = event(&own(), 11, "match.found", json!({"game": {"id": id}}));
    let out = bench.give(Input::Durable(found));
    let wanted = Wanted { stream: game(1), start: Start::Beginning };
    assert_eq!(out[1..], [Out::Other(Effect::Attach(vec![wanted]))]);
    assert_eq!(bench.give(Input::Durable(moved(&game(1), 3))), [], "held");
    let started = event(&own(), 12, "game.started", json!({"game": {"id": id}}));
    assert_eq!(gist(&bench.give(Input::Durable(started))), ["player@12"], "followed already");
    let out = bench.give(Input::Attached(vec![attached(&game(1), 2, Some(&[1, 2]))]));
    let name = game(1).to_string();
    assert_eq!(gist(&out), [format!("{name}@1"), format!("{name}@2"), format!("{name}@3")]);
}

#[test]
fn a_reply_may_start_a_stream_without_missing_anything() {
    let mut bench = Bench::open(&[]);
    let call = bench.call("j");
    let outcome = Ok(Json::from_value(&json!({"game": {}})));
    let out = bench.give(Input::Reply { call, outcome, follow: vec![(game(1), position(4))] });
    let streams = json!({game(1).as_str(): position(4)});
    assert_eq!(out[0], frame(json!({"re": "j", "ok": true, "data": {"game": {}, "streams": streams}})));
    let wanted = Wanted { stream: game(1), start: Start::After(position(4)) };
    assert_eq!(out[1..], [Out::Other(Effect::Attach(vec![wanted]))]);
    let out = bench.give(Input::Attached(vec![attached(&game(1), 5, Some(&[5]))]));
    assert_eq!(gist(&out), [format!("{}@5", game(1))]);
}

#[test]
fn a_hint_finds_the_lost_tail() {
    let mut bench = Bench::open(&[]);
    let head = |top| Input::Head(Arc::new(StreamHead { stream: own(), epoch: epoch(), top }));
    assert_eq!(bench.give(head(10)), []);
    assert_eq!(gist(&bench.give(head(11))).len(), 1);
    let out = bench.give(Input::Attached(vec![attached(&own(), 11, Some(&[11]))]));
    assert_eq!(gist(&out), ["player@11"]);
    let stale = bench.give(Input::Attached(vec![attached(&own(), 14, Some(&[12, 13, 14]))]));
    assert_eq!(gist(&stale).len(), 1, "an answer nobody waits for is a hint: {stale:?}");
}

#[test]
fn volatile_events_come_only_live_and_from_followed_streams() {
    let volatile = |n| Input::Volatile(Arc::new(RenderedVolatile::new(game(n), "game.relayed", T0, &json!({"n": 1}))));
    let mut bench = Bench::new();
    assert_eq!(bench.give(volatile(1)), []);
    bench.hello(&[game(1)]);
    let relayed = json!({"type": "game.relayed", "at": T0, "data": {"n": 1}});
    assert_eq!(bench.give(volatile(1)), [frame(relayed)]);
    assert_eq!(bench.give(volatile(2)), []);
}

#[test]
fn a_settled_game_is_left_after_a_while_and_any_on_request() {
    let mut bench = Bench::open(&[game(1), game(2)]);
    bench.give(Input::Durable(event(&game(1), 11, "game.settled", json!({}))));
    assert_eq!(gist(&bench.give(Input::Durable(moved(&game(1), 12)))).len(), 1, "still followed");
    for ms in (20_000..590_000).step_by(20_000) {
        bench.tick_at(ms);
        bench.say(&json!({"type": "pong"}));
    }
    assert!(bench.tick_at(600_000).contains(&Out::Other(Effect::Detach(game(1)))));
    assert_eq!(bench.give(Input::Unfollow(game(2))), [Out::Other(Effect::Detach(game(2)))]);
    assert_eq!(bench.give(Input::Unfollow(own())), [], "one's own stream is always followed");
}

#[test]
fn for_want_of_room_the_least_active_game_is_left_and_said() {
    let mut bench = Bench::with(|config| config.max_streams = 3);
    bench.hello(&[game(1), game(2)]);
    bench.give(Input::Durable(moved(&game(1), 11)));
    let call = bench.call("j");
    let follow = vec![(game(3), position(0))];
    let out = bench.give(Input::Reply { call, outcome: Ok(Json::empty_object()), follow });
    assert_eq!(gist(&out)[1], "session.resync");
    assert_eq!(out[2], Out::Other(Effect::Detach(game(2))));
    let Out::Frame(resync) = &out[1] else { panic!("a frame") };
    assert_eq!(resync["data"], json!({"stream": game(2), "following": false}));
    assert_eq!(gist(&bench.give(Input::Durable(moved(&game(1), 12)))).len(), 1);
}
