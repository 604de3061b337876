//! What handlers take out of a request.

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};

use axum::body::Bytes;
use axum::extract::{ConnectInfo, FromRequest, FromRequestParts, Request};
use axum::http::header::{COOKIE, USER_AGENT};
use axum::http::request::Parts;
use axum_extra::extract::cookie::{Cookie, SameSite};
use metaads_store::SignedIn;
use url::form_urlencoded;

use crate::accounts::sessions;
use crate::app::App;
use crate::web::problem::Problem;

/// The browser on the other side.
#[derive(Debug, Clone)]
pub struct ClientInfo {
    pub address: String,
    pub user_agent: String,
    pub session_token: Option<String>,
    pub device_token: Option<String>,
    pub theme: &'static str,
    /// Asks for JSON: our own script.
    pub wants_json: bool,
}

/// Somebody who is signed in; others are sent to sign in and come back.
#[derive(Debug)]
pub struct User(pub SignedIn);

/// An admin of this installation.
#[derive(Debug)]
pub struct Admin(pub SignedIn);

/// Somebody who may be signed in.
#[derive(Debug)]
pub struct MaybeUser(pub Option<SignedIn>);

/// A posted form, in order, with repeated fields.
#[derive(Debug)]
pub struct Fields(Vec<(String, String)>);

impl Fields {
    pub fn one(&self, name: &str) -> &str {
        self.0.iter().find(|(own, _)| own == name).map_or("", |(_, value)| value)
    }

    pub fn all(&self, name: &str) -> Vec<String> {
        self.0.iter().filter(|(own, _)| own == name).map(|(_, value)| value.clone()).collect()
    }

    pub fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(own, _)| own == name)
    }
}

/// The names of our cookies: with the host prefix wherever they travel over https.
pub fn cookie_name(app: &App, name: &str) -> String {
    if app.config.is_https() { format!("__Host-metaads_{name}") } else { format!("metaads_{name}") }
}

/// A cookie of ours, as strict as the flow allows: Lax, since the browser comes back from Facebook.
pub fn cookie(app: &App, name: &str, value: &str, seconds: i64) -> String {
    Cookie::build((cookie_name(app, name), value.to_owned()))
        .http_only(true)
        .same_site(SameSite::Lax)
        .secure(app.config.is_https())
        .path("/")
        .build()
        .to_string()
        + &format!("; Max-Age={seconds}")
}

impl FromRequestParts<App> for ClientInfo {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<ClientInfo, Infallible> {
        let header = |name| parts.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let cookies: Vec<Cookie<'_>> = parts
            .headers
            .get_all(COOKIE)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(Cookie::split_parse)
            .flatten()
            .collect();
        let find = |name: &str| {
            let name = cookie_name(app, name);
            let found = cookies.iter().find(|cookie| cookie.name() == name);
            found.map(|cookie| cookie.value().to_owned()).filter(|value| value.len() <= 100)
        };
        let theme = match find("theme").as_deref() {
            Some("light") => "light",
            Some("dark") => "dark",
            _ => "",
        };
        Ok(ClientInfo {
            address: address(parts, app),
            user_agent: header(USER_AGENT.as_str()).to_owned(),
            session_token: find("session"),
            device_token: find("device"),
            theme,
            wants_json: header("accept").starts_with("application/json"),
        })
    }
}

/// The peer's address; a proxy on this machine, or one that is named, tells whom it speaks for. An IPv6
/// neighbourhood (/64) counts as one.
fn address(parts: &Parts, app: &App) -> String {
    let peer =
        parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(peer)| peer.ip().to_canonical());
    let Some(peer) = peer else { return "unknown".to_owned() };
    let is_trusted = |ip: &IpAddr| ip.is_loopback() || app.config.server.trusted_proxies.contains(ip);
    let forwarded = parts.headers.get_all("x-forwarded-for").iter().filter_map(|value| value.to_str().ok());
    let mut chain: Vec<&str> = forwarded.flat_map(|value| value.split(',')).map(str::trim).collect();
    // From the right, as far as proxies that are trusted vouch for it: what stands further left
    // anybody can write.
    let mut nearest = peer;
    while is_trusted(&nearest) {
        match chain.pop().and_then(forwarded_ip) {
            Some(before) => nearest = before,
            None => break,
        }
    }
    match nearest {
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

impl FromRequestParts<App> for MaybeUser {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<MaybeUser, Problem> {
        let client = ClientInfo::from_request_parts(parts, app).await.unwrap_or_else(|never| match never {});
        match client.session_token {
            Some(token) => Ok(MaybeUser(sessions::find(app, &token).await?)),
            None => Ok(MaybeUser(None)),
        }
    }
}

impl FromRequestParts<App> for User {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<User, Problem> {
        let MaybeUser(who) = MaybeUser::from_request_parts(parts, app).await?;
        who.map(User).ok_or_else(|| {
            let is_page = parts.method == axum::http::Method::GET;
            let wanted = parts.uri.path_and_query().filter(|_| is_page).map(ToString::to_string);
            Problem::SignedOut { next: wanted.unwrap_or_else(|| "/dashboard".to_owned()) }
        })
    }
}

impl FromRequestParts<App> for Admin {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Admin, Problem> {
        let User(who) = User::from_request_parts(parts, app).await?;
        if who.is_admin { Ok(Admin(who)) } else { Err(Problem::Forbidden) }
    }
}

impl FromRequest<App> for Fields {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &App) -> Result<Fields, Problem> {
        let kind =
            request.headers().get("content-type").and_then(|value| value.to_str().ok()).unwrap_or_default();
        if !kind.is_empty() && !kind.starts_with("application/x-www-form-urlencoded") {
            return Err(Problem::Invalid);
        }
        let body = Bytes::from_request(request, app).await.map_err(|_| Problem::Invalid)?;
        Ok(Fields(form_urlencoded::parse(&body).into_owned().collect()))
    }
}
