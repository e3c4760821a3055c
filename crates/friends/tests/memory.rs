//! The contract over the memory store, which specifies it.

use std::sync::Arc;
use std::time::Instant;

use kernel::memory::MemoryKernel;
use kernel::{Clock, SeededIds, Timestamp};
use shallweplay_friends::contract::FriendsFixture;
use shallweplay_friends::memory::MemoryFriendStore;

/// Time that passes by itself, from an arbitrary beginning.
struct Passing(Instant);

impl Clock for Passing {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(1_767_225_600_000) + self.0.elapsed()
    }
}

async fn in_memory() -> FriendsFixture {
    let (clock, ids) = (Arc::new(Passing(Instant::now())), Arc::new(SeededIds::new(1)));
    let kernel = MemoryKernel::new(clock.clone(), ids.clone());
    let store = MemoryFriendStore::new(kernel.clone());
    FriendsFixture {
        relations: store.clone(),
        lists: store.clone(),
        links: store,
        blocks: kernel.clone(),
        connections: kernel.clone(),
        outbox: kernel.clone(),
        receipts: kernel,
        clock,
        ids,
        keep: Box::new(()),
    }
}

shallweplay_friends::friend_store_contract!(in_memory());
