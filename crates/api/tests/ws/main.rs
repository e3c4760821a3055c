//! Realtime from outside, against the built binary: what a hostile or clumsy peer can't do, and what a good one relies
//! on.

mod drain;
mod frames;
mod life;
mod play;
mod private;
mod replicas;
mod slow;
mod socket_io;
mod storm;
#[path = "../it/tokens.rs"]
mod tokens;
mod upgrade;
mod world;
