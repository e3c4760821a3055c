//! Closing seasons.

use async_trait::async_trait;
use diesel::sql_types::{BigInt, Integer, Text};
use diesel_async::RunQueryDsl;
use kernel::{Riders, StoreError};
use standings::{BoardKey, SeasonClose, SeasonFinal, SeasonStore};

use super::super::dialect::Instant;
use super::super::{TimeCol, riders, standing_batch};
use super::StandingTables;
use super::row::{FinalRecord, SeasonRecord};
use crate::prepared::prepared;

#[async_trait]
impl SeasonStore for StandingTables {
    async fn to_close(&self, season: &str) -> Result<Vec<(String, String)>, StoreError> {
        let query = prepared(
            "SELECT mode, season, revision, closed_at FROM season_closes WHERE due AND season < $1
             ORDER BY mode, season",
        )
        .bind::<Text, _>(season.to_owned());
        let records: Vec<SeasonRecord> =
            self.database.read(|mut conn| async move { query.load(&mut conn).await }).await?;
        Ok(records.into_iter().map(|record| (record.mode, record.season)).collect())
    }

    async fn close(&self, close: SeasonClose, finals: Vec<SeasonFinal>, riders: Riders) -> Result<(), StoreError> {
        self.database
            .write(move |tx| {
                Box::pin(async move {
                    riders::board(tx, &riders).await?;
                    let closed = prepared(
                        "INSERT INTO season_closes AS c (mode, season, revision, closed_at, due)
                         VALUES ($1, $2, $3, $4, false)
                         ON CONFLICT (mode, season) DO UPDATE
                         SET revision = excluded.revision, closed_at = excluded.closed_at, due = false
                         WHERE c.revision < excluded.revision",
                    )
                    .bind::<Text, _>(close.mode.as_str())
                    .bind::<Text, _>(close.season.as_str())
                    .bind::<Integer, _>(close.revision)
                    .bind::<Instant, _>(TimeCol(close.at))
                    .execute(tx)
                    .await?;
                    if closed != 1 {
                        return Err(StoreError::Stale.into());
                    }
                    prepared("DELETE FROM season_finals WHERE mode = $1 AND season = $2")
                        .bind::<Text, _>(close.mode.as_str())
                        .bind::<Text, _>(close.season.as_str())
                        .execute(tx)
                        .await?;
                    if !finals.is_empty() {
                        standing_batch::write_finals(tx, &close, finals).await?;
                    }
                    riders::alight(tx, &riders).await
                })
            })
            .await
    }

    async fn finals(&self, board: &BoardKey, limit: i64) -> Result<Vec<SeasonFinal>, StoreError> {
        let query = prepared(
            "SELECT rank, player_id, value FROM season_finals WHERE mode = $1 AND season = $2 AND metric = $3
             ORDER BY rank, player_id LIMIT $4",
        )
        .bind::<Text, _>(board.mode.clone())
        .bind::<Text, _>(board.season.clone())
        .bind::<Text, _>(board.metric.as_str())
        .bind::<BigInt, _>(limit.max(0));
        let records: Vec<FinalRecord> =
            self.database.read(|mut conn| async move { query.load(&mut conn).await }).await?;
        let metric = board.metric;
        let place = |record: FinalRecord| SeasonFinal {
            metric,
            rank: record.rank,
            player_id: record.player_id.into(),
            value: record.value,
        };
        Ok(records.into_iter().map(place).collect())
    }
}
