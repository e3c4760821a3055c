//! Random reports of random subsets in random order, then time, the gate and operators: what comes of it is what a
//! simple model says, and the ledger keeps every version as it was.

use std::collections::BTreeMap;

use kernel::Approved;
use proptest::prelude::*;
use shallweplay_games::decide::Resolution;
use shallweplay_games::{Game, LedgerEntry, Outcome, ResultStatus, Status};

use crate::world::{EVIDENCE_MS, WINDOW_MS, World, scores, world};

/// What one seat reports.
#[derive(Debug, Clone)]
struct Says {
    seat: usize,
    score: i32,
    others: Vec<(usize, i32)>,
    outcome: Option<Outcome>,
}

#[derive(Debug, Clone)]
enum Deed {
    Void,
    Amend(Vec<i32>),
    Settle(Vec<i32>),
    Dispute(usize),
}

/// What the story comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Expected {
    Reports,
    Review,
    Majority,
    /// Whatever the gate says of a dispute.
    Dispute,
}

fn value() -> impl Strategy<Value = i32> {
    prop_oneof![6 => 1..3_i32, 1 => Just(480)]
}

fn says(seats: usize) -> impl Strategy<Value = Vec<Says>> {
    let claimed = prop::sample::select(Outcome::ALL);
    let outcome = prop_oneof![4 => Just(None), 3 => claimed.prop_map(Some)];
    let others = prop::collection::vec((0..seats, value()), 0..3);
    let one = (value(), others, outcome);
    let all = prop::collection::vec(one, seats);
    let order = Just((0..seats).collect::<Vec<_>>()).prop_shuffle();
    (all, order, 1..=seats).prop_map(|(all, order, many)| {
        let says = |seat: usize| {
            let (score, others, outcome) = all[seat].clone();
            let mut by_seat: BTreeMap<_, _> = others.into_iter().collect();
            by_seat.remove(&seat);
            Says { seat, score, others: by_seat.into_iter().collect(), outcome }
        };
        order.into_iter().take(many).map(says).collect()
    })
}

fn deed() -> impl Strategy<Value = Deed> {
    let given = || prop::collection::vec(0..3_i32, 5);
    prop_oneof![
        2 => Just(Deed::Void),
        3 => given().prop_map(Deed::Amend),
        1 => given().prop_map(Deed::Settle),
        2 => (0..5_usize).prop_map(Deed::Dispute),
    ]
}

fn claims(says: &Says) -> Vec<(usize, i32)> {
    std::iter::once((says.seat, says.score)).chain(says.others.iter().copied()).collect()
}

/// Each seat a team of its own: the best wins, the best who are equal draw.
fn ranked(seats: usize, scores: &BTreeMap<usize, i32>) -> Vec<Option<Outcome>> {
    let best = scores.values().max().copied();
    let among = (0..seats).filter(|seat| scores.get(seat).copied() == best).count();
    let outcome = |seat| match scores.get(&seat).copied() == best {
        _ if seats == 1 => None,
        true if among == 1 => Some(Outcome::Win),
        true => Some(Outcome::Draw),
        false => Some(Outcome::Loss),
    };
    (0..seats).map(outcome).collect()
}

/// The reference: as one would explain it, with lists.
fn expected(seats: usize, all: &[Says]) -> (Expected, Vec<Option<Outcome>>) {
    let mut about: BTreeMap<usize, Vec<(usize, i32)>> = BTreeMap::new();
    for says in all {
        for (seat, score) in claims(says) {
            about.entry(seat).or_default().push((says.seat, score));
        }
    }
    let first: BTreeMap<_, _> = about.iter().map(|(seat, said)| (*seat, said[0].1)).collect();
    let fits = |scores: &BTreeMap<usize, i32>| -> Vec<bool> {
        let computed = ranked(seats, scores);
        all.iter().filter_map(|says| Some(says.outcome? == computed[says.seat]?)).collect()
    };
    let agreed = about.values().all(|said| said.iter().all(|claim| claim.1 == said[0].1));
    let conflict = !agreed || fits(&first).contains(&false);
    let enough = all.len() * 2 > seats;
    let lonely =
        |seat: &usize, score: i32| score > 450 && about[seat].iter().filter(|(_, said)| *said == score).count() == 1;
    if enough && !conflict {
        let held = first.iter().any(|(seat, score)| lonely(seat, *score));
        return (if held { Expected::Review } else { Expected::Reports }, ranked(seats, &first));
    }
    let mut voted = BTreeMap::new();
    for (seat, said) in &about {
        let count = |score: i32| said.iter().filter(|claim| claim.1 == score).count();
        let winner = said.iter().map(|claim| claim.1).find(|score| {
            let n = count(*score);
            n == said.len() || (n >= 2 && n * 2 > said.len())
        });
        voted.extend(winner.map(|score| (*seat, score)));
    }
    let decided = voted.len() == about.len() && !voted.iter().any(|(seat, score)| lonely(seat, *score));
    let fit = fits(&voted);
    let right = fit.iter().filter(|right| **right).count();
    if decided && enough && all.len() >= 3 && (right == fit.len() || right * 2 > fit.len()) {
        (Expected::Majority, ranked(seats, &voted))
    } else {
        (Expected::Dispute, ranked(seats, &first))
    }
}

