//! What all domains know of an erased player is forgotten: within a minute, whatever replica dies meanwhile.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use kernel::{BoxError, PlayerId, StreamKey, Timestamp};
use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::rest::games::history_key;

/// How often it is looked who was erased, here or elsewhere.
const EVERY: Duration = Duration::from_secs(5);
/// How far back: a replica that starts goes on with what another one left.
const BACK_MS: i64 = 24 * 60 * 60 * 1_000;
/// A command that was under way may leave something behind: everything is done once more after this time.
const AGAIN_MS: i64 = 20_000;
/// What a review waits for stays until it is over: that is looked at so often.
const REVIEW_MS: i64 = 5 * 60 * 1_000;
/// Players at a time.
const LIMIT: i64 = 500;

/// When each player is to be forgotten once more; `None`: nothing is left.
type Done = BTreeMap<PlayerId, Option<Timestamp>>;

/// Forgets until shutdown. Every replica does: to forget twice does no harm.
pub(super) async fn run(app: Arc<App>, stop: CancellationToken) {
    let mut done = Done::new();
    loop {
        if let Err(error) = look(&app, &mut done).await {
            tracing::debug!(%error, "erasures wait for the database");
        }
        tokio::select! {
            () = app.wake_erasures.notified() => {}
            () = tokio::time::sleep(EVERY) => {}
            () = stop.cancelled() => return,
        }
    }
}

async fn look(app: &App, done: &mut Done) -> Result<(), BoxError> {
    let now = app.clock.now();
    let erased = app.players.erased_since(now.plus_millis(-BACK_MS), LIMIT).await?;
    done.retain(|player, _| erased.contains(player));
    for player in erased {
        let before = done.get(&player).copied();
        if before.is_none_or(|again| again.is_some_and(|at| now >= at)) {
            let kept = forget(app, player).await?;
            let again = match before {
                None => Some(now.plus_millis(AGAIN_MS)),
                Some(_) => kept.then(|| now.plus_millis(REVIEW_MS)),
            };
            done.insert(player, again);
        }
    }
    Ok(())
}

/// Whether something has to stay for now.
async fn forget(app: &App, player: PlayerId) -> Result<bool, BoxError> {
    app.matchmaking.forget(player).await?;
    let kept = app.games.forget(player).await?;
    let relations = app.friends.forget(player).await?;
    app.streams.forget(&StreamKey::player(player)).await?;
    app.receipts.forget(player).await?;
    app.directory.changed(player).await;
    app.cache.invalidate(&[history_key(player)]).await;
    app.wake_relay.notify_one();
    tracing::info!(%player, relations, kept, "an erased player is forgotten");
    Ok(kept)
}
