//! Commits as large as they get, and several at once.

use std::sync::Arc;

use kernel::{GameId, PlayerId, Riders, Timestamp};
use standings::{Head, Outcome, Pairing, PlayerStats, Rating, ResultRow, StandingsChange, StatsKey, Working};

use crate::worlds::World;

fn head(family: &str, applied: i64) -> Head {
    Head { family: family.to_owned(), applied, redo_from: None }
}

fn rating(value: f64) -> Rating {
    let last_at = Some(Timestamp::from_millis(1_767_225_600_000));
    Rating { value, deviation: 80.5, volatility: 0.06, games: 3, peak: None, last_at }
}

fn row(world: &World, family: &str, sequence: i64, player: PlayerId) -> ResultRow {
    ResultRow {
        family: family.to_owned(),
        sequence,
        player_id: player,
        game_id: GameId::new(world.ids.uuid(Timestamp::from_micros(0))),
        version: 1,
        mode: family.to_owned(),
        season: "2026-01".to_owned(),
        team: 1,
        outcome: Some(Outcome::Win),
        score: Some(7),
        counts: true,
        rated: true,
        weight: 1.0,
        before: Some(rating(1_500.0)),
        after: Some(rating(1_512.25)),
        at: Timestamp::from_millis(1_767_225_600_000),
    }
}

fn players(world: &World, count: usize) -> Vec<PlayerId> {
    (0..count).map(|_| PlayerId::new(world.ids.uuid(Timestamp::from_micros(0)))).collect()
}

fn change(family: &str, applied: i64, results: Vec<ResultRow>, working: Working) -> StandingsChange {
    StandingsChange {
        expect: head(family, applied),
        head: head(family, applied + 1),
        results,
        working,
        reopened: Vec::new(),
        riders: Riders::default(),
    }
}

/// A game that is voided in the batch it is entered in has two rows.
pub(super) async fn of_two_rows_of_one_place_in_a_commit_the_later_stands(world: World) {
    let player = players(&world, 1)[0];
    let first = row(&world, "duel", 1, player);
    let voided = ResultRow { version: 2, counts: false, before: None, after: None, ..first.clone() };
    let both = change("duel", 0, vec![first, voided.clone()], Working::default());
    world.stores.standings.commit(both).await.expect("carried out");
    assert_eq!(world.stores.standings.results("duel", 0, 10).await.expect("readable"), [voided]);
}

/// 200 games of four players who never met, and every pair among a hundred more.
pub(super) async fn the_largest_commit_keeps_within_the_write_budget(world: World) {
    let everybody = players(&world, 800);
    let seated = everybody.iter().zip(0_i64..);
    let results: Vec<_> = seated.map(|(player, at)| row(&world, "duel", 1 + at / 4, *player)).collect();
    let mut working = Working::default();
    for player in &everybody {
        working.ratings.insert(*player, rating(1_500.0));
        for season in ["", "2026-01"] {
            let key = StatsKey { mode: "duel".to_owned(), season: season.to_owned(), player_id: *player };
            let stats =
                PlayerStats { games: 1, wins: 1, best_score: Some(3), rating: Some(1_500.0), ..PlayerStats::default() };
            working.stats.insert(key, stats);
        }
    }
    for player in &everybody[..64] {
        for opponent in &everybody[..64] {
            working.pairings.insert(("duel".to_owned(), *player, *opponent), Pairing::default());
        }
    }
    let store = &world.stores.standings;
    // All of it new, then all of it there. A commit over its budget is refused.
    store.commit(change("duel", 0, results.clone(), working.clone())).await.expect("inserted in time");
    store.commit(change("duel", 1, results.clone(), working.clone())).await.expect("overwritten in time");
    let found = store.results("duel", 0, 10_000).await.expect("readable");
    assert_eq!(found.len(), results.len());
    assert_eq!(store.pairings_page("duel", None, 10_000).await.expect("readable").len(), 64 * 64);
}

/// Two families that write one mode's rows, which is what moving a mode to another family comes to: they take them in
/// one order, so that neither waits for the other in a circle.
pub(super) async fn families_with_players_in_common_commit_side_by_side(world: World) {
    let everybody = players(&world, 50);
    let world = Arc::new(world);
    let worker = |family: &'static str| {
        let (world, everybody) = (Arc::clone(&world), everybody.clone());
        tokio::spawn(async move {
            for round in 0..20 {
                let applied = i64::from(round);
                let mut working = Working::default();
                for player in &everybody {
                    let key = StatsKey { mode: "both".to_owned(), season: String::new(), player_id: *player };
                    working.stats.insert(key, PlayerStats { games: round + 1, ..PlayerStats::default() });
                }
                let results = everybody.iter().map(|player| row(&world, family, applied + 1, *player)).collect();
                world.stores.standings.commit(change(family, applied, results, working)).await.expect("no deadlock");
            }
        })
    };
    let (one, other) = tokio::join!(worker("one"), worker("other"));
    one.and(other).expect("both came to their end");
}
