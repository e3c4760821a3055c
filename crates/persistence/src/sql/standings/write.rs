//! Writing standings: everything that some facts led to, in one transaction.

use std::collections::{BTreeMap, BTreeSet};

use diesel::sql_types::{BigInt, Nullable, Text};
use diesel_async::RunQueryDsl;
use kernel::{PlayerId, StoreError};
use serde_json::json;
use standings::{Head, ResultRow, StandingsChange, StatsKey, Working};

use super::super::dialect::Conn;
use super::super::{Database, Tx, riders, standing_batch};
use super::{PairingRecord, RatingRecord, ResultRecord, StatsWrite};
use crate::prepared::prepared;

/// The head of a family that was never applied.
pub(super) fn untouched(family: &str) -> Head {
    Head { family: family.to_owned(), applied: 0, redo_from: None }
}

/// Ids without dashes: the form that both databases read.
fn hex(player: PlayerId) -> String {
    player.uuid().simple().to_string()
}

/// Keys of stats as the one document both databases can unfold.
pub(super) fn stats_keys(keys: &[StatsKey]) -> String {
    let key = |key: &StatsKey| json!({ "mode": key.mode, "season": key.season, "player_id": hex(key.player_id) });
    serde_json::Value::from_iter(keys.iter().map(key)).to_string()
}

/// Keys of pairings, likewise.
pub(super) fn pairing_keys(keys: &[(String, PlayerId, PlayerId)]) -> String {
    let key = |(mode, player, opponent): &(String, PlayerId, PlayerId)| {
        let (player, opponent) = (hex(*player), hex(*opponent));
        json!({ "mode": mode, "player_id": player, "opponent_id": opponent })
    };
    serde_json::Value::from_iter(keys.iter().map(key)).to_string()
}

/// What goes into which table, each row once and in the order of its key: so that commits of several families that meet
/// lock rows in one order.
struct Rows {
    results: Vec<ResultRecord>,
    ratings: Vec<RatingRecord>,
    stats: Vec<StatsWrite>,
    pairings: Vec<PairingRecord>,
    /// Modes and seasons that were played.
    played: BTreeSet<(String, String)>,
}

impl Rows {
    fn of(family: &str, results: Vec<ResultRow>, working: Working) -> Self {
        // A game that was corrected in the batch it was entered in has two rows: the later one stands.
        let results: BTreeMap<_, _> =
            results.into_iter().map(|row| ((row.family.clone(), row.sequence, row.player_id), row)).collect();
        let Working { ratings, stats, pairings } = working;
        let seasons = stats.keys().filter(|key| !key.season.is_empty());
        Self {
            played: seasons.map(|key| (key.mode.clone(), key.season.clone())).collect(),
            results: results.into_values().map(ResultRecord::of).collect(),
            ratings: ratings.iter().map(|(player, rating)| RatingRecord::of(family, *player, rating)).collect(),
            stats: stats.into_iter().map(|(key, stats)| StatsWrite::of(key, stats)).collect(),
            pairings: pairings
                .into_iter()
                .map(|((mode, player, opponent), pairing)| PairingRecord::of(mode, player, opponent, &pairing))
                .collect(),
        }
    }
}

pub(super) async fn commit(database: &Database, change: StandingsChange) -> Result<(), StoreError> {
    let StandingsChange { expect, head, results, working, reopened, riders } = change;
    let rows = Rows::of(&expect.family, results, working);
    let reopened: BTreeSet<_> = reopened.into_iter().collect();
    database
        .write(move |tx| {
            Box::pin(async move {
                riders::board(tx, &riders).await?;
                move_head(tx, &expect, &head).await?;
                write(tx, rows).await?;
                reopen(tx, &reopened).await?;
                riders::alight(tx, &riders).await
            })
        })
        .await
}

/// Compare-and-set of the head, whose row is held until the commit.
async fn move_head(tx: &mut Conn, expect: &Head, head: &Head) -> Result<(), Tx> {
    let moved = if *expect == untouched(&expect.family) {
        prepared(
            "INSERT INTO standing_heads AS h (family, applied, redo_from) VALUES ($1, $2, $3)
             ON CONFLICT (family) DO UPDATE SET applied = excluded.applied, redo_from = excluded.redo_from
             WHERE h.applied = 0 AND h.redo_from IS NULL",
        )
        .bind::<Text, _>(expect.family.as_str())
        .bind::<BigInt, _>(head.applied)
        .bind::<Nullable<BigInt>, _>(head.redo_from)
        .execute(tx)
        .await?
    } else {
        prepared(
            "UPDATE standing_heads SET applied = $1, redo_from = $2
             WHERE family = $3 AND applied = $4 AND redo_from IS NOT DISTINCT FROM $5",
        )
        .bind::<BigInt, _>(head.applied)
        .bind::<Nullable<BigInt>, _>(head.redo_from)
        .bind::<Text, _>(expect.family.as_str())
        .bind::<BigInt, _>(expect.applied)
        .bind::<Nullable<BigInt>, _>(expect.redo_from)
        .execute(tx)
        .await?
    };
    if moved == 1 { Ok(()) } else { Err(StoreError::Stale.into()) }
}

async fn write(tx: &mut Conn, rows: Rows) -> Result<(), Tx> {
    let Rows { results, ratings, stats, pairings, played } = rows;
    if !results.is_empty() {
        standing_batch::write_results(tx, results).await?;
    }
    if !ratings.is_empty() {
        standing_batch::write_ratings(tx, ratings).await?;
    }
    if !stats.is_empty() {
        standing_batch::write_stats(tx, stats).await?;
    }
    if !pairings.is_empty() {
        standing_batch::write_pairings(tx, pairings).await?;
    }
    // A commit knows one or two seasons.
    for (mode, season) in &played {
        prepared(
            "INSERT INTO season_closes (mode, season, revision, due) VALUES ($1, $2, 0, true)
             ON CONFLICT (mode, season) DO NOTHING",
        )
        .bind::<Text, _>(mode.as_str())
        .bind::<Text, _>(season.as_str())
        .execute(tx)
        .await?;
    }
    Ok(())
}

async fn reopen(tx: &mut Conn, seasons: &BTreeSet<(String, String)>) -> Result<(), Tx> {
    for (mode, season) in seasons {
        prepared("UPDATE season_closes SET due = true WHERE mode = $1 AND season = $2 AND NOT due")
            .bind::<Text, _>(mode.as_str())
            .bind::<Text, _>(season.as_str())
            .execute(tx)
            .await?;
    }
    Ok(())
}
