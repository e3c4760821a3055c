//! The memory store passes the same contract as the databases.
#![cfg(feature = "contract")]

use std::sync::Arc;

use kernel::memory::MemoryKernel;
use kernel::{FakeClock, SeededIds};
use shallweplay_games::contract::GamesFixture;
use shallweplay_games::game_store_contract;
use shallweplay_games::memory::MemoryGameStore;

async fn in_memory() -> GamesFixture {
    let ids = Arc::new(SeededIds::new(1));
    let kernel = MemoryKernel::new(Arc::new(FakeClock::default()), ids.clone());
    let store = MemoryGameStore::new(kernel.clone());
    GamesFixture {
        store: store.clone(),
        modes: store.clone(),
        invites: store.clone(),
        attendance: store.clone(),
        cases: store,
        connections: kernel.clone(),
        commit: kernel.clone(),
        engagements: kernel.clone(),
        receipts: kernel.clone(),
        audit: kernel.clone(),
        outbox: kernel,
        ids,
        keep: Box::new(()),
    }
}

game_store_contract!(in_memory());
