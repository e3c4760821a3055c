use std::sync::LazyLock;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use deadpool_redis::redis::aio::MultiplexedConnection;
use deadpool_redis::redis::{RedisResult, Script, cmd};
use futures_util::future::try_join_all;
use kernel::{Cache, CacheKey, FillToken, Lookup};

use super::client::RedisClient;
use super::supervisor::epoch_key;
use super::unique::{LENGTH, fresh};
use crate::last_known::LastKnown;

/// Gives a miss its token. All who miss a key at the same time get the same one, and it ends with the first fill or
/// invalidation. Looks at the value again, since somebody may have filled it in the meantime.
static MISS: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "local epoch = redis.call('GET', KEYS[1])
         if not epoch then epoch = ARGV[1]; redis.call('SET', KEYS[1], epoch) end
         local value = redis.call('GET', KEYS[2])
         if value and string.sub(value, 1, #epoch) == epoch then return {value, ''} end
         local token = redis.call('GET', KEYS[3])
         if not token or string.sub(token, 1, #epoch) ~= epoch then
           token = epoch .. ARGV[2]
           redis.call('SET', KEYS[3], token, 'PX', ARGV[3])
         end
         return {'', token}",
    )
});

/// Takes a fill if its token still stands and its epoch is still the namespace's; says whether it did.
static FILL: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "local epoch = redis.call('GET', KEYS[1])
         if redis.call('GET', KEYS[3]) ~= ARGV[1] then return false end
         if not epoch or string.sub(ARGV[1], 1, #epoch) ~= epoch then return false end
         redis.call('SET', KEYS[2], epoch .. ARGV[2], 'PX', ARGV[3])
         redis.call('DEL', KEYS[3])
         return 1",
    )
});

/// A reader's longest query; a token that nobody used is gone after this.
const TOKEN: Duration = Duration::from_secs(10);

/// A [`Cache`] shared by all replicas.
///
/// A hit is one plain `MGET` (epoch and value); only misses and fills run scripts. A lookup that fails is a
/// [`Lookup::Bypass`]; an invalidation that fails makes its namespaces bypass on this replica until the supervisor has
/// moved their epochs. Meanwhile *other* replicas that still reach Redis may serve what was to be invalidated until
/// then, or until its time to live ends.
pub struct RedisCache {
    client: RedisClient,
    last_known: LastKnown,
}

impl RedisCache {
    /// A cache over this client.
    #[must_use]
    pub fn new(client: RedisClient) -> Self {
        LazyLock::force(&MISS);
        LazyLock::force(&FILL);
        Self { client, last_known: LastKnown::new() }
    }

    fn slots(&self, key: &CacheKey) -> Slots {
        let name = format!("{}:{}", key.namespace, key.id);
        Slots {
            epoch: epoch_key(&self.client.shared.prefix, key.namespace),
            value: self.client.key('v', &name),
            token: self.client.key('t', &name),
        }
    }

    fn trusted(&self, namespace: &'static str) -> bool {
        self.client.shared.namespaces.trusted(namespace)
    }

    async fn look(&self, slots: &[Slots]) -> Option<Vec<Lookup>> {
        self.client.run(|connection| look(connection, slots)).await
    }
}

/// Where a document's parts are kept.
struct Slots {
    epoch: String,
    value: String,
    token: String,
}

async fn look(mut connection: MultiplexedConnection, slots: &[Slots]) -> RedisResult<Vec<Lookup>> {
    let mut get = cmd("MGET");
    for slot in slots {
        get.arg(&slot.epoch).arg(&slot.value);
    }
    let found: Vec<Option<Vec<u8>>> = get.query_async(&mut connection).await?;
    let mut pairs = found.into_iter();
    let hits: Vec<_> = slots
        .iter()
        .map(|_| match (pairs.next().flatten(), pairs.next().flatten()) {
            (Some(epoch), Some(value)) if value.starts_with(&epoch) => Some(hit(value)),
            _ => None,
        })
        .collect();
    let missing = hits.iter().zip(slots).filter(|(hit, _)| hit.is_none());
    let misses = try_join_all(missing.map(|(_, slot)| miss(connection.clone(), slot))).await?;
    let mut misses = misses.into_iter();
    Ok(hits.into_iter().filter_map(|hit| hit.or_else(|| misses.next())).collect())
}

async fn miss(mut connection: MultiplexedConnection, slots: &Slots) -> RedisResult<Lookup> {
    let mut script = MISS.key(&slots.epoch);
    script.key(&slots.value).key(&slots.token).arg(fresh()).arg(fresh()).arg(millis(TOKEN));
    let (value, token): (Vec<u8>, String) = script.invoke_async(&mut connection).await?;
    Ok(if token.is_empty() { hit(value) } else { Lookup::Miss(FillToken(token)) })
}

/// The document behind its epoch.
fn hit(value: Vec<u8>) -> Lookup {
    Lookup::Hit(Bytes::from(value).slice(LENGTH..))
}

/// Redis knows no time to live of nothing.
fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX).clamp(1, 1 << 40)
}

#[async_trait]
impl Cache for RedisCache {
    async fn lookup(&self, key: &CacheKey) -> Lookup {
        self.lookup_many(std::slice::from_ref(key)).await.pop().unwrap_or(Lookup::Bypass)
    }

    async fn lookup_many(&self, keys: &[CacheKey]) -> Vec<Lookup> {
        let asked: Vec<_> = keys.iter().filter(|key| self.trusted(key.namespace)).collect();
        let slots: Vec<_> = asked.iter().map(|key| self.slots(key)).collect();
        let mut found = if slots.is_empty() { None } else { self.look(&slots).await }.unwrap_or_default().into_iter();
        let mut asked = asked.into_iter().peekable();
        let answer = |key: &CacheKey| {
            // In the same order: whoever is not next was not asked for.
            if asked.next_if(|next| std::ptr::eq(*next, key)).is_none() {
                return Lookup::Bypass;
            }
            let lookup = found.next().unwrap_or(Lookup::Bypass);
            if let Lookup::Hit(value) = &lookup {
                self.last_known.saw(key, value);
            }
            lookup
        };
        keys.iter().map(answer).collect()
    }

    async fn fill(&self, key: &CacheKey, token: FillToken, value: Bytes, ttl: Duration) {
        if !self.trusted(key.namespace) {
            return;
        }
        let slots = self.slots(key);
        let mut script = FILL.key(&slots.epoch);
        script.key(&slots.value).key(&slots.token).arg(&token.0).arg(&*value).arg(millis(ttl));
        let taken: Option<Option<u8>> =
            self.client.run(|mut connection| async move { script.invoke_async(&mut connection).await }).await;
        if taken.flatten().is_some() {
            self.last_known.saw(key, &value);
        }
    }

    async fn invalidate(&self, keys: &[CacheKey]) {
        if keys.is_empty() {
            return;
        }
        let mut unlink = cmd("UNLINK");
        for key in keys {
            self.last_known.forget(key);
            let slots = self.slots(key);
            unlink.arg(slots.value).arg(slots.token);
        }
        let done: Option<u64> =
            self.client.run(|mut connection| async move { unlink.query_async(&mut connection).await }).await;
        if done.is_none() {
            keys.iter().for_each(|key| self.client.shared.namespaces.mark(key.namespace));
            self.client.shared.wake.notify_one();
        }
        // Again, since a lookup may have seen the old value while this was on its way.
        keys.iter().for_each(|key| self.last_known.forget(key));
    }

    fn last_known(&self, key: &CacheKey) -> Option<Bytes> {
        self.last_known.get(key)
    }
}
