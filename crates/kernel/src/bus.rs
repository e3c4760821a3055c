use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;

/// A message as a subscriber gets it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BusMessage {
    /// The topic it was published under.
    pub topic: String,
    /// What was published.
    pub payload: Bytes,
}

/// Called for each message, on the bus's own task: it must return at once (`try_send`), never block.
pub type Handler = Arc<dyn Fn(BusMessage) + Send + Sync>;

/// Ends the subscription when dropped.
pub struct Subscription(Option<Box<dyn FnOnce() + Send + Sync>>);

impl Subscription {
    /// A subscription that `end` ends.
    #[must_use]
    pub fn new(end: impl FnOnce() + Send + Sync + 'static) -> Self {
        Self(Some(Box::new(end)))
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        if let Some(end) = self.0.take() {
            end();
        }
    }
}

/// Copies and wake-ups between replicas. **It may lose messages**; nothing may depend on it but latency. Messages of one
/// publisher under one topic arrive in order, the publisher's own replica included.
#[async_trait]
pub trait Bus: Send + Sync {
    /// Sends to every subscriber of `topic` on every replica. Never blocks for long and never fails: an unreachable bus
    /// still delivers to this replica's own subscribers.
    async fn publish(&self, topic: &str, payload: Bytes);

    /// Subscribes to one exact topic. Registered when this returns, though a networked bus may take a moment more.
    fn subscribe(&self, topic: &str, handler: Handler) -> Subscription;

    /// Whether other replicas are reached right now.
    fn connected(&self) -> bool;

    /// Rises each time messages may have been lost (a reconnect): subscribers then re-read what they follow.
    fn generation(&self) -> u64;
}
