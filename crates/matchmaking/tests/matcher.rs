//! The matcher against a brute-force oracle, over random traces with parties, removals, forbidden pairs, put-backs,
//! latencies, attributes and players who have just met: nothing compatible stays at rest, sizes are exact, parties
//! stay whole, the rules hold, tickets are accounted for, and the same trace gives the same matches.

use std::collections::{BTreeMap, BTreeSet};

use kernel::{PlayerId, TicketId, Timestamp};
use proptest::prelude::*;
use shallweplay_matchmaking::matcher::Waiting;
use shallweplay_matchmaking::{AttributeRule, Candidate, Group, Matcher, Member, Shape, Tuning};

const START: Timestamp = Timestamp::from_millis(1_767_225_600_000);
const CAP: u32 = 80;
/// Waiting beyond this number, the oldest leaves: the oracle tries all subsets.
const MOST: usize = 9;

#[derive(Debug, Clone)]
enum Op {
    /// A new ticket: rating, players, region profile, strict and preferred attribute.
    Join(i32, u8, u8, u8, u8),
    /// The n-th waiting ticket leaves.
    Leave(usize),
    /// The n-th and m-th waiting tickets must not meet.
    Forbid(usize, usize),
    /// The first players of the n-th and m-th waiting tickets have just played together.
    Met(usize, usize),
    /// The n-th last group is refused: all come back, and two of them avoid each other.
    Refuse(usize),
    /// Time passes.
    Pass(i64),
}

fn op() -> impl Strategy<Value = Op> {
    let rating = prop_oneof![(1_000..2_000_i32), (1_480..1_520_i32), Just(1_500)];
    prop_oneof![
        7 => (rating, 1..4_u8, 0..6_u8, 0..4_u8, 0..3_u8).prop_map(|(r, n, l, s, p)| Op::Join(r, n, l, s, p)),
        1 => (0..64_usize).prop_map(Op::Leave),
        1 => (0..64_usize, 0..64_usize).prop_map(|(a, b)| Op::Forbid(a, b)),
        1 => (0..64_usize, 0..64_usize).prop_map(|(a, b)| Op::Met(a, b)),
        1 => (0..3_usize).prop_map(Op::Refuse),
        4 => prop_oneof![0..200_i64, 0..4_000_i64, Just(16_000), Just(31_000)].prop_map(Op::Pass),
    ]
}

fn uuid(n: u128) -> uuid::Uuid {
    uuid::Uuid::from_u128(n)
}

fn ticket(n: u128, rating: f64, size: u8, now: Timestamp) -> Candidate {
    let member = |at: u8| Member {
        player: PlayerId::new(uuid(n * 16 + u128::from(at))),
        rating: rating + f64::from(at) * 10.0,
        // Different ones: whom the matcher puts together mustn't depend on equal windows.
        deviation: f64::from(u32::try_from(n % 5).unwrap_or(0)) * 70.0,
    };
    Candidate {
        id: TicketId::new(uuid(n)),
        members: (0..size).map(member).collect(),
        created_at: now,
        expires_at: now.plus_millis(120_000),
        latencies: BTreeMap::new(),
        attributes: BTreeMap::new(),
    }
}

/// What an op's numbers stand for.
fn joined(n: u128, op: &Op, shape: &Shape, now: Timestamp) -> Option<Candidate> {
    let Op::Join(rating, size, regions, strict, preferred) = op else { return None };
    let mut ticket = ticket(n, f64::from(*rating), (*size).min(shape.team_size), now);
    let latencies: &[(&str, u32)] = match regions {
        0 => &[],
        1 => &[("eu", 20), ("us", 110)],
        2 => &[("eu", 120), ("us", 30)],
        3 => &[("ap", 40)],
        4 => &[("eu", 80), ("us", 80), ("ap", 300)],
        _ => &[("ap", 150)],
    };
    ticket.latencies = latencies.iter().map(|(region, ms)| ((*region).to_owned(), *ms)).collect();
    if *strict > 0 {
        ticket.attributes.insert("build".to_owned(), ["7", "7", "8"][usize::from(*strict) - 1].to_owned());
    }
    ticket.attributes.insert("map".to_owned(), preferred.to_string());
    Some(ticket)
}

