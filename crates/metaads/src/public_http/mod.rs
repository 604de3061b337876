//! HTTP to servers that users name: outgoing webhooks. Never to an address inside our own network.
//!
//! The one thing to know: the address is checked when the connection is opened, after the name was resolved, so a name
//! that leads elsewhere since the URL was entered (DNS rebinding) is refused. No redirect is followed, no proxy of the
//! environment is used, and no connection is kept for the next call.

pub mod addresses;

use std::collections::HashMap;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

use crate::config::loopback::is_loopback;
use addresses::Allowed;

/// From the first byte to the last, resolving the name included.
pub const TIMEOUT: Duration = Duration::from_secs(10);
/// This much of an answer is read.
const SNIPPET_BYTES: usize = 1_024;

/// The client. Cheap to clone.
#[derive(Debug, Clone)]
pub struct PublicHttp {
    http: reqwest::Client,
    allowed: Allowed,
}

/// Who resolves names.
#[derive(Debug, Clone)]
pub enum Names {
    System,
    /// Only these; tests change them.
    Fixed(Arc<Mutex<HashMap<String, Vec<IpAddr>>>>),
}

/// An answer to a POST.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    /// Its beginning, as text.
    pub body: String,
    /// Of a `Retry-After` in seconds.
    pub retry_after: Option<i64>,
}

/// Why there is no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PostError {
    #[error("the URL is not allowed")]
    BadUrl,
    #[error("the host leads to no public address")]
    PrivateAddress,
    #[error("the host has no address")]
    UnknownHost,
    #[error("no answer in time")]
    TimedOut,
    #[error("no connection, or it broke")]
    Unreachable,
}

/// Why a URL is refused before anything is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UrlProblem {
    NotHttps,
    HasCredentials,
    PrivateAddress,
    NotAUrl,
}

impl PublicHttp {
    pub fn new(allowed: Allowed, names: Names, timeout: Duration) -> Result<PublicHttp, reqwest::Error> {
        #[expect(clippy::disallowed_methods, reason = "the only place that builds a client for users' URLs")]
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .https_only(allowed == Allowed::Public)
            .dns_resolver(Arc::new(CheckedNames { allowed, names }))
            .connect_timeout(timeout)
            .timeout(timeout)
            .pool_max_idle_per_host(0)
            .user_agent(concat!("metaads/", env!("CARGO_PKG_VERSION")))
            .retry(reqwest::retry::never())
            .referer(false)
            .no_proxy()
            .build()?;
        Ok(PublicHttp { http, allowed })
    }

    /// A URL that may be called; what its name leads to is checked at each call.
    pub fn check_url(&self, text: &str) -> Result<Url, UrlProblem> {
        let url = Url::parse(text).map_err(|_| UrlProblem::NotAUrl)?;
        let has_host = url.host().is_some_and(|host| host != Host::Domain(""));
        if !has_host || !matches!(url.scheme(), "https" | "http") {
            return Err(UrlProblem::NotAUrl);
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(UrlProblem::HasCredentials);
        }
        let is_allowed_loopback = self.allowed == Allowed::PublicAndLoopback && is_loopback(&url);
        if url.scheme() == "http" && !is_allowed_loopback {
            return Err(UrlProblem::NotHttps);
        }
        let is_allowed = match url.host() {
            // The connector takes such a host as it is: no name is resolved.
            Some(Host::Ipv4(address)) => self.allowed.has(IpAddr::V4(address)),
            Some(Host::Ipv6(address)) => self.allowed.has(IpAddr::V6(address)),
            Some(Host::Domain(_)) => !is_loopback(&url) || is_allowed_loopback,
            None => false,
        };
        if is_allowed { Ok(url) } else { Err(UrlProblem::PrivateAddress) }
    }

    /// Sends JSON.
    pub async fn post(
        &self,
        url: &str,
        headers: Vec<(&'static str, String)>,
        body: String,
    ) -> Result<Answer, PostError> {
        let url = self.check_url(url).map_err(|problem| match problem {
            UrlProblem::PrivateAddress => PostError::PrivateAddress,
            UrlProblem::NotHttps | UrlProblem::HasCredentials | UrlProblem::NotAUrl => PostError::BadUrl,
        })?;
        let mut request = self.http.post(url).header("content-type", "application/json").body(body);
        for (name, value) in headers {
            request = request.header(name, value);
        }
        let mut response = request.send().await.map_err(|error| post_error(&error))?;
        let retry_after = response.headers().get("retry-after").and_then(|value| value.to_str().ok());
        let retry_after = retry_after.and_then(|text| text.parse().ok()).filter(|seconds| *seconds >= 0);
        let status = response.status().as_u16();
        let mut read = Vec::new();
        while read.len() < SNIPPET_BYTES {
            match response.chunk().await {
                Ok(Some(chunk)) => read.extend_from_slice(&chunk),
                Ok(None) => break,
                // The status has arrived: that is the answer.
                Err(_) => break,
            }
        }
        read.truncate(SNIPPET_BYTES);
        Ok(Answer { status, body: shown(&read), retry_after })
    }
}

/// Text that both databases take and a page can show.
fn shown(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let is_shown = |letter: &char| !letter.is_control() || matches!(letter, '\n' | '\t');
    text.chars().filter(is_shown).collect::<String>().trim().to_owned()
}

fn post_error(error: &reqwest::Error) -> PostError {
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        if let Some(refused) = cause.downcast_ref::<Refused>() {
            return match refused {
                Refused::NotPublic => PostError::PrivateAddress,
                Refused::Unknown => PostError::UnknownHost,
            };
        }
        source = cause.source();
    }
    if error.is_timeout() { PostError::TimedOut } else { PostError::Unreachable }
}

