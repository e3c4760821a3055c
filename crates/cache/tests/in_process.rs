//! The in-process adapters against the contracts. Another replica is the same object.

use std::sync::Arc;

use kernel::contract::{bus::BusFixture, cache::CacheFixture, limiter::LimiterFixture};
use shallweplay_cache::in_process::{InProcessBoards, InProcessBus, InProcessCache, InProcessLimiter};
use standings::contract::BoardsFixture;

mod cache {
    use super::*;

    async fn cache() -> CacheFixture {
        let one = Arc::new(InProcessCache::new());
        CacheFixture { here: one.clone(), there: one, keep: Box::new(()) }
    }

    kernel::cache_contract!(cache());
}

mod bus {
    use super::*;

    async fn bus() -> BusFixture {
        let one = Arc::new(InProcessBus::new());
        BusFixture { here: one.clone(), there: one, keep: Box::new(()) }
    }

    kernel::bus_contract!(bus());
}

mod limiter {
    use super::*;

    async fn limiter() -> LimiterFixture {
        let one = Arc::new(InProcessLimiter::new());
        LimiterFixture { here: one.clone(), there: one, keep: Box::new(()) }
    }

    kernel::rate_limiter_contract!(limiter());
}

mod boards {
    use super::*;

    async fn boards() -> BoardsFixture {
        let one = Arc::new(InProcessBoards::new());
        BoardsFixture { here: one.clone(), there: one, keep: Box::new(()) }
    }

    standings::board_copies_contract!(boards());
}
