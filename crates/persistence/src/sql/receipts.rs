use async_trait::async_trait;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use kernel::{PlayerId, Receipt, ReceiptKey, ReceiptRecord, ReceiptReply, Receipts, StoreError, Timestamp};

use super::schema::receipts;
use super::{Database, IdCol, JsonCol, TimeCol, Tx, dialect};

pub(super) struct ReceiptTable {
    database: Database,
}

impl ReceiptTable {
    pub(super) const fn new(database: Database) -> Self {
        Self { database }
    }
}

type Row = (Vec<u8>, JsonCol, TimeCol, Option<i32>, Option<String>);

#[async_trait]
impl Receipts for ReceiptTable {
    async fn find(&self, key: &ReceiptKey) -> Result<Option<ReceiptRecord>, StoreError> {
        let wanted = key.clone();
        let row: Option<Row> = self
            .database
            .read(|mut conn| async move {
                receipts::table
                    .find((IdCol::from(wanted.player), wanted.route, wanted.key))
                    .select((receipts::body_hash, receipts::outcome, receipts::at, receipts::status, receipts::body))
                    .first(&mut conn)
                    .await
                    .optional()
            })
            .await?;
        let Some((hash, outcome, at, status, body)) = row else {
            return Ok(None);
        };
        let body_hash = hash.try_into().map_err(|_| StoreError::broken("a receipt's hash isn't 32 bytes"))?;
        let reply = match (status.and_then(|status| u16::try_from(status).ok()), body) {
            (Some(status), Some(body)) => Some(ReceiptReply { status, body }),
            _ => None,
        };
        let receipt = Receipt { key: key.clone(), body_hash, outcome: outcome.0, at: at.into() };
        Ok(Some(ReceiptRecord { receipt, reply }))
    }

    async fn attach(&self, key: &ReceiptKey, reply: &ReceiptReply) -> Result<bool, StoreError> {
        let (key, reply) = (key.clone(), reply.clone());
        self.database
            .write_one(move |conn| {
                Box::pin(async move {
                    let attached = diesel::update(receipts::table.find((IdCol::from(key.player), key.route, key.key)))
                        .filter(receipts::status.is_null())
                        .set((receipts::status.eq(i32::from(reply.status)), receipts::body.eq(reply.body)))
                        .execute(conn)
                        .await?;
                    Ok(attached == 1)
                })
            })
            .await
    }

    async fn record(&self, receipt: Receipt, reply: ReceiptReply) -> Result<(), StoreError> {
        self.database
            .write_one(move |conn| {
                Box::pin(async move {
                    diesel::insert_into(receipts::table)
                        .values((
                            values(&receipt),
                            receipts::status.eq(i32::from(reply.status)),
                            receipts::body.eq(reply.body),
                        ))
                        .on_conflict_do_nothing()
                        .execute(conn)
                        .await?;
                    Ok(())
                })
            })
            .await
    }

    async fn purge(&self, before: Timestamp, limit: i64) -> Result<usize, StoreError> {
        self.database
            .write(move |tx| {
                Box::pin(async move {
                    let old: Vec<(IdCol, String, String)> = receipts::table
                        .filter(receipts::at.lt(TimeCol(before)))
                        .order(receipts::at)
                        .limit(limit)
                        .select((receipts::player_id, receipts::route, receipts::key))
                        .load(tx)
                        .await?;
                    for key in &old {
                        diesel::delete(receipts::table.find((key.0, &key.1, &key.2))).execute(tx).await?;
                    }
                    Ok(old.len())
                })
            })
            .await
    }

    async fn forget(&self, player: PlayerId) -> Result<(), StoreError> {
        let delete = diesel::delete(receipts::table.filter(receipts::player_id.eq(IdCol::from(player))));
        self.database
            .write_one(move |conn| Box::pin(async move { delete.execute(conn).await.map(|_| ()).map_err(Tx::from) }))
            .await
    }
}

type Values<'a> = (
    diesel::dsl::Eq<receipts::player_id, IdCol>,
    diesel::dsl::Eq<receipts::route, &'a str>,
    diesel::dsl::Eq<receipts::key, &'a str>,
    diesel::dsl::Eq<receipts::body_hash, &'a [u8]>,
    diesel::dsl::Eq<receipts::outcome, JsonCol>,
    diesel::dsl::Eq<receipts::at, TimeCol>,
);

fn values(receipt: &Receipt) -> Values<'_> {
    (
        receipts::player_id.eq(IdCol::from(receipt.key.player)),
        receipts::route.eq(receipt.key.route.as_str()),
        receipts::key.eq(receipt.key.key.as_str()),
        receipts::body_hash.eq(receipt.body_hash.as_slice()),
        receipts::outcome.eq(JsonCol(receipt.outcome.clone())),
        receipts::at.eq(TimeCol(receipt.at)),
    )
}

/// Writes the receipt of a change. A twin that is still running makes this wait for its end; one that has ended makes
/// this answer [`StoreError::Replayed`].
pub(super) async fn write(tx: &mut dialect::Conn, receipt: &Receipt) -> Result<(), Tx> {
    let written =
        diesel::insert_into(receipts::table).values(values(receipt)).on_conflict_do_nothing().execute(tx).await?;
    if written == 1 { Ok(()) } else { Err(StoreError::Replayed.into()) }
}
