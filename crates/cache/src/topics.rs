use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use bytes::Bytes;
use kernel::{BusMessage, Handler};

/// One subscription.
type Listener = (u64, Handler);

/// Who listens to what on this replica. Handlers run on the caller's thread and under no lock, over a snapshot: one that
/// is being removed at that moment may be called once more.
#[derive(Default)]
pub(crate) struct Topics {
    listeners: RwLock<HashMap<String, Arc<[Listener]>>>,
    numbers: AtomicU64,
}

impl Topics {
    /// Adds a listener; gives its number and whether it is the topic's first.
    pub(crate) fn add(&self, topic: &str, handler: Handler) -> (u64, bool) {
        let number = self.numbers.fetch_add(1, Ordering::Relaxed);
        let mut listeners = self.listeners.write().unwrap_or_else(PoisonError::into_inner);
        match listeners.entry(topic.to_owned()) {
            Entry::Vacant(slot) => {
                slot.insert(Arc::new([(number, handler)]));
                (number, true)
            }
            Entry::Occupied(mut slot) => {
                let more = slot.get().iter().cloned().chain([(number, handler)]).collect();
                slot.insert(more);
                (number, false)
            }
        }
    }

    /// Removes a listener; says whether it was the topic's last.
    pub(crate) fn remove(&self, topic: &str, number: u64) -> bool {
        let mut listeners = self.listeners.write().unwrap_or_else(PoisonError::into_inner);
        let Some(slot) = listeners.get_mut(topic) else { return false };
        let rest: Arc<[Listener]> = slot.iter().filter(|(other, _)| *other != number).cloned().collect();
        let last = rest.is_empty();
        // What is replaced is dropped after the lock: a handler may own a subscription itself.
        let replaced = if last { listeners.remove(topic) } else { Some(std::mem::replace(slot, rest)) };
        drop(listeners);
        drop(replaced);
        last
    }

    /// Calls the topic's handlers. One that panics is logged and spoils nothing.
    pub(crate) fn deliver(&self, topic: &str, payload: &Bytes) {
        let listeners = self.listeners.read().unwrap_or_else(PoisonError::into_inner).get(topic).cloned();
        for (_, handler) in listeners.iter().flat_map(|all| all.iter()) {
            let message = BusMessage { topic: topic.to_owned(), payload: payload.clone() };
            if catch_unwind(AssertUnwindSafe(|| handler(message))).is_err() {
                tracing::error!("a bus handler panicked");
            }
        }
    }
}

#[cfg(feature = "redis")]
impl Topics {
    pub(crate) fn has(&self, topic: &str) -> bool {
        self.listeners.read().unwrap_or_else(PoisonError::into_inner).contains_key(topic)
    }

    pub(crate) fn names(&self) -> Vec<String> {
        self.listeners.read().unwrap_or_else(PoisonError::into_inner).keys().cloned().collect()
    }

    pub(crate) fn count(&self) -> usize {
        self.listeners.read().unwrap_or_else(PoisonError::into_inner).len()
    }
}
