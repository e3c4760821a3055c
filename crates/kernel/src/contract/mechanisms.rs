//! Cases for what rides in every change: receipts, engagements, fences, and the outbox with its streams.

use std::any::Any;
use std::borrow::Cow;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use serde_json::json;
use uuid::Uuid;

use super::{Pace, all_at_once};
use crate::{
    Clock, Commit, Engage, Engagement, Engagements, Event, EventId, GameId, IdSource, Leases, Outbox, OutboxRow,
    PlayerId, Receipt, ReceiptKey, ReceiptReply, Receipts, Riders, StoreError, StreamEvent, StreamKey, Streams,
    TicketId,
};

/// Tests of a database's mechanisms; `$make.await` gives a
/// [`MechanismsFixture`](crate::contract::mechanisms::MechanismsFixture).
#[macro_export]
macro_rules! mechanisms_contract {
    ($make:expr) => {
        $crate::contract_tests! { $make, mechanisms:
            engagements_move_by_compare_and_set
            a_refused_engagement_refuses_everything
            of_many_concurrent_engagements_one_wins
            crossing_engagements_of_two_players_end
            a_receipt_is_written_with_its_change
            a_used_key_changes_nothing
            of_concurrent_twins_one_is_carried_out
            a_reply_is_attached_once
            a_refusal_can_be_recorded
            old_receipts_are_purged
            events_are_handed_out_once_and_in_order
            an_aggregate_waits_for_its_claimed_event
            a_lapsed_claim_is_given_out_again
            completing_twice_appends_once
            offsets_are_gapless_under_concurrency
            streams_are_read_in_order_and_from_anywhere
            heads_exist_before_the_first_event
            old_stream_rows_go_and_the_head_stays
            done_rows_are_purged_and_lag_is_told
            a_lease_has_one_holder
            a_lapsed_lease_changes_hands_under_a_higher_fence
            an_outdated_fence_changes_nothing
            survives_a_dropped_commit
        }
    };
}

/// One database.
pub struct MechanismsFixture {
    /// Commits riders.
    pub commit: Arc<dyn Commit>,
    /// Reads engagements.
    pub engagements: Arc<dyn Engagements>,
    /// Receipts.
    pub receipts: Arc<dyn Receipts>,
    /// Outbox.
    pub outbox: Arc<dyn Outbox>,
    /// Streams.
    pub streams: Arc<dyn Streams>,
    /// Leases.
    pub leases: Arc<dyn Leases>,
    /// The database's time. It must pass by itself.
    pub clock: Arc<dyn Clock>,
    /// Fresh ids.
    pub ids: Arc<dyn IdSource>,
    /// Kept until the case is over.
    pub keep: Box<dyn Any + Send + Sync>,
}

/// Long enough that no claim or lease lapses within a case that doesn't want it to.
const LONG: Duration = Duration::from_secs(600);

impl MechanismsFixture {
    fn uuid(&self) -> Uuid {
        self.ids.uuid(self.clock.now())
    }

    fn player(&self) -> PlayerId {
        PlayerId::new(self.uuid())
    }

    fn ticket(&self) -> Engagement {
        Engagement::Ticket(TicketId::new(self.uuid()))
    }

    fn game(&self) -> Engagement {
        Engagement::Game(GameId::new(self.uuid()))
    }

    fn event(&self, aggregate: &str, audience: &[StreamKey], n: usize) -> Event {
        Event {
            id: EventId::new(self.uuid()),
            aggregate: aggregate.to_owned(),
            kind: Cow::Borrowed("test.happened"),
            audience: audience.to_vec(),
            data: json!({ "n": n, "text": "ein „Wort“" }),
            at: self.clock.now(),
        }
    }

    fn receipt(&self, player: PlayerId, key: &str) -> Receipt {
        Receipt {
            key: ReceiptKey { player, route: "POST /test".to_owned(), key: key.to_owned() },
            body_hash: [7; 32],
            outcome: json!({ "ticket": "x" }),
            at: self.clock.now(),
        }
    }

    async fn engage(&self, player: PlayerId, from: Engagement, to: Engagement) -> Result<(), StoreError> {
        let engage = vec![Engage { player, from, to }];
        self.commit.commit(Riders { engage, ..Riders::default() }).await
    }

