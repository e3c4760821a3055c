//! Leases and their fences.

use std::time::Duration;

use super::{LONG, MechanismsFixture};
use crate::contract::{Pace, all_at_once};
use crate::{Riders, StoreError};

/// Renewed by its holder, refused to others, free when released.
pub async fn a_lease_has_one_holder(f: &MechanismsFixture, pace: Pace) {
    let results = all_at_once((0..8).map(|n| {
        let holder = format!("replica-{n}");
        async move { (f.leases.acquire("l", &holder, LONG).await, holder) }
    }))
    .await;
    let mut won: Vec<_> = results.into_iter().filter_map(|(r, h)| Some((r.ok().flatten()?, h))).collect();
    assert_eq!(won.len(), 1);
    let (lease, holder) = won.remove(0);
    assert_eq!(f.leases.acquire("l", &holder, LONG).await.expect("renews"), Some(lease.clone()));
    f.leases.release("l", "somebody else").await.expect("does nothing");
    assert_eq!(f.leases.acquire("l", "somebody else", LONG).await.expect("answers"), None);
    f.leases.release("l", &holder).await.expect("releases");
    pace.until("the released lease is free", async || {
        let taken = f.leases.acquire("l", "somebody else", LONG).await.expect("answers");
        taken.is_some_and(|taken| taken.fence > lease.fence)
    })
    .await;
}

/// Each change of hands raises the fence.
pub async fn a_lapsed_lease_changes_hands_under_a_higher_fence(f: &MechanismsFixture, pace: Pace) {
    let first = f.leases.acquire("l", "a", Duration::from_millis(1)).await.expect("answers").expect("it was free");
    pace.until("the lease lapses", async || {
        let second = f.leases.acquire("l", "b", LONG).await.expect("answers");
        second.is_some_and(|second| second.fence > first.fence)
    })
    .await;
    assert_eq!(f.leases.acquire("l", "a", LONG).await.expect("answers"), None);
}

/// A leader that was asleep does no harm when it wakes.
pub async fn an_outdated_fence_changes_nothing(f: &MechanismsFixture, pace: Pace) {
    let old = f.leases.acquire("l", "a", Duration::from_millis(1)).await.expect("answers").expect("it was free");
    let new = std::sync::Mutex::new(None);
    pace.until("the lease lapses", async || {
        let taken = f.leases.acquire("l", "b", LONG).await.expect("answers");
        new.lock().expect("not poisoned").clone_from(&taken);
        taken.is_some()
    })
    .await;
    let change = |lease| Riders { fence: lease, events: vec![f.event("a:1", &[], 1)], ..Riders::default() };
    assert!(matches!(f.commit.commit(change(Some(old))).await, Err(StoreError::Fenced)));
    assert!(f.claim().await.is_empty());
    let new = new.lock().expect("not poisoned").clone();
    f.commit.commit(change(new)).await.expect("the newest fence holds");
    assert_eq!(f.claim().await.len(), 1);
}
