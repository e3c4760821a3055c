//! The commands and questions about tickets.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use kernel::{
    Bus, Clock, Engage, Engagement, Engagements, IdSource, Page, PageLimit, PlayerId, Receipt, Riders, StoreError,
    TicketId, Timestamp, Version,
};
use serde_json::json;

use crate::change::TicketChange;
use crate::decide;
use crate::error::Error;
use crate::event::ticket_updated;
use crate::hint::Hint;
use crate::model::{QueueCount, RecentWait, Status, Ticket, TicketPosition};
use crate::ports::{Modes, QueueSpec, Ratings};
use crate::store::TicketStore;
use crate::wait;

/// How often a command that lost a race is decided again.
const ATTEMPTS: usize = 3;
/// Waits an estimate looks back on.
const RECENT: i64 = 100;
/// Tickets ended per transaction of the sweep.
const SWEEP_BATCH: usize = 64;

/// What the service stands on.
#[derive(Clone)]
pub struct MatchmakingPorts {
    /// Where tickets are.
    pub store: Arc<dyn TicketStore>,
    /// What players are doing.
    pub engagements: Arc<dyn Engagements>,
    /// The mode catalogue.
    pub modes: Arc<dyn Modes>,
    /// Ratings.
    pub ratings: Arc<dyn Ratings>,
    /// Carries hints to the shard's leader.
    pub bus: Arc<dyn Bus>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Fresh ids.
    pub ids: Arc<dyn IdSource>,
}

/// What an operator may set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// How long a ticket waits before it expires, in milliseconds.
    pub ticket_life_ms: i64,
    /// How old the waits may be that estimates are made from, in milliseconds: one read per mode in that time.
    pub recent_waits_ms: i64,
}

impl Default for Settings {
    fn default() -> Self {
        Self { ticket_life_ms: 120_000, recent_waits_ms: 5_000 }
    }
}

/// A player asking for a place in a queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Join {
    /// Who.
    pub player: PlayerId,
    /// Key of the mode.
    pub mode: String,
}

/// Tickets: join, cancel, look, sweep.
pub struct Matchmaking {
    ports: MatchmakingPorts,
    settings: Settings,
    waits: Mutex<HashMap<String, Waits>>,
}

/// Recent waits of one mode, and when they were asked for.
struct Waits {
    asked_at: Timestamp,
    recent: Arc<[RecentWait]>,
}

impl Matchmaking {
    /// The service over these ports.
    #[must_use]
    pub fn new(ports: MatchmakingPorts, settings: Settings) -> Self {
        Self { ports, settings, waits: Mutex::default() }
    }

    /// Queues a player: makes the ticket and takes the player's engagement in one commit.
    ///
    /// # Errors
    /// [`Error::UnknownMode`], [`Error::ModeDisabled`], [`Error::UnsupportedMode`]; [`Error::CoolingDown`] after having
    /// let others wait; [`Error::AlreadyQueued`], [`Error::InProposal`] and [`Error::InGame`] when the player is engaged; [`StoreError::Replayed`] when the
    /// receipt's key was used before.
    pub async fn join(&self, join: Join, receipt: Option<Receipt>) -> Result<Ticket, Error> {
        let Join { player, mode } = join;
        let spec = self.ports.modes.queue(&mode).await.map_err(unreadable("mode catalogue"))?;
        let spec = decide::queueable(spec)?;
        let now = self.ports.clock.now();
        let cooling = self.ports.engagements.cooling(&[player], now).await.map_err(Error::Store)?;
        if let Some(until) = cooling.first().copied().flatten() {
            return Err(Error::CoolingDown { until });
        }
        let rating = self.ports.ratings.rating(player, &spec.rating_family).await.map_err(unreadable("ratings"))?;
        for _ in 0..ATTEMPTS {
            let now = self.ports.clock.now();
            let life_ms = self.settings.ticket_life_ms;
            let recent = self.recent_waits(&spec.mode, now).await;
            let change = decide::open(Ticket {
                id: TicketId::new(self.ports.ids.uuid(now)),
                mode: spec.mode.clone(),
                player_id: player,
                rating: rating.value,
                deviation: rating.deviation,
                status: Status::Searching,
                created_at: now,
                expires_at: now.plus_millis(life_ms),
                ended_at: None,
                ended: None,
                game_id: None,
                proposal_id: None,
                estimated_wait_ms: wait::estimate(&recent, rating.value, now, life_ms),
                version: Version::NEW,
            });
            let ticket = change.ticket.clone();
            let riders = Riders {
                receipt: receipt.clone().map(|receipt| receipt.with_outcome(json!({ "ticket": ticket.id }))),
                engage: vec![Engage { player, from: Engagement::Idle, to: ticket.engagement() }],
                ..Riders::default()
            };
            match self.ports.store.commit(vec![change], riders).await {
                Ok(()) => {
                    self.tell_leader(&ticket.mode, &Hint::waiting(&ticket)).await;
                    return Ok(ticket);
                }
                Err(StoreError::Engaged { current, .. }) => {
                    if !self.ended_overdue(current, now).await?
                        && let Some(refusal) = decide::engaged(current)
                    {
                        return Err(refusal);
                    }
                }
                Err(StoreError::Stale) => {}
                Err(error) => return Err(Error::Store(error)),
            }
        }
        Err(Error::Store(StoreError::Stale))
    }