    async fn write(&self, events: Vec<Event>) {
        self.commit.commit(Riders::events(events)).await.expect("events alone commit");
    }

    async fn engaged(&self, player: PlayerId) -> Engagement {
        self.engagements.current(&[player]).await.expect("engagements are readable")[0]
    }

    async fn claim(&self) -> Vec<OutboxRow> {
        self.outbox.claim(1_000, LONG).await.expect("rows can be claimed")
    }

    async fn relay(&self) -> Vec<StreamEvent> {
        let rows = self.claim().await;
        self.outbox.complete(&rows).await.expect("claimed rows can be completed")
    }
}

/// An engagement moves only from what holds.
pub async fn engagements_move_by_compare_and_set(f: &MechanismsFixture, _: Pace) {
    let (player, other, ticket, game) = (f.player(), f.player(), f.ticket(), f.game());
    assert_eq!(f.engagements.current(&[player, other]).await.expect("readable"), [Engagement::Idle; 2]);
    f.engage(player, Engagement::Idle, ticket).await.expect("idle to ticket");
    f.engage(player, ticket, game).await.expect("ticket to game");
    let refused = f.engage(player, ticket, Engagement::Idle).await;
    assert!(matches!(refused, Err(StoreError::Engaged { player: p, current }) if p == player && current == game));
    f.engage(player, game, Engagement::Idle).await.expect("game to idle");
    f.engage(player, Engagement::Idle, ticket).await.expect("idle again");
    assert_eq!(f.engagements.current(&[other, player]).await.expect("readable"), [Engagement::Idle, ticket]);
}

/// All or nothing, events and receipts included.
pub async fn a_refused_engagement_refuses_everything(f: &MechanismsFixture, _: Pace) {
    let (free, busy, game) = (f.player(), f.player(), f.game());
    f.engage(busy, Engagement::Idle, f.ticket()).await.expect("idle to ticket");
    let engage = [free, busy].map(|player| Engage { player, from: Engagement::Idle, to: game }).to_vec();
    let receipt = f.receipt(free, "k");
    let key = receipt.key.clone();
    let events = vec![f.event("a:1", &[], 1)];
    let refused = f.commit.commit(Riders { engage, receipt: Some(receipt), events, ..Riders::default() }).await;
    assert!(matches!(refused, Err(StoreError::Engaged { player, .. }) if player == busy), "{refused:?}");
    assert_eq!(f.engaged(free).await, Engagement::Idle);
    assert!(f.receipts.find(&key).await.expect("readable").is_none());
    assert!(f.claim().await.is_empty());
}

/// Nobody gets into two queues.
pub async fn of_many_concurrent_engagements_one_wins(f: &MechanismsFixture, _: Pace) {
    let player = f.player();
    let tickets: Vec<_> = (0..24).map(|_| f.ticket()).collect();
    let results = all_at_once(tickets.iter().map(|t| f.engage(player, Engagement::Idle, *t))).await;
    let won: Vec<_> = results.iter().zip(&tickets).filter(|(r, _)| r.is_ok()).map(|(_, t)| *t).collect();
    assert_eq!(won, [f.engaged(player).await]);
    for result in results {
        assert!(matches!(result, Ok(()) | Err(StoreError::Engaged { .. } | StoreError::Stale)), "{result:?}");
    }
}

/// Two changes that take the same two players in different order both come to an end, and one wins.
pub async fn crossing_engagements_of_two_players_end(f: &MechanismsFixture, _: Pace) {
    for _ in 0..8 {
        let (a, b) = (f.player(), f.player());
        let change = |first: PlayerId, second: PlayerId, game| {
            let engage = [first, second].map(|player| Engage { player, from: Engagement::Idle, to: game }).to_vec();
            f.commit.commit(Riders { engage, ..Riders::default() })
        };
        let (one, other) = (f.game(), f.game());
        let results = all_at_once([change(a, b, one), change(b, a, other)]).await;
        assert_eq!(results.iter().filter(|r| r.is_ok()).count(), 1, "{results:?}");
        assert_eq!(f.engaged(a).await, f.engaged(b).await);
    }
}

