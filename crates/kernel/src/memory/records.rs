//! Receipts, the audit log and leases.

use std::time::Duration;

use async_trait::async_trait;
use uuid::Uuid;

use super::{Held, MemoryKernel};
use crate::{
    AuditEntry, AuditLog, Fence, Lease, Leases, Page, PageLimit, PlayerId, Receipt, ReceiptKey, ReceiptRecord,
    ReceiptReply, Receipts, StoreError, Timestamp,
};

#[async_trait]
impl Receipts for MemoryKernel {
    async fn find(&self, key: &ReceiptKey) -> Result<Option<ReceiptRecord>, StoreError> {
        Ok(self.lock().receipts.get(key).cloned())
    }

    async fn attach(&self, key: &ReceiptKey, reply: &ReceiptReply) -> Result<bool, StoreError> {
        let mut state = self.lock();
        let bare = state.receipts.get_mut(key).filter(|record| record.reply.is_none());
        Ok(bare.map(|record| record.reply = Some(reply.clone())).is_some())
    }

    async fn record(&self, receipt: Receipt, reply: ReceiptReply) -> Result<(), StoreError> {
        let key = receipt.key.clone();
        self.lock().receipts.entry(key).or_insert(ReceiptRecord { receipt, reply: Some(reply) });
        Ok(())
    }

    async fn purge(&self, before: Timestamp, limit: i64) -> Result<usize, StoreError> {
        let mut state = self.lock();
        let limit = usize::try_from(limit).unwrap_or(0);
        let old: Vec<_> =
            state.receipts.iter().filter(|(_, r)| r.receipt.at < before).map(|(k, _)| k.clone()).take(limit).collect();
        for key in &old {
            state.receipts.remove(key);
        }
        Ok(old.len())
    }

    async fn forget(&self, player: PlayerId) -> Result<(), StoreError> {
        self.lock().receipts.retain(|key, _| key.player != player);
        Ok(())
    }
}

#[async_trait]
impl AuditLog for MemoryKernel {
    async fn page(
        &self,
        subject: Option<&str>,
        after: Option<Uuid>,
        limit: PageLimit,
    ) -> Result<Page<AuditEntry, Uuid>, StoreError> {
        let state = self.lock();
        let wanted = |entry: &&AuditEntry| {
            subject.is_none_or(|subject| entry.subject == subject) && after.is_none_or(|after| entry.id < after)
        };
        let mut items: Vec<_> = state.audit.values().rev().filter(wanted).cloned().collect();
        let more = items.len() > usize::from(limit.get());
        items.truncate(usize::from(limit.get()));
        let next = if more { items.last().map(|entry| entry.id) } else { None };
        Ok(Page { items, next })
    }
}

#[async_trait]
impl Leases for MemoryKernel {
    async fn acquire(&self, name: &str, holder: &str, ttl: Duration) -> Result<Option<Lease>, StoreError> {
        let now = self.clock.now();
        let mut state = self.lock();
        let held = state.leases.entry(name.to_owned()).or_insert_with(|| Held {
            holder: String::new(),
            fence: 0,
            expires_at: Timestamp::from_micros(0),
        });
        if held.holder != holder {
            if held.expires_at > now {
                return Ok(None);
            }
            holder.clone_into(&mut held.holder);
            held.fence += 1;
        } else if held.expires_at <= now {
            // Lapsed in between: somebody could have acted, so the old fence is spent.
            held.fence += 1;
        }
        held.expires_at = now + ttl;
        Ok(Some(Lease { name: name.to_owned(), fence: Fence(held.fence) }))
    }

    async fn release(&self, name: &str, holder: &str) -> Result<(), StoreError> {
        let now = self.clock.now();
        if let Some(held) = self.lock().leases.get_mut(name).filter(|held| held.holder == holder) {
            held.expires_at = now;
        }
        Ok(())
    }
}