#[derive(Default)]
struct World {
    waiting: BTreeMap<TicketId, Waiting>,
    forbidden: BTreeSet<(TicketId, TicketId)>,
    met: BTreeSet<(PlayerId, PlayerId)>,
    groups: Vec<Group>,
}

fn ordered<T: Ord>(a: T, b: T) -> (T, T) {
    if a < b { (a, b) } else { (b, a) }
}

/// Whether these parties fill the teams without a split, by trying everything.
fn fills(sizes: &[usize], room: &mut Vec<usize>) -> bool {
    let Some((size, rest)) = sizes.split_first() else { return room.iter().all(|room| *room == 0) };
    (0..room.len()).any(|team| {
        if room[team] < *size {
            return false;
        }
        room[team] -= size;
        let fits = fills(rest, room);
        room[team] += size;
        fits
    })
}

/// Whether a region suits all; from 45 s of the oldest, at twice the cap.
fn share_a_region(shape: &Shape, group: &[&Waiting], now: Timestamp) -> bool {
    let Some(cap) = shape.latency_cap_ms else { return true };
    let relaxed = group.iter().any(|ticket| ticket.candidate.created_at.plus_millis(45_000) <= now);
    let cap = if relaxed { cap * 2 } else { cap };
    let fits = |ticket: &Waiting, region: &str| {
        let latencies = &ticket.candidate.latencies;
        latencies.is_empty() || latencies.get(region).is_some_and(|ms| *ms <= cap)
    };
    ["eu", "us", "ap"].iter().any(|region| group.iter().all(|ticket| fits(ticket, region)))
}

impl World {
    fn nth(&self, n: usize) -> Option<TicketId> {
        let at = n.checked_rem(self.waiting.len())?;
        self.waiting.keys().nth(at).copied()
    }

    fn have_met(&self, a: &Waiting, b: &Waiting) -> bool {
        let players = |ticket: &Waiting| ticket.candidate.members.iter().map(|m| m.player).collect::<Vec<_>>();
        players(a).iter().any(|a| players(b).iter().any(|b| self.met.contains(&ordered(*a, *b))))
    }

    /// Whether windows (with what preferences cost) touch and nothing forbids it.
    fn pair(&self, shape: &Shape, a: &Waiting, b: &Waiting, now: Timestamp, spacing: bool) -> bool {
        let tuning = Tuning::default();
        let value = |ticket: &Waiting, rule: &AttributeRule| ticket.candidate.attributes.get(&rule.key).cloned();
        let differ = |rule: &&AttributeRule| value(a, rule) != value(b, rule);
        let strict = shape.attributes.iter().filter(|rule| rule.strict).any(|rule| differ(&rule));
        let differing = shape.attributes.iter().filter(|rule| !rule.strict).filter(differ).count();
        let penalty = f64::from(u8::try_from(differing).unwrap_or(9)) * tuning.preference;
        let reach = a.half_width(&tuning, now) + b.half_width(&tuning, now);
        let spaced = spacing && self.have_met(a, b);
        let late = now.plus_millis(-3_000 - 1_000_000 * i64::from(penalty > 0.0));
        !strict
            && !self.forbidden.contains(&ordered(a.id(), b.id()))
            && (a.rating() - b.rating()).abs() + penalty <= reach
            && (!spaced || a.touch(b, &tuning).max(a.candidate.created_at).max(b.candidate.created_at) <= late)
    }

