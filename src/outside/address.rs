//! Which addresses are never connected to, whatever name led there.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Why no connection is made to an address; `None` if it may be. `private` is the admin's word that this endpoint may
/// lie inside: it opens private and loopback addresses, never those of link-local metadata services.
#[must_use]
pub fn denied(address: IpAddr, private: bool) -> Option<&'static str> {
    match address {
        IpAddr::V4(v4) => denied_v4(v4, private),
        IpAddr::V6(v6) => match embedded(v6) {
            Some(v4) => denied_v4(v4, private),
            None => denied_v6(v6, private),
        },
    }
}

fn denied_v4(address: Ipv4Addr, private: bool) -> Option<&'static str> {
    let [a, b, c, _] = address.octets();
    match (a, b, c) {
        (169, 254, _) => Some("it is link-local, where metadata services are"),
        (0, ..) => Some("it is unspecified"),
        (224..=239, ..) => Some("it is multicast"),
        (240..=255, ..) => Some("it is reserved"),
        (192, 0, 0 | 2) | (198, 51, 100) | (203, 0, 113) | (198, 18 | 19, _) => Some("it is reserved"),
        (127, ..) if !private => Some("it is loopback, and the endpoint is not marked private"),
        (10, ..) | (172, 16..=31, _) | (192, 168, _) | (100, 64..=127, _) if !private => {
            Some("it is private, and the endpoint is not marked private")
        }
        _ => None,
    }
}

fn denied_v6(address: Ipv6Addr, private: bool) -> Option<&'static str> {
    let parts = address.segments();
    if address.is_unspecified() {
        Some("it is unspecified")
    } else if address.is_multicast() {
        Some("it is multicast")
    } else if parts[0] & 0xffc0 == 0xfe80 || parts[..3] == [0xfd00, 0x0ec2, 0] {
        Some("it is link-local, where metadata services are")
    } else if parts[..2] == [0x2001, 0x0db8] || parts[0] & 0xffc0 == 0xfec0 {
        Some("it is reserved")
    } else if address.is_loopback() && !private {
        Some("it is loopback, and the endpoint is not marked private")
    } else if parts[0] & 0xfe00 == 0xfc00 && !private {
        Some("it is private, and the endpoint is not marked private")
    } else {
        None
    }
}

/// The IPv4 address that an IPv6 one only wraps: mapped, compatible, NAT64 (RFC 6052), 6to4 (RFC 3056).
fn embedded(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let parts = address.segments();
    let pair = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        Ipv4Addr::new(a, b, c, d)
    };
    match parts {
        [0, 0, 0, 0, 0, 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => Some(pair(high, low)),
        [0, 0, 0, 0, 0, 0, high, low] if high != 0 => Some(pair(high, low)),
        [0x2002, high, low, ..] => Some(pair(high, low)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_denied(address: &str, private: bool) -> bool {
        denied(address.parse().expect("an address"), private).is_some()
    }

    #[test]
    fn nothing_inside_is_reached_unless_the_admin_says_so() {
        for inside in [
            "127.0.0.1",
            "127.8.9.1",
            "10.1.2.3",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "100.64.0.1",
            "::1",
            "fd12::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::127.0.0.1",
            "64:ff9b::7f00:1",
            "2002:7f00:1::",
        ] {
            assert!(is_denied(inside, false), "{inside}");
            assert!(!is_denied(inside, true), "{inside}, marked private");
        }
    }

    #[test]
    fn metadata_services_and_what_is_no_host_are_never_reached() {
        for never in [
            "169.254.169.254",
            "::ffff:169.254.169.254",
            "64:ff9b::a9fe:a9fe",
            "fe80::1",
            "fd00:ec2::254",
            "0.0.0.0",
            "::",
            "224.0.0.1",
            "ff02::1",
            "255.255.255.255",
            "192.0.2.1",
            "198.18.0.1",
            "2001:db8::1",
            "240.0.0.1",
        ] {
            assert!(is_denied(never, false) && is_denied(never, true), "{never}");
        }
    }

    #[test]
    fn public_addresses_are_reached() {
        for public in ["1.1.1.1", "172.32.0.1", "100.128.0.1", "192.1.0.1", "2606:4700::1111"] {
            assert!(!is_denied(public, false), "{public}");
        }
    }
}
