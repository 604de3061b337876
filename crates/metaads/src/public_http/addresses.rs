//! Which IP addresses belong to the public internet.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::config::server::ServerConfig;

/// Which addresses may be called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Allowed {
    Public,
    /// For a service that itself is used on this machine only.
    PublicAndLoopback,
}

impl Allowed {
    /// Loopback only where PUBLIC_URL's host is loopback.
    pub fn of(server: &ServerConfig) -> Allowed {
        if server.is_local() { Allowed::PublicAndLoopback } else { Allowed::Public }
    }

    pub fn has(self, address: IpAddr) -> bool {
        is_public(address) || (self == Allowed::PublicAndLoopback && address.to_canonical().is_loopback())
    }
}

/// Whether an address is reachable for everybody. IPv6 addresses that embed an IPv4 address are judged by that.
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

/// The registry of special purpose addresses (RFC 6890 and its updates).
fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    !matches!(
        (a, b, c),
        (0 | 10 | 127 | 224..=255, _, _)
            | (100, 64..=127, _)
            | (169, 254, _)
            | (172, 16..=31, _)
            | (192, 0, 0 | 2)
            | (192, 31, 196)
            | (192, 52, 193)
            | (192, 88, 99)
            | (192, 168, _)
            | (192, 175, 48)
            | (198, 18 | 19, _)
            | (198, 51, 100)
            | (203, 0, 113)
    )
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    if let Some(mapped) = address.to_ipv4_mapped() {
        return is_public_v4(mapped);
    }
    match address.segments() {
        // NAT64: leads to the IPv4 address at its end.
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => {
            let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
            is_public_v4(Ipv4Addr::new(a, b, c, d))
        }
        // Protocol assignments (Teredo, ORCHID and others), documentation, 6to4.
        [0x2001, 0..=0x1ff, ..] | [0x2001, 0xdb8, ..] | [0x2002, ..] | [0x3fff, 0..=0xfff, ..] => false,
        // Everything else of global unicast; what is outside was given to nobody, or is local.
        [first, ..] => first & 0xe000 == 0x2000,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_of_the_public_internet_are_public() {
        let is = |text: &str| is_public(text.parse().expect("an address"));
        for public in
            ["8.8.8.8", "100.63.0.1", "172.15.0.1", "172.32.0.1", "2606:4700::1111", "64:ff9b::808:808"]
        {
            assert!(is(public), "{public}");
        }
        for private in [
            "0.0.0.0",
            "10.0.0.1",
            "100.64.0.1",
            "127.0.0.1",
            "127.8.8.8",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.1",
            "192.0.2.1",
            "192.168.1.1",
            "198.18.0.1",
            "198.51.100.1",
            "203.0.113.1",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "fe80::1",
            "fec0::1",
            "fd00::1",
            "ff02::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::127.0.0.1",
            "64:ff9b::a00:1",
            "64:ff9b:1::1",
            "2001:db8::1",
            "2001::1",
            "2002:7f00:1::",
            "2002:808:808::1",
            "3fff::1",
            "100::1",
        ] {
            assert!(!is(private), "{private}");
        }
    }

    #[test]
    fn loopback_is_allowed_where_it_is_asked_for_and_nothing_else_private_is() {
        let has = |text: &str| Allowed::PublicAndLoopback.has(text.parse().expect("an address"));
        assert!(has("127.0.0.1") && has("::1") && has("::ffff:127.0.0.1") && has("8.8.8.8"));
        assert!(!has("10.0.0.1") && !has("fe80::1") && !has("0.0.0.0"));
        assert!(!Allowed::Public.has("127.0.0.1".parse().expect("an address")));
    }
}
