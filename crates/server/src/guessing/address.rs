//! Where does a request come from?

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use axum::http::{HeaderMap, HeaderName};

/// Who is at the other end of the connection: the caller, or the proxy before us.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub IpAddr);

/// The last address of a header: what stands before it came from the caller.
pub(super) fn last(headers: &HeaderMap, name: &HeaderName) -> Option<IpAddr> {
    let value = headers.get_all(name).iter().next_back()?.to_str().ok()?;
    let last = value.rsplit(',').next()?.trim();
    let bare = last.trim_start_matches('[').trim_end_matches(']');
    let with_port = || last.parse().map(|address: SocketAddr| address.ip());
    bare.parse().or_else(|_| with_port()).ok()
}

/// What is one household's or one machine's: an address of IPv4, 64 bits of IPv6.
pub(super) fn of(address: IpAddr) -> [u8; 16] {
    match address.to_canonical() {
        IpAddr::V4(address) => address.to_ipv6_mapped().octets(),
        IpAddr::V6(address) => first(address, 8),
    }
}

/// 24 bits of IPv4, 48 of IPv6.
pub(super) fn network(address: IpAddr) -> [u8; 16] {
    match address.to_canonical() {
        IpAddr::V4(address) => first(address.to_ipv6_mapped(), 15),
        IpAddr::V6(address) => first(address, 6),
    }
}

fn first(address: Ipv6Addr, bytes: usize) -> [u8; 16] {
    let mut octets = address.octets();
    octets.iter_mut().skip(bytes).for_each(|byte| *byte = 0);
    octets
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_last_address_of_the_header_is_the_proxys_word() {
        let name = HeaderName::from_static("x-forwarded-for");
        for (values, expected) in [
            (&["203.0.113.7"][..], Some("203.0.113.7")),
            (&["10.0.0.1, 203.0.113.7"], Some("203.0.113.7")),
            (&["10.0.0.1", "203.0.113.7"], Some("203.0.113.7")),
            (&["203.0.113.7:4711"], Some("203.0.113.7")),
            (&["[2001:db8::1]:4711"], Some("2001:db8::1")),
            (&["2001:db8::1"], Some("2001:db8::1")),
            (&["unknown"], None),
            (&[], None),
        ] {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(&name, value.parse().unwrap());
            }
            let expected = expected.map(|text| text.parse().unwrap());
            assert_eq!(last(&headers, &name), expected, "{values:?}");
        }
    }

    #[test]
    fn neighbours_are_of_one_network_and_one_household_of_ipv6_is_one_address() {
        let same = |one: &str, other: &str| {
            let (one, other) = (one.parse().unwrap(), other.parse().unwrap());
            (of(one) == of(other), network(one) == network(other))
        };
        assert_eq!(same("203.0.113.7", "203.0.113.7"), (true, true));
        assert_eq!(same("203.0.113.7", "::ffff:203.0.113.7"), (true, true));
        assert_eq!(same("203.0.113.7", "203.0.113.8"), (false, true));
        assert_eq!(same("203.0.113.7", "203.0.114.7"), (false, false));
        assert_eq!(same("2001:db8:1:2::1", "2001:db8:1:2::9"), (true, true));
        assert_eq!(same("2001:db8:1:2::1", "2001:db8:1:3::1"), (false, true));
        assert_eq!(same("2001:db8:1:2::1", "2001:db8:2:2::1"), (false, false));
    }
}
