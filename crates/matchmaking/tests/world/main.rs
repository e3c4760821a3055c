//! Quick Match as a whole, over the memory store.

mod faults;
mod service;
mod worlds;
