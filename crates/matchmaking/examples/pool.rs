//! What the matcher costs: processor time per ticket, worst step and memory, at pools of up to 100,000 tickets:
//! `cargo run --release -p shallweplay-matchmaking --example pool`.

use std::collections::BTreeMap;

use kernel::{PlayerId, TicketId, Timestamp};
use rand::{RngExt as _, SeedableRng as _};
use shallweplay_matchmaking::simulate::thread_micros;
use shallweplay_matchmaking::{Candidate, Matcher, Member, Shape, Tuning};

const START: Timestamp = Timestamp::from_millis(1_767_225_600_000);
/// Tickets that come and go in a pool of constant size.
const CHURN: usize = 50_000;

fn main() {
    println!("shape   standing   µs/insert   µs/churn   matched   worst step ms   step µs p99.9   MiB");
    for (name, shape) in [("1v1", Shape::duel()), ("5v5", Shape::of(2, 5))] {
        for standing in [1_000, 10_000, 100_000] {
            standing_pool(name, &shape, standing);
        }
    }
    println!("\nshape   arrivals/s   tickets   matched   mean wait ms   worst pool   µs/ticket   worst step ms");
    for (name, shape) in
        [("1v1", Shape::duel()), ("ffa4", Shape::of(4, 1)), ("2v2", Shape::of(2, 2)), ("5v5", Shape::of(2, 5))]
    {
        for rate in [1.0, 25.0, 1_000.0, 20_000.0] {
            stream(name, &shape, rate);
        }
    }
}

/// A pool in which nobody is compatible: every second one waits for a build of its own kind far away in rating. Tickets
/// come and go in it, each next to others.
fn standing_pool(name: &str, shape: &Shape, standing: usize) {
    let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(17);
    // Windows stay narrow, so that all of them stand.
    let tuning = Tuning { start: 1e-9, slope: 1e-9, tail: 0.0, doubt: 0.0, starve_ms: 3_600_000, ..Tuning::default() };
    let mut matcher = Matcher::new(shape.clone(), tuning);
    let before = resident();
    let mut ids = Vec::with_capacity(standing);
    let (mut steps, started) = (Vec::with_capacity(standing + 2 * CHURN), thread_micros());
    for n in 0..standing {
        let ticket = ticket(n, rng.random_range(0.0..3_000.0), 1, START);
        ids.push(ticket.id);
        step(&mut steps, || matcher.insert(ticket, START));
    }
    let insert = (thread_micros() - started) / standing as f64;
    let memory = (resident() - before) / (1 << 20) as f64;
    // Who happened to come with the same rating goes, all at once: no leader lets that pile up.
    matcher.matches(START);
    let (mut matched, started) = (0, thread_micros());
    for n in 0..CHURN {
        let now = START.plus_millis(n as i64 / 10);
        let old = ids.swap_remove(rng.random_range(0..ids.len()));
        step(&mut steps, || matcher.remove(old));
        let ticket = ticket(standing + n, rng.random_range(0.0..3_000.0), 1, now);
        ids.push(ticket.id);
        step(&mut steps, || matcher.insert(ticket, now));
        step(&mut steps, || matched += matcher.matches(now).len());
    }
    let churn = (thread_micros() - started) / CHURN as f64;
    steps.sort_by(f64::total_cmp);
    let worst = steps.last().copied().unwrap_or_default();
    let high = steps[steps.len() * 999 / 1_000];
    println!(
        "{name:>5}   {standing:>8}   {insert:>9.2}   {churn:>8.2}   {matched:>7}   {:>13.2}   {:>13.1}   {memory:>3.0}",
        worst * 1e3,
        high * 1e6
    );
}

/// Poisson arrivals, ratings N(1500, 300), everybody matched as it comes.
fn stream(name: &str, shape: &Shape, rate: f64) {
    let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(18);
    let tickets = 50_000;
    let mut at = 0.0;
    let mut made: Vec<Candidate> = Vec::with_capacity(tickets);
    for n in 0..tickets {
        at += -(1.0 - rng.random::<f64>()).ln() / rate;
        let radius = (-2.0 * (1.0 - rng.random::<f64>()).ln()).sqrt();
        let rating = 1_500.0 + 300.0 * radius * (std::f64::consts::TAU * rng.random::<f64>()).cos();
        let size = if n % 5 == 0 { shape.team_size.min(2) } else { 1 };
        made.push(ticket(n, rating, size, START + std::time::Duration::from_secs_f64(at)));
    }
    let mut matcher = Matcher::new(shape.clone(), Tuning::default());
    let (mut waits, mut matched, mut worst_pool, mut steps) = (0.0, 0_usize, 0, Vec::new());
    let started = thread_micros();
    for ticket in made {
        let now = ticket.created_at;
        // The clock stops at each touch before the next arrival, as the shard leader's does.
        while let Some(touch) = matcher.next_touch().filter(|touch| *touch < now) {
            let groups = step(&mut steps, || matcher.matches(touch));
            for ticket in groups.iter().flat_map(|group| group.tickets()) {
                waits += touch.since(ticket.candidate.created_at).as_secs_f64();
                matched += 1;
            }
        }
        step(&mut steps, || matcher.insert(ticket, now));
        let groups = step(&mut steps, || matcher.matches(now));
        for ticket in groups.iter().flat_map(|group| group.tickets()) {
            waits += now.since(ticket.candidate.created_at).as_secs_f64();
            matched += 1;
        }
        worst_pool = worst_pool.max(matcher.len());
    }
    let micros = (thread_micros() - started) / tickets as f64;
    let worst = steps.iter().copied().fold(0.0, f64::max);
    println!(
        "{name:>5}   {rate:>10}   {tickets:>7}   {matched:>7}   {:>12.0}   {worst_pool:>10}   {micros:>9.2}   {:>13.2}",
        waits / matched.max(1) as f64 * 1e3,
        worst * 1e3
    );
}

fn step<T>(steps: &mut Vec<f64>, work: impl FnOnce() -> T) -> T {
    // What others do on the machine doesn't count.
    let before = thread_micros();
    let done = work();
    steps.push((thread_micros() - before) / 1e6);
    done
}

fn ticket(n: usize, rating: f64, size: u8, created_at: Timestamp) -> Candidate {
    let player = |at: u8| PlayerId::new(uuid::Uuid::from_u128(n as u128 * 16 + u128::from(at)));
    Candidate {
        id: TicketId::new(uuid::Uuid::from_u128(n as u128)),
        members: (0..size).map(|at| Member { player: player(at), rating, deviation: 80.0 }).collect(),
        created_at,
        expires_at: created_at.plus_millis(120_000),
        latencies: BTreeMap::new(),
        attributes: BTreeMap::new(),
    }
}

/// Resident memory in bytes, where the system tells; else 0.
fn resident() -> f64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages: f64 = statm.split(' ').nth(1).and_then(|pages| pages.parse().ok()).unwrap_or_default();
    pages * 4_096.0
}
