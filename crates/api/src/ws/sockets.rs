use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use kernel::{Clock, IdSource, Refusal};
use realtime::socket_io::SocketIo;
use realtime::{Json, SessionConfig};

use super::dispatch::REQUESTS;
use crate::app::EdgeSettings;
use crate::problem::Problem;

/// What all sockets of this replica share: the session's settings, and how many there are.
pub(crate) struct Sockets {
    pub(super) config: Arc<SessionConfig>,
    /// The same for those that speak Socket.IO.
    pub(super) socket_io: Arc<SessionConfig>,
    open: Arc<AtomicUsize>,
    most: usize,
}

impl Sockets {
    /// Under these settings.
    #[must_use]
    pub(crate) fn new(settings: &EdgeSettings, clock: Arc<dyn Clock>, ids: Arc<dyn IdSource>) -> Self {
        let problems = move |refusal: &dyn Refusal| problem(&Problem::describe(refusal, &*clock), &*clock, &*ids);
        let config = SessionConfig {
            heartbeat_ms: i64::try_from(settings.heartbeat_ms).unwrap_or(i64::MAX),
            messages_per_second: settings.messages_per_second,
            message_burst: settings.messages_per_second.saturating_mul(2),
            ..SessionConfig::new(REQUESTS, problems)
        };
        let socket_io = SessionConfig { codec: Arc::new(SocketIo), ..config.clone() };
        Self {
            config: Arc::new(config),
            socket_io: Arc::new(socket_io),
            open: Arc::default(),
            most: settings.max_sockets,
        }
    }

    /// How many sockets are open, signed in or not.
    #[must_use]
    pub(crate) fn open(&self) -> usize {
        self.open.load(Ordering::Relaxed)
    }

    /// A place for one more socket, held until dropped; `None` when all are taken.
    pub(super) fn seat(&self) -> Option<Seat> {
        let room = |open| (open < self.most).then_some(open + 1);
        self.open.fetch_update(Ordering::Relaxed, Ordering::Relaxed, room).ok()?;
        Some(Seat(Arc::clone(&self.open)))
    }
}

/// One socket's place.
pub(super) struct Seat(Arc<AtomicUsize>);

impl Drop for Seat {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A problem as a socket's reply carries it. Each has an id of its own, under which its source is in the log; where a
/// response would have `Retry-After`, it has `retry_after`, in seconds.
pub(super) fn problem(problem: &Problem, clock: &dyn Clock, ids: &dyn IdSource) -> Json {
    let instance = ids.uuid(clock.now()).to_string();
    if let Some(chain) = problem.chain() {
        let status = problem.status().as_u16();
        tracing::warn!(request_id = instance, code = problem.code(), status, chain, "request on a socket failed");
    }
    let mut body = problem.to_value(&instance);
    if let Some(seconds) = problem.retry_after_seconds() {
        body["retry_after"] = seconds.into();
    }
    Json::from_value(&body)
}
