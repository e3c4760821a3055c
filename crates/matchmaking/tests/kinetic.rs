//! The index against a brute-force oracle: over random traces with removals, forbidden pairs and put-backs, no two
//! compatible tickets stay at rest, every ticket is accounted for, and the same trace gives the same matches.

use std::collections::{BTreeMap, BTreeSet};

use kernel::{PlayerId, TicketId, Timestamp};
use proptest::prelude::*;
use shallweplay_matchmaking::{KineticIndex, Pair, TicketSeed, Tuning, Waiting};

#[derive(Debug, Clone)]
enum Op {
    /// A new ticket with this rating.
    Join(i32),
    /// The n-th waiting ticket leaves.
    Leave(usize),
    /// The n-th and m-th waiting tickets must not meet.
    Forbid(usize, usize),
    /// The n-th pair made so far is refused: both come back and avoid each other.
    Refuse(usize),
    /// Time passes.
    Pass(i64),
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        6 => prop_oneof![(1_000..2_000_i32), (1_480..1_520_i32), Just(1_500)].prop_map(Op::Join),
        1 => (0..64_usize).prop_map(Op::Leave),
        2 => (0..64_usize, 0..64_usize).prop_map(|(a, b)| Op::Forbid(a, b)),
        1 => (0..64_usize).prop_map(Op::Refuse),
        3 => prop_oneof![0..200_i64, 0..4_000_i64, Just(31_000)].prop_map(Op::Pass),
    ]
}

fn seed(n: u128, rating: f64, now: Timestamp) -> TicketSeed {
    TicketSeed {
        id: TicketId::new(uuid(n)),
        player: PlayerId::new(uuid(n)),
        rating,
        // Different ones: whom the index puts together mustn't depend on equal windows.
        deviation: f64::from(u32::try_from(n % 5).unwrap_or(0)) * 70.0,
        created_at: now,
        expires_at: now.plus_millis(120_000),
    }
}

fn uuid(n: u128) -> uuid::Uuid {
    uuid::Uuid::from_u128(n)
}

#[derive(Default)]
struct World {
    waiting: BTreeMap<TicketId, Waiting>,
    forbidden: BTreeSet<(TicketId, TicketId)>,
    pairs: Vec<Pair>,
    joined: usize,
    left: usize,
    refused: usize,
    expired: usize,
}

fn ordered(a: TicketId, b: TicketId) -> (TicketId, TicketId) {
    if a < b { (a, b) } else { (b, a) }
}

impl World {
    fn nth(&self, n: usize) -> Option<TicketId> {
        let at = n.checked_rem(self.waiting.len())?;
        self.waiting.keys().nth(at).copied()
    }

    /// All pairs the slow way. A microsecond of rounding may lie between two touches of three tickets.
    fn compatible(&self, now: Timestamp) -> Option<(TicketId, TicketId)> {
        let all: Vec<_> = self.waiting.values().collect();
        for (n, a) in all.iter().enumerate() {
            for b in &all[n + 1..] {
                let key = ordered(a.seed.id, b.seed.id);
                let touch = a.touch(b, &Tuning::default()).micros();
                if !self.forbidden.contains(&key) && touch <= now.micros() - 2 {
                    return Some(key);
                }
            }
        }
        None
    }
}

