//! The stores of the `friends` crate.

mod links;
mod lists;
mod row;
pub(crate) mod schema;

use std::sync::{Arc, OnceLock};

use async_trait::async_trait;
use diesel::QueryableByName;
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use diesel_async::RunQueryDsl;
use friends::{Caps, Committed, CountChange, Counts, FriendChange, FriendStore, Pair, Reached, Relation, SharedGames};
use kernel::{BoxError, GameId, PlayerId, StoreError, Timestamp, Version};

use self::row::RelationRow;
use self::schema::{friend_counts, relations};
use super::{Database, IdCol, TimeCol, Tx, dialect, riders};
use crate::prepared::prepared;

/// Ends the transaction of a change that comes to nothing for a reason that is no error; never leaves this folder.
const UNDONE: &str = "a change that comes to nothing";

/// Relations, their counts, and links.
pub(super) struct FriendTables {
    database: Database,
}

impl FriendTables {
    pub(super) const fn new(database: Database) -> Self {
        Self { database }
    }
}

fn into_relations(rows: Vec<RelationRow>) -> Result<Vec<Relation>, StoreError> {
    rows.into_iter().map(RelationRow::into_relation).collect()
}

#[async_trait]
impl FriendStore for FriendTables {
    async fn load(&self, pair: Pair) -> Result<Option<Relation>, StoreError> {
        let key = (IdCol::from(pair.low()), IdCol::from(pair.high()));
        let query = relations::table.find(key).select(RelationRow::as_select());
        let row = self.database.read(|mut conn| async move { query.first(&mut conn).await.optional() }).await?;
        row.map(RelationRow::into_relation).transpose()
    }

    async fn load_many(&self, player: PlayerId, others: &[PlayerId]) -> Result<Vec<Relation>, StoreError> {
        let (own, others) = (IdCol::from(player), others.iter().copied().map(IdCol::from).collect::<Vec<_>>());
        let low = relations::low_id.eq(own).and(relations::high_id.eq_any(others.clone()));
        let high = relations::high_id.eq(own).and(relations::low_id.eq_any(others));
        let query = relations::table.filter(low.or(high)).select(RelationRow::as_select());
        into_relations(self.database.read(|mut conn| async move { query.load(&mut conn).await }).await?)
    }

    async fn commit(&self, change: FriendChange) -> Result<Committed, StoreError> {
        // What the transaction found before it undid itself.
        let found = Arc::new(OnceLock::new());
        let finding = Arc::clone(&found);
        let answer = self
            .database
            .write(move |tx| {
                Box::pin(async move {
                    let committed = apply(tx, change).await?;
                    if committed == Committed::Done {
                        return Ok(());
                    }
                    let _ = finding.set(committed);
                    Err(StoreError::Taken(UNDONE).into())
                })
            })
            .await;
        match (answer, found.get()) {
            (Ok(()), _) => Ok(Committed::Done),
            (Err(StoreError::Taken(UNDONE)), Some(committed)) => Ok(*committed),
            (Err(error), _) => Err(error),
        }
    }

    async fn counts(&self, player: PlayerId) -> Result<Counts, StoreError> {
        let query =
            friend_counts::table.find(IdCol::from(player)).select((friend_counts::friends, friend_counts::outgoing));
        let row: Option<(i64, i64)> =
            self.database.read(|mut conn| async move { query.first(&mut conn).await.optional() }).await?;
        Ok(row.map(|(friends, outgoing)| Counts { friends, outgoing }).unwrap_or_default())
    }

    async fn all_of(&self, player: PlayerId, limit: i64) -> Result<Vec<Relation>, StoreError> {
        let own = IdCol::from(player);
        let stands = relations::bond
            .ne("none")
            .or(relations::low_blocks_since.is_not_null())
            .or(relations::high_blocks_since.is_not_null());
        let query = relations::table
            .filter(relations::low_id.eq(own).or(relations::high_id.eq(own)))
            .filter(stands)
            .order((relations::low_id, relations::high_id))
            .limit(limit)
            .select(RelationRow::as_select());
        into_relations(self.database.read(|mut conn| async move { query.load(&mut conn).await }).await?)
    }

