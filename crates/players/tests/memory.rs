//! The contract over the memory stores, which specify it.

use std::sync::Arc;

use kernel::memory::MemoryKernel;
use kernel::{Clock, FakeClock, IdSource, SeededIds};
use shallweplay_players::contract::PlayerFixture;
use shallweplay_players::memory::MemoryPlayerStore;

async fn fixture() -> PlayerFixture {
    let clock: Arc<dyn Clock> = Arc::new(FakeClock::default());
    let ids: Arc<dyn IdSource> = Arc::new(SeededIds::new(1));
    let kernel = MemoryKernel::new(clock, Arc::clone(&ids));
    let store = Arc::new(MemoryPlayerStore::new(Arc::clone(&kernel)));
    PlayerFixture {
        players: store.clone(),
        sessions: store.clone(),
        ws_tickets: store.clone(),
        guard: store,
        outbox: kernel.clone(),
        receipts: kernel,
        ids,
        keep: Box::new(()),
    }
}

shallweplay_players::player_store_contract!(fixture());
