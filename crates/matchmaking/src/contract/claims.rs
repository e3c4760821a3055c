//! Claims: two tickets become a game, or nothing happens.

use std::pin::Pin;
use std::sync::Arc;

use kernel::contract::{Pace, all_at_once};
use kernel::{Engage, Engagement, Riders, StoreError};

use super::{TicketFixture, begin_and_drop, game_in};
use crate::change::{Change, Claim};
use crate::model::{Status, Ticket};

type Answer<'a> = Pin<Box<dyn Future<Output = Result<(), StoreError>> + Send + 'a>>;

/// Rows, engagements and one event per player.
pub async fn a_claim_makes_the_match(world: &TicketFixture, _: Pace) {
    let (a, b) = (world.queued("duel").await, world.queued("duel").await);
    let lease = world.lead("duel", "one").await;
    let claim = world.claim_of(&[&a, &b]);
    world.store.claim(vec![claim.clone()], &lease).await.expect("both wait");
    assert_matched(world, &claim, &[&a, &b]).await;
    let mut told = world.events().await;
    told.sort();
    let mut expected = [&a, &b].map(|ticket| ("match.found".to_owned(), format!("ticket:{}", ticket.id)));
    expected.sort();
    assert_eq!(told, expected);
    assert!(world.store.waiting("duel", None, 10).await.expect("the store answers").is_empty());
}

async fn assert_matched(world: &TicketFixture, claim: &Claim, tickets: &[&Ticket]) {
    for ticket in tickets {
        let stored = world.stored(ticket).await;
        assert_eq!(stored.status, Status::Matched);
        assert_eq!(stored.game_id, Some(game_in(claim)));
        assert_eq!(stored.ended_at, Some(claim.at));
        assert_eq!(stored.version, ticket.version.next());
        assert_eq!(stored.created_at, ticket.created_at);
        assert_eq!(world.engagement(ticket.player_id).await, Engagement::Game(game_in(claim)));
    }
}

/// Thirty-two matches in one transaction.
pub async fn a_batch_of_claims_is_one(world: &TicketFixture, _: Pace) {
    let mut tickets = Vec::new();
    for _ in 0..64 {
        tickets.push(world.queued("duel").await);
    }
    let lease = world.lead("duel", "one").await;
    let claims: Vec<_> = tickets.chunks(2).map(|two| world.claim_of(&[&two[0], &two[1]])).collect();
    world.store.claim(claims.clone(), &lease).await.expect("all wait");
    for (claim, two) in claims.iter().zip(tickets.chunks(2)) {
        assert_matched(world, claim, &[&two[0], &two[1]]).await;
    }
    assert_eq!(world.events().await.len(), 64);
}

/// One cancelled ticket refuses its batch, by name; the retry without it is made.
pub async fn a_batch_is_made_whole_or_not_at_all(world: &TicketFixture, _: Pace) {
    let mut tickets = Vec::new();
    for _ in 0..6 {
        tickets.push(world.queued("duel").await);
    }
    let lease = world.lead("duel", "one").await;
    world.cancel(&tickets[3]).await.expect("it waits");
    assert_eq!(world.events().await.len(), 1);
    let claims: Vec<_> = tickets.chunks(2).map(|two| world.claim_of(&[&two[0], &two[1]])).collect();
    match world.store.claim(claims.clone(), &lease).await {
        Err(StoreError::Engaged { player, current }) => {
            assert_eq!((player, current), (tickets[3].player_id, Engagement::Idle));
        }
        other => panic!("a claim of a cancelled ticket was answered {other:?}"),
    }
    for waiting in tickets.iter().filter(|ticket| ticket.id != tickets[3].id) {
        world.assert_waits(waiting).await;
    }
    world.store.claim(vec![claims[0].clone(), claims[2].clone()], &lease).await.expect("these wait");
    assert_matched(world, &claims[2], &[&tickets[4], &tickets[5]]).await;
    world.assert_waits(&tickets[2]).await;
}

