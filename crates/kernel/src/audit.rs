use async_trait::async_trait;
use serde_json::Value;
use uuid::Uuid;

use crate::{Page, PageLimit, PlayerId, StoreError, Timestamp};

/// What somebody with power did, and why. Written in the transaction of the deed, never changed afterwards.
#[derive(Debug, Clone, PartialEq)]
pub struct AuditEntry {
    /// Its id; newer entries have greater ones.
    pub id: Uuid,
    /// Who did it; none for the operator's own configuration.
    pub actor: Option<PlayerId>,
    /// What, as `area.deed`: `game.void`.
    pub action: String,
    /// To what, as `kind:id`: `game:0192…`.
    pub subject: String,
    /// Why, in the actor's words.
    pub reason: String,
    /// What changed, where the subject doesn't show it.
    pub data: Value,
    /// When.
    pub at: Timestamp,
}

/// Reads the audit log. It is only ever written as [`Riders`](crate::Riders) of a change.
#[async_trait]
pub trait AuditLog: Send + Sync {
    /// One page, newest first, of what came before `after`; with `subject`, only what was done to it.
    async fn page(
        &self,
        subject: Option<&str>,
        after: Option<Uuid>,
        limit: PageLimit,
    ) -> Result<Page<AuditEntry, Uuid>, StoreError>;
}
