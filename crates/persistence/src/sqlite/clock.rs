//! The machine's time.

use async_trait::async_trait;
use kernel::{StoreError, TimeSource, Timestamp};

use super::sql::Database;

#[async_trait]
impl TimeSource for Database {
    /// SQLite's time is this machine's.
    #[expect(clippy::disallowed_methods, reason = "this is where the embedded clock takes its time from")]
    async fn database_time(&self) -> Result<Timestamp, StoreError> {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        Ok(Timestamp::from_micros(i64::try_from(since.as_micros()).unwrap_or(i64::MAX)))
    }
}
