//! `/health`: from memory, at once. A background check keeps it true.

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use actix_web::{HttpResponse, web};
use serde_json::{Map, Value, json};

use crate::app::App;

/// An event loop that hasn't run its heartbeat for this long is stuck.
const STUCK_MS: i64 = 5_000;

/// How one dependency is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Dependency {
    /// `postgres`, `sqlite`, `redis` or `in_process`.
    pub(crate) name: &'static str,
    /// Whether it answers.
    pub(crate) up: bool,
    /// What is wrong, for people; without addresses or credentials.
    pub(crate) note: Option<String>,
}

/// What `/health` says.
#[derive(Debug)]
pub(crate) struct Health {
    mode: &'static str,
    begun: Instant,
    beat_ms: AtomicI64,
    ready: AtomicBool,
    draining: AtomicBool,
    dependencies: Mutex<Vec<Dependency>>,
}

impl Health {
    /// Before the first check: not ready. `mode` is `embedded` or `networked`.
    #[must_use]
    pub(crate) fn new(mode: &'static str) -> Self {
        Self {
            mode,
            begun: Instant::now(),
            beat_ms: AtomicI64::new(0),
            ready: AtomicBool::new(false),
            draining: AtomicBool::new(false),
            dependencies: Mutex::default(),
        }
    }

    fn elapsed_ms(&self) -> i64 {
        i64::try_from(self.begun.elapsed().as_millis()).unwrap_or(i64::MAX)
    }

    /// The background check ran: the event loop is alive, and this is how the dependencies are. `ready`: the database
    /// answers and its schema is there.
    pub(crate) fn report(&self, dependencies: Vec<Dependency>, ready: bool) {
        self.beat_ms.store(self.elapsed_ms(), Ordering::Relaxed);
        self.ready.store(ready, Ordering::Relaxed);
        *self.dependencies.lock().unwrap_or_else(PoisonError::into_inner) = dependencies;
    }

    /// From now on 503: this replica is going away.
    pub(crate) fn drain(&self) {
        self.draining.store(true, Ordering::Relaxed);
    }

    /// Whether this replica is going away.
    #[must_use]
    pub(crate) fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Relaxed)
    }

    fn is_stuck(&self) -> bool {
        self.elapsed_ms() - self.beat_ms.load(Ordering::Relaxed) > STUCK_MS
    }

    fn body(&self) -> Value {
        let dependencies = self.dependencies.lock().unwrap_or_else(PoisonError::into_inner);
        let all_up = dependencies.iter().all(|dependency| dependency.up);
        let status = if self.is_draining() {
            "draining"
        } else if self.is_stuck() {
            "stuck"
        } else if all_up {
            "ok"
        } else {
            "degraded"
        };
        let states: Map<String, Value> = dependencies
            .iter()
            .map(|one| (one.name.to_owned(), json!({ "status": if one.up { "up" } else { "down" }, "note": one.note })))
            .collect();
        json!({
            "status": status,
            "version": env!("CARGO_PKG_VERSION"),
            "mode": self.mode,
            "dependencies": states,
        })
    }
}

/// Whether the process can serve: what both probes use.
pub(crate) async fn health(app: web::Data<App>) -> HttpResponse {
    answer(&app.health, app.health.is_draining() || app.health.is_stuck())
}

/// The same, for the liveness probe. A process that drains is alive.
pub(crate) async fn live(app: web::Data<App>) -> HttpResponse {
    answer(&app.health, app.health.is_stuck())
}

/// Whether the database can be used.
pub(crate) async fn ready(app: web::Data<App>) -> HttpResponse {
    let health = &app.health;
    answer(health, health.is_draining() || health.is_stuck() || !health.ready.load(Ordering::Relaxed))
}

fn answer(health: &Health, unavailable: bool) -> HttpResponse {
    let mut response = if unavailable { HttpResponse::ServiceUnavailable() } else { HttpResponse::Ok() };
    response.insert_header(("cache-control", "no-store")).json(health.body())
}