    fn may_play(&self, shape: &Shape, group: &[&Waiting], now: Timestamp, spacing: bool) -> bool {
        let sizes: Vec<_> = group.iter().map(|ticket| ticket.candidate.members.len()).collect();
        // Those who have met play once they could have for a while, by all else: the region may come last.
        let again = spacing && matches!(group, [a, b] if self.have_met(a, b));
        let since = if again { now.plus_millis(-3_000) } else { now };
        let mut pairs = group.iter().enumerate().flat_map(|(n, a)| group[n + 1..].iter().map(move |b| (a, b)));
        sizes.iter().sum::<usize>() == shape.players()
            && fills(&sizes, &mut vec![usize::from(shape.team_size); usize::from(shape.teams)])
            && share_a_region(shape, group, since)
            && pairs.all(|(a, b)| self.pair(shape, a, b, now, spacing))
    }

    /// A group that could have been made, the slow way.
    fn overlooked(&self, shape: &Shape, now: Timestamp) -> Option<Vec<TicketId>> {
        let all: Vec<_> = self.waiting.values().filter(|ticket| ticket.candidate.expires_at > now).collect();
        (0_u32..1 << all.len()).find_map(|subset| {
            let group: Vec<_> = (0..all.len()).filter(|n| subset >> n & 1 == 1).map(|n| all[n]).collect();
            // The search is as fine as a millisecond.
            let found = self.may_play(shape, &group, now.plus_millis(-3), true);
            found.then(|| group.iter().map(|ticket| ticket.id()).collect())
        })
    }

    fn refuse(&mut self, matcher: &mut Matcher, n: usize, now: Timestamp) -> Result<(), TestCaseError> {
        let fresh = |group: &Group| group.tickets().all(|ticket| ticket.candidate.expires_at > now);
        let Some(at) = self.groups.iter().rposition(fresh).map(|at| at.saturating_sub(n)) else { return Ok(()) };
        let tickets = self.groups.remove(at).into_tickets();
        let (a, b) = (tickets[0].id(), tickets[1].id());
        for ticket in tickets {
            self.waiting.insert(ticket.id(), ticket.clone());
            prop_assert!(matcher.put_back(ticket.clone()));
            prop_assert_eq!(matcher.get(ticket.id()).map(Waiting::rating), Some(ticket.rating()));
        }
        matcher.forbid(a, b);
        self.forbidden.insert(ordered(a, b));
        Ok(())
    }

    fn accept(&mut self, shape: &Shape, group: Group, now: Timestamp) -> Result<(), TestCaseError> {
        for ticket in group.tickets() {
            prop_assert!(self.waiting.remove(&ticket.id()).is_some(), "nobody is taken twice");
            prop_assert!(ticket.candidate.expires_at > now);
        }
        prop_assert_eq!(group.teams.len(), usize::from(shape.teams));
        for team in &group.teams {
            let players: usize = team.iter().map(|ticket| ticket.candidate.members.len()).sum();
            prop_assert_eq!(players, usize::from(shape.team_size), "each team is exactly full");
        }
        let tickets: Vec<_> = group.tickets().collect();
        prop_assert!(self.may_play(shape, &tickets, now.plus_millis(1), false), "{:?}", tickets);
        let oldest = tickets.iter().map(|ticket| ticket.candidate.created_at).min();
        prop_assert_eq!(Some(group.teams[0][0].candidate.created_at), oldest);
        self.groups.push(group);
        Ok(())
    }
}

