use async_trait::async_trait;
use diesel::QueryableByName;
use diesel::prelude::*;
use diesel::sql_types::Text;
use diesel_async::RunQueryDsl;
use kernel::{StoreError, Timestamp};
use players::{Failures, HandleKey, LoginGuard};

use super::super::TimeCol;
use super::super::dialect::Instant;
use super::PlayerTables;
use super::schema::login_failures;
use crate::prepared::prepared;

#[derive(QueryableByName)]
#[diesel(table_name = login_failures)]
struct Counted {
    failures: i32,
    last_at: TimeCol,
}

impl From<Counted> for Failures {
    fn from(row: Counted) -> Self {
        Self { count: u32::try_from(row.failures).unwrap_or(0), last_at: Some(row.last_at.into()) }
    }
}

#[async_trait]
impl LoginGuard for PlayerTables {
    async fn failures(&self, key: &HandleKey) -> Result<Failures, StoreError> {
        let query =
            login_failures::table.find(key.digest()).select((login_failures::failures, login_failures::last_at));
        let row: Option<(i32, TimeCol)> =
            self.database.read(|mut conn| async move { query.first(&mut conn).await.optional() }).await?;
        Ok(row.map(|(failures, last_at)| Counted { failures, last_at }.into()).unwrap_or_default())
    }

    async fn record_failure(&self, key: &HandleKey, at: Timestamp) -> Result<Failures, StoreError> {
        let key = key.digest();
        let counted: Counted = self
            .database
            .write_one(move |conn| {
                Box::pin(async move {
                    let statement = prepared(
                        "INSERT INTO login_failures AS f (handle_key, failures, last_at) VALUES ($1, 1, $2)
                         ON CONFLICT (handle_key) DO UPDATE SET
                             failures = CASE WHEN f.failures < 1000000 THEN f.failures + 1 ELSE f.failures END,
                             last_at = CASE WHEN excluded.last_at > f.last_at THEN excluded.last_at ELSE f.last_at END
                         RETURNING failures, last_at",
                    );
                    Ok(statement.bind::<Text, _>(key).bind::<Instant, _>(TimeCol(at)).get_result(conn).await?)
                })
            })
            .await?;
        Ok(counted.into())
    }

    async fn clear(&self, key: &HandleKey, seen: u32) -> Result<Failures, StoreError> {
        if let Some(seen) = i32::try_from(seen).ok().filter(|seen| *seen > 0) {
            let key = key.digest();
            let cleared = self
                .database
                .write_one(move |conn| {
                    Box::pin(async move {
                        let row = login_failures::table.find(key).filter(login_failures::failures.eq(seen));
                        Ok(diesel::delete(row).execute(conn).await?)
                    })
                })
                .await?;
            if cleared > 0 {
                return Ok(Failures::default());
            }
        }
        self.failures(key).await
    }

    async fn purge_failures(&self, before: Timestamp, limit: i64) -> Result<usize, StoreError> {
        self.database
            .write(move |tx| {
                Box::pin(async move {
                    let old: Vec<String> = login_failures::table
                        .filter(login_failures::last_at.lt(TimeCol(before)))
                        .order(login_failures::last_at)
                        .limit(limit)
                        .select(login_failures::handle_key)
                        .load(tx)
                        .await?;
                    let mut gone = 0;
                    for key in old {
                        gone += diesel::delete(login_failures::table.find(key)).execute(tx).await?;
                    }
                    Ok(gone)
                })
            })
            .await
    }
}
