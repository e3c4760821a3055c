//! Standings as players see them.

use std::collections::BTreeMap;

use async_trait::async_trait;
use diesel::sql_types::Text;
use diesel_async::RunQueryDsl;
use kernel::{PlayerId, StoreError};
use standings::{
    BoardKey, BoardLine, BoardSpan, Pairing, Place, PlayerStats, Rating, SeasonClose, StandingsReads, StatsKey,
};

use super::super::IdCol;
use super::super::dialect::Id;
use super::row::SeasonRecord;
use super::{PairingRecord, RatingRecord, StandingTables, StatsRecord, board, pairings, ratings, ratings_among, stats};
use crate::prepared::prepared;

#[async_trait]
impl StandingsReads for StandingTables {
    async fn ratings_of(&self, player: PlayerId) -> Result<Vec<(String, Rating)>, StoreError> {
        let query =
            prepared(ratings!("ratings r WHERE r.player_id = $1 ORDER BY r.family")).bind::<Id, _>(IdCol::from(player));
        let records: Vec<RatingRecord> =
            self.database.read(|mut conn| async move { query.load(&mut conn).await }).await?;
        Ok(records.into_iter().map(|record| (record.family.clone(), record.rating())).collect())
    }

    async fn ratings(&self, family: &str, players: &[PlayerId]) -> Result<BTreeMap<PlayerId, Rating>, StoreError> {
        match players {
            [player] => {
                let rating = self.one.one((family.to_owned(), *player)).await?;
                Ok(rating.map(|rating| (*player, rating)).into_iter().collect())
            }
            players => ratings_among(&self.database, family, players).await,
        }
    }

    async fn stats_of(&self, player: PlayerId, season: &str) -> Result<Vec<(StatsKey, PlayerStats)>, StoreError> {
        let query = prepared(stats!("player_stats s WHERE s.player_id = $1 AND s.season = $2 ORDER BY s.mode"))
            .bind::<Id, _>(IdCol::from(player))
            .bind::<Text, _>(season.to_owned());
        let records: Vec<StatsRecord> =
            self.database.read(|mut conn| async move { query.load(&mut conn).await }).await?;
        Ok(records.into_iter().map(StatsRecord::into_stats).collect())
    }

    async fn pairings_of(&self, player: PlayerId, opponent: PlayerId) -> Result<Vec<(String, Pairing)>, StoreError> {
        let query = prepared(pairings!("pairings p WHERE p.player_id = $1 AND p.opponent_id = $2 ORDER BY p.mode"))
            .bind::<Id, _>(IdCol::from(player))
            .bind::<Id, _>(IdCol::from(opponent));
        let records: Vec<PairingRecord> =
            self.database.read(|mut conn| async move { query.load(&mut conn).await }).await?;
        let pairing = |record: PairingRecord| {
            let (mode, _, _, pairing) = record.into_pairing()?;
            Ok((mode, pairing))
        };
        records.into_iter().map(pairing).collect()
    }

    async fn board(&self, board: &BoardKey, span: BoardSpan, limit: i64) -> Result<Vec<BoardLine>, StoreError> {
        board::part(&self.database, board, span, limit).await
    }

    async fn board_of(&self, board: &BoardKey, players: &[PlayerId]) -> Result<Vec<BoardLine>, StoreError> {
        board::among(&self.database, board, players).await
    }

    async fn place(&self, board: &BoardKey, player: PlayerId) -> Result<Option<Place>, StoreError> {
        board::place(&self.database, board, player).await
    }

    async fn seasons(&self, mode: &str) -> Result<Vec<(String, Option<SeasonClose>)>, StoreError> {
        let query = prepared(
            "SELECT mode, season, revision, closed_at FROM season_closes WHERE mode = $1 ORDER BY season DESC",
        )
        .bind::<Text, _>(mode.to_owned());
        let records: Vec<SeasonRecord> =
            self.database.read(|mut conn| async move { query.load(&mut conn).await }).await?;
        Ok(records.into_iter().map(SeasonRecord::into_season).collect())
    }
}
