//! The same for SQLite, where a transaction costs no round trips.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use kernel::StoreError;
use players::SecretHash;

use super::sql::players::schema::{players as player_table, sessions};
use super::sql::{Database, PlayerRow, SessionRow};

/// Creates a guest and their session.
pub(crate) async fn create_guest(
    database: &Database,
    player: PlayerRow,
    device: Option<SecretHash>,
    session: SessionRow,
) -> Result<(), StoreError> {
    database
        .write(move |tx| {
            Box::pin(async move {
                let device = device.map(|hash| hash.as_bytes().to_vec());
                let created = diesel::insert_into(player_table::table)
                    .values((player, player_table::device_hash.eq(device)))
                    .on_conflict(player_table::id)
                    .do_nothing()
                    .execute(tx)
                    .await?;
                if created == 0 {
                    return Err(StoreError::Stale.into());
                }
                diesel::insert_into(sessions::table).values(session).execute(tx).await?;
                Ok(())
            })
        })
        .await
}
