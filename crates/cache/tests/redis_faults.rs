//! What the adapters do when Redis is absent, stalls, dies, forgets or drops connections. Each test has a server of its
//! own. The usual time limits apply, so on a busy machine the breaker may open at any time: the tests wait for what must
//! come and look at everything on the way for what must never be.
#![cfg(feature = "redis")]

use std::error::Error as _;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bytes::Bytes;
use kernel::contract::Pace;
use kernel::{Bus, Cache, CacheKey, FillToken, Lookup, Quota, RateLimiter, Subscription};
use shallweplay_cache::redis::{RedisBus, RedisCache, RedisClient, RedisLimiter};
use testkit::redis::{Reply, ScratchRedis};

const LONG: Duration = Duration::from_secs(300);
const PACE: Pace = Pace::new(|| Box::pin(tokio::time::sleep(Duration::from_millis(3))));

/// One replica's adapters over one client.
struct Replica {
    client: RedisClient,
    cache: RedisCache,
    bus: RedisBus,
    limiter: RedisLimiter,
}

impl Replica {
    fn of(redis: &ScratchRedis) -> Self {
        let client = RedisClient::connect(&redis.url(), redis.prefix()).expect("the address is well-formed");
        Self {
            cache: RedisCache::new(client.clone()),
            bus: RedisBus::new(client.clone()),
            limiter: RedisLimiter::new(client.clone()),
            client,
        }
    }

    async fn up(redis: &ScratchRedis) -> Self {
        let replica = Self::of(redis);
        PACE.until("Redis and bus are connected", async || replica.bus.connected()).await;
        replica
    }

    async fn missed(&self, key: &CacheKey) -> FillToken {
        let token = Mutex::new(None);
        PACE.until("the cache is asked again", async || match self.cache.lookup(key).await {
            Lookup::Miss(found) => token.lock().expect("one holder").replace(found).is_none(),
            Lookup::Bypass => false,
            Lookup::Hit(value) => panic!("{key:?} should be gone, but is {value:?}"),
        })
        .await;
        token.into_inner().expect("one holder").expect("it was a miss")
    }

    async fn put(&self, key: &CacheKey, value: &'static str) {
        PACE.until("the value is filled", async || match self.cache.lookup(key).await {
            Lookup::Miss(token) => {
                self.cache.fill(key, token, Bytes::from_static(value.as_bytes()), LONG).await;
                false
            }
            Lookup::Bypass => false,
            Lookup::Hit(found) => found == value,
        })
        .await;
    }

    /// Counts what comes under `topic`.
    fn counts(&self, topic: &str) -> (Arc<AtomicUsize>, Subscription) {
        let count = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&count);
        let handler = Arc::new(move |_| {
            counted.fetch_add(1, Ordering::SeqCst);
        });
        (count, self.bus.subscribe(topic, handler))
    }
}

/// Publishes until somebody hears it.
async fn flows(from: &Replica, topic: &str, heard: &AtomicUsize) {
    let before = heard.load(Ordering::SeqCst);
    PACE.until("messages flow", async || {
        from.bus.publish(topic, Bytes::from_static(b"m")).await;
        heard.load(Ordering::SeqCst) > before
    })
    .await;
}

fn key(id: &str) -> CacheKey {
    CacheKey::new("profile", id)
}

