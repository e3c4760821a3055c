//! What players are doing: one row each, moved by compare-and-set.

use super::MechanismsFixture;
use crate::contract::{Pace, all_at_once};
use crate::{Engage, Engagement, PlayerId, Riders, StoreError};

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

/// A player who is already where the step would lead doesn't meet its condition either.
pub async fn being_there_already_is_no_step(f: &MechanismsFixture, _: Pace) {
    let (player, game) = (f.player(), f.game());
    let refused = f.engage(player, game, Engagement::Idle).await;
    assert!(matches!(refused, Err(StoreError::Engaged { current: Engagement::Idle, .. })), "{refused:?}");
    f.engage(player, Engagement::Idle, game).await.expect("idle to game");
    let refused = f.engage(player, Engagement::Idle, game).await;
    assert!(matches!(refused, Err(StoreError::Engaged { current, .. }) if current == game), "{refused:?}");
}
