//! Realtime at `/ws`: frames in and out of [`realtime::Session`], one task per socket, on the worker that owns its
//! connection.
//!
//! ```text
//!  Guard ─► actix-ws ─► Session ─► Wire ─► actix-ws    guard: bytes, in order and bounded before anything is kept
//!                        ▲  │                          wire: what the connection hasn't taken yet, bounded
//!            Mailbox ──┘  └─► sign-in, calls, rows    mailbox: from the hub and from what runs beside the socket
//! ```

mod dispatch;
mod engine;
mod fanout;
mod guard;
mod listener;
mod mailbox;
mod presence;
mod relay;
mod render;
mod sign_in;
mod socket;
mod sockets;
mod transport;
mod upgrade;
mod wire;
mod work;

#[cfg(test)]
pub(crate) use dispatch::REQUESTS;
pub(crate) use engine::{Endpoint, mount as mount_engine};
pub(crate) use fanout::{STREAMS_TOPIC, drain, fan_out};
pub(crate) use listener::tune;
pub(crate) use relay::Relay;
pub(crate) use sockets::Sockets;
pub(crate) use upgrade::upgrade;
