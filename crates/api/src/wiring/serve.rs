//! Serving: start, run in the background, go away in order.

use std::io::Write;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use kernel::{ErrorKind, Refusal};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use players::Secret;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::compose::{Composed, compose};
use super::config::{Admin, ConfigError, Settings};
use super::{attendance, checks, erasures, modes, relay, standings, sweeper};
use crate::app::App;
use crate::presence;
use crate::server;
use crate::ws;

/// How long a replica says that it is going away before it takes no more connections: until the others are asked instead.
const FAREWELL: Duration = Duration::from_millis(1_500);
/// How long background work may take to end its batch.
const WIND_DOWN: Duration = Duration::from_secs(5);

/// Serves until a signal; `Ok` means an orderly end.
pub(super) async fn serve(settings: &Settings) -> Result<(), ConfigError> {
    // Each socket takes two files; the usual soft limit of 1,024 would end at 500 players.
    if let Err(error) = rlimit::increase_nofile_limit(rlimit::INFINITY) {
        tracing::warn!(%error, "the limit of open files stays as it is");
    }
    let composed = compose(settings)?;
    for warning in &settings.warnings {
        tracing::warn!("{warning}");
    }
    let recorder = recorder()?;
    metrics::gauge!("build_info", "version" => env!("CARGO_PKG_VERSION")).set(1.0);
    let stop = CancellationToken::new();
    // Queues are handed over as soon as this replica drains, not when it is gone.
    let lead = stop.child_token();
    let tasks = TaskTracker::new();
    composed.clock.sample(&*composed.stores.time).await;
    let migrated = prepare_database(&composed, &tasks, &stop).await;
    // Before the first request: tokens of sessions that were ended while this replica wasn't there must be refused.
    composed.app.read_revocations().await;
    start_background(&composed, &settings.sections.admin, &tasks, &migrated, (&stop, &lead));
    let http = &settings.sections.http;
    let (server, addresses) =
        server::start(Arc::clone(&composed.app), recorder.clone(), &http.host, http.port, http.workers).map_err(
            |error| {
                ConfigError(format!(
                    "Port {} of {} can't be listened on: {error}. Set SWP__HTTP__PORT.",
                    http.port, http.host
                ))
            },
        )?;
    tasks.spawn(upkeep(recorder, stop.clone()));
    welcome(settings, &composed, &addresses);
    let handle = server.handle();
    let running = tokio::spawn(server);
    wait_for_signal().await;
    lead.cancel();
    drain(&composed, settings).await;
    handle.stop(true).await;
    stop.cancel();
    tasks.close();
    if tokio::time::timeout(WIND_DOWN, tasks.wait()).await.is_err() {
        tracing::warn!("background work did not end in time; its claims lapse by themselves");
    }
    if let Ok(Err(error)) = running.await {
        tracing::warn!(%error, "the server ended with an error");
    }
    drop(composed.data_file);
    tracing::info!("stopped");
    Ok(())
}

/// Histograms with the buckets that the objectives speak of.
fn recorder() -> Result<PrometheusHandle, ConfigError> {
    let buckets = [0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1.0, 2.5];
    PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &buckets)
        .and_then(PrometheusBuilder::install_recorder)
        .map_err(|error| ConfigError(format!("Metrics can't be recorded: {error}.")))
}

async fn upkeep(recorder: PrometheusHandle, stop: CancellationToken) {
    while stop.run_until_cancelled(tokio::time::sleep(Duration::from_secs(5))).await.is_some() {
        recorder.run_upkeep();
    }
}

/// Migrates now, or in the background as soon as the database comes.
async fn prepare_database(composed: &Composed, tasks: &TaskTracker, stop: &CancellationToken) -> CancellationToken {
    let migrated = CancellationToken::new();
    match composed.database.migrate().await {
        Ok(ran) => {
            tracing::info!(database = composed.database.name(), migrations = ran, "the database is ready");
            migrated.cancel();
        }
        Err(error) => {
            tracing::warn!(%error, "the database is not there yet: starting degraded");
            composed.database.presume_down();
            let (database, done, stop) = (composed.database.clone(), migrated.clone(), stop.clone());
            tasks.spawn(async move {
                while stop.run_until_cancelled(tokio::time::sleep(Duration::from_millis(500))).await.is_some() {
                    match database.migrate().await {
                        Ok(ran) => {
                            tracing::info!(migrations = ran, "the database has come and is ready");
                            return done.cancel();
                        }
                        Err(error) => tracing::debug!(%error, "the database is still not there"),
                    }
                }
            });
        }
    }
    migrated
}

