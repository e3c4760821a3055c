//! What is looked at every second: dependencies for `/health`, gauges for `/metrics`, sessions ended elsewhere.

use std::sync::Arc;
use std::time::Duration;

use kernel::{Handler, Outbox};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::adapters::{Database, Shared};
use crate::app::{App, SESSIONS_TOPIC};
use crate::health::Dependency;

const EVERY: Duration = Duration::from_secs(1);
/// How often the rows of ended sessions are read: the promise is five seconds, whatever the bus loses.
const REVOCATIONS_EVERY: Duration = Duration::from_secs(2);

/// Keeps `/health` true until shutdown. Embedded, the dependencies are this process's own.
pub(super) async fn health(
    app: Arc<App>,
    database: Database,
    shared: Arc<Shared>,
    outbox: Arc<dyn Outbox>,
    migrated: CancellationToken,
    stop: CancellationToken,
) {
    for look in 0_u64.. {
        let lag = outbox.lag().await;
        let up = lag.is_ok() && !database.breaker().is_open();
        let note = (!up).then(|| "it doesn't answer; writes are refused until it does".to_owned());
        let mut dependencies = vec![Dependency { name: database.name(), up, note }];
        dependencies.extend(redis(&shared));
        app.health.report(dependencies, up && migrated.is_cancelled());
        if let Ok(lag) = lag {
            let age = lag.oldest.map_or(0.0, |oldest| app.clock.now().since(oldest).as_secs_f64());
            metrics::gauge!("outbox_pending").set(lag.pending as f64);
            metrics::gauge!("outbox_lag_seconds").set(age);
        }
        let (open, idle, waiting) = database.pool_usage();
        metrics::gauge!("database_connections", "state" => "open").set(open as f64);
        metrics::gauge!("database_connections", "state" => "idle").set(idle as f64);
        metrics::gauge!("database_callers_waiting").set(waiting as f64);
        metrics::gauge!("realtime_sockets").set(app.hub.stats().sockets as f64);
        // Counting looks at every ticket that waits.
        if look.is_multiple_of(10)
            && let Ok(queues) = app.matchmaking.queues().await
        {
            for queue in queues {
                metrics::gauge!("matchmaking_searching", "mode" => queue.mode).set(queue.searching as f64);
            }
        }
        if stop.run_until_cancelled(tokio::time::sleep(EVERY)).await.is_none() {
            return;
        }
    }
}

#[cfg(feature = "redis")]
fn redis(shared: &Shared) -> Option<Dependency> {
    let status = shared.redis.as_ref()?.status();
    let note = (!status.up).then(|| "it doesn't answer; play goes on without it".to_owned());
    Some(Dependency { name: "redis", up: status.up, note })
}

#[cfg(not(feature = "redis"))]
fn redis(_: &Shared) -> Option<Dependency> {
    None
}

/// Learns of sessions ended on other replicas until shutdown: by the bus at once, by the rows in any case.
pub(super) async fn revocations(app: Arc<App>, stop: CancellationToken) {
    let told = Arc::new(Notify::new());
    let handler: Handler = {
        let told = Arc::clone(&told);
        Arc::new(move |_| told.notify_one())
    };
    let _subscription = app.bus.subscribe(SESSIONS_TOPIC, handler);
    loop {
        app.read_revocations().await;
        tokio::select! {
            () = told.notified() => {}
            () = tokio::time::sleep(REVOCATIONS_EVERY) => {}
            () = stop.cancelled() => return,
        }
    }
}
