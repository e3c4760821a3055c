//! The statements that PostgreSQL can say for many rows at once, and those that need its locks.

use std::collections::HashMap;

use diesel::QueryableByName;
use diesel::sql_types::{Array, BigInt, Int4, Nullable, Text};
use diesel_async::RunQueryDsl;
use kernel::{BoxError, CoolDown, Engage, Event, IdSource, PlayerId, StoreError, StreamEvent, StreamKey, Timestamp};

use super::dialect::{Conn, Id, Instant, Json};
use super::sql::{Claimed, Grown, IdCol, JsonCol, TimeCol, Tx};
use crate::prepared::prepared;

/// `FOR SHARE`: readers pass, a writer waits for our end.
macro_rules! lock_for_share {
    ($query:expr) => {
        $query.for_share()
    };
}
pub(crate) use lock_for_share;

/// Class of the advisory locks under which players are brought together, or keep apart from now on.
const COMPANY_LOCKS: i32 = 0x5357_5002;

/// These players are brought together by many at once, but until our end by nobody who doesn't see the blocks there are:
/// else two could meet across a block that was taken up between the look and the meeting.
pub(crate) async fn lock_company(tx: &mut Conn, players: &[IdCol]) -> Result<(), Tx> {
    prepared(
        "SELECT pg_advisory_xact_lock_shared($1, h)
         FROM (SELECT DISTINCT hashtext(CAST(p AS text)) AS h FROM unnest($2) AS p ORDER BY h) AS hashed",
    )
    .bind::<Int4, _>(COMPANY_LOCKS)
    .bind::<Array<Id>, _>(players)
    .execute(tx)
    .await?;
    Ok(())
}

/// Waits until nobody is about to bring these players together, and lets nobody until our end.
pub(crate) async fn lock_alone(tx: &mut Conn, players: &[IdCol]) -> Result<(), Tx> {
    if players.is_empty() {
        return Ok(());
    }
    prepared(
        "SELECT pg_advisory_xact_lock($1, h)
         FROM (SELECT DISTINCT hashtext(CAST(p AS text)) AS h FROM unnest($2) AS p ORDER BY h) AS hashed",
    )
    .bind::<Int4, _>(COMPANY_LOCKS)
    .bind::<Array<Id>, _>(players)
    .execute(tx)
    .await?;
    Ok(())
}

#[derive(QueryableByName)]
struct Moved {
    #[diesel(sql_type = Id)]
    player_id: IdCol,
}

/// Carries out compare-and-sets, given in player order; says whose held. Rows are locked in that order.
pub(crate) async fn engage(tx: &mut Conn, steps: &[Engage]) -> Result<Vec<PlayerId>, Tx> {
    let statement = prepared(
        "WITH step AS (
            SELECT * FROM unnest($1, $2, $3, $4, $5) AS s (player_id, from_kind, from_subject, to_kind, to_subject)
        ), held AS MATERIALIZED (
            SELECT player_id FROM engagements WHERE player_id IN (SELECT player_id FROM step)
            ORDER BY player_id FOR UPDATE
        ), moved AS (
            UPDATE engagements e SET kind = s.to_kind, subject = s.to_subject
            FROM step s JOIN held h ON h.player_id = s.player_id
            WHERE e.player_id = s.player_id AND s.from_kind <> 'idle'
              AND e.kind = s.from_kind AND e.subject = s.from_subject
            RETURNING e.player_id
        ), begun AS (
            INSERT INTO engagements AS e (player_id, kind, subject)
            SELECT player_id, to_kind, to_subject FROM step WHERE from_kind = 'idle' ORDER BY player_id
            ON CONFLICT (player_id) DO UPDATE SET kind = excluded.kind, subject = excluded.subject
            WHERE e.kind = 'idle'
            RETURNING e.player_id
        )
        SELECT player_id FROM moved UNION ALL SELECT player_id FROM begun",
    );
    let moved: Vec<Moved> = statement
        .bind::<Array<Id>, _>(steps.iter().map(|s| IdCol::from(s.player)).collect::<Vec<_>>())
        .bind::<Array<Text>, _>(steps.iter().map(|s| s.from.name()).collect::<Vec<_>>())
        .bind::<Array<Nullable<Id>>, _>(steps.iter().map(|s| s.from.subject().map(IdCol)).collect::<Vec<_>>())
        .bind::<Array<Text>, _>(steps.iter().map(|s| s.to.name()).collect::<Vec<_>>())
        .bind::<Array<Nullable<Id>>, _>(steps.iter().map(|s| s.to.subject().map(IdCol)).collect::<Vec<_>>())
        .load(tx)
        .await?;
    Ok(moved.into_iter().map(|row| row.player_id.into()).collect())
}

