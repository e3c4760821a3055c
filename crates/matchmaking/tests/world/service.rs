//! Service and leader together, case by case.

use std::collections::HashSet;

use kernel::{Commit, CoolDown, Engage, Engagement, GameId, IdSource, PageLimit, Refusal as _, Riders, TicketId};
use shallweplay_matchmaking::{AlternativeKind, Hint, Join, Status};

use crate::worlds::{World, player, run};

fn joined(world: &World, n: u8) -> shallweplay_matchmaking::Ticket {
    run(world.service.join(Join::alone(player(n), "duel"), None)).expect("a free player can queue")
}

#[test]
fn two_join_and_meet_in_the_step_their_hints_reach_the_leader() {
    let world = World::new(1);
    let mut leader = world.leader("one");
    let step = run(leader.step(world.now(), Vec::new())).expect("the store answers");
    assert!(step.leading);
    let (a, b) = (joined(&world, 1), joined(&world, 1 + 1));
    let hints = world.bus.take().into_iter().map(|(topic, hint)| {
        assert_eq!(topic, "matchmaking:duel");
        hint
    });
    let step = run(leader.step(world.now(), hints.collect())).expect("the store answers");
    assert_eq!((step.matched, leader.waiting()), (1, 0));
    let game = &world.kernel.opened_games()[0];
    assert_eq!(game.ready_due_at, world.now().plus_millis(20_000));
    let (teams, secrets): (HashSet<_>, HashSet<_>) =
        game.roster.iter().map(|seat| (seat.team, seat.secret.0.clone())).unzip();
    assert_eq!((teams.len(), secrets.len()), (2, 2));
    for ticket in [a, b] {
        let now = run(world.service.ticket(ticket.player_id, ticket.id)).expect("it is his");
        assert_eq!((now.status, now.game_id), (Status::Matched, Some(game.id)));
    }
    for event in world.kernel.events() {
        let text = event.data.to_string();
        assert!(secrets.iter().all(|secret| !text.contains(secret.as_str())), "an event carries a secret");
        assert_eq!(event.data["game"]["id"], game.id.to_string());
    }
}

#[test]
fn seats_are_drawn_by_lot() {
    let first_is_older = (0..64).filter(|seed| {
        let world = World::new(*seed);
        let older = joined(&world, 1);
        joined(&world, 2);
        run(world.leader("one").step(world.now(), Vec::new())).expect("the store answers");
        world.kernel.opened_games()[0].roster[0].player_id == older.player_id
    });
    assert!((16..48).contains(&first_is_older.count()));
}

#[test]
fn a_resigned_leader_is_followed_at_once_a_dead_one_within_six_seconds() {
    let world = World::new(1);
    let (mut one, mut two, mut three) = (world.leader("one"), world.leader("two"), world.leader("three"));
    assert!(run(one.step(world.now(), Vec::new())).expect("answers").leading);
    assert!(!run(two.step(world.now(), Vec::new())).expect("answers").leading);
    run(one.resign()).expect("leases answer");
    assert!(run(two.step(world.now(), vec![Hint::Vacant])).expect("answers").leading);
    let died = world.now();
    drop(two);
    loop {
        let step = run(three.step(world.now(), Vec::new())).expect("answers");
        if step.leading {
            break;
        }
        world.clock.advance_millis(step.next_wake.millis() - world.now().millis());
    }
    assert!(world.now().since(died).as_millis() <= 6_000);
}

#[test]
fn refusals_say_why() {
    let world = World::new(1);
    let join = |n, mode: &str| run(world.service.join(Join::alone(player(n), mode), None));
    let codes = [
        ("nope", "modes.unknown"),
        ("connect_four", "modes.disabled"),
        ("score_attack", "matchmaking.unsupported_mode"),
    ];
    for (mode, code) in codes {
        assert_eq!(join(9, mode).expect_err("can't be queued for").code(), code);
    }
    let ticket = joined(&world, 1);
    let again = join(1, "tic_tac_toe").expect_err("one ticket at a time");
    assert_eq!(again.code(), "matchmaking.already_queued");
    assert_eq!(again.extensions(), [("ticket_id", serde_json::json!(ticket.id))]);
    let foreign = run(world.service.cancel(player(2), ticket.id, None)).expect_err("not his");
    let absent = TicketId::new(uuid::Uuid::from_u128(5));
    let absent = run(world.service.ticket(player(2), absent)).expect_err("not there");
    assert_eq!((foreign.code(), foreign.to_string()), (absent.code(), absent.to_string()));

    joined(&world, 2);
    run(world.leader("one").step(world.now(), Vec::new())).expect("the store answers");
    let game = world.kernel.opened_games()[0].id;
    let refused = join(1, "duel").expect_err("in a game");
    assert_eq!(
        (refused.code(), refused.extensions()),
        ("matchmaking.in_game", vec![("game_id", serde_json::json!(game))])
    );
    let late = run(world.service.cancel(player(1), ticket.id, None)).expect_err("matched");
    assert_eq!(late.code(), "matchmaking.state_changed");
    let expected = [("state", serde_json::json!("matched")), ("game_id", serde_json::json!(game))];
    assert_eq!(late.extensions(), expected);
}

#[test]
fn cancelling_twice_is_cancelling_once() {
    let world = World::new(1);
    let ticket = joined(&world, 1);
    let first = run(world.service.cancel(player(1), ticket.id, None)).expect("it waits");
    let second = run(world.service.cancel(player(1), ticket.id, None)).expect("it is cancelled");
    assert_eq!(first, second);
    assert_eq!(world.kernel.events().len(), 1);
    assert_eq!(run(world.service.live_of(player(1))).expect("answers"), None);
}

