//! Cache-aside reads: check the cache, else ask the database, then fill. Concurrent misses of one key on this replica
//! collapse to one query.

use std::collections::HashMap;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use kernel::{Cache, CacheKey, CacheOutcome, FillToken, Lookup};
use tokio::sync::OnceCell;

use crate::problem::Problem;

/// How long a document may be served from the cache.
const TTL: Duration = Duration::from_secs(30);
/// How long one may that not all invalidate who change what is in it.
const BRIEF: Duration = Duration::from_secs(1);

/// A query on its way. The token is part of its name: who misses after an invalidation has another one, and must not
/// join a query that began before it.
type Flight = Arc<OnceCell<Bytes>>;
type Flights = HashMap<(CacheKey, FillToken), Flight>;

/// The reading side of the cache.
#[derive(Clone)]
pub(crate) struct Aside {
    cache: Arc<dyn Cache>,
    flights: Arc<Mutex<Flights>>,
}

impl Aside {
    /// Over this cache.
    #[must_use]
    pub(crate) fn new(cache: Arc<dyn Cache>) -> Self {
        Self { cache, flights: Arc::default() }
    }

    /// As [`Aside::read`], for documents that may be a moment old but no more: not all who change what is in them
    /// invalidate them.
    pub(crate) async fn read_briefly<F, Fut>(&self, key: CacheKey, load: F) -> Result<(Bytes, CacheOutcome), Problem>
    where
        F: FnOnce() -> Fut,
        Fut: Future<Output = Result<Bytes, Problem>>,
    {
        self.read_for(key, BRIEF, load).await
    }

    /// The document under `key`, from the cache or by `load`. While the database is down, the last value this replica
    /// saw is better than none.
    pub(crate) async fn read<F, Fut>(&self, key: CacheKey, load: F) -> Result<(Bytes, CacheOutcome), Problem>
    where
        F: FnOnce() -> Fut,
        Fut: Future<Output = Result<Bytes, Problem>>,
    {
        self.read_for(key, TTL, load).await
    }

    async fn read_for<F, Fut>(&self, key: CacheKey, ttl: Duration, load: F) -> Result<(Bytes, CacheOutcome), Problem>
    where
        F: FnOnce() -> Fut,
        Fut: Future<Output = Result<Bytes, Problem>>,
    {
        let (token, outcome) = match self.cache.lookup(&key).await {
            Lookup::Hit(bytes) => return Ok((bytes, CacheOutcome::Hit)),
            Lookup::Miss(token) => (Some(token), CacheOutcome::Miss),
            Lookup::Bypass => (None, CacheOutcome::Bypass),
        };
        let Some(token) = token else {
            // Without the cache there is no token that says whether a shared answer is still good: ask for oneself.
            return self.or_last_known(&key, load().await, outcome);
        };
        let name = (key.clone(), token.clone());
        let flight = Arc::clone(self.lock().entry(name.clone()).or_default());
        let answer = flight
            .get_or_try_init(|| async {
                let bytes = load().await?;
                self.cache.fill(&key, token, bytes.clone(), ttl).await;
                Ok(bytes)
            })
            .await
            .cloned();
        // Whoever comes later looks the cache up anew. Only this flight is removed, not a later one under its key.
        let mut flights = self.lock();
        if flights.get(&name).is_some_and(|current| Arc::ptr_eq(current, &flight)) {
            flights.remove(&name);
        }
        drop(flights);
        self.or_last_known(&key, answer, outcome)
    }

