//! What the matcher does, one rule at a time.

use std::collections::BTreeMap;

use kernel::{PlayerId, TicketId, Timestamp};
use rand::{RngExt as _, SeedableRng as _};
use shallweplay_matchmaking::{AttributeRule, Candidate, Matcher, Member, Rule, Shape, Tuning};

const START: Timestamp = Timestamp::from_millis(1_767_225_600_000);

fn ticket(n: u128, ratings: &[f64], created_at: Timestamp) -> Candidate {
    let player = |at: usize| PlayerId::new(uuid::Uuid::from_u128(n * 16 + at as u128));
    let member = |(at, rating): (usize, &f64)| Member { player: player(at), rating: *rating, deviation: 80.0 };
    Candidate {
        id: TicketId::new(uuid::Uuid::from_u128(n)),
        members: ratings.iter().enumerate().map(member).collect(),
        created_at,
        expires_at: created_at.plus_millis(120_000),
        latencies: BTreeMap::new(),
        attributes: BTreeMap::new(),
    }
}

fn with(mut ticket: Candidate, latencies: &[(&str, u32)], attributes: &[(&str, &str)]) -> Candidate {
    ticket.latencies = latencies.iter().map(|(region, ms)| ((*region).to_owned(), *ms)).collect();
    ticket.attributes = attributes.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    ticket
}

fn matcher(shape: Shape) -> Matcher {
    Matcher::new(shape, Tuning::default())
}

fn id(n: u128) -> TicketId {
    TicketId::new(uuid::Uuid::from_u128(n))
}

fn first_players(of: &[&Candidate]) -> Vec<PlayerId> {
    of.iter().map(|ticket| ticket.members[0].player).collect()
}

#[test]
fn two_alone_who_want_to_play_again_are_matched_at_once() {
    for shape in [Shape::duel(), Shape { latency_cap_ms: Some(80), ..Shape::duel() }] {
        let mut matcher = matcher(shape);
        let (a, b) = (ticket(1, &[1_500.0], START), ticket(2, &[1_500.0], START));
        matcher.met(&first_players(&[&a, &b]), START.plus_millis(-1_000));
        assert!(matcher.insert(a, START) && matcher.insert(b, START));
        assert_eq!(matcher.matches(START).len(), 1);
    }
}

#[test]
fn who_just_met_waits_for_somebody_else_if_there_is_one() {
    for shape in [Shape::duel(), Shape { latency_cap_ms: Some(80), ..Shape::duel() }] {
        let mut matcher = matcher(shape);
        let (a, b) = (ticket(1, &[1_500.0], START), ticket(2, &[1_500.0], START));
        let (c, d) = (ticket(3, &[2_500.0], START), ticket(4, &[1_501.0], START.plus_millis(900)));
        assert!(matcher.insert(c, START));
        matcher.met(&first_players(&[&a, &b]), START.plus_millis(-60_000));
        assert!(matcher.insert(a, START) && matcher.insert(b, START));
        assert!(matcher.matches(START).is_empty());
        let explained = matcher.explain(id(1), START).expect("waits");
        assert_eq!(explained.removed, [(Rule::Range, 1), (Rule::RecentOpponent, 1)]);
        // Somebody else comes.
        assert!(matcher.insert(d, START.plus_millis(900)));
        let groups = matcher.matches(START.plus_millis(900));
        assert_eq!(groups.len(), 1);
        assert!(groups[0].tickets().any(|ticket| ticket.id() == id(4)));
        // The one left over is alone with c.
        assert_eq!(matcher.len(), 2);
    }
}

#[test]
fn who_just_met_and_finds_nobody_else_meets_again_three_seconds_later_or_once_the_others_are_gone() {
    for leaves in [true, false] {
        let mut matcher = matcher(Shape::duel());
        let (a, b, c) = (ticket(1, &[1_500.0], START), ticket(2, &[1_500.0], START), ticket(3, &[2_500.0], START));
        matcher.met(&first_players(&[&a, &b]), START);
        assert!([a, b, c].into_iter().all(|ticket| matcher.insert(ticket, START)));
        assert!(matcher.matches(START.plus_millis(1_000)).is_empty());
        if leaves {
            assert!(matcher.remove(id(3)));
            assert_eq!(matcher.matches(START.plus_millis(1_000)).len(), 1);
        } else {
            assert_eq!(matcher.matches(START.plus_millis(3_000)).len(), 1);
        }
    }
}

