//! How the values of the kernel look in a column. The two databases differ; `dialect` says how.

use diesel::deserialize::FromSqlRow;
use diesel::expression::AsExpression;
use kernel::Timestamp;
use uuid::Uuid;

use super::dialect::{Id, Instant, Json};

/// Any typed id: `uuid` or a 16-byte blob.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, AsExpression, FromSqlRow)]
#[diesel(sql_type = Id)]
pub(crate) struct IdCol(pub(crate) Uuid);

/// A time: `timestamptz` or microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, AsExpression, FromSqlRow)]
#[diesel(sql_type = Instant)]
pub(crate) struct TimeCol(pub(crate) Timestamp);

/// A document: `jsonb` or text.
#[derive(Debug, Clone, PartialEq, AsExpression, FromSqlRow)]
#[diesel(sql_type = Json)]
pub(crate) struct JsonCol(pub(crate) serde_json::Value);

macro_rules! id_columns {
    ($($name:ident),+) => { $(
        impl From<kernel::$name> for IdCol {
            fn from(id: kernel::$name) -> Self {
                Self(id.uuid())
            }
        }

        impl From<IdCol> for kernel::$name {
            fn from(column: IdCol) -> Self {
                Self::new(column.0)
            }
        }
    )+ };
}

id_columns!(EventId, GameId, InviteId, PartyId, PlayerId, ProposalId, SessionId, TicketId);

impl From<Timestamp> for TimeCol {
    fn from(at: Timestamp) -> Self {
        Self(at)
    }
}

impl From<TimeCol> for Timestamp {
    fn from(column: TimeCol) -> Self {
        column.0
    }
}
