//! Whoever leads a queue goes, by its own will or not: the other replica matches on, and nobody loses their place.

use std::time::{Duration, Instant};

use crate::app::{Setup, TestApp};
use crate::client::Answered as _;
use crate::players::{Match, Player};
use crate::wait::{seconds, until};

/// Which replica leads this mode's queue, as it said itself last.
async fn leader(app: &TestApp, mode: &str) -> usize {
    until(&format!("somebody leads {mode}"), seconds(10), || async {
        (0..app.replica_count()).find(|number| {
            let logs = app.replica(*number).logs();
            let mut said = logs.lines().filter(|line| line.contains("matchmaking leadership") && line.contains(mode));
            said.next_back().is_some_and(|line| line.contains("true"))
        })
    })
    .await
}

/// Somebody who waits, and the one who comes once the leader is gone, both at the other replica.
async fn meet_without(app: &TestApp, gone: usize, ada: &Player, waits: &str, since: Instant) -> Duration {
    let survivor = app.client(gone + 1);
    let (ada, ben) = (ada.at(&survivor), app.guest(gone + 1, "Ben").await);
    let ticket = ben.join("duel").await;
    let (one, two) = tokio::join!(ada.matched(waits), ben.matched(&ticket));
    let took = since.elapsed();
    assert_eq!(one, two, "the one who waited meets the one who came");
    took
}

async fn waiting(app: &TestApp) -> (usize, Player, String, String) {
    // Somebody has led before.
    let played = Match::found("duel", app.two_guests().await).await;
    played.seats[0].command(&played.game, "abandon").await.expect_status(200);
    let number = leader(app, "duel").await;
    let ada = app.guest(number, "Ada").await;
    let waits = ada.join("duel").await;
    let since = ada.ticket(&waits).await["created_at"].as_str().expect("has an age").to_owned();
    (number, ada, waits, since)
}

#[tokio::test]
async fn the_queue_goes_on_when_its_leader_is_killed() {
    let app = Setup::networked(2).start().await;
    let (number, ada, waits, since) = waiting(&app).await;
    app.replica(number).kill9();
    let took = meet_without(&app, number, &ada, &waits, Instant::now()).await;
    // The lease lapses after 1.5 s, and somebody looks every 0.25 s; the rest is for a busy machine.
    assert!(took < seconds(4), "{took:?}");
    let ticket = ada.at(&app.client(number + 1)).ticket(&waits).await;
    assert_eq!(ticket["created_at"], *since, "nobody queued anew");
}

#[tokio::test]
async fn the_queue_is_handed_over_when_its_leader_drains() {
    // Sockets may take their time: the queue must not wait for them.
    let app = Setup::networked(2).with("SWP__REALTIME__DRAIN_MS", "20000").start().await;
    let (number, ada, waits, since) = waiting(&app).await;
    app.replica(number).sigterm();
    let begun = Instant::now();
    let other = app.replica((number + 1) % 2);
    let leads = |line: &str| line.contains("matchmaking leadership") && line.contains("duel") && line.contains("true");
    other.line(leads, seconds(3)).await.expect("the other one leads");
    let handed = begun.elapsed();
    let took = meet_without(&app, number, &ada, &waits, begun).await;
    // The lease alone would take 1.5 s to lapse.
    assert!(handed < Duration::from_millis(1_400), "handed over within {handed:?}, matched within {took:?}");
    let ticket = ada.at(&app.client(number + 1)).ticket(&waits).await;
    assert_eq!(ticket["created_at"], *since, "nobody queued anew");
}

#[tokio::test]
async fn a_stalled_leader_that_wakes_up_changes_nothing() {
    let app = Setup::networked(2).start().await;
    let (number, ada, waits, _) = waiting(&app).await;
    app.replica(number).pause();
    let took = meet_without(&app, number, &ada, &waits, Instant::now()).await;
    assert!(took < seconds(5), "{took:?}");
    // It still holds the one who waited in its index, and hears of those who came meanwhile.
    app.replica(number).resume();
    let newcomers = [app.guest(number + 1, "Cy").await, app.guest(number + 1, "Di").await];
    let ada = ada.at(&app.client(number + 1));
    let playing = ada.live().await;
    assert_eq!(playing.len(), 1);
    Match::found("duel", newcomers).await;
    app.replica(number).healthy(seconds(10)).await.expect("it is there again");
    let at_the_woken = ada.at(&app.client(number));
    assert_eq!(at_the_woken.live().await[0]["id"], playing[0]["id"], "in the same game, and in no other");
    assert_eq!(at_the_woken.live().await.len(), 1);
    assert_eq!(leader(&app, "duel").await, (number + 1) % 2, "{}", app.replica(number).logs());
}
