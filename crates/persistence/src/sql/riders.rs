//! What rides in any change, applied in its transaction. A store's commit is [`board`], its own writes, [`alight`].

use async_trait::async_trait;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use kernel::{Commit, Lease, Riders, StoreError};

use super::schema::leases;
use super::{Database, Tx, audit, batch, blocks, dialect, engagements, games, receipts};

/// Before the domain's own writes: the fence, the receipt, who must not be apart, the engagements.
pub(super) async fn board(tx: &mut dialect::Conn, riders: &Riders) -> Result<(), Tx> {
    if let Some(lease) = &riders.fence {
        check_fence(tx, lease).await?;
    }
    if let Some(receipt) = &riders.receipt {
        receipts::write(tx, receipt).await?;
    }
    blocks::check_together(tx, &riders.together).await?;
    engagements::engage(tx, &riders.engage).await
}

/// After the domain's own writes, which have locked its rows: blocks, cool-downs, the games to open, the audit entry, then the
/// events, so that those of one aggregate are numbered in the order of their commits.
pub(super) async fn alight(tx: &mut dialect::Conn, riders: &Riders) -> Result<(), Tx> {
    blocks::change(tx, &riders.blocks).await?;
    batch::cool_down(tx, &riders.cool_downs).await?;
    games::open(tx, &riders.open_games).await?;
    if let Some(entry) = &riders.audit {
        audit::write(tx, entry).await?;
    }
    batch::append_outbox(tx, &riders.events).await
}

/// Holds the lease's row until the transaction ends, so that no new leader can act before it.
pub(super) async fn check_fence(tx: &mut dialect::Conn, lease: &Lease) -> Result<(), Tx> {
    let newest: Option<i64> =
        batch::lock_for_share!(leases::table.find(&lease.name).select(leases::fence)).first(tx).await.optional()?;
    if newest == Some(lease.fence.0) { Ok(()) } else { Err(StoreError::Fenced.into()) }
}

#[async_trait]
impl Commit for Database {
    async fn commit(&self, riders: Riders) -> Result<(), StoreError> {
        self.write(move |tx| {
            Box::pin(async move {
                board(tx, &riders).await?;
                alight(tx, &riders).await
            })
        })
        .await
    }
}
