//! Free TCP ports on the loopback address.

use std::net::{Ipv4Addr, TcpListener};

/// A port nobody listened on a moment ago. Somebody else may take it before
/// its user does: whoever starts a server on it checks that the server that
/// answers is his, and tries another port otherwise.
///
/// # Panics
/// Where the loopback address has no free port left.
#[must_use]
pub fn free() -> u16 {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .and_then(|listener| listener.local_addr())
        .expect("the loopback address has a free port")
        .port()
}
