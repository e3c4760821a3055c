use std::collections::HashMap;

use async_trait::async_trait;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use kernel::{Engage, Engagement, Engagements, PlayerId, StoreError, Timestamp};

use super::schema::{cool_downs, engagements};
use super::{Database, IdCol, TimeCol, Tx, batch, dialect};
use crate::gather::Gather;

pub(super) struct EngagementTable {
    database: Database,
    /// When the cool-down of one player ends, if there ever was one: asked by everybody who queues.
    cool_downs: Gather<PlayerId, Option<Timestamp>>,
}

impl EngagementTable {
    pub(super) fn new(database: Database) -> Self {
        let own = database.clone();
        let cool_downs = Gather::new(move |players: Vec<PlayerId>| {
            let database = own.clone();
            async move { ends(&database, &players).await }
        });
        Self { database, cool_downs }
    }
}

/// When the cool-downs of these players end, or ended.
async fn ends(database: &Database, players: &[PlayerId]) -> Result<Vec<Option<Timestamp>>, StoreError> {
    let ids: Vec<IdCol> = players.iter().copied().map(IdCol::from).collect();
    let query = cool_downs::table.filter(cool_downs::player_id.eq_any(ids));
    let rows: Vec<(IdCol, TimeCol)> = database.read(|mut conn| async move { query.load(&mut conn).await }).await?;
    let ends: HashMap<IdCol, Timestamp> = rows.into_iter().map(|(player, until)| (player, until.into())).collect();
    Ok(players.iter().map(|id| ends.get(&IdCol::from(*id)).copied()).collect())
}

type Row = (IdCol, String, Option<IdCol>);

fn by_player(rows: Vec<Row>) -> Result<HashMap<PlayerId, Engagement>, StoreError> {
    rows.into_iter()
        .map(|(player, kind, subject)| {
            let engagement = Engagement::from_parts(&kind, subject.map(|id| id.0))
                .ok_or_else(|| StoreError::broken(format!("engagement kind {kind} with an odd subject")))?;
            Ok((player.into(), engagement))
        })
        .collect()
}

#[async_trait]
impl Engagements for EngagementTable {
    async fn current(&self, players: &[PlayerId]) -> Result<Vec<Engagement>, StoreError> {
        let ids: Vec<IdCol> = players.iter().copied().map(IdCol::from).collect();
        let rows: Vec<Row> = self
            .database
            .read(|mut conn| async move {
                engagements::table.filter(engagements::player_id.eq_any(ids)).load(&mut conn).await
            })
            .await?;
        let found = by_player(rows)?;
        Ok(players.iter().map(|id| found.get(id).copied().unwrap_or(Engagement::Idle)).collect())
    }

    async fn cooling(&self, players: &[PlayerId], now: Timestamp) -> Result<Vec<Option<Timestamp>>, StoreError> {
        let ends = match players {
            [player] => vec![self.cool_downs.one(*player).await?],
            players => ends(&self.database, players).await?,
        };
        Ok(ends.into_iter().map(|until| until.filter(|until| *until > now)).collect())
    }

    async fn purge_cooled(&self, before: Timestamp, limit: i64) -> Result<usize, StoreError> {
        self.database
            .write(move |tx| {
                Box::pin(async move {
                    let before = TimeCol(before);
                    let old: Vec<IdCol> = cool_downs::table
                        .filter(cool_downs::until.lt(before))
                        .order(cool_downs::until)
                        .limit(limit)
                        .select(cool_downs::player_id)
                        .load(tx)
                        .await?;
                    // One that was just prolonged stays.
                    let over = cool_downs::table.filter(cool_downs::player_id.eq_any(old));
                    Ok(diesel::delete(over.filter(cool_downs::until.lt(before))).execute(tx).await?)
                })
            })
            .await
    }
}

/// Carries these compare-and-sets out, in player order, or says which one doesn't hold.
pub(super) async fn engage(tx: &mut dialect::Conn, steps: &[Engage]) -> Result<(), Tx> {
    if steps.is_empty() {
        return Ok(());
    }
    let mut steps = steps.to_vec();
    steps.sort_by_key(|step| step.player);
    let moved = batch::engage(tx, &steps).await?;
    let Some(refused) = steps.iter().find(|step| !moved.contains(&step.player)) else { return Ok(()) };
    // The transaction will be rolled back, but first: what holds instead?
    let rows: Vec<Row> =
        engagements::table.filter(engagements::player_id.eq(IdCol::from(refused.player))).load(tx).await?;
    let current = by_player(rows)?.get(&refused.player).copied().unwrap_or(Engagement::Idle);
    Err(StoreError::Engaged { player: refused.player, current }.into())
}
