use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use kernel::{Bus, Handler, Subscription};

use crate::topics::Topics;

/// A [`Bus`] of one replica: handlers run on the publisher's task, before `publish` returns. Loses nothing, so its
/// generation stays 0.
#[derive(Clone, Default)]
pub struct InProcessBus(Arc<Topics>);

impl InProcessBus {
    /// A bus that nobody listens to yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

#[async_trait]
impl Bus for InProcessBus {
    async fn publish(&self, topic: &str, payload: Bytes) {
        self.0.deliver(topic, &payload);
    }

    fn subscribe(&self, topic: &str, handler: Handler) -> Subscription {
        let (number, _) = self.0.add(topic, handler);
        let (topics, topic) = (Arc::clone(&self.0), topic.to_owned());
        Subscription::new(move || {
            topics.remove(&topic, number);
        })
    }

    fn connected(&self) -> bool {
        true
    }

    fn generation(&self) -> u64 {
        0
    }
}
