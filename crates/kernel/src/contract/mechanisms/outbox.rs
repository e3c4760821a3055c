//! The outbox and its streams.

use std::time::Duration;

use super::{LONG, MechanismsFixture};
use crate::contract::{Pace, all_at_once};
use crate::{GameId, StoreError, StreamKey};

/// What one relay has claimed, no other gets.
pub async fn events_are_handed_out_once_and_in_order(f: &MechanismsFixture, _: Pace) {
    let events: Vec<_> = (0..6).map(|n| f.event(if n % 2 == 0 { "a:1" } else { "b:1" }, &[], n)).collect();
    f.write(events[..4].to_vec()).await;
    f.write(events[4..].to_vec()).await;
    let first = f.outbox.claim(4, LONG).await.expect("claims");
    assert_eq!(first.iter().map(|row| row.event.clone()).collect::<Vec<_>>(), events[..4]);
    assert!(first.iter().all(|row| row.attempts == 0));
    assert!(f.claim().await.is_empty(), "later events of claimed aggregates wait");
    f.outbox.complete(&first).await.expect("completes");
    let rest = f.claim().await;
    assert_eq!(rest.iter().map(|row| row.event.clone()).collect::<Vec<_>>(), events[4..]);
    f.outbox.complete(&rest).await.expect("completes");
    assert!(f.claim().await.is_empty());
}

/// Other aggregates go on while one is held up.
pub async fn an_aggregate_waits_for_its_claimed_event(f: &MechanismsFixture, _: Pace) {
    f.write(vec![f.event("slow:1", &[], 1)]).await;
    let slow = f.claim().await;
    f.write(vec![f.event("slow:1", &[], 2), f.event("quick:1", &[], 3)]).await;
    let claimed = f.claim().await;
    assert_eq!(claimed.iter().map(|row| row.event.aggregate.as_str()).collect::<Vec<_>>(), ["quick:1"]);
    f.outbox.complete(&slow).await.expect("completes");
    assert_eq!(f.claim().await.len(), 1);
}

/// A relay that died loses its claim.
pub async fn a_lapsed_claim_is_given_out_again(f: &MechanismsFixture, pace: Pace) {
    f.write(vec![f.event("a:1", &[], 1)]).await;
    assert_eq!(f.outbox.claim(10, Duration::from_millis(1)).await.expect("claims").len(), 1);
    let again = std::sync::Mutex::new(Vec::new());
    pace.until("the claim lapses", async || {
        let rows = f.claim().await;
        let some = !rows.is_empty();
        again.lock().expect("not poisoned").extend(rows);
        some
    })
    .await;
    assert_eq!(again.lock().expect("not poisoned")[0].attempts, 1);
}

/// Two relays that hold the same row append it once.
pub async fn completing_twice_appends_once(f: &MechanismsFixture, _: Pace) {
    let stream = StreamKey::player(f.player());
    f.write(vec![f.event("a:1", std::slice::from_ref(&stream), 1)]).await;
    let rows = f.claim().await;
    let results = all_at_once((0..4).map(|_| f.outbox.complete(&rows))).await;
    let appended: usize = results.iter().map(|r| r.as_ref().map_or(0, Vec::len)).sum();
    assert_eq!(appended, 1, "{results:?}");
    assert_eq!(f.streams.read(&stream, 0, 10).await.expect("readable").len(), 1);
}

/// Many relays, two streams, no hole and no double.
pub async fn offsets_are_gapless_under_concurrency(f: &MechanismsFixture, _: Pace) {
    let (one, two) = (StreamKey::player(f.player()), StreamKey::game(GameId::new(f.uuid())));
    for n in 0..40 {
        let audience = [one.clone(), two.clone()];
        f.write(vec![f.event(&format!("a:{n}"), &audience[..1 + n % 2], n)]).await;
    }
    let relay = || async {
        loop {
            let rows = f.outbox.claim(3, LONG).await.expect("claims");
            if rows.is_empty() {
                return;
            }
            while let Err(error) = f.outbox.complete(&rows).await {
                assert!(matches!(error, StoreError::Stale), "{error:?}");
            }
        }
    };
    all_at_once((0..4).map(|_| relay())).await;
    for (stream, count) in [(one, 40), (two, 20)] {
        let events = f.streams.read(&stream, 0, 100).await.expect("readable");
        assert_eq!(events.iter().map(|e| e.offset).collect::<Vec<_>>(), (1..=count).collect::<Vec<i64>>());
        let head = &f.streams.heads(&[stream]).await.expect("readable")[0];
        assert!(events.iter().all(|e| e.epoch == head.epoch) && head.top == count);
    }
}

