//! The leader of one shard: keeps the waiting tickets in memory, and turns touching pairs into claims. It knows no
//! runtime: whoever drives it calls [`ShardLeader::step`] when a hint arrives or `next_wake` has come.
//!
//! Being the leader makes it the one that tries; it doesn't make it right. Each claim shows the lease's fence in the
//! transaction that writes it, and every player's engagement moves by compare-and-set there, so a leader that was
//! stalled, cut off or replaced changes nothing. A block between two is looked for there, too: the leader learns of it
//! by the refusal, once, and doesn't put these two tickets together again. It says so to nobody.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use kernel::{IdSource, Lease, Leases, PlayerId, StoreError, TicketId, Timestamp};

use crate::decide;
use crate::hint::{Hint, seed};
use crate::kinetic::{KineticIndex, Pair, TicketSeed, Tuning, Waiting};
use crate::model::TicketPosition;
use crate::ports::{Modes, QueueSpec};
use crate::store::TicketStore;

/// How long a lease runs without being renewed: a queue whose leader died stands still for this long at most.
const TTL: Duration = Duration::from_millis(1_800);
const RENEW_MS: i64 = 600;
/// How often somebody who doesn't lead tries to.
const STAND_BY_MS: i64 = 300;
/// After a failed try.
const AGAIN_MS: i64 = 250;
/// How often new rows are read: what a lost hint costs at most.
const READ_MS: i64 = 250;
/// How far back that looks: a transaction may end this much after the time it wrote.
const SLACK_MS: i64 = 2_500;
/// How often all rows are compared with the index.
const COMPARE_MS: i64 = 5_000;
const PAGE: i64 = 1_000;
/// Matches per transaction.
const BATCH: usize = 32;
/// After so many refusals of a batch its pairs are tried one by one.
const PATIENCE: usize = 3;
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
    /// Games opened in this step; their events wait in the outbox.
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
    index: KineticIndex,
    ended: Ended,
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
            index: KineticIndex::new(tuning),
            ended: Ended::default(),
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
        touch.map_or(wake, |touch| wake.min(touch))
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
        self.index = KineticIndex::new(self.tuning);
        self.ended = Ended::default();
        self.compare_at = Timestamp::from_micros(0);
    }

    fn hear(&mut self, hint: Hint, now: Timestamp) {
        match hint {
            Hint::Waiting { id, player, rating, deviation, created_at, expires_at } => {
                if !self.ended.knows(id) {
                    self.index.insert(TicketSeed { id, player, rating, deviation, created_at, expires_at }, now);
                }
            }
            Hint::Gone { id } => {
                self.index.remove(id);
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
            let spec = self.ports.modes.queue(&self.mode).await.map_err(StoreError::Unavailable)?;
            self.spec = spec.filter(QueueSpec::is_supported);
        }
        let youngest =
            TicketPosition { created_at: self.last_read.plus_millis(-SLACK_MS), id: TicketId::new(uuid::Uuid::nil()) };
        let mut after = (!compare).then_some(youngest);
        let mut seen = HashSet::new();
        loop {
            let page = self.ports.store.waiting(&self.mode, after, PAGE).await?;
            after = page.last().map(|last| TicketPosition { created_at: last.created_at, id: last.id });
            for ticket in &page {
                self.index.insert(seed(ticket), now);
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
            self.compare_at = now.plus_millis(COMPARE_MS);
        }
        self.last_read = now;
        self.read_at = now.plus_millis(READ_MS);
        Ok(())
    }

    async fn match_all(&mut self, now: Timestamp) -> Result<usize, StoreError> {
        let mut matched = 0;
        while let (Some(lease), Some(spec)) = (self.lease.clone(), self.spec.clone()) {
            // Who comes back from a refused claim may touch somebody else, hence the loop; each turn makes a match,
            // takes somebody out, or learns that two keep apart.
            let pairs = self.index.matches(now);
            if pairs.is_empty() {
                break;
            }
            for batch in pairs.chunks(BATCH) {
                if self.lease.is_some() {
                    matched += self.claim_batch(batch, &spec, &lease, now).await?;
                }
            }
        }
        Ok(matched)
    }

    /// Claims these pairs together, without the ones that are refused; says how many became games.
    async fn claim_batch(
        &mut self,
        batch: &[Pair],
        spec: &QueueSpec,
        lease: &Lease,
        now: Timestamp,
    ) -> Result<usize, StoreError> {
        let mut matched = 0;
        let mut refused = 0;
        let mut queue = VecDeque::from([batch.to_vec()]);
        while let Some(mut pairs) = queue.pop_front() {
            let claims = pairs.iter().map(|pair| decide::claim(pair, spec, &*self.ports.ids, now)).collect();
            match self.ports.store.claim(claims, lease).await {
                Ok(()) => {
                    matched += pairs.len();
                    for pair in &pairs {
                        self.ended.note(pair.older.seed.id, now);
                        self.ended.note(pair.younger.seed.id, now);
                    }
                }
                Err(StoreError::Fenced) => {
                    self.forget();
                    self.renew_at = now;
                    break;
                }
                Err(StoreError::Engaged { player, .. }) if pairs.len() == 1 || refused < PATIENCE => {
                    refused += 1;
                    if let Some(at) = pairs.iter().position(|pair| pair.holds(player)) {
                        self.separate(pairs.remove(at), player, now);
                    }
                    queue.extend((!pairs.is_empty()).then_some(pairs));
                }
                Err(StoreError::Apart { player, other }) if pairs.len() == 1 || refused < PATIENCE => {
                    refused += 1;
                    let Some(at) = pairs.iter().position(|pair| pair.holds(player) && pair.holds(other)) else {
                        self.compare_at = now;
                        return Err(StoreError::broken("a claim was refused for players whom it doesn't pair"));
                    };
                    self.keep_apart(pairs.remove(at));
                    queue.extend((!pairs.is_empty()).then_some(pairs));
                }
                Err(StoreError::Stale | StoreError::Engaged { .. } | StoreError::Apart { .. }) if pairs.len() > 1 => {
                    queue.extend(pairs.into_iter().map(|pair| vec![pair]));
                }
                // A row that isn't what its player's engagement says, or a lock not had in time: read again.
                Err(StoreError::Stale) => self.compare_at = self.compare_at.min(now.plus_millis(READ_MS)),
                Err(error) => {
                    // It may have happened or not.
                    self.compare_at = now;
                    return Err(error);
                }
            }
        }
        Ok(matched)
    }

    /// The two go on waiting, with their age, but not for each other.
    fn keep_apart(&mut self, pair: Pair) {
        let (older, younger) = (pair.older.seed.id, pair.younger.seed.id);
        self.index.put_back(pair.older);
        self.index.put_back(pair.younger);
        self.index.forbid(older, younger);
    }

    /// One of the two is engaged elsewhere; the other goes on waiting, with his age.
    fn separate(&mut self, pair: Pair, engaged: PlayerId, now: Timestamp) {
        for ticket in [pair.older, pair.younger] {
            let Waiting { seed, .. } = &ticket;
            if seed.player == engaged {
                self.ended.note(seed.id, now);
            } else {
                self.index.put_back(ticket);
            }
        }
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

    fn note(&mut self, id: TicketId, now: Timestamp) {
        if self.ids.insert(id) {
            self.order.push_back((now, id));
        }
        while let Some((_, id)) = self.order.pop_front_if(|(at, _)| at.plus_millis(MEMORY_MS) < now) {
            self.ids.remove(&id);
        }
    }
}
