//! Why it takes so long: what the queue looks like from a ticket's place.

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use kernel::{PlayerId, TicketId, Timestamp};
use serde::{Deserialize, Serialize};

use super::{Matchmaking, unreadable};
use crate::error::Error;
use crate::matcher::{Explanation, Matcher};
use crate::model::{QueueCount, Status, WaitEstimate};
use crate::reach::Tuning;
use crate::wait;

/// Rows looked at where no leader answers.
const ROWS: i64 = 1_000;
/// How old counts may be.
const COUNTS_AGE: Duration = Duration::from_secs(1);
/// What a queue's own estimate is made for.
const USUAL_RATING: f64 = 1_500.0;

/// What a player is told about a wait.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Explained {
    /// For how long it has lasted, in milliseconds.
    pub waiting_ms: i64,
    /// What the ticket is matched by.
    pub rating: f64,
    /// How far from it, in points, others may be by now; none: however far.
    pub range: Option<f64>,
    /// Tickets it could be matched with now, or as soon as there are enough of them.
    pub candidates: u64,
    /// Which rule keeps how many others away.
    pub removed: Vec<Removed>,
    /// When the range grows next.
    pub next_widening_at: Option<Timestamp>,
}

/// How many tickets a rule keeps away. Blocks are no rule here: nobody learns of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Removed {
    /// `range`, `latency`, `attributes`, `recent_opponent` or `size`.
    pub rule: String,
    /// How many.
    pub count: u64,
}

impl From<Explanation> for Explained {
    fn from(explanation: Explanation) -> Self {
        let count = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
        let removed =
            explanation.removed.iter().map(|(rule, n)| Removed { rule: rule.as_str().to_owned(), count: count(*n) });
        Self {
            waiting_ms: explanation.waiting_ms,
            rating: explanation.rating,
            range: explanation.range,
            candidates: count(explanation.candidates),
            removed: removed.collect(),
            next_widening_at: explanation.next_widening_at,
        }
    }
}

/// Asks the leader of a queue, wherever it is, about one of the tickets it holds.
#[async_trait]
pub trait Leaders: Send + Sync {
    /// What the leader sees; `None` where none answers in time, or it doesn't know the ticket.
    async fn explain(&self, mode: &str, ticket: TicketId) -> Option<Explained>;
}

/// For those who embed this crate without a bus: nobody answers, the rows do.
pub struct NoLeaders;

#[async_trait]
impl Leaders for NoLeaders {
    async fn explain(&self, _: &str, _: TicketId) -> Option<Explained> {
        None
    }
}

/// One queue's live figures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Queue {
    /// Key of the mode.
    pub mode: String,
    /// Tickets waiting.
    pub searching: i64,
    /// Players waiting.
    pub players: i64,
    /// How long others waited.
    pub estimated_wait_ms: WaitEstimate,
}

impl Matchmaking {
    /// What keeps one of the player's tickets waiting.
    ///
    /// # Errors
    /// [`Error::NotFound`] for somebody else's, [`Error::StateChanged`] where it doesn't wait.
    pub async fn explain(&self, player: PlayerId, id: TicketId) -> Result<Explained, Error> {
        let ticket = self.ticket(player, id).await?;
        if ticket.status != Status::Searching {
            return Err(Error::StateChanged { state: ticket.status, game_id: ticket.game_id });
        }
        if let Some(explained) = self.ports.leaders.explain(&ticket.mode, id).await {
            return Ok(explained);
        }
        // As a leader that takes over now would see it.
        let spec = self.ports.modes.queue(&ticket.mode).await.map_err(unreadable("mode catalogue"))?;
        let spec = spec.ok_or(Error::UnknownMode)?;
        let now = self.ports.clock.now();
        let mut matcher = Matcher::new(spec.shape(), Tuning::default());
        for waiting in self.ports.store.waiting(&ticket.mode, None, ROWS).await.map_err(Error::Store)? {
            matcher.insert((&waiting).into(), waiting.created_at);
        }
        matcher.insert((&ticket).into(), now);
        matcher.explain(id, now).map(Explained::from).ok_or(Error::NotFound)
    }

    /// How many wait, for every mode that takes tickets.
    ///
    /// # Errors
    /// Those of the store and the catalogue.
    pub async fn queues(&self) -> Result<Vec<Queue>, Error> {
        let specs = self.ports.modes.queues().await.map_err(unreadable("mode catalogue"))?;
        let now = self.ports.clock.now();
        let counts = self.counts(now).await?;
        let mut queues = Vec::new();
        for spec in specs.into_iter().filter(|spec| spec.enabled && spec.is_matched()) {
            let count = counts.iter().find(|count| count.mode == spec.mode);
            let recent = self.recent_waits(&spec.mode, now).await;
            queues.push(Queue {
                searching: count.map_or(0, |count| count.searching),
                players: count.map_or(0, |count| count.players),
                estimated_wait_ms: wait::estimate(&recent, USUAL_RATING, now, self.settings.ticket_life_ms),
                mode: spec.mode,
            });
        }
        Ok(queues)
    }

    /// How many wait, at most a second old: everybody who waits asks, and counting looks at every ticket.
    async fn counts(&self, now: Timestamp) -> Result<Arc<[QueueCount]>, Error> {
        let known = self.counted.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some((at, counts)) = known
            && now.since(at) < COUNTS_AGE
        {
            return Ok(counts);
        }
        let counts: Arc<[QueueCount]> = self.ports.store.counts().await.map_err(Error::Store)?.into();
        *self.counted.lock().unwrap_or_else(PoisonError::into_inner) = Some((now, Arc::clone(&counts)));
        Ok(counts)
    }
}