#[test]
fn a_blocked_one_is_no_alternative_and_is_counted_nowhere() {
    let mut matcher = matcher(Shape::duel());
    let (a, b, c) = (ticket(1, &[1_500.0], START), ticket(2, &[1_500.0], START), ticket(3, &[2_500.0], START));
    matcher.met(&first_players(&[&a, &b]), START);
    assert!(matcher.insert(c, START) && matcher.insert(a, START));
    matcher.forbid(id(1), id(3));
    let explained = matcher.explain(id(1), START).expect("waits");
    assert_eq!((explained.candidates, explained.removed), (0, vec![]));
    assert_eq!(explained.next_widening_at, Some(START.plus_millis(matcher.tuning().starve_ms)));
    assert!(matcher.insert(b, START));
    assert!(matcher.matches(START).is_empty(), "the other one could still meet c");
    matcher.forbid(id(2), id(3));
    assert_eq!(matcher.matches(START).len(), 1, "c is nobody's alternative");
}

#[test]
fn a_put_back_pair_keeps_its_age_and_what_it_knows() {
    let mut matcher = matcher(Shape::duel());
    assert!(matcher.insert(ticket(1, &[1_500.0], START), START));
    assert!(matcher.insert(ticket(2, &[1_500.0], START), START));
    let group = matcher.matches(START).pop().expect("they touch");
    assert!(matcher.is_empty());
    let widths: Vec<_> = group.tickets().map(|t| t.half_width(matcher.tuning(), START.plus_millis(2_000))).collect();
    for ticket in group.into_tickets() {
        assert!(matcher.put_back(ticket.clone()) && !matcher.put_back(ticket));
    }
    matcher.forbid(id(1), id(2));
    assert!(matcher.matches(START.plus_millis(100_000)).is_empty());
    for (n, width) in [1, 2].into_iter().zip(widths) {
        let explained = matcher.explain(id(n), START.plus_millis(2_000)).expect("waits");
        assert_eq!((explained.range, explained.waiting_ms), (Some(width), 2_000));
    }
}

#[test]
fn a_lonely_pair_meets_when_one_starves_whatever_the_gap() {
    let mut matcher = matcher(Shape::duel());
    assert!(matcher.insert(ticket(1, &[100.0], START), START));
    assert!(matcher.insert(ticket(2, &[2_900.0], START.plus_millis(5_000)), START.plus_millis(5_000)));
    let starved = START.plus_millis(matcher.tuning().starve_ms);
    assert_eq!(matcher.next_touch(), Some(starved));
    assert!(matcher.matches(starved.plus_millis(-1)).is_empty());
    assert_eq!(matcher.matches(starved).len(), 1);
}

#[test]
fn one_player_is_never_in_two_tickets() {
    let mut matcher = matcher(Shape::of(2, 2));
    let party = ticket(1, &[1_500.0, 1_510.0], START);
    let mut alone = ticket(2, &[1_500.0], START.plus_millis(1));
    alone.members[0].player = party.members[1].player;
    assert!(matcher.insert(party.clone(), START));
    assert!(matcher.insert(alone, START), "the younger ticket takes the place");
    assert!(!matcher.contains(party.id) && matcher.len() == 1);
    assert!(!matcher.insert(party, START), "the older one, seen late, does not");
}

#[test]
fn what_fits_no_group_does_not_enter() {
    let mut matcher = matcher(Shape::of(2, 2));
    assert!(!matcher.insert(ticket(1, &[1_500.0; 3], START), START), "more than a team");
    assert!(!matcher.insert(ticket(2, &[], START), START), "nobody");
    let mut twice = ticket(3, &[1_500.0; 2], START);
    twice.members[1].player = twice.members[0].player;
    assert!(!matcher.insert(twice, START), "somebody twice");
    assert!(matcher.is_empty() && matcher.next_touch().is_none());
}

