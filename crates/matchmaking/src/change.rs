//! What a decision asks its store to write.

use kernel::{Engage, Engagement, Event, GameSpec, Lease, PlayerId, Riders, TicketId, Timestamp, Version};

use crate::model::Ticket;
use crate::party::Party;
use crate::proposal::Proposal;

/// One ticket as it shall be stored.
#[derive(Debug, Clone, PartialEq)]
pub struct TicketChange {
    /// The version it was decided on; [`Version::NEW`] inserts.
    pub expect: Version,
    /// The new row; its version is `expect.next()`.
    pub ticket: Ticket,
}

/// One ready check as it shall be stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProposalChange {
    /// The version it was decided on. Proposals are inserted by claims only.
    pub expect: Version,
    /// The new row; its version is `expect.next()`.
    pub proposal: Proposal,
}

/// One party as it shall be stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartyChange {
    /// The version it was decided on; [`Version::NEW`] inserts.
    pub expect: Version,
    /// The new row; its version is `expect.next()`.
    pub party: Party,
}

/// What one command writes, all or nothing.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Change {
    /// Tickets.
    pub tickets: Vec<TicketChange>,
    /// A ready check.
    pub proposal: Option<ProposalChange>,
    /// A party.
    pub party: Option<PartyChange>,
}

impl From<Vec<TicketChange>> for Change {
    fn from(tickets: Vec<TicketChange>) -> Self {
        Self { tickets, ..Self::default() }
    }
}

/// A ticket's place in a claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimedTicket {
    /// The ticket; must be searching.
    pub ticket: TicketId,
    /// Its players, whose engagements must name the ticket.
    pub players: Vec<PlayerId>,
}

/// What a claim makes of its tickets.
#[derive(Debug, Clone, PartialEq)]
pub enum Makes {
    /// A game at once.
    Game(GameSpec),
    /// A ready check.
    Proposal(Proposal),
}

/// A match to make of these tickets.
#[derive(Debug, Clone, PartialEq)]
pub struct Claim {
    /// What they become, with its roster.
    pub makes: Makes,
    /// Which.
    pub tickets: Vec<ClaimedTicket>,
    /// `match.found` or `match.proposed` to the players.
    pub events: Vec<Event>,
    /// When it was decided.
    pub at: Timestamp,
}

impl Claim {
    /// Everybody in it.
    pub fn players(&self) -> impl Iterator<Item = PlayerId> + '_ {
        self.tickets.iter().flat_map(|ticket| ticket.players.iter().copied())
    }

    /// What its players are engaged in once it is made.
    #[must_use]
    pub const fn engagement(&self) -> Engagement {
        match &self.makes {
            Makes::Game(game) => Engagement::Game(game.id),
            Makes::Proposal(proposal) => Engagement::Proposal(proposal.id),
        }
    }

    /// What rides in the one transaction of a batch of claims: the fence, who must not be apart, all engagements, all
    /// games, all events. Kept here so that every store carries out the same.
    #[must_use]
    pub fn riders(claims: &[Self], lease: &Lease) -> Riders {
        let engage = |claim: &Self| {
            let to = claim.engagement();
            let step = |seat: &ClaimedTicket| {
                let from = Engagement::Ticket(seat.ticket);
                seat.players.iter().map(|player| Engage { player: *player, from, to }).collect::<Vec<_>>()
            };
            claim.tickets.iter().flat_map(step).collect::<Vec<_>>()
        };
        let game = |claim: &Self| match &claim.makes {
            Makes::Game(game) => Some(game.clone()),
            Makes::Proposal(_) => None,
        };
        Riders {
            fence: Some(lease.clone()),
            together: claims.iter().map(|claim| claim.players().collect()).collect(),
            engage: claims.iter().flat_map(engage).collect(),
            open_games: claims.iter().filter_map(game).collect(),
            events: claims.iter().flat_map(|claim| claim.events.iter().cloned()).collect(),
            ..Riders::default()
        }
    }
}
