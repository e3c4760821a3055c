//! Engine.IO at an address: HTTP long-polling and WebSockets, in front of a pipe each.
//!
//! ```text
//!  GET, POST ──┐                    ┌──► Link ─► Session      the pipe: one Engine and what wakes its two ends
//!              ├──► Pipe (Engine) ──┤
//!  WebSocket ──┘                    └──► an echo, for conformance
//! ```

mod address;
#[cfg(feature = "conformance")]
mod conformance;
mod link;
mod pipe;
mod pump;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use kernel::IdSource;
use realtime::engine_io::EngineConfig;

pub(crate) use self::address::mount;
use self::pipe::Pipe;
use super::sign_in::Known;
use crate::app::App;

/// What stands behind an address.
pub(crate) struct Endpoint {
    config: EngineConfig,
    /// Whether sessions may begin by long-polling.
    polling: bool,
    pipes: Pipes,
    /// Serves a new session on this worker. False: there is no room for it.
    serve: fn(&Arc<App>, Arc<Pipe>, Option<Known>) -> bool,
}

impl Endpoint {
    /// The one of the sessions, at `/socket.io/`.
    pub(crate) fn of(app: &App) -> Self {
        let heartbeat = app.sockets.config.heartbeat_ms;
        let config = EngineConfig {
            ping_interval_ms: heartbeat,
            ping_timeout_ms: heartbeat,
            upgrade_ms: 10_000,
            max_payload: app.sockets.config.max_message_bytes,
        };
        Self { config, polling: app.settings.polling, pipes: Pipes::default(), serve: link::serve }
    }
}

/// The sessions of an endpoint, by their ids.
#[derive(Default)]
struct Pipes(Mutex<HashMap<String, Arc<Pipe>>>);

impl Pipes {
    fn lock(&self) -> MutexGuard<'_, HashMap<String, Arc<Pipe>>> {
        // Every critical section leaves the map whole.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn get(&self, sid: &str) -> Option<Arc<Pipe>> {
        self.lock().get(sid).cloned()
    }

    /// Takes a session up, under an id that nobody guesses: who knows it speaks for its player. Those that have ended
    /// go when others come.
    fn insert(&self, ids: &dyn IdSource, pipe: &Arc<Pipe>) -> String {
        let sid = ids.secret();
        let mut pipes = self.lock();
        if pipes.len() == pipes.capacity() {
            pipes.retain(|_, pipe| !pipe.is_gone());
        }
        pipes.insert(sid.clone(), Arc::clone(pipe));
        sid
    }
}
