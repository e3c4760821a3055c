//! The same for SQLite, player by player: its one writer needs no locks.

use diesel::prelude::*;
use diesel::sql_types::Text;
use diesel_async::RunQueryDsl;

use super::dialect::Conn;
use super::sql::schema::connections;
use super::sql::{IdCol, Tx};
use crate::prepared::prepared;

/// This replica lives.
pub(crate) async fn beat(conn: &mut Conn, replica: &str) -> Result<(), Tx> {
    prepared(
        "INSERT INTO replicas (name, heard_at) VALUES ($1, CAST(unixepoch('subsec') * 1000000 AS INTEGER))
         ON CONFLICT (name) DO UPDATE SET heard_at = excluded.heard_at",
    )
    .bind::<Text, _>(replica)
    .execute(conn)
    .await?;
    Ok(())
}

/// Writes who came and who went; says which of the latter are connected elsewhere.
pub(crate) async fn report(tx: &mut Conn, replica: &str, came: &[IdCol], went: &[IdCol]) -> Result<Vec<IdCol>, Tx> {
    for player in came {
        diesel::insert_into(connections::table)
            .values((connections::player_id.eq(player), connections::replica.eq(replica)))
            .on_conflict_do_nothing()
            .execute(tx)
            .await?;
    }
    let mut elsewhere = Vec::new();
    for player in went {
        diesel::delete(connections::table.find((player, replica))).execute(tx).await?;
        let others = connections::table.filter(connections::player_id.eq(player)).select(connections::player_id);
        elsewhere.extend(others.first::<IdCol>(tx).await.optional()?);
    }
    Ok(elsewhere)
}