fn ended(game: &Game, reason: &str) -> bool {
    game.status == Status::Voided && game.ended.as_ref().is_some_and(|ended| ended.reason == reason)
}

/// Versions of the one game rise by one, sequences too, and what was entered stays.
async fn check_ledger(w: &World, family: &str, game: &Game, before: &[LedgerEntry]) -> Vec<LedgerEntry> {
    let entries = w.ledger(family).await;
    assert_eq!(&entries[..before.len()], before, "a finished version never changes");
    for (n, entry) in (1..).zip(&entries) {
        assert_eq!((entry.sequence, i64::from(entry.version)), (n, n), "gapless");
    }
    let last = entries.last();
    assert_eq!(last.map(|entry| entry.version), game.result.as_ref().map(|result| result.version));
    if let (Some(entry), Some(result)) = (last, &game.result) {
        assert_eq!((entry.status, &entry.standings), (result.status, &result.standings));
        let status = if entry.status == ResultStatus::Settled { Status::Settled } else { Status::Voided };
        assert_eq!(game.status, status);
        let lines: Vec<_> = result.standings.iter().map(|line| (line.score, line.outcome)).collect();
        let players: Vec<_> = game.players.iter().map(|player| (player.score, player.outcome)).collect();
        assert_eq!(lines, players);
    }
    entries
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn reports_come_to_what_a_simple_model_says(
        (mode, reports) in prop_oneof![
            Just(("pair", 2)), Just(("three", 3)), Just(("race", 4)), Just(("five", 5)), Just(("run", 1)),
        ].prop_flat_map(|(mode, seats)| (Just(mode), says(seats))),
        gate in prop_oneof![Just(Approved::Yes), Just(Approved::No(String::from("no"))), Just(Approved::Pending)],
        deeds in prop::collection::vec(deed(), 0..6),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("builds");
        runtime.block_on(async {
            let w = world();
            w.gate.set(gate.clone());
            let table = w.played(mode).await;
            let seats = table.players.len();
            for says in &reports {
                let bold = claims(says).iter().any(|claim| claim.1 > 450);
                let (status, _) = w.report(&table, says.seat, says.score, &says.others, says.outcome).await;
                assert_eq!(status, if bold { "held" } else { "accepted" });
            }
            let (expected, ranks) = expected(seats, &reports);
            let waits = reports.len() < seats;
            let game = w.load(table.id).await;
            assert_eq!(game.status == Status::InProgress, waits, "{:?}", game.status);
            let game = if waits { w.after(WINDOW_MS, table.id).await } else { game };
            let over = match expected {
                Expected::Reports => Status::Settled,
                Expected::Review => Status::Finished,
                Expected::Majority | Expected::Dispute => Status::Disputed,
            };
            // A window that ended in the sweep asks at the next one.
            assert_eq!(game.status, over);
            w.after(0, table.id).await;
            let mut game = w.after(EVIDENCE_MS, table.id).await;
            let mut entries = check_ledger(&w, mode, &game, &[]).await;
            let outcomes: Vec<_> = game.players.iter().map(|player| player.outcome).collect();
            let reason = entries.first().map(|entry| entry.reason.clone()).unwrap_or_default();
            match (expected, &gate) {
                (Expected::Reports, _) => assert_eq!((&*reason, outcomes), ("reports", ranks)),
                (Expected::Majority, _) => assert_eq!((&*reason, outcomes), ("majority", ranks)),
                (Expected::Review | Expected::Dispute, Approved::Yes) => {
                    assert_eq!((&*reason, outcomes), ("review", ranks));
                }
                (Expected::Review, Approved::No(_)) => assert!(ended(&game, "rejected_report")),
                (Expected::Dispute, Approved::No(_)) => assert!(ended(&game, "unresolved_dispute")),
                (_, Approved::Pending) => assert_eq!((game.status, game.needs_review), (over, true)),
            }
            // Operators and players go on; what stands is always the last version, and all of them are kept.
            w.gate.set(Approved::Yes);
            let admin = w.player();
            for deed in &deeds {
                let (id, given) = (table.id, |all: &[i32]| scores(&table, &all[..seats]));
                let done = match deed {
                    Deed::Void => w.games.void(admin, id, "void", None).await,
                    Deed::Amend(all) => w.games.amend(admin, id, "amend", &given(all), None).await,
                    Deed::Settle(all) => {
                        let resolution = Resolution::Settle { scores: given(all) };
                        w.games.resolve(admin, id, &resolution, "resolve", None).await
                    }
                    Deed::Dispute(seat) => {
                        w.games.dispute(table.players[seat % seats], id, "no", None, None).await
                    }
                };
                let stands = w.load(id).await;
                if let Ok(done) = &done {
                    assert_eq!(done, &stands);
                }
                assert!(game.status.may_become(stands.status), "{} to {}", game.status, stands.status);
                entries = check_ledger(&w, mode, &stands, &entries).await;
                game = stands;
            }
        });
    }
}
