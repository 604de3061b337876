//! The client on the other side of a request: its address, its browser and our cookies in it. Not who is signed in;
//! see `caller`.

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};

use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::header::{ACCEPT, COOKIE, SET_COOKIE, USER_AGENT};
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue};
use axum::response::Response;
use axum_extra::extract::cookie::{Cookie, SameSite};
use metaads_store::ConnectSessionId;

use crate::accounts::events::Origin;
use crate::app::App;

/// A cookie value longer than this is not one of ours.
const MAX_COOKIE_BYTES: usize = 100;
/// How the names of the cookies of connect sessions go on; their id follows.
const CONNECT: &str = "connect_";
/// Connect sessions of one browser that are looked at.
const MAX_CONNECT_COOKIES: usize = 50;

#[derive(Debug, Clone)]
pub struct ClientInfo {
    /// The client's IP address; an IPv6 client counts by its /64 network.
    pub address: String,
    pub user_agent: String,
    pub session_token: Option<String>,
    pub device_token: Option<String>,
    /// The cookies that bind connect sessions to this browser.
    pub connect_tokens: Vec<(ConnectSessionId, String)>,
    /// `light`, `dark`, or empty: as the device.
    pub theme: &'static str,
    /// Key of the notice that the next page shows.
    pub notice: Option<String>,
    /// Our own script, which asks for JSON instead of a page.
    pub wants_json: bool,
}

/// Our cookies, by the name that `cookie` prefixes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OwnCookie<'a> {
    Session,
    Device,
    Theme,
    Notice,
    /// Binds this connect session to the browser. It is good for nothing else.
    Connect(&'a ConnectSessionId),
}

impl OwnCookie<'_> {
    /// With the `__Host-` prefix wherever cookies travel over https.
    fn name(self, app: &App) -> String {
        let name = match self {
            OwnCookie::Session => "session",
            OwnCookie::Device => "device",
            OwnCookie::Theme => "theme",
            OwnCookie::Notice => "notice",
            OwnCookie::Connect(session) => &format!("{CONNECT}{session}"),
        };
        format!("{}{name}", prefix(app))
    }

    /// Sets the cookie on a response; zero seconds deletes it. SameSite is Lax, not Strict, because the browser comes
    /// back from Facebook.
    pub fn set(self, app: &App, response: &mut Response, value: &str, seconds: i64) {
        let cookie = Cookie::build((self.name(app), value.to_owned()))
            .http_only(true)
            .same_site(SameSite::Lax)
            .secure(app.config.is_https())
            .path("/")
            .build();
        let text = format!("{cookie}; Max-Age={seconds}");
        let value = HeaderValue::from_str(&text).expect("our cookie values are visible ASCII");
        response.headers_mut().append(SET_COOKIE, value);
    }
}

/// `__Host-` keeps other hosts of the domain from setting our cookies.
fn prefix(app: &App) -> &'static str {
    if app.config.is_https() { "__Host-metaads_" } else { "metaads_" }
}

impl FromRequestParts<App> for ClientInfo {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<ClientInfo, Infallible> {
        Ok(ClientInfo::of(parts, app))
    }
}

impl ClientInfo {
    /// Where an action came from, for the audit trail.
    pub fn origin(&self) -> Origin {
        Origin::new(&self.address, &self.user_agent)
    }

    pub fn of(parts: &Parts, app: &App) -> ClientInfo {
        let header = |name: HeaderName| {
            parts.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
        };
        let cookies: Vec<Cookie<'_>> = parts
            .headers
            .get_all(COOKIE)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(Cookie::split_parse)
            .flatten()
            .collect();
        let find = |cookie: OwnCookie<'_>| {
            let name = cookie.name(app);
            let found = cookies.iter().find(|cookie| cookie.name() == name);
            found.map(|cookie| cookie.value().to_owned()).filter(|value| value.len() <= MAX_COOKIE_BYTES)
        };
        let theme = match find(OwnCookie::Theme).as_deref() {
            Some("light") => "light",
            Some("dark") => "dark",
            _ => "",
        };
        ClientInfo {
            address: address(parts, app),
            user_agent: header(USER_AGENT).to_owned(),
            session_token: find(OwnCookie::Session),
            device_token: find(OwnCookie::Device),
            connect_tokens: connect_tokens(app, &cookies),
            theme,
            notice: find(OwnCookie::Notice),
            wants_json: header(ACCEPT).starts_with("application/json"),
        }
    }
}

fn connect_tokens(app: &App, cookies: &[Cookie<'_>]) -> Vec<(ConnectSessionId, String)> {
    let start = format!("{}{CONNECT}", prefix(app));
    let of_session = |cookie: &Cookie<'_>| {
        let id = ConnectSessionId::from_text(cookie.name().strip_prefix(&start)?)?;
        (cookie.value().len() <= MAX_COOKIE_BYTES).then(|| (id, cookie.value().to_owned()))
    };
    cookies.iter().filter_map(of_session).take(MAX_CONNECT_COOKIES).collect()
}

/// Whether a peer may forward other clients' requests, so that it is not one client itself.
pub fn is_trusted_proxy(app: &App, ip: &IpAddr) -> bool {
    ip.is_loopback() || app.config.server.is_trusted_proxy(*ip)
}

/// The peer's address, or the one that a trusted proxy forwards: a proxy on this machine or one of
/// METAADS_TRUSTED_PROXIES.
pub fn address(parts: &Parts, app: &App) -> String {
    ip(parts, app).map_or_else(|| "unknown".to_owned(), |ip| network(&ip))
}

/// The same as an IP address; None where the peer is unknown.
pub fn ip(parts: &Parts, app: &App) -> Option<IpAddr> {
    let peer =
        parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(peer)| peer.ip().to_canonical());
    let peer = peer?;
    let forwarded = parts.headers.get_all("x-forwarded-for").iter().filter_map(|value| value.to_str().ok());
    let mut chain: Vec<&str> = forwarded.flat_map(|value| value.split(',')).map(str::trim).collect();
    // From the right, for as long as the hop is a trusted proxy. Anybody can write the entries further left.
    let mut nearest = peer;
    while is_trusted_proxy(app, &nearest) {
        match chain.pop().and_then(forwarded_ip) {
            Some(before) => nearest = before,
            None => break,
        }
    }
    Some(nearest)
}

/// What counts as one client: an IPv4 address, or an IPv6 client's /64 network.
pub fn network(ip: &IpAddr) -> String {
    match ip.to_canonical() {
        IpAddr::V4(ip) => ip.to_string(),
        IpAddr::V6(ip) => {
            ip.segments()[..4].iter().map(|part| format!("{part:x}:")).collect::<String>() + ":/64"
        }
    }
}

/// `1.2.3.4`, `1.2.3.4:567`, `2001:db8::1`, `[2001:db8::1]:567`.
fn forwarded_ip(text: &str) -> Option<IpAddr> {
    let ip = text.parse::<IpAddr>().ok();
    let ip = ip.or_else(|| text.parse::<SocketAddr>().ok().map(|address| address.ip()));
    ip.or_else(|| text.strip_prefix('[')?.strip_suffix(']')?.parse().ok()).map(|ip| ip.to_canonical())
}
