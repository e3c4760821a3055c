//! Modes published on any replica reach this one, and each mode has its queue's candidate leader here.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use kernel::Handler;
use matchmaking::LeaderPorts;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::leaders;
use crate::app::{App, MODES_TOPIC};

/// Without a word from the bus, how often the published modes are read.
const EVERY: Duration = Duration::from_secs(5);

/// Reads modes and starts leaders for new ones, until shutdown; they lead for as long as this replica may.
pub(super) async fn run(
    app: Arc<App>,
    ports: LeaderPorts,
    holder: String,
    tasks: TaskTracker,
    (stop, lead): (CancellationToken, CancellationToken),
) {
    let wake = Arc::clone(&app.wake_modes);
    let handler: Handler = Arc::new(move |_| wake.notify_one());
    let _subscription = app.bus.subscribe(MODES_TOPIC, handler);
    let mut led = HashSet::new();
    while !stop.is_cancelled() {
        match app.games.refresh_modes().await {
            Ok(true) => {
                tracing::info!("the catalogue of modes has changed");
                for wrong in app.games.unreadable_modes() {
                    tracing::warn!(%wrong, "a published mode can't be used by this release");
                }
            }
            Ok(false) => {}
            Err(error) => tracing::debug!(%error, "published modes wait for the database"),
        }
        for mode in app.games.modes().all() {
            if led.insert(mode.key.clone()) {
                let (mode, holder) = (mode.key.clone(), holder.clone());
                tasks.spawn(leaders::run(Arc::clone(&app), ports.clone(), mode, holder, lead.clone()));
            }
        }
        tokio::select! {
            () = app.wake_modes.notified() => {}
            () = tokio::time::sleep(EVERY) => {}
            () = stop.cancelled() => {}
        }
    }
}