/// Writes cool-downs; of several the latest end counts.
pub(crate) async fn cool_down(tx: &mut Conn, cool_downs: &[CoolDown]) -> Result<(), Tx> {
    if cool_downs.is_empty() {
        return Ok(());
    }
    prepared(
        "INSERT INTO cool_downs AS c (player_id, until)
         SELECT player_id, max(until) FROM unnest($1, $2) AS d (player_id, until) GROUP BY player_id ORDER BY player_id
         ON CONFLICT (player_id) DO UPDATE SET until = greatest(c.until, excluded.until)",
    )
    .bind::<Array<Id>, _>(cool_downs.iter().map(|c| IdCol::from(c.player)).collect::<Vec<_>>())
    .bind::<Array<Instant>, _>(cool_downs.iter().map(|c| TimeCol(c.until)).collect::<Vec<_>>())
    .execute(tx)
    .await?;
    Ok(())
}

/// Writes events, numbered in the order given.
pub(crate) async fn append_outbox(tx: &mut Conn, events: &[Event]) -> Result<(), Tx> {
    if events.is_empty() {
        return Ok(());
    }
    let audiences = events
        .iter()
        .map(|event| serde_json::to_value(&event.audience).map(JsonCol))
        .collect::<Result<Vec<_>, _>>()
        .map_err(|why| StoreError::Broken(BoxError::from(why)))?;
    prepared(
        "INSERT INTO outbox (event_id, aggregate, kind, audience, data, at)
         SELECT event_id, aggregate, kind, audience, data, at
         FROM unnest($1, $2, $3, $4, $5, $6) WITH ORDINALITY
              AS e (event_id, aggregate, kind, audience, data, at, nth)
         ORDER BY nth",
    )
    .bind::<Array<Id>, _>(events.iter().map(|e| IdCol::from(e.id)).collect::<Vec<_>>())
    .bind::<Array<Text>, _>(events.iter().map(|e| e.aggregate.as_str()).collect::<Vec<_>>())
    .bind::<Array<Text>, _>(events.iter().map(|e| &*e.kind).collect::<Vec<_>>())
    .bind::<Array<Json>, _>(audiences)
    .bind::<Array<Json>, _>(events.iter().map(|e| JsonCol(e.data.clone())).collect::<Vec<_>>())
    .bind::<Array<Instant>, _>(events.iter().map(|e| TimeCol(e.at)).collect::<Vec<_>>())
    .execute(tx)
    .await?;
    Ok(())
}

/// Key of the advisory lock under which outbox rows are claimed.
const CLAIM_LOCK: i64 = 0x5357_5001;

/// Claims waiting rows. Claims take turns: with `SKIP LOCKED` alone, a relay could pass over an aggregate's first event
/// that another is just claiming, and take its second.
pub(crate) async fn claim_outbox(tx: &mut Conn, limit: i64, lease_micros: i64) -> Result<Vec<Claimed>, Tx> {
    // A claim that a crash forgets is merely given out again, so it needn't wait for the disk.
    prepared("SELECT pg_advisory_xact_lock($1), set_config('synchronous_commit', 'off', true)")
        .bind::<BigInt, _>(CLAIM_LOCK)
        .execute(tx)
        .await?;
    Ok(prepared(
        "UPDATE outbox SET claimed_until = clock_timestamp() + $1 * interval '1 microsecond', attempts = attempts + 1
         WHERE seq IN (
             SELECT seq FROM outbox o
             WHERE done_at IS NULL AND (claimed_until IS NULL OR claimed_until <= clock_timestamp())
               AND NOT EXISTS (
                   SELECT 1 FROM outbox earlier
                   WHERE earlier.aggregate = o.aggregate AND earlier.seq < o.seq AND earlier.done_at IS NULL
                     AND earlier.claimed_until > clock_timestamp())
             ORDER BY seq LIMIT $2)
         RETURNING seq, event_id, aggregate, kind, audience, data, at, attempts - 1 AS attempts",
    )
    .bind::<BigInt, _>(lease_micros)
    .bind::<BigInt, _>(limit)
    .load(tx)
    .await?)
}

