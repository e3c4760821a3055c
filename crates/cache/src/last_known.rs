use std::time::{Duration, Instant};

use bytes::Bytes;
use kernel::CacheKey;
use moka::sync::Cache;

/// What this replica last saw of each document, for answering while the database is down. Bounded in bytes and in
/// time: an erased player must be forgotten everywhere within a minute, and only the replica that erases is told.
pub(crate) struct LastKnown(Cache<CacheKey, (Bytes, Instant)>);

impl LastKnown {
    const BYTES: u64 = 8 << 20;
    const KEPT: Duration = Duration::from_secs(50);
    /// The same value seen again within this is not written again: writes cost ten times a look.
    const FRESH: Duration = Duration::from_secs(5);

    pub(crate) fn new() -> Self {
        let bounded = Cache::builder()
            .max_capacity(Self::BYTES)
            .weigher(|key, (value, _): &(Bytes, Instant)| weight(key, value.len()));
        Self(bounded.time_to_live(Self::KEPT).build())
    }

    pub(crate) fn saw(&self, key: &CacheKey, value: &Bytes) {
        let known = self.0.get(key).is_some_and(|(known, at)| known == *value && at.elapsed() < Self::FRESH);
        if !known {
            self.0.insert(key.clone(), (value.clone(), Instant::now()));
        }
    }

    pub(crate) fn get(&self, key: &CacheKey) -> Option<Bytes> {
        self.0.get(key).map(|(value, _)| value)
    }

    pub(crate) fn forget(&self, key: &CacheKey) {
        self.0.invalidate(key);
    }
}

/// Bytes that an entry costs, with what the map itself needs.
pub(crate) fn weight(key: &CacheKey, value: usize) -> u32 {
    const ENTRY: usize = 256;
    u32::try_from(key.id.len() + value + ENTRY).unwrap_or(u32::MAX)
}
