//! Free TCP ports on the loopback address.

use std::hash::{BuildHasher as _, RandomState};
use std::net::{Ipv4Addr, TcpListener, UdpSocket};
use std::ops::Range;
use std::sync::{Mutex, PoisonError};

/// Below the ports that kernels give to outgoing connections (RFC 6335, section 6; Linux begins at 32768): such a port
/// doesn't become somebody's source port between our look and its server's start.
const RANGE: Range<u16> = 10_000..32_000;

/// A reservation of a port among processes that ask here: the UDP socket of the same number, which no server of ours
/// wants. It ends with our process, however that ends.
static RESERVED: Mutex<Vec<UdpSocket>> = Mutex::new(Vec::new());

/// A port nobody listens on, and that no other caller of this function on this machine is given while our process
/// lives. A stranger may still take it before its user does: whoever starts a shared server on it checks that the
/// server that answers is his, and tries another port otherwise.
///
/// # Panics
/// Where the loopback address has no free port left.
#[must_use]
pub fn free() -> u16 {
    // Everybody begins somewhere else.
    let first = u16::try_from(RandomState::new().hash_one(()) % u64::from(RANGE.end - RANGE.start)).unwrap_or_default();
    let (port, reservation) = (RANGE.start + first..RANGE.end)
        .chain(RANGE.start..RANGE.start + first)
        .find_map(|port| {
            let reservation = UdpSocket::bind((Ipv4Addr::LOCALHOST, port)).ok()?;
            TcpListener::bind((Ipv4Addr::LOCALHOST, port)).ok()?;
            Some((port, reservation))
        })
        .expect("the loopback address has a free port");
    RESERVED.lock().unwrap_or_else(PoisonError::into_inner).push(reservation);
    port
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn nobody_is_given_the_port_of_another() {
        let given: BTreeSet<u16> = (0..200).map(|_| free()).collect();
        assert_eq!(given.len(), 200);
        assert!(given.iter().all(|port| RANGE.contains(port)));
    }

    #[test]
    fn a_port_in_use_is_passed_over() {
        let taken = free();
        let _server = TcpListener::bind((Ipv4Addr::LOCALHOST, taken)).expect("was free");
        assert!(UdpSocket::bind((Ipv4Addr::LOCALHOST, taken)).is_err(), "it stays reserved");
    }
}
