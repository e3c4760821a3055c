//! Quick Match as a whole, over the memory store.

mod apart;
mod faults;
mod service;
mod worlds;
