//! Players between whom a block stands.

use std::collections::BTreeSet;
use std::sync::atomic::Ordering;

use kernel::{Engagement, PlayerId};
use shallweplay_matchmaking::{Join, ShardLeader, Status, Ticket};

use crate::worlds::{World, player, run};

fn joined(world: &World, n: u8) -> Ticket {
    run(world.service.join(Join::alone(player(n), "duel"), None)).expect("a free player can queue")
}

/// Steps as often as the leader wants to, for so long.
fn lead_for(world: &World, leader: &mut ShardLeader, millis: i64) {
    let until = world.now().plus_millis(millis);
    while world.now() < until {
        let step = run(leader.step(world.now(), Vec::new())).expect("the store answers");
        let wait = step.next_wake.min(until).millis() - world.now().millis();
        world.clock.advance_millis(wait.max(1));
    }
}

fn pairs(world: &World) -> BTreeSet<BTreeSet<PlayerId>> {
    let games = world.kernel.opened_games();
    games.iter().map(|game| game.roster.iter().map(|seat| seat.player_id).collect()).collect()
}

#[test]
fn two_who_keep_apart_wait_on_and_are_tried_once() {
    for (blocker, blocked) in [(1, 2), (2, 1)] {
        let world = World::new(1);
        world.block(player(blocker), player(blocked), true);
        let tickets = [joined(&world, 1), joined(&world, 2)];
        let mut leader = world.leader("one");
        lead_for(&world, &mut leader, 60_000);
        assert_eq!(world.store.claims.load(Ordering::SeqCst), 1, "the leader has learnt it");
        assert!(world.kernel.opened_games().is_empty());
        for ticket in &tickets {
            assert_eq!(world.kernel.engagement(ticket.player_id), Engagement::Ticket(ticket.id));
        }
        assert!(world.kernel.events().is_empty(), "nobody is told anything");

        // To each of them it looks as if nobody else were there.
        world.clock.advance_millis(60_001);
        run(world.service.sweep_due(world.now(), 10)).expect("the store answers");
        for ticket in tickets {
            let ended = run(world.service.ticket(ticket.player_id, ticket.id)).expect("it is theirs");
            assert_eq!(ended.status, Status::Expired);
            assert_eq!(ended.ended.expect("it ended").reason, "no_opponent");
        }
    }
}

#[test]
fn who_comes_next_is_matched_with_one_of_them_and_the_one_after_with_the_other() {
    let world = World::new(1);
    world.block(player(1), player(2), true);
    let mut leader = world.leader("one");
    joined(&world, 1);
    joined(&world, 2);
    lead_for(&world, &mut leader, 31_000);
    joined(&world, 3);
    lead_for(&world, &mut leader, 1_000);
    let near = BTreeSet::from([player(2), player(3)]);
    assert_eq!(pairs(&world), BTreeSet::from([near.clone()]));
    // Beyond the one whom the first mustn't meet nobody is out of reach.
    joined(&world, 4);
    lead_for(&world, &mut leader, 1_000);
    assert_eq!(pairs(&world), BTreeSet::from([near, BTreeSet::from([player(1), player(4)])]));
}

#[test]
fn a_block_between_two_pairs_of_a_batch_costs_neither_its_match() {
    let world = World::new(1);
    for n in 0..16 {
        joined(&world, n);
    }
    let mut leader = world.leader("one");
    // Each of one half blocks each of the other: whoever pairs up within a half is free to.
    for low in 0..8 {
        for high in 8..16 {
            world.block(player(low), player(high), true);
        }
    }
    lead_for(&world, &mut leader, 31_000);
    let pairs = pairs(&world);
    assert_eq!(pairs.len(), 8, "everybody is in a game");
    for pair in pairs {
        let low = pair.iter().filter(|one| (0..8).any(|n| player(n) == **one)).count();
        assert_ne!(low, 1, "a match across a block");
    }
}

#[test]
fn a_block_taken_up_in_the_queue_counts_and_a_lifted_one_does_not() {
    let world = World::new(1);
    let mut leader = world.leader("one");
    joined(&world, 1);
    joined(&world, 2);
    world.block(player(2), player(1), true);
    lead_for(&world, &mut leader, 1_000);
    assert!(pairs(&world).is_empty());

    world.block(player(2), player(1), false);
    let ticket = run(world.service.live_of(player(1))).expect("the store answers").expect("it waits");
    run(world.service.cancel(player(1), ticket.id, None)).expect("it waits");
    joined(&world, 1);
    lead_for(&world, &mut leader, 1_000);
    assert_eq!(pairs(&world), BTreeSet::from([BTreeSet::from([player(1), player(2)])]));
}