fn run(ops: &[Op]) -> Result<Vec<(TicketId, TicketId)>, TestCaseError> {
    let mut index = KineticIndex::new(Tuning::default());
    let mut world = World::default();
    let mut now = Timestamp::from_millis(1_767_225_600_000);
    let mut ids = 0;
    for op in ops {
        match op {
            Op::Join(rating) => {
                ids += 1;
                let ticket = seed(ids, f64::from(*rating), now);
                prop_assert!(index.insert(ticket, now));
                prop_assert!(!index.insert(ticket, now), "twice is once");
                let waiting = index.get(ticket.id).expect("just inserted").clone();
                world.waiting.insert(ticket.id, waiting);
                world.joined += 1;
            }
            Op::Leave(n) => {
                if let Some(id) = world.nth(*n) {
                    prop_assert!(index.remove(id));
                    world.waiting.remove(&id);
                    world.left += 1;
                }
            }
            Op::Forbid(a, b) => {
                if let (Some(a), Some(b)) = (world.nth(*a), world.nth(*b))
                    && a != b
                {
                    index.forbid(a, b);
                    world.forbidden.insert(ordered(a, b));
                }
            }
            Op::Refuse(n) => {
                let fresh = world.pairs.iter().rposition(|pair| pair.younger.seed.expires_at > now);
                if let Some(at) = fresh.map(|at| at.saturating_sub(n % 3)) {
                    let pair = world.pairs.remove(at);
                    let (a, b) = (pair.older.seed.id, pair.younger.seed.id);
                    for ticket in [pair.older, pair.younger] {
                        world.waiting.insert(ticket.seed.id, ticket.clone());
                        prop_assert!(index.put_back(ticket));
                    }
                    index.forbid(a, b);
                    world.forbidden.insert(ordered(a, b));
                    world.refused += 1;
                }
            }
            Op::Pass(millis) => now = now.plus_millis(*millis),
        }
        for pair in index.matches(now) {
            for ticket in [&pair.older, &pair.younger] {
                prop_assert!(world.waiting.remove(&ticket.seed.id).is_some(), "nobody is taken twice");
                prop_assert!(ticket.seed.expires_at > now);
            }
            let (a, b) = (pair.older.seed.id, pair.younger.seed.id);
            prop_assert!(!world.forbidden.contains(&ordered(a, b)), "a forbidden pair met");
            prop_assert!(pair.older.touch(&pair.younger, &Tuning::default()) <= now, "not compatible yet");
            world.pairs.push(pair);
        }
        // Expired ones go when they would be matched.
        let gone: Vec<_> = world.waiting.keys().copied().filter(|id| !index.contains(*id)).collect();
        for id in gone {
            let ticket = world.waiting.remove(&id).expect("listed");
            prop_assert!(ticket.seed.expires_at <= now, "only expired tickets disappear");
            world.expired += 1;
        }
        prop_assert_eq!(world.compatible(now), None, "two compatible tickets at rest");
        if let Some(next) = index.next_touch() {
            prop_assert!(next > now);
        }
        prop_assert_eq!(index.len(), world.waiting.len());
        let matched = 2 * world.pairs.len();
        prop_assert_eq!(world.joined, world.waiting.len() + matched + world.left + world.expired);
    }
    Ok(world.pairs.iter().map(|pair| (pair.older.seed.id, pair.younger.seed.id)).collect())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_two_compatible_tickets_at_rest_and_the_same_trace_gives_the_same_matches(
        ops in proptest::collection::vec(op(), 1..160),
    ) {
        let first = run(&ops)?;
        prop_assert_eq!(first, run(&ops)?);
    }
}

#[test]
fn a_lonely_pair_meets_at_thirty_seconds_whatever_the_gap() {
    let start = Timestamp::from_millis(1_767_225_600_000);
    let mut index = KineticIndex::new(Tuning::default());
    index.insert(seed(1, 100.0, start), start);
    index.insert(seed(2, 2_900.0, start.plus_millis(5_000)), start.plus_millis(5_000));
    assert_eq!(index.next_touch(), Some(start.plus_millis(30_000)));
    assert!(index.matches(start.plus_millis(29_999)).is_empty());
    assert_eq!(index.matches(start.plus_millis(30_000)).len(), 1);
}

#[test]
fn a_player_never_meets_himself() {
    let start = Timestamp::from_millis(1_767_225_600_000);
    let mut index = KineticIndex::new(Tuning::default());
    let first = seed(1, 1_500.0, start);
    let second = TicketSeed { id: TicketId::new(uuid(2)), created_at: start.plus_millis(1), ..first };
    assert!(index.insert(first, start));
    assert!(index.insert(second, start), "the younger ticket takes the place");
    assert!(!index.contains(first.id));
    assert!(!index.insert(first, start), "the older one, seen late, does not");
    assert!(index.matches(start.plus_millis(60_000)).is_empty());
}
