//! The standings' worker: one replica at a time applies the ledger, the others stand by.

use std::sync::Arc;
use std::time::{Duration, Instant};

use kernel::{Handler, Leases};
use standings::{SeasonCloser, StandingsPorts, Worker};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::app::App;

/// The lease's name.
const LEASE: &str = "standings";
/// The bus topic that says: the ledger grew.
pub(crate) const LEDGER_TOPIC: &str = "ledger";
/// How long the lease lasts without being renewed.
const TTL: Duration = Duration::from_secs(3);
/// How often it is renewed.
const RENEW: Duration = Duration::from_secs(1);
/// Without news, how often the ledger is looked at.
const IDLE: Duration = Duration::from_millis(500);
/// How often seasons are looked at.
const SEASONS: Duration = Duration::from_secs(60);

/// Works while it holds the lease, until shutdown.
pub(super) async fn run(
    app: Arc<App>,
    ports: StandingsPorts,
    leases: Arc<dyn Leases>,
    holder: String,
    stop: CancellationToken,
) {
    let (worker, seasons) = (Worker::new(ports.clone()), SeasonCloser::new(ports));
    let news = Arc::new(Notify::new());
    let notify = Arc::clone(&news);
    let handler: Handler = Arc::new(move |_| notify.notify_one());
    let _subscription = app.bus.subscribe(LEDGER_TOPIC, handler);
    let (mut lease, mut renewed, mut closed) = (None, None::<Instant>, None::<Instant>);
    while !stop.is_cancelled() {
        if renewed.is_none_or(|at| at.elapsed() >= RENEW) {
            let had = lease.is_some();
            lease = match leases.acquire(LEASE, &holder, TTL).await {
                Ok(lease) => lease,
                Err(error) => {
                    tracing::debug!(%error, "the standings' lease waits for the database");
                    None
                }
            };
            renewed = Some(Instant::now());
            if lease.is_some() != had {
                if lease.is_none() {
                    // Whoever leads now brings the copies on.
                    worker.stand_down().await;
                }
                tracing::info!(leading = lease.is_some(), "standings leadership");
            }
        }
        let mut more = false;
        if let Some(lease) = &lease {
            match worker.step(lease).await {
                Ok(step) => {
                    more = step.more;
                    if step.applied > 0 || step.redone > 0 {
                        metrics::counter!("standings_results_applied_total").increment(step.applied as u64);
                        metrics::counter!("standings_results_redone_total").increment(step.redone as u64);
                        app.wake_relay.notify_one();
                    }
                }
                Err(error) => tracing::debug!(%error, "the standings wait"),
            }
            if closed.is_none_or(|at| at.elapsed() >= SEASONS) {
                closed = Some(Instant::now());
                match seasons.close_due(app.clock.now()).await {
                    Ok(0) => {}
                    Ok(count) => tracing::info!(count, "seasons closed"),
                    Err(error) => tracing::debug!(%error, "seasons wait to be closed"),
                }
            }
        }
        if more {
            continue;
        }
        tokio::select! {
            () = news.notified() => {}
            () = tokio::time::sleep(IDLE) => {}
            () = stop.cancelled() => {}
        }
    }
    if lease.is_some() {
        _ = leases.release(LEASE, &holder).await;
    }
}
