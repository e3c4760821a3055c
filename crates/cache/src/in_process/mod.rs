//! For one replica with nothing else running: everything lives in this process, bounded.

mod bus;
mod cache;
mod limiter;

pub use bus::InProcessBus;
pub use cache::InProcessCache;
pub use limiter::InProcessLimiter;
