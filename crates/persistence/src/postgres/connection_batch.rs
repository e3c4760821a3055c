//! Statements about sockets that PostgreSQL can say for many players at once.

use diesel::QueryableByName;
use diesel::sql_types::{Array, Bool, Text};
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
        "WITH new AS (
            SELECT player_id FROM unnest($2) AS c (player_id)
            WHERE NOT EXISTS (SELECT FROM connections k WHERE k.player_id = c.player_id)
        ), left_all AS (
            SELECT own.player_id FROM connections own
            WHERE own.replica = $1 AND own.player_id = ANY ($3)
              AND NOT EXISTS (SELECT FROM connections k WHERE k.player_id = own.player_id AND k.replica <> $1)
        ), came AS (
            INSERT INTO connections AS k (player_id, replica) SELECT player_id, $1 FROM unnest($2) AS c (player_id)
            ON CONFLICT (player_id, replica) DO UPDATE SET away = false WHERE k.away
        ), went AS (
            DELETE FROM connections WHERE replica = $1 AND player_id = ANY ($3)
        ), reached AS (
            INSERT INTO reaches (player_id, changed_at)
            SELECT player_id, clock_timestamp()
            FROM (SELECT player_id FROM new UNION SELECT player_id FROM left_all) AS r ORDER BY player_id
            ON CONFLICT (player_id) DO UPDATE SET changed_at = excluded.changed_at
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

/// Notes at which sockets somebody looks. Rows are locked in the order in which reports do.
pub(crate) async fn set_away(conn: &mut Conn, replica: &str, players: &[IdCol], away: &[bool]) -> Result<(), Tx> {
    prepared(
        "UPDATE connections k SET away = a.away
         FROM (SELECT k.player_id, a.away FROM unnest($2, $3) AS a (player_id, away)
               JOIN connections k ON k.player_id = a.player_id AND k.replica = $1 AND k.away <> a.away
               ORDER BY k.player_id FOR UPDATE OF k) AS a
         WHERE k.player_id = a.player_id AND k.replica = $1",
    )
    .bind::<Text, _>(replica)
    .bind::<Array<Id>, _>(players)
    .bind::<Array<Bool>, _>(away)
    .execute(conn)
    .await?;
    Ok(())
}