    fn or_last_known(
        &self,
        key: &CacheKey,
        answer: Result<Bytes, Problem>,
        outcome: CacheOutcome,
    ) -> Result<(Bytes, CacheOutcome), Problem> {
        match answer {
            Ok(bytes) => Ok((bytes, outcome)),
            Err(problem) if problem.status().as_u16() == 503 => match self.cache.last_known(key) {
                Some(bytes) => Ok((bytes, CacheOutcome::Stale)),
                None => Err(problem),
            },
            Err(problem) => Err(problem),
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Flights> {
        self.flights.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use async_trait::async_trait;
    use std::sync::atomic::{AtomicUsize, Ordering};

    /// One document, as far as these cases need it.
    #[derive(Default)]
    struct OneDocument {
        value: Mutex<Option<Bytes>>,
        last: Mutex<Option<Bytes>>,
        generation: AtomicUsize,
    }

    #[async_trait]
    impl Cache for OneDocument {
        async fn lookup(&self, _: &CacheKey) -> Lookup {
            let token = FillToken(self.generation.load(Ordering::SeqCst).to_string());
            self.value.lock().expect("not poisoned").clone().map_or(Lookup::Miss(token), Lookup::Hit)
        }

        async fn lookup_many(&self, keys: &[CacheKey]) -> Vec<Lookup> {
            vec![Lookup::Bypass; keys.len()]
        }

        async fn fill(&self, _: &CacheKey, token: FillToken, value: Bytes, _: Duration) {
            if token.0 == self.generation.load(Ordering::SeqCst).to_string() {
                *self.value.lock().expect("not poisoned") = Some(value.clone());
                *self.last.lock().expect("not poisoned") = Some(value);
            }
        }

        async fn invalidate(&self, _: &[CacheKey]) {
            self.generation.fetch_add(1, Ordering::SeqCst);
            *self.value.lock().expect("not poisoned") = None;
        }

        fn last_known(&self, _: &CacheKey) -> Option<Bytes> {
            self.last.lock().expect("not poisoned").clone()
        }
    }

    fn key() -> CacheKey {
        CacheKey::new("test", "1")
    }

    #[tokio::test]
    async fn a_stampede_collapses_to_one_query() {
        let (aside, queries) = (Aside::new(Arc::new(OneDocument::default())), AtomicUsize::new(0));
        let (open, gate) = tokio::sync::watch::channel(false);
        let read = || async {
            let load = || async {
                queries.fetch_add(1, Ordering::SeqCst);
                gate.clone().wait_for(|open| *open).await.expect("the sender lives");
                Ok(Bytes::from_static(b"document"))
            };
            aside.read(key(), load).await.expect("the load succeeds").0
        };
        let readers = futures_util::future::join_all((0..20).map(|_| read()));
        let (answers, _) = tokio::join!(readers, async { open.send(true) });
        assert!(answers.iter().all(|answer| *answer == Bytes::from_static(b"document")));
        assert_eq!(queries.load(Ordering::SeqCst), 1);
    }

    #[tokio::test]
    async fn who_misses_after_an_invalidation_does_not_join_an_older_query() {
        let cache = Arc::new(OneDocument::default());
        let aside = Aside::new(Arc::clone(&cache) as _);
        let (open, gate) = tokio::sync::watch::channel(false);
        let old = aside.read(key(), || async {
            gate.clone().wait_for(|open| *open).await.expect("the sender lives");
            Ok(Bytes::from_static(b"before the write"))
        });
        let new = async {
            cache.invalidate(&[key()]).await;
            let (answer, _) = aside.read(key(), || async { Ok(Bytes::from_static(b"after it")) }).await.expect("reads");
            open.send(true).expect("the receiver lives");
            answer
        };
        let (_, answer) = tokio::join!(old, new);
        assert_eq!(answer, Bytes::from_static(b"after it"));
        let (later, outcome) = aside.read(key(), || async { Err(Problem::of("internal")) }).await.expect("a hit");
        assert_eq!((later, outcome), (Bytes::from_static(b"after it"), CacheOutcome::Hit), "the old fill lost");
    }

    #[tokio::test]
    async fn while_the_database_is_down_the_last_value_serves() {
        let cache = Arc::new(OneDocument::default());
        let aside = Aside::new(Arc::clone(&cache) as _);
        let down = || async { Err(Problem::of("unavailable")) };
        assert!(aside.read(key(), down).await.is_err(), "nothing was seen yet");
        aside.read(key(), || async { Ok(Bytes::from_static(b"seen")) }).await.expect("reads");
        cache.invalidate(&[key()]).await;
        let (answer, outcome) = aside.read(key(), down).await.expect("stale is better than nothing");
        assert_eq!((answer, outcome), (Bytes::from_static(b"seen"), CacheOutcome::Stale));
        assert!(aside.read(key(), || async { Err(Problem::of("players.not_found")) }).await.is_err(), "gone is gone");
    }
}
