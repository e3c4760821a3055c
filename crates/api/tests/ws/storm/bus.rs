//! Many players while the way to Redis, or Redis itself, fails in every way it can: whatever the bus loses, doubles or
//! brings late, each stream reaches each player whole.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use super::{ALL, assert_whole, crowd, play, until};
use crate::world::World;

const PAIRS: usize = 40;
/// Games last through all faults.
const THINKS: Duration = Duration::from_millis(2_500);

#[tokio::test(flavor = "multi_thread")]
async fn whatever_the_bus_loses_delays_or_forgets_every_event_arrives_in_order() {
    let mut world = World::two_replicas_behind_a_proxy(&[]).await;
    let moves = Arc::new(AtomicUsize::new(0));
    let mut games = JoinSet::new();
    for roamer in crowd(&world, 2 * PAIRS).await {
        games.spawn(play(roamer, Arc::clone(&moves), THINKS));
    }
    let moved = || moves.load(Ordering::Relaxed);
    until("games are in full swing", ALL, || async { moved() >= PAIRS / 2 }).await;
    let (begun, before) = (Instant::now(), moved());

    let proxy = world.proxy.take().expect("is there");
    let mut cuts = 0;
    while cuts < 6 {
        assert!(begun.elapsed() < ALL, "they subscribe again");
        cuts += proxy.cut_subscribers();
        sleep(Duration::from_millis(100)).await;
    }
    proxy.stall(true);
    sleep(Duration::from_millis(1_500)).await;
    proxy.stall(false);
    proxy.swallow(true);
    until("messages vanished", ALL, || async { proxy.swallowed() >= 10 }).await;
    proxy.swallow(false);
    proxy.lag(Duration::from_millis(700));
    sleep(Duration::from_secs(2)).await;
    proxy.lag(Duration::ZERO);
    let redis = world.redis.as_mut().expect("is there");
    redis.connect().command(&["FLUSHALL"]).expect("the server is this test's own");
    let flushed = moved();
    until("it goes on after the flush", ALL, || async { moved() > flushed + 5 }).await;
    redis.kill();
    sleep(Duration::from_secs(1)).await;
    redis.restart();
    let (faults, during) = (begun.elapsed(), moved() - before);

    let mut events = 0;
    while let Some(done) = tokio::time::timeout(ALL, games.join_next()).await.expect("every game ends") {
        let (roamer, _) = done.expect("no fault");
        assert_whole(&roamer);
        assert_eq!(roamer.absences, [], "sockets don't depend on Redis");
        events += roamer.events;
    }
    println!(
        "{cuts} subscribers cut, {} messages swallowed; {during} of {} moves in {faults:?} of faults; {events} events; {:?}",
        proxy.swallowed(),
        moved(),
        begun.elapsed(),
    );
}