    async fn lapsed(&self, now: Timestamp, limit: i64) -> Result<Vec<Relation>, StoreError> {
        let query = relations::table
            .filter(relations::lapses_at.le(TimeCol(now)))
            .order((relations::lapses_at, relations::low_id, relations::high_id))
            .limit(limit)
            .select(RelationRow::as_select());
        into_relations(self.database.read(|mut conn| async move { query.load(&mut conn).await }).await?)
    }
}

async fn apply(tx: &mut dialect::Conn, change: FriendChange) -> Result<Committed, Tx> {
    let FriendChange { relation, mut counts, caps, link, riders } = change;
    riders::board(tx, &riders).await?;
    if let Some((expect, relation)) = relation {
        write(tx, expect, relation.into()).await?;
    }
    counts.sort_by_key(|count| count.player);
    for count in &counts {
        if let Some(reached) = count_up(tx, count, caps).await? {
            return Ok(Committed::Full(reached));
        }
    }
    if let Some(link) = link {
        let committed = links::apply(tx, link, caps).await?;
        if committed != Committed::Done {
            return Ok(committed);
        }
    }
    riders::alight(tx, &riders).await?;
    Ok(Committed::Done)
}

/// A relation by compare-and-set.
async fn write(tx: &mut dialect::Conn, expect: Version, row: RelationRow) -> Result<(), Tx> {
    let written = if expect == Version::NEW {
        diesel::insert_into(relations::table).values(row).on_conflict_do_nothing().execute(tx).await?
    } else {
        diesel::update(relations::table.find((row.low_id, row.high_id)).filter(relations::version.eq(expect.0)))
            .set(row)
            .execute(tx)
            .await?
    };
    if written == 1 { Ok(()) } else { Err(StoreError::Stale.into()) }
}

#[derive(QueryableByName)]
struct CountRow {
    #[diesel(sql_type = BigInt)]
    friends: i64,
    #[diesel(sql_type = BigInt)]
    outgoing: i64,
}

/// Moves a player's counts and so locks their row; says which cap a count that rose is over now.
async fn count_up(tx: &mut dialect::Conn, change: &CountChange, caps: Caps) -> Result<Option<Reached>, Tx> {
    let row: CountRow = prepared(
        "INSERT INTO friend_counts (player_id, friends, outgoing)
         VALUES ($1, CASE WHEN $2 > 0 THEN $2 ELSE 0 END, CASE WHEN $3 > 0 THEN $3 ELSE 0 END)
         ON CONFLICT (player_id) DO UPDATE SET
             friends = CASE WHEN friend_counts.friends + $2 > 0 THEN friend_counts.friends + $2 ELSE 0 END,
             outgoing = CASE WHEN friend_counts.outgoing + $3 > 0 THEN friend_counts.outgoing + $3 ELSE 0 END
         RETURNING friends, outgoing",
    )
    .bind::<dialect::Id, _>(IdCol::from(change.player))
    .bind::<BigInt, _>(change.friends)
    .bind::<BigInt, _>(change.outgoing)
    .get_result(tx)
    .await?;
    Ok(if change.friends > 0 && row.friends > caps.friends {
        Some(Reached::Friends(change.player))
    } else {
        (change.outgoing > 0 && row.outgoing > caps.outgoing).then_some(Reached::Outgoing(change.player))
    })
}

#[derive(QueryableByName)]
struct LastGame {
    #[diesel(sql_type = dialect::Id)]
    last_game: IdCol,
}

#[async_trait]
impl SharedGames for FriendTables {
    async fn last_together(&self, a: PlayerId, b: PlayerId) -> Result<Option<GameId>, BoxError> {
        // Ids of games begin with their time.
        let query = prepared(
            "SELECT last_game FROM pairings WHERE player_id = $1 AND opponent_id = $2 ORDER BY last_game DESC LIMIT 1",
        )
        .bind::<dialect::Id, _>(IdCol::from(a))
        .bind::<dialect::Id, _>(IdCol::from(b));
        let games: Vec<LastGame> = self.database.read(|mut conn| async move { query.load(&mut conn).await }).await?;
        Ok(games.into_iter().next().map(|row| GameId::from(row.last_game)))
    }
}