/// Sees to the first administrator, as soon as the database is there.
async fn administrator(app: Arc<App>, admin: Admin, migrated: CancellationToken, stop: CancellationToken) {
    if admin.bootstrap_handle.is_empty() || stop.run_until_cancelled(migrated.cancelled()).await.is_none() {
        return;
    }
    let password = || Secret::new(admin.bootstrap_password.0.as_str());
    loop {
        match app.players.ensure_admin(&admin.bootstrap_handle, password()).await {
            Ok(player) => return tracing::info!(player = %player.id, "the configured administrator is there"),
            Err(error) if error.kind() == ErrorKind::Unavailable => {
                tracing::debug!(%error, "the administrator waits for the database");
            }
            Err(error) => {
                let code = error.code();
                return tracing::error!(code, %error, "SWP__ADMIN__BOOTSTRAP_HANDLE can't be made an administrator");
            }
        }
        if stop.run_until_cancelled(tokio::time::sleep(Duration::from_secs(1))).await.is_none() {
            return;
        }
    }
}

fn start_background(
    composed: &Composed,
    admin: &Admin,
    tasks: &TaskTracker,
    migrated: &CancellationToken,
    (stop, lead): (&CancellationToken, &CancellationToken),
) {
    let Composed { app, database, stores, shared, clock, leader, standings: ports, replica, .. } = composed;
    tasks.spawn(Arc::clone(clock).keep(Arc::clone(&stores.time), stop.clone()));
    tasks.spawn(relay::run(Arc::clone(app), Arc::clone(&stores.outbox), stop.clone()));
    tasks.spawn(sweeper::deadlines(Arc::clone(app), stop.clone()));
    tasks.spawn(sweeper::housekeeping(Arc::clone(app), stores.clone(), stop.clone()));
    tasks.spawn(checks::revocations(Arc::clone(app), stop.clone()));
    let outbox = Arc::clone(&stores.outbox);
    let (database, shared) = (database.clone(), Arc::clone(shared));
    tasks.spawn(checks::health(Arc::clone(app), database, shared, outbox, migrated.clone(), stop.clone()));
    tasks.spawn(ws::fan_out(Arc::clone(app), stop.clone()));
    tasks.spawn(erasures::run(Arc::clone(app), stop.clone()));
    tasks.spawn(presence::run(Arc::clone(app), stop.clone()));
    tasks.spawn(attendance::run(Arc::clone(app), replica.clone(), stop.clone()));
    let (ports, leases) = (ports.clone(), Arc::clone(&stores.leases));
    tasks.spawn(standings::run(Arc::clone(app), ports, leases, replica.clone(), stop.clone()));
    tasks.spawn(modes::run(
        Arc::clone(app),
        leader.clone(),
        replica.clone(),
        tasks.clone(),
        (stop.clone(), lead.clone()),
    ));
    tasks.spawn(administrator(Arc::clone(app), admin.clone(), migrated.clone(), stop.clone()));
}

/// Says where to look. On standard output, for people; the log has its own line.
fn welcome(settings: &Settings, composed: &Composed, addresses: &[SocketAddr]) {
    let port = addresses.first().map_or(settings.sections.http.port, SocketAddr::port);
    let mut lines = vec![
        format!("  Playground   http://localhost:{port}/"),
        format!("  API docs     http://localhost:{port}/api/docs/"),
    ];
    lines.push(match &composed.data_file {
        Some(file) if settings.ephemeral => format!("  Data         {} (deleted at the end)", file.path.display()),
        Some(file) => format!("  Data         {}", file.path.display()),
        None => "  Data         PostgreSQL".to_owned(),
    });
    let text = format!("\nshallweplay-backend {} is serving\n\n{}\n\n", env!("CARGO_PKG_VERSION"), lines.join("\n"));
    // Nobody may be reading: that is no reason to stop.
    _ = std::io::stdout().write_all(text.as_bytes());
    tracing::info!(port, embedded = settings.is_embedded(), replica = composed.replica, "serving");
    if settings.is_embedded() && std::env::var_os("KUBERNETES_SERVICE_HOST").is_some() {
        tracing::error!(
            "EMBEDDED IN KUBERNETES: data dies with this pod, and replicas share nothing. Set DATABASE_HOST."
        );
    }
}

async fn wait_for_signal() {
    let (Ok(mut terminate), Ok(mut interrupt)) = (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
    else {
        tracing::error!("signals can't be listened for; stop this process with SIGKILL");
        return std::future::pending().await;
    };
    tokio::select! {
        _ = terminate.recv() => tracing::info!("SIGTERM: draining"),
        _ = interrupt.recv() => tracing::info!("SIGINT: draining"),
    }
}

/// Not ready; sockets are told when to go, spread out; then they are gone.
async fn drain(composed: &Composed, settings: &Settings) {
    let app = &composed.app;
    app.health.drain();
    let spread = Duration::from_millis(settings.sections.realtime.drain_ms);
    let begun = Instant::now();
    ws::drain(&app.hub, spread);
    if !settings.is_embedded() {
        tokio::time::sleep(FAREWELL).await;
    }
    while app.hub.stats().sockets > 0 && begun.elapsed() < spread + Duration::from_secs(3) {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
