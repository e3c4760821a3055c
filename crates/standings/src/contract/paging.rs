use std::collections::BTreeMap;

use kernel::contract::Pace;

use super::StandingsFixture;
use super::fixture::{key, rating, stats};
use crate::model::{Pairing, ResultRow};
use crate::store::Working;

/// A game is read with all its players or not yet.
pub async fn places_are_never_cut_in_two(f: &StandingsFixture, _: Pace) {
    let players = f.players(4);
    let mut rows = Vec::new();
    for (sequence, size) in [(1, 2), (2, 4), (5, 1), (6, 3)] {
        rows.extend(players[..size].iter().map(|player| f.row("duel", sequence, *player)));
    }
    // Written in another order than they are read.
    f.write("duel", rows.iter().rev().cloned().collect(), Working::default()).await;
    for limit in 1..12 {
        let (mut seen, mut after) = (Vec::new(), 0);
        loop {
            let page = f.store.results("duel", after, limit).await.expect("readable");
            let Some(last) = page.last() else { break };
            after = last.sequence;
            let whole = rows.iter().filter(|row| row.sequence == after).count();
            assert_eq!(page.iter().filter(|row| row.sequence == after).count(), whole, "{limit} at {after}");
            assert!(page.len() < usize::try_from(limit).expect("few") + 4, "{limit}: {}", page.len());
            seen.extend(page);
        }
        assert_eq!(seen, rows, "in pages of {limit}");
    }
}

/// Rows without a rating, of the place itself, or later ones are passed over.
pub async fn the_last_rated_row_before_a_place_is_found(f: &StandingsFixture, _: Pace) {
    let players = f.players(3);
    let [ann, ben, cem] = players[..] else { panic!("three") };
    let first = f.rated("duel", 1, ann, 1_501.0);
    let second = ResultRow { mode: "blitz".to_owned(), ..f.rated("duel", 3, ann, 1_502.0) };
    let rows = vec![
        first.clone(),
        f.row("duel", 2, ann),
        second.clone(),
        f.rated("duel", 3, ben, 1_499.0),
        f.row("duel", 4, ann),
        f.rated("duel", 5, ann, 1_503.0),
        f.row("duel", 5, cem),
    ];
    f.write("duel", rows.clone(), Working::default()).await;
    let find = async |place: i64| f.store.last_before("duel", &[cem, ben, ann], place).await.expect("readable");
    assert_eq!(find(1).await, BTreeMap::new());
    assert_eq!(find(3).await, [(ann, first)].into());
    assert_eq!(find(5).await, [(ann, second), (ben, rows[3].clone())].into());
    assert_eq!(find(i64::MAX).await, [(ann, rows[5].clone()), (ben, rows[3].clone())].into());
    assert_eq!(f.store.last_before("chess", &[ann], 9).await.expect("readable"), BTreeMap::new());
}

/// By place, of one mode, in pages.
pub async fn a_players_rows_come_in_order(f: &StandingsFixture, _: Pace) {
    let (ann, ben) = (f.player(), f.player());
    let mut mine = Vec::new();
    let mut rows = vec![f.row("duel", 3, ben)];
    for sequence in [1, 2, 3, 5, 8, 13] {
        mine.push(f.row("duel", sequence, ann));
    }
    rows.extend(mine.iter().rev().cloned());
    rows.push(ResultRow { mode: "blitz".to_owned(), ..f.row("duel", 4, ann) });
    f.write("duel", rows, Working::default()).await;
    for limit in 1..8 {
        let (mut seen, mut after) = (Vec::new(), 0);
        loop {
            let page = f.store.results_of_player(ann, "duel", after, limit).await.expect("readable");
            let Some(last) = page.last() else { break };
            assert!(page.len() <= usize::try_from(limit).expect("few"));
            after = last.sequence;
            seen.extend(page);
        }
        assert_eq!(seen, mine, "in pages of {limit}");
    }
    assert_eq!(f.store.results_of_player(ann, "blitz", 0, 10).await.expect("readable").len(), 1);
    assert_eq!(f.store.results_of_player(ben, "blitz", 0, 10).await.expect("readable"), []);
}

/// Each list from one end to the other, nothing twice, nothing of others.
pub async fn ratings_stats_and_pairings_come_in_pages(f: &StandingsFixture, _: Pace) {
    let players = f.players(7);
    let working = Working {
        ratings: players.iter().map(|player| (*player, rating(1_500.0))).collect(),
        stats: players
            .iter()
            .flat_map(|player| {
                [("duel", "", 1), ("duel", "2026-01", 2), ("blitz", "", 3)]
                    .map(|(mode, season, n)| (key(mode, season, *player), stats(n)))
            })
            .collect(),
        pairings: ["duel", "blitz"]
            .into_iter()
            .flat_map(|mode| {
                let pairs = players.iter().flat_map(|one| players[..3].iter().map(move |other| (*one, *other)));
                pairs.map(move |(one, other)| {
                    let games = i32::try_from(mode.len()).expect("short");
                    ((mode.to_owned(), one, other), Pairing { games, ..Pairing::default() })
                })
            })
            .collect(),
    };
    f.write("duel", Vec::new(), working.clone()).await;
    f.write("chess", Vec::new(), Working { ratings: [(f.player(), rating(9.0))].into(), ..Working::default() }).await;
    for limit in [1, 2, 3, 7, 100] {
        let (mut seen, mut after) = (Vec::new(), None);
        loop {
            let page = f.store.ratings_page("duel", after, limit).await.expect("readable");
            let Some(last) = page.last() else { break };
            after = Some(last.0);
            seen.extend(page);
        }
        assert_eq!(seen, working.ratings.clone().into_iter().collect::<Vec<_>>(), "in pages of {limit}");
        for (season, n) in [("", 1), ("2026-01", 2)] {
            let (mut seen, mut after) = (Vec::new(), None);
            loop {
                let page = f.store.stats_page("duel", season, after, limit).await.expect("readable");
                let Some(last) = page.last() else { break };
                after = Some(last.0);
                seen.extend(page);
            }
            assert_eq!(seen, players.iter().map(|player| (*player, stats(n))).collect::<Vec<_>>());
        }
        let (mut seen, mut after) = (Vec::new(), None);
        loop {
            let page = f.store.pairings_page("duel", after, limit).await.expect("readable");
            let Some(last) = page.last() else { break };
            after = Some(last.0);
            seen.extend(page);
        }
        let expected = working.pairings.iter().filter(|((mode, _, _), _)| mode == "duel");
        let expected: Vec<_> = expected.map(|((_, one, other), pairing)| ((*one, *other), pairing.clone())).collect();
        assert_eq!(seen, expected, "in pages of {limit}");
    }
}
