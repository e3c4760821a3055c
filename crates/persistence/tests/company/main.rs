//! Who comes together with whom: ten thousand random steps of players who ask, answer, block, invite and queue, over two
//! replicas at once, and then what must hold. `COMPANY_SEED=<seed>` throws the same dice again.

mod checks;
mod walk;
mod world;

use std::sync::Arc;

use world::{Kind, Plant, World};

const STEPS: usize = 10_000;

fn seed() -> u64 {
    std::env::var("COMPANY_SEED").ok().and_then(|text| text.parse().ok()).unwrap_or(7)
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
    assert!(violations.is_empty(), "COMPANY_SEED={}: {violations:#?}", seed());
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_meets_across_a_block_in_memory() {
    holds(Kind::Memory).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_meets_across_a_block_on_sqlite() {
    holds(Kind::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_meets_across_a_block_on_postgres() {
    holds(Kind::Postgres).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn blocks_that_only_friends_know_of_are_noticed() {
    let violations = walked(Kind::Memory, Plant::BlocksKeptFromOthers, STEPS).await;
    assert!(violations.iter().any(|violation| violation.contains("match.found")), "{violations:?}");
    assert!(violations.iter().any(|violation| violation.contains("game.invited")), "{violations:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_is_lost_is_noticed() {
    let violations = walked(Kind::Memory, Plant::LostEvents, 5_000).await;
    // A gap shows at the next step of the same pair, which can't follow, or at the end, in what the events come to.
    let telling =
        ["events say", "nothing was there to end", "twice", "across a block", "among friends", "on no friend"];
    let noticed = |violation: &String| telling.iter().any(|words| violation.contains(words));
    assert!(violations.iter().any(noticed), "{violations:?}");
}
