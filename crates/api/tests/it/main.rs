//! The built binary from outside, in both worlds: embedded, and two replicas on PostgreSQL and Redis. What is asserted
//! here is what clients rely on; rules of the domains are tested in their own crates.

#[macro_use]
mod worlds;

mod app;
mod client;
mod played;
mod players;
mod sockets;
mod staff;
mod tokens;
mod wait;

mod bad_input;
mod bad_requests;
mod caching;
mod deadlines;
mod edge;
mod faults;
mod idempotency;
mod lists;
mod operations;
mod path;
mod realtime;
mod restart;
mod sessions;

mod boards;
mod conflicts;
mod corrections;
mod history;
mod modes;
mod standings;
