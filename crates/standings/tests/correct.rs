//! Results that were taken back or changed, and what becomes of those who played since.

#[expect(dead_code, reason = "each test binary uses a part of it")]
mod worlds;

use std::time::Duration;

use kernel::{Leases as _, PlayerId, StoreError};
use shallweplay_standings::{Outcome, Rating, ResultRow, StandingsReads as _, StandingsStore as _, Worker, rating};
use worlds::{Fate, World};

async fn value(world: &World, family: &str, player: PlayerId) -> f64 {
    world.store.ratings(family, &[player]).await.expect("readable").get(&player).map_or(1_500.0, |r| r.value)
}

async fn rows(world: &World, family: &str) -> Vec<ResultRow> {
    world.store.results(family, 0, 10_000).await.expect("readable")
}

#[tokio::test]
async fn a_voided_game_is_as_if_it_had_never_been_played() {
    let (mut world, mut other) = (World::new(), World::new());
    let [ann, ben, cem] = world.players();
    let wrong = world.beats("duel", ann, ben);
    world.clock.advance_millis(1_000);
    world.beats("duel", ben, cem);
    world.beats("duel", cem, ann);
    world.work().await;
    let with = value(&world, "duel", cem).await;
    world.voids(&wrong);
    world.work().await;
    assert_ne!(value(&world, "duel", cem).await.to_bits(), with.to_bits(), "who met its players since is redone");

    other.clock.advance_millis(1_000);
    other.beats("duel", ben, cem);
    other.beats("duel", cem, ann);
    other.work().await;
    for player in [ann, ben, cem] {
        assert_eq!(value(&world, "duel", player).await.to_bits(), value(&other, "duel", player).await.to_bits());
    }
    let standings = world.standings();
    let met = standings.head_to_head(ann, ben, None).await.expect("readable");
    assert_eq!((met.games, met.last_game), (0, None));
    let mine = standings.stats_of(ann, None).await.expect("readable").total;
    assert_eq!((mine.games, mine.wins, mine.losses, mine.streak, mine.form.as_str()), (1, 0, 1, -1, "L"));
    let void: Vec<_> = rows(&world, "duel").await.into_iter().filter(|row| row.game_id == wrong.game_id).collect();
    assert!(void.iter().all(|row| !row.counts && !row.rated && row.after.is_none() && row.version == 2));
}

#[tokio::test]
async fn an_amended_result_counts_as_it_says_now_at_its_old_place() {
    let mut world = World::new();
    let [ann, ben] = world.players();
    let wrong = world.beats("duel", ann, ben);
    world.clock.advance_millis(1_000);
    world.beats("duel", ann, ben);
    world.work().await;
    world.clock.advance_millis(40 * 86_400_000);
    world.corrects(&wrong, |fact| {
        for (line, outcome) in fact.lines.iter_mut().zip([Outcome::Loss, Outcome::Win]) {
            line.outcome = Some(outcome);
            line.score = Some(50);
        }
    });
    world.work().await;
    let standings = world.standings();
    let mine = standings.stats_of(ann, Some("2026-01")).await.expect("readable").total;
    assert_eq!(
        (mine.games, mine.wins, mine.losses, mine.form.as_str()),
        (2, 1, 1, "LW"),
        "in the season it was played"
    );
    let february = standings.stats_of(ann, Some("2026-02")).await.expect("readable").total;
    assert_eq!(february.games, 0, "the correction is no game");
    assert_eq!(standings.stats_of(ben, None).await.expect("readable").by_mode[0].1.best_score, Some(50));
    let first = &rows(&world, "duel").await[0];
    assert_eq!((first.sequence, first.version, first.at), (1, 2, wrong.at));
    assert!(first.after.expect("rated").value < 1_500.0);
}

#[tokio::test]
async fn a_game_voided_and_restored_leaves_everything_as_it_was() {
    let mut world = World::new();
    let [ann, ben, cem] = world.players();
    world.beats("duel", ann, ben);
    let fact = world.beats("duel", ben, cem);
    for _ in 0..8 {
        world.clock.advance_millis(60_000);
        world.beats("duel", ann, cem);
    }
    world.work().await;
    let before: Vec<ResultRow> = rows(&world, "duel").await;
    let heard = world.rating_changes().len();
    let void = world.voids(&fact);
    world.work().await;
    world.corrects(&void, |fact| fact.voided = false);
    world.work().await;
    let mut after = rows(&world, "duel").await;
    for row in after.iter_mut().filter(|row| row.game_id == fact.game_id) {
        row.version = 1;
    }
    assert_eq!(after, before);
    let corrected: Vec<_> = world.rating_changes().split_off(heard);
    assert_eq!(corrected.len(), 6, "three players, down and up again");
    assert!(corrected.iter().all(|event| event.data["reason"] == "corrected"));
    let versions: Vec<_> = corrected.iter().map(|event| event.data["version"].as_i64()).collect();
    assert_eq!(versions, [Some(2), Some(2), Some(2), Some(3), Some(3), Some(3)]);
    assert!(corrected.iter().all(|event| event.data["game_id"] == fact.game_id.to_string()));
}

#[tokio::test]
async fn only_games_of_players_whose_rating_changed_are_rated_again() {
    let mut world = World::new();
    let [ann, ben, cem, dan, eve, fay] = world.players();
    let wrong = world.beats("duel", ann, ben);
    for _ in 0..10 {
        world.beats("duel", cem, dan);
        world.beats("duel", eve, fay);
    }
    world.beats("duel", ben, cem);
    world.work().await;
    world.voids(&wrong);
    let mut redone = 0;
    loop {
        let step = world.step().await.expect("no fault");
        redone += step.redone;
        if !step.more {
            break;
        }
    }
    assert_eq!(redone, 2, "the one game of ben since");
    let heard: Vec<_> = world.rating_changes().split_off(44);
    let mut heard: Vec<_> = heard.iter().map(|event| event.data["player_id"].as_str().map(str::to_owned)).collect();
    heard.sort();
    assert_eq!(heard, [ann, ben, cem].map(|player| Some(player.to_string())));
}

