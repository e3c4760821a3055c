//! From the bus to the sockets of this replica, and what makes up for a bus that loses.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use kernel::{BusMessage, Handler, StreamEvent, StreamKey};
use realtime::{EventRenderer as _, Hub, Signal, VolatileMessage};
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::relay::VOLATILE_TOPIC;
use super::render::Renderer;
use crate::app::App;

/// The bus topic that carries copies of appended rows: JSON arrays of [`StreamEvent`].
pub(crate) const STREAMS_TOPIC: &str = "streams";

/// Messages that may wait for this replica's attention.
const WAITING: usize = 1_024;
/// Messages rendered together.
const TOGETHER: usize = 64;
/// Streams whose heads are asked for at once.
const CHUNK: usize = 500;
/// How often it is looked whether the bus may have lost something.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// How often heads are compared: while the bus is away, and as a precaution.
const WITHOUT_BUS: Duration = Duration::from_secs(1);
const WITH_BUS: Duration = Duration::from_secs(15);

/// Carries events to this replica's sockets until shutdown.
pub(crate) async fn fan_out(app: Arc<App>, stop: CancellationToken) {
    let lost = Arc::new(AtomicBool::new(false));
    let (streams, mut durable) = channel(WAITING);
    let (relays, mut volatile) = channel(WAITING);
    let _durable = app.bus.subscribe(STREAMS_TOPIC, into(streams, Some(Arc::clone(&lost))));
    let _volatile = app.bus.subscribe(VOLATILE_TOPIC, into(relays, None));
    tokio::select! {
        () = carry_durable(&app, &mut durable) => {}
        () = carry_volatile(&app.hub, &mut volatile) => {}
        () = watch(&app, &lost) => {}
        () = stop.cancelled() => {}
    }
}

/// The bus's own task must not wait: what doesn't fit is noted as lost.
fn into(queue: Sender<BusMessage>, lost: Option<Arc<AtomicBool>>) -> Handler {
    Arc::new(move |message| {
        if queue.try_send(message).is_err()
            && let Some(lost) = &lost
        {
            lost.store(true, Ordering::Relaxed);
        }
    })
}

async fn carry_durable(app: &App, queue: &mut Receiver<BusMessage>) {
    let renderer = Renderer(&app.directory);
    let mut messages = Vec::new();
    while queue.recv_many(&mut messages, TOGETHER).await > 0 {
        let mut events: Vec<StreamEvent> = Vec::new();
        for message in messages.drain(..) {
            match serde_json::from_slice::<Vec<StreamEvent>>(&message.payload) {
                Ok(rows) => {
                    rows.iter().for_each(|row| app.presences.pass(row));
                    events.extend(app.hub.followed(rows));
                }
                Err(error) => tracing::warn!(%error, "rows on the bus can't be read"),
            }
        }
        if !events.is_empty() {
            app.hub.deliver(&renderer.render(&events).await);
        }
    }
}

async fn carry_volatile(hub: &Hub, queue: &mut Receiver<BusMessage>) {
    while let Some(message) = queue.recv().await {
        match serde_json::from_slice::<VolatileMessage>(&message.payload) {
            Ok(message) => hub.relay(&message),
            Err(error) => tracing::warn!(%error, "a volatile event on the bus can't be read"),
        }
    }
}

/// Compares what passed through here with the rows, whenever something may have been lost and now and then anyway.
async fn watch(app: &App, lost: &AtomicBool) {
    let mut generation = app.bus.generation();
    let mut compared_at = Instant::now();
    loop {
        tokio::time::sleep(LOOK_EVERY).await;
        count(app);
        let seen = app.bus.generation();
        let every = if app.bus.connected() { WITH_BUS } else { WITHOUT_BUS };
        let overflowed = lost.swap(false, Ordering::Relaxed);
        if !overflowed && seen == generation && compared_at.elapsed() < every {
            continue;
        }
        if compare(app).await {
            generation = seen;
        } else {
            // The rows can't be read now: what was lost is still to be made up for.
            lost.store(true, Ordering::Relaxed);
        }
        compared_at = Instant::now();
    }
}

/// Tells the sockets of streams that stand elsewhere than what passed through here; false if the rows can't be read.
async fn compare(app: &App) -> bool {
    let streams: Vec<StreamKey> = app.hub.local_streams().into_iter().map(|(stream, _)| stream).collect();
    let mut behind = 0;
    for chunk in streams.chunks(CHUNK) {
        match app.streams.heads(chunk).await {
            Ok(heads) => behind += app.hub.hint(&heads),
            Err(error) => {
                tracing::debug!(%error, "heads of streams can't be read");
                return false;
            }
        }
    }
    if behind > 0 {
        metrics::counter!("realtime_streams_behind_total").increment(behind as u64);
    }
    true
}

fn count(app: &App) {
    let stats = app.hub.stats();
    metrics::gauge!("realtime_connections").set(app.sockets.open() as f64);
    metrics::gauge!("realtime_streams").set(stats.streams as f64);
    metrics::counter!("realtime_deliveries_total").absolute(stats.delivered);
    metrics::counter!("realtime_dropped_volatile_total").absolute(stats.dropped);
    metrics::counter!("realtime_queue_overflows_total").absolute(stats.overflowed);
}

/// Tells every socket when to go, spread evenly over this time.
pub(crate) fn drain(hub: &Hub, spread: Duration) {
    let outlets = hub.outlets();
    let sockets = u32::try_from(outlets.len()).unwrap_or(u32::MAX).max(1);
    for (nth, outlet) in (1_u32..).zip(outlets) {
        let after = spread.mul_f64(f64::from(nth) / f64::from(sockets));
        outlet.signal(Signal::Drain { reconnect_in_ms: u32::try_from(after.as_millis()).unwrap_or(u32::MAX) });
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Mutex, PoisonError};

    use kernel::{PlayerId, SessionId};
    use realtime::{Delivery, Full, Outlet};
    use uuid::Uuid;

    use super::*;

    #[derive(Default)]
    struct Told(Mutex<Vec<Signal>>);

    impl Outlet for Told {
        fn try_push(&self, _: Delivery) -> Result<(), Full> {
            Err(Full)
        }

        fn signal(&self, signal: Signal) {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).push(signal);
        }
    }

    #[test]
    fn a_drain_tells_every_socket_another_time_within_the_spread() {
        let hub = Hub::new(10);
        let sockets: Vec<_> = (0..4_u128).map(|n| (Uuid::from_u128(n), Arc::new(Told::default()))).collect();
        for (id, outlet) in &sockets {
            hub.register(PlayerId::new(*id), SessionId::new(*id), Arc::clone(outlet) as _);
        }
        drain(&hub, Duration::from_secs(2));
        let told: Vec<_> = sockets.iter().map(|(_, outlet)| outlet.0.lock().expect("not poisoned").clone()).collect();
        let expected = [500, 1_000, 1_500, 2_000].map(|ms| vec![Signal::Drain { reconnect_in_ms: ms }]);
        assert_eq!(told, expected);
    }

    #[test]
    fn a_full_queue_is_noted_as_a_loss() {
        let (queue, _waiting) = channel(1);
        let lost = Arc::new(AtomicBool::new(false));
        let handler = into(queue, Some(Arc::clone(&lost)));
        let message = || BusMessage { topic: STREAMS_TOPIC.to_owned(), payload: bytes::Bytes::new() };
        handler(message());
        assert!(!lost.load(Ordering::Relaxed));
        handler(message());
        assert!(lost.load(Ordering::Relaxed));
    }
}