    /// Takes a ticket back; doing it twice changes nothing.
    ///
    /// # Errors
    /// [`Error::NotFound`] for somebody else's; [`Error::StateChanged`] when it was matched or expired first.
    pub async fn cancel(&self, player: PlayerId, id: TicketId, receipt: Option<Receipt>) -> Result<Ticket, Error> {
        for _ in 0..ATTEMPTS {
            let ticket = self.ticket(player, id).await?;
            let now = self.ports.clock.now();
            if ticket.is_overdue(now) {
                self.end(vec![ticket.clone()], now).await?;
            }
            let Some(change) = decide::cancel(&ticket, now)? else { return Ok(ticket) };
            let mut riders = self.leaving(std::slice::from_ref(&change), now);
            riders.receipt = receipt.clone().map(|receipt| receipt.with_outcome(json!({ "ticket": id })));
            let after = change.ticket.clone();
            match self.ports.store.commit(vec![change], riders).await {
                Ok(()) => {
                    self.tell_leader(&after.mode, &Hint::Gone { id }).await;
                    return Ok(after);
                }
                // Matched meanwhile, or its player entered something else: the row is about to say so, or never will.
                Err(StoreError::Engaged { current, .. })
                    if self.ticket(player, id).await?.version == ticket.version =>
                {
                    let row = vec![decide::supersede(&ticket, now)];
                    let _ = self.ports.store.commit(row, Riders::default()).await;
                    let game_id = if let Engagement::Game(game) = current { Some(game) } else { None };
                    return Err(Error::StateChanged { state: Status::Cancelled, game_id });
                }
                Err(StoreError::Stale | StoreError::Engaged { .. }) => {}
                Err(error) => return Err(Error::Store(error)),
            }
        }
        Err(Error::Store(StoreError::Stale))
    }

    /// One of the player's own tickets.
    ///
    /// # Errors
    /// [`Error::NotFound`] if it doesn't exist or is somebody else's.
    pub async fn ticket(&self, player: PlayerId, id: TicketId) -> Result<Ticket, Error> {
        let ticket = self.ports.store.load(id).await.map_err(Error::Store)?;
        ticket.filter(|ticket| ticket.players().contains(&player)).ok_or(Error::NotFound)
    }

    /// To be called after the player of this ticket was taken into a game by another way: the ticket ended in that same
    /// step, for nobody's engagement names it any more; now its row says so, its player is told, and the leader forgets
    /// it. Does nothing to a ticket that has ended otherwise.
    ///
    /// # Errors
    /// Those of the store; the sweep makes up for it at the ticket's expiry.
    pub async fn superseded(&self, id: TicketId) -> Result<(), Error> {
        let Some(ticket) = self.ports.store.load(id).await.map_err(Error::Store)? else { return Ok(()) };
        let engaged = self.ports.engagements.current(ticket.players()).await.map_err(Error::Store)?;
        if ticket.status.is_final() || engaged.contains(&ticket.engagement()) {
            return Ok(());
        }
        let now = self.ports.clock.now();
        let change = decide::supersede(&ticket, now);
        let riders = Riders::events(vec![ticket_updated(&change.ticket, &*self.ports.ids, now)]);
        match self.ports.store.commit(vec![change], riders).await {
            Ok(()) => self.tell_leader(&ticket.mode, &Hint::Gone { id }).await,
            Err(StoreError::Stale) => {}
            Err(error) => return Err(Error::Store(error)),
        }
        Ok(())
    }

