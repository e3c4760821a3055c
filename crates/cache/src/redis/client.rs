use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use deadpool_redis::redis::aio::{MultiplexedConnection, PubSub};
use deadpool_redis::redis::{AsyncConnectionConfig, Client, IntoConnectionInfo, RedisError, RedisResult};
use deadpool_redis::{Manager, Pool, Runtime};
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;

use super::namespaces::Namespaces;
use super::supervisor;

/// How to reach Redis.
#[derive(Clone)]
pub struct RedisOptions {
    /// `redis://[user:password@]host:port/db`.
    pub url: String,
    /// Put before every key and channel, such as `shallweplay`: services may share a Redis.
    pub prefix: String,
    /// For a connection to stand, handshake included. 100 ms by default.
    pub connect: Duration,
    /// For an answer, before the breaker opens. 50 ms by default.
    pub answer: Duration,
}

impl RedisOptions {
    /// The usual time limits.
    pub fn new(url: impl Into<String>, prefix: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            prefix: prefix.into(),
            connect: Duration::from_millis(100),
            answer: Duration::from_millis(50),
        }
    }
}

impl fmt::Debug for RedisOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisOptions").field("url", &"***").field("prefix", &self.prefix).finish_non_exhaustive()
    }
}

/// The address makes no sense. An address that makes sense but doesn't answer is no error: see [`RedisStatus`].
#[derive(Debug, thiserror::Error)]
#[error("the Redis address is not of the form redis://[user:password@]host:port/db")]
pub struct RedisConfigError(#[source] RedisError);

/// How Redis is doing, for health reports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RedisStatus {
    /// Whether commands are sent to it now.
    pub up: bool,
    /// For how long that has been so.
    pub since: Duration,
    /// Why it was not reached the last time it wasn't; a sentence without credentials.
    pub last_error: Option<String>,
}

/// Totals since the start, for metrics.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RedisStats {
    /// Round trips begun.
    pub round_trips: u64,
    /// Round trips that failed or came too late.
    pub failed: u64,
    /// Round trips not begun, since the breaker was open.
    pub refused: u64,
    /// Times that the breaker closed, the first connection included.
    pub recoveries: u64,
}

/// The process's handle on Redis; clones share it. Its background tasks end with the last clone.
#[derive(Clone)]
pub struct RedisClient {
    pub(crate) shared: Arc<Shared>,
    /// Held for its `Drop`.
    _supervisor: Arc<Task>,
}

/// Ends a background task when dropped.
pub(crate) struct Task(pub(crate) JoinHandle<()>);

impl Drop for Task {
    fn drop(&mut self) {
        self.0.abort();
    }
}

pub(crate) struct Shared {
    pub(crate) prefix: String,
    pub(crate) connect: Duration,
    pub(crate) answer: Duration,
    /// Owner of the command connections.
    pub(crate) pool: Pool,
    /// For connections that are not in the pool: pub/sub.
    client: Client,
    /// What commands use; `None` while the breaker is open.
    lane: RwLock<Option<Lane>>,
    /// Tells lanes apart, so that a late failure of an old one doesn't close a new one.
    lanes: AtomicU64,
    /// Wakes the supervisor: the breaker opened, or a namespace was marked.
    pub(crate) wake: Notify,
    up: watch::Sender<bool>,
    since: Mutex<(Instant, Option<String>)>,
    pub(crate) namespaces: Namespaces,
    round_trips: AtomicU64,
    failed: AtomicU64,
    refused: AtomicU64,
    recoveries: AtomicU64,
}

#[derive(Clone)]
struct Lane {
    number: u64,
    connection: MultiplexedConnection,
}

impl RedisClient {
    /// Starts connecting in the background, with the usual time limits. Must be called within a tokio runtime.
    ///
    /// # Errors
    /// Only for an address that can't be read. Where nothing answers, the client starts degraded and connects when
    /// something does.
    pub fn connect(url: &str, prefix: &str) -> Result<Self, RedisConfigError> {
        Self::connect_with(RedisOptions::new(url, prefix))
    }

