//! Single tickets: made, changed, refused.

use std::sync::Arc;

use kernel::contract::{Pace, all_at_once};
use kernel::{Engagement, PageLimit, Receipt, ReceiptKey, Riders, StoreError, TicketId, Version};

use super::{TicketFixture, begin_and_drop, joining};
use crate::change::TicketChange;

/// Every field survives, also those of an ended ticket.
pub async fn a_ticket_comes_back_as_it_was(world: &TicketFixture, _: Pace) {
    let ticket = world.queued("duel").await;
    assert_eq!(world.stored(&ticket).await, ticket);
    world.cancel(&ticket).await.expect("it waits");
    let ended = world.cancelling(&ticket).0.ticket;
    assert_eq!(world.stored(&ticket).await, ended);
    assert_eq!(world.events().await, [("ticket.updated".to_owned(), format!("ticket:{}", ticket.id))]);
}

/// Absent is `None`, not an error.
pub async fn an_unknown_ticket_is_none(world: &TicketFixture, _: Pace) {
    let id = TicketId::new(world.ids.uuid(world.clock.now()));
    assert!(world.store.load(id).await.expect("the store answers").is_none());
}

/// The engagement is taken in the same commit, and given back with the cancel.
pub async fn a_new_ticket_takes_its_player(world: &TicketFixture, _: Pace) {
    let ticket = world.queued("duel").await;
    world.assert_waits(&ticket).await;
    world.cancel(&ticket).await.expect("it waits");
    assert_eq!(world.engagement(ticket.player_id).await, Engagement::Idle);
    let again = world.ticket(ticket.player_id, "duel", world.clock.now());
    world.join(&again).await.expect("a free player can queue again");
    world.assert_waits(&again).await;
}

/// The refusal names what holds the player, and nothing is written.
pub async fn an_engaged_player_gets_no_second_ticket(world: &TicketFixture, _: Pace) {
    let first = world.queued("duel").await;
    let second = world.ticket(first.player_id, "tic_tac_toe", world.clock.now());
    match world.join(&second).await {
        Err(StoreError::Engaged { player, current }) => {
            assert_eq!((player, current), (first.player_id, Engagement::Ticket(first.id)));
        }
        other => panic!("a second ticket was answered {other:?}"),
    }
    assert!(world.store.load(second.id).await.expect("the store answers").is_none());
    world.assert_waits(&first).await;
}

/// Two hundred at once: one ticket. A busy store may send callers away, but never two tickets home.
pub async fn concurrent_joins_of_one_player_make_one_ticket(world: &TicketFixture, _: Pace) {
    let player = world.player();
    let tickets: Vec<_> = (0..200).map(|_| world.ticket(player, "duel", world.clock.now())).collect();
    let joins = tickets.iter().map(|ticket| {
        let join = world.join(ticket);
        Box::pin(join) as std::pin::Pin<Box<dyn Future<Output = Result<(), StoreError>> + Send + '_>>
    });
    let answers = all_at_once(joins).await;
    assert!(answers.iter().filter(|answer| answer.is_ok()).count() <= 1);
    for answer in &answers {
        let expected =
            matches!(answer, Ok(()) | Err(StoreError::Engaged { .. } | StoreError::Stale | StoreError::Unavailable(_)));
        assert!(expected, "{answer:?}");
    }
    let limit = PageLimit::new(100).expect("100 is allowed");
    let mine = world.store.mine(player, None, limit).await.expect("the store answers").items;
    assert_eq!(mine.len(), 1);
    assert_eq!(world.engagement(player).await, Engagement::Ticket(mine[0].id));
}

/// Several at once, each under its own key: who is refused leaves no receipt behind, so his retry is decided anew.
pub async fn a_refused_join_leaves_no_receipt(world: &TicketFixture, _: Pace) {
    for _ in 0..12 {
        let (player, now) = (world.player(), world.clock.now());
        let joining = |n: usize| {
            let key = ReceiptKey { player, route: "POST /api/v1/matchmaking/tickets".into(), key: format!("k-{n}") };
            let receipt = Receipt { key, body_hash: [7; 32], outcome: serde_json::json!({ "ticket": n }), at: now };
            let ticket = world.ticket(player, "duel", now);
            let riders = Riders { receipt: Some(receipt), ..joining(&ticket) };
            world.store.commit(vec![TicketChange { expect: Version::NEW, ticket }].into(), riders)
        };
        let answers = all_at_once((0..8).map(joining)).await;
        assert!(answers.iter().filter(|answer| answer.is_ok()).count() <= 1, "{answers:?}");
        for (n, answer) in answers.iter().enumerate() {
            assert!(!matches!(answer, Err(StoreError::Replayed)), "each key is new");
            if matches!(answer, Err(StoreError::Engaged { .. } | StoreError::Stale)) {
                let again = joining(n).await;
                assert!(matches!(again, Err(StoreError::Engaged { .. })), "{again:?} after {answer:?}");
            }
        }
    }
}

