//! What is promised whatever fails: two replicas over one database, random lives of games, crashes at every commit, and
//! then the invariants. One seed is one story, and a failing one prints its seed.
//!
//! `PROMISES_SEED=<seed>` throws the same dice again, in whatever order the machine runs tasks; `PROMISES_STORIES=<n>`
//! tells more stories.

mod calls;
mod client;
mod facts;
mod faults;
mod invariants;
mod plan;
mod rebuilding;
mod replica;
mod story;
mod world;

use std::collections::BTreeMap;

use faults::Plant;
use invariants::Violation;
use story::Told;
use world::Kind;

fn asked(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// The one of `PROMISES_SEED`; else as many as `PROMISES_STORIES` says, or this many, from 1 on.
fn seeds(count: u64) -> Vec<u64> {
    let all = || (1..=asked("PROMISES_STORIES").unwrap_or(count)).collect();
    asked("PROMISES_SEED").map_or_else(all, |seed| vec![seed])
}

/// All of them keep what is promised; says what they were like.
async fn hold(kind: Kind, count: u64, steps: usize) {
    let (mut figures, mut asked, mut ended) = ([0; 4], BTreeMap::new(), BTreeMap::new());
    let (seeds, mut broken) = (seeds(count), Vec::new());
    for seed in &seeds {
        let Told { violations, steps, faults, calls, games, ledger, events } =
            story::tell(kind, *seed, steps, Plant::Nothing).await;
        if !violations.is_empty() {
            broken.push(format!("PROMISES_SEED={seed} on {kind:?}: {violations:#?}"));
        }
        for (sum, figure) in figures.iter_mut().zip([steps, faults, ledger, events]) {
            *sum += figure;
        }
        for (word, (done, all)) in calls {
            let sum: &mut (usize, usize) = asked.entry(word).or_default();
            *sum = (sum.0 + done, sum.1 + all);
        }
        for (word, count) in games {
            *ended.entry(word).or_insert(0) += count;
        }
    }
    let [steps, faults, ledger, events] = figures;
    println!("{} stories on {kind:?}, {steps} steps, {faults} faults, {ledger} results, {events} events", seeds.len());
    println!("commands done of those asked for: {asked:?}");
    println!("games: {ended:?}");
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn promises_hold_on_sqlite_whatever_fails() {
    hold(Kind::Sqlite, 40, 120).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn promises_hold_on_postgres_whatever_fails() {
    hold(Kind::Postgres, 6, 120).await;
}

/// What is broken in stories with this bug in them, story by story.
async fn with_a_bug(plant: Plant) -> Vec<Vec<Violation>> {
    let mut broken = Vec::new();
    for seed in 1..=10 {
        broken.push(story::tell(Kind::Sqlite, seed, 120, plant).await.violations);
    }
    broken
}

/// In how many stories such a promise is broken.
fn found(stories: &[Vec<Violation>], sought: impl Fn(&Violation) -> bool) -> usize {
    stories.iter().filter(|violations| violations.iter().any(&sought)).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn with_idempotency_switched_off_a_promise_is_broken() {
    let stories = with_a_bug(Plant::NoReceipts).await;
    // Not only that receipts are missing: commands are carried out and then refused. Few could be carried out twice:
    // games take no report, move or statement again.
    let refused = found(&stories, |violation| matches!(violation, Violation::RefusedYetDone(_)));
    let twice = found(&stories, |violation| matches!(violation, Violation::EffectTwice(_)));
    println!("of {} stories, {refused} refuse what was done, and {twice} do it twice", stories.len());
    assert!(refused > 0, "idempotency is off, and nobody noticed");
}

#[tokio::test(flavor = "multi_thread")]
async fn with_a_split_transaction_a_promise_is_broken() {
    let stories = with_a_bug(Plant::SplitCommit).await;
    let ledger = found(&stories, |violation| matches!(violation, Violation::Ledger(_)));
    let events = found(&stories, |violation| matches!(violation, Violation::Event(_)));
    let logs = found(&stories, |violation| matches!(violation, Violation::Log(_)));
    println!("of {} stories, {ledger} miss results, {events} events, {logs} lines of logs", stories.len());
    assert!(ledger > 0 && events > 0 && logs > 0, "transactions are split, and nobody noticed");
}

#[tokio::test(flavor = "multi_thread")]
async fn rebuild_equals_what_stands_after_ten_thousand_games() {
    rebuilding::rebuild_equals_what_stands(Kind::Sqlite, 10_000).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rebuild_equals_what_stands_after_a_thousand_games_on_postgres() {
    rebuilding::rebuild_equals_what_stands(Kind::Postgres, 1_000).await;
}
