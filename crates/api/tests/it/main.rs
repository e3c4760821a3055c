//! The built binary from outside, in both worlds: embedded, and two replicas on PostgreSQL and Redis. What is asserted
//! here is what clients rely on; rules of the domains are tested in their own crates.

#[macro_use]
mod worlds;

mod app;
mod client;
mod operators;
mod played;
mod players;
mod sockets;
mod staff;
mod tokens;
mod wait;

mod apart;
mod bad_input;
mod bad_requests;
mod boards;
mod caching;
mod claims;
mod conflicts;
mod corrections;
mod deadlines;
mod disputes;
mod edge;
mod erasure;
mod faults;
mod friend_races;
mod friends;
mod hidden;
mod history;
mod idempotency;
mod lists;
mod modes;
mod operations;
mod parties;
mod path;
mod practice;
mod presence;
mod private_games;
mod ready_check;
mod realtime;
mod replays;
mod restart;
mod scores;
mod sessions;
mod standings;
mod suspension;
mod waiting;
