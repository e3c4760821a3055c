use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;

/// Key of a cached document: a namespace (`profile`, `history`) and an id within it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct CacheKey {
    /// Documents of one kind; invalidated together when an invalidation failed.
    pub namespace: &'static str,
    /// Which one.
    pub id: String,
}

impl CacheKey {
    /// A key.
    pub fn new(namespace: &'static str, id: impl Into<String>) -> Self {
        Self { namespace, id: id.into() }
    }
}

/// Permission to fill a key: taken only if nobody invalidated it since the miss that gave the token.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct FillToken(pub String);

/// What a look-up found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lookup {
    /// The document.
    Hit(Bytes),
    /// Nothing; query the database and fill with this token.
    Miss(FillToken),
    /// The cache can't be asked or trusted now: query the database, don't fill.
    Bypass,
}

/// How a cached read went, for the `Cache-Status` header (RFC 9211).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CacheOutcome {
    /// Served from the cache.
    Hit,
    /// Served from the cache though the database couldn't be asked.
    Stale,
    /// Asked the database.
    Miss,
    /// Asked the database without asking the cache.
    Bypass,
}

/// Cache-aside documents. Nothing is ever only here.
///
/// A fill is taken only if the key's token is unchanged since the miss, so a slow reader can't put back what a writer
/// has just invalidated. After an invalidation that failed, the whole namespace answers [`Lookup::Bypass`] on this
/// replica until its epoch has been moved on.
#[async_trait]
pub trait Cache: Send + Sync {
    /// Looks one document up. Errors of the cache show as [`Lookup::Bypass`].
    async fn lookup(&self, key: &CacheKey) -> Lookup;

    /// Looks several up in one round trip, in the order asked.
    async fn lookup_many(&self, keys: &[CacheKey]) -> Vec<Lookup>;

    /// Stores a document for `ttl`, if `token` still stands.
    async fn fill(&self, key: &CacheKey, token: FillToken, value: Bytes, ttl: Duration);

    /// Forgets these documents and outdates their fill tokens, on every replica, before it returns.
    async fn invalidate(&self, keys: &[CacheKey]);

    /// A value this replica saw lately for a key, for answering while the database is down. Kept at most 50 s, so that
    /// an erased person is gone everywhere within a minute.
    fn last_known(&self, key: &CacheKey) -> Option<Bytes>;
}
