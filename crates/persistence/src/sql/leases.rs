use std::time::Duration;

use async_trait::async_trait;
use kernel::{Fence, Lease, Leases, StoreError};

use super::{Database, batch};

pub(super) struct LeaseTable {
    database: Database,
}

impl LeaseTable {
    pub(super) const fn new(database: Database) -> Self {
        Self { database }
    }
}

#[async_trait]
impl Leases for LeaseTable {
    async fn acquire(&self, name: &str, holder: &str, ttl: Duration) -> Result<Option<Lease>, StoreError> {
        let (lease, holder) = (name.to_owned(), holder.to_owned());
        let micros = i64::try_from(ttl.as_micros()).unwrap_or(i64::MAX);
        let fence = self
            .database
            .write_one(move |conn| Box::pin(async move { batch::acquire_lease(conn, &lease, &holder, micros).await }))
            .await?;
        Ok(fence.map(|fence| Lease { name: name.to_owned(), fence: Fence(fence) }))
    }

    async fn release(&self, name: &str, holder: &str) -> Result<(), StoreError> {
        let (lease, holder) = (name.to_owned(), holder.to_owned());
        self.database
            .write_one(move |conn| Box::pin(async move { batch::release_lease(conn, &lease, &holder).await }))
            .await
    }
}
