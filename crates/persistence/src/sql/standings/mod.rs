//! Standings. Statements are SQL text, the same for both databases but for the few in `standing_batch`: partial indexes
//! and windows are said as they are meant.

mod board;
mod reads;
mod row;
mod seasons;
mod tallies;
mod write;

use std::collections::BTreeMap;

use async_trait::async_trait;
use diesel::OptionalExtension;
use diesel::sql_types::{BigInt, Text};
use diesel_async::RunQueryDsl;
use kernel::{GameId, PlayerId, StoreError};
use standings::{Head, Pairing, PlayerStats, Rating, ResultRow, StandingsChange, StandingsStore, Working, WorkingKeys};
use uuid::Uuid;

use self::row::HeadRecord;
pub(crate) use self::row::{RatingRecord, ResultRecord};
pub(crate) use self::tallies::{PairingRecord, StatsRecord, StatsWrite};
use super::dialect::Id;
use super::{Database, IdCol, standing_batch};
use crate::gather::Gather;
use crate::prepared::prepared;

/// Before every player there is.
const NOBODY: IdCol = IdCol(Uuid::nil());

pub(super) struct StandingTables {
    database: Database,
    /// One player's rating in a family: asked by everybody who queues.
    one: Gather<(String, PlayerId), Option<Rating>>,
}

impl StandingTables {
    pub(super) fn new(database: Database) -> Self {
        let own = database.clone();
        let one = Gather::new(move |wanted: Vec<(String, PlayerId)>| {
            let database = own.clone();
            async move { each_rating(&database, &wanted).await }
        });
        Self { database, one }
    }
}

/// `SELECT` of whole rows of `results r`.
macro_rules! results {
    ($($rest:tt)*) => {
        concat!(
            "SELECT r.family, r.sequence, r.player_id, r.game_id, r.version, r.mode, r.season, r.team, r.outcome,
                    r.score, r.counts, r.rated, r.weight, r.rating_before, r.deviation_before, r.volatility_before,
                    r.games_before, r.peak_before, r.last_at_before, r.rating_after, r.deviation_after,
                    r.volatility_after, r.games_after, r.peak_after, r.last_at_after, r.at
             FROM ",
            $($rest)*
        )
    };
}

/// `SELECT` of whole rows of `ratings r`.
macro_rules! ratings {
    ($($rest:tt)*) => {
        concat!(
            "SELECT r.family, r.player_id, r.rating, r.deviation, r.volatility, r.games, r.peak, r.last_at FROM ",
            $($rest)*
        )
    };
}

/// `SELECT` of whole rows of `player_stats s`.
macro_rules! stats {
    ($($rest:tt)*) => {
        concat!(
            "SELECT s.mode, s.season, s.player_id, s.games, s.wins, s.losses, s.draws, s.streak, s.best_streak, s.form,
                    s.best_score, s.total_score, s.rating, s.last_sequence, s.last_at
             FROM ",
            $($rest)*
        )
    };
}

/// `SELECT` of whole rows of `pairings p`.
macro_rules! pairings {
    ($($rest:tt)*) => {
        concat!(
            "SELECT p.mode, p.player_id, p.opponent_id, p.games, p.wins, p.losses, p.draws, p.streak, p.last_game,
                    p.last_sequence, p.recent
             FROM ",
            $($rest)*
        )
    };
}

use {pairings, ratings, stats};

fn into_rows(records: Vec<ResultRecord>) -> Result<Vec<ResultRow>, StoreError> {
    records.into_iter().map(ResultRecord::into_row).collect()
}

/// What each of these players is rated in that family.
async fn each_rating(database: &Database, wanted: &[(String, PlayerId)]) -> Result<Vec<Option<Rating>>, StoreError> {
    let mut families: BTreeMap<&str, Vec<PlayerId>> = BTreeMap::new();
    for (family, player) in wanted {
        families.entry(family).or_default().push(*player);
    }
    let mut found = BTreeMap::new();
    for (family, players) in families {
        for (player, rating) in ratings_among(database, family, &players).await? {
            found.insert((family, player), rating);
        }
    }
    Ok(wanted.iter().map(|(family, player)| found.get(&(family.as_str(), *player)).cloned()).collect())
}

