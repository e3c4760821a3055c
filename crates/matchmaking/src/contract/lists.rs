//! What can be read beside single tickets.

use kernel::contract::Pace;
use kernel::{Engage, Engagement, GameId, PageLimit, Riders, Version};

use super::{TicketFixture, joining};
use crate::change::Change;
use crate::change::TicketChange;
use crate::model::{Due, QueueCount, Status, Ticket, TicketPosition};

fn ids(tickets: &[Ticket]) -> Vec<kernel::TicketId> {
    tickets.iter().map(|ticket| ticket.id).collect()
}

fn position(ticket: &Ticket) -> TicketPosition {
    TicketPosition { created_at: ticket.created_at, id: ticket.id }
}

/// Oldest first, one mode only, pages without gaps or repeats.
pub async fn waiting_lists_a_modes_queue_in_order(world: &TicketFixture, _: Pace) {
    let start = world.clock.now();
    let mut queue = Vec::new();
    // Two of them at the same microsecond: then the id decides.
    for millis in [40, 10, 30, 10, 20] {
        queue.push(world.queued_at("duel", start.plus_millis(millis)).await);
        world.queued_at("tic_tac_toe", start.plus_millis(millis)).await;
    }
    queue.sort_by_key(position);
    let all = world.store.waiting("duel", None, 100).await.expect("the store answers");
    assert_eq!(all, queue);
    let mut paged = Vec::new();
    loop {
        let after = paged.last().map(position);
        let page = world.store.waiting("duel", after, 2).await.expect("the store answers");
        if page.is_empty() {
            break;
        }
        assert!(page.len() <= 2);
        paged.extend(page);
    }
    assert_eq!(ids(&paged), ids(&queue));
    assert!(world.store.waiting("squads", None, 100).await.expect("the store answers").is_empty());
}

/// A player taken into a game another way waits no more, whatever his row says; the sweep still finds the row.
pub async fn waiting_leaves_out_who_left_another_way(world: &TicketFixture, _: Pace) {
    let (stays, leaves) = (world.queued("duel").await, world.queued("duel").await);
    let game = GameId::new(world.ids.uuid(world.clock.now()));
    let step = Engage { player: leaves.player_id, from: Engagement::Ticket(leaves.id), to: Engagement::Game(game) };
    let riders = Riders { engage: vec![step], ..Riders::default() };
    world.store.commit(Change::default(), riders).await.expect("he waits");
    let waiting = world.store.waiting("duel", None, 100).await.expect("the store answers");
    assert_eq!(ids(&waiting), [stays.id]);
    let counts = world.store.counts().await.expect("the store answers");
    assert_eq!(counts, [QueueCount { mode: "duel".into(), searching: 1, players: 1 }]);
    let due = world.store.due(Due::Expiry, leaves.expires_at.plus_millis(1_000), 100).await.expect("the store answers");
    assert!(ids(&due).contains(&leaves.id));
}

/// Searching ones past their time, earliest first.
pub async fn due_lists_the_overdue(world: &TicketFixture, _: Pace) {
    let start = world.clock.now();
    let late = world.queued_at("duel", start.plus_millis(2_000)).await;
    let early = world.queued_at("tic_tac_toe", start).await;
    let ended = world.queued_at("duel", start).await;
    world.cancel(&ended).await.expect("it waits");
    let due = async |at, limit| ids(&world.store.due(Due::Expiry, at, limit).await.expect("the store answers"));
    assert!(due(early.expires_at.plus_millis(-1), 10).await.is_empty());
    assert_eq!(due(early.expires_at, 10).await, [early.id]);
    assert_eq!(due(late.expires_at, 10).await, [early.id, late.id]);
    assert_eq!(due(late.expires_at, 1).await, [early.id]);
}

/// Matched and expired ones, newest end first; cancelled ones say nothing about waiting.
pub async fn recent_waits_are_the_newest_of_the_mode(world: &TicketFixture, _: Pace) {
    let start = world.clock.now();
    let ends = [
        ("duel", Status::Matched, 3_000, 1_400.0),
        ("duel", Status::Expired, 9_000, 1_500.0),
        ("duel", Status::Cancelled, 5_000, 1_600.0),
        ("tic_tac_toe", Status::Matched, 4_000, 1_700.0),
        ("duel", Status::Matched, 1_000, 1_800.5),
    ];
    for (mode, status, wait, rating) in ends {
        let mut ticket = world.ticket(world.player(), mode, start);
        ticket.rating = rating;
        ticket.status = status;
        ticket.ended_at = Some(start.plus_millis(wait));
        ticket.game_id = (status == Status::Matched).then(|| GameId::new(world.ids.uuid(start)));
        let change = TicketChange { expect: Version::NEW, ticket };
        world.store.commit(vec![change].into(), Riders::default()).await.expect("it is new");
    }
    world.queued("duel").await;
    let waits = async |limit| {
        let waits = world.store.recent_waits("duel", limit).await.expect("the store answers");
        waits.iter().map(|wait| (wait.wait_ms, wait.rating)).collect::<Vec<_>>()
    };
    assert_eq!(waits(10).await, [(9_000, 1_500.0), (3_000, 1_400.0), (1_000, 1_800.5)]);
    assert_eq!(waits(2).await.len(), 2);
}

/// By mode, without ended ones.
pub async fn counts_are_of_those_who_wait(world: &TicketFixture, _: Pace) {
    assert!(world.store.counts().await.expect("the store answers").is_empty());
    for _ in 0..3 {
        world.queued("duel").await;
    }
    let cancelled = world.queued("squads").await;
    world.cancel(&cancelled).await.expect("it waits");
    world.queued("tic_tac_toe").await;
    let counts = world.store.counts().await.expect("the store answers");
    let count = |mode: &str, searching| QueueCount { mode: mode.into(), searching, players: searching };
    assert_eq!(counts, [count("duel", 3), count("tic_tac_toe", 1)]);
}

/// Only one's own; keyset pages stay right while tickets are added.
pub async fn mine_pages_newest_first(world: &TicketFixture, _: Pace) {
    let (player, start) = (world.player(), world.clock.now());
    let mut mine = Vec::new();
    for millis in 0..5 {
        let ticket = world.ticket(player, "duel", start.plus_millis(millis / 2));
        world
            .store
            .commit(vec![TicketChange { expect: Version::NEW, ticket: ticket.clone() }].into(), joining(&ticket))
            .await
            .expect("the player is free");
        world.cancel(&ticket).await.expect("it waits");
        mine.push(ticket);
    }
    world.queued("duel").await;
    mine.sort_by_key(|ticket| std::cmp::Reverse(position(ticket)));
    let limit = PageLimit::new(2).expect("2 is allowed");
    let first = world.store.mine(player, None, limit).await.expect("the store answers");
    assert_eq!(ids(&first.items), ids(&mine[..2]));
    let newer = world.ticket(player, "duel", start.plus_millis(9_000));
    world.join(&newer).await.expect("the player is free");
    let second = world.store.mine(player, first.next, limit).await.expect("the store answers");
    assert_eq!(ids(&second.items), ids(&mine[2..4]));
    let last = world.store.mine(player, second.next, limit).await.expect("the store answers");
    assert_eq!(ids(&last.items), ids(&mine[4..]));
    assert_eq!(last.next, None);
}
