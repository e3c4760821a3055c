use std::collections::BTreeMap;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use kernel::contract::{Pace, all_at_once};
use kernel::{Lease, PlayerId, Riders, StoreError, Timestamp};

use super::StandingsFixture;
use super::fixture::{at, head, key, rating, stats};
use crate::fact::Outcome;
use crate::model::{Head, Pairing, PlayerStats, Rating, ResultRow};
use crate::store::{StandingsChange, Working, WorkingKeys};

/// An empty database answers every question.
pub async fn what_was_never_stored_is_nothing(f: &StandingsFixture, _: Pace) {
    let (ann, ben) = (f.player(), f.player());
    assert_eq!(f.store.head("duel").await.expect("readable"), head("duel", 0));
    let keys = WorkingKeys {
        family: "duel".to_owned(),
        players: vec![ann, ben],
        stats: vec![key("duel", "", ann)],
        pairings: vec![("duel".to_owned(), ann, ben)],
    };
    assert_eq!(f.store.working(&keys).await.expect("readable"), Working::default());
    assert_eq!(f.store.working(&WorkingKeys::default()).await.expect("readable"), Working::default());
    assert_eq!(f.store.results("duel", 0, 10).await.expect("readable"), []);
    assert_eq!(f.store.results_of_game(f.game()).await.expect("readable"), []);
    assert_eq!(f.store.results_of_player(ann, "duel", 0, 10).await.expect("readable"), []);
    assert_eq!(f.store.last_before("duel", &[ann], 9).await.expect("readable"), BTreeMap::new());
    assert_eq!(f.store.last_before("duel", &[], 9).await.expect("readable"), BTreeMap::new());
    assert_eq!(f.store.ratings_page("duel", None, 10).await.expect("readable"), []);
    assert_eq!(f.store.stats_page("duel", "", None, 10).await.expect("readable"), []);
    assert_eq!(f.store.pairings_page("duel", None, 10).await.expect("readable"), []);
}

/// Every field of a row, rating, stats row and pairing, with its last bit, and what isn't there stays away.
pub async fn everything_comes_back_bit_by_bit(f: &StandingsFixture, _: Pace) {
    let players = f.players(3);
    let [ann, ben, cem] = players[..] else { panic!("three") };
    let rated = ResultRow {
        weight: 0.062_5 + f64::EPSILON,
        outcome: Some(Outcome::Draw),
        score: Some(-((1 << 53) - 1)),
        version: i32::MAX,
        team: 255,
        ..f.rated("duel", 1, ann, 1_512.3)
    };
    let bare = Rating { volatility: 0.0, peak: None, last_at: None, games: 0, ..rating(1_500.0) };
    let other = ResultRow {
        game_id: rated.game_id,
        before: Some(bare),
        outcome: Some(Outcome::Loss),
        counts: false,
        ..f.rated("duel", 1, ben, 1_487.7)
    };
    let alone = ResultRow { outcome: None, score: None, mode: "blitz".to_owned(), ..f.row("duel", 2, cem) };
    let full = PlayerStats {
        games: 9,
        wins: 4,
        losses: 3,
        draws: 2,
        streak: -3,
        best_streak: 4,
        form: "WWWWDDLLL".to_owned(),
        best_score: Some(-5),
        total_score: -(1 << 60),
        rating: Some(1_500.0 + 1e-9),
        last_sequence: 2,
        last_at: Some(Timestamp::from_micros(at(3).micros() + 7)),
    };
    let met = Pairing {
        games: 3,
        wins: 1,
        losses: 1,
        draws: 1,
        streak: -1,
        last_game: Some(rated.game_id),
        last_sequence: 1,
        recent: (0..16).map(|n| Timestamp::from_micros(at(n).micros() + n)).collect(),
    };
    let working = Working {
        ratings: [(ann, rating(1_512.3)), (ben, bare)].into(),
        stats: [(key("duel", "", ann), full), (key("duel", "2026-01", ben), PlayerStats::default())].into(),
        pairings: [(("duel".to_owned(), ann, ben), met.clone()), (("duel".to_owned(), ben, ann), Pairing::default())]
            .into(),
    };
    let rows = vec![rated, other, alone];
    let next = Head { redo_from: Some(1), ..head("duel", 2) };
    let change =
        StandingsChange { head: next.clone(), results: rows.clone(), working: working.clone(), ..f.change("duel", 0) };
    f.carry_out(change).await;

    assert_eq!(f.store.head("duel").await.expect("readable"), next);
    assert_eq!(f.store.results("duel", 0, 10).await.expect("readable"), rows);
    assert_eq!(f.store.results_of_game(rows[0].game_id).await.expect("readable"), rows[..2]);
    let keys = WorkingKeys {
        family: "duel".to_owned(),
        players: vec![cem, ben, ann],
        stats: vec![key("duel", "", ann), key("duel", "2026-01", ben), key("duel", "", cem)],
        pairings: vec![("duel".to_owned(), ann, ben), ("duel".to_owned(), ben, ann), ("duel".to_owned(), ann, cem)],
    };
    assert_eq!(f.store.working(&keys).await.expect("readable"), working);
    let some = WorkingKeys { players: vec![ben], stats: Vec::new(), pairings: Vec::new(), ..keys };
    let found = f.store.working(&some).await.expect("readable");
    assert_eq!(found, Working { ratings: [(ben, bare)].into(), ..Working::default() });
}

