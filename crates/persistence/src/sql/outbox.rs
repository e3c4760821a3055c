use std::borrow::Cow;
use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use async_trait::async_trait;
use diesel::dsl::{count_star, min};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use kernel::{Event, Outbox, OutboxLag, OutboxRow, StoreError, StreamEvent, StreamKey, Timestamp};

use super::schema::outbox;
use super::{Database, IdCol, JsonCol, TimeCol, batch};

pub(super) struct OutboxTable {
    database: Database,
}

impl OutboxTable {
    pub(super) const fn new(database: Database) -> Self {
        Self { database }
    }
}

/// A claimed row, as both dialects return it.
#[derive(diesel::QueryableByName)]
#[diesel(table_name = outbox)]
pub(crate) struct Claimed {
    seq: i64,
    event_id: IdCol,
    aggregate: String,
    kind: String,
    audience: JsonCol,
    data: JsonCol,
    at: TimeCol,
    attempts: i32,
}

impl Claimed {
    fn into_row(self) -> Result<OutboxRow, StoreError> {
        let audience: Vec<StreamKey> = serde_json::from_value(self.audience.0)
            .map_err(|why| StoreError::broken(format!("an outbox row's audience can't be read: {why}")))?;
        let event = Event {
            id: self.event_id.into(),
            aggregate: self.aggregate,
            kind: Cow::Owned(self.kind),
            audience,
            data: self.data.0,
            at: self.at.into(),
        };
        Ok(OutboxRow { seq: self.seq, attempts: self.attempts, event })
    }
}

#[async_trait]
impl Outbox for OutboxTable {
    async fn claim(&self, limit: i64, lease: Duration) -> Result<Vec<OutboxRow>, StoreError> {
        let micros = i64::try_from(lease.as_micros()).unwrap_or(i64::MAX);
        let rows = self
            .database
            .write(move |tx| Box::pin(async move { batch::claim_outbox(tx, limit, micros).await }))
            .await?;
        let mut rows = rows.into_iter().map(Claimed::into_row).collect::<Result<Vec<_>, _>>()?;
        rows.sort_by_key(|row| row.seq);
        Ok(rows)
    }

    async fn complete(&self, rows: &[OutboxRow]) -> Result<Vec<StreamEvent>, StoreError> {
        let rows = rows.to_vec();
        let database = self.database.clone();
        self.database
            .write(move |tx| {
                Box::pin(async move {
                    let seqs: Vec<i64> = rows.iter().map(|row| row.seq).collect();
                    let ours: HashSet<i64> = batch::finish_outbox(tx, &seqs).await?.into_iter().collect();
                    let mut streams: BTreeMap<&StreamKey, Vec<&Event>> = BTreeMap::new();
                    for row in rows.iter().filter(|row| ours.contains(&row.seq)) {
                        for stream in &row.event.audience {
                            streams.entry(stream).or_default().push(&row.event);
                        }
                    }
                    let grown: Vec<(&StreamKey, i64)> = streams
                        .iter()
                        .map(|(stream, events)| (*stream, i64::try_from(events.len()).unwrap_or(i64::MAX)))
                        .collect();
                    let heads = batch::grow_streams(tx, &grown, database.ids()).await?;
                    let mut appended = Vec::new();
                    for (stream, events) in streams {
                        let head = heads
                            .get(stream.as_str())
                            .ok_or_else(|| StoreError::broken("a stream's head did not come back"))?;
                        let first = head.top - i64::try_from(events.len()).unwrap_or(0);
                        for (offset, event) in (first + 1..).zip(events) {
                            appended.push(StreamEvent {
                                stream: stream.clone(),
                                epoch: head.epoch,
                                offset,
                                event_id: event.id,
                                kind: event.kind.clone(),
                                data: event.data.clone(),
                                at: event.at,
                            });
                        }
                    }
                    batch::append_streams(tx, &appended).await?;
                    Ok(appended)
                })
            })
            .await
    }

    async fn lag(&self) -> Result<OutboxLag, StoreError> {
        let (pending, oldest): (i64, Option<TimeCol>) = self
            .database
            .read(|mut conn| async move {
                outbox::table
                    .filter(outbox::done_at.is_null())
                    .select((count_star(), min(outbox::at)))
                    .first(&mut conn)
                    .await
            })
            .await?;
        Ok(OutboxLag { pending, oldest: oldest.map(Timestamp::from) })
    }

    async fn purge_done(&self, before: Timestamp, limit: i64) -> Result<usize, StoreError> {
        self.database
            .write(move |tx| {
                Box::pin(async move {
                    let old: Vec<i64> = outbox::table
                        .filter(outbox::done_at.lt(TimeCol(before)))
                        .limit(limit)
                        .select(outbox::seq)
                        .load(tx)
                        .await?;
                    Ok(diesel::delete(outbox::table.filter(outbox::seq.eq_any(old))).execute(tx).await?)
                })
            })
            .await
    }
}
