use std::sync::LazyLock;

use async_trait::async_trait;
use deadpool_redis::redis::Script;
use kernel::{Decision, Quota, RateLimiter};

use super::client::RedisClient;
use crate::gcra::Gcra;
use crate::in_process::InProcessLimiter;

/// [`Gcra::decide`] by Redis's own clock, so that all replicas measure with one. Lua's numbers hold microseconds since
/// 1970 exactly until the year 2255; `%.0f` keeps them from being written as `1.7e+15`.
static GCRA: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "local time = redis.call('TIME')
         local now = time[1] * 1000000 + time[2]
         local step, span = tonumber(ARGV[1]), tonumber(ARGV[2])
         local from = tonumber(redis.call('GET', KEYS[1]) or now)
         from = math.min(math.max(from, now), now + span)
         local ahead = from + step - now
         if ahead > span then return {0, ahead - span} end
         redis.call('SET', KEYS[1], string.format('%.0f', now + ahead), 'PX', math.ceil(ahead / 1000))
         return {1, ahead}",
    )
});

/// A [`RateLimiter`] shared by all replicas. While Redis is down each replica limits by itself, with the whole quota:
/// a limit is never off.
pub struct RedisLimiter {
    client: RedisClient,
    alone: InProcessLimiter,
}

impl RedisLimiter {
    /// A limiter over this client.
    #[must_use]
    pub fn new(client: RedisClient) -> Self {
        LazyLock::force(&GCRA);
        Self { client, alone: InProcessLimiter::new() }
    }
}

#[async_trait]
impl RateLimiter for RedisLimiter {
    async fn check(&self, key: &str, quota: Quota) -> Decision {
        let Some(gcra) = Gcra::of(quota) else { return Decision::UNLIMITED };
        let mut script = GCRA.key(self.client.key('l', key));
        script.arg(gcra.step).arg(gcra.span);
        let answer: Option<(u8, u64)> =
            self.client.run(|mut connection| async move { script.invoke_async(&mut connection).await }).await;
        match answer {
            Some((1, ahead)) => gcra.allowed(ahead),
            Some((_, wait)) => gcra.refused(wait),
            None => self.alone.check_now(key, quota),
        }
    }
}
