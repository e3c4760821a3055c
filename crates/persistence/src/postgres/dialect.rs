//! What is PostgreSQL's own: connection, transaction, column types.

use diesel::deserialize::{self, FromSql};
use diesel::pg::data_types::PgTimestamp;
use diesel::pg::{Pg, PgValue};
use diesel::serialize::{self, Output, ToSql};
pub(crate) use diesel::sql_types::{Jsonb as Json, Timestamptz as Instant, Uuid as Id};
use diesel::sql_types::{Nullable, Text};
use kernel::Timestamp;

use super::sql::{IdCol, JsonCol, TimeCol};

pub(crate) type Conn = diesel_async::AsyncPgConnection;

/// Runs a body in a transaction that may write.
macro_rules! in_write_tx {
    ($conn:expr, $body:expr) => {
        diesel_async::AsyncConnection::transaction($conn, $body).await
    };
}
pub(crate) use in_write_tx;

/// Whether a server's message means "not now" rather than "wrong". Diesel keeps no SQLSTATE for these.
pub(crate) fn means_unavailable(message: &str) -> bool {
    ["statement timeout", "shutting down", "terminating connection", "recovery mode", "starting up", "too many clients"]
        .iter()
        .any(|sign| message.contains(sign))
}

/// Microseconds between the Unix epoch and PostgreSQL's, 2000-01-01.
const POSTGRES_EPOCH: i64 = 946_684_800_000_000;

impl ToSql<Id, Pg> for IdCol {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        ToSql::<Id, Pg>::to_sql(&self.0, out)
    }
}

impl FromSql<Id, Pg> for IdCol {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        FromSql::<Id, Pg>::from_sql(value).map(Self)
    }
}

impl ToSql<Instant, Pg> for TimeCol {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        let at = PgTimestamp(self.0.micros() - POSTGRES_EPOCH);
        ToSql::<Instant, Pg>::to_sql(&at, &mut out.reborrow())
    }
}

impl FromSql<Instant, Pg> for TimeCol {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        let at: PgTimestamp = FromSql::<Instant, Pg>::from_sql(value)?;
        Ok(Self(Timestamp::from_micros(at.0 + POSTGRES_EPOCH)))
    }
}

impl ToSql<Json, Pg> for JsonCol {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        ToSql::<Json, Pg>::to_sql(&self.0, out)
    }
}

impl FromSql<Json, Pg> for JsonCol {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        FromSql::<Json, Pg>::from_sql(value).map(Self)
    }
}

diesel::define_sql_function! {
    /// Where the second text begins in the first, from 1; 0 if it isn't there.
    #[sql_name = "strpos"]
    fn position_of(text: Nullable<Text>, part: Text) -> Nullable<Integer>;
}

/// Handles from `$1` to `$2`, after `$3`, of players who are there at `$4`, in the order of their bytes.
pub(crate) const HANDLES_FROM: &str = "SELECT id FROM players
     WHERE handle COLLATE \"C\" >= $1 AND handle COLLATE \"C\" < $2 AND ($3 IS NULL OR handle COLLATE \"C\" > $3)
       AND erased_at IS NULL AND (suspended_until IS NULL OR suspended_until <= $4)
     ORDER BY handle COLLATE \"C\" LIMIT $5";
