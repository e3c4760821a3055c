//! The commands and questions about tickets, ready checks and parties.

mod attendance;
mod checks;
mod explain;
mod parties;
mod sweep;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use kernel::{
    Bus, Clock, Engage, Engagement, Engagements, IdSource, Page, PageLimit, PartyId, PlayerId, Receipt, Riders,
    StoreError, TicketId, Timestamp, Version,
};
use serde_json::json;

use crate::change::{Change, PartyChange, TicketChange};
use crate::decide;
use crate::error::Error;
use crate::event::ticket_updated;
use crate::hint::Hint;
use crate::matcher::{Candidate, Member};
use crate::model::{RecentWait, Status, Ticket, TicketPosition, WaitEstimate, Wishes};
use crate::party::Party;
use crate::ports::{Modes, QueueSpec, Ratings};
use crate::store::{PartyStore, ProposalStore, TicketStore};
use crate::wait;

pub use explain::{Explained, Leaders, NoLeaders, Queue, Removed};
pub use parties::PartyView;

/// How often a command that lost a race is decided again.
const ATTEMPTS: usize = 3;
/// Waits an estimate looks back on.
const RECENT: i64 = 100;

/// What the service stands on.
#[derive(Clone)]
pub struct MatchmakingPorts {
    /// Where tickets are.
    pub store: Arc<dyn TicketStore>,
    /// Where ready checks are.
    pub proposals: Arc<dyn ProposalStore>,
    /// Where parties are.
    pub parties: Arc<dyn PartyStore>,
    /// Who leads the queues.
    pub leaders: Arc<dyn Leaders>,
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
    /// How long a player who lets others wait in a ready check can't queue then, in milliseconds.
    pub cool_down_ms: i64,
    /// How long a ticket keeps its place while one of its players is away, in milliseconds.
    pub detached_ms: i64,
    /// After what wait something else is offered, in milliseconds.
    pub offer_ms: i64,
    /// How many players a party may have.
    pub party_size: usize,
    /// How long an invitation to a party can be taken up, in milliseconds.
    pub party_invite_ms: i64,
    /// How long a member who is away keeps the place in a party, in milliseconds.
    pub party_grace_ms: i64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            ticket_life_ms: 120_000,
            recent_waits_ms: 5_000,
            cool_down_ms: 30_000,
            detached_ms: 30_000,
            offer_ms: 60_000,
            party_size: 8,
            party_invite_ms: 600_000,
            party_grace_ms: 120_000,
        }
    }
}

/// A player asking for a place in a queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Join {
    /// Who.
    pub player: PlayerId,
    /// Key of the mode.
    pub mode: String,
    /// The party the player leads, to queue together.
    pub party: Option<PartyId>,
    /// What is asked of the others. What the mode has no rule for changes nothing.
    pub wishes: Wishes,
}

impl Join {
    /// One player who asks for nothing but a match.
    #[must_use]
    pub fn alone(player: PlayerId, mode: impl Into<String>) -> Self {
        Self { player, mode: mode.into(), party: None, wishes: Wishes::default() }
    }
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

