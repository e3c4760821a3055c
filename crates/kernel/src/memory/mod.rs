//! The kernel's mechanisms in memory: the executable specification that the databases are compared with, and what an
//! embedder or a test uses when nothing needs to survive.

mod outbox;
mod players;
mod records;

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use uuid::Uuid;

use crate::{
    AuditEntry, Clock, Commit, Engagement, GameId, GameSpec, IdSource, OutboxRow, PlayerId, ReceiptKey, ReceiptRecord,
    Riders, StoreError, StreamEvent, StreamKey, Timestamp,
};

/// Shared by all memory stores of one world, as one database would be. Every commit holds its one lock, so commits are
/// serial.
pub struct MemoryKernel {
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdSource>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    engagements: HashMap<PlayerId, Engagement>,
    receipts: HashMap<ReceiptKey, ReceiptRecord>,
    outbox: BTreeMap<i64, Pending>,
    next_seq: i64,
    streams: HashMap<StreamKey, Stream>,
    leases: HashMap<String, Held>,
    opened: HashMap<GameId, GameSpec>,
    cool_downs: HashMap<PlayerId, Timestamp>,
    audit: BTreeMap<Uuid, AuditEntry>,
    replicas: BTreeMap<String, Timestamp>,
    /// Whose sockets stand at which replica, and whether nobody looks at them.
    connections: BTreeMap<(PlayerId, String), bool>,
    /// When a player's last first socket came, or last one went.
    reached: HashMap<PlayerId, Timestamp>,
    /// Blocker and blocked, and since when.
    blocks: BTreeMap<(PlayerId, PlayerId), Timestamp>,
}

struct Pending {
    row: OutboxRow,
    claimed_until: Timestamp,
    done_at: Option<Timestamp>,
}

struct Stream {
    epoch: Uuid,
    top: i64,
    events: Vec<StreamEvent>,
}

struct Held {
    holder: String,
    fence: i64,
    expires_at: Timestamp,
}

impl MemoryKernel {
    /// An empty world.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>, ids: Arc<dyn IdSource>) -> Arc<Self> {
        Arc::new(Self { clock, ids, state: Mutex::default() })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Commits `riders` together with the domain's own `writes`, all or nothing. `writes` runs while the world is
    /// locked, after every rider has been checked; it must check before it changes anything and not commit in turn.
    ///
    /// # Errors
    /// [`StoreError::Fenced`], [`StoreError::Replayed`], [`StoreError::Apart`] and [`StoreError::Engaged`] where a rider
    /// doesn't hold, else what `writes` answers.
    pub fn commit<T>(&self, riders: Riders, writes: impl FnOnce() -> Result<T, StoreError>) -> Result<T, StoreError> {
        let mut state = self.lock();
        if let Some(lease) = &riders.fence
            && state.leases.get(&lease.name).is_none_or(|held| held.fence != lease.fence.0)
        {
            return Err(StoreError::Fenced);
        }
        if let Some(receipt) = &riders.receipt
            && state.receipts.contains_key(&receipt.key)
        {
            return Err(StoreError::Replayed);
        }
        if let Some((player, other)) = state.apart(&riders.together) {
            return Err(StoreError::Apart { player, other });
        }
        let mut engage = riders.engage;
        engage.sort_by_key(|step| step.player);
        for step in &engage {
            let current = state.engagements.get(&step.player).copied().unwrap_or(Engagement::Idle);
            if current != step.from {
                return Err(StoreError::Engaged { player: step.player, current });
            }
        }
        let value = writes()?;
        for step in engage {
            state.engagements.insert(step.player, step.to);
        }
        if let Some(receipt) = riders.receipt {
            state.receipts.insert(receipt.key.clone(), ReceiptRecord { receipt, reply: None });
        }
        for change in riders.blocks {
            let sides = (change.blocker, change.blocked);
            if change.stands {
                state.blocks.entry(sides).or_insert(change.at);
            } else {
                state.blocks.remove(&sides);
            }
        }
        for cool_down in riders.cool_downs {
            let until = state.cool_downs.entry(cool_down.player).or_insert(cool_down.until);
            *until = cool_down.until.max(*until);
        }
        if let Some(entry) = riders.audit {
            state.audit.insert(entry.id, entry);
        }
        for spec in riders.open_games {
            state.opened.insert(spec.id, spec);
        }
        for event in riders.events {
            state.next_seq += 1;
            let seq = state.next_seq;
            let row = OutboxRow { seq, attempts: 0, event };
            state.outbox.insert(seq, Pending { row, claimed_until: Timestamp::from_micros(0), done_at: None });
        }
        Ok(value)
    }

    /// A game that some change opened, as it was specified.
    #[must_use]
    pub fn opened_game(&self, id: GameId) -> Option<GameSpec> {
        self.lock().opened.get(&id).cloned()
    }

    /// Every game that was opened, in the order of their ids.
    #[must_use]
    pub fn opened_games(&self) -> Vec<GameSpec> {
        let mut all: Vec<_> = self.lock().opened.values().cloned().collect();
        all.sort_by_key(|spec| spec.id);
        all
    }

    /// What this player is doing now.
    #[must_use]
    pub fn engagement(&self, player: PlayerId) -> Engagement {
        self.lock().engagements.get(&player).copied().unwrap_or(Engagement::Idle)
    }

    /// All events in the outbox, done or not, oldest first: for assertions.
    #[must_use]
    pub fn events(&self) -> Vec<crate::Event> {
        self.lock().outbox.values().map(|pending| pending.row.event.clone()).collect()
    }
}

#[async_trait]
impl Commit for MemoryKernel {
    async fn commit(&self, riders: Riders) -> Result<(), StoreError> {
        Self::commit(self, riders, || Ok(()))
    }
}
