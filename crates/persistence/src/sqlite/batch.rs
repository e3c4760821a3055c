//! The same statements for SQLite: its one writer needs no locks, and a loop in a transaction is its batch.

use std::collections::HashMap;
use std::future::{Ready, ready};

use diesel::QueryableByName;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, Text};
use diesel_async::RunQueryDsl;
use kernel::{
    BoxError, CoolDown, Engage, Engagement, Event, IdSource, PlayerId, StoreError, StreamEvent, StreamKey, Timestamp,
};

use super::dialect::{Conn, Id, Instant};
use super::sql::schema::{outbox, stream_events};
use super::sql::{Claimed, Grown, IdCol, JsonCol, TimeCol, Tx};
use crate::prepared::prepared;

/// The one writer needs no row locks.
macro_rules! lock_for_share {
    ($query:expr) => {
        $query
    };
}
pub(crate) use lock_for_share;

/// Players are brought together by one at a time here: nothing to wait for.
pub(crate) fn lock_company(_: &mut Conn, _: &[IdCol]) -> Ready<Result<(), Tx>> {
    ready(Ok(()))
}

/// As [`lock_company`].
pub(crate) fn lock_alone(_: &mut Conn, _: &[IdCol]) -> Ready<Result<(), Tx>> {
    ready(Ok(()))
}

/// Carries out compare-and-sets; says whose held.
pub(crate) async fn engage(tx: &mut Conn, steps: &[Engage]) -> Result<Vec<PlayerId>, Tx> {
    let mut moved = Vec::with_capacity(steps.len());
    for step in steps {
        let touched = if step.from == Engagement::Idle {
            prepared(
                "INSERT INTO engagements (player_id, kind, subject) VALUES ($1, $2, $3)
                 ON CONFLICT (player_id) DO UPDATE SET kind = excluded.kind, subject = excluded.subject
                 WHERE engagements.kind = 'idle'",
            )
            .bind::<Id, _>(IdCol::from(step.player))
            .bind::<Text, _>(step.to.name())
            .bind::<Nullable<Id>, _>(step.to.subject().map(IdCol))
            .execute(tx)
            .await?
        } else {
            prepared(
                "UPDATE engagements SET kind = $1, subject = $2
                 WHERE player_id = $3 AND kind = $4 AND subject = $5",
            )
            .bind::<Text, _>(step.to.name())
            .bind::<Nullable<Id>, _>(step.to.subject().map(IdCol))
            .bind::<Id, _>(IdCol::from(step.player))
            .bind::<Text, _>(step.from.name())
            .bind::<Nullable<Id>, _>(step.from.subject().map(IdCol))
            .execute(tx)
            .await?
        };
        if touched == 1 {
            moved.push(step.player);
        }
    }
    Ok(moved)
}

/// Writes cool-downs; of several the latest end counts.
pub(crate) async fn cool_down(tx: &mut Conn, cool_downs: &[CoolDown]) -> Result<(), Tx> {
    for cool_down in cool_downs {
        prepared(
            "INSERT INTO cool_downs (player_id, until) VALUES ($1, $2)
             ON CONFLICT (player_id) DO UPDATE SET until = max(until, excluded.until)",
        )
        .bind::<Id, _>(IdCol::from(cool_down.player))
        .bind::<Instant, _>(TimeCol(cool_down.until))
        .execute(tx)
        .await?;
    }
    Ok(())
}

/// Writes events, numbered in the order given.
pub(crate) async fn append_outbox(tx: &mut Conn, events: &[Event]) -> Result<(), Tx> {
    for event in events {
        let audience = serde_json::to_value(&event.audience).map_err(|why| StoreError::Broken(BoxError::from(why)))?;
        diesel::insert_into(outbox::table)
            .values((
                outbox::event_id.eq(IdCol::from(event.id)),
                outbox::aggregate.eq(&event.aggregate),
                outbox::kind.eq(&*event.kind),
                outbox::audience.eq(JsonCol(audience)),
                outbox::data.eq(JsonCol(event.data.clone())),
                outbox::at.eq(TimeCol(event.at)),
            ))
            .execute(tx)
            .await?;
    }
    Ok(())
}

/// Claims waiting rows.
pub(crate) async fn claim_outbox(tx: &mut Conn, limit: i64, lease_micros: i64) -> Result<Vec<Claimed>, Tx> {
    Ok(prepared(
        "UPDATE outbox SET claimed_until = CAST(unixepoch('subsec') * 1000000 AS INTEGER) + $1, attempts = attempts + 1
         WHERE seq IN (
             SELECT seq FROM outbox o
             WHERE done_at IS NULL
               AND (claimed_until IS NULL OR claimed_until <= CAST(unixepoch('subsec') * 1000000 AS INTEGER))
               AND NOT EXISTS (
                   SELECT 1 FROM outbox earlier
                   WHERE earlier.aggregate = o.aggregate AND earlier.seq < o.seq AND earlier.done_at IS NULL
                     AND earlier.claimed_until > CAST(unixepoch('subsec') * 1000000 AS INTEGER))
             ORDER BY seq LIMIT $2)
         RETURNING seq, event_id, aggregate, kind, audience, data, at, attempts - 1 AS attempts",
    )
    .bind::<BigInt, _>(lease_micros)
    .bind::<BigInt, _>(limit)
    .load(tx)
    .await?)
}

