//! Who wants nothing to do with whom.

use async_trait::async_trait;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use kernel::{Block, BlockChange, Blocks, Page, PageLimit, PlayerId, StoreError, Timestamp};

use super::schema::blocks;
use super::{Database, IdCol, TimeCol, Tx, batch, dialect};

pub(super) struct BlockTable {
    database: Database,
}

impl BlockTable {
    pub(super) const fn new(database: Database) -> Self {
        Self { database }
    }
}

type Row = (IdCol, IdCol, TimeCol);

fn block((blocker, blocked, at): Row) -> Block {
    Block { blocker: blocker.into(), blocked: blocked.into(), at: at.into() }
}

fn columns(players: &[PlayerId]) -> Vec<IdCol> {
    players.iter().copied().map(IdCol::from).collect()
}

/// Refuses a change that brings players together of whom one blocks another. A block that is being taken up waits for
/// this change to end, or has ended before it is looked for.
pub(super) async fn check_together(tx: &mut dialect::Conn, groups: &[Vec<PlayerId>]) -> Result<(), Tx> {
    let mut ids: Vec<IdCol> =
        groups.iter().filter(|group| group.len() > 1).flatten().copied().map(IdCol::from).collect();
    if ids.is_empty() {
        return Ok(());
    }
    ids.sort_unstable();
    ids.dedup();
    batch::lock_company(tx, &ids).await?;
    let rows: Vec<(IdCol, IdCol)> = blocks::table
        .filter(blocks::blocker_id.eq_any(ids.clone()))
        .filter(blocks::blocked_id.eq_any(ids))
        .select((blocks::blocker_id, blocks::blocked_id))
        .load(tx)
        .await?;
    for (player, other) in rows.into_iter().map(|(player, other)| (player.into(), other.into())) {
        if groups.iter().any(|group| group.contains(&player) && group.contains(&other)) {
            return Err(StoreError::Apart { player, other }.into());
        }
    }
    Ok(())
}

/// Takes blocks up and lifts them, in order.
pub(super) async fn change(tx: &mut dialect::Conn, changes: &[BlockChange]) -> Result<(), Tx> {
    let mut alone: Vec<IdCol> =
        changes.iter().filter(|change| change.stands).map(|c| c.blocker.min(c.blocked).into()).collect();
    alone.sort_unstable();
    alone.dedup();
    batch::lock_alone(tx, &alone).await?;
    for change in changes {
        let (blocker, blocked) = (IdCol::from(change.blocker), IdCol::from(change.blocked));
        if change.stands {
            diesel::insert_into(blocks::table)
                .values((
                    blocks::blocker_id.eq(blocker),
                    blocks::blocked_id.eq(blocked),
                    blocks::at.eq(TimeCol(change.at)),
                ))
                .on_conflict_do_nothing()
                .execute(tx)
                .await?;
        } else {
            diesel::delete(blocks::table.find((blocker, blocked))).execute(tx).await?;
        }
    }
    Ok(())
}

#[async_trait]
impl Blocks for BlockTable {
    async fn between(&self, player: PlayerId, others: &[PlayerId]) -> Result<Vec<Block>, StoreError> {
        let (player, others) = (IdCol::from(player), columns(others));
        let own = blocks::blocker_id.eq(player).and(blocks::blocked_id.eq_any(others.clone()));
        let theirs = blocks::blocked_id.eq(player).and(blocks::blocker_id.eq_any(others));
        let query = blocks::table.filter(own.or(theirs));
        let rows: Vec<Row> = self.database.read(|mut conn| async move { query.load(&mut conn).await }).await?;
        Ok(rows.into_iter().map(block).collect())
    }

    async fn around(&self, players: &[PlayerId], limit: i64) -> Result<Vec<Block>, StoreError> {
        let ids = columns(players);
        let query = blocks::table
            .filter(blocks::blocker_id.eq_any(ids.clone()).or(blocks::blocked_id.eq_any(ids)))
            .limit(limit);
        let rows: Vec<Row> = self.database.read(|mut conn| async move { query.load(&mut conn).await }).await?;
        Ok(rows.into_iter().map(block).collect())
    }

    async fn page(
        &self,
        blocker: PlayerId,
        after: Option<(Timestamp, PlayerId)>,
        limit: PageLimit,
    ) -> Result<Page<Block, (Timestamp, PlayerId)>, StoreError> {
        let wanted = usize::from(limit.get());
        let mut query = blocks::table
            .filter(blocks::blocker_id.eq(IdCol::from(blocker)))
            .order((blocks::at.desc(), blocks::blocked_id.desc()))
            .limit(i64::from(limit.get()) + 1)
            .into_boxed();
        if let Some((at, player)) = after {
            let (at, player) = (TimeCol(at), IdCol::from(player));
            query = query.filter(blocks::at.le(at)).filter(blocks::at.lt(at).or(blocks::blocked_id.lt(player)));
        }
        let rows: Vec<Row> = self.database.read(|mut conn| async move { query.load(&mut conn).await }).await?;
        let more = rows.len() > wanted;
        let items: Vec<Block> = rows.into_iter().take(wanted).map(block).collect();
        let next = if more { items.last().map(|block| (block.at, block.blocked)) } else { None };
        Ok(Page { items, next })
    }
}
