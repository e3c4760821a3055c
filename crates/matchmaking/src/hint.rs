//! What replicas tell the shard's leader over the bus, so that it needn't wait for its next read of the rows. Hints may
//! be lost, doubled or late; the rows decide.

use kernel::{PlayerId, TicketId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::kinetic::TicketSeed;
use crate::model::Ticket;

/// One hint, published under [`Hint::topic`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "hint", rename_all = "snake_case")]
pub enum Hint {
    /// A ticket was committed.
    Waiting {
        /// The ticket.
        id: TicketId,
        /// Its player.
        player: PlayerId,
        /// The rating it is matched by.
        rating: f64,
        /// How uncertain it is; absent from older replicas.
        #[serde(default)]
        deviation: f64,
        /// Since when it waits.
        created_at: Timestamp,
        /// Until when.
        expires_at: Timestamp,
    },
    /// A ticket was cancelled or expired.
    Gone {
        /// The ticket.
        id: TicketId,
    },
    /// The leader has resigned: whoever hears this may try at once.
    Vacant,
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
        let TicketSeed { id, player, rating, deviation, created_at, expires_at } = seed(ticket);
        Self::Waiting { id, player, rating, deviation, created_at, expires_at }
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

/// A ticket as the index takes it.
pub(crate) const fn seed(ticket: &Ticket) -> TicketSeed {
    TicketSeed {
        id: ticket.id,
        player: ticket.player_id,
        rating: ticket.rating,
        deviation: ticket.deviation,
        created_at: ticket.created_at,
        expires_at: ticket.expires_at,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_said_is_heard_and_the_rest_is_ignored() {
        let at = Timestamp::from_micros(1_767_225_600_000_001);
        let (id, player) = (TicketId::new(uuid::Uuid::from_u128(1)), PlayerId::new(uuid::Uuid::from_u128(2)));
        let expires_at = at.plus_millis(9);
        let waiting = Hint::Waiting { id, player, rating: 1_512.25, deviation: 87.5, created_at: at, expires_at };
        for hint in [waiting, Hint::Gone { id }, Hint::Vacant] {
            assert_eq!(Hint::decode(&hint.encode()), Some(hint));
        }
        assert_eq!(Hint::decode(br#"{"hint":"from_the_future"}"#), None);
        assert_eq!(Hint::decode(b"\xff"), None);
    }
}