/// Who was replaced, and doesn't know it, changes nothing.
pub async fn a_stale_fence_changes_nothing(world: &TicketFixture, _: Pace) {
    let (a, b) = (world.queued("duel").await, world.queued("duel").await);
    let old = world.lead("duel", "one").await;
    world.leases.release(&old.name, "one").await.expect("leases answer");
    let new = world.lead("duel", "two").await;
    assert!(new.fence > old.fence);
    let claim = world.claim_of(&[&a, &b]);
    let answer = world.store.claim(vec![claim.clone()], &old).await;
    assert!(matches!(answer, Err(StoreError::Fenced)), "{answer:?}");
    world.assert_waits(&a).await;
    world.assert_waits(&b).await;
    assert!(world.events().await.is_empty());
    world.store.claim(vec![claim.clone()], &new).await.expect("the new leader can");
    assert_matched(world, &claim, &[&a, &b]).await;
}

/// An engagement alone doesn't make a ticket claimable.
pub async fn a_row_that_is_not_searching_is_not_claimed(world: &TicketFixture, _: Pace) {
    let (a, b) = (world.queued("duel").await, world.queued("duel").await);
    let lease = world.lead("duel", "one").await;
    let (change, _) = world.cancelling(&a);
    world.store.commit(vec![change.clone()].into(), Riders::default()).await.expect("the version holds");
    let answer = world.store.claim(vec![world.claim_of(&[&a, &b])], &lease).await;
    assert!(matches!(answer, Err(StoreError::Stale)), "{answer:?}");
    assert_eq!(world.stored(&a).await, change.ticket);
    assert_eq!(world.engagement(a.player_id).await, Engagement::Ticket(a.id));
    world.assert_waits(&b).await;
}

/// Whoever of the two blocks: nothing of the batch is made, and it can be without them, and with them once it is lifted.
pub async fn a_claim_across_a_block_is_refused_by_name(world: &TicketFixture, _: Pace) {
    let mut tickets = Vec::new();
    for _ in 0..6 {
        tickets.push(world.queued("duel").await);
    }
    let lease = world.lead("duel", "one").await;
    let claims: Vec<_> = tickets.chunks(2).map(|two| world.claim_of(&[&two[0], &two[1]])).collect();
    for (blocker, blocked) in [(2, 3), (3, 2)] {
        world.blocks(&tickets[blocker], &tickets[blocked], true).await.expect("a block is no claim");
        for batch in [claims.clone(), vec![claims[1].clone()]] {
            match world.store.claim(batch, &lease).await {
                Err(StoreError::Apart { player, other }) => {
                    let mut named = [player, other];
                    named.sort_unstable();
                    let mut apart = [tickets[2].player_id, tickets[3].player_id];
                    apart.sort_unstable();
                    assert_eq!(named, apart);
                }
                answer => panic!("a claim across a block was answered {answer:?}"),
            }
        }
        for waiting in &tickets {
            world.assert_waits(waiting).await;
        }
        assert!(world.events().await.is_empty());
        world.blocks(&tickets[blocker], &tickets[blocked], false).await.expect("a block can be lifted");
    }
    world.blocks(&tickets[0], &tickets[2], true).await.expect("a block is no claim");
    world.store.claim(claims.clone(), &lease).await.expect("nothing stands between the two of any match");
    for (claim, two) in claims.iter().zip(tickets.chunks(2)) {
        assert_matched(world, claim, &[&two[0], &two[1]]).await;
    }
}

