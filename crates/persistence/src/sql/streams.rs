use std::borrow::Cow;
use std::collections::HashMap;

use async_trait::async_trait;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use kernel::{StoreError, StreamEvent, StreamHead, StreamKey, Streams, Timestamp};

use super::schema::{stream_events, stream_heads};
use super::{Database, IdCol, JsonCol, TimeCol, Tx, batch};
use crate::gather::Gather;

/// More streams than this are asked about by themselves.
const FEW: usize = 8;

pub(super) struct StreamTable {
    database: Database,
    /// Asked by every socket that begins to follow something.
    few: Gather<Vec<StreamKey>, Vec<StreamHead>>,
}

impl StreamTable {
    pub(super) fn new(database: Database) -> Self {
        let own = database.clone();
        let few = Gather::new(move |wanted: Vec<Vec<StreamKey>>| {
            let database = own.clone();
            async move {
                let mut all = heads(&database, &wanted.concat()).await?.into_iter();
                Ok(wanted.iter().map(|some| all.by_ref().take(some.len()).collect()).collect())
            }
        });
        Self { database, few }
    }
}

/// The heads of these, made where there are none.
async fn heads(database: &Database, streams: &[StreamKey]) -> Result<Vec<StreamHead>, StoreError> {
    let names: Vec<String> = streams.iter().map(|key| key.as_str().to_owned()).collect();
    let rows: Vec<(String, IdCol, i64)> =
        database
            .read(|mut conn| async move {
                stream_heads::table.filter(stream_heads::stream.eq_any(names)).load(&mut conn).await
            })
            .await?;
    let mut found: HashMap<String, (uuid::Uuid, i64)> =
        rows.into_iter().map(|(stream, epoch, top)| (stream, (epoch.0, top))).collect();
    let mut missing: Vec<StreamKey> = streams.iter().filter(|key| !found.contains_key(key.as_str())).cloned().collect();
    if !missing.is_empty() {
        missing.sort();
        missing.dedup();
        let own = database.clone();
        let made = database
            .write(move |tx| {
                Box::pin(async move {
                    let unchanged: Vec<(&StreamKey, i64)> = missing.iter().map(|key| (key, 0)).collect();
                    batch::grow_streams(tx, &unchanged, own.ids()).await
                })
            })
            .await?;
        found.extend(made.into_iter().map(|(stream, head)| (stream, (head.epoch, head.top))));
    }
    streams
        .iter()
        .map(|key| {
            let (epoch, top) =
                *found.get(key.as_str()).ok_or_else(|| StoreError::broken("a stream's head did not come back"))?;
            Ok(StreamHead { stream: key.clone(), epoch, top })
        })
        .collect()
}

#[async_trait]
impl Streams for StreamTable {
    async fn heads(&self, streams: &[StreamKey]) -> Result<Vec<StreamHead>, StoreError> {
        if streams.len() > FEW { heads(&self.database, streams).await } else { self.few.one(streams.to_vec()).await }
    }

    async fn read(&self, stream: &StreamKey, after: i64, limit: i64) -> Result<Vec<StreamEvent>, StoreError> {
        type Row = (i64, IdCol, IdCol, String, JsonCol, TimeCol);
        let name = stream.as_str().to_owned();
        let rows: Vec<Row> = self
            .database
            .read(|mut conn| async move {
                stream_events::table
                    .inner_join(stream_heads::table.on(stream_heads::stream.eq(stream_events::stream)))
                    .filter(stream_events::stream.eq(name))
                    .filter(stream_events::position.gt(after))
                    .order(stream_events::position)
                    .limit(limit)
                    .select((
                        stream_events::position,
                        stream_heads::epoch,
                        stream_events::event_id,
                        stream_events::kind,
                        stream_events::data,
                        stream_events::at,
                    ))
                    .load(&mut conn)
                    .await
            })
            .await?;
        let event = |(offset, epoch, event_id, kind, data, at): Row| StreamEvent {
            stream: stream.clone(),
            epoch: epoch.0,
            offset,
            event_id: event_id.into(),
            kind: Cow::Owned(kind),
            data: data.0,
            at: at.into(),
        };
        Ok(rows.into_iter().map(event).collect())
    }

    async fn purge(&self, before: Timestamp, limit: i64) -> Result<usize, StoreError> {
        self.database
            .write(move |tx| {
                Box::pin(async move {
                    let old: Vec<(String, i64)> = stream_events::table
                        .filter(stream_events::at.lt(TimeCol(before)))
                        .order(stream_events::at)
                        .limit(limit)
                        .select((stream_events::stream, stream_events::position))
                        .load(tx)
                        .await?;
                    for (stream, position) in &old {
                        diesel::delete(stream_events::table.find((stream, position))).execute(tx).await?;
                    }
                    Ok(old.len())
                })
            })
            .await
    }

    async fn forget(&self, stream: &StreamKey) -> Result<(), StoreError> {
        let delete = diesel::delete(stream_events::table.filter(stream_events::stream.eq(stream.as_str().to_owned())));
        self.database
            .write_one(move |conn| Box::pin(async move { delete.execute(conn).await.map(|_| ()).map_err(Tx::from) }))
            .await
    }
}

/// A head after it grew.
pub(crate) struct Grown {
    pub(crate) epoch: uuid::Uuid,
    pub(crate) top: i64,
}
