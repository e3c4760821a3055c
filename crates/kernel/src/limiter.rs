use std::time::Duration;

use async_trait::async_trait;

/// How much is allowed: `burst` at once, refilled evenly at `burst` per `period` (a token bucket, kept as GCRA).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Quota {
    /// Calls in a row from rest; 0 switches the limit off.
    pub burst: u32,
    /// In this time a spent burst is whole again.
    pub period: Duration,
}

impl Quota {
    /// So many a minute.
    #[must_use]
    pub const fn per_minute(burst: u32) -> Self {
        Self { burst, period: Duration::from_secs(60) }
    }
}

/// A limiter's answer, with what the `RateLimit-*` headers say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decision {
    /// Whether to go on.
    pub allowed: bool,
    /// The quota's burst.
    pub limit: u32,
    /// What is left right now.
    pub remaining: u32,
    /// Until one more call is allowed (refused) or the burst is whole again (allowed).
    pub reset: Duration,
}

impl Decision {
    /// The answer where there is no limit.
    pub const UNLIMITED: Self = Self { allowed: true, limit: 0, remaining: 0, reset: Duration::ZERO };
}

/// Rate limits shared over replicas; where the shared store can't be asked, each replica goes on limiting by itself.
#[async_trait]
pub trait RateLimiter: Send + Sync {
    /// Takes one call of `key` from its quota. Keys name their class: `auth:203.0.113.9`, `write:<player>`.
    async fn check(&self, key: &str, quota: Quota) -> Decision;
}
