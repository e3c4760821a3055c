//! Queues under fire: ten thousand random joins, cancels, answers, blocks and changes of parties, over two replicas whose
//! leaders die, stall in the middle of a claim, lose their lease, their messages and the answers of the store; and then
//! what must hold. `QUEUE_SEED=<seed>` throws the same dice again.

mod checks;
mod faults;
mod walk;
mod world;

use std::sync::Arc;

use faults::Plant;
use world::{Kind, World};

const STEPS: usize = 10_000;

fn seed() -> u64 {
    std::env::var("QUEUE_SEED").ok().and_then(|text| text.parse().ok()).unwrap_or(11)
}

/// What is wrong after so many steps.
async fn walked(kind: Kind, plant: Plant, steps: usize) -> Vec<String> {
    let world = Arc::new(World::new(kind, seed(), plant).await);
    let walked = walk::walk(&world, seed(), steps).await;
    println!("{kind:?}: {walked:?}");
    checks::violations(&world).await
}

async fn holds(kind: Kind) {
    let violations = walked(kind, Plant::Nothing, STEPS).await;
    assert!(violations.is_empty(), "QUEUE_SEED={}: {violations:#?}", seed());
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_lost_split_or_in_two_matches_in_memory() {
    holds(Kind::Memory).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_lost_split_or_in_two_matches_on_sqlite() {
    holds(Kind::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_lost_split_or_in_two_matches_on_postgres() {
    holds(Kind::Postgres).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancel_that_keeps_its_player_is_noticed() {
    let violations = walked(Kind::Memory, Plant::CancelsKeepTheirPlayers, 4_000).await;
    assert!(violations.iter().any(|violation| violation.contains("is held by")), "{violations:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_confirmation_in_two_transactions_is_noticed() {
    let violations = walked(Kind::Memory, Plant::ConfirmationsAreSplit, 4_000).await;
    assert!(violations.iter().any(|violation| violation.contains("no such match")), "{violations:?}");
}
