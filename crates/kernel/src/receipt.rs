use async_trait::async_trait;
use serde_json::Value;

use crate::{PlayerId, StoreError, Timestamp};

/// Scope of an idempotency key: one player, one route (or realtime message type), one key chosen by the client.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ReceiptKey {
    /// Whose call.
    pub player: PlayerId,
    /// Route template with method, such as `POST /api/v1/matchmaking/tickets`.
    pub route: String,
    /// The client's key: 1 to 255 visible ASCII characters.
    pub key: String,
}

/// The proof that a command was carried out, written in its transaction **before** everything else, so that a concurrent
/// twin waits on the unique key and then finds the first one's outcome.
#[derive(Debug, Clone, PartialEq)]
pub struct Receipt {
    /// Scope and key.
    pub key: ReceiptKey,
    /// SHA-256 over the path and body of the request: another body under the same key is refused.
    pub body_hash: [u8; 32],
    /// What came of it, enough to render the reply anew: `{"ticket": "0192…"}`. Set by the service that commits.
    pub outcome: Value,
    /// When; receipts are kept 24 hours.
    pub at: Timestamp,
}

impl Receipt {
    /// The same receipt, naming what came of the command.
    #[must_use]
    pub fn with_outcome(mut self, outcome: Value) -> Self {
        self.outcome = outcome;
        self
    }
}

/// A reply as it was first sent: replays are byte for byte the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceiptReply {
    /// HTTP status.
    pub status: u16,
    /// Body as sent.
    pub body: String,
}

/// What is stored under a key.
#[derive(Debug, Clone, PartialEq)]
pub struct ReceiptRecord {
    /// The receipt.
    pub receipt: Receipt,
    /// The reply, once the edge has attached it; a crash in between leaves `None`.
    pub reply: Option<ReceiptReply>,
}

/// Reads receipts and attaches replies. Receipts of changes are written by the stores as [`Riders`](crate::Riders).
#[async_trait]
pub trait Receipts: Send + Sync {
    /// What is stored under this key, if anything.
    async fn find(&self, key: &ReceiptKey) -> Result<Option<ReceiptRecord>, StoreError>;

    /// Attaches the reply to a receipt that has none yet; the first one stays. `false`: there was no such bare receipt.
    async fn attach(&self, key: &ReceiptKey, reply: &ReceiptReply) -> Result<bool, StoreError>;

    /// Stores a receipt with its reply for a command that changed nothing (a refusal, a repeat). If the key exists,
    /// nothing happens.
    async fn record(&self, receipt: Receipt, reply: ReceiptReply) -> Result<(), StoreError>;

    /// Deletes receipts older than `before`, at most `limit`; says how many went.
    async fn purge(&self, before: Timestamp, limit: i64) -> Result<usize, StoreError>;

    /// Deletes all of an erased player's.
    async fn forget(&self, player: PlayerId) -> Result<(), StoreError>;
}