/// Ratings of these players in a family, whatever their order.
async fn ratings_among(
    database: &Database,
    family: &str,
    players: &[PlayerId],
) -> Result<BTreeMap<PlayerId, Rating>, StoreError> {
    if players.is_empty() {
        return Ok(BTreeMap::new());
    }
    let query = prepared(ratings!(
        standing_batch::players!(),
        " CROSS JOIN ratings r WHERE r.family = $2 AND r.player_id = k.player_id"
    ))
    .bind::<standing_batch::Players, _>(standing_batch::list_of(players))
    .bind::<Text, _>(family.to_owned());
    let records: Vec<RatingRecord> = database.read(|mut conn| async move { query.load(&mut conn).await }).await?;
    Ok(records.into_iter().map(|record| (record.player_id.into(), record.rating())).collect())
}

impl StandingTables {
    async fn stats_under(&self, keys: &WorkingKeys) -> Result<Vec<StatsRecord>, StoreError> {
        if keys.stats.is_empty() {
            return Ok(Vec::new());
        }
        let query = prepared(stats!(
            standing_batch::stats_keys!(),
            " CROSS JOIN player_stats s
             WHERE s.mode = k.mode AND s.season = k.season AND s.player_id = k.player_id"
        ))
        .bind::<Text, _>(write::stats_keys(&keys.stats));
        self.database.read(|mut conn| async move { query.load(&mut conn).await }).await
    }

    async fn pairings_under(&self, keys: &WorkingKeys) -> Result<Vec<PairingRecord>, StoreError> {
        if keys.pairings.is_empty() {
            return Ok(Vec::new());
        }
        let query = prepared(pairings!(
            standing_batch::pairing_keys!(),
            " CROSS JOIN pairings p
             WHERE p.mode = k.mode AND p.player_id = k.player_id AND p.opponent_id = k.opponent_id"
        ))
        .bind::<Text, _>(write::pairing_keys(&keys.pairings));
        self.database.read(|mut conn| async move { query.load(&mut conn).await }).await
    }
}

#[async_trait]
impl StandingsStore for StandingTables {
    async fn head(&self, family: &str) -> Result<Head, StoreError> {
        let query = prepared("SELECT applied, redo_from FROM standing_heads WHERE family = $1")
            .bind::<Text, _>(family.to_owned());
        let record: Option<HeadRecord> =
            self.database.read(|mut conn| async move { query.get_result(&mut conn).await.optional() }).await?;
        Ok(record.map_or_else(|| write::untouched(family), |record| record.into_head(family)))
    }

    /// Three statements at once. What they see needn't be of one moment: who decides on it commits against the head.
    async fn working(&self, keys: &WorkingKeys) -> Result<Working, StoreError> {
        let (ratings, stats, pairings) = tokio::try_join!(
            ratings_among(&self.database, &keys.family, &keys.players),
            self.stats_under(keys),
            self.pairings_under(keys),
        )?;
        let pairing = |record: PairingRecord| {
            let (mode, player, opponent, pairing) = record.into_pairing()?;
            Ok(((mode, player, opponent), pairing))
        };
        Ok(Working {
            ratings,
            stats: stats.into_iter().map(StatsRecord::into_stats).collect(),
            pairings: pairings.into_iter().map(pairing).collect::<Result<_, StoreError>>()?,
        })
    }

    async fn commit(&self, change: StandingsChange) -> Result<(), StoreError> {
        write::commit(&self.database, change).await
    }

    async fn results_of_game(&self, game: GameId) -> Result<Vec<ResultRow>, StoreError> {
        let query = prepared(results!("results r WHERE r.game_id = $1 ORDER BY r.player_id, r.family, r.sequence"))
            .bind::<Id, _>(IdCol::from(game));
        into_rows(self.database.read(|mut conn| async move { query.load(&mut conn).await }).await?)
    }

    async fn results(&self, family: &str, after: i64, limit: i64) -> Result<Vec<ResultRow>, StoreError> {
        // Up to the place of the last row within the limit, that place to its end.
        let query = prepared(results!(
            "results r
             WHERE r.family = $1 AND r.sequence > $2 AND r.sequence <= coalesce(
                 (SELECT sequence FROM results WHERE family = $1 AND sequence > $2
                  ORDER BY sequence, player_id LIMIT 1 OFFSET $3), $4)
             ORDER BY r.sequence, r.player_id"
        ))
        .bind::<Text, _>(family.to_owned())
        .bind::<BigInt, _>(after)
        .bind::<BigInt, _>(limit.max(1) - 1)
        .bind::<BigInt, _>(i64::MAX);
        into_rows(self.database.read(|mut conn| async move { query.load(&mut conn).await }).await?)
    }

