//! The server's time.

use async_trait::async_trait;
use diesel::QueryableByName;
use diesel_async::RunQueryDsl;
use kernel::{StoreError, TimeSource, Timestamp};

use super::dialect::Instant;
use super::sql::{Database, TimeCol};
use crate::prepared::prepared;

#[derive(QueryableByName)]
struct TimeRow {
    #[diesel(sql_type = Instant)]
    at: TimeCol,
}

#[async_trait]
impl TimeSource for Database {
    async fn database_time(&self) -> Result<Timestamp, StoreError> {
        let row: TimeRow = self
            .read(|mut conn| async move { prepared("SELECT clock_timestamp() AS at").get_result(&mut conn).await })
            .await?;
        Ok(row.at.0)
    }
}
