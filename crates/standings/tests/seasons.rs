//! Seasons end, once, and are closed anew when a result in them changes.

#[expect(dead_code, reason = "each test binary uses a part of it")]
mod worlds;

use kernel::{Clock as _, PlayerId, Timestamp};
use shallweplay_standings::{BoardKey, Metric, SeasonCloser, SeasonStore as _, StandingsReads as _};
use worlds::World;

const DAY: i64 = 86_400_000;

fn board(metric: Metric) -> BoardKey {
    BoardKey { mode: "duel".to_owned(), season: "2026-01".to_owned(), metric }
}

async fn finals(world: &World, metric: Metric) -> Vec<(i64, PlayerId, f64)> {
    let finals = world.store.finals(&board(metric), 200).await.expect("readable");
    finals.into_iter().map(|place| (place.rank, place.player_id, place.value)).collect()
}

async fn close(world: &World) -> usize {
    SeasonCloser::new(world.ports.clone()).close_due(world.clock.now()).await.expect("no fault")
}

fn closings(world: &World) -> Vec<(String, i64)> {
    let events = world.kernel.events().into_iter().filter(|event| event.kind == "season.closed");
    events.map(|event| (event.aggregate, event.data["revision"].as_i64().expect("a number"))).collect()
}

#[tokio::test]
async fn a_season_is_closed_an_hour_after_its_end_and_once() {
    let mut world = World::new();
    let [ann, ben, cem] = world.players();
    world.beats("duel", ann, ben);
    world.beats("duel", cem, ben);
    world.work().await;
    assert_eq!(close(&world).await, 0, "it runs");
    world.clock.advance_millis(31 * DAY + 3_599_999);
    assert_eq!(close(&world).await, 0, "its last games may still be settled");
    world.clock.advance_millis(1);
    assert_eq!(close(&world).await, 1);
    assert_eq!(close(&world).await, 0);
    assert_eq!(finals(&world, Metric::Wins).await, [(1, ann, 1.0), (1, cem, 1.0), (3, ben, 0.0)]);
    assert_eq!(finals(&world, Metric::Rating).await.len(), 3);
    assert_eq!(closings(&world), [("season:duel:2026-01".to_owned(), 1)]);
    let seasons = world.store.seasons("duel").await.expect("readable");
    assert_eq!(seasons[0].1.as_ref().map(|close| (close.revision, close.at)), Some((1, world.clock.now())));
}

#[tokio::test]
async fn a_season_waits_for_results_that_wait() {
    let mut world = World::new();
    let [ann, ben] = world.players();
    world.beats("duel", ann, ben);
    world.work().await;
    let fact = world.beats("duel", ann, ben);
    world.clock.advance_millis(40 * DAY);
    assert_eq!(close(&world).await, 0, "a game of January waits");
    world.work().await;
    world.beats("duel", ann, ben);
    world.voids(&fact);
    assert_eq!(close(&world).await, 1, "what waits now was decided later");
    // Applied up to the void, whose ratings are yet to be redone.
    world.step().await.expect("no fault");
    world.step().await.expect("no fault");
    assert_eq!(close(&world).await, 0, "half a correction is no final place");
    world.work().await;
    assert_eq!(close(&world).await, 1);
    assert_eq!(closings(&world).len(), 2);
}

#[tokio::test]
async fn a_correction_in_a_closed_season_makes_its_next_revision() {
    let mut world = World::new();
    let [ann, ben] = world.players();
    let wrong = world.beats("duel", ann, ben);
    world.beats("duel", ann, ben);
    world.beats("duel", ben, ann);
    world.work().await;
    world.clock.advance_millis(40 * DAY);
    world.beats("duel", ben, ann);
    world.work().await;
    assert_eq!(close(&world).await, 1, "February runs");
    let ratings = finals(&world, Metric::Rating).await;
    assert_eq!(finals(&world, Metric::Wins).await, [(1, ann, 2.0), (2, ben, 1.0)]);
    world.voids(&wrong);
    world.work().await;
    assert_eq!(close(&world).await, 1);
    assert_eq!(close(&world).await, 0);
    assert_eq!(finals(&world, Metric::Wins).await, {
        let mut tied = [(1, ann, 1.0), (1, ben, 1.0)];
        tied.sort_by_key(|place| place.1);
        tied
    });
    assert_ne!(finals(&world, Metric::Rating).await, ratings);
    assert_eq!(closings(&world).iter().map(|(_, revision)| *revision).collect::<Vec<_>>(), [1, 2]);
}

/// A correction in January moves ratings that were reached in February, which is closed, too.
#[tokio::test]
async fn a_correction_reopens_the_later_seasons_whose_ratings_it_moves() {
    let mut world = World::new();
    let [ann, ben] = world.players();
    let wrong = world.beats("duel", ann, ben);
    world.clock.advance_millis(40 * DAY);
    world.beats("duel", ben, ann);
    world.clock.advance_millis(40 * DAY);
    world.work().await;
    assert_eq!(close(&world).await, 2);
    world.voids(&wrong);
    world.work().await;
    assert_eq!(close(&world).await, 2);
    let february = BoardKey { season: "2026-02".to_owned(), ..board(Metric::Rating) };
    let last = world.store.finals(&february, 10).await.expect("readable");
    let stands = world.store.ratings("duel", &[ann, ben]).await.expect("readable");
    for place in last {
        assert_eq!(place.value, (stands[&place.player_id].value * 10.0).round() / 10.0);
    }
}

#[tokio::test]
async fn of_two_replicas_that_close_at_once_one_does() {
    let mut world = World::new();
    let [ann, ben] = world.players();
    world.beats("duel", ann, ben);
    world.plays("score_attack", &[(ann, 0, None, Some(7))]);
    world.work().await;
    world.clock.advance_millis(40 * DAY);
    let (one, other) = (SeasonCloser::new(world.ports.clone()), SeasonCloser::new(world.ports.clone()));
    let now: Timestamp = world.clock.now();
    let (first, second) = tokio::join!(one.close_due(now), other.close_due(now));
    assert_eq!(first.expect("no fault") + second.expect("no fault"), 2);
    assert_eq!(closings(&world).len(), 2);
    let attack = BoardKey { mode: "score_attack".to_owned(), ..board(Metric::BestScore) };
    assert_eq!(world.store.finals(&attack, 10).await.expect("readable").len(), 1);
}
