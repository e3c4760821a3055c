//! The built binary from outside, in both worlds: embedded, and two replicas on PostgreSQL and Redis. What is asserted
//! here is what clients rely on; rules of the domains are tested in their own crates.

#[macro_use]
mod worlds;

mod app;
mod client;
mod operators;
mod players;
mod sockets;
mod tokens;
mod wait;

mod bad_input;
mod bad_requests;
mod caching;
mod claims;
mod deadlines;
mod disputes;
mod edge;
mod faults;
mod idempotency;
mod lists;
mod operations;
mod path;
mod private_games;
mod realtime;
mod replays;
mod restart;
mod scores;
mod sessions;
