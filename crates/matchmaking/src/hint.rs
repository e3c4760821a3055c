//! What replicas tell the shard's leader over the bus, so that it needn't wait for its next read of the rows. Hints may
//! be lost, doubled or late; the rows decide.

use kernel::{TicketId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::matcher::{Candidate, Member};
use crate::model::{Ticket, Wishes};

/// One hint, published under [`Hint::topic`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "hint", rename_all = "snake_case")]
pub enum Hint {
    /// A ticket was committed, or waits once more.
    Waiting(Box<Waits>),
    /// One of a ticket's players is away since then: it may come back, but isn't put into a match meanwhile.
    Away {
        /// The ticket.
        id: TicketId,
        /// Since when.
        since: Timestamp,
    },
    /// A ticket was cancelled or expired.
    Gone {
        /// The ticket.
        id: TicketId,
    },
    /// The leader has resigned: whoever hears this may try at once.
    Vacant,
}

/// A ticket that waits, as a leader hears of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Waits {
    /// The ticket.
    pub id: TicketId,
    /// Everybody it stands for.
    pub members: Vec<Member>,
    /// What it asks of the others.
    #[serde(default)]
    pub wishes: Wishes,
    /// Since when it waits.
    pub created_at: Timestamp,
    /// Until when.
    pub expires_at: Timestamp,
    /// Whether it was out of the queue for a while: what was heard of it before doesn't count.
    #[serde(default)]
    pub again: bool,
}

impl Hint {
    /// The bus topic of a mode's shard; also the name of its lease.
    #[must_use]
    pub fn topic(mode: &str) -> String {
        format!("matchmaking:{mode}")
    }

    /// A ticket just committed.
    #[must_use]
    pub fn waiting(ticket: &Ticket) -> Self {
        Self::Waiting(Box::new(Waits::of(ticket, false)))
    }

    /// A ticket that waits once more.
    #[must_use]
    pub fn again(ticket: &Ticket) -> Self {
        Self::Waiting(Box::new(Waits::of(ticket, true)))
    }

    /// As it goes over the bus.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// Back from the bus; `None` for what a newer version says.
    #[must_use]
    pub fn decode(payload: &[u8]) -> Option<Self> {
        serde_json::from_slice(payload).ok()
    }
}

impl Waits {
    fn of(ticket: &Ticket, again: bool) -> Self {
        Self {
            id: ticket.id,
            members: ticket.members.clone(),
            wishes: ticket.wishes.clone(),
            created_at: ticket.created_at,
            expires_at: ticket.expires_at,
            again,
        }
    }
}

impl From<Waits> for Candidate {
    fn from(waits: Waits) -> Self {
        Self {
            id: waits.id,
            members: waits.members,
            created_at: waits.created_at,
            expires_at: waits.expires_at,
            latencies: waits.wishes.latencies,
            attributes: waits.wishes.attributes,
        }
    }
}

impl From<&Ticket> for Candidate {
    fn from(ticket: &Ticket) -> Self {
        Waits::of(ticket, false).into()
    }
}

#[cfg(test)]
mod tests {
    use kernel::PlayerId;

    use super::*;

    #[test]
    fn what_was_said_is_heard_and_the_rest_is_ignored() {
        let at = Timestamp::from_micros(1_767_225_600_000_001);
        let (id, player) = (TicketId::new(uuid::Uuid::from_u128(1)), PlayerId::new(uuid::Uuid::from_u128(2)));
        let waits = Waits {
            id,
            members: vec![Member { player, rating: 1_512.25, deviation: 87.5 }],
            wishes: Wishes { latencies: [("eu".to_owned(), 31)].into(), ..Wishes::default() },
            created_at: at,
            expires_at: at.plus_millis(9),
            again: true,
        };
        for hint in [Hint::Waiting(Box::new(waits)), Hint::Away { id, since: at }, Hint::Gone { id }, Hint::Vacant] {
            assert_eq!(Hint::decode(&hint.encode()), Some(hint));
        }
        assert_eq!(Hint::decode(br#"{"hint":"from_the_future"}"#), None);
        assert_eq!(Hint::decode(b"\xff"), None);
    }
}
