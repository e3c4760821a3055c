//! Deadlines and housekeeping. Every replica sweeps; compare-and-set makes sure that each deadline is carried out once.

use std::sync::Arc;
use std::time::Duration;

use persistence::Stores;
use tokio_util::sync::CancellationToken;

use crate::app::App;

/// How often deadlines are looked for.
const EVERY: Duration = Duration::from_millis(400);
/// Deadlines per look and kind.
const LIMIT: i64 = 200;
/// How often old rows are deleted.
const PURGE_EVERY: Duration = Duration::from_secs(60);
const PURGE_LIMIT: i64 = 5_000;
/// How long things are kept, in milliseconds.
const STREAMS_KEPT: i64 = 15 * 60 * 1_000;
const OUTBOX_KEPT: i64 = 15 * 60 * 1_000;
const CHECKS_KEPT: i64 = 24 * 60 * 60 * 1_000;
const RECEIPTS_KEPT: i64 = 24 * 60 * 60 * 1_000;

/// Carries out what is due until shutdown.
pub(super) async fn deadlines(app: Arc<App>, stop: CancellationToken) {
    while stop.run_until_cancelled(tokio::time::sleep(EVERY)).await.is_some() {
        let now = app.clock.now();
        match app.games.sweep_due(now, LIMIT).await {
            Ok(swept) => {
                for (game, error) in &swept.failed {
                    tracing::error!(%game, %error, "a game's deadline could not be carried out");
                }
                if !swept.expired.is_empty() {
                    app.wake_relay.notify_one();
                }
            }
            Err(error) => tracing::debug!(%error, "games' deadlines wait for the database"),
        }
        match app.friends.sweep(LIMIT).await {
            Ok(0) => {}
            Ok(_) => app.wake_relay.notify_one(),
            Err(error) => tracing::debug!(%error, "friend requests that lapsed wait for the database"),
        }
        match app.matchmaking.sweep_due(now, LIMIT).await {
            Ok(0) => {}
            Ok(_) => app.wake_relay.notify_one(),
            Err(error) => tracing::debug!(%error, "tickets' deadlines wait for the database"),
        }
    }
}

/// Deletes what nobody needs any more, until shutdown.
pub(super) async fn housekeeping(app: Arc<App>, stores: Stores, stop: CancellationToken) {
    while stop.run_until_cancelled(tokio::time::sleep(PURGE_EVERY)).await.is_some() {
        let now = app.clock.now();
        let purged = [
            ("stream rows", stores.streams.purge(now.plus_millis(-STREAMS_KEPT), PURGE_LIMIT).await),
            ("outbox rows", stores.outbox.purge_done(now.plus_millis(-OUTBOX_KEPT), PURGE_LIMIT).await),
            ("receipts", stores.receipts.purge(now.plus_millis(-RECEIPTS_KEPT), PURGE_LIMIT).await),
        ];
        for (what, result) in purged {
            if let Err(error) = result {
                tracing::debug!(what, %error, "old rows wait for the database");
            }
        }
        if let Err(error) = app.players.purge(PURGE_LIMIT).await {
            tracing::debug!(%error, "old sessions wait for the database");
        }
        if let Err(error) = app.matchmaking.purge(now.plus_millis(-CHECKS_KEPT), PURGE_LIMIT).await {
            tracing::debug!(%error, "old ready checks and parties wait for the database");
        }
        if let Err(error) = app.friends.purge(PURGE_LIMIT).await {
            tracing::debug!(%error, "old links wait for the database");
        }
    }
}
