use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use kernel::{PlayerId, SessionId, StreamEvent, StreamHead, StreamKey};
use uuid::Uuid;

use crate::event::{RenderedEvent, RenderedVolatile};
use crate::port::{Input, Signal};
use crate::volatile::VolatileMessage;

mod topics;

pub use topics::Topic;
use topics::Topics;

/// What a socket's queue carries; two words, whatever it points to.
#[derive(Debug, Clone)]
pub enum Delivery {
    /// A durable event.
    Durable(Arc<RenderedEvent>),
    /// A volatile event.
    Volatile(Arc<RenderedVolatile>),
    /// A stream stands here now.
    Head(Arc<StreamHead>),
}

impl From<Delivery> for Input {
    fn from(delivery: Delivery) -> Self {
        match delivery {
            Delivery::Durable(event) => Self::Durable(event),
            Delivery::Volatile(event) => Self::Volatile(event),
            Delivery::Head(head) => Self::Head(head),
        }
    }
}

/// The queue of a socket is full.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Full;

/// The way to one socket. Both methods are called while a lock of the hub is held: they return at once and never call
/// the hub.
pub trait Outlet: Send + Sync {
    /// Queues a delivery, behind all earlier ones.
    ///
    /// # Errors
    /// [`Full`]; the delivery is gone then.
    fn try_push(&self, delivery: Delivery) -> Result<(), Full>;

    /// Tells the session something beside the queue. It always succeeds; of several signals the first that closes wins.
    fn signal(&self, signal: Signal);
}

/// Names one socket within a hub; later ones are greater.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SocketId(u64);

/// What a hub counts, for metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct HubStats {
    /// Sockets signed in now.
    pub sockets: usize,
    /// Players with a socket now.
    pub players: usize,
    /// Streams followed now.
    pub streams: usize,
    /// Deliveries queued since the start.
    pub delivered: u64,
    /// Volatile events dropped because a queue was full.
    pub dropped: u64,
    /// Times a durable event met a full queue.
    pub overflowed: u64,
    /// Sockets that a newer one of their player replaced.
    pub replaced: u64,
}

/// Which sockets of this replica follow which streams.
///
/// Streams lie in shards, each with a lock that is held for a look-up and a few pushes. Lock order: registry, then
/// shard or topics; deliveries take one of the latter only.
pub struct Hub {
    registry: Mutex<Registry>,
    topics: Mutex<Topics>,
    shards: Box<[Mutex<Shard>]>,
    hasher: RandomState,
    per_player: usize,
    delivered: AtomicU64,
    dropped: AtomicU64,
    overflowed: AtomicU64,
    replaced: AtomicU64,
}

#[derive(Default)]
struct Registry {
    last: u64,
    sockets: HashMap<SocketId, Registered>,
    players: HashMap<PlayerId, Vec<SocketId>>,
    /// Whose last socket went since somebody asked.
    departed: std::collections::BTreeSet<PlayerId>,
}

/// Departures kept for whoever asks.
const DEPARTED: usize = 20_000;

struct Registered {
    socket: Arc<Socket>,
    streams: Vec<StreamKey>,
    topics: Vec<Topic>,
}

struct Socket {
    id: SocketId,
    player: PlayerId,
    device: SessionId,
    outlet: Arc<dyn Outlet>,
}

type Shard = HashMap<StreamKey, Local>;

/// A stream with followers here.
#[derive(Default)]
struct Local {
    known: Option<(Uuid, i64)>,
    followers: Vec<Arc<Socket>>,
}

