use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use deadpool_redis::redis::{Msg, pipe};
use kernel::{Bus, Handler, Subscription};
use tokio::sync::Notify;

use super::client::{RedisClient, Task};
use super::listener;
use super::outgoing::{Batch, Outgoing};
use super::unique::{LENGTH, fresh};
use crate::topics::Topics;

/// Totals since the start and what is held now, for metrics.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct BusStats {
    /// Messages published by this replica.
    pub published: u64,
    /// Messages from other replicas.
    pub received: u64,
    /// Messages that did not leave this replica.
    pub lost: u64,
    /// Messages waiting to leave.
    pub waiting: usize,
    /// Topics listened to.
    pub topics: usize,
}

/// A [`Bus`] over Redis's PUBLISH and SUBSCRIBE, on a connection of its own.
///
/// A replica's own subscribers get a message before `publish` returns, exactly once: the network's echo, known by the
/// publisher's name in front of each message, is dropped. For the other replicas messages go through a bounded queue
/// and are sent in batches. The generation rises after each (re)connection, once all subscriptions stand again, and
/// when this or another replica lost messages on their way out.
pub struct RedisBus {
    shared: Arc<Shared>,
    _tasks: [Task; 2],
}

pub(crate) struct Shared {
    pub(crate) client: RedisClient,
    pub(crate) topics: Topics,
    /// Topics whose subscription may have to change.
    touched: Mutex<HashSet<String>>,
    pub(crate) touch: Notify,
    pub(crate) listening: AtomicBool,
    generation: AtomicU64,
    /// Name of this publisher, in front of its messages.
    name: String,
    /// In front of each topic.
    channels: String,
    /// Channel on which a replica tells the others that messages of its were lost.
    pub(crate) losses: String,
    outgoing: Outgoing,
    pushed: Notify,
    published: AtomicU64,
    received: AtomicU64,
    lost: AtomicU64,
}

impl RedisBus {
    /// A bus over this client. Must be called within a tokio runtime.
    #[must_use]
    pub fn new(client: RedisClient) -> Self {
        let shared = Arc::new(Shared {
            channels: client.key('b', ""),
            losses: client.key('x', "lost"),
            client,
            topics: Topics::default(),
            touched: Mutex::default(),
            touch: Notify::new(),
            listening: AtomicBool::new(false),
            generation: AtomicU64::new(0),
            name: fresh(),
            outgoing: Outgoing::default(),
            pushed: Notify::new(),
            published: AtomicU64::new(0),
            received: AtomicU64::new(0),
            lost: AtomicU64::new(0),
        });
        let listening = tokio::spawn(listener::listen(Arc::clone(&shared)));
        let sending = tokio::spawn(send(Arc::clone(&shared)));
        Self { shared, _tasks: [Task(listening), Task(sending)] }
    }

    /// Totals since the start.
    #[must_use]
    pub fn stats(&self) -> BusStats {
        let shared = &self.shared;
        BusStats {
            published: shared.published.load(Ordering::Relaxed),
            received: shared.received.load(Ordering::Relaxed),
            lost: shared.lost.load(Ordering::Relaxed),
            waiting: shared.outgoing.len(),
            topics: shared.topics.count(),
        }
    }
}

#[async_trait]
impl Bus for RedisBus {
    async fn publish(&self, topic: &str, payload: Bytes) {
        let shared = &self.shared;
        shared.published.fetch_add(1, Ordering::Relaxed);
        shared.topics.deliver(topic, &payload);
        if !shared.client.is_up() {
            shared.lose(1);
            return;
        }
        let dropped = shared.outgoing.push(topic, payload);
        if dropped > 0 {
            shared.lost.fetch_add(dropped as u64, Ordering::Relaxed);
            shared.rise();
        }
        shared.pushed.notify_one();
    }

    fn subscribe(&self, topic: &str, handler: Handler) -> Subscription {
        let (number, first) = self.shared.topics.add(topic, handler);
        if first {
            self.shared.touched(topic);
        }
        let (shared, topic) = (Arc::clone(&self.shared), topic.to_owned());
        Subscription::new(move || {
            if shared.topics.remove(&topic, number) {
                shared.touched(&topic);
            }
        })
    }

    fn connected(&self) -> bool {
        self.shared.listening.load(Ordering::Acquire) && self.shared.client.is_up()
    }

    fn generation(&self) -> u64 {
        self.shared.generation.load(Ordering::Acquire)
    }
}

impl Shared {
    fn touched(&self, topic: &str) {
        self.touched.lock().unwrap_or_else(PoisonError::into_inner).insert(topic.to_owned());
        self.touch.notify_one();
    }

    /// What was touched since this was asked last.
    pub(crate) fn take_touched(&self) -> HashSet<String> {
        std::mem::take(&mut *self.touched.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Subscribers should read again what they follow.
    pub(crate) fn rise(&self) {
        self.generation.fetch_add(1, Ordering::AcqRel);
    }

    fn lose(&self, count: u64) {
        self.lost.fetch_add(count, Ordering::Relaxed);
        self.outgoing.lose();
    }

    pub(crate) fn channel(&self, topic: &str) -> String {
        format!("{}{topic}", self.channels)
    }

    /// A message from the network.
    pub(crate) fn receive(&self, message: &Msg) {
        let channel = message.get_channel_name();
        let Some((name, payload)) = message.get_payload_bytes().split_at_checked(LENGTH) else { return };
        if name == self.name.as_bytes() {
            return;
        }
        if channel == self.losses {
            self.rise();
        } else if let Some(topic) = channel.strip_prefix(&self.channels) {
            self.received.fetch_add(1, Ordering::Relaxed);
            self.topics.deliver(topic, &Bytes::copy_from_slice(payload));
        }
    }

    /// One batch, one round trip.
    async fn publish(&self, batch: &Batch) -> Option<()> {
        let mut writes = pipe();
        if batch.lost {
            writes.cmd("PUBLISH").arg(&self.losses).arg(&self.name).ignore();
        }
        for (topic, payload) in &batch.messages {
            let framed = [self.name.as_bytes(), payload].concat();
            writes.cmd("PUBLISH").arg(self.channel(topic)).arg(framed).ignore();
        }
        self.client.run(|mut connection| async move { writes.query_async(&mut connection).await }).await
    }
}

/// Sends what was published, for as long as the bus lives. A batch that fails is not sent again: it may have arrived.
async fn send(shared: Arc<Shared>) {
    let mut up = shared.client.watch();
    loop {
        // The client lives as long as `shared`, and so does the channel.
        let _ = up.wait_for(|up| *up).await;
        let Some(batch) = shared.outgoing.batch() else {
            tokio::select! {
                () = shared.pushed.notified() => {}
                _ = up.changed() => {}
            }
            continue;
        };
        if shared.publish(&batch).await.is_none() {
            shared.lose(batch.messages.len() as u64);
        }
    }
}
