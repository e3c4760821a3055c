//! The leader of one shard: keeps the waiting tickets in memory, and turns touching pairs into claims. It knows no
//! runtime: whoever drives it calls [`ShardLeader::step`] when a hint arrives or `next_wake` has come.
//!
//! Being the leader makes it the one that tries; it doesn't make it right. Each claim shows the lease's fence in the
//! transaction that writes it, and every player's engagement moves by compare-and-set there, so a leader that was
//! stalled, cut off or replaced changes nothing. A block between two is looked for there, too: the leader learns of it
//! by the refusal, once, and doesn't put these two tickets together again. It says so to nobody.

mod claims;

use std::collections::{BTreeMap, HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use kernel::{IdSource, Lease, Leases, StoreError, TicketId, Timestamp};

use crate::hint::Hint;
use crate::matcher::{Matcher, Shape};
use crate::model::{Ticket, TicketPosition};
use crate::ports::{Modes, QueueSpec};
use crate::reach::Tuning;
use crate::service::Explained;
use crate::store::TicketStore;

/// How long a lease runs without being renewed: a queue whose leader died stands still for this long at most.
const TTL: Duration = Duration::from_millis(1_500);
const RENEW_MS: i64 = 500;
/// How often somebody who doesn't lead tries to.
const STAND_BY_MS: i64 = 250;
/// After a failed try.
const AGAIN_MS: i64 = 250;
/// How often new rows are read: what a lost hint costs at most.
const READ_MS: i64 = 250;
/// How far back that looks: a transaction may end this much after the time it wrote.
const SLACK_MS: i64 = 2_500;
/// How often all rows are compared with the index.
const COMPARE_MS: i64 = 5_000;
const PAGE: i64 = 1_000;
/// For how long somebody who is away is still put into a match.
const AWAY_MS: i64 = 5_000;
/// How long ended tickets are remembered, for hints that come late.
const MEMORY_MS: i64 = 10_000;

/// What a leader stands on.
#[derive(Clone)]
pub struct LeaderPorts {
    /// Where tickets are.
    pub store: Arc<dyn TicketStore>,
    /// Who leads.
    pub leases: Arc<dyn Leases>,
    /// What a mode's games look like.
    pub modes: Arc<dyn Modes>,
    /// Ids, seeds and secrets of new games.
    pub ids: Arc<dyn IdSource>,
}

/// What came of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    /// When to step next, if no hint comes before. May have passed already.
    pub next_wake: Timestamp,
    /// Matches made in this step, games or ready checks; their events wait in the outbox.
    pub matched: usize,
    /// Whether this one leads now.
    pub leading: bool,
}

/// One candidate for the leadership of one mode's queue.
pub struct ShardLeader {
    mode: String,
    lease_name: String,
    holder: String,
    ports: LeaderPorts,
    tuning: Tuning,
    lease: Option<Lease>,
    held_until: Timestamp,
    renew_at: Timestamp,
    read_at: Timestamp,
    compare_at: Timestamp,
    last_read: Timestamp,
    spec: Option<QueueSpec>,
    index: Matcher,
    ended: Ended,
    /// Tickets with a player who is away, and since when.
    away: BTreeMap<TicketId, Timestamp>,
}

impl ShardLeader {
    /// A candidate; `holder` must be unique among all processes that try.
    #[must_use]
    pub fn new(mode: impl Into<String>, holder: impl Into<String>, tuning: Tuning, ports: LeaderPorts) -> Self {
        let (mode, start) = (mode.into(), Timestamp::from_micros(0));
        Self {
            lease_name: Hint::topic(&mode),
            mode,
            holder: holder.into(),
            ports,
            tuning,
            lease: None,
            held_until: start,
            renew_at: start,
            read_at: start,
            compare_at: start,
            last_read: start,
            spec: None,
            index: Matcher::new(Shape::duel(), tuning),
            ended: Ended::default(),
            away: BTreeMap::new(),
        }
    }

    /// Key of the mode it leads.
    #[must_use]
    pub fn mode(&self) -> &str {
        &self.mode
    }