    /// The player's tickets, newest first.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn mine(
        &self,
        player: PlayerId,
        after: Option<TicketPosition>,
        limit: PageLimit,
    ) -> Result<Page<Ticket, TicketPosition>, Error> {
        self.ports.store.mine(player, after, limit).await.map_err(Error::Store)
    }

    /// The ticket the player is waiting with, if any.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn live_of(&self, player: PlayerId) -> Result<Option<Ticket>, Error> {
        let current = self.ports.engagements.current(&[player]).await.map_err(Error::Store)?;
        let Some(Engagement::Ticket(id)) = current.first().copied() else { return Ok(None) };
        let ticket = self.ports.store.load(id).await.map_err(Error::Store)?;
        Ok(ticket.filter(|ticket| !ticket.status.is_final()))
    }

    /// How many wait, for every mode that takes tickets.
    ///
    /// # Errors
    /// Those of the store and the catalogue.
    pub async fn queues(&self) -> Result<Vec<QueueCount>, Error> {
        let queues = self.ports.modes.queues().await.map_err(unreadable("mode catalogue"))?;
        let counts = self.ports.store.counts().await.map_err(Error::Store)?;
        let open = queues.into_iter().filter(|spec| spec.enabled && spec.is_supported());
        Ok(open
            .map(|QueueSpec { mode, .. }| {
                let searching = counts.iter().find(|count| count.mode == mode).map_or(0, |count| count.searching);
                QueueCount { mode, searching }
            })
            .collect())
    }

    /// Ends tickets past their time; says how many. Every replica may sweep: each ticket is ended once.
    ///
    /// # Errors
    /// Those of the store; the next sweep goes on.
    pub async fn expire_due(&self, now: Timestamp, limit: i64) -> Result<usize, Error> {
        let due = self.ports.store.due(now, limit).await.map_err(Error::Store)?;
        self.end(due, now).await
    }

    async fn end(&self, due: Vec<Ticket>, now: Timestamp) -> Result<usize, Error> {
        if due.is_empty() {
            return Ok(0);
        }
        let queues = self.ports.modes.queues().await.map_err(unreadable("mode catalogue"))?;
        let changes: Vec<_> =
            due.iter().filter_map(|t| decide::expire(t, decide::alternatives(&queues, &t.mode), now)).collect();
        let mut ended = 0;
        for batch in changes.chunks(SWEEP_BATCH) {
            match self.ports.store.commit(batch.to_vec(), self.leaving(batch, now)).await {
                Ok(()) => ended += batch.len(),
                // Somebody was faster with one of them: one by one, then.
                Err(StoreError::Stale | StoreError::Engaged { .. }) => {
                    for change in batch {
                        ended += usize::from(self.end_one(change, now).await?);
                    }
                }
                Err(error) => return Err(Error::Store(error)),
            }
            for change in batch {
                self.tell_leader(&change.ticket.mode, &Hint::Gone { id: change.ticket.id }).await;
            }
        }
        Ok(ended)
    }

    async fn end_one(&self, change: &TicketChange, now: Timestamp) -> Result<bool, Error> {
        let one = std::slice::from_ref(change);
        match self.ports.store.commit(one.to_vec(), self.leaving(one, now)).await {
            Ok(()) => Ok(true),
            Err(StoreError::Stale) => Ok(false),
            Err(StoreError::Engaged { .. }) => {
                // Its player left it by another way, unless the row has moved as well: then the version says no.
                let mut before = change.ticket.clone();
                before.version = change.expect;
                let row = vec![decide::supersede(&before, now)];
                match self.ports.store.commit(row, Riders::default()).await {
                    Ok(()) => Ok(true),
                    Err(StoreError::Stale) => Ok(false),
                    Err(error) => Err(Error::Store(error)),
                }
            }
            Err(error) => Err(Error::Store(error)),
        }
    }

    /// What rides along when tickets end without a match: their players are free, and told.
    fn leaving(&self, changes: &[TicketChange], now: Timestamp) -> Riders {
        let tickets = || changes.iter().map(|change| &change.ticket);
        let free = |ticket: &Ticket| {
            let from = Engagement::Ticket(ticket.id);
            let step = |player: &PlayerId| Engage { player: *player, from, to: Engagement::Idle };
            ticket.players().iter().map(step).collect::<Vec<_>>()
        };
        Riders {
            engage: tickets().flat_map(free).collect(),
            events: tickets().map(|ticket| ticket_updated(ticket, &*self.ports.ids, now)).collect(),
            ..Riders::default()
        }
    }

    /// A player whose ticket has run out isn't held by it, even before the sweep.
    async fn ended_overdue(&self, current: Engagement, now: Timestamp) -> Result<bool, Error> {
        let Engagement::Ticket(id) = current else { return Ok(false) };
        let ticket = self.ports.store.load(id).await.map_err(Error::Store)?;
        let Some(overdue) = ticket.filter(|ticket| ticket.is_overdue(now)) else { return Ok(false) };
        self.end(vec![overdue], now).await?;
        Ok(true)
    }

    /// One read per mode and a few seconds; whoever comes while it runs takes what was there before.
    async fn recent_waits(&self, mode: &str, now: Timestamp) -> Arc<[RecentWait]> {
        {
            let mut waits = self.waits.lock().unwrap_or_else(PoisonError::into_inner);
            let known = waits
                .entry(mode.to_owned())
                .or_insert_with(|| Waits { asked_at: Timestamp::from_micros(0), recent: Arc::new([]) });
            if now < known.asked_at.plus_millis(self.settings.recent_waits_ms) {
                return Arc::clone(&known.recent);
            }
            known.asked_at = now;
        }
        // An estimate isn't worth refusing a ticket for: if the store fails, the old waits do.
        let read = self.ports.store.recent_waits(mode, RECENT).await.ok();
        let mut waits = self.waits.lock().unwrap_or_else(PoisonError::into_inner);
        match (waits.get_mut(mode), read) {
            (Some(known), Some(read)) => {
                known.recent = read.into();
                Arc::clone(&known.recent)
            }
            (Some(known), None) => Arc::clone(&known.recent),
            (None, _) => Arc::new([]),
        }
    }

    async fn tell_leader(&self, mode: &str, hint: &Hint) {
        self.ports.bus.publish(&Hint::topic(mode), hint.encode().into()).await;
    }
}

fn unreadable(what: &'static str) -> impl Fn(kernel::BoxError) -> Error {
    move |source| Error::Unreadable { what, source }
}
