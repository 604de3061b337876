//! Which URLs point to this machine.

use url::Url;

/// Whether a URL's host is this machine.
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        // Hosts of schemes that the URL standard does not know are all names.
        Some(url::Host::Domain(name)) => {
            let address = name.parse::<std::net::IpAddr>();
            name == "localhost"
                || name.ends_with(".localhost")
                || address.is_ok_and(|address| address.is_loopback())
        }
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}