/// The receipt stands as soon as the change does.
pub async fn a_receipt_is_written_with_its_change(f: &MechanismsFixture, _: Pace) {
    let receipt = f.receipt(f.player(), "key-1");
    f.commit.commit(Riders { receipt: Some(receipt.clone()), ..Riders::default() }).await.expect("commits");
    let found = f.receipts.find(&receipt.key).await.expect("readable").expect("it was written");
    assert_eq!((found.receipt, found.reply), (receipt, None));
}

/// The second use of a key is refused whole.
pub async fn a_used_key_changes_nothing(f: &MechanismsFixture, _: Pace) {
    let player = f.player();
    let change =
        |n| Riders { receipt: Some(f.receipt(player, "k")), events: vec![f.event("a:1", &[], n)], ..Riders::default() };
    f.commit.commit(change(1)).await.expect("the first commits");
    assert!(matches!(f.commit.commit(change(2)).await, Err(StoreError::Replayed)));
    assert_eq!(f.claim().await.len(), 1);
    let receipt = Some(f.receipt(f.player(), "k"));
    f.commit.commit(Riders { receipt, ..Riders::default() }).await.expect("another player's key is another key");
}

/// Twins wait for each other; the loser learns that it was a replay, never that it lost a race.
pub async fn of_concurrent_twins_one_is_carried_out(f: &MechanismsFixture, _: Pace) {
    let player = f.player();
    let ticket = f.ticket();
    let twins = (0..8).map(|n| {
        let riders = Riders {
            receipt: Some(f.receipt(player, "twin")),
            engage: vec![Engage { player, from: Engagement::Idle, to: ticket }],
            events: vec![f.event("a:1", &[], n)],
            ..Riders::default()
        };
        f.commit.commit(riders)
    });
    let results = all_at_once(twins).await;
    assert_eq!(results.iter().filter(|r| r.is_ok()).count(), 1, "{results:?}");
    for result in &results {
        assert!(matches!(result, Ok(()) | Err(StoreError::Replayed | StoreError::Stale)), "{result:?}");
    }
    assert_eq!(f.claim().await.len(), 1);
}

/// The first reply stays.
pub async fn a_reply_is_attached_once(f: &MechanismsFixture, _: Pace) {
    let receipt = f.receipt(f.player(), "k");
    f.commit.commit(Riders { receipt: Some(receipt.clone()), ..Riders::default() }).await.expect("commits");
    let reply = |body: &str| ReceiptReply { status: 201, body: body.to_owned() };
    assert!(f.receipts.attach(&receipt.key, &reply("first")).await.expect("attaches"));
    assert!(!f.receipts.attach(&receipt.key, &reply("second")).await.expect("does nothing"));
    let unknown = f.receipt(f.player(), "k").key;
    assert!(!f.receipts.attach(&unknown, &reply("third")).await.expect("does nothing"));
    let found = f.receipts.find(&receipt.key).await.expect("readable").expect("it is there");
    assert_eq!(found.reply, Some(reply("first")));
}

/// A command that changed nothing is remembered, too, unless its key is taken.
pub async fn a_refusal_can_be_recorded(f: &MechanismsFixture, _: Pace) {
    let receipt = f.receipt(f.player(), "k");
    let reply = |status| ReceiptReply { status, body: "{}".to_owned() };
    f.receipts.record(receipt.clone(), reply(409)).await.expect("records");
    f.receipts.record(receipt.clone(), reply(200)).await.expect("does nothing");
    let found = f.receipts.find(&receipt.key).await.expect("readable").expect("it is there");
    assert_eq!(found.reply, Some(reply(409)));
    let riders = Riders { receipt: Some(receipt), ..Riders::default() };
    assert!(matches!(f.commit.commit(riders).await, Err(StoreError::Replayed)));
}

/// Purging goes by age and respects its limit.
pub async fn old_receipts_are_purged(f: &MechanismsFixture, _: Pace) {
    for n in 0..3 {
        let mut receipt = f.receipt(f.player(), "k");
        receipt.at = f.clock.now().plus_millis(-1_000 * (n + 1));
        f.receipts.record(receipt, ReceiptReply { status: 200, body: String::new() }).await.expect("records");
    }
    let fresh = f.receipt(f.player(), "k");
    f.receipts.record(fresh.clone(), ReceiptReply { status: 200, body: String::new() }).await.expect("records");
    let before = fresh.at.plus_millis(-500);
    assert_eq!(f.receipts.purge(before, 2).await.expect("purges"), 2);
    assert_eq!(f.receipts.purge(before, 2).await.expect("purges"), 1);
    assert!(f.receipts.find(&fresh.key).await.expect("readable").is_some());
}

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

