use std::borrow::Cow;

use serde_json::Value;

use crate::id::typed_id;
use crate::{StreamKey, Timestamp};

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;
use uuid::Uuid;

typed_id! {
    /// One event; durable handlers are idempotent by it.
    EventId,
}

/// Something that happened, written to the outbox in the transaction of its cause.
///
/// `data` holds player ids, never names: names resolve when somebody reads. Events of one `aggregate` are handled in the
/// order of their commits; those of different aggregates in any order.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// Unique for ever.
    pub id: EventId,
    /// What it happened to, as `kind:id`: `game:0192…`.
    pub aggregate: String,
    /// Dotted name, as clients see it where it has an audience: `match.found`.
    pub kind: Cow<'static, str>,
    /// The streams that shall carry it, each under the next offset; empty for events that only handlers see.
    pub audience: Vec<StreamKey>,
    /// The domain's wire form of the event.
    pub data: Value,
    /// When it was decided.
    pub at: Timestamp,
}
