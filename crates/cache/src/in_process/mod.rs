//! For one replica with nothing else running: everything lives in this process, bounded.

mod boards;
mod bus;
mod cache;
mod limiter;
mod sorted;

pub use boards::InProcessBoards;
pub use bus::InProcessBus;
pub use cache::InProcessCache;
pub use limiter::InProcessLimiter;
