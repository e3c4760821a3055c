//! What a Redis cache hit costs: `cargo run --release -p shallweplay-cache --example redis_hit`.
//!
//! Two workers, a private Redis, documents of 1 KiB. Prints latency and CPU, ours and the server's, for one caller at a
//! time and for 32.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use kernel::{Cache, CacheKey, Lookup, Quota, RateLimiter};
use shallweplay_cache::redis::{RedisCache, RedisClient, RedisLimiter};
use testkit::redis::{Reply, ScratchRedis};

const CALLS: usize = 200_000;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let redis = Arc::new(ScratchRedis::start().await);
    let client = RedisClient::connect(&redis.url(), redis.prefix()).expect("the address is well-formed");
    assert!(client.ready(Duration::from_secs(5)).await, "{:?}", client.status());
    let cache = Arc::new(RedisCache::new(client.clone()));
    for at in 0..1_000 {
        let key = key(at);
        let Lookup::Miss(token) = cache.lookup(&key).await else { panic!("the server is empty") };
        cache.fill(&key, token, Bytes::from(vec![b'x'; 1_024]), Duration::from_secs(300)).await;
    }
    println!("{:<28}{:>10}{:>10}{:>10}{:>12}{:>14}", "", "calls/s", "p50 µs", "p99 µs", "CPU µs, us", "CPU µs, Redis");
    for callers in [1, 32] {
        let cache = Arc::clone(&cache);
        measure(&redis, &format!("lookup, hit, {callers} callers"), callers, move |at| {
            let cache = Arc::clone(&cache);
            async move { assert!(matches!(cache.lookup(&key(at)).await, Lookup::Hit(_))) }
        })
        .await;
    }
    let limiter = Arc::new(RedisLimiter::new(client.clone()));
    measure(&redis, "limiter check, 32 callers", 32, move |at| {
        let limiter = Arc::clone(&limiter);
        async move {
            limiter.check(&format!("write:{}", at % 1_000), Quota::per_minute(60)).await;
        }
    })
    .await;
    // Anything failed or refused here would have been answered without Redis, and the figures would be too good.
    println!("{:?}", client.stats());
}

fn key(at: usize) -> CacheKey {
    CacheKey::new("profile", (at % 1_000).to_string())
}

async fn measure<F>(
    redis: &Arc<ScratchRedis>,
    what: &str,
    callers: usize,
    call: impl Fn(usize) -> F + Clone + Send + 'static,
) where
    F: Future<Output = ()> + Send,
{
    let before = (our_cpu(), redis_cpu(redis), Instant::now());
    let each = CALLS / callers.max(4);
    let tasks: Vec<_> = (0..callers)
        .map(|caller| {
            let call = call.clone();
            tokio::spawn(async move {
                let mut times = Vec::with_capacity(each);
                for at in 0..each {
                    let begun = Instant::now();
                    call(caller * each + at).await;
                    times.push(begun.elapsed());
                }
                times
            })
        })
        .collect();
    let mut times = Vec::new();
    for task in tasks {
        times.extend(task.await.expect("no call panics"));
    }
    let (ours, theirs, took) = (our_cpu() - before.0, redis_cpu(redis) - before.1, before.2.elapsed());
    times.sort_unstable();
    let count = times.len() as f64;
    println!(
        "{what:<28}{:>10.0}{:>10.0}{:>10.0}{:>12.1}{:>14.1}",
        count / took.as_secs_f64(),
        times[times.len() / 2].as_secs_f64() * 1e6,
        times[times.len() * 99 / 100].as_secs_f64() * 1e6,
        ours * 1e6 / count,
        theirs * 1e6 / count
    );
}

/// Seconds of CPU this process has used. The kernel counts in hundredths.
fn our_cpu() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields = stat.rsplit_once(") ").map(|(_, rest)| rest).unwrap_or_default().split(' ').skip(11).take(2);
    fields.filter_map(|ticks| ticks.parse::<f64>().ok()).sum::<f64>() / 100.0
}

/// Seconds of CPU the server has used.
fn redis_cpu(redis: &ScratchRedis) -> f64 {
    let Ok(Reply::Text(info)) = redis.connect().command(&["INFO", "cpu"]) else { return 0.0 };
    let of = |name: &str| info.lines().find_map(|line| line.strip_prefix(name)?.trim().parse::<f64>().ok());
    of("used_cpu_user:").unwrap_or(0.0) + of("used_cpu_sys:").unwrap_or(0.0)
}
