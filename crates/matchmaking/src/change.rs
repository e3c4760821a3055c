//! What a decision asks its store to write.

use kernel::{Engage, Engagement, Event, GameSpec, Lease, PlayerId, Riders, TicketId, Timestamp, Version};

use crate::model::Ticket;

/// One ticket as it shall be stored.
#[derive(Debug, Clone, PartialEq)]
pub struct TicketChange {
    /// The version it was decided on; [`Version::NEW`] inserts.
    pub expect: Version,
    /// The new row; its version is `expect.next()`.
    pub ticket: Ticket,
}

/// A ticket's place in a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClaimedTicket {
    /// The ticket; must be searching.
    pub ticket: TicketId,
    /// Its player, whose engagement must name the ticket.
    pub player: PlayerId,
}

/// A match to make: these tickets become this game.
#[derive(Debug, Clone, PartialEq)]
pub struct Claim {
    /// The game to open, with its roster.
    pub game: GameSpec,
    /// Whose tickets it ends.
    pub tickets: Vec<ClaimedTicket>,
    /// `match.found` to each player.
    pub events: Vec<Event>,
    /// When it was decided.
    pub at: Timestamp,
}

impl Claim {
    /// What rides in the one transaction of a batch of claims: the fence, who must not be apart, all engagements, all
    /// games, all events. Kept here so that every store carries out the same.
    #[must_use]
    pub fn riders(claims: &[Self], lease: &Lease) -> Riders {
        let engage = |claim: &Self| {
            let to = Engagement::Game(claim.game.id);
            let step =
                move |seat: &ClaimedTicket| Engage { player: seat.player, from: Engagement::Ticket(seat.ticket), to };
            claim.tickets.iter().map(step).collect::<Vec<_>>()
        };
        Riders {
            fence: Some(lease.clone()),
            together: claims.iter().map(|claim| claim.tickets.iter().map(|seat| seat.player).collect()).collect(),
            engage: claims.iter().flat_map(engage).collect(),
            open_games: claims.iter().map(|claim| claim.game.clone()).collect(),
            events: claims.iter().flat_map(|claim| claim.events.iter().cloned()).collect(),
            ..Riders::default()
        }
    }
}
