use std::time::Duration;

use async_trait::async_trait;

use crate::{Event, StoreError, StreamEvent, Timestamp};

/// An event waiting to be handled, with its place in the outbox.
#[derive(Debug, Clone, PartialEq)]
pub struct OutboxRow {
    /// Orders events of one aggregate; across aggregates it says nothing.
    pub seq: i64,
    /// How often it was claimed before.
    pub attempts: i32,
    /// The event.
    pub event: Event,
}

/// How far the relay is behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct OutboxLag {
    /// Rows not done.
    pub pending: i64,
    /// When the oldest of them was written.
    pub oldest: Option<Timestamp>,
}

/// The transactional outbox. Rows are written by the stores as [`Riders`](crate::Riders); the relay claims them, gives
/// them to the durable handlers and completes them.
///
/// Two relays never hold the same row at once, a claim that lapses (its relay died) is given out again, and a row is
/// held back while an earlier row of its aggregate is claimed by somebody else.
#[async_trait]
pub trait Outbox: Send + Sync {
    /// Claims up to `limit` rows for `lease`, oldest first.
    async fn claim(&self, limit: i64, lease: Duration) -> Result<Vec<OutboxRow>, StoreError>;

    /// Marks these rows done and appends each to the streams of its audience under the next offset, in one transaction.
    /// A row that is done already (another relay took over) is skipped. Returns what was appended, in stream order.
    async fn complete(&self, rows: &[OutboxRow]) -> Result<Vec<StreamEvent>, StoreError>;

    /// How much is waiting.
    async fn lag(&self) -> Result<OutboxLag, StoreError>;

    /// Deletes rows done before `before`, at most `limit`; says how many went.
    async fn purge_done(&self, before: Timestamp, limit: i64) -> Result<usize, StoreError>;
}
