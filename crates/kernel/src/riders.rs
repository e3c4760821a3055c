use async_trait::async_trait;

use crate::{AuditEntry, BlockChange, CoolDown, Engage, Event, GameSpec, Lease, PlayerId, Receipt, StoreError};

/// What may ride in any change of any domain and is applied in its transaction, in this order: fence, receipt, who must
/// not be apart, engagements (by player id), then the domain's own writes, then blocks, cool-downs, the games to open,
/// the audit entry, and the events.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Riders {
    /// The lease this change is made under; refused with [`StoreError::Fenced`](crate::StoreError::Fenced) when it is
    /// no longer the newest.
    pub fence: Option<Lease>,
    /// Makes a retry of the command harmless.
    pub receipt: Option<Receipt>,
    /// Groups of players whom this change brings together: refused with
    /// [`StoreError::Apart`](crate::StoreError::Apart) if a block stands between any two of one group. A block taken up
    /// at the same moment either is seen here, or its commit comes after this one.
    pub together: Vec<Vec<PlayerId>>,
    /// Compare-and-sets of what players are doing.
    pub engage: Vec<Engage>,
    /// Blocks taken up or lifted.
    pub blocks: Vec<BlockChange>,
    /// Players who must wait before they queue again.
    pub cool_downs: Vec<CoolDown>,
    /// Games to open.
    pub open_games: Vec<GameSpec>,
    /// What somebody with power did, where this change is such a deed.
    pub audit: Option<AuditEntry>,
    /// Events for the outbox, in order.
    pub events: Vec<Event>,
}

impl Riders {
    /// Riders with only these events.
    #[must_use]
    pub fn events(events: Vec<Event>) -> Self {
        Self { events, ..Self::default() }
    }
}

/// Commits riders alone: a change of no domain.
#[async_trait]
pub trait Commit: Send + Sync {
    /// Applies all of it in one transaction, or nothing. Survives a caller who goes away.
    async fn commit(&self, riders: Riders) -> Result<(), StoreError>;
}
