use actix_web::dev::ServiceRequest;

/// The address a request is counted under. `X-Forwarded-For` is believed only as far as there are trusted proxies: each
/// appends what it saw, so the entry `hops` from the right is the client's.
pub(super) fn client_address(req: &ServiceRequest, trusted_hops: usize) -> String {
    let peer = req.peer_addr().map(|peer| peer.ip().to_string()).unwrap_or_default();
    if trusted_hops == 0 {
        return peer;
    }
    let forwarded: Vec<&str> = req
        .headers()
        .get_all("x-forwarded-for")
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .collect();
    let entry = forwarded.len().checked_sub(trusted_hops).and_then(|at| forwarded.get(at));
    entry.filter(|entry| entry.parse::<std::net::IpAddr>().is_ok()).map_or(peer, |entry| (*entry).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    fn address(forwarded: &str, hops: usize) -> String {
        let peer = "192.0.2.1:9".parse().expect("an address");
        client_address(
            &TestRequest::default().peer_addr(peer).insert_header(("x-forwarded-for", forwarded)).to_srv_request(),
            hops,
        )
    }

    #[test]
    fn believes_only_trusted_proxies() {
        assert_eq!(address("198.51.100.7", 0), "192.0.2.1");
        assert_eq!(address("203.0.113.9, 198.51.100.7", 1), "198.51.100.7", "what the client claimed isn't believed");
        assert_eq!(address("203.0.113.9, 198.51.100.7", 2), "203.0.113.9");
        assert_eq!(address("198.51.100.7", 2), "192.0.2.1", "fewer entries than proxies: not through them");
        assert_eq!(address("nonsense", 1), "192.0.2.1");
    }
}
