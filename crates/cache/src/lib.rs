//! Adapters of the kernel's ports [`Cache`](kernel::Cache), [`Bus`](kernel::Bus) and [`RateLimiter`](kernel::RateLimiter),
//! and of the standings' [`BoardCopies`](standings::BoardCopies):
//!
//! - `in_process`: for one replica with nothing else running;
//! - `redis` (feature of that name): shared by all replicas. Redis may be absent at boot, stall, restart or be flushed:
//!   nobody waits for it longer than one answer timeout, and nothing stale comes back.
//!
//! Both pass the same contract suites, `kernel::contract::{cache, bus, limiter}` and `standings::contract`.

#[cfg(feature = "in-process")]
mod gcra;
#[cfg(feature = "in-process")]
pub mod in_process;
#[cfg(feature = "in-process")]
mod last_known;
#[cfg(feature = "redis")]
pub mod redis;
#[cfg(feature = "in-process")]
mod topics;