#[test]
fn an_overdue_ticket_holds_nobody_even_before_the_sweep() {
    let world = World::new(1);
    let ticket = joined(&world, 1);
    world.clock.advance_millis(120_000);
    let late = run(world.service.cancel(player(1), ticket.id, None)).expect_err("its time is over");
    assert_eq!(late.extensions()[0], ("state", serde_json::json!("expired")));
    let ended = run(world.service.ticket(player(1), ticket.id)).expect("it is his").ended.expect("it ended");
    assert_eq!((ended.reason.as_str(), ended.by.as_str()), ("no_opponent", "service"));
    let offered: Vec<_> = ended.alternatives.iter().map(|other| (other.kind, &*other.mode)).collect();
    let (mode, again) = (AlternativeKind::Mode, AlternativeKind::WiderRange);
    assert_eq!(offered, [(mode, "tic_tac_toe"), (mode, "squads"), (again, "duel")], "what is open to one player");

    let next = joined(&world, 1);
    world.clock.advance_millis(120_000);
    let after = joined(&world, 1);
    assert_ne!(next.id, after.id);
    assert_eq!(run(world.service.live_of(player(1))).expect("answers"), Some(after));
    let limit = PageLimit::default();
    let mine = run(world.service.mine(player(1), None, limit)).expect("answers").items;
    assert_eq!(mine.iter().map(|t| t.status.as_str()).collect::<Vec<_>>(), ["searching", "expired", "expired"]);
}

#[test]
fn an_overdue_ticket_is_never_matched() {
    let world = World::new(1);
    joined(&world, 1);
    world.clock.advance_millis(120_000);
    joined(&world, 2);
    let mut leader = world.leader("one");
    let step = run(leader.step(world.now(), Vec::new())).expect("the store answers");
    assert_eq!((step.matched, leader.waiting()), (0, 1));
}

#[test]
fn a_player_who_left_another_way_is_passed_over_and_swept() {
    let world = World::new(1);
    let gone = joined(&world, 1);
    let mut leader = world.leader("one");
    run(leader.step(world.now(), Vec::new())).expect("the store answers");
    let game = GameId::new(uuid::Uuid::from_u128(77));
    let step = Engage { player: player(1), from: Engagement::Ticket(gone.id), to: Engagement::Game(game) };
    world.kernel.commit(Riders { engage: vec![step], ..Riders::default() }, || Ok(())).expect("he waits");
    let stays = joined(&world, 2);
    joined(&world, 30);
    let hints = world.bus.take().into_iter().map(|(_, hint)| hint).collect();
    let matched = run(leader.step(world.now(), hints)).expect("the store answers").matched;
    assert_eq!((matched, leader.waiting()), (0, 2), "his partner is back in the queue");
    world.clock.advance_millis(9_000);
    let matched = run(leader.step(world.now(), Vec::new())).expect("the store answers").matched;
    assert_eq!(matched, 0, "the lease has lapsed and is taken again, under a new fence");
    world.clock.advance_millis(26_000);
    run(leader.step(world.now(), Vec::new())).expect("the store answers");
    world.clock.advance_millis(26_000);
    run(leader.step(world.now(), Vec::new())).expect("the store answers");
    let stays = run(world.service.ticket(player(2), stays.id)).expect("it is his");
    assert_eq!(stays.status, Status::Matched);
    world.clock.advance_millis(120_000);
    assert_eq!(run(world.service.sweep_due(world.now(), 10)).expect("the store answers"), 1);
    let swept = run(world.service.ticket(player(1), gone.id)).expect("it is his");
    assert_eq!((swept.status, swept.ended.expect("it ended").reason.as_str()), (Status::Cancelled, "superseded"));
    assert_eq!(world.kernel.engagement(player(1)), Engagement::Game(game));
}

#[test]
fn who_let_others_wait_waits_before_queueing_again() {
    let world = World::new(11);
    let until = world.now().plus_millis(30_000);
    let riders = Riders { cool_downs: vec![CoolDown { player: player(1), until }], ..Riders::default() };
    run(Commit::commit(&*world.kernel, riders)).expect("cool-downs commit alone");
    let join = || Join::alone(player(1), "duel");
    let refused = run(world.service.join(join(), None)).expect_err("is cooling down");
    assert_eq!((refused.code(), refused.retry_at()), ("matchmaking.cooling_down", Some(until)));
    world.clock.advance_millis(30_000);
    run(world.service.join(join(), None)).expect("has waited");
}

#[test]
fn a_ticket_whose_player_was_taken_into_a_game_says_so_once() {
    let world = World::new(12);
    let ticket = joined(&world, 1);
    run(world.service.superseded(ticket.id)).expect("nothing to do");
    assert_eq!(run(world.service.ticket(player(1), ticket.id)).expect("there").status, Status::Searching);
    let to = Engagement::Game(GameId::new(world.ids.uuid(world.now())));
    let engage = vec![Engage { player: player(1), from: ticket.engagement(), to }];
    run(Commit::commit(&*world.kernel, Riders { engage, ..Riders::default() })).expect("was queued");
    let told = world.kernel.events().len();
    for _ in 0..2 {
        run(world.service.superseded(ticket.id)).expect("is superseded");
    }
    let after = run(world.service.ticket(player(1), ticket.id)).expect("there");
    assert_eq!((after.status, after.ended.expect("has ended").reason.as_str()), (Status::Cancelled, "superseded"));
    assert_eq!(world.kernel.events().len(), told + 1, "one event");
}
