//! What friends do, over the memory store.

mod links;
mod model;
mod policy;
mod privacy;
mod races;
mod requests;
mod upkeep;
mod world;