/// Marks rows done; says which were not done before.
pub(crate) async fn finish_outbox(tx: &mut Conn, seqs: &[i64]) -> Result<Vec<i64>, Tx> {
    let mut ours = Vec::with_capacity(seqs.len());
    for seq in seqs {
        let done = prepared(
            "UPDATE outbox SET done_at = CAST(unixepoch('subsec') * 1000000 AS INTEGER)
             WHERE seq = $1 AND done_at IS NULL",
        )
        .bind::<BigInt, _>(*seq)
        .execute(tx)
        .await?;
        if done == 1 {
            ours.push(*seq);
        }
    }
    Ok(ours)
}

#[derive(QueryableByName)]
struct HeadRow {
    #[diesel(sql_type = Id)]
    epoch: IdCol,
    #[diesel(sql_type = BigInt)]
    top: i64,
}

/// Moves heads up; a stream that isn't there begins.
pub(crate) async fn grow_streams(
    tx: &mut Conn,
    streams: &[(&StreamKey, i64)],
    ids: &dyn IdSource,
) -> Result<HashMap<String, Grown>, Tx> {
    let mut heads = HashMap::with_capacity(streams.len());
    for (stream, by) in streams {
        let row: HeadRow = prepared(
            "INSERT INTO stream_heads (stream, epoch, top) VALUES ($1, $2, $3)
             ON CONFLICT (stream) DO UPDATE SET top = stream_heads.top + excluded.top
             RETURNING epoch, top",
        )
        .bind::<Text, _>(stream.as_str())
        .bind::<Id, _>(IdCol(ids.uuid(Timestamp::from_micros(0))))
        .bind::<BigInt, _>(*by)
        .get_result(tx)
        .await?;
        heads.insert(stream.as_str().to_owned(), Grown { epoch: row.epoch.0, top: row.top });
    }
    Ok(heads)
}

/// Writes stream rows whose offsets the heads have given out.
pub(crate) async fn append_streams(tx: &mut Conn, events: &[StreamEvent]) -> Result<(), Tx> {
    for event in events {
        diesel::insert_into(stream_events::table)
            .values((
                stream_events::stream.eq(event.stream.as_str()),
                stream_events::position.eq(event.offset),
                stream_events::event_id.eq(IdCol::from(event.event_id)),
                stream_events::kind.eq(&*event.kind),
                stream_events::data.eq(JsonCol(event.data.clone())),
                stream_events::at.eq(TimeCol(event.at)),
            ))
            .execute(tx)
            .await?;
    }
    Ok(())
}

#[derive(QueryableByName)]
struct FenceRow {
    #[diesel(sql_type = BigInt)]
    fence: i64,
}

/// Takes or renews a lease; `None` if somebody else's still runs.
pub(crate) async fn acquire_lease(
    conn: &mut Conn,
    name: &str,
    holder: &str,
    ttl_micros: i64,
) -> Result<Option<i64>, Tx> {
    let rows: Vec<FenceRow> = prepared(
        "INSERT INTO leases (name, holder, fence, expires_at)
         VALUES ($1, $2, 1, CAST(unixepoch('subsec') * 1000000 AS INTEGER) + $3)
         ON CONFLICT (name) DO UPDATE SET
             fence = leases.fence + CASE WHEN leases.holder = excluded.holder
                 AND leases.expires_at > CAST(unixepoch('subsec') * 1000000 AS INTEGER) THEN 0 ELSE 1 END,
             holder = excluded.holder,
             expires_at = excluded.expires_at
         WHERE leases.holder = excluded.holder
            OR leases.expires_at <= CAST(unixepoch('subsec') * 1000000 AS INTEGER)
         RETURNING fence",
    )
    .bind::<Text, _>(name)
    .bind::<Text, _>(holder)
    .bind::<BigInt, _>(ttl_micros)
    .load(conn)
    .await?;
    Ok(rows.into_iter().next().map(|row| row.fence))
}

/// Lets a lease lapse now, if this holder has it.
pub(crate) async fn release_lease(conn: &mut Conn, name: &str, holder: &str) -> Result<(), Tx> {
    prepared(
        "UPDATE leases SET expires_at = CAST(unixepoch('subsec') * 1000000 AS INTEGER)
         WHERE name = $1 AND holder = $2",
    )
    .bind::<Text, _>(name)
    .bind::<Text, _>(holder)
    .execute(conn)
    .await?;
    Ok(())
}
