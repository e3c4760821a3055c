//! What is SQLite's own: connection, transaction, column types.

use diesel::QueryResult;
use diesel::connection::{AnsiTransactionManager, TransactionManager};
use diesel::deserialize::{self, FromSql};
use diesel::result::Error;
use diesel::serialize::{self, IsNull, Output, ToSql};
pub(crate) use diesel::sql_types::{BigInt as Instant, Binary as Id, Text as Json};
use diesel::sql_types::{Nullable, Text};
use diesel::sqlite::{Sqlite, SqliteValue};
use kernel::Timestamp;
use uuid::Uuid;

use super::sql::{IdCol, JsonCol, TimeCol};

pub(crate) type Conn =
    diesel_async::sync_connection_wrapper::SyncConnectionWrapper<diesel::SqliteConnection, super::blocking::Blocking>;

/// Runs a body in a transaction that may write: `BEGIN IMMEDIATE`, since a read lock can't always be raised later.
macro_rules! in_write_tx {
    ($conn:expr, $body:expr) => {
        match $crate::sqlite::dialect::begin_write($conn).await {
            Ok(()) => {
                let answer = ($body)(&mut *$conn).await;
                $crate::sqlite::dialect::end_write($conn, answer).await
            }
            Err(error) => Err(error.into()),
        }
    };
}
pub(crate) use in_write_tx;

pub(crate) async fn begin_write(conn: &mut Conn) -> QueryResult<()> {
    conn.spawn_blocking(|conn| AnsiTransactionManager::begin_transaction_sql(conn, "BEGIN IMMEDIATE")).await
}

/// Commits what went well and undoes what didn't.
pub(crate) async fn end_write<T, E: From<Error>>(conn: &mut Conn, answer: Result<T, E>) -> Result<T, E> {
    if answer.is_ok() {
        conn.spawn_blocking(AnsiTransactionManager::commit_transaction).await?;
    } else {
        conn.spawn_blocking(AnsiTransactionManager::rollback_transaction).await?;
    }
    answer
}

/// Whether a message means "not now" rather than "wrong".
pub(crate) fn means_unavailable(message: &str) -> bool {
    ["database is locked", "disk I/O error", "disk is full"].iter().any(|sign| message.contains(sign))
}

impl ToSql<Id, Sqlite> for IdCol {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
        out.set_value(self.0.as_bytes().as_slice());
        Ok(IsNull::No)
    }
}

impl FromSql<Id, Sqlite> for IdCol {
    fn from_sql(mut value: SqliteValue<'_, '_, '_>) -> deserialize::Result<Self> {
        Ok(Self(Uuid::from_slice(value.read_blob())?))
    }
}

impl ToSql<Instant, Sqlite> for TimeCol {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
        out.set_value(self.0.micros());
        Ok(IsNull::No)
    }
}

impl FromSql<Instant, Sqlite> for TimeCol {
    fn from_sql(value: SqliteValue<'_, '_, '_>) -> deserialize::Result<Self> {
        let micros: i64 = FromSql::<Instant, Sqlite>::from_sql(value)?;
        Ok(Self(Timestamp::from_micros(micros)))
    }
}

impl ToSql<Json, Sqlite> for JsonCol {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
        out.set_value(self.0.to_string());
        Ok(IsNull::No)
    }
}

impl FromSql<Json, Sqlite> for JsonCol {
    fn from_sql(mut value: SqliteValue<'_, '_, '_>) -> deserialize::Result<Self> {
        Ok(Self(serde_json::from_str(value.read_text())?))
    }
}

diesel::define_sql_function! {
    /// Where the second text begins in the first, from 1; 0 if it isn't there.
    #[sql_name = "instr"]
    fn position_of(text: Nullable<Text>, part: Text) -> Nullable<Integer>;
}

/// Handles from `$1` to `$2`, after `$3`, of players who are there at `$4`, in the order of their bytes.
pub(crate) const HANDLES_FROM: &str = "SELECT id FROM players
     WHERE handle >= $1 AND handle < $2 AND ($3 IS NULL OR handle > $3)
       AND erased_at IS NULL AND (suspended_until IS NULL OR suspended_until <= $4)
     ORDER BY handle LIMIT $5";