#[tokio::test]
async fn new_games_wait_until_a_correction_is_through() {
    let mut world = World::new();
    let [ann, ben] = world.players();
    let wrong = world.beats("duel", ann, ben);
    world.work().await;
    world.voids(&wrong);
    world.beats("duel", ben, ann);
    let step = world.step().await.expect("no fault");
    assert_eq!((step.applied, step.behind, step.more), (1, 1, true));
    assert_eq!(world.store.head("duel").await.expect("readable").redo_from, Some(1));
    world.work().await;
    let last = rows(&world, "duel").await.into_iter().find(|row| row.sequence == 3).expect("applied");
    let newcomer = rating::newcomer(shallweplay_standings::Model::WengLin);
    assert_eq!(last.before.map(|before: Rating| before.value), Some(newcomer.value), "not from what was taken back");
}

#[tokio::test]
async fn a_void_changes_no_other_games_weight() {
    let mut world = World::new();
    let [ann, ben] = world.players();
    let games: Vec<_> = (0..8).map(|_| world.beats("duel", ann, ben)).collect();
    world.work().await;
    let weights = |rows: Vec<ResultRow>| rows.into_iter().map(|row| row.weight).collect::<Vec<_>>();
    let before = weights(rows(&world, "duel").await);
    for game in &games[..5] {
        world.voids(game);
    }
    world.work().await;
    assert_eq!(weights(rows(&world, "duel").await), before);
    world.beats("duel", ann, ben);
    world.work().await;
    assert_eq!(weights(rows(&world, "duel").await).last(), Some(&0.0625), "voided ones were played, too");
}

#[tokio::test]
async fn a_result_voided_before_it_was_settled_has_a_place_and_counts_for_nothing() {
    let mut world = World::new();
    let [ann, ben] = world.players();
    let fact = world.beats("chess", ann, ben);
    world.ledger.insert_as_is(shallweplay_standings::Fact {
        family: "duel".to_owned(),
        mode: "duel".to_owned(),
        sequence: 1,
        version: 2,
        voided: true,
        game_id: kernel::GameId::new(ann.uuid()),
        ..fact
    });
    world.work().await;
    let rows = rows(&world, "duel").await;
    assert!(rows.len() == 2 && rows.iter().all(|row| !row.counts && row.version == 2), "{rows:?}");
    assert_eq!(world.standings().stats_of(ann, None).await.expect("readable").by_mode.len(), 1);
}

#[tokio::test]
async fn a_worker_that_lost_its_lease_changes_nothing() {
    let mut world = World::new();
    let [ann, ben] = world.players();
    world.beats("duel", ann, ben);
    let spent = world.lease().await;
    world.kernel.release("standings", "here").await.expect("writable");
    let ttl = Duration::from_secs(60);
    world.kernel.acquire("standings", "there", ttl).await.expect("readable").expect("free");
    let answer = world.worker.step(&spent).await;
    assert!(matches!(answer, Err(StoreError::Fenced)), "{answer:?}");
    assert_eq!(rows(&world, "duel").await, []);
    assert_eq!(world.rating_changes(), []);
    world.kernel.release("standings", "there").await.expect("writable");
    world.work().await;
    assert_eq!(rows(&world, "duel").await.len(), 2);
}

#[tokio::test]
async fn of_two_workers_that_both_believe_each_game_takes_effect_once() {
    let world = World::new();
    let players: [PlayerId; 4] = world.players();
    for n in 0..40 {
        world.beats("duel", players[n % 4], players[(n + 1) % 4]);
    }
    let lease = world.lease().await;
    let (one, other) = (Worker::new(world.ports.clone()).with_batch(3), Worker::new(world.ports.clone()).with_batch(5));
    for turn in 0..40 {
        // Each loads before either commits, so one of them is stale.
        let (left, right) = (one.step(&lease), other.step(&lease));
        let answers = if turn % 2 == 0 { [left.await, right.await] } else { [right.await, left.await] };
        assert!(answers.iter().all(|answer| matches!(answer, Ok(_) | Err(StoreError::Stale))), "{answers:?}");
    }
    assert_eq!(rows(&world, "duel").await.len(), 80);
    assert_eq!(world.rating_changes().len(), 80);
}

#[tokio::test]
async fn a_redo_that_breaks_off_anywhere_starts_again_and_ends_the_same() {
    let broken_off = async |fail: Option<(usize, Fate)>| {
        let mut world = World::new();
        let players: [PlayerId; 6] = world.players();
        let wrong = world.beats("duel", players[0], players[1]);
        for n in 0..30 {
            world.clock.advance_millis(1_000);
            world.beats("duel", players[n % 6], players[(n + 1 + n % 5) % 6]);
        }
        world.work().await;
        world.voids(&wrong);
        if let Some((after, fate)) = fail {
            let mut fates = world.fragile.fates.lock().expect("no panic");
            fates.extend((0..after).map(|_| None));
            fates.push_back(Some(fate));
        }
        world.work().await;
        let events: Vec<_> = world.rating_changes().into_iter().map(|event| (event.aggregate, event.data)).collect();
        (rows(&world, "duel").await, events)
    };
    let smooth = broken_off(None).await;
    for after in 0..12 {
        for fate in [Fate::Lost, Fate::Unheard] {
            assert!(broken_off(Some((after, fate))).await == smooth, "{fate:?} after {after}");
        }
    }
}
