//! Receipts, and changes whose caller goes away.

use std::future::Future;
use std::pin::pin;
use std::task::Poll;

use super::MechanismsFixture;
use crate::contract::{Pace, all_at_once};
use crate::{Engage, Engagement, ReceiptReply, Riders, StoreError};

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

/// All of a player's receipts go, whatever their age, and nobody else's.
pub async fn an_erased_players_receipts_go(f: &MechanismsFixture, _: Pace) {
    let (ann, ben) = (f.player(), f.player());
    let receipts = [f.receipt(ann, "a"), f.receipt(ann, "b"), f.receipt(ben, "a")];
    for receipt in &receipts {
        f.receipts.record(receipt.clone(), ReceiptReply { status: 200, body: String::new() }).await.expect("records");
    }
    for _ in 0..2 {
        f.receipts.forget(ann).await.expect("forgets");
        let mut left = Vec::new();
        for receipt in &receipts {
            left.push(f.receipts.find(&receipt.key).await.expect("readable").is_some());
        }
        assert_eq!(left, [false, false, true]);
    }
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
