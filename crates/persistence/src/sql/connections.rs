use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use async_trait::async_trait;
use diesel::dsl::{exists, not};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use kernel::{Connections, PlayerId, Reach, SilentReplica, StoreError, Timestamp};

use super::schema::{connections, reaches, replicas};
use super::{Database, IdCol, TimeCol, connection_batch};

pub(super) struct ConnectionTable {
    database: Database,
}

impl ConnectionTable {
    pub(super) const fn new(database: Database) -> Self {
        Self { database }
    }
}

#[async_trait]
impl Connections for ConnectionTable {
    async fn beat(&self, replica: &str) -> Result<(), StoreError> {
        let replica = replica.to_owned();
        self.database.write_one(move |conn| Box::pin(async move { connection_batch::beat(conn, &replica).await })).await
    }

    async fn report(&self, replica: &str, came: &[PlayerId], went: &[PlayerId]) -> Result<Vec<PlayerId>, StoreError> {
        let replica = replica.to_owned();
        // In order, each once, and who is in both has gone.
        let gone: BTreeSet<PlayerId> = went.iter().copied().collect();
        let came: BTreeSet<PlayerId> = came.iter().copied().filter(|player| !gone.contains(player)).collect();
        let came: Vec<IdCol> = came.into_iter().map(IdCol::from).collect();
        let gone: Vec<IdCol> = gone.into_iter().map(IdCol::from).collect();
        let elsewhere = self
            .database
            .write(move |tx| Box::pin(async move { connection_batch::report(tx, &replica, &came, &gone).await }))
            .await?;
        let elsewhere: HashSet<IdCol> = elsewhere.into_iter().collect();
        Ok(went.iter().copied().filter(|player| !elsewhere.contains(&IdCol::from(*player))).collect())
    }

    async fn connected(&self, players: &[PlayerId]) -> Result<Vec<bool>, StoreError> {
        let ids: Vec<IdCol> = players.iter().copied().map(IdCol::from).collect();
        let found: Vec<IdCol> = self
            .database
            .read(|mut conn| async move {
                connections::table
                    .filter(connections::player_id.eq_any(ids))
                    .select(connections::player_id)
                    .load(&mut conn)
                    .await
            })
            .await?;
        let found: HashSet<IdCol> = found.into_iter().collect();
        Ok(players.iter().map(|player| found.contains(&IdCol::from(*player))).collect())
    }

    async fn set_away(&self, replica: &str, away: &[PlayerId], active: &[PlayerId]) -> Result<(), StoreError> {
        let replica = replica.to_owned();
        // In order, each once, and who is in both is active.
        let mut states: BTreeMap<PlayerId, bool> = away.iter().map(|player| (*player, true)).collect();
        states.extend(active.iter().map(|player| (*player, false)));
        let (players, away): (Vec<IdCol>, Vec<bool>) =
            states.into_iter().map(|(player, away)| (IdCol::from(player), away)).unzip();
        self.database
            .write(move |tx| Box::pin(async move { connection_batch::set_away(tx, &replica, &players, &away).await }))
            .await
    }

    async fn reach(&self, players: &[PlayerId]) -> Result<Vec<Reach>, StoreError> {
        let ids: Vec<IdCol> = players.iter().copied().map(IdCol::from).collect();
        let here = connections::table.filter(connections::player_id.eq(reaches::player_id));
        let query = reaches::table.filter(reaches::player_id.eq_any(ids)).select((
            reaches::player_id,
            reaches::changed_at,
            exists(here),
            exists(here.filter(not(connections::away))),
        ));
        let rows: Vec<(IdCol, TimeCol, bool, bool)> =
            self.database.read(|mut conn| async move { query.load(&mut conn).await }).await?;
        let reach = |(player, changed_at, online, watched): (IdCol, TimeCol, bool, bool)| {
            (player, Reach { online, away: online && !watched, changed_at: Some(changed_at.into()) })
        };
        let found: HashMap<IdCol, Reach> = rows.into_iter().map(reach).collect();
        Ok(players.iter().map(|player| found.get(&IdCol::from(*player)).copied().unwrap_or_default()).collect())
    }

    async fn players_of(&self, replica: &str, limit: i64) -> Result<Vec<PlayerId>, StoreError> {
        let query = connections::table
            .filter(connections::replica.eq(replica.to_owned()))
            .order(connections::player_id)
            .limit(limit)
            .select(connections::player_id);
        let found: Vec<IdCol> = self.database.read(|mut conn| async move { query.load(&mut conn).await }).await?;
        Ok(found.into_iter().map(PlayerId::from).collect())
    }

    async fn silent(&self, before: Timestamp) -> Result<Vec<SilentReplica>, StoreError> {
        let query =
            replicas::table.filter(replicas::heard_at.lt(TimeCol(before))).order((replicas::heard_at, replicas::name));
        let rows: Vec<(String, TimeCol)> =
            self.database.read(|mut conn| async move { query.load(&mut conn).await }).await?;
        Ok(rows.into_iter().map(|(replica, at)| SilentReplica { replica, heard_at: at.into() }).collect())
    }

    async fn forget(&self, replica: &str) -> Result<(), StoreError> {
        let replica = replica.to_owned();
        self.database
            .write_one(move |conn| {
                Box::pin(async move {
                    let players = connections::table.filter(connections::replica.eq(replica.clone()));
                    diesel::delete(replicas::table.filter(replicas::name.eq(replica)).filter(not(exists(players))))
                        .execute(conn)
                        .await?;
                    Ok(())
                })
            })
            .await
    }
}
