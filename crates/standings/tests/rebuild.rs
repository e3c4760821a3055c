//! What stands follows from the ledger alone: however it was read, whatever crashed on the way, and whatever was
//! corrected when.

#[expect(dead_code, reason = "each test binary uses a part of it")]
mod worlds;

use std::collections::BTreeMap;
use std::sync::Arc;

use kernel::{Clock as _, PlayerId};
use proptest::prelude::*;
use shallweplay_standings::{
    Fact, FactSource as _, Outcome, Report, ResultRow, StandingsChange, StandingsStore as _, Working, WorkingKeys,
    keys, rating, rebuild,
};
use worlds::{Fate, World};

#[derive(Debug, Clone)]
enum Op {
    /// A game of this mode between the players from this one on.
    Play {
        mode: usize,
        from: usize,
        results: [u8; 4],
        rated: bool,
    },
    /// A later version of some game.
    Correct {
        game: usize,
        kind: u8,
        results: [u8; 4],
    },
    Wait {
        hours: u16,
    },
    Work {
        steps: u8,
        batch: i64,
    },
    Fail {
        after: u8,
        fate: bool,
    },
    Replace,
}

const MODES: [(&str, usize, bool); 5] =
    [("duel", 2, true), ("blitz", 2, false), ("squads", 4, true), ("chess", 2, false), ("score_attack", 1, true)];

fn ops() -> impl Strategy<Value = Vec<Op>> {
    let results = prop::array::uniform4(0..4_u8);
    let op = prop_oneof![
        10 => (0..MODES.len(), 0..5_usize, results.clone(), prop::bool::weighted(0.9))
            .prop_map(|(mode, from, results, rated)| Op::Play { mode, from, results, rated }),
        4 => (any::<prop::sample::Index>(), 0..4_u8, results)
            .prop_map(|(game, kind, results)| Op::Correct { game: game.index(1_000), kind, results }),
        2 => (0..400_u16).prop_map(|hours| Op::Wait { hours }),
        4 => (0..6_u8, 1..12_i64).prop_map(|(steps, batch)| Op::Work { steps, batch }),
        2 => (0..3_u8, any::<bool>()).prop_map(|(after, fate)| Op::Fail { after, fate }),
        1 => Just(Op::Replace),
    ];
    prop::collection::vec(op, 1..90)
}

/// The lines of a game in which players with more points fare better.
fn lines(
    players: &[PlayerId],
    mode: usize,
    from: usize,
    results: [u8; 4],
) -> Vec<(PlayerId, u8, Option<Outcome>, Option<i64>)> {
    let (_, seats, scored) = MODES[mode];
    let teams = if seats == 4 { 2 } else { seats };
    let of = |seat: usize| seat % teams;
    let points = |team: usize| i64::from(results[team]);
    let best = (0..teams).map(points).max().unwrap_or(0);
    let tied = (0..teams).filter(|team| points(*team) == best).count() > 1;
    let outcome = |team: usize| match (points(team) == best, tied) {
        (true, true) => Outcome::Draw,
        (true, false) => Outcome::Win,
        (false, _) => Outcome::Loss,
    };
    (0..seats)
        .map(|seat| {
            let team = of(seat);
            let player = players[(from + seat) % players.len()];
            let outcome = (seats > 1).then(|| outcome(team));
            (player, u8::try_from(team).expect("few"), outcome, scored.then(|| points(team) * 10))
        })
        .collect()
}

async fn run(ops: &[Op]) -> World {
    let mut world = World::new();
    let players: [PlayerId; 6] = world.players();
    let mut games: Vec<(usize, usize, Fact)> = Vec::new();
    for op in ops {
        match op {
            Op::Play { mode, from, results, rated } => {
                world.clock.advance_millis(60_000);
                let lines = lines(&players, *mode, *from, *results);
                if *rated {
                    games.push((*mode, *from, world.plays(MODES[*mode].0, &lines)));
                } else {
                    let unrated = world.plays(MODES[*mode].0, &lines);
                    games.push((*mode, *from, world.corrects(&unrated, |fact| fact.rated = false)));
                }
            }
            Op::Correct { game, kind, results } => {
                let count = games.len().max(1);
                let Some((mode, from, fact)) = games.get_mut(game % count) else { continue };
                let (mode, from, results) = (*mode, *from, *results);
                *fact = match kind {
                    0 | 1 => world.voids(fact),
                    _ => world.corrects(fact, |fact| {
                        fact.voided = false;
                        fact.rated = *kind == 2 && MODES[mode].0 != "score_attack";
                        for (line, (_, _, outcome, score)) in
                            fact.lines.iter_mut().zip(lines(&players, mode, from, results))
                        {
                            (line.outcome, line.score) = (outcome, score);
                        }
                    }),
                };
            }
            Op::Wait { hours } => world.clock.advance_millis(i64::from(*hours) * 3_600_000),
            Op::Work { steps, batch } => {
                world.batch = *batch;
                for _ in 0..*steps {
                    // An error is another worker's start.
                    _ = world.step().await;
                }
            }
            Op::Fail { after, fate } => {
                let mut fates = world.fragile.fates.lock().expect("no panic");
                fates.extend((0..*after).map(|_| None));
                fates.push_back(Some(if *fate { Fate::Lost } else { Fate::Unheard }));
            }
            Op::Replace => world.worker = shallweplay_standings::Worker::new(world.ports.clone()),
        }
    }
    world.work().await;
    world
}

