use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use bytes::Bytes;
use kernel::{Cache, CacheKey, FillToken, Lookup};
use moka::Expiry;
use moka::ops::compute::Op;

use crate::last_known::{LastKnown, weight};

/// What a key holds: a document, or the token of whoever misses it. One slot for both makes each step atomic: an
/// invalidation that removes the slot outdates the token with it.
#[derive(Clone)]
enum Slot {
    Document(Bytes, Duration),
    Awaited(u64),
}

/// Documents live for what their fill said, tokens for a reader's longest query.
struct Ends;

impl Ends {
    const TOKEN: Duration = Duration::from_secs(10);

    const fn of(slot: &Slot) -> Duration {
        match slot {
            Slot::Document(_, ttl) => *ttl,
            Slot::Awaited(_) => Self::TOKEN,
        }
    }
}

impl Expiry<CacheKey, Slot> for Ends {
    fn expire_after_create(&self, _: &CacheKey, slot: &Slot, _: Instant) -> Option<Duration> {
        Some(Self::of(slot))
    }

    fn expire_after_update(&self, _: &CacheKey, slot: &Slot, _: Instant, _: Option<Duration>) -> Option<Duration> {
        Some(Self::of(slot))
    }
}

/// A [`Cache`] of one replica: at most 16 MiB of documents, the most used ones stay. Never answers
/// [`Lookup::Bypass`].
pub struct InProcessCache {
    slots: moka::sync::Cache<CacheKey, Slot>,
    tokens: AtomicU64,
    last_known: LastKnown,
}

impl InProcessCache {
    const BYTES: u64 = 16 << 20;

    /// An empty cache.
    #[must_use]
    pub fn new() -> Self {
        let bounded = moka::sync::Cache::builder().max_capacity(Self::BYTES).weigher(|key, slot| match slot {
            Slot::Document(value, _) => weight(key, value.len()),
            Slot::Awaited(_) => weight(key, 0),
        });
        Self { slots: bounded.expire_after(Ends).build(), tokens: AtomicU64::new(1), last_known: LastKnown::new() }
    }

    /// Bytes held, roughly, for metrics.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.slots.weighted_size()
    }

    fn look(&self, key: &CacheKey) -> Lookup {
        let slot = self.slots.get(key).unwrap_or_else(|| {
            let token = self.tokens.fetch_add(1, Ordering::Relaxed);
            self.slots.entry_by_ref(key).or_insert(Slot::Awaited(token)).into_value()
        });
        match slot {
            Slot::Document(value, _) => Lookup::Hit(value),
            Slot::Awaited(token) => Lookup::Miss(FillToken(token.to_string())),
        }
    }
}

impl Default for InProcessCache {
    fn default() -> Self {
        Self::new()
    }
}

#[async_trait]
impl Cache for InProcessCache {
    async fn lookup(&self, key: &CacheKey) -> Lookup {
        self.look(key)
    }

    async fn lookup_many(&self, keys: &[CacheKey]) -> Vec<Lookup> {
        keys.iter().map(|key| self.look(key)).collect()
    }

    async fn fill(&self, key: &CacheKey, token: FillToken, value: Bytes, ttl: Duration) {
        let Ok(token) = token.0.parse::<u64>() else { return };
        self.slots.entry_by_ref(key).and_compute_with(|slot| match slot.map(moka::Entry::into_value) {
            Some(Slot::Awaited(awaited)) if awaited == token => {
                // Under the key's lock, so that an invalidation can't come between the two.
                self.last_known.saw(key, &value);
                Op::Put(Slot::Document(value, ttl))
            }
            _ => Op::Nop,
        });
    }

    async fn invalidate(&self, keys: &[CacheKey]) {
        for key in keys {
            self.slots.entry_by_ref(key).and_compute_with(|_| {
                self.last_known.forget(key);
                Op::Remove
            });
        }
    }

    fn last_known(&self, key: &CacheKey) -> Option<Bytes> {
        self.last_known.get(key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    async fn stays_within_its_bytes() {
        let cache = InProcessCache::new();
        let page = Bytes::from(vec![7; 64 << 10]);
        for at in 0..1_000 {
            let key = CacheKey::new("history", at.to_string());
            let Lookup::Miss(token) = cache.lookup(&key).await else { panic!("nobody filled {at}") };
            cache.fill(&key, token, page.clone(), Duration::from_secs(30)).await;
        }
        cache.slots.run_pending_tasks();
        assert!(cache.bytes() <= InProcessCache::BYTES, "{} bytes", cache.bytes());
        assert!(cache.bytes() > InProcessCache::BYTES / 2, "{} bytes", cache.bytes());
    }
}
