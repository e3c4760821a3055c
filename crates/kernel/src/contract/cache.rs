//! Cases for [`Cache`].

use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use super::{Pace, all_at_once};
use crate::{Cache, CacheKey, FillToken, Lookup};

/// Tests of a [`Cache`]; `$make.await` gives a [`CacheFixture`](crate::contract::cache::CacheFixture).
#[macro_export]
macro_rules! cache_contract {
    ($make:expr) => {
        $crate::contract_tests! { $make, cache:
            misses_then_hits_on_both_replicas
            misses_share_a_token_until_an_invalidation
            a_slow_reader_loses_to_an_invalidation
            a_fill_that_races_an_invalidation_leaves_nothing
            a_token_of_another_key_is_refused
            a_made_up_token_is_refused
            an_invalidation_shows_everywhere_when_it_returns
            looks_up_many_in_the_order_asked
            documents_end_with_their_ttl
            concurrent_fills_leave_one_of_their_values
            remembers_the_last_known_value
            forgets_the_last_known_value_when_invalidated
            keeps_big_and_empty_values_whole
            ids_may_hold_any_character
            nothing_asked_is_nothing_done
        }
    };
}

/// One cache as two replicas see it.
pub struct CacheFixture {
    /// The replica that acts.
    pub here: Arc<dyn Cache>,
    /// Another replica; the same object where the cache is in-process.
    pub there: Arc<dyn Cache>,
    /// Kept until the case is over.
    pub keep: Box<dyn Any + Send + Sync>,
}

const LONG: Duration = Duration::from_secs(30);

fn key(id: &str) -> CacheKey {
    CacheKey::new("profile", id)
}

async fn missed(cache: &dyn Cache, key: &CacheKey) -> FillToken {
    match cache.lookup(key).await {
        Lookup::Miss(token) => token,
        other => panic!("expected a miss of {key:?}, got {other:?}"),
    }
}

async fn put(cache: &dyn Cache, key: &CacheKey, value: &'static str, ttl: Duration) {
    let token = missed(cache, key).await;
    cache.fill(key, token, Bytes::from_static(value.as_bytes()), ttl).await;
}

fn hit(value: &'static str) -> Lookup {
    Lookup::Hit(Bytes::from_static(value.as_bytes()))
}

/// What one replica fills, both find.
pub async fn misses_then_hits_on_both_replicas(caches: &CacheFixture, _: Pace) {
    put(&*caches.here, &key("a"), "v1", LONG).await;
    assert_eq!(caches.here.lookup(&key("a")).await, hit("v1"));
    assert_eq!(caches.there.lookup(&key("a")).await, hit("v1"));
    missed(&*caches.here, &key("b")).await;
}

/// Whoever misses at the same time gets the same token; whoever misses after an invalidation, another one. So readers
/// that hold the same token may share one query.
pub async fn misses_share_a_token_until_an_invalidation(caches: &CacheFixture, _: Pace) {
    let first = missed(&*caches.here, &key("a")).await;
    assert_eq!(missed(&*caches.there, &key("a")).await, first);
    assert_ne!(missed(&*caches.there, &key("b")).await, first);
    caches.there.invalidate(&[key("a")]).await;
    assert_ne!(missed(&*caches.here, &key("a")).await, first);
}

/// Read, written and invalidated by another, then filled: the old value is refused.
pub async fn a_slow_reader_loses_to_an_invalidation(caches: &CacheFixture, _: Pace) {
    let slow = missed(&*caches.here, &key("a")).await;
    caches.there.invalidate(&[key("a")]).await;
    caches.here.fill(&key("a"), slow.clone(), Bytes::from_static(b"old"), LONG).await;
    let fresh = missed(&*caches.here, &key("a")).await;
    assert_ne!(fresh, slow);
    caches.there.fill(&key("a"), fresh, Bytes::from_static(b"new"), LONG).await;
    caches.here.fill(&key("a"), slow, Bytes::from_static(b"old"), LONG).await;
    assert_eq!(caches.here.lookup(&key("a")).await, hit("new"));
}

