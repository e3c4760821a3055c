//! The Redis adapters against the contracts, two replicas each, on the shared Redis under a prefix of their own.
#![cfg(feature = "redis")]

use std::sync::Arc;
use std::time::Duration;

use kernel::contract::{bus::BusFixture, cache::CacheFixture, limiter::LimiterFixture};
use shallweplay_cache::redis::{RedisBoards, RedisBus, RedisCache, RedisClient, RedisLimiter, RedisOptions};
use standings::contract::BoardsFixture;
use testkit::redis::ScratchRedis;

/// Patient, since many tests share two cores: the contracts are about answers, the fault tests about time limits.
async fn replica(redis: &ScratchRedis) -> RedisClient {
    let patient = Duration::from_secs(10);
    let options = RedisOptions { connect: patient, answer: patient, ..RedisOptions::new(redis.url(), redis.prefix()) };
    let client = RedisClient::connect_with(options).expect("the address is well-formed");
    assert!(client.ready(patient).await, "{:?}", client.status());
    client
}

mod cache {
    use super::*;

    async fn cache() -> CacheFixture {
        let redis = ScratchRedis::shared().await;
        let (here, there) = (RedisCache::new(replica(&redis).await), RedisCache::new(replica(&redis).await));
        CacheFixture { here: Arc::new(here), there: Arc::new(there), keep: Box::new(redis) }
    }

    kernel::cache_contract!(cache());
}

mod bus {
    use super::*;

    async fn bus() -> BusFixture {
        let redis = ScratchRedis::shared().await;
        let (here, there) = (RedisBus::new(replica(&redis).await), RedisBus::new(replica(&redis).await));
        BusFixture { here: Arc::new(here), there: Arc::new(there), keep: Box::new(redis) }
    }

    kernel::bus_contract!(bus());
}

mod limiter {
    use super::*;

    async fn limiter() -> LimiterFixture {
        let redis = ScratchRedis::shared().await;
        let (here, there) = (RedisLimiter::new(replica(&redis).await), RedisLimiter::new(replica(&redis).await));
        LimiterFixture { here: Arc::new(here), there: Arc::new(there), keep: Box::new(redis) }
    }

    kernel::rate_limiter_contract!(limiter());
}

mod boards {
    use super::*;

    async fn boards() -> BoardsFixture {
        let redis = ScratchRedis::shared().await;
        let (here, there) = (RedisBoards::new(replica(&redis).await), RedisBoards::new(replica(&redis).await));
        BoardsFixture { here: Arc::new(here), there: Arc::new(there), keep: Box::new(redis) }
    }

    standings::board_copies_contract!(boards());
}
