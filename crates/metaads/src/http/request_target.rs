//! What a request's head must be: not too long, and with one host, the same one everywhere. Two answers to "which host?"
//! let a proxy and this service disagree about a request.

use axum::extract::Request;
use axum::http::uri::Authority;
use axum::http::{StatusCode, Version, header};

use crate::app::App;
use crate::http::problem::Problem;

/// Bytes of a request's head: its line and its headers. The listener's buffer for a head is as large; it may read a
/// little beyond.
pub const HEAD_BYTES: usize = 32 * 1024;

/// Refuses a request with too long a head, without a host, with two of them, with one that is no host, or with the address of another site
/// as its target.
pub fn check(app: &App, request: &Request) -> Result<(), Problem> {
    if head_bytes(request) > HEAD_BYTES {
        return Err(Problem::Rejected(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE));
    }
    let ambiguous = Problem::Rejected(StatusCode::BAD_REQUEST);
    let mut hosts = request.headers().get_all(header::HOST).iter();
    let host = match (hosts.next(), hosts.next()) {
        (_, Some(_)) => return Err(ambiguous),
        (Some(host), None) => Some(host.to_str().ok().and_then(parse).ok_or(ambiguous.clone())?),
        (None, None) => None,
    };
    // Probes of load balancers speak HTTP/1.0 without a host.
    if host.is_none() && request.version() != Version::HTTP_10 {
        return Err(ambiguous);
    }
    // Sent to proxies; a server accepts it for its own address.
    let Some(target) = request.uri().authority() else { return Ok(()) };
    let target = parse(target.as_str()).ok_or(ambiguous.clone())?;
    if !is_same(&target, &public_authority(app)) {
        return Err(Problem::WrongHost);
    }
    match host {
        Some(host) if !is_same(&host, &target) => Err(ambiguous),
        Some(_) | None => Ok(()),
    }
}

/// Host and port of PUBLIC_URL, as a Host header has them.
pub fn public_authority(app: &App) -> Authority {
    let url = &app.config.server.public_url;
    let host = url.host_str().unwrap_or_default();
    let text = url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
    text.parse().expect("the host of a parsed URL")
}

fn head_bytes(request: &Request) -> usize {
    let target = request.uri().path_and_query().map_or(0, |target| target.as_str().len());
    let headers = request.headers().iter();
    // Each with a colon, a space and the end of its line.
    target + headers.map(|(name, value)| name.as_str().len() + value.len() + 4).sum::<usize>()
}

/// A host with an optional port, and nothing else: no list, no user.
fn parse(text: &str) -> Option<Authority> {
    let is_plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._:[]".contains(&byte));
    let authority = text.parse::<Authority>().ok().filter(|_| is_plain)?;
    let rest = text.strip_prefix(authority.host())?;
    let has_good_port = rest.is_empty() || authority.port_u16().is_some();
    (!authority.host().is_empty() && has_good_port).then_some(authority)
}

fn is_same(one: &Authority, other: &Authority) -> bool {
    one.as_str().eq_ignore_ascii_case(other.as_str())
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn only_a_host_with_an_optional_port_is_a_host() {
        for good in ["localhost", "ads.example.com:8443", "127.0.0.1:1", "[::1]:3000", "[::1]"] {
            assert!(parse(good).is_some(), "{good}");
        }
        for bad in
            ["", "a b", "me@ads.example.com", "a/b", "a,b", "http://a", ":80", "a:", "a:b", "a?b", "a#b"]
        {
            assert!(parse(bad).is_none(), "{bad}");
        }
    }
}