/// The latest version of a row and of a value stands.
pub async fn rows_are_overwritten(f: &StandingsFixture, _: Pace) {
    let (ann, ben) = (f.player(), f.player());
    let row = f.rated("duel", 1, ann, 1_520.0);
    let pair = ("duel".to_owned(), ann, ben);
    let working = |n: i32| Working {
        ratings: [(ann, rating(f64::from(n)))].into(),
        stats: [(key("duel", "", ann), stats(n))].into(),
        pairings: [(pair.clone(), Pairing { games: n, recent: vec![at(n.into())], ..Pairing::default() })].into(),
    };
    f.write("duel", vec![row.clone()], working(1)).await;
    let voided = ResultRow { version: 2, counts: false, rated: false, before: None, after: None, score: None, ..row };
    f.write("duel", vec![voided.clone()], working(2)).await;
    let keys = WorkingKeys {
        family: "duel".to_owned(),
        players: vec![ann],
        stats: vec![key("duel", "", ann)],
        pairings: vec![pair.clone()],
    };
    assert_eq!(f.store.working(&keys).await.expect("readable"), working(2));
    assert_eq!(f.store.results("duel", 0, 10).await.expect("readable"), vec![voided.clone()]);
    assert_eq!(f.store.results_of_player(ann, "duel", 0, 10).await.expect("readable"), vec![voided.clone()]);
    assert_eq!(f.store.results_of_game(voided.game_id).await.expect("readable"), vec![voided]);
}

/// Nothing of a refused change is there, its events neither.
pub async fn a_commit_from_another_head_is_stale(f: &StandingsFixture, _: Pace) {
    let ann = f.player();
    let redo = Head { redo_from: Some(1), ..head("duel", 1) };
    f.carry_out(StandingsChange { head: redo.clone(), ..f.change("duel", 0) }).await;
    let wrong = [head("duel", 0), head("duel", 1), head("duel", 2), Head { redo_from: Some(2), ..head("duel", 1) }];
    for expect in wrong {
        let change = StandingsChange {
            expect: expect.clone(),
            head: head("duel", 5),
            results: vec![f.row("duel", 1, ann)],
            working: Working { ratings: [(ann, rating(1.0))].into(), ..Working::default() },
            riders: Riders::events(vec![f.event("rating:duel")]),
            ..f.change("duel", 0)
        };
        let refusal = f.refused(change).await;
        assert!(matches!(refusal, StoreError::Stale), "{expect:?}: {refusal:?}");
    }
    let unknown = f.refused(f.change("chess", 1)).await;
    assert!(matches!(unknown, StoreError::Stale), "a family that was never applied is at 0: {unknown:?}");
    assert_eq!(f.store.head("duel").await.expect("readable"), redo);
    assert_eq!(f.store.head("chess").await.expect("readable"), head("chess", 0));
    assert_eq!(f.store.results("duel", 0, 10).await.expect("readable"), []);
    assert_eq!(f.store.ratings_page("duel", None, 10).await.expect("readable"), []);
    assert_eq!(f.claim().await, []);
    f.carry_out(StandingsChange { expect: redo.clone(), head: redo, ..f.change("duel", 0) }).await;
}

/// However many workers believe in themselves.
pub async fn of_concurrent_commits_one_is_carried_out(f: &StandingsFixture, _: Pace) {
    let players = f.players(4);
    for applied in 0..8 {
        let change = || StandingsChange {
            results: players.iter().map(|player| f.rated("duel", applied + 1, *player, 1_500.0)).collect(),
            working: Working {
                ratings: players.iter().map(|player| (*player, rating(1_500.0))).collect(),
                ..Working::default()
            },
            riders: Riders::events(vec![f.event("rating:duel")]),
            ..f.change("duel", applied)
        };
        let answers = all_at_once((0..6).map(|_| f.store.commit(change()))).await;
        assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1, "{answers:?}");
        assert!(answers.iter().all(|answer| matches!(answer, Ok(()) | Err(StoreError::Stale))), "{answers:?}");
    }
    assert_eq!(f.claim().await.len(), 8, "each has its event once, in the order of commits");
    assert_eq!(f.store.head("duel").await.expect("readable"), head("duel", 8));
}

