//! The edge of shallweplay: REST, WebSocket and the playground over the domain crates, and in [`wiring`] the binary that
//! composes everything. Only `wiring` names an adapter crate; everything else sees ports.

mod app;
mod aside;
mod assets;
mod asyncapi;
mod attendance;
mod directory;
mod docs;
mod dto;
mod edge;
mod health;
mod presence;
mod problem;
mod rest;
mod server;
mod telemetry;
mod tokens;
mod verdicts;
pub mod wiring;
mod ws;
