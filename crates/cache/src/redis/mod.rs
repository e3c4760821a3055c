//! Shared by all replicas over Redis ≥ 7.
//!
//! One [`RedisClient`] per process carries [`RedisCache`], [`RedisBus`], [`RedisLimiter`] and [`RedisBoards`]. All their
//! commands go through one multiplexed connection behind a circuit breaker: the first answer that is late, or an error,
//! opens it, from then on nobody waits, and a background task closes it when Redis answers again. Nothing in Redis is
//! the only copy of anything; losing all of it costs warm caches, half-used quotas, boards read from the database until
//! they are loaded anew, and a moment of fan-out latency.

mod board_parts;
mod board_scripts;
mod boards;
mod bus;
mod cache;
mod client;
mod limiter;
mod listener;
mod namespaces;
mod outgoing;
mod supervisor;
mod unique;

pub use boards::RedisBoards;
pub use bus::{BusStats, RedisBus};
pub use cache::RedisCache;
pub use client::{RedisClient, RedisConfigError, RedisOptions, RedisStats, RedisStatus};
pub use limiter::RedisLimiter;