/// A worker that was replaced changes nothing, even if the head stands as it remembers.
pub async fn a_spent_fence_is_refused(f: &StandingsFixture, _: Pace) {
    let ttl = Duration::from_secs(600);
    let old = f.leases.acquire("standings", "a", ttl).await.expect("readable").expect("free");
    let under = |lease: &Lease, applied: i64| StandingsChange {
        riders: Riders { fence: Some(lease.clone()), ..Riders::events(vec![f.event("rating:duel")]) },
        ..f.change("duel", applied)
    };
    f.carry_out(under(&old, 0)).await;
    f.leases.release("standings", "a").await.expect("writable");
    let new = f.leases.acquire("standings", "b", ttl).await.expect("readable").expect("free");
    let refusal = f.refused(under(&old, 1)).await;
    assert!(matches!(refusal, StoreError::Fenced), "{refusal:?}");
    f.carry_out(under(&new, 1)).await;
    assert_eq!(f.claim().await.len(), 2);
}

/// A batch as large as the worker makes them.
pub async fn a_commit_of_thousands_is_whole(f: &StandingsFixture, _: Pace) {
    let players = f.players(400);
    let rows = players.iter().zip(2..).map(|(player, n): (_, i64)| f.rated("duel", n / 2, *player, 1_500.0));
    let mut rows: BTreeMap<(i64, PlayerId), ResultRow> = rows.map(|row| ((row.sequence, row.player_id), row)).collect();
    let pairings = players.windows(2).flat_map(|pair| {
        let pairing = Pairing { games: 1, ..Pairing::default() };
        let (one, other) = (pair[0], pair[1]);
        [(("duel".to_owned(), one, other), pairing.clone()), (("duel".to_owned(), other, one), pairing)]
    });
    let working = Working {
        ratings: players.iter().map(|player| (*player, rating(1_501.0))).collect(),
        stats: players
            .iter()
            .flat_map(|player| ["", "2026-01"].map(|season| (key("duel", season, *player), stats(3))))
            .collect(),
        pairings: pairings.collect(),
    };
    let change = StandingsChange {
        head: head("duel", 200),
        results: rows.values().cloned().collect(),
        working: working.clone(),
        riders: Riders::events((0..400).map(|n| f.event(&format!("rating:duel:{n}"))).collect()),
        ..f.change("duel", 0)
    };
    f.carry_out(change).await;
    let keys = WorkingKeys {
        family: "duel".to_owned(),
        players,
        stats: working.stats.keys().cloned().collect(),
        pairings: working.pairings.keys().cloned().collect(),
    };
    assert!(f.store.working(&keys).await.expect("readable") == working, "all of it is there");
    let mut after = 0;
    loop {
        let page = f.store.results("duel", after, 150).await.expect("readable");
        let Some(last) = page.last() else { break };
        after = last.sequence;
        for row in page {
            assert_eq!(rows.remove(&(row.sequence, row.player_id)), Some(row));
        }
    }
    assert!(rows.is_empty());
    assert_eq!(f.claim().await.len(), 400);
}

/// Equal sequences of two families are two places.
pub async fn families_share_nothing(f: &StandingsFixture, _: Pace) {
    let ann = f.player();
    let duel = f.rated("duel", 1, ann, 1_510.0);
    let chess = ResultRow { mode: "chess".to_owned(), ..f.rated("chess", 1, ann, 1_610.0) };
    f.write("duel", vec![duel.clone()], Working { ratings: [(ann, rating(1.0))].into(), ..Working::default() }).await;
    assert_eq!(f.store.head("chess").await.expect("readable"), head("chess", 0));
    f.write("chess", vec![chess.clone()], Working { ratings: [(ann, rating(2.0))].into(), ..Working::default() }).await;
    for (family, row, value) in [("duel", duel, 1.0), ("chess", chess, 2.0)] {
        assert_eq!(f.store.head(family).await.expect("readable"), head(family, 1));
        assert_eq!(f.store.results(family, 0, 10).await.expect("readable"), vec![row.clone()]);
        assert_eq!(f.store.ratings_page(family, None, 10).await.expect("readable"), [(ann, rating(value))]);
        assert_eq!(f.store.last_before(family, &[ann], 9).await.expect("readable"), [(ann, row)].into());
    }
}

/// A caller who goes away in the middle leaves a whole change behind.
pub async fn survives_a_dropped_commit(f: &StandingsFixture, pace: Pace) {
    let ann = f.player();
    for polls in 1..10 {
        let change = StandingsChange {
            results: vec![f.rated("duel", polls, ann, 1_500.0)],
            working: Working { stats: [(key("duel", "", ann), stats(3))].into(), ..Working::default() },
            riders: Riders::events(vec![f.event("rating:duel")]),
            ..f.change("duel", polls - 1)
        };
        {
            let mut commit = pin!(f.store.commit(change));
            let mut polled = 0;
            std::future::poll_fn(|context| {
                polled += 1;
                let ready = commit.as_mut().poll(context).is_ready() || polled == polls;
                if ready { Poll::Ready(()) } else { Poll::Pending }
            })
            .await;
        }
        let landed = head("duel", polls);
        pace.until("the change has landed", async || f.store.head("duel").await.expect("readable") == landed).await;
        let row = f.store.results("duel", polls - 1, 10).await.expect("readable");
        assert_eq!(row.len(), 1, "the row came with the head");
    }
    assert_eq!(f.claim().await.len(), 9);
}