/// The same key at once: one is carried out, its twins wait for it and are replays.
pub async fn concurrent_twins_of_a_join_are_one(world: &TicketFixture, _: Pace) {
    for _ in 0..12 {
        let (player, now) = (world.player(), world.clock.now());
        let key = ReceiptKey { player, route: "POST /api/v1/matchmaking/tickets".into(), key: "k".into() };
        let receipt = Receipt { key, body_hash: [7; 32], outcome: serde_json::json!({}), at: now };
        let joins = (0..8).map(|_| {
            let ticket = world.ticket(player, "duel", now);
            let riders = Riders { receipt: Some(receipt.clone()), ..joining(&ticket) };
            world.store.commit(vec![TicketChange { expect: Version::NEW, ticket }].into(), riders)
        });
        let answers = all_at_once(joins).await;
        assert!(answers.iter().filter(|answer| answer.is_ok()).count() <= 1, "{answers:?}");
        let expected = |answer: &Result<(), StoreError>| {
            matches!(answer, Ok(()) | Err(StoreError::Replayed | StoreError::Stale | StoreError::Unavailable(_)))
        };
        assert!(answers.iter().all(expected), "{answers:?}");
        assert!(matches!(world.engagement(player).await, Engagement::Ticket(_)));
    }
}

/// The same key again: `Replayed`, before anything else is looked at.
pub async fn a_receipt_makes_a_retry_harmless(world: &TicketFixture, _: Pace) {
    let player = world.player();
    let key = ReceiptKey { player, route: "POST /api/v1/matchmaking/tickets".into(), key: "k-1".into() };
    let now = world.clock.now();
    let receipt = Receipt { key, body_hash: [7; 32], outcome: serde_json::json!({ "ticket": "…" }), at: now };
    let (first, second) = (world.ticket(player, "duel", now), world.ticket(player, "duel", now));
    for (ticket, expected) in [(&first, true), (&second, false)] {
        let riders = Riders { receipt: Some(receipt.clone()), ..joining(ticket) };
        let change = TicketChange { expect: Version::NEW, ticket: ticket.clone() };
        let answer = world.store.commit(vec![change].into(), riders).await;
        if expected {
            answer.expect("the first is carried out");
        } else {
            assert!(matches!(answer, Err(StoreError::Replayed)), "{answer:?}");
        }
    }
    world.assert_waits(&first).await;
    assert!(world.store.load(second.id).await.expect("the store answers").is_none());
}

/// Neither row nor engagement nor event.
pub async fn a_stale_version_changes_nothing(world: &TicketFixture, _: Pace) {
    let ticket = world.queued("duel").await;
    let (mut change, riders) = world.cancelling(&ticket);
    change.expect = Version(9);
    let answer = world.store.commit(vec![change].into(), riders).await;
    assert!(matches!(answer, Err(StoreError::Stale)), "{answer:?}");
    world.assert_waits(&ticket).await;
    assert!(world.events().await.is_empty());
}

/// An id that exists isn't overwritten.
pub async fn a_new_ticket_needs_a_new_id(world: &TicketFixture, _: Pace) {
    let ticket = world.queued("duel").await;
    let mut thief = world.ticket(world.player(), "duel", world.clock.now());
    thief.id = ticket.id;
    let answer = world.join(&thief).await;
    assert!(matches!(answer, Err(StoreError::Stale)), "{answer:?}");
    world.assert_waits(&ticket).await;
    assert_eq!(world.engagement(thief.player_id).await, Engagement::Idle);
}

/// The sweep ends many in one commit; one that moved keeps all of them.
pub async fn several_tickets_end_together_or_not_at_all(world: &TicketFixture, _: Pace) {
    let tickets = [world.queued("duel").await, world.queued("duel").await, world.queued("duel").await];
    let ending = |tickets: &[crate::model::Ticket]| {
        let mut changes = Vec::new();
        let mut riders = Riders::default();
        for ticket in tickets {
            let (change, own) = world.cancelling(ticket);
            changes.push(change);
            riders.engage.extend(own.engage);
            riders.events.extend(own.events);
        }
        world.store.commit(changes.into(), riders)
    };
    world.cancel(&tickets[1]).await.expect("it waits");
    assert_eq!(world.events().await.len(), 1);
    assert!(ending(&tickets).await.is_err());
    for ticket in [&tickets[0], &tickets[2]] {
        world.assert_waits(ticket).await;
    }
    let left = [tickets[0].clone(), tickets[2].clone()];
    ending(&left).await.expect("both wait");
    for ticket in &left {
        assert!(world.stored(ticket).await.status.is_final());
        assert_eq!(world.engagement(ticket.player_id).await, Engagement::Idle);
    }
}

/// A caller who hangs up leaves the commit whole: all of it shows up.
pub async fn survives_a_dropped_commit(world: &TicketFixture, pace: Pace) {
    let ticket = world.ticket(world.player(), "duel", world.clock.now());
    let change = TicketChange { expect: Version::NEW, ticket: ticket.clone() };
    begin_and_drop(world.store.commit(vec![change].into(), joining(&ticket))).await;
    let store = Arc::clone(&world.store);
    pace.until("the ticket is there", async || matches!(store.load(ticket.id).await, Ok(Some(_)))).await;
    world.assert_waits(&ticket).await;
    // And what was left behind doesn't stand in the way of what follows.
    let again = world.join(&world.ticket(ticket.player_id, "duel", world.clock.now())).await;
    assert!(matches!(again, Err(StoreError::Engaged { .. })), "{again:?}");
    world.cancel(&ticket).await.expect("it waits");
}