/// Both at once, many times: a block that was acknowledged before the claim began is always seen, and a refused claim
/// leaves both waiting.
pub async fn block_against_claim_never_leaves_a_later_match(world: &TicketFixture, _: Pace) {
    let lease = world.lead("duel", "one").await;
    for round in 0..24 {
        let (a, b) = (world.queued("duel").await, world.queued("duel").await);
        let claim = world.claim_of(&[&a, &b]);
        let block: Answer<'_> = Box::pin(world.blocks(&a, &b, true));
        let made: Answer<'_> = Box::pin(world.store.claim(vec![claim.clone()], &lease));
        let both = if round % 2 == 0 { [block, made] } else { [made, block] };
        let mut answers = all_at_once(both).await;
        if round % 2 == 1 {
            answers.swap(0, 1);
        }
        answers[0].as_ref().expect("a block is taken up whatever else happens");
        match &answers[1] {
            Ok(()) => assert_matched(world, &claim, &[&a, &b]).await,
            Err(StoreError::Apart { .. } | StoreError::Stale) => {
                world.assert_waits(&a).await;
                world.assert_waits(&b).await;
                let again = world.store.claim(vec![claim], &lease).await;
                assert!(matches!(again, Err(StoreError::Apart { .. })), "{again:?}");
            }
            answer => panic!("a claim against a block was answered {answer:?}"),
        }
    }
}

/// Both at once, many times: the row says which of the two was acknowledged, and only one was.
pub async fn cancel_against_claim_has_one_winner(world: &TicketFixture, _: Pace) {
    let lease = world.lead("duel", "one").await;
    for round in 0..24 {
        let (a, b) = (world.queued("duel").await, world.queued("duel").await);
        let claim = world.claim_of(&[&a, &b]);
        let cancel: Answer<'_> = Box::pin(world.cancel(&a));
        let made: Answer<'_> = Box::pin(world.store.claim(vec![claim.clone()], &lease));
        let both = if round % 2 == 0 { [cancel, made] } else { [made, cancel] };
        let mut answers = all_at_once(both).await;
        if round % 2 == 1 {
            answers.reverse();
        }
        let [cancelled, matched] = [&answers[0], &answers[1]].map(Result::is_ok);
        assert!(cancelled != matched, "{answers:?}");
        let (status, engagement) = (world.stored(&a).await.status, world.engagement(a.player_id).await);
        if cancelled {
            assert_eq!((status, engagement), (Status::Cancelled, Engagement::Idle));
            world.assert_waits(&b).await;
        } else {
            assert_eq!((status, engagement), (Status::Matched, Engagement::Game(game_in(&claim))));
            assert_matched(world, &claim, &[&a, &b]).await;
        }
    }
}

/// The same ticket in two matches at once: one is made, the other's partner waits on.
pub async fn of_two_claims_for_a_ticket_one_is_made(world: &TicketFixture, _: Pace) {
    let lease = world.lead("duel", "one").await;
    for _ in 0..24 {
        let (a, b, c) = (world.queued("duel").await, world.queued("duel").await, world.queued("duel").await);
        let claims = [world.claim_of(&[&a, &b]), world.claim_of(&[&c, &a])];
        let made = claims.iter().map(|claim| Box::pin(world.store.claim(vec![claim.clone()], &lease)) as Answer<'_>);
        let answers = all_at_once(made).await;
        assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1, "{answers:?}");
        if answers[0].is_ok() {
            assert_matched(world, &claims[0], &[&a, &b]).await;
            world.assert_waits(&c).await;
        } else {
            assert_matched(world, &claims[1], &[&a, &c]).await;
            world.assert_waits(&b).await;
        }
    }
}

/// A leader that is dropped in the middle leaves its claim whole.
pub async fn survives_a_dropped_claim(world: &TicketFixture, pace: Pace) {
    let (a, b) = (world.queued("duel").await, world.queued("duel").await);
    let lease = world.lead("duel", "one").await;
    let claim = world.claim_of(&[&a, &b]);
    begin_and_drop(world.store.claim(vec![claim.clone()], &lease)).await;
    let store = Arc::clone(&world.store);
    let matched = async || matches!(store.load(a.id).await, Ok(Some(ticket)) if ticket.status == Status::Matched);
    pace.until("the claim is made", matched).await;
    assert_matched(world, &claim, &[&a, &b]).await;
    let free = Engage { player: a.player_id, from: Engagement::Game(game_in(&claim)), to: Engagement::Idle };
    let answer = world.store.commit(Change::default(), Riders { engage: vec![free], ..Riders::default() }).await;
    answer.expect("nothing is left locked");
}
