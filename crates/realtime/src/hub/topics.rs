//! What sockets watch beside their streams.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use kernel::PlayerId;

use super::{Delivery, Hub, Socket, SocketId, lock};
use crate::event::RenderedVolatile;

/// Something about a player that sockets may watch, such as presence. Unlike a stream it has no past: who watches hears
/// what is told from now on, at most once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Topic {
    /// About whom.
    pub player: PlayerId,
    /// Whether it is for those close to the player, who hear more than others.
    pub close: bool,
}

/// Watchers by topic. Lists are in the order of socket ids: a topic with ten thousand watchers loses one without a search.
#[derive(Default)]
pub(super) struct Topics(HashMap<Topic, Vec<Arc<Socket>>>);

impl Topics {
    fn enter(&mut self, topic: Topic, socket: &Arc<Socket>) {
        let watchers = self.0.entry(topic).or_default();
        if let Err(at) = watchers.binary_search_by_key(&socket.id, |watcher| watcher.id) {
            // Most topics have a watcher or two.
            if watchers.len() < 4 {
                watchers.reserve_exact(1);
            }
            watchers.insert(at, Arc::clone(socket));
        }
    }

    pub(super) fn leave(&mut self, topics: &[Topic], id: SocketId) {
        for topic in topics {
            let Some(watchers) = self.0.get_mut(topic) else { continue };
            if let Ok(at) = watchers.binary_search_by_key(&id, |watcher| watcher.id) {
                watchers.remove(at);
            }
            if watchers.is_empty() {
                self.0.remove(topic);
            }
        }
    }
}

impl Hub {
    /// Lets a socket watch these topics, and none that it watched before. False if the socket is gone.
    pub fn watch(&self, id: SocketId, mut topics: Vec<Topic>) -> bool {
        let mut registry = lock(&self.registry);
        let Some(registered) = registry.sockets.get_mut(&id) else { return false };
        topics.sort_unstable();
        topics.dedup();
        topics.shrink_to_fit();
        let before = std::mem::replace(&mut registered.topics, topics);
        let mut all = lock(&self.topics);
        let ended: Vec<Topic> =
            before.iter().copied().filter(|topic| registered.topics.binary_search(topic).is_err()).collect();
        all.leave(&ended, id);
        for topic in registered.topics.iter().filter(|topic| before.binary_search(topic).is_err()) {
            all.enter(*topic, &registered.socket);
        }
        true
    }

    /// Whether anybody here watches this.
    #[must_use]
    pub fn is_watched(&self, topic: Topic) -> bool {
        lock(&self.topics).0.contains_key(&topic)
    }

    /// Hands an event, written once, to all who watch this. Full queues drop it.
    pub fn tell(&self, topic: Topic, event: &Arc<RenderedVolatile>) {
        let topics = lock(&self.topics);
        let (mut delivered, mut dropped) = (0, 0);
        for watcher in topics.0.get(&topic).into_iter().flatten() {
            match watcher.outlet.try_push(Delivery::Volatile(Arc::clone(event))) {
                Ok(()) => delivered += 1,
                Err(_) => dropped += 1,
            }
        }
        self.delivered.fetch_add(delivered, Ordering::Relaxed);
        self.dropped.fetch_add(dropped, Ordering::Relaxed);
    }

    /// Hands an event to one socket. A full queue drops it.
    pub fn tell_one(&self, id: SocketId, event: &Arc<RenderedVolatile>) {
        let socket = lock(&self.registry).sockets.get(&id).map(|registered| Arc::clone(&registered.socket));
        let told = socket.is_some_and(|socket| socket.outlet.try_push(Delivery::Volatile(Arc::clone(event))).is_ok());
        let count = if told { &self.delivered } else { &self.dropped };
        count.fetch_add(1, Ordering::Relaxed);
    }
}
