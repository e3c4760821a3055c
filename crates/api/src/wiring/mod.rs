//! Composition: configuration, adapters, background work, shutdown. The only place that names an adapter crate.

mod adapters;
mod approval;
mod attendance;
mod bridges;
mod checks;
mod clock;
mod commands;
mod compose;
mod config;
mod doctor;
mod erasures;
mod explainers;
mod hasher;
mod ids;
mod keys;
mod leaders;
mod logging;
mod modes;
mod people;
mod rebuild;
mod relay;
mod replays;
mod serve;
mod standings;
mod sweeper;

pub use commands::run;