#[tokio::test(flavor = "multi_thread")]
async fn starts_without_redis_and_connects_when_it_comes() {
    let mut redis = ScratchRedis::start().await;
    redis.kill();
    let replica = Replica::of(&redis);
    assert_eq!(replica.cache.lookup(&key("a")).await, Lookup::Bypass);
    replica.cache.invalidate(&[key("a")]).await;
    let (heard, _subscription) = replica.counts("t");
    replica.bus.publish("t", Bytes::from_static(b"m")).await;
    assert_eq!(heard.load(Ordering::SeqCst), 1);
    assert!(!replica.bus.connected());
    let quota = Quota { burst: 2, period: Duration::from_secs(3_600) };
    let mut allowed = 0;
    for _ in 0..5 {
        allowed += u32::from(replica.limiter.check("a", quota).await.allowed);
    }
    assert_eq!(allowed, 2, "a limit is never off");
    PACE.until("it says why", async || replica.client.status().last_error.is_some()).await;
    assert!(!replica.client.status().up);

    redis.restart();
    let begun = Instant::now();
    assert!(replica.client.ready(Duration::from_secs(20)).await, "{:?}", replica.client.status());
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    replica.put(&key("a"), "v1").await;
    let other = Replica::up(&redis).await;
    flows(&other, "t", &heard).await;
    PACE.until("its status is right", async || replica.client.status().up).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stalled_redis_costs_one_wait_and_then_nothing() {
    let redis = ScratchRedis::start().await;
    let replica = Replica::up(&redis).await;
    replica.put(&key("a"), "v1").await;
    redis.pause();
    let begun = Instant::now();
    assert_eq!(replica.cache.lookup(&key("a")).await, Lookup::Bypass);
    let first = begun.elapsed();
    assert!(first < Duration::from_millis(500), "{first:?}");
    let begun = Instant::now();
    for _ in 0..2_000 {
        assert_eq!(replica.cache.lookup(&key("a")).await, Lookup::Bypass);
        replica.limiter.check("a", Quota::per_minute(5)).await;
        replica.bus.publish("t", Bytes::from_static(b"m")).await;
        replica.cache.invalidate(&[key("b")]).await;
    }
    let rest = begun.elapsed();
    assert!(rest < Duration::from_secs(2), "8,000 calls took {rest:?}: some waited");
    assert_eq!(replica.cache.last_known(&key("a")), Some(Bytes::from_static(b"v1")));
    let status = replica.client.status();
    assert!(!status.up && status.last_error.is_some(), "{status:?}");

    redis.resume();
    // The namespace gets a new epoch, since an invalidation failed.
    replica.missed(&key("a")).await;
    replica.put(&key("a"), "v2").await;
    PACE.until("the bus is back", async || replica.bus.connected()).await;
    assert!(replica.client.stats().refused >= 2_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_invalidated_during_an_outage_never_comes_back() {
    let redis = ScratchRedis::start().await;
    let (writer, reader) = (Replica::up(&redis).await, Replica::up(&redis).await);
    writer.put(&key("a"), "old").await;
    reader.put(&key("a"), "old").await;
    let slow = reader.missed(&key("slow")).await;
    redis.pause();
    // Opens the breaker, so that the invalidation isn't even sent.
    PACE.until("the writer notices", async || writer.cache.lookup(&key("other")).await == Lookup::Bypass).await;
    writer.cache.invalidate(&[key("a"), key("slow")]).await;
    assert_eq!(writer.cache.lookup(&key("a")).await, Lookup::Bypass);
    redis.resume();
    // `missed` panics when the old value shows on the way.
    writer.missed(&key("a")).await;
    reader.missed(&key("a")).await;
    reader.cache.fill(&key("slow"), slow, Bytes::from_static(b"old"), LONG).await;
    reader.missed(&key("slow")).await;
    reader.put(&key("a"), "new").await;
    writer.put(&key("a"), "new").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flushed_redis_starts_over() {
    let redis = ScratchRedis::start().await;
    let (one, two) = (Replica::up(&redis).await, Replica::up(&redis).await);
    one.put(&key("a"), "v1").await;
    let slow = one.missed(&key("b")).await;
    let quota = Quota { burst: 1, period: Duration::from_secs(3_600) };
    assert!(one.limiter.check("a", quota).await.allowed);
    redis.connect().command(&["FLUSHALL"]).expect("the server is ours");
    two.missed(&key("a")).await;
    two.cache.fill(&key("b"), slow, Bytes::from_static(b"old"), LONG).await;
    two.missed(&key("b")).await;
    two.put(&key("a"), "v2").await;
    PACE.until("the other sees it", async || {
        one.cache.lookup(&key("a")).await == Lookup::Hit(Bytes::from_static(b"v2"))
    })
    .await;
    let (heard, _subscription) = two.counts("t");
    flows(&one, "t", &heard).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_redis_behind_the_same_address_is_not_trusted() {
    let mut redis = ScratchRedis::start().await;
    let replica = Replica::up(&redis).await;
    replica.put(&key("a"), "v1").await;
    let epoch_key = format!("{}:e:profile", redis.prefix());
    let epoch = |redis: &ScratchRedis| redis.connect().command(&["GET", &epoch_key]).expect("the server is ours");
    let before = epoch(&redis);
    assert!(matches!(before, Reply::Text(_)));
    redis.kill();
    redis.restart();
    // Nobody looks anything up: the replica itself moves the epochs of what it used before.
    PACE.until("a new epoch stands", async || {
        let now = epoch(&redis);
        assert_ne!(now, before);
        now != Reply::Nil
    })
    .await;
    replica.missed(&key("a")).await;
    replica.put(&key("a"), "v2").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_subscriber_comes_back_and_says_so() {
    let redis = ScratchRedis::start().await;
    let (one, two) = (Replica::up(&redis).await, Replica::up(&redis).await);
    let topics: Vec<_> = (0..700).map(|at| format!("player:{at}")).collect();
    let ears: Vec<_> = topics.iter().map(|topic| two.counts(topic)).collect();
    for (topic, (heard, _)) in topics.iter().zip(&ears) {
        flows(&one, topic, heard).await;
    }
    for _ in 0..3 {
        let before = (one.bus.generation(), two.bus.generation());
        redis.connect().command(&["CLIENT", "KILL", "TYPE", "pubsub"]).expect("the server is ours");
        PACE.until("both say that they may have lost messages", async || {
            one.bus.generation() > before.0 && two.bus.generation() > before.1 && two.bus.connected()
        })
        .await;
        for (topic, (heard, _)) in topics.iter().zip(&ears).step_by(97) {
            flows(&one, topic, heard).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_loses_messages_on_their_way_out_tells_the_others() {
    let redis = ScratchRedis::start().await;
    let (one, two) = (Replica::up(&redis).await, Replica::up(&redis).await);
    let (near, _near) = one.counts("t");
    let before = two.bus.generation();
    let mut published = 0;
    PACE.until("the other replica is told", async || {
        redis.connect().command(&["CLIENT", "KILL", "TYPE", "normal"]).expect("the server is ours");
        one.bus.publish("t", Bytes::from_static(b"m")).await;
        published += 1;
        let told = Instant::now();
        while two.bus.generation() == before && told.elapsed() < Duration::from_secs(2) {
            tokio::task::yield_now().await;
        }
        two.bus.generation() > before
    })
    .await;
    assert_eq!(near.load(Ordering::SeqCst), published, "its own subscribers miss nothing");
    assert!(one.bus.stats().lost >= 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn limits_go_on_alone_and_then_together_again() {
    let redis = ScratchRedis::start().await;
    let (one, two) = (Replica::up(&redis).await, Replica::up(&redis).await);
    let quota = Quota { burst: 3, period: Duration::from_secs(3_600) };
    redis.pause();
    let mut allowed = 0;
    for _ in 0..10 {
        allowed += u32::from(one.limiter.check("a", quota).await.allowed);
    }
    assert_eq!(allowed, 3);
    redis.resume();
    assert!(one.client.ready(Duration::from_secs(20)).await && two.client.ready(Duration::from_secs(20)).await);
    // Should the breaker open now, a replica of its own may allow a burst more: 3 shared and 2 × 3 alone at most.
    let mut allowed = 0;
    PACE.until("the shared quota is spent, too", async || {
        let (first, second) = (one.limiter.check("b", quota).await, two.limiter.check("b", quota).await);
        allowed += u32::from(first.allowed) + u32::from(second.allowed);
        !first.allowed && !second.allowed
    })
    .await;
    assert!((3..=9).contains(&allowed), "{allowed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_sentence_shows_the_password() {
    let redis = ScratchRedis::start().await;
    let address = redis.address();
    let url = format!("redis://:hunter2@{}:{}/0", address.host, address.port);
    let client = RedisClient::connect(&url, "t").expect("the address is well-formed");
    PACE.until("it was refused", async || client.status().last_error.is_some()).await;
    let status = client.status();
    assert!(!status.up);
    assert!(!format!("{status:?}").contains("hunter2"), "{status:?}");

    let malformed = RedisClient::connect("redis:/:hunter2@@:port", "t").err().expect("that is no address");
    let source = malformed.source().map(ToString::to_string).unwrap_or_default();
    assert!(!format!("{malformed} {malformed:?} {source}").contains("hunter2"), "{malformed:?}");
}
