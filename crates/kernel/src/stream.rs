use std::borrow::Cow;
use std::fmt;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use crate::{EventId, GameId, PlayerId, StoreError, Timestamp};

/// Name of a stream: `player:<id>` or `game:<id>`. On the wire a player's own stream is just `player`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct StreamKey(String);

impl StreamKey {
    /// The stream of what concerns one player.
    #[must_use]
    pub fn player(id: PlayerId) -> Self {
        Self(format!("player:{id}"))
    }

    /// The stream of what a whole game sees.
    #[must_use]
    pub fn game(id: GameId) -> Self {
        Self(format!("game:{id}"))
    }

    /// Back from what was stored.
    #[must_use]
    pub const fn from_stored(text: String) -> Self {
        Self(text)
    }

    /// The stored text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The game this stream belongs to, if it is a game's.
    #[must_use]
    pub fn game_id(&self) -> Option<GameId> {
        self.0.strip_prefix("game:")?.parse().ok()
    }

    /// The player this stream belongs to, if it is a player's.
    #[must_use]
    pub fn player_id(&self) -> Option<PlayerId> {
        self.0.strip_prefix("player:")?.parse().ok()
    }
}

impl fmt::Display for StreamKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One row of a stream.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StreamEvent {
    /// Which stream.
    pub stream: StreamKey,
    /// The stream's incarnation: offsets of different epochs can't be compared.
    pub epoch: Uuid,
    /// Gapless from 1.
    pub offset: i64,
    /// The event it carries.
    pub event_id: EventId,
    /// The event's kind.
    pub kind: Cow<'static, str>,
    /// The event's data; ids, no names.
    pub data: Value,
    /// When the event was decided.
    pub at: Timestamp,
}

/// Where a stream stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamHead {
    /// Which stream.
    pub stream: StreamKey,
    /// Its incarnation.
    pub epoch: Uuid,
    /// Offset of its newest event; 0 when it never had one.
    pub top: i64,
}

/// Durable streams: the rows are the truth, whatever a bus carried.
#[async_trait]
pub trait Streams: Send + Sync {
    /// The heads of these streams, in the order asked. A stream that never carried anything is created with `top` 0, so
    /// that its epoch can be told to a client now.
    async fn heads(&self, streams: &[StreamKey]) -> Result<Vec<StreamHead>, StoreError>;

    /// Up to `limit` events after `after`, in order. The caller sees a gap (events purged) by the first offset.
    async fn read(&self, stream: &StreamKey, after: i64, limit: i64) -> Result<Vec<StreamEvent>, StoreError>;

    /// Deletes events older than `before`, at most `limit`; heads stay. Says how many went.
    async fn purge(&self, before: Timestamp, limit: i64) -> Result<usize, StoreError>;

    /// Deletes all events of a stream, as when its player was erased; the head stays.
    async fn forget(&self, stream: &StreamKey) -> Result<(), StoreError>;
}
