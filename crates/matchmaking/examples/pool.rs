//! What the matcher costs and how well it matches, over a generated trace on a virtual clock:
//! `cargo run --release -p shallweplay-matchmaking --example pool`.

use std::time::Instant;

use kernel::{PlayerId, TicketId, Timestamp};
use rand::{RngExt as _, SeedableRng as _};
use shallweplay_matchmaking::{KineticIndex, TicketSeed, Tuning};

const TICKETS: u32 = 100_000;

fn main() {
    println!("arrivals/s   mean wait ms   mean gap   cost/ticket   worst pool   µs/ticket");
    for rate in [0.05, 0.2, 1.0, 5.0, 25.0, 1_000.0] {
        let trace = trace(rate);
        let mut index = KineticIndex::new(Tuning::default());
        let (mut pairs, mut wait, mut gap, mut worst) = (0_u32, 0.0, 0.0, 0);
        let started = Instant::now();
        for seed in &trace {
            // The clock stops at each touch before the next arrival, as the shard leader's does.
            while let Some(touch) = index.next_touch().filter(|touch| *touch < seed.created_at) {
                let now = touch.max(Timestamp::from_micros(0));
                for pair in index.matches(now) {
                    pairs += 1;
                    gap += (pair.older.seed.rating - pair.younger.seed.rating).abs();
                    for ticket in [pair.older, pair.younger] {
                        wait += now.since(ticket.seed.created_at).as_secs_f64();
                    }
                }
            }
            index.insert(*seed, seed.created_at);
            for pair in index.matches(seed.created_at) {
                pairs += 1;
                gap += (pair.older.seed.rating - pair.younger.seed.rating).abs();
                for ticket in [pair.older, pair.younger] {
                    wait += seed.created_at.since(ticket.seed.created_at).as_secs_f64();
                }
            }
            worst = worst.max(index.len());
        }
        let micros = started.elapsed().as_secs_f64() * 1e6 / f64::from(TICKETS);
        let n = f64::from(pairs);
        let cost = (gap + Tuning::default().kappa * wait) / (2.0 * n);
        println!(
            "{rate:>10}   {:>12.0}   {:>8.1}   {cost:>11.2}   {worst:>10}   {micros:>9.2}",
            wait / (2.0 * n) * 1e3,
            gap / n
        );
    }
}

/// Poisson arrivals, ratings N(1500, 300).
fn trace(rate: f64) -> Vec<TicketSeed> {
    let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(17);
    let mut at = 0.0;
    let ticket = |n: u32| {
        at += -(1.0 - rng.random::<f64>()).ln() / rate;
        let radius = (-2.0 * (1.0 - rng.random::<f64>()).ln()).sqrt();
        let rating = 1_500.0 + 300.0 * radius * (std::f64::consts::TAU * rng.random::<f64>()).cos();
        let created_at = Timestamp::from_micros((at * 1e6) as i64);
        let id = uuid::Uuid::from_u128(u128::from(n));
        let expires_at = created_at.plus_millis(120_000);
        TicketSeed { id: TicketId::new(id), player: PlayerId::new(id), rating, deviation: 80.0, created_at, expires_at }
    };
    (0..TICKETS).map(ticket).collect()
}
