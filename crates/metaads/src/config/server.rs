//! The web service: addresses and proxies.

use std::net::{IpAddr, SocketAddr};

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
    pub trusted_proxies: Vec<IpAddr>,
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
            trusted_proxies: source.with("METAADS_TRUSTED_PROXIES", Vec::new(), mistakes, addresses),
            listen,
        }
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

fn addresses(text: &str) -> Result<Vec<IpAddr>, String> {
    text.split(',')
        .map(|part| part.trim().parse().map_err(|_| "must be IP addresses, separated by commas".to_owned()))
        .collect()
}