/// Resolves names, and leaves out every address that is not allowed.
struct CheckedNames {
    allowed: Allowed,
    names: Names,
}

#[derive(Debug, Clone, Copy, thiserror::Error)]
enum Refused {
    #[error("none of the addresses is public")]
    NotPublic,
    #[error("no such host")]
    Unknown,
}

// By hand: reqwest's trait asks for it.
impl fmt::Debug for CheckedNames {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CheckedNames").field("allowed", &self.allowed).finish_non_exhaustive()
    }
}

impl Resolve for CheckedNames {
    fn resolve(&self, name: Name) -> Resolving {
        let (allowed, names) = (self.allowed, self.names.clone());
        Box::pin(async move {
            let found = names.look_up(name.as_str()).await;
            if found.is_empty() {
                return Err(Refused::Unknown.into());
            }
            let found: Vec<SocketAddr> = found.into_iter().filter(|one| allowed.has(one.ip())).collect();
            if found.is_empty() {
                return Err(Refused::NotPublic.into());
            }
            let addresses: Addrs = Box::new(found.into_iter());
            Ok(addresses)
        })
    }
}

impl Names {
    /// Port 0: the connector puts in the URL's.
    async fn look_up(&self, name: &str) -> Vec<SocketAddr> {
        match self {
            Names::System => match tokio::net::lookup_host((name, 0)).await {
                Ok(found) => found.collect(),
                Err(_) => Vec::new(),
            },
            Names::Fixed(known) => {
                let known = known.lock().expect("no panic happens while this lock is held");
                known.get(name).into_iter().flatten().map(|ip| SocketAddr::new(*ip, 0)).collect()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(allowed: Allowed) -> PublicHttp {
        PublicHttp::new(allowed, Names::Fixed(Arc::default()), TIMEOUT).expect("a client")
    }

    #[test]
    fn a_url_is_https_without_credentials_and_names_no_private_address() {
        let public = client(Allowed::Public);
        for good in ["https://example.com/hooks?x=1", "https://8.8.8.8", "https://[2606:4700::1111]:8443/a"] {
            assert!(public.check_url(good).is_ok(), "{good}");
        }
        for (bad, problem) in [
            ("http://example.com", UrlProblem::NotHttps),
            ("https://user@example.com", UrlProblem::HasCredentials),
            ("https://127.0.0.1/", UrlProblem::PrivateAddress),
            ("https://0x7f.1/", UrlProblem::PrivateAddress),
            ("https://2130706433/", UrlProblem::PrivateAddress),
            ("https://localhost:8443", UrlProblem::PrivateAddress),
            ("https://a.localhost", UrlProblem::PrivateAddress),
            ("https://[::ffff:10.0.0.1]/", UrlProblem::PrivateAddress),
            ("https://169.254.169.254/latest/meta-data", UrlProblem::PrivateAddress),
            ("ftp://example.com", UrlProblem::NotAUrl),
            ("example.com", UrlProblem::NotAUrl),
            ("file:///etc/passwd", UrlProblem::NotAUrl),
        ] {
            assert_eq!(public.check_url(bad), Err(problem), "{bad}");
        }
        let local = client(Allowed::PublicAndLoopback);
        assert!(local.check_url("http://127.0.0.1:5000/").is_ok());
        assert!(local.check_url("http://localhost:5000/").is_ok());
        assert_eq!(local.check_url("http://10.0.0.1/"), Err(UrlProblem::NotHttps));
        assert_eq!(local.check_url("https://10.0.0.1/"), Err(UrlProblem::PrivateAddress));
    }

    #[tokio::test]
    async fn a_name_is_refused_for_what_it_leads_to_at_the_moment_of_the_call() {
        let names = Arc::new(Mutex::new(HashMap::new()));
        let http =
            PublicHttp::new(Allowed::Public, Names::Fixed(Arc::clone(&names)), TIMEOUT).expect("a client");
        let post = || http.post("https://hooks.example.com/", Vec::new(), String::new());
        assert_eq!(post().await.expect_err("no address"), PostError::UnknownHost);
        for private in ["127.0.0.1", "10.1.2.3", "::1", "fd00::1", "169.254.169.254", "::ffff:192.168.0.1"] {
            let private = private.parse().expect("an address");
            names.lock().expect("a lock").insert("hooks.example.com".to_owned(), vec![private]);
            assert_eq!(post().await.expect_err("refused"), PostError::PrivateAddress, "{private}");
        }
    }
}