/// Fills with tokens from before an invalidation, at the same time as it: before it they are removed, after it refused.
pub async fn a_fill_that_races_an_invalidation_leaves_nothing(caches: &CacheFixture, _: Pace) {
    for round in 0..20 {
        let key = &key(&format!("raced-{round}"));
        let (one, two) = (missed(&*caches.here, key).await, missed(&*caches.there, key).await);
        all_at_once([
            caches.here.fill(key, one.clone(), Bytes::from_static(b"old"), LONG),
            caches.there.invalidate(std::slice::from_ref(key)),
            caches.there.fill(key, two, Bytes::from_static(b"old"), LONG),
            caches.here.fill(key, one, Bytes::from_static(b"old"), LONG),
        ])
        .await;
        missed(&*caches.here, key).await;
    }
}

/// A token is good for the key it was given for.
pub async fn a_token_of_another_key_is_refused(caches: &CacheFixture, _: Pace) {
    let token = missed(&*caches.here, &key("a")).await;
    missed(&*caches.here, &key("b")).await;
    caches.here.fill(&key("b"), token.clone(), Bytes::from_static(b"wrong"), LONG).await;
    missed(&*caches.here, &key("b")).await;
    caches.here.fill(&CacheKey::new("history", "a"), token, Bytes::from_static(b"wrong"), LONG).await;
    missed(&*caches.here, &CacheKey::new("history", "a")).await;
}

/// A token nobody gave fills nothing, whether or not somebody asked before.
pub async fn a_made_up_token_is_refused(caches: &CacheFixture, _: Pace) {
    for token in ["", "0", "made up"] {
        caches.here.fill(&key("a"), FillToken(token.to_owned()), Bytes::from_static(b"wrong"), LONG).await;
        missed(&*caches.here, &key("a")).await;
    }
}

/// Read your own writes on any replica.
pub async fn an_invalidation_shows_everywhere_when_it_returns(caches: &CacheFixture, _: Pace) {
    for id in ["a", "b", "c"] {
        put(&*caches.here, &key(id), "old", LONG).await;
        assert_eq!(caches.there.lookup(&key(id)).await, hit("old"));
    }
    caches.here.invalidate(&[key("a"), key("b")]).await;
    missed(&*caches.there, &key("a")).await;
    missed(&*caches.there, &key("b")).await;
    missed(&*caches.here, &key("a")).await;
    assert_eq!(caches.there.lookup(&key("c")).await, hit("old"));
}

/// Hits and misses of several namespaces, one key asked twice.
pub async fn looks_up_many_in_the_order_asked(caches: &CacheFixture, _: Pace) {
    let other = CacheKey::new("history", "a");
    put(&*caches.here, &key("a"), "profile of a", LONG).await;
    put(&*caches.here, &other, "history of a", LONG).await;
    let found = caches.there.lookup_many(&[key("none"), other.clone(), key("a"), key("also none"), other]).await;
    assert_eq!(found.len(), 5);
    let Lookup::Miss(first) = &found[0] else { panic!("expected a miss first, got {found:?}") };
    assert_eq!(found[1], hit("history of a"));
    assert_eq!(found[2], hit("profile of a"));
    assert!(matches!(found[3], Lookup::Miss(_)), "{found:?}");
    assert_eq!(found[4], hit("history of a"));
    caches.there.fill(&key("none"), first.clone(), Bytes::from_static(b"filled"), LONG).await;
    assert_eq!(caches.here.lookup(&key("none")).await, hit("filled"));
}

/// A document is gone after its time, and its key can be filled again.
pub async fn documents_end_with_their_ttl(caches: &CacheFixture, pace: Pace) {
    put(&*caches.here, &key("a"), "short", Duration::from_millis(40)).await;
    put(&*caches.here, &key("b"), "long", LONG).await;
    pace.until("the document ended", async || matches!(caches.there.lookup(&key("a")).await, Lookup::Miss(_))).await;
    assert_eq!(caches.here.lookup(&key("b")).await, hit("long"));
    put(&*caches.here, &key("a"), "again", LONG).await;
    assert_eq!(caches.there.lookup(&key("a")).await, hit("again"));
}

