//! The web service: addresses and proxies.

use std::net::{IpAddr, SocketAddr};

use ipnet::{IpNet, Ipv4Net};
use url::Url;

use crate::config::loopback::is_loopback;
use crate::config::source::{Mistakes, Source};

#[derive(Debug)]
pub struct ServerConfig {
    /// `METAADS_LISTEN`: address of the web service.
    pub listen: SocketAddr,
    /// `PUBLIC_URL`: what browsers and Meta see, without a path.
    pub public_url: Url,
    /// `METAADS_TRUSTED_PROXIES`: whose `X-Forwarded-For` is trusted, in addition to loopback.
    trusted_proxies: Vec<IpNet>,
}

impl ServerConfig {
    pub(super) fn read(source: &Source, mistakes: &mut Mistakes) -> ServerConfig {
        let listen: SocketAddr = source.parsed(
            "METAADS_LISTEN",
            "127.0.0.1:3000",
            "an address and port such as 127.0.0.1:3000",
            mistakes,
        );
        ServerConfig {
            public_url: public_url(source, listen.port(), mistakes),
            trusted_proxies: source.with("METAADS_TRUSTED_PROXIES", Vec::new(), mistakes, networks),
            listen,
        }
    }

    /// Whether PUBLIC_URL's host is this machine.
    pub fn is_local(&self) -> bool {
        is_loopback(&self.public_url)
    }

    /// Whether METAADS_TRUSTED_PROXIES names this address, alone or in a network.
    pub fn is_trusted_proxy(&self, address: IpAddr) -> bool {
        self.trusted_proxies.iter().any(|network| network.contains(&address.to_canonical()))
    }
}

fn public_url(source: &Source, port: u16, mistakes: &mut Mistakes) -> Url {
    let default = format!("http://localhost:{port}");
    let url: Url = source.parsed("PUBLIC_URL", &default, "a URL such as https://ads.example.com", mistakes);
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
        mistakes.add("PUBLIC_URL", "must be an http or https address");
    } else if url.scheme() == "http" && !is_loopback(&url) {
        mistakes.add("PUBLIC_URL", "must be https unless its host is localhost");
    } else if url.path() != "/"
        || url.query().is_some()
        || url.fragment().is_some()
        || !url.username().is_empty()
    {
        mistakes.add("PUBLIC_URL", "must be scheme, host and port only");
    }
    url
}

/// Addresses and networks: `10.0.0.0/8, 192.0.2.7, 2001:db8::/32`.
fn networks(text: &str) -> Result<Vec<IpNet>, String> {
    let wrong = "must be IP addresses or networks such as 10.0.0.0/8, separated by commas";
    let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
    parts.map(|part| network(part).ok_or_else(|| wrong.to_owned())).collect()
}

fn network(text: &str) -> Option<IpNet> {
    let network = text.parse::<IpNet>().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from))?;
    // Peers are compared in their IPv4 form where they have one.
    match network {
        IpNet::V6(mapped) if mapped.prefix_len() >= 96 => {
            let address = mapped.addr().to_ipv4_mapped();
            let plain = address.and_then(|address| Ipv4Net::new(address, mapped.prefix_len() - 96).ok());
            Some(plain.map_or(network, IpNet::V4))
        }
        IpNet::V4(_) | IpNet::V6(_) => Some(network),
    }
}
