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

    /// The document under `key`, from the cache or by `load`. While the database is down, the last value this replica
    /// saw is better than none.
    pub(crate) async fn read<F, Fut>(&self, key: CacheKey, load: F) -> Result<(Bytes, CacheOutcome), Problem>
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
                self.cache.fill(&key, token, bytes.clone(), TTL).await;
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