fn run(shape: &Shape, ops: &[Op]) -> Result<Vec<Vec<TicketId>>, TestCaseError> {
    let mut matcher = Matcher::new(shape.clone(), Tuning::default());
    let mut world = World::default();
    let (mut now, mut ids, mut left, mut expired) = (START, 0, 0, 0);
    for op in ops {
        match op {
            Op::Join(..) => {
                ids += 1;
                let candidate = joined(ids, op, shape, now).expect("a join");
                prop_assert!(matcher.insert(candidate.clone(), now));
                prop_assert!(!matcher.insert(candidate.clone(), now), "twice is once");
                world.waiting.insert(candidate.id, matcher.get(candidate.id).expect("just inserted").clone());
            }
            Op::Leave(n) => {
                if let Some(id) = world.nth(*n) {
                    prop_assert!(matcher.remove(id));
                    world.waiting.remove(&id);
                    left += 1;
                }
            }
            Op::Forbid(a, b) => {
                if let (Some(a), Some(b)) = (world.nth(*a), world.nth(*b))
                    && a != b
                {
                    matcher.forbid(a, b);
                    world.forbidden.insert(ordered(a, b));
                }
            }
            Op::Met(a, b) => {
                if let (Some(a), Some(b)) = (world.nth(*a), world.nth(*b))
                    && a != b
                {
                    let players = [a, b].map(|id| world.waiting[&id].candidate.members[0].player);
                    matcher.met(&players, now);
                    world.met.insert(ordered(players[0], players[1]));
                }
            }
            Op::Refuse(n) => world.refuse(&mut matcher, *n, now)?,
            Op::Pass(millis) => now = now.plus_millis(*millis),
        }
        while world.waiting.len() > MOST {
            let id = world.nth(0).expect("some");
            prop_assert!(matcher.remove(id));
            world.waiting.remove(&id);
            left += 1;
        }
        for group in matcher.matches(now) {
            world.accept(shape, group, now)?;
        }
        // Expired ones go when they would be matched.
        let gone: Vec<_> = world.waiting.keys().copied().filter(|id| !matcher.contains(*id)).collect();
        for id in gone {
            let ticket = world.waiting.remove(&id).expect("listed");
            prop_assert!(ticket.candidate.expires_at <= now, "only expired tickets disappear");
            expired += 1;
        }
        prop_assert_eq!(world.overlooked(shape, now), None, "compatible tickets at rest");
        if let Some(next) = matcher.next_touch() {
            prop_assert!(next > now);
        }
        prop_assert_eq!(matcher.len(), world.waiting.len());
        let matched: usize = world.groups.iter().map(|group| group.tickets().count()).sum();
        prop_assert_eq!(ids, (world.waiting.len() + matched + left + expired) as u128);
    }
    Ok(world.groups.iter().map(|group| group.tickets().map(Waiting::id).collect()).collect())
}

fn constrained(teams: u8, team_size: u8) -> Shape {
    let rule = |key: &str, strict| AttributeRule { key: key.to_owned(), strict };
    let attributes = vec![rule("build", true), rule("map", false)];
    Shape { latency_cap_ms: Some(CAP), attributes, ..Shape::of(teams, team_size) }
}

fn capped(teams: u8, team_size: u8) -> Shape {
    Shape { latency_cap_ms: Some(CAP), ..Shape::of(teams, team_size) }
}

fn ops() -> impl Strategy<Value = Vec<Op>> {
    proptest::collection::vec(op(), 1..120)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn duels(ops in ops()) {
        let first = run(&Shape::duel(), &ops)?;
        prop_assert_eq!(first, run(&Shape::duel(), &ops)?, "the same trace gives the same matches");
    }

    #[test]
    fn duels_in_regions_with_attributes(ops in ops()) {
        run(&capped(2, 1), &ops)?;
        let first = run(&constrained(2, 1), &ops)?;
        prop_assert_eq!(first, run(&constrained(2, 1), &ops)?);
    }

    #[test]
    fn free_for_all_of_four(ops in ops()) {
        let first = run(&Shape::of(4, 1), &ops)?;
        prop_assert_eq!(first, run(&Shape::of(4, 1), &ops)?);
        run(&capped(4, 1), &ops)?;
        run(&constrained(3, 1), &ops)?;
    }

    #[test]
    fn teams_with_parties(ops in ops()) {
        run(&Shape::of(2, 2), &ops)?;
        let first = run(&Shape::of(2, 3), &ops)?;
        prop_assert_eq!(first, run(&Shape::of(2, 3), &ops)?);
        run(&capped(2, 2), &ops)?;
        run(&constrained(2, 2), &ops)?;
        run(&Shape::of(1, 4), &ops)?;
    }
}