const SHARDS: usize = 16;

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Every critical section leaves its maps whole, so what a panicking thread held can be used.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Hub {
    /// An empty hub that allows each player so many sockets (at least one).
    #[must_use]
    pub fn new(per_player: usize) -> Self {
        Self {
            registry: Mutex::default(),
            topics: Mutex::default(),
            shards: (0..SHARDS).map(|_| Mutex::default()).collect(),
            hasher: RandomState::new(),
            per_player: per_player.max(1),
            delivered: AtomicU64::new(0),
            dropped: AtomicU64::new(0),
            overflowed: AtomicU64::new(0),
            replaced: AtomicU64::new(0),
        }
    }

    fn shard(&self, stream: &StreamKey) -> MutexGuard<'_, Shard> {
        let index = usize::try_from(self.hasher.hash_one(stream) % SHARDS as u64).unwrap_or(0);
        lock(&self.shards[index])
    }

    /// Registers a signed-in socket. If the player has too many now, the oldest are told [`Signal::Replaced`] and get
    /// nothing more. `device` is the sign-in it belongs to, for [`sign_out`](Self::sign_out).
    pub fn register(&self, player: PlayerId, device: SessionId, outlet: Arc<dyn Outlet>) -> SocketId {
        let mut registry = lock(&self.registry);
        registry.last += 1;
        let id = SocketId(registry.last);
        let socket = Arc::new(Socket { id, player, device, outlet });
        registry.sockets.insert(id, Registered { socket, streams: Vec::new(), topics: Vec::new() });
        let mine = registry.players.entry(player).or_default();
        mine.reserve_exact(1);
        mine.push(id);
        let too_many = mine.len().saturating_sub(self.per_player);
        let oldest: Vec<_> = mine.iter().copied().take(too_many).collect();
        for oldest in oldest {
            self.replaced.fetch_add(1, Ordering::Relaxed);
            self.remove_locked(&mut registry, oldest, Some(Signal::Replaced));
        }
        id
    }

    /// Forgets a socket and what it follows. Harmless for one that is gone.
    pub fn remove(&self, id: SocketId) {
        self.remove_locked(&mut lock(&self.registry), id, None);
    }

    fn remove_locked(&self, registry: &mut Registry, id: SocketId, signal: Option<Signal>) {
        let Some(Registered { socket, streams, topics }) = registry.sockets.remove(&id) else { return };
        if let Some(mine) = registry.players.get_mut(&socket.player) {
            mine.retain(|other| *other != id);
            if mine.is_empty() {
                registry.players.remove(&socket.player);
                if registry.departed.len() < DEPARTED {
                    registry.departed.insert(socket.player);
                }
            }
        }
        for stream in &streams {
            self.leave(stream, id);
        }
        lock(&self.topics).leave(&topics, id);
        if let Some(signal) = signal {
            socket.outlet.signal(signal);
        }
    }

    fn leave(&self, stream: &StreamKey, id: SocketId) {
        let mut shard = self.shard(stream);
        if let Some(local) = shard.get_mut(stream) {
            local.followers.retain(|follower| follower.id != id);
            if local.followers.is_empty() {
                shard.remove(stream);
            }
        }
    }

    /// Lets a socket follow a stream; from the return on it gets what is delivered. False if the socket is gone.
    /// Following twice is following once.
    pub fn subscribe(&self, id: SocketId, stream: &StreamKey) -> bool {
        let mut registry = lock(&self.registry);
        let Some(registered) = registry.sockets.get_mut(&id) else { return false };
        if !registered.streams.contains(stream) {
            registered.streams.reserve_exact(1);
            registered.streams.push(stream.clone());
            let mut shard = self.shard(stream);
            let local = shard.entry(stream.clone()).or_default();
            local.followers.reserve_exact(1);
            local.followers.push(Arc::clone(&registered.socket));
        }
        true
    }

    /// Ends what [`subscribe`](Self::subscribe) began.
    pub fn unsubscribe(&self, id: SocketId, stream: &StreamKey) {
        let mut registry = lock(&self.registry);
        let Some(registered) = registry.sockets.get_mut(&id) else { return };
        let before = registered.streams.len();
        registered.streams.retain(|other| other != stream);
        if registered.streams.len() < before {
            self.leave(stream, id);
        }
    }

    /// The rows that somebody here follows: only these need rendering.
    #[must_use]
    pub fn followed(&self, events: Vec<StreamEvent>) -> Vec<StreamEvent> {
        events.into_iter().filter(|event| self.shard(&event.stream).contains_key(&event.stream)).collect()
    }

    /// Hands durable events to their followers. Order matters within a stream, though a session repairs any. A follower
    /// whose queue is full is told [`Signal::QueueOverflow`].
    pub fn deliver(&self, events: &[Arc<RenderedEvent>]) {
        for event in events {
            let mut shard = self.shard(event.stream());
            let Some(local) = shard.get_mut(event.stream()) else { continue };
            let at = event.position();
            match &mut local.known {
                Some((epoch, top)) if *epoch == at.epoch => *top = (*top).max(at.offset),
                known => *known = Some((at.epoch, at.offset)),
            }
            for follower in &local.followers {
                self.push(follower, Delivery::Durable(Arc::clone(event)));
            }
        }
    }

    /// Hands a volatile event to those followers it [reaches](VolatileMessage::reaches). Full queues drop it.
    pub fn relay(&self, message: &VolatileMessage) {
        let shard = self.shard(&message.stream);
        let Some(local) = shard.get(&message.stream) else { return };
        let mut rendered = None;
        for follower in local.followers.iter().filter(|follower| message.reaches(follower.player)) {
            let event = rendered.get_or_insert_with(|| Arc::new(message.render()));
            if follower.outlet.try_push(Delivery::Volatile(Arc::clone(event))).is_ok() {
                self.delivered.fetch_add(1, Ordering::Relaxed);
            } else {
                self.dropped.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    fn push(&self, follower: &Socket, delivery: Delivery) {
        if follower.outlet.try_push(delivery).is_ok() {
            self.delivered.fetch_add(1, Ordering::Relaxed);
        } else {
            self.overflowed.fetch_add(1, Ordering::Relaxed);
            follower.outlet.signal(Signal::QueueOverflow);
        }
    }

    /// Every stream followed here with the highest offset that passed through: what a poll asks the store about when
    /// the bus may have lost something. Put the heads it answers into [`hint`](Self::hint).
    #[must_use]
    pub fn local_streams(&self) -> Vec<(StreamKey, Option<(Uuid, i64)>)> {
        let mut all = Vec::new();
        for shard in &self.shards {
            all.extend(lock(shard).iter().map(|(stream, local)| (stream.clone(), local.known)));
        }
        all
    }

    /// Tells followers where streams stand, where that isn't what passed through here; the sessions then read what they
    /// lack. Says how many streams had fallen behind.
    pub fn hint(&self, heads: &[StreamHead]) -> usize {
        let mut behind = 0;
        for head in heads {
            let mut shard = self.shard(&head.stream);
            let Some(local) = shard.get_mut(&head.stream) else { continue };
            if local.known.is_some_and(|(epoch, top)| epoch == head.epoch && top >= head.top) {
                continue;
            }
            behind += usize::from(local.known.is_some());
            local.known = Some((head.epoch, head.top));
            let head = Arc::new(head.clone());
            for follower in &local.followers {
                self.push(follower, Delivery::Head(Arc::clone(&head)));
            }
        }
        behind
    }

    /// Tells all sockets of a player, or those of one sign-in, something that ends them; says how many were told.
    pub fn sign_out(&self, player: PlayerId, device: Option<SessionId>, signal: Signal) -> usize {
        let mut registry = lock(&self.registry);
        let mine = registry.players.get(&player).cloned().unwrap_or_default();
        let ended: Vec<_> = mine
            .into_iter()
            .filter(|id| {
                let of = registry.sockets.get(id).map(|registered| registered.socket.device);
                device.is_none() || of == device
            })
            .collect();
        for id in &ended {
            self.remove_locked(&mut registry, *id, Some(signal));
        }
        ended.len()
    }

    /// Tells the sockets of these sign-ins something that ends them, whoever they belong to.
    pub fn end_sessions(&self, devices: &[SessionId], signal: Signal) -> usize {
        let mut registry = lock(&self.registry);
        let mine = registry.sockets.values().filter(|registered| devices.contains(&registered.socket.device));
        let ended: Vec<SocketId> = mine.map(|registered| registered.socket.id).collect();
        for id in &ended {
            self.remove_locked(&mut registry, *id, Some(signal));
        }
        ended.len()
    }

    /// Whose sign-ins these are, as far as they have sockets here; in no order, each player once.
    #[must_use]
    pub fn players_of(&self, devices: &[SessionId]) -> Vec<PlayerId> {
        let registry = lock(&self.registry);
        let theirs = registry.sockets.values().filter(|registered| devices.contains(&registered.socket.device));
        let players: std::collections::BTreeSet<PlayerId> = theirs.map(|registered| registered.socket.player).collect();
        players.into_iter().collect()
    }

    /// Whether the player has a socket here.
    #[must_use]
    pub fn is_online(&self, player: PlayerId) -> bool {
        lock(&self.registry).players.contains_key(&player)
    }

    /// Players with a socket here.
    #[must_use]
    pub fn players(&self) -> std::collections::BTreeSet<PlayerId> {
        lock(&self.registry).players.keys().copied().collect()
    }

    /// The players whose last socket here went since this was asked last, whether or not they have one again: also of
    /// sockets too short-lived to be seen by looking.
    #[must_use]
    pub fn take_departed(&self) -> std::collections::BTreeSet<PlayerId> {
        std::mem::take(&mut lock(&self.registry).departed)
    }

    /// The player's sockets here, oldest first.
    #[must_use]
    pub fn sockets_of(&self, player: PlayerId) -> Vec<SocketId> {
        lock(&self.registry).players.get(&player).cloned().unwrap_or_default()
    }

    /// The ways to all sockets, oldest first: for a drain that spreads over them.
    #[must_use]
    pub fn outlets(&self) -> Vec<Arc<dyn Outlet>> {
        let registry = lock(&self.registry);
        let mut all: Vec<_> = registry.sockets.values().map(|r| (r.socket.id, Arc::clone(&r.socket.outlet))).collect();
        all.sort_by_key(|(id, _)| *id);
        all.into_iter().map(|(_, outlet)| outlet).collect()
    }

    /// What is counted.
    #[must_use]
    pub fn stats(&self) -> HubStats {
        let (sockets, players) = {
            let registry = lock(&self.registry);
            (registry.sockets.len(), registry.players.len())
        };
        HubStats {
            sockets,
            players,
            streams: self.shards.iter().map(|shard| lock(shard).len()).sum(),
            delivered: self.delivered.load(Ordering::Relaxed),
            dropped: self.dropped.load(Ordering::Relaxed),
            overflowed: self.overflowed.load(Ordering::Relaxed),
            replaced: self.replaced.load(Ordering::Relaxed),
        }
    }
}

#[cfg(test)]
mod tests;