    /// Queues a player, or the party that the player leads: makes the ticket and takes everybody's engagement in one
    /// commit.
    ///
    /// # Errors
    /// [`Error::UnknownMode`], [`Error::ModeDisabled`], [`Error::UnsupportedMode`], [`Error::BadWishes`];
    /// [`Error::CoolingDown`] after having let others wait; [`Error::AlreadyQueued`], [`Error::InProposal`] and
    /// [`Error::InGame`] when the player is engaged; for a party [`Error::PartyNotFound`], [`Error::NotLeader`],
    /// [`Error::NotReady`], [`Error::PartyTooLarge`] and [`Error::MemberBusy`]; [`StoreError::Replayed`] when the
    /// receipt's key was used before.
    pub async fn join(&self, join: Join, receipt: Option<Receipt>) -> Result<Ticket, Error> {
        let spec = self.ports.modes.queue(&join.mode).await.map_err(unreadable("mode catalogue"))?;
        let spec = decide::queueable(spec)?;
        let wishes = decide::wishes(&spec, &join.wishes)?;
        for _ in 0..ATTEMPTS {
            let now = self.ports.clock.now();
            let party = match join.party {
                Some(id) => Some(self.own_party(id, join.player).await?),
                None => None,
            };
            let ticket = self.draft(&join, &spec, party.as_ref(), wishes.clone(), now).await?;
            let (change, mut riders) = opening(&ticket, party.as_ref(), receipt.clone());
            if let Some(change) = &change.party {
                riders.events.push(self.queued_event(&change.party, now));
            }
            match self.ports.store.commit(change, riders).await {
                Ok(()) => {
                    self.tell_leader(&ticket.mode, &Hint::waiting(&ticket)).await;
                    return Ok(ticket);
                }
                Err(StoreError::Engaged { player, current }) => {
                    if !self.ended_overdue(current, now).await?
                        && let Some(refusal) = decide::engaged(current)
                    {
                        let doing = current.name();
                        return Err(if player == join.player { refusal } else { Error::MemberBusy { player, doing } });
                    }
                }
                // Whoever blocked another one in it is about to leave.
                Err(StoreError::Apart { .. }) => return Err(Error::PartyNotFound),
                Err(StoreError::Stale) => {}
                Err(error) => return Err(Error::Store(error)),
            }
        }
        Err(Error::Store(StoreError::Stale))
    }