async fn reports(world: &World, write: bool) -> Vec<Report> {
    let mut reports = Vec::new();
    for (family, _) in world.ledger.families().await.expect("readable") {
        reports.push(rebuild(&world.ports, &family, None, write).await.expect("nobody else is at it"));
    }
    reports
}

/// Everything that stands, as far as the ledger's keys reach.
async fn everything(world: &World) -> (Vec<ResultRow>, Vec<Working>) {
    let (mut rows, mut working) = (Vec::new(), Vec::new());
    for (family, last) in world.ledger.families().await.expect("readable") {
        let mut after = 0;
        loop {
            let page = world.store.results(&family, after, 1_000).await.expect("readable");
            let Some(end) = page.last() else { break };
            after = end.sequence;
            rows.extend(page);
        }
        let facts = world.ledger.facts(&family, 0, last).await.expect("readable");
        let mut found = world.store.working(&keys(&facts)).await.expect("readable");
        found.ratings.retain(|_, rating| rating.games > 0);
        found.stats.retain(|_, stats| stats.games > 0);
        working.push(found);
    }
    (rows, working)
}

fn blocking<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().expect("a runtime").block_on(future)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_stands_is_what_a_rebuild_says_whatever_came_in_between(ops in ops()) {
        blocking(async {
            let world = run(&ops).await;
            for report in reports(&world, false).await {
                prop_assert_eq!(report.count, 0, "{:#?}", report.differences);
            }
            // Another database, told in one go.
            let mut other = World::over(world.ledger.clone(), world.clock.clone());
            other.work().await;
            prop_assert!(everything(&world).await == everything(&other).await, "told in one go it is something else");
            Ok(())
        })?;
    }

    #[test]
    fn a_player_hears_of_each_version_once_and_of_the_rating_that_stands_last(ops in ops()) {
        blocking(async {
            let world = run(&ops).await;
            let mut heard: BTreeMap<(String, String, i64), Vec<String>> = BTreeMap::new();
            let mut present: BTreeMap<(String, String), f64> = BTreeMap::new();
            for event in world.rating_changes() {
                let text = |field: &str| event.data[field].as_str().expect("a text").to_owned();
                let key = (text("player_id"), text("game_id"), event.data["version"].as_i64().expect("a number"));
                heard.entry(key).or_default().push(text("reason"));
                let of = (text("family"), text("player_id"));
                let before = event.data["rating_before"].as_f64().expect("a number");
                prop_assert_eq!(before.to_bits(), present.get(&of).copied().unwrap_or(1_500.0).to_bits(), "a chain");
                present.insert(of, event.data["rating_after"].as_f64().expect("a number"));
            }
            for (key, reasons) in &heard {
                prop_assert_eq!(reasons.len(), 1, "{:?}: {:?}", key, reasons);
            }
            for fact in world.ledger.all() {
                let rated = fact.version == 1 && fact.rated;
                for line in fact.lines.iter().filter(|_| rated) {
                    let key = (line.player_id.to_string(), fact.game_id.to_string(), 1);
                    prop_assert_eq!(heard.get(&key).map(Vec::as_slice), Some(&["played".to_owned()][..]));
                }
            }
            for ((family, player), value) in present {
                let player = player.parse().expect("an id");
                let keys = WorkingKeys { family, players: vec![player], ..WorkingKeys::default() };
                let stands = world.store.working(&keys).await.expect("readable");
                prop_assert_eq!(stands.ratings.get(&player).map(|stands| rating::shown(stands.value)), Some(value));
            }
            Ok(())
        })?;
    }
}