/// Renewed by its holder, refused to others, free when released.
pub async fn a_lease_has_one_holder(f: &MechanismsFixture, pace: Pace) {
    let results = all_at_once((0..8).map(|n| {
        let holder = format!("replica-{n}");
        async move { (f.leases.acquire("l", &holder, LONG).await, holder) }
    }))
    .await;
    let mut won: Vec<_> = results.into_iter().filter_map(|(r, h)| Some((r.ok().flatten()?, h))).collect();
    assert_eq!(won.len(), 1);
    let (lease, holder) = won.remove(0);
    assert_eq!(f.leases.acquire("l", &holder, LONG).await.expect("renews"), Some(lease.clone()));
    f.leases.release("l", "somebody else").await.expect("does nothing");
    assert_eq!(f.leases.acquire("l", "somebody else", LONG).await.expect("answers"), None);
    f.leases.release("l", &holder).await.expect("releases");
    pace.until("the released lease is free", async || {
        let taken = f.leases.acquire("l", "somebody else", LONG).await.expect("answers");
        taken.is_some_and(|taken| taken.fence > lease.fence)
    })
    .await;
}

/// Each change of hands raises the fence.
pub async fn a_lapsed_lease_changes_hands_under_a_higher_fence(f: &MechanismsFixture, pace: Pace) {
    let first = f.leases.acquire("l", "a", Duration::from_millis(1)).await.expect("answers").expect("it was free");
    pace.until("the lease lapses", async || {
        let second = f.leases.acquire("l", "b", LONG).await.expect("answers");
        second.is_some_and(|second| second.fence > first.fence)
    })
    .await;
    assert_eq!(f.leases.acquire("l", "a", LONG).await.expect("answers"), None);
}

/// A leader that was asleep does no harm when it wakes.
pub async fn an_outdated_fence_changes_nothing(f: &MechanismsFixture, pace: Pace) {
    let old = f.leases.acquire("l", "a", Duration::from_millis(1)).await.expect("answers").expect("it was free");
    let new = std::sync::Mutex::new(None);
    pace.until("the lease lapses", async || {
        let taken = f.leases.acquire("l", "b", LONG).await.expect("answers");
        new.lock().expect("not poisoned").clone_from(&taken);
        taken.is_some()
    })
    .await;
    let change = |lease| Riders { fence: lease, events: vec![f.event("a:1", &[], 1)], ..Riders::default() };
    assert!(matches!(f.commit.commit(change(Some(old))).await, Err(StoreError::Fenced)));
    assert!(f.claim().await.is_empty());
    let new = new.lock().expect("not poisoned").clone();
    f.commit.commit(change(new)).await.expect("the newest fence holds");
    assert_eq!(f.claim().await.len(), 1);
}

/// A caller may vanish at any await point: the change lands whole or not at all, and the store stays usable.
pub async fn survives_a_dropped_commit(f: &MechanismsFixture, pace: Pace) {
    for polls in 1..10 {
        let (player, ticket) = (f.player(), f.ticket());
        let receipt = f.receipt(player, "dropped");
        let key = receipt.key.clone();
        let riders = Riders {
            receipt: Some(receipt),
            engage: vec![Engage { player, from: Engagement::Idle, to: ticket }],
            events: vec![f.event(&format!("a:{polls}"), &[], polls)],
            ..Riders::default()
        };
        {
            let mut commit = pin!(f.commit.commit(riders));
            let mut polled = 0;
            std::future::poll_fn(|context| {
                polled += 1;
                if commit.as_mut().poll(context).is_ready() || polled == polls {
                    Poll::Ready(())
                } else {
                    Poll::Pending
                }
            })
            .await;
        }
        // A spawned commit ends by itself; what it leaves behind must agree at every look.
        pace.until("the change has landed", async || {
            let engaged = f.engaged(player).await == ticket;
            let receipt = f.receipts.find(&key).await.expect("readable").is_some();
            engaged && receipt
        })
        .await;
        assert_eq!(f.claim().await.len(), 1, "dropped after {polls} polls");
    }
    f.engage(f.player(), Engagement::Idle, f.ticket()).await.expect("the store is still usable");
}
