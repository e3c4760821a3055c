//! The memory kernel passes the same contract as the databases.

use std::sync::Arc;
use std::time::Instant;

use shallweplay_kernel::contract::mechanisms::MechanismsFixture;
use shallweplay_kernel::memory::MemoryKernel;
use shallweplay_kernel::{Clock, SeededIds, Timestamp, mechanisms_contract};

/// Time that passes by itself, from an arbitrary beginning.
struct Passing(Instant);

impl Clock for Passing {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(1_767_225_600_000) + self.0.elapsed()
    }
}

async fn in_memory() -> MechanismsFixture {
    let clock = Arc::new(Passing(Instant::now()));
    let ids = Arc::new(SeededIds::new(1));
    let kernel = MemoryKernel::new(clock.clone(), ids.clone());
    MechanismsFixture {
        commit: kernel.clone(),
        engagements: kernel.clone(),
        audit: kernel.clone(),
        blocks: kernel.clone(),
        connections: kernel.clone(),
        receipts: kernel.clone(),
        outbox: kernel.clone(),
        streams: kernel.clone(),
        leases: kernel,
        clock,
        ids,
        keep: Box::new(()),
    }
}

mechanisms_contract!(in_memory());