#[test]
fn regions_bind_until_forty_five_seconds() {
    let shape = Shape { latency_cap_ms: Some(80), ..Shape::duel() };
    let mut matcher = matcher(shape);
    let europe = with(ticket(1, &[1_500.0], START), &[("eu", 30), ("us", 120)], &[]);
    let america = with(ticket(2, &[1_500.0], START.plus_millis(40_000)), &[("eu", 150), ("us", 20)], &[]);
    assert!(matcher.insert(europe, START));
    assert!(matcher.insert(america, START.plus_millis(40_000)));
    assert!(matcher.matches(START.plus_millis(44_999)).is_empty());
    let explained = matcher.explain(id(1), START.plus_millis(41_000)).expect("waits");
    assert_eq!(explained.removed, [(Rule::Latency, 1)]);
    assert!(explained.range.is_some(), "it doesn't starve yet");
    assert_eq!(explained.next_widening_at, Some(START.plus_millis(45_000)));
    assert_eq!(matcher.next_touch(), Some(START.plus_millis(45_000)));
    assert_eq!(matcher.matches(START.plus_millis(45_000)).len(), 1);
}

#[test]
fn strict_attributes_bind_for_good_and_preferred_ones_for_a_while() {
    let rule = |key: &str, strict| AttributeRule { key: key.to_owned(), strict };
    let shape = Shape { attributes: vec![rule("build", true), rule("map", false)], ..Shape::duel() };
    let mut matcher = matcher(shape);
    for (n, build, map) in [(1, "7", "a"), (2, "7", "b"), (3, "8", "a")] {
        let ticket = with(ticket(n, &[1_500.0], START), &[], &[("build", build), ("map", map)]);
        assert!(matcher.insert(ticket, START));
    }
    assert!(matcher.matches(START).is_empty());
    let explained = matcher.explain(id(1), START).expect("waits");
    assert_eq!(explained.removed, [(Rule::Attributes, 2)]);
    let touch = matcher.next_touch().expect("another map will do, later");
    assert_eq!(explained.next_widening_at, Some(touch));
    assert!(touch < START.plus_millis(25_000));
    let groups = matcher.matches(touch);
    assert!(groups.len() == 1 && groups[0].tickets().all(|ticket| ticket.id() != id(3)));
    assert!(matcher.matches(START.plus_millis(100_000)).is_empty(), "no build but its own");
}

#[test]
fn parties_that_leave_no_room_for_each_other_are_told_so() {
    let mut matcher = matcher(Shape::of(1, 4));
    assert!(matcher.insert(ticket(1, &[1_500.0; 3], START), START));
    assert!(matcher.insert(ticket(2, &[1_500.0; 2], START), START));
    assert!(matcher.matches(START.plus_millis(60_000)).is_empty());
    assert_eq!(matcher.explain(id(1), START).map(|explained| explained.removed), Some(vec![(Rule::Size, 1)]));
    assert!(matcher.insert(ticket(3, &[1_500.0], START), START.plus_millis(60_000)));
    assert_eq!(matcher.matches(START.plus_millis(60_000)).len(), 1, "three and one");
}

#[test]
fn waiting_is_bounded_in_a_crowd_of_parties() {
    // Ratings far apart, three alone for each pair: all are matched within the bound once ten players fit.
    let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(11);
    let mut matcher = matcher(Shape::of(2, 5));
    let (mut now, mut longest, mut matched) = (START, 0, 0);
    for n in 0..3_000_u32 {
        now = now.plus_millis(rng.random_range(0..500_i64));
        let rating = rng.random_range(200.0..2_800.0_f64);
        let ratings = if n % 4 == 0 { vec![rating, rating + 50.0] } else { vec![rating] };
        while let Some(touch) = matcher.next_touch().filter(|touch| *touch <= now) {
            for group in matcher.matches(touch) {
                assert_eq!(group.players().count(), 10);
                let waits = group.tickets().map(|ticket| touch.millis() - ticket.candidate.created_at.millis());
                longest = longest.max(waits.max().expect("ten players"));
                matched += 1;
            }
        }
        assert!(matcher.insert(ticket(u128::from(n) + 1, &ratings, now), now));
        matcher.matches(now).iter().for_each(|_| matched += 1);
    }
    assert!(longest <= matcher.tuning().starve_ms + 10_000, "{longest} ms");
    assert!(matched > 350, "{matched} groups");
}
