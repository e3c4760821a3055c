//! What happens when something else fails, in two phases: what still holds meanwhile, and how soon all is well again.

mod kill_9;
mod leaders;
mod postgres;
mod redis;
mod sockets;