    /// Tickets in its index; none while it doesn't lead.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.index.len()
    }

    /// Why this ticket still waits; `None` if it isn't in the index.
    #[must_use]
    pub fn explain(&mut self, id: TicketId, now: Timestamp) -> Option<Explained> {
        self.index.explain(id, now).map(Explained::from)
    }

    /// Renews the lease when due, takes the hints, reads the rows when due, and matches what touches now.
    ///
    /// # Errors
    /// Those of the store. Nothing is lost then: what may or may not have been written is read again. Step again after
    /// a moment.
    pub async fn step(&mut self, now: Timestamp, inbox: Vec<Hint>) -> Result<Step, StoreError> {
        let vacant = inbox.contains(&Hint::Vacant);
        self.lead(now, vacant).await?;
        let mut matched = 0;
        if self.lease.is_some() {
            for hint in inbox {
                self.hear(hint, now);
            }
            self.read(now).await?;
            self.leave_out_who_is_away(now);
            matched = self.match_all(now).await?;
        }
        Ok(Step { next_wake: self.next_wake(), matched, leading: self.lease.is_some() })
    }

    /// Gives the lease back, so that another replica can lead at once; tell them with [`Hint::Vacant`].
    ///
    /// # Errors
    /// Those of the lease store; the lease then lapses by itself.
    pub async fn resign(self) -> Result<(), StoreError> {
        if self.lease.is_some() { self.ports.leases.release(&self.lease_name, &self.holder).await } else { Ok(()) }
    }

    fn next_wake(&mut self) -> Timestamp {
        if self.lease.is_none() {
            return self.renew_at;
        }
        let wake = self.renew_at.min(self.read_at).min(self.compare_at);
        let touch = if self.spec.is_some() { self.index.next_touch() } else { None };
        let leaves = self.away.values().min().map(|since| since.plus_millis(AWAY_MS));
        touch.into_iter().chain(leaves).fold(wake, Timestamp::min)
    }

    async fn lead(&mut self, now: Timestamp, vacant: bool) -> Result<(), StoreError> {
        if self.lease.is_some() && now >= self.held_until {
            self.forget();
        }
        if now < self.renew_at && (self.lease.is_some() || !vacant) {
            return Ok(());
        }
        match self.ports.leases.acquire(&self.lease_name, &self.holder, TTL).await {
            Ok(Some(lease)) => {
                if self.lease.as_ref() != Some(&lease) {
                    // A new fence: others may have led since, so start from the rows.
                    self.forget();
                    self.lease = Some(lease);
                }
                self.held_until = now + TTL;
                self.renew_at = now.plus_millis(RENEW_MS);
                Ok(())
            }
            Ok(None) => {
                self.forget();
                self.renew_at = now.plus_millis(STAND_BY_MS);
                Ok(())
            }
            Err(error) => {
                self.renew_at = now.plus_millis(AGAIN_MS);
                self.compare_at = now;
                Err(error)
            }
        }
    }

    /// Stops leading and forgets everything; the rows know.
    fn forget(&mut self) {
        self.lease = None;
        self.spec = None;
        self.index = Matcher::new(Shape::duel(), self.tuning);
        self.ended = Ended::default();
        self.away.clear();
        self.compare_at = Timestamp::from_micros(0);
    }

    fn hear(&mut self, hint: Hint, now: Timestamp) {
        match hint {
            Hint::Waiting(waits) => {
                if waits.again {
                    self.ended.forget(waits.id);
                    self.away.remove(&waits.id);
                }
                if self.spec.is_some() && !self.ended.knows(waits.id) {
                    self.index.insert((*waits).into(), now);
                }
            }
            Hint::Away { id, since } => _ = self.away.insert(id, since),
            Hint::Gone { id } => {
                self.index.remove(id);
                self.away.remove(&id);
                self.ended.note(id, now);
            }
            Hint::Vacant => {}
        }
    }

    /// Reads what is due: the youngest rows often, all of them now and then.
    async fn read(&mut self, now: Timestamp) -> Result<(), StoreError> {
        let compare = now >= self.compare_at;
        if !compare && now < self.read_at {
            return Ok(());
        }
        if compare {
            self.look_up_mode(now).await?;
        }
        let youngest =
            TicketPosition { created_at: self.last_read.plus_millis(-SLACK_MS), id: TicketId::new(uuid::Uuid::nil()) };
        let mut after = (!compare).then_some(youngest);
        let mut seen = HashSet::new();
        loop {
            let page = self.ports.store.waiting(&self.mode, after, PAGE).await?;
            after = page.last().map(|last| TicketPosition { created_at: last.created_at, id: last.id });
            for ticket in &page {
                self.take_in(ticket, now);
                seen.insert(ticket.id);
            }
            if i64::try_from(page.len()).unwrap_or(i64::MAX) < PAGE {
                break;
            }
        }
        if compare {
            let lost: Vec<_> = self.index.ids().filter(|id| !seen.contains(id)).collect();
            for id in lost {
                self.index.remove(id);
            }
            self.away.retain(|id, _| seen.contains(id));
            self.compare_at = now.plus_millis(COMPARE_MS);
        }
        self.last_read = now;
        self.read_at = now.plus_millis(READ_MS);
        Ok(())
    }

    /// A mode may change while tickets wait for it: then all are put together anew.
    async fn look_up_mode(&mut self, now: Timestamp) -> Result<(), StoreError> {
        let spec = self.ports.modes.queue(&self.mode).await.map_err(StoreError::Unavailable)?;
        let spec = spec.filter(|spec| spec.is_matched() && spec.enabled);
        let shape = spec.as_ref().map(QueueSpec::shape);
        if shape != self.spec.as_ref().map(QueueSpec::shape) {
            self.index = Matcher::new(shape.unwrap_or_else(Shape::duel), self.tuning);
            self.last_read = self.last_read.min(now);
        }
        self.spec = spec;
        Ok(())
    }

    fn take_in(&mut self, ticket: &Ticket, now: Timestamp) {
        let away_for_long = match ticket.detached_at {
            Some(since) => {
                self.away.insert(ticket.id, since);
                since.plus_millis(AWAY_MS) <= now
            }
            None => {
                self.away.remove(&ticket.id);
                false
            }
        };
        if self.spec.is_some() && !away_for_long {
            self.index.insert(ticket.into(), now);
        }
    }

    /// Rows and hints bring them back.
    fn leave_out_who_is_away(&mut self, now: Timestamp) {
        let gone = |since: &Timestamp| since.plus_millis(AWAY_MS) <= now;
        for (id, _) in self.away.iter().filter(|(_, since)| gone(since)) {
            self.index.remove(*id);
        }
        self.away.retain(|_, since| !gone(since));
    }
}

/// Tickets that ended a moment ago.
#[derive(Default)]
struct Ended {
    ids: HashSet<TicketId>,
    order: VecDeque<(Timestamp, TicketId)>,
}

impl Ended {
    fn knows(&self, id: TicketId) -> bool {
        self.ids.contains(&id)
    }

    fn forget(&mut self, id: TicketId) {
        self.ids.remove(&id);
    }

    fn note(&mut self, id: TicketId, now: Timestamp) {
        self.ids.insert(id);
        self.order.push_back((now, id));
        while let Some((_, id)) = self.order.pop_front_if(|(at, _)| at.plus_millis(MEMORY_MS) < now) {
            self.ids.remove(&id);
        }
    }
}