    async fn last_before(
        &self,
        family: &str,
        players: &[PlayerId],
        place: i64,
    ) -> Result<BTreeMap<PlayerId, ResultRow>, StoreError> {
        if players.is_empty() {
            return Ok(BTreeMap::new());
        }
        let query = prepared(results!(
            standing_batch::players!(),
            " CROSS JOIN results r
             WHERE r.family = $2 AND r.player_id = k.player_id AND r.rating_after IS NOT NULL AND r.sequence = (
                 SELECT max(l.sequence) FROM results l
                 WHERE l.family = $2 AND l.player_id = k.player_id AND l.sequence < $3
                   AND l.rating_after IS NOT NULL)"
        ))
        .bind::<standing_batch::Players, _>(standing_batch::list_of(players))
        .bind::<Text, _>(family.to_owned())
        .bind::<BigInt, _>(place);
        let rows = into_rows(self.database.read(|mut conn| async move { query.load(&mut conn).await }).await?)?;
        Ok(rows.into_iter().map(|row| (row.player_id, row)).collect())
    }

    async fn results_of_player(
        &self,
        player: PlayerId,
        mode: &str,
        after: i64,
        limit: i64,
    ) -> Result<Vec<ResultRow>, StoreError> {
        let query = prepared(results!(
            "results r WHERE r.player_id = $1 AND r.mode = $2 AND r.sequence > $3 ORDER BY r.sequence LIMIT $4"
        ))
        .bind::<Id, _>(IdCol::from(player))
        .bind::<Text, _>(mode.to_owned())
        .bind::<BigInt, _>(after)
        .bind::<BigInt, _>(limit.max(0));
        into_rows(self.database.read(|mut conn| async move { query.load(&mut conn).await }).await?)
    }

    async fn ratings_page(
        &self,
        family: &str,
        after: Option<PlayerId>,
        limit: i64,
    ) -> Result<Vec<(PlayerId, Rating)>, StoreError> {
        let query =
            prepared(ratings!("ratings r WHERE r.family = $1 AND r.player_id > $2 ORDER BY r.player_id LIMIT $3"))
                .bind::<Text, _>(family.to_owned())
                .bind::<Id, _>(after.map_or(NOBODY, IdCol::from))
                .bind::<BigInt, _>(limit.max(0));
        let records: Vec<RatingRecord> =
            self.database.read(|mut conn| async move { query.load(&mut conn).await }).await?;
        Ok(records.into_iter().map(|record| (record.player_id.into(), record.rating())).collect())
    }

    async fn stats_page(
        &self,
        mode: &str,
        season: &str,
        after: Option<PlayerId>,
        limit: i64,
    ) -> Result<Vec<(PlayerId, PlayerStats)>, StoreError> {
        let query = prepared(stats!(
            "player_stats s WHERE s.mode = $1 AND s.season = $2 AND s.player_id > $3 ORDER BY s.player_id LIMIT $4"
        ))
        .bind::<Text, _>(mode.to_owned())
        .bind::<Text, _>(season.to_owned())
        .bind::<Id, _>(after.map_or(NOBODY, IdCol::from))
        .bind::<BigInt, _>(limit.max(0));
        let records: Vec<StatsRecord> =
            self.database.read(|mut conn| async move { query.load(&mut conn).await }).await?;
        Ok(records.into_iter().map(StatsRecord::into_stats).map(|(key, stats)| (key.player_id, stats)).collect())
    }

    async fn pairings_page(
        &self,
        mode: &str,
        after: Option<(PlayerId, PlayerId)>,
        limit: i64,
    ) -> Result<Vec<((PlayerId, PlayerId), Pairing)>, StoreError> {
        let (player, opponent) = after.map_or((NOBODY, NOBODY), |(player, opponent)| (player.into(), opponent.into()));
        let query = prepared(pairings!(
            "pairings p WHERE p.mode = $1 AND (p.player_id, p.opponent_id) > ($2, $3)
             ORDER BY p.player_id, p.opponent_id LIMIT $4"
        ))
        .bind::<Text, _>(mode.to_owned())
        .bind::<Id, _>(player)
        .bind::<Id, _>(opponent)
        .bind::<BigInt, _>(limit.max(0));
        let records: Vec<PairingRecord> =
            self.database.read(|mut conn| async move { query.load(&mut conn).await }).await?;
        let pairing = |record: PairingRecord| {
            let (_, player, opponent, pairing) = record.into_pairing()?;
            Ok(((player, opponent), pairing))
        };
        records.into_iter().map(pairing).collect()
    }
}