    /// The ticket as it would be made now.
    async fn draft(
        &self,
        join: &Join,
        spec: &QueueSpec,
        party: Option<&Party>,
        wishes: Wishes,
        now: Timestamp,
    ) -> Result<Ticket, Error> {
        let since = match party {
            Some(party) => decide::queue(party, join.player, &spec.mode, spec.team_size, now)?,
            None => now,
        };
        let mut players = vec![join.player];
        players.extend(party.iter().flat_map(|party| party.players()).filter(|player| *player != join.player));
        let cooling = self.ports.engagements.cooling(&players, now).await.map_err(Error::Store)?;
        for (player, until) in players.iter().zip(cooling) {
            match until {
                Some(until) if *player == join.player => return Err(Error::CoolingDown { until }),
                Some(_) => return Err(Error::MemberBusy { player: *player, doing: "cooling_down" }),
                None => {}
            }
        }
        let mut members = Vec::with_capacity(players.len());
        for player in players {
            let rating = self.ports.ratings.rating(player, &spec.rating_family).await;
            let rating = rating.map_err(unreadable("ratings"))?;
            members.push(Member { player, rating: rating.value, deviation: rating.deviation });
        }
        let life_ms = self.settings.ticket_life_ms;
        let mut ticket = Ticket {
            id: TicketId::new(self.ports.ids.uuid(now)),
            mode: spec.mode.clone(),
            player_id: join.player,
            party_id: party.map(|party| party.id),
            members,
            wishes,
            rating: 0.0,
            deviation: 0.0,
            status: Status::Searching,
            created_at: since,
            expires_at: now.plus_millis(life_ms),
            ended_at: None,
            ended: None,
            game_id: None,
            proposal_id: None,
            estimated_wait_ms: WaitEstimate { low: 0, high: life_ms },
            detached_at: None,
            offered_at: None,
            offers: Vec::new(),
            version: Version::NEW.next(),
        };
        let candidate = Candidate::from(&ticket);
        (ticket.rating, ticket.deviation) = (candidate.rating(), candidate.deviation());
        let recent = self.recent_waits(&spec.mode, now).await;
        ticket.estimated_wait_ms = wait::estimate(&recent, ticket.rating, now, life_ms);
        Ok(ticket)
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
                self.ended_overdue(ticket.engagement(), now).await?;
            }
            let Some(change) = decide::cancel(&ticket, now)? else { return Ok(ticket) };
            let mut riders = self.leaving(std::slice::from_ref(&change), now);
            riders.receipt = receipt.clone().map(|receipt| receipt.with_outcome(json!({ "ticket": id })));
            let after = change.ticket.clone();
            match self.ports.store.commit(vec![change].into(), riders).await {
                Ok(()) => {
                    self.tell_leader(&after.mode, &Hint::Gone { id }).await;
                    return Ok(after);
                }
                // Matched meanwhile, or its player entered something else: the row is about to say so, or never will.
                Err(StoreError::Engaged { current, .. })
                    if self.ticket(player, id).await?.version == ticket.version =>
                {
                    // The sweep makes up for a failure here.
                    _ = self.ended_elsewhere(&ticket, now).await;
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
        ticket.filter(|ticket| ticket.has(player)).ok_or(Error::NotFound)
    }

    /// To be called after the player of this ticket was taken into a game by another way: the ticket ended in that same
    /// step, for nobody's engagement names it any more; now its row says so, its player is told, and the leader forgets
    /// it. Does nothing to a ticket that has ended otherwise.
    ///
    /// # Errors
    /// Those of the store; the sweep makes up for it at the ticket's expiry.
    pub async fn superseded(&self, id: TicketId) -> Result<(), Error> {
        let Some(ticket) = self.ports.store.load(id).await.map_err(Error::Store)? else { return Ok(()) };
        if ticket.status.is_final() {
            return Ok(());
        }
        let now = self.ports.clock.now();
        if self.ended_elsewhere(&ticket, now).await? {
            self.tell_leader(&ticket.mode, &Hint::Gone { id }).await;
        }
        Ok(())
    }

    /// Ends a searching ticket one of whose players does something else by now, and lets the others go; says whether it
    /// did.
    async fn ended_elsewhere(&self, ticket: &Ticket, now: Timestamp) -> Result<bool, Error> {
        let players = ticket.players();
        let engaged = self.ports.engagements.current(&players).await.map_err(Error::Store)?;
        let here = ticket.engagement();
        if engaged.iter().all(|doing| *doing == here) || ticket.status != Status::Searching {
            return Ok(false);
        }
        let still = players.iter().zip(&engaged).filter(|(_, doing)| **doing == here);
        let change = decide::supersede(ticket, now);
        let riders = Riders {
            engage: still.map(|(player, _)| Engage { player: *player, from: here, to: Engagement::Idle }).collect(),
            events: vec![ticket_updated(&change.ticket, &*self.ports.ids, now)],
            ..Riders::default()
        };
        match self.ports.store.commit(vec![change].into(), riders).await {
            Ok(()) => Ok(true),
            Err(StoreError::Stale | StoreError::Engaged { .. }) => Ok(false),
            Err(error) => Err(Error::Store(error)),
        }
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

    /// What rides along when tickets end without a match: their players are free, and told.
    fn leaving(&self, changes: &[TicketChange], now: Timestamp) -> Riders {
        let tickets = || changes.iter().map(|change| &change.ticket);
        let free = |ticket: &Ticket| {
            let from = Engagement::Ticket(ticket.id);
            let step = |player: PlayerId| Engage { player, from, to: Engagement::Idle };
            ticket.players().into_iter().map(step).collect::<Vec<_>>()
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
        let queues = self.ports.modes.queues().await.map_err(unreadable("mode catalogue"))?;
        self.end(&[overdue], &queues, now).await?;
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

/// What making this ticket writes.
fn opening(ticket: &Ticket, party: Option<&Party>, receipt: Option<Receipt>) -> (Change, Riders) {
    let to = ticket.engagement();
    let players = ticket.players();
    let engage = |player: &PlayerId| Engage { player: *player, from: Engagement::Idle, to };
    let riders = Riders {
        receipt: receipt.map(|receipt| receipt.with_outcome(json!({ "ticket": ticket.id }))),
        engage: players.iter().map(engage).collect(),
        together: if players.len() > 1 { vec![players] } else { Vec::new() },
        ..Riders::default()
    };
    let party = party.map(|party| {
        let mut after = decide::queued(party, ticket);
        after.version = party.version.next();
        PartyChange { expect: party.version, party: after }
    });
    (Change { tickets: vec![decide::open(ticket.clone())], proposal: None, party }, riders)
}

fn unreadable(what: &'static str) -> impl Fn(kernel::BoxError) -> Error {
    move |source| Error::Unreadable { what, source }
}