/// Many readers miss at once and all fill: one of their values stands, and tokens that lost disturb nothing later.
pub async fn concurrent_fills_leave_one_of_their_values(caches: &CacheFixture, _: Pace) {
    let wanted = key("a");
    let readers: Vec<_> = (0..24).map(|at| if at % 2 == 0 { &caches.here } else { &caches.there }).collect();
    let tokens = all_at_once(readers.iter().map(|cache| cache.lookup(&wanted))).await;
    let fills = tokens.into_iter().zip(&readers).enumerate().map(|(at, (found, cache))| {
        let Lookup::Miss(token) = found else { panic!("nobody has filled yet, got {found:?}") };
        cache.fill(&wanted, token, Bytes::from(format!("value {at}")), LONG)
    });
    all_at_once(fills).await;
    let Lookup::Hit(value) = caches.here.lookup(&wanted).await else { panic!("one of the fills was allowed") };
    assert!(value.starts_with(b"value "), "{value:?}");
    assert_eq!(caches.there.lookup(&wanted).await, Lookup::Hit(value));
}

/// Whoever filled or found a document still knows it after its end.
pub async fn remembers_the_last_known_value(caches: &CacheFixture, pace: Pace) {
    assert_eq!(caches.here.last_known(&key("a")), None);
    put(&*caches.here, &key("a"), "v1", LONG).await;
    assert_eq!(caches.there.lookup(&key("a")).await, hit("v1"));
    assert_eq!(caches.there.last_known(&key("a")), Some(Bytes::from_static(b"v1")));
    put(&*caches.here, &key("b"), "short", Duration::from_millis(30)).await;
    pace.until("the document ended", async || matches!(caches.here.lookup(&key("b")).await, Lookup::Miss(_))).await;
    assert_eq!(caches.here.last_known(&key("b")), Some(Bytes::from_static(b"short")));
    assert_eq!(caches.here.last_known(&CacheKey::new("history", "a")), None);
}

/// A value that was just outdated here is not shown even as stale; an erased player's least of all.
pub async fn forgets_the_last_known_value_when_invalidated(caches: &CacheFixture, _: Pace) {
    put(&*caches.here, &key("a"), "v1", LONG).await;
    assert_eq!(caches.here.last_known(&key("a")), Some(Bytes::from_static(b"v1")));
    caches.here.invalidate(&[key("a")]).await;
    assert_eq!(caches.here.last_known(&key("a")), None);
}

/// One mebibyte with every byte in it, and no byte at all.
pub async fn keeps_big_and_empty_values_whole(caches: &CacheFixture, _: Pace) {
    let big: Bytes = (0..1 << 20).map(|at: u32| at.to_le_bytes()[(at % 3) as usize]).collect();
    let token = missed(&*caches.here, &key("big")).await;
    caches.here.fill(&key("big"), token, big.clone(), LONG).await;
    assert_eq!(caches.there.lookup(&key("big")).await, Lookup::Hit(big));
    put(&*caches.here, &key("empty"), "", LONG).await;
    assert_eq!(caches.there.lookup(&key("empty")).await, hit(""));
}

/// Ids are opaque: separators, spaces and non-ASCII letters keep apart.
pub async fn ids_may_hold_any_character(caches: &CacheFixture, _: Pace) {
    let ids = ["", ":", "a", "a:b", "a b", "a\r\nb", "{a}", "*", "ünï ☃", &"x".repeat(300)];
    for id in ids {
        let token = missed(&*caches.here, &key(id)).await;
        caches.here.fill(&key(id), token, Bytes::from(id.to_owned()), LONG).await;
    }
    for id in ids {
        assert_eq!(caches.there.lookup(&key(id)).await, Lookup::Hit(Bytes::from(id.to_owned())));
    }
}

/// Empty lists, and keys nobody ever asked for.
pub async fn nothing_asked_is_nothing_done(caches: &CacheFixture, _: Pace) {
    assert_eq!(caches.here.lookup_many(&[]).await, Vec::new());
    caches.here.invalidate(&[]).await;
    caches.here.invalidate(&[key("never"), key("never")]).await;
    missed(&*caches.there, &key("never")).await;
}
