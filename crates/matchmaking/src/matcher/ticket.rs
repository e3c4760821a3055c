//! Tickets as the matcher takes and gives them.

use std::collections::BTreeMap;

use kernel::{PlayerId, TicketId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::reach::Tuning;
use crate::reach::{Span, points};

/// A player of a ticket. Stored as JSON: fields are only ever added.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Member {
    /// Who.
    pub player: PlayerId,
    /// Rating the player is matched by.
    pub rating: f64,
    /// How uncertain that rating is, as a standard deviation in points.
    pub deviation: f64,
}

/// A ticket as the matcher takes it: one player or a party, never split.
#[derive(Debug, Clone, PartialEq)]
pub struct Candidate {
    /// The ticket.
    pub id: TicketId,
    /// Whose: one to team-size players, each once.
    pub members: Vec<Member>,
    /// Since when it waits: its window grows from here, also after it was put back.
    pub created_at: Timestamp,
    /// From then on it isn't matched any more.
    pub expires_at: Timestamp,
    /// Latency (ms) to each region, of whichever member has the worst; empty: anywhere will do.
    pub latencies: BTreeMap<String, u32>,
    /// What the shape's attribute rules look at.
    pub attributes: BTreeMap<String, String>,
}

/// How much of the way from a party's mean to its best player its rating lies: the best one decides more than a mean
/// says.
const LEAD: f64 = 0.5;

impl Candidate {
    /// What it is matched by: the mean of its ratings, plus half of what its best player is above it.
    #[must_use]
    pub fn rating(&self) -> f64 {
        let mean = self.mean(|member| member.rating);
        let best = self.members.iter().map(|member| member.rating).fold(mean, f64::max);
        mean + LEAD * (best - mean)
    }

    /// The mean of its members' deviations.
    #[must_use]
    pub fn deviation(&self) -> f64 {
        self.mean(|member| member.deviation)
    }

    /// Members, as a small number.
    pub(super) fn size(&self) -> u8 {
        u8::try_from(self.members.len()).unwrap_or(u8::MAX)
    }

    pub(super) fn holds(&self, player: PlayerId) -> bool {
        self.members.iter().any(|member| member.player == player)
    }

    fn mean(&self, of: impl Fn(&Member) -> f64) -> f64 {
        self.members.iter().map(of).sum::<f64>() / f64::from(self.size().max(1))
    }
}

/// Why two tickets keep apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Apart {
    /// They never meet.
    Never,
    /// Players of theirs have just met: later, if somebody else could be met.
    Spaced,
}

/// A ticket that waits, or that a match took out, with what it takes to [put it back](super::Matcher::put_back) as it
/// was: its age, its window and the ones it must not meet.
#[derive(Debug, Clone, PartialEq)]
pub struct Waiting {
    /// The ticket.
    pub candidate: Candidate,
    pub(super) span: Span,
    pub(super) apart: Vec<(TicketId, Apart)>,
    /// Values of the preferred attributes.
    pub(super) preferred: Box<[u64]>,
}

impl Waiting {
    /// The ticket's id.
    #[must_use]
    pub fn id(&self) -> TicketId {
        self.candidate.id
    }

    /// What it is matched by.
    #[must_use]
    pub fn rating(&self) -> f64 {
        points(self.span.rating)
    }

    /// Half-width of its window now, in rating points; infinite once it starves.
    #[must_use]
    pub fn half_width(&self, tuning: &Tuning, now: Timestamp) -> f64 {
        tuning.half_width_at(&self.span, now.micros())
    }

    /// When its window and the other's touch, going by ratings alone; before the younger one's arrival if they do at
    /// once.
    #[must_use]
    pub fn touch(&self, other: &Self, tuning: &Tuning) -> Timestamp {
        Timestamp::from_micros(tuning.touch(&self.span, &other.span))
    }

    pub(super) fn apart_from(&self, id: TicketId) -> Option<Apart> {
        self.apart.iter().find(|(other, _)| *other == id).map(|(_, how)| *how)
    }

    /// Notes that these keep apart; never is stronger than later. Says whether that is news.
    pub(super) fn keep_apart(&mut self, id: TicketId, how: Apart) -> bool {
        match self.apart.iter_mut().find(|(other, _)| *other == id) {
            Some((_, known)) if *known == how || *known == Apart::Never => false,
            Some((_, known)) => {
                *known = how;
                true
            }
            None => {
                self.apart.push((id, how));
                true
            }
        }
    }

    /// In how many preferred attributes these two differ.
    pub(super) fn differs(&self, other: &Self) -> f64 {
        self.preferred.iter().zip(&other.preferred).map(|(a, b)| if a == b { 0.0 } else { 1.0 }).sum()
    }
}

/// Tickets that were put together; all are out of the matcher.
#[derive(Debug, Clone, PartialEq)]
pub struct Group {
    /// The teams, each with its tickets: the one with the oldest ticket first, and the oldest ticket of each first.
    /// Free-for-all has one team per player.
    pub teams: Vec<Vec<Waiting>>,
}

impl Group {
    /// Its tickets, team by team.
    pub fn tickets(&self) -> impl Iterator<Item = &Waiting> {
        self.teams.iter().flatten()
    }

    /// Its players, team by team.
    pub fn players(&self) -> impl Iterator<Item = &Member> {
        self.tickets().flat_map(|ticket| &ticket.candidate.members)
    }

    /// Whether this player is in it.
    #[must_use]
    pub fn holds(&self, player: PlayerId) -> bool {
        self.tickets().any(|ticket| ticket.candidate.holds(player))
    }

    /// Its tickets, to put back.
    #[must_use]
    pub fn into_tickets(self) -> Vec<Waiting> {
        self.teams.into_iter().flatten().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_party_is_rated_between_its_mean_and_its_best() {
        let member = |rating| Member { player: PlayerId::new(uuid::Uuid::nil()), rating, deviation: 80.0 };
        let mut ticket = Candidate {
            id: TicketId::new(uuid::Uuid::nil()),
            members: vec![member(1_400.0), member(1_600.0)],
            created_at: Timestamp::from_millis(0),
            expires_at: Timestamp::from_millis(1),
            latencies: BTreeMap::new(),
            attributes: BTreeMap::new(),
        };
        assert!((ticket.rating() - 1_550.0).abs() < 1e-9);
        ticket.members.pop();
        assert!((ticket.rating() - 1_400.0).abs() < 1e-9, "one alone is what he is");
    }
}
