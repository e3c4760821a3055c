use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use async_trait::async_trait;
use kernel::{Decision, Quota, RateLimiter};

use crate::gcra::Gcra;

/// A [`RateLimiter`] of one replica, by the monotonic clock.
///
/// Keys are kept as keyed 64-bit hashes, so no address or player id stays in memory, and only while they are not at
/// rest. Of more than 131,072 keys in use at once, some are forgotten.
pub struct InProcessLimiter {
    shards: [Mutex<Shard>; Self::SHARDS],
    hasher: RandomState,
    begun: Instant,
}

#[derive(Default)]
struct Shard {
    /// Theoretical arrival times in microseconds since `begun`.
    arrivals: HashMap<u64, u64>,
    /// Keys at rest are swept out when the map has grown to this.
    sweep_at: usize,
}

impl InProcessLimiter {
    const SHARDS: usize = 16;
    const KEYS_PER_SHARD: usize = 8_192;
    const SMALLEST_SWEEP: usize = 64;

    /// A limiter that has seen nobody yet.
    #[must_use]
    pub fn new() -> Self {
        Self { shards: Default::default(), hasher: RandomState::new(), begun: Instant::now() }
    }

    pub(crate) fn check_now(&self, key: &str, quota: Quota) -> Decision {
        let now = u64::try_from(self.begun.elapsed().as_micros()).unwrap_or(u64::MAX);
        self.check_at(key, quota, now)
    }

    fn check_at(&self, key: &str, quota: Quota, now: u64) -> Decision {
        let Some(gcra) = Gcra::of(quota) else { return Decision::UNLIMITED };
        let key = self.hasher.hash_one(key);
        let shard = &self.shards[key as usize % Self::SHARDS];
        let mut shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
        let (decision, next) = gcra.decide(shard.arrivals.get(&key).copied(), now);
        if let Some(next) = next {
            shard.make_room(now);
            shard.arrivals.insert(key, next);
        }
        decision
    }
}

impl Shard {
    /// Sweeping when the map has doubled costs each insertion a constant share.
    fn make_room(&mut self, now: u64) {
        if self.arrivals.len() < self.sweep_at.max(InProcessLimiter::SMALLEST_SWEEP) {
            return;
        }
        self.arrivals.retain(|_, arrival| *arrival > now);
        let most = InProcessLimiter::KEYS_PER_SHARD;
        if self.arrivals.len() > most - most / 8 {
            // A flood: an eighth goes at once, so that the next new keys needn't sweep again.
            let mut spared = most - most / 8;
            self.arrivals.retain(|_, _| {
                spared = spared.saturating_sub(1);
                spared > 0
            });
        }
        self.sweep_at = (self.arrivals.len() * 2).min(InProcessLimiter::KEYS_PER_SHARD);
    }
}

impl Default for InProcessLimiter {
    fn default() -> Self {
        Self::new()
    }
}

#[async_trait]
impl RateLimiter for InProcessLimiter {
    async fn check(&self, key: &str, quota: Quota) -> Decision {
        self.check_now(key, quota)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(limiter: &InProcessLimiter) -> usize {
        limiter.shards.iter().map(|shard| shard.lock().expect("no test panics in it").arrivals.len()).sum()
    }

    #[test]
    fn keys_at_rest_are_swept_out() {
        let limiter = InProcessLimiter::new();
        let quota = Quota::per_minute(60);
        for at in 0..50_000_u64 {
            // One call of sixty a minute is at rest after a second, here 1,000 keys later.
            assert!(limiter.check_at(&format!("address {at}"), quota, at * 1_000).allowed);
        }
        assert!(keys(&limiter) < 4_096, "{} keys", keys(&limiter));
    }

    #[test]
    fn a_flood_of_keys_stays_bounded() {
        let limiter = InProcessLimiter::new();
        let all = InProcessLimiter::SHARDS * InProcessLimiter::KEYS_PER_SHARD;
        for at in 0..all + all / 2 {
            assert!(limiter.check_at(&format!("address {at}"), Quota::per_minute(1), 1).allowed);
        }
        assert!(keys(&limiter) <= all, "{} keys", keys(&limiter));
    }
}
