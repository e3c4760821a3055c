//! The memory store passes the same contract as the databases.
#![cfg(feature = "contract")]

use std::sync::Arc;

use kernel::memory::MemoryKernel;
use kernel::{FakeClock, SeededIds};
use shallweplay_standings::contract::StandingsFixture;
use shallweplay_standings::memory::MemoryStandingsStore;
use shallweplay_standings::standings_store_contract;

async fn in_memory() -> StandingsFixture {
    let ids = Arc::new(SeededIds::new(1));
    let kernel = MemoryKernel::new(Arc::new(FakeClock::default()), ids.clone());
    let store = MemoryStandingsStore::new(kernel.clone());
    StandingsFixture {
        store: store.clone(),
        reads: store.clone(),
        seasons: store,
        commit: kernel.clone(),
        leases: kernel.clone(),
        outbox: kernel,
        ids,
        keep: Box::new(()),
    }
}

standings_store_contract!(in_memory());