    /// [`Self::connect`] with time limits of one's own.
    ///
    /// # Errors
    /// As [`Self::connect`].
    pub fn connect_with(options: RedisOptions) -> Result<Self, RedisConfigError> {
        let info = options.url.as_str().into_connection_info().map_err(RedisConfigError)?;
        let limits = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(options.connect))
            .set_response_timeout(None) // `run` has a limit for the whole round trip.
            .set_pipeline_buffer_size(1_024);
        let manager = Manager::new_with_config(info.clone(), limits).map_err(RedisConfigError)?;
        let pool = Pool::builder(manager)
            .max_size(2)
            .runtime(Runtime::Tokio1)
            .wait_timeout(Some(options.connect))
            .create_timeout(Some(options.connect))
            .recycle_timeout(Some(options.connect))
            .build()
            .expect("a pool with time limits was given its runtime");
        let shared = Arc::new(Shared {
            prefix: options.prefix,
            connect: options.connect,
            answer: options.answer,
            pool,
            client: Client::open(info).map_err(RedisConfigError)?,
            lane: RwLock::new(None),
            lanes: AtomicU64::new(0),
            wake: Notify::new(),
            up: watch::Sender::new(false),
            since: Mutex::new((Instant::now(), None)),
            namespaces: Namespaces::default(),
            round_trips: AtomicU64::new(0),
            failed: AtomicU64::new(0),
            refused: AtomicU64::new(0),
            recoveries: AtomicU64::new(0),
        });
        let supervisor = tokio::spawn(supervisor::supervise(Arc::clone(&shared)));
        Ok(Self { shared, _supervisor: Arc::new(Task(supervisor)) })
    }

    /// Waits until Redis answers, but no longer than this; says whether it does.
    pub async fn ready(&self, at_most: Duration) -> bool {
        let mut up = self.shared.up.subscribe();
        tokio::time::timeout(at_most, up.wait_for(|up| *up)).await.is_ok_and(|up| up.is_ok())
    }

    /// How Redis is doing; from memory.
    #[must_use]
    pub fn status(&self) -> RedisStatus {
        let since = self.shared.since.lock().unwrap_or_else(PoisonError::into_inner);
        RedisStatus { up: *self.shared.up.borrow(), since: since.0.elapsed(), last_error: since.1.clone() }
    }

    /// Totals since the start.
    #[must_use]
    pub fn stats(&self) -> RedisStats {
        let shared = &self.shared;
        RedisStats {
            round_trips: shared.round_trips.load(Ordering::Relaxed),
            failed: shared.failed.load(Ordering::Relaxed),
            refused: shared.refused.load(Ordering::Relaxed),
            recoveries: shared.recoveries.load(Ordering::Relaxed),
        }
    }

    pub(crate) fn is_up(&self) -> bool {
        *self.shared.up.borrow()
    }

    /// Follows whether Redis is up.
    pub(crate) fn watch(&self) -> watch::Receiver<bool> {
        self.shared.up.subscribe()
    }

    /// A key or channel of ours.
    pub(crate) fn key(&self, kind: char, name: &str) -> String {
        format!("{}:{kind}:{name}", self.shared.prefix)
    }

    /// A pub/sub connection of its own.
    pub(crate) async fn listen(&self) -> RedisResult<PubSub> {
        match tokio::time::timeout(self.shared.connect, self.shared.client.get_async_pubsub()).await {
            Ok(connected) => connected,
            Err(_) => Err(RedisError::from(std::io::Error::from(std::io::ErrorKind::TimedOut))),
        }
    }

    /// See [`Shared::run`].
    pub(crate) async fn run<T, F>(&self, op: impl FnOnce(MultiplexedConnection) -> F) -> Option<T>
    where
        F: Future<Output = RedisResult<T>>,
    {
        self.shared.run(op).await
    }
}

impl Shared {
    /// One round trip: `None` at once while the breaker is open, and within the answer limit otherwise. Whatever goes
    /// wrong opens the breaker; there is no retry, and what was sent may still be carried out later.
    pub(crate) async fn run<T, F>(&self, op: impl FnOnce(MultiplexedConnection) -> F) -> Option<T>
    where
        F: Future<Output = RedisResult<T>>,
    {
        let lane = self.lane.read().unwrap_or_else(PoisonError::into_inner).clone();
        let Some(Lane { number, connection }) = lane else {
            self.refused.fetch_add(1, Ordering::Relaxed);
            return None;
        };
        self.round_trips.fetch_add(1, Ordering::Relaxed);
        let why = match tokio::time::timeout(self.answer, op(connection)).await {
            Ok(Ok(value)) => return Some(value),
            Ok(Err(error)) => sentence(&error),
            Err(_) => format!("Redis did not answer within {} ms.", self.answer.as_millis()),
        };
        self.failed.fetch_add(1, Ordering::Relaxed);
        self.open_breaker(number, why);
        None
    }

    fn open_breaker(&self, number: u64, why: String) {
        let mut lane = self.lane.write().unwrap_or_else(PoisonError::into_inner);
        if lane.as_ref().is_none_or(|lane| lane.number != number) {
            return;
        }
        *lane = None;
        self.up.send_replace(false);
        drop(lane);
        tracing::warn!(%why, "Redis is not used until it answers again");
        *self.since.lock().unwrap_or_else(PoisonError::into_inner) = (Instant::now(), Some(why));
        self.wake.notify_one();
    }

    /// Why it is still down.
    pub(crate) fn still_down(&self, why: String) {
        let mut since = self.since.lock().unwrap_or_else(PoisonError::into_inner);
        if since.1.as_ref() != Some(&why) {
            tracing::debug!(%why, "Redis is still down");
            since.1 = Some(why);
        }
    }

    /// Lets commands through again.
    pub(crate) fn close_breaker(&self, connection: MultiplexedConnection) {
        let number = self.lanes.fetch_add(1, Ordering::Relaxed);
        *self.since.lock().unwrap_or_else(PoisonError::into_inner) = (Instant::now(), None);
        self.recoveries.fetch_add(1, Ordering::Relaxed);
        let mut lane = self.lane.write().unwrap_or_else(PoisonError::into_inner);
        *lane = Some(Lane { number, connection });
        self.up.send_replace(true);
        drop(lane);
        tracing::info!("Redis answers");
    }

    pub(crate) fn broken(&self) -> bool {
        self.lane.read().unwrap_or_else(PoisonError::into_inner).is_none()
    }
}

/// An error as a sentence for health and log. Neither the kind nor the server's detail repeats what was sent, and so no
/// credentials.
pub(crate) fn sentence(error: &RedisError) -> String {
    if error.is_timeout() {
        return String::from("Redis did not answer in time.");
    }
    match error.detail() {
        Some(detail) => format!("Redis: {}: {detail}.", error.category()),
        None => format!("Redis: {error}."),
    }
}