#[derive(QueryableByName)]
struct Seq {
    #[diesel(sql_type = BigInt)]
    seq: i64,
}

/// Marks rows done; says which were not done before.
pub(crate) async fn finish_outbox(tx: &mut Conn, seqs: &[i64]) -> Result<Vec<i64>, Tx> {
    let rows: Vec<Seq> = prepared(
        "UPDATE outbox SET done_at = clock_timestamp() WHERE seq = ANY ($1) AND done_at IS NULL RETURNING seq",
    )
    .bind::<Array<BigInt>, _>(seqs)
    .load(tx)
    .await?;
    Ok(rows.into_iter().map(|row| row.seq).collect())
}

#[derive(QueryableByName)]
struct HeadRow {
    #[diesel(sql_type = Text)]
    stream: String,
    #[diesel(sql_type = Id)]
    epoch: IdCol,
    #[diesel(sql_type = BigInt)]
    top: i64,
}

/// Moves heads up, given in stream order, and locks them; a stream that isn't there begins.
pub(crate) async fn grow_streams(
    tx: &mut Conn,
    streams: &[(&StreamKey, i64)],
    ids: &dyn IdSource,
) -> Result<HashMap<String, Grown>, Tx> {
    if streams.is_empty() {
        return Ok(HashMap::new());
    }
    let epochs = streams.iter().map(|_| IdCol(ids.uuid(Timestamp::from_micros(0)))).collect::<Vec<_>>();
    let rows: Vec<HeadRow> = prepared(
        "INSERT INTO stream_heads AS h (stream, epoch, top)
         SELECT stream, epoch, by FROM unnest($1, $2, $3) AS s (stream, epoch, by)
         ON CONFLICT (stream) DO UPDATE SET top = h.top + excluded.top
         RETURNING h.stream, h.epoch, h.top",
    )
    .bind::<Array<Text>, _>(streams.iter().map(|(stream, _)| stream.as_str()).collect::<Vec<_>>())
    .bind::<Array<Id>, _>(epochs)
    .bind::<Array<BigInt>, _>(streams.iter().map(|(_, by)| *by).collect::<Vec<_>>())
    .load(tx)
    .await?;
    Ok(rows.into_iter().map(|row| (row.stream, Grown { epoch: row.epoch.0, top: row.top })).collect())
}

/// Writes stream rows whose offsets the heads have given out.
pub(crate) async fn append_streams(tx: &mut Conn, events: &[StreamEvent]) -> Result<(), Tx> {
    if events.is_empty() {
        return Ok(());
    }
    prepared(
        "INSERT INTO stream_events (stream, position, event_id, kind, data, at)
         SELECT * FROM unnest($1, $2, $3, $4, $5, $6)",
    )
    .bind::<Array<Text>, _>(events.iter().map(|e| e.stream.as_str()).collect::<Vec<_>>())
    .bind::<Array<BigInt>, _>(events.iter().map(|e| e.offset).collect::<Vec<_>>())
    .bind::<Array<Id>, _>(events.iter().map(|e| IdCol::from(e.event_id)).collect::<Vec<_>>())
    .bind::<Array<Text>, _>(events.iter().map(|e| &*e.kind).collect::<Vec<_>>())
    .bind::<Array<Json>, _>(events.iter().map(|e| JsonCol(e.data.clone())).collect::<Vec<_>>())
    .bind::<Array<Instant>, _>(events.iter().map(|e| TimeCol(e.at)).collect::<Vec<_>>())
    .execute(tx)
    .await?;
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
        "INSERT INTO leases AS l (name, holder, fence, expires_at)
         VALUES ($1, $2, 1, clock_timestamp() + $3 * interval '1 microsecond')
         ON CONFLICT (name) DO UPDATE SET
             fence = l.fence + CASE WHEN l.holder = excluded.holder AND l.expires_at > clock_timestamp()
                               THEN 0 ELSE 1 END,
             holder = excluded.holder,
             expires_at = excluded.expires_at
         WHERE l.holder = excluded.holder OR l.expires_at <= clock_timestamp()
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
    prepared("UPDATE leases SET expires_at = clock_timestamp() WHERE name = $1 AND holder = $2")
        .bind::<Text, _>(name)
        .bind::<Text, _>(holder)
        .execute(conn)
        .await?;
    Ok(())
}
