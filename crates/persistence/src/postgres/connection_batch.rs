//! Statements about sockets that PostgreSQL can say for many players at once.

use diesel::QueryableByName;
use diesel::sql_types::{Array, Text};
use diesel_async::RunQueryDsl;

use super::dialect::{Conn, Id};
use super::sql::{IdCol, Tx};
use crate::prepared::prepared;

/// This replica lives.
pub(crate) async fn beat(conn: &mut Conn, replica: &str) -> Result<(), Tx> {
    prepared(
        "INSERT INTO replicas (name, heard_at) VALUES ($1, clock_timestamp())
         ON CONFLICT (name) DO UPDATE SET heard_at = excluded.heard_at",
    )
    .bind::<Text, _>(replica)
    .execute(conn)
    .await?;
    Ok(())
}

#[derive(QueryableByName)]
struct Elsewhere {
    #[diesel(sql_type = Id)]
    player_id: IdCol,
}

/// Writes who came and who went, both in order and disjoint; says which of the latter are connected elsewhere.
///
/// The rows of those who went are locked first, other replicas' included: of two that lose a player at the same moment
/// the second sees the first one's end, for its second statement begins after it.
pub(crate) async fn report(tx: &mut Conn, replica: &str, came: &[IdCol], went: &[IdCol]) -> Result<Vec<IdCol>, Tx> {
    if !went.is_empty() {
        prepared(
            "SELECT count(*) FROM (SELECT FROM connections WHERE player_id = ANY ($1)
                                   ORDER BY player_id, replica FOR UPDATE) AS locked",
        )
        .bind::<Array<Id>, _>(went)
        .execute(tx)
        .await?;
    }
    let elsewhere: Vec<Elsewhere> = prepared(
        "WITH came AS (
            INSERT INTO connections (player_id, replica) SELECT player_id, $1 FROM unnest($2) AS c (player_id)
            ON CONFLICT DO NOTHING
        ), went AS (
            DELETE FROM connections WHERE replica = $1 AND player_id = ANY ($3)
        )
        SELECT DISTINCT player_id FROM connections WHERE player_id = ANY ($3) AND replica <> $1",
    )
    .bind::<Text, _>(replica)
    .bind::<Array<Id>, _>(came)
    .bind::<Array<Id>, _>(went)
    .load(tx)
    .await?;
    Ok(elsewhere.into_iter().map(|row| row.player_id).collect())
}