#[tokio::test]
async fn a_rebuild_finds_and_writes_what_was_bent() {
    let mut world = World::new();
    let [ann, ben, cem]: [PlayerId; 3] = world.players();
    for _ in 0..3 {
        world.beats("duel", ann, ben);
        world.beats("duel", ben, cem);
    }
    let wrong = world.beats("duel", cem, ann);
    world.voids(&wrong);
    world.work().await;
    let right = everything(&world).await;

    let facts = world.ledger.facts("duel", 0, 100).await.expect("readable");
    let mut bent = world.store.working(&keys(&facts)).await.expect("readable");
    let mut rows = world.store.results("duel", 0, 100).await.expect("readable");
    bent.ratings.get_mut(&ann).expect("rated").value += f64::EPSILON * 2_048.0;
    bent.stats.values_mut().next().expect("some").wins += 1;
    bent.pairings.values_mut().next().expect("some").streak += 1;
    rows[0].weight = 0.5;
    let head = world.store.head("duel").await.expect("readable");
    let change = StandingsChange {
        expect: head.clone(),
        head,
        results: rows,
        working: bent,
        reopened: Vec::new(),
        riders: kernel::Riders::default(),
    };
    world.store.commit(change).await.expect("allowed");

    let [found] = &reports(&world, false).await[..] else { panic!("one family") };
    assert_eq!((found.count, found.differences.len(), found.written), (4, 4, false));
    let kinds: Vec<_> = found.differences.iter().map(|difference| difference.what).collect();
    assert_eq!(kinds, ["result", "rating", "stats", "pairing"]);
    assert_eq!((found.entries, found.games, found.players), (8, 7, 3));
    let [written] = &reports(&world, true).await[..] else { panic!("one family") };
    assert_eq!((written.count, written.written), (4, true));
    assert_eq!(everything(&world).await, right);
    let [clean] = &reports(&world, true).await[..] else { panic!("one family") };
    assert_eq!((clean.count, clean.written), (0, false));
}

/// Nothing but the ledger is left, and everything comes back.
#[tokio::test]
async fn a_rebuild_makes_everything_from_nothing() {
    let mut world = World::new();
    let players: [PlayerId; 5] = world.players();
    for n in 0..600_usize {
        world.clock.advance_millis(3_600_000);
        let fact = world.beats("duel", players[n % 5], players[(n + 1 + n % 3) % 5]);
        if n % 20 == 0 {
            world.voids(&fact);
        }
    }
    world.work().await;
    let empty = World::over(world.ledger.clone(), world.clock.clone());
    let [report] = &reports(&empty, true).await[..] else { panic!("one family") };
    assert!(report.written && report.count > 600, "{}", report.count);
    assert_eq!(report.differences.len(), 20, "only the first are shown");
    assert_eq!(everything(&empty).await, everything(&world).await);
    assert_eq!(empty.store.head("duel").await.expect("readable"), world.store.head("duel").await.expect("readable"));
}

#[tokio::test]
async fn a_rebuild_stands_back_from_a_worker_at_work() {
    let mut world = World::new();
    let [ann, ben]: [PlayerId; 2] = world.players();
    let fact = world.beats("duel", ann, ben);
    world.work().await;
    world.voids(&fact);
    world.step().await.expect("no fault");
    assert!(world.store.head("duel").await.expect("readable").redo_from.is_some());
    let answer = rebuild(&world.ports, "duel", None, false).await;
    assert!(matches!(answer, Err(kernel::StoreError::Stale)), "{answer:?}");
}

/// The issue's own measure: 10,000 games, 5 % of them voided or amended.
#[tokio::test]
async fn a_rebuild_of_ten_thousand_games_differs_in_nothing() {
    let mut world = World::new();
    let players: Vec<PlayerId> = (0..200).map(|_| world.player()).collect();
    let mut random = 42_u64;
    let mut next = |below: usize| {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(random >> 33).expect("fits") % below
    };
    let mut facts = Vec::new();
    for _ in 0..10_000 {
        world.clock.advance_millis(61_000);
        let (one, step) = (next(200), 1 + next(199));
        let fact = world.beats("duel", players[one], players[(one + step) % 200]);
        facts.push(fact);
        if next(20) == 0 {
            let at = facts.len() - 1 - next(facts.len().min(300));
            let void = next(2) == 0;
            facts[at] = world.corrects(&facts[at], |fact| {
                fact.voided = void;
                fact.lines.reverse();
                for line in &mut fact.lines {
                    line.score = line.score.map(|score| score + 1);
                }
            });
        }
    }
    assert!(world.clock.now() > facts[0].at);
    let fragile = Arc::clone(&world.store);
    world.ports.store = fragile;
    world.worker = shallweplay_standings::Worker::new(world.ports.clone());
    world.work().await;
    let [report] = &reports(&world, false).await[..] else { panic!("one family") };
    assert_eq!((report.games, report.players, report.count), (10_000, 200, 0), "{:#?}", report.differences);
}
