//! What a command decided, and what a store is asked to commit.

use kernel::{Engage, Event, EventId, IdSource, Receipt, Riders, Timestamp, Version};

use crate::event::GameEvent;
use crate::ledger::LedgerEntry;
use crate::model::Game;

/// What a decision led to: pure values, no ids yet.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// The version it was decided on.
    pub expect: Version,
    /// The game as it will be, with the next version.
    pub game: Game,
    /// The result version to enter in the ledger, if this change settles.
    pub ledger: Option<LedgerEntry>,
    /// Players this change lets go.
    pub engage: Vec<Engage>,
    /// What happened, in order.
    pub events: Vec<GameEvent>,
}

impl Change {
    /// The change as a store takes it: events get their ids, and the receipt rides along.
    #[must_use]
    pub fn into_commit(self, ids: &dyn IdSource, receipt: Option<Receipt>, now: Timestamp) -> GameChange {
        let aggregate = format!("game:{}", self.game.id);
        let events = self
            .events
            .iter()
            .map(|event| Event {
                id: EventId::new(ids.uuid(now)),
                aggregate: aggregate.clone(),
                kind: event.kind().into(),
                audience: vec![event.stream()],
                data: event.data(),
                at: now,
            })
            .collect();
        GameChange {
            expect: self.expect,
            game: self.game,
            ledger: self.ledger,
            riders: Riders { receipt, engage: self.engage, events, ..Riders::default() },
        }
    }
}

/// One commit of a game: all of it or nothing.
#[derive(Debug, Clone, PartialEq)]
pub struct GameChange {
    /// The version that must stand; else [`Stale`](kernel::StoreError::Stale).
    pub expect: Version,
    /// The whole game as it will be.
    pub game: Game,
    /// A ledger entry, whose sequence the store assigns under the lock of the family's head.
    pub ledger: Option<LedgerEntry>,
    /// Receipt, engagements and events.
    pub riders: Riders,
}
