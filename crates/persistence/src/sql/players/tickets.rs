use async_trait::async_trait;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use kernel::{StoreError, Timestamp};
use players::{SecretHash, WsTicket, WsTicketStore};

use super::super::{IdCol, TimeCol};
use super::PlayerTables;
use super::schema::ws_tickets;

#[async_trait]
impl WsTicketStore for PlayerTables {
    async fn put_ws_ticket(&self, secret: &SecretHash, ticket: WsTicket) -> Result<(), StoreError> {
        let secret = secret.as_bytes().to_vec();
        self.database
            .write_one(move |conn| {
                Box::pin(async move {
                    diesel::insert_into(ws_tickets::table)
                        .values((
                            ws_tickets::secret_hash.eq(secret),
                            ws_tickets::player_id.eq(IdCol::from(ticket.player_id)),
                            ws_tickets::session_id.eq(IdCol::from(ticket.session_id)),
                            ws_tickets::expires_at.eq(TimeCol(ticket.expires_at)),
                        ))
                        .execute(conn)
                        .await?;
                    Ok(())
                })
            })
            .await
    }

    async fn take_ws_ticket(&self, secret: &SecretHash) -> Result<Option<WsTicket>, StoreError> {
        let secret = secret.as_bytes().to_vec();
        let row: Option<(IdCol, IdCol, TimeCol)> = self
            .database
            .write_one(move |conn| {
                Box::pin(async move {
                    let taken = diesel::delete(ws_tickets::table.find(secret))
                        .returning((ws_tickets::player_id, ws_tickets::session_id, ws_tickets::expires_at))
                        .get_result(conn)
                        .await;
                    Ok(taken.optional()?)
                })
            })
            .await?;
        Ok(row.map(|(player, session, expires_at)| WsTicket {
            player_id: player.into(),
            session_id: session.into(),
            expires_at: expires_at.into(),
        }))
    }

    async fn purge_ws_tickets(&self, before: Timestamp, limit: i64) -> Result<usize, StoreError> {
        self.database
            .write(move |tx| {
                Box::pin(async move {
                    let old: Vec<Vec<u8>> = ws_tickets::table
                        .filter(ws_tickets::expires_at.lt(TimeCol(before)))
                        .order(ws_tickets::expires_at)
                        .limit(limit)
                        .select(ws_tickets::secret_hash)
                        .load(tx)
                        .await?;
                    let mut gone = 0;
                    for secret in old {
                        gone += diesel::delete(ws_tickets::table.find(secret)).execute(tx).await?;
                    }
                    Ok(gone)
                })
            })
            .await
    }
}
