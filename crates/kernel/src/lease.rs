use std::time::Duration;

use async_trait::async_trait;

use crate::StoreError;

/// Rises with every change of holder. Whoever acts on a lease shows its fence, and an outdated one changes nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fence(pub i64);

/// A lease held: its name and the fence to show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// What is led, such as `matchmaking:duel`.
    pub name: String,
    /// The fence of this holding.
    pub fence: Fence,
}

/// Leases in the database, by the database's clock.
#[async_trait]
pub trait Leases: Send + Sync {
    /// Takes the lease for `ttl` if it is free, lapsed, or already `holder`'s (then it is renewed under the same fence).
    /// `None`: somebody else holds it.
    async fn acquire(&self, name: &str, holder: &str, ttl: Duration) -> Result<Option<Lease>, StoreError>;

    /// Gives it back at once, if `holder` still has it.
    async fn release(&self, name: &str, holder: &str) -> Result<(), StoreError>;
}
