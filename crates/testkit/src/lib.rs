//! Development only: what the tests, the benchmarks and `cargo xtask` need
//! around the service, and nothing of the service itself. This crate depends
//! on none of ours, so that every one of them may use it in its tests.
//!
//! - [`services`] finds PostgreSQL and Redis, or starts private ones;
//! - [`postgres`], [`redis`] and [`sqlite`] give a test something of its own
//!   to write to, and servers that may be paused, killed and restarted;
//! - [`ws`] is a WebSocket client, polite ([`ws::Client`]) or raw ([`ws::raw`]);
//! - [`http`] is one keep-alive HTTP/1.1 connection;
//! - [`proxy`] stands in front of Redis and makes the line fail;
//! - [`process`] runs a built binary and watches it.
//!
//! What fails in a scratch helper fails the test: those helpers panic with a
//! sentence. [`services`] returns [`Failure`] instead, for `cargo xtask`.

#![warn(missing_docs)]

pub mod contract;
mod failure;
pub mod http;
pub mod ports;
pub mod postgres;
pub mod process;
pub mod proxy;
pub mod random;
pub mod redis;
pub mod services;
pub mod signals;
pub mod sqlite;
mod watchdog;
pub mod ws;

pub use failure::Failure;
