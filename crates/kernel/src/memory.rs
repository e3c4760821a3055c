//! The kernel's mechanisms in memory: the executable specification that the databases are compared with, and what an
//! embedder or a test uses when nothing needs to survive.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use uuid::Uuid;

use crate::{
    AuditEntry, AuditLog, Clock, Commit, Connections, Engagement, Engagements, Fence, GameId, GameSpec, IdSource,
    Lease, Leases, Outbox, OutboxLag, OutboxRow, Page, PageLimit, PlayerId, Receipt, ReceiptKey, ReceiptRecord,
    ReceiptReply, Receipts, Riders, SilentReplica, StoreError, StreamEvent, StreamHead, StreamKey, Streams, Timestamp,
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
    connections: BTreeSet<(PlayerId, String)>,
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
    /// [`StoreError::Fenced`], [`StoreError::Replayed`] and [`StoreError::Engaged`] where a rider doesn't hold, else what `writes` answers.
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

#[async_trait]
impl Engagements for MemoryKernel {
    async fn current(&self, players: &[PlayerId]) -> Result<Vec<Engagement>, StoreError> {
        let state = self.lock();
        Ok(players.iter().map(|id| state.engagements.get(id).copied().unwrap_or(Engagement::Idle)).collect())
    }

    async fn cooling(&self, players: &[PlayerId], now: Timestamp) -> Result<Vec<Option<Timestamp>>, StoreError> {
        let state = self.lock();
        Ok(players.iter().map(|id| state.cool_downs.get(id).copied().filter(|until| *until > now)).collect())
    }

    async fn purge_cooled(&self, before: Timestamp, limit: i64) -> Result<usize, StoreError> {
        let mut state = self.lock();
        let limit = usize::try_from(limit).unwrap_or(0);
        let over = state.cool_downs.iter().filter(|(_, until)| **until < before).map(|(player, _)| *player);
        let over: Vec<_> = over.take(limit).collect();
        for player in &over {
            state.cool_downs.remove(player);
        }
        Ok(over.len())
    }
}

#[async_trait]
impl AuditLog for MemoryKernel {
    async fn page(
        &self,
        subject: Option<&str>,
        after: Option<Uuid>,
        limit: PageLimit,
    ) -> Result<Page<AuditEntry, Uuid>, StoreError> {
        let state = self.lock();
        let wanted = |entry: &&AuditEntry| {
            subject.is_none_or(|subject| entry.subject == subject) && after.is_none_or(|after| entry.id < after)
        };
        let mut items: Vec<_> = state.audit.values().rev().filter(wanted).cloned().collect();
        let more = items.len() > usize::from(limit.get());
        items.truncate(usize::from(limit.get()));
        let next = if more { items.last().map(|entry| entry.id) } else { None };
        Ok(Page { items, next })
    }
}

#[async_trait]
impl Connections for MemoryKernel {
    async fn beat(&self, replica: &str) -> Result<(), StoreError> {
        let now = self.clock.now();
        self.lock().replicas.insert(replica.to_owned(), now);
        Ok(())
    }

    async fn report(&self, replica: &str, came: &[PlayerId], went: &[PlayerId]) -> Result<Vec<PlayerId>, StoreError> {
        let mut state = self.lock();
        for player in came {
            state.connections.insert((*player, replica.to_owned()));
        }
        for player in went {
            state.connections.remove(&(*player, replica.to_owned()));
        }
        Ok(went.iter().copied().filter(|player| !state.is_connected(*player)).collect())
    }

    async fn connected(&self, players: &[PlayerId]) -> Result<Vec<bool>, StoreError> {
        let state = self.lock();
        Ok(players.iter().map(|player| state.is_connected(*player)).collect())
    }

    async fn players_of(&self, replica: &str, limit: i64) -> Result<Vec<PlayerId>, StoreError> {
        let state = self.lock();
        let here = state.connections.iter().filter(|(_, at)| at == replica).map(|(player, _)| *player);
        Ok(here.take(usize::try_from(limit).unwrap_or(0)).collect())
    }

    async fn silent(&self, before: Timestamp) -> Result<Vec<SilentReplica>, StoreError> {
        let state = self.lock();
        let silent = state.replicas.iter().filter(|(_, heard)| **heard < before);
        let mut silent: Vec<_> =
            silent.map(|(replica, heard_at)| SilentReplica { replica: replica.clone(), heard_at: *heard_at }).collect();
        silent.sort_by_key(|replica| replica.heard_at);
        Ok(silent)
    }

    async fn forget(&self, replica: &str) -> Result<(), StoreError> {
        let mut state = self.lock();
        if !state.connections.iter().any(|(_, at)| at == replica) {
            state.replicas.remove(replica);
        }
        Ok(())
    }
}

impl State {
    fn is_connected(&self, player: PlayerId) -> bool {
        self.connections.range((player, String::new())..).next().is_some_and(|(found, _)| *found == player)
    }
}

#[async_trait]
impl Receipts for MemoryKernel {
    async fn find(&self, key: &ReceiptKey) -> Result<Option<ReceiptRecord>, StoreError> {
        Ok(self.lock().receipts.get(key).cloned())
    }

    async fn attach(&self, key: &ReceiptKey, reply: &ReceiptReply) -> Result<bool, StoreError> {
        let mut state = self.lock();
        let bare = state.receipts.get_mut(key).filter(|record| record.reply.is_none());
        Ok(bare.map(|record| record.reply = Some(reply.clone())).is_some())
    }

    async fn record(&self, receipt: Receipt, reply: ReceiptReply) -> Result<(), StoreError> {
        let key = receipt.key.clone();
        self.lock().receipts.entry(key).or_insert(ReceiptRecord { receipt, reply: Some(reply) });
        Ok(())
    }

    async fn purge(&self, before: Timestamp, limit: i64) -> Result<usize, StoreError> {
        let mut state = self.lock();
        let limit = usize::try_from(limit).unwrap_or(0);
        let old: Vec<_> =
            state.receipts.iter().filter(|(_, r)| r.receipt.at < before).map(|(k, _)| k.clone()).take(limit).collect();
        for key in &old {
            state.receipts.remove(key);
        }
        Ok(old.len())
    }
}

#[async_trait]
impl Outbox for MemoryKernel {
    async fn claim(&self, limit: i64, lease: Duration) -> Result<Vec<OutboxRow>, StoreError> {
        let now = self.clock.now();
        let mut state = self.lock();
        let mut held_back: Vec<String> = Vec::new();
        let mut claimed = Vec::new();
        for pending in state.outbox.values_mut().filter(|p| p.done_at.is_none()) {
            if i64::try_from(claimed.len()).unwrap_or(i64::MAX) >= limit {
                break;
            }
            let aggregate = &pending.row.event.aggregate;
            if pending.claimed_until > now {
                held_back.push(aggregate.clone());
            } else if !held_back.contains(aggregate) {
                pending.claimed_until = now + lease;
                claimed.push(pending.row.clone());
                pending.row.attempts += 1;
            }
        }
        Ok(claimed)
    }

    async fn complete(&self, rows: &[OutboxRow]) -> Result<Vec<StreamEvent>, StoreError> {
        let now = self.clock.now();
        let mut state = self.lock();
        let mut appended = Vec::new();
        for row in rows {
            match state.outbox.get_mut(&row.seq) {
                Some(pending) if pending.done_at.is_none() => pending.done_at = Some(now),
                _ => continue,
            }
            for key in &row.event.audience {
                let stream = state.streams.entry(key.clone()).or_insert_with(|| fresh(&*self.ids, now));
                stream.top += 1;
                let event = StreamEvent {
                    stream: key.clone(),
                    epoch: stream.epoch,
                    offset: stream.top,
                    event_id: row.event.id,
                    kind: row.event.kind.clone(),
                    data: row.event.data.clone(),
                    at: row.event.at,
                };
                stream.events.push(event.clone());
                appended.push(event);
            }
        }
        appended.sort_by(|a, b| (&a.stream, a.offset).cmp(&(&b.stream, b.offset)));
        Ok(appended)
    }

    async fn lag(&self) -> Result<OutboxLag, StoreError> {
        let state = self.lock();
        let mut waiting = state.outbox.values().filter(|p| p.done_at.is_none());
        let oldest = waiting.clone().map(|p| p.row.event.at).min();
        Ok(OutboxLag { pending: waiting.by_ref().count().try_into().unwrap_or(i64::MAX), oldest })
    }

    async fn purge_done(&self, before: Timestamp, limit: i64) -> Result<usize, StoreError> {
        let mut state = self.lock();
        let limit = usize::try_from(limit).unwrap_or(0);
        let old: Vec<_> = state
            .outbox
            .iter()
            .filter(|(_, p)| p.done_at.is_some_and(|at| at < before))
            .map(|(seq, _)| *seq)
            .take(limit)
            .collect();
        for seq in &old {
            state.outbox.remove(seq);
        }
        Ok(old.len())
    }
}

fn fresh(ids: &dyn IdSource, now: Timestamp) -> Stream {
    Stream { epoch: ids.uuid(now), top: 0, events: Vec::new() }
}

#[async_trait]
impl Streams for MemoryKernel {
    async fn heads(&self, streams: &[StreamKey]) -> Result<Vec<StreamHead>, StoreError> {
        let now = self.clock.now();
        let mut state = self.lock();
        let head = |key: &StreamKey| {
            let stream = state.streams.entry(key.clone()).or_insert_with(|| fresh(&*self.ids, now));
            StreamHead { stream: key.clone(), epoch: stream.epoch, top: stream.top }
        };
        Ok(streams.iter().map(head).collect())
    }

    async fn read(&self, stream: &StreamKey, after: i64, limit: i64) -> Result<Vec<StreamEvent>, StoreError> {
        let state = self.lock();
        let limit = usize::try_from(limit).unwrap_or(0);
        let events = state.streams.get(stream).map(|s| s.events.as_slice()).unwrap_or_default();
        Ok(events.iter().filter(|event| event.offset > after).take(limit).cloned().collect())
    }

    async fn purge(&self, before: Timestamp, limit: i64) -> Result<usize, StoreError> {
        let mut left = usize::try_from(limit).unwrap_or(0);
        let mut gone = 0;
        for stream in self.lock().streams.values_mut() {
            let old = stream.events.iter().take_while(|event| event.at < before).count().min(left);
            stream.events.drain(..old);
            (left, gone) = (left - old, gone + old);
        }
        Ok(gone)
    }
}

#[async_trait]
impl Leases for MemoryKernel {
    async fn acquire(&self, name: &str, holder: &str, ttl: Duration) -> Result<Option<Lease>, StoreError> {
        let now = self.clock.now();
        let mut state = self.lock();
        let held = state.leases.entry(name.to_owned()).or_insert_with(|| Held {
            holder: String::new(),
            fence: 0,
            expires_at: Timestamp::from_micros(0),
        });
        if held.holder != holder {
            if held.expires_at > now {
                return Ok(None);
            }
            holder.clone_into(&mut held.holder);
            held.fence += 1;
        } else if held.expires_at <= now {
            // Lapsed in between: somebody could have acted, so the old fence is spent.
            held.fence += 1;
        }
        held.expires_at = now + ttl;
        Ok(Some(Lease { name: name.to_owned(), fence: Fence(held.fence) }))
    }

    async fn release(&self, name: &str, holder: &str) -> Result<(), StoreError> {
        let now = self.clock.now();
        if let Some(held) = self.lock().leases.get_mut(name).filter(|held| held.holder == holder) {
            held.expires_at = now;
        }
        Ok(())
    }
}