/// What goes in comes out, after any offset, up to any limit.
pub async fn streams_are_read_in_order_and_from_anywhere(f: &MechanismsFixture, _: Pace) {
    let stream = StreamKey::player(f.player());
    let events: Vec<_> = (0..5).map(|n| f.event("a:1", std::slice::from_ref(&stream), n)).collect();
    f.write(events.clone()).await;
    let appended = f.relay().await;
    let read = f.streams.read(&stream, 0, 100).await.expect("readable");
    assert_eq!(read, appended);
    for (row, event) in read.iter().zip(&events) {
        assert_eq!((row.event_id, &row.kind, &row.data, row.at), (event.id, &event.kind, &event.data, event.at));
    }
    let part = f.streams.read(&stream, 2, 2).await.expect("readable");
    assert_eq!(part.iter().map(|e| e.offset).collect::<Vec<_>>(), [3, 4]);
    assert!(f.streams.read(&StreamKey::player(f.player()), 0, 10).await.expect("readable").is_empty());
}

/// A head asked for before anything happened keeps its epoch.
pub async fn heads_exist_before_the_first_event(f: &MechanismsFixture, _: Pace) {
    let (stream, other) = (StreamKey::player(f.player()), StreamKey::player(f.player()));
    let before = f.streams.heads(&[other.clone(), stream.clone()]).await.expect("readable");
    assert_eq!(before.iter().map(|h| (&h.stream, h.top)).collect::<Vec<_>>(), [(&other, 0), (&stream, 0)]);
    f.write(vec![f.event("a:1", std::slice::from_ref(&stream), 1)]).await;
    f.relay().await;
    let after = &f.streams.heads(std::slice::from_ref(&stream)).await.expect("readable")[0];
    assert_eq!((after.epoch, after.top), (before[1].epoch, 1));
}

/// All of a stream's rows go; it goes on from its head.
pub async fn an_erased_players_stream_is_emptied(f: &MechanismsFixture, _: Pace) {
    let (stream, other) = (StreamKey::player(f.player()), StreamKey::player(f.player()));
    let both = [stream.clone(), other.clone()];
    f.write(vec![f.event("a:1", &both, 1), f.event("a:1", &both, 2)]).await;
    f.relay().await;
    f.streams.forget(&stream).await.expect("forgets");
    f.streams.forget(&StreamKey::player(f.player())).await.expect("nothing to forget");
    f.write(vec![f.event("a:1", &both, 3)]).await;
    f.relay().await;
    for (stream, offsets) in [(&stream, vec![3]), (&other, vec![1, 2, 3])] {
        let read = f.streams.read(stream, 0, 10).await.expect("readable");
        assert_eq!(read.iter().map(|event| event.offset).collect::<Vec<_>>(), offsets);
    }
}

/// Purged rows show as a gap; the next offset goes on from the head.
pub async fn old_stream_rows_go_and_the_head_stays(f: &MechanismsFixture, _: Pace) {
    let stream = StreamKey::player(f.player());
    let mut old = f.event("a:1", std::slice::from_ref(&stream), 1);
    old.at = f.clock.now().plus_millis(-60_000);
    f.write(vec![old, f.event("a:1", std::slice::from_ref(&stream), 2)]).await;
    f.relay().await;
    assert_eq!(f.streams.purge(f.clock.now().plus_millis(-30_000), 100).await.expect("purges"), 1);
    f.write(vec![f.event("a:1", std::slice::from_ref(&stream), 3)]).await;
    f.relay().await;
    let left = f.streams.read(&stream, 0, 10).await.expect("readable");
    assert_eq!(left.iter().map(|e| e.offset).collect::<Vec<_>>(), [2, 3]);
}

/// Lag counts what waits; purging takes only what is done.
pub async fn done_rows_are_purged_and_lag_is_told(f: &MechanismsFixture, pace: Pace) {
    assert_eq!(f.outbox.lag().await.expect("readable").pending, 0);
    let (first, second) = (f.event("a:1", &[], 1), f.event("a:1", &[], 2));
    f.write(vec![first.clone()]).await;
    let lag = f.outbox.lag().await.expect("readable");
    assert_eq!((lag.pending, lag.oldest), (1, Some(first.at)));
    f.relay().await;
    f.write(vec![second]).await;
    let later = f.clock.now().plus_millis(1_000);
    pace.until("the done row is purged", async || f.outbox.purge_done(later, 10).await.expect("purges") == 1).await;
    assert_eq!(f.outbox.purge_done(later, 10).await.expect("purges"), 0);
    assert_eq!(f.outbox.lag().await.expect("readable").pending, 1);
}
