//! The outbox relay: hands events on, exactly once into the streams and at least once to everything else.

use std::sync::Arc;
use std::time::Duration;

use friends::FriendEvent;
use kernel::{CacheKey, Event, Outbox, OutboxRow, PlayerId, StoreError, StreamEvent, StreamKey};
use players::PlayerEvent;
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::standings::LEDGER_TOPIC;
use crate::app::App;
use crate::rest::games::history_key;
use crate::ws::STREAMS_TOPIC;

/// Rows per transaction.
const BATCH: i64 = 256;
/// How long a claim lasts; after that another relay may take the rows over.
const LEASE: Duration = Duration::from_secs(10);
/// Without a wake-up, how often rows are looked for: what other replicas left behind.
const IDLE: Duration = Duration::from_millis(250);
/// After a failure.
const AGAIN: Duration = Duration::from_millis(500);
/// Events per message on the bus.
const PER_MESSAGE: usize = 64;

/// Relays until shutdown; the batch in hand is finished first.
pub(super) async fn run(app: Arc<App>, outbox: Arc<dyn Outbox>, stop: CancellationToken) {
    while !stop.is_cancelled() {
        let pause = match batch(&app, &*outbox).await {
            Ok(handled) if handled >= BATCH as usize => continue,
            Ok(0) => IDLE,
            Ok(_) => continue,
            Err(StoreError::Stale) => continue,
            Err(error) => {
                tracing::debug!(%error, "the relay waits for the database");
                AGAIN
            }
        };
        tokio::select! {
            () = app.wake_relay.notified() => {}
            () = tokio::time::sleep(pause) => {}
            () = stop.cancelled() => {}
        }
    }
}

async fn batch(app: &App, outbox: &dyn Outbox) -> Result<usize, StoreError> {
    let rows = outbox.claim(BATCH, LEASE).await?;
    if rows.is_empty() {
        return Ok(0);
    }
    invalidate(app, &rows).await;
    part(app, &rows).await?;
    let appended = loop {
        match outbox.complete(&rows).await {
            // Two relays crossed on a stream's head: the rows are still ours.
            Err(StoreError::Stale) => {}
            other => break other?,
        }
    };
    publish(app, &appended).await;
    Ok(rows.len())
}

/// Repeats the invalidations of the commands, which a crash between commit and reply may have swallowed, and wakes who
/// derives from results.
async fn invalidate(app: &App, rows: &[OutboxRow]) {
    let (mut keys, mut ledger): (Vec<CacheKey>, bool) = (Vec::new(), false);
    let mut judged: Vec<PlayerId> = Vec::new();
    for row in rows {
        let event = &row.event;
        judged.extend(judged_anew(event));
        if let Some(player) = event.aggregate.strip_prefix("player:").and_then(|id| id.parse().ok()) {
            app.directory.changed(player).await;
        }
        if &*event.kind == "rating.changed"
            && let Some(player) = event.audience.iter().find_map(StreamKey::player_id)
        {
            keys.push(history_key(player));
        }
        ledger |= matches!(&*event.kind, "game.settled" | "game.voided");
        if matches!(&*event.kind, "game.finished" | "game.settled" | "game.voided" | "game.disputed") {
            let standings = event.data.pointer("/result/standings").and_then(Value::as_array);
            let players = standings.into_iter().flatten().filter_map(|line| line["player_id"].as_str());
            keys.extend(players.filter_map(|id| id.parse::<PlayerId>().ok()).map(history_key));
        }
    }
    if !keys.is_empty() {
        app.cache.invalidate(&keys).await;
    }
    if ledger {
        app.bus.publish(LEDGER_TOPIC, bytes::Bytes::new()).await;
    }
    if !judged.is_empty() {
        app.presences.judged(judged);
    }
}

/// A block ends invitations to games between the two, and parts them where they are in one party. What can't be done now
/// is done when the rows are claimed again.
async fn part(app: &App, rows: &[OutboxRow]) -> Result<(), StoreError> {
    for row in rows {
        let Some(FriendEvent::BlockPlaced { blocker, blocked }) = FriendEvent::from_event(&row.event) else { continue };
        if let Err(games::Error::Store(error)) = app.games.part(blocker, blocked).await {
            return Err(error);
        }
        if let Err(matchmaking::Error::Store(error)) = app.matchmaking.part(blocker, blocked).await {
            return Err(error);
        }
    }
    Ok(())
}

/// Whose presence others may see more or less of since this event.
fn judged_anew(event: &Event) -> Vec<PlayerId> {
    match (PlayerEvent::from_event(event), FriendEvent::from_event(event)) {
        (Some(PlayerEvent::Updated { player, .. } | PlayerEvent::Erased { player }), _) => vec![player],
        (_, Some(FriendEvent::Added { pair, .. } | FriendEvent::Removed { pair, .. })) => vec![pair.low(), pair.high()],
        (_, Some(FriendEvent::BlockPlaced { blocker: one, blocked: other }))
        | (_, Some(FriendEvent::BlockLifted { blocker: one, blocked: other })) => vec![one, other],
        _ => Vec::new(),
    }
}

async fn publish(app: &App, events: &[StreamEvent]) {
    for chunk in events.chunks(PER_MESSAGE) {
        if let Ok(payload) = serde_json::to_vec(chunk) {
            app.bus.publish(STREAMS_TOPIC, payload.into()).await;
        }
    }
}
