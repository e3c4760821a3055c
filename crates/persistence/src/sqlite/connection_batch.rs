//! The same for SQLite, player by player: its one writer needs no locks.

use diesel::prelude::*;
use diesel::sql_types::Text;
use diesel_async::RunQueryDsl;

use super::dialect::{Conn, Id};
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

/// Now that player is reached anew, or not any more.
async fn reached(tx: &mut Conn, player: &IdCol) -> Result<(), Tx> {
    prepared(
        "INSERT INTO reaches (player_id, changed_at) VALUES ($1, CAST(unixepoch('subsec') * 1000000 AS INTEGER))
         ON CONFLICT (player_id) DO UPDATE SET changed_at = excluded.changed_at",
    )
    .bind::<Id, _>(player)
    .execute(tx)
    .await?;
    Ok(())
}

/// Whether a socket stands anywhere.
async fn connected(tx: &mut Conn, player: &IdCol) -> Result<bool, Tx> {
    let rows = connections::table.filter(connections::player_id.eq(player)).select(connections::player_id);
    Ok(rows.first::<IdCol>(tx).await.optional()?.is_some())
}

/// Writes who came and who went; says which of the latter are connected elsewhere.
pub(crate) async fn report(tx: &mut Conn, replica: &str, came: &[IdCol], went: &[IdCol]) -> Result<Vec<IdCol>, Tx> {
    for player in came {
        if !connected(tx, player).await? {
            reached(tx, player).await?;
        }
        diesel::insert_into(connections::table)
            .values((connections::player_id.eq(player), connections::replica.eq(replica), connections::away.eq(false)))
            .on_conflict((connections::player_id, connections::replica))
            .do_update()
            .set(connections::away.eq(false))
            .execute(tx)
            .await?;
    }
    let mut elsewhere = Vec::new();
    for player in went {
        let stood = diesel::delete(connections::table.find((player, replica))).execute(tx).await?;
        if connected(tx, player).await? {
            elsewhere.push(*player);
        } else if stood > 0 {
            reached(tx, player).await?;
        }
    }
    Ok(elsewhere)
}

/// Notes at which sockets somebody looks.
pub(crate) async fn set_away(conn: &mut Conn, replica: &str, players: &[IdCol], away: &[bool]) -> Result<(), Tx> {
    for (player, away) in players.iter().zip(away) {
        diesel::update(connections::table.find((player, replica)))
            .set(connections::away.eq(away))
            .execute(conn)
            .await?;
    }
    Ok(())
}
