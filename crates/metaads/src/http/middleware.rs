//! What holds for every response: only our own host and our own forms, no panic that leaves as a cut connection, and
//! headers that keep a page to itself.

use std::any::Any;
use std::net::{IpAddr, SocketAddr};

use axum::extract::{ConnectInfo, MatchedPath, Request, State};
use axum::http::{HeaderName, HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::csrf::{CsrfLayer, ProtectionError};

use crate::app::App;
use crate::http::problem::Problem;
use crate::http::{client_info, request_target};
use crate::operator_notices;

/// `::1` as one client.
const LOCAL_NETWORK: &str = "0:0:0:0::/64";

type PanicResponse = fn(Box<dyn Any + Send>) -> Response;

/// Answers a panic of a handler as [`Problem::Internal`]. The panic hook has logged the message.
pub fn catch_panics() -> CatchPanicLayer<PanicResponse> {
    CatchPanicLayer::custom(|_| {
        tracing::error!("a request handler panicked");
        Problem::Internal.into_response()
    })
}

/// Refuses state-changing requests that another site's page sends: by `Sec-Fetch-Site`, else by comparing `Origin`.
/// Meta's own calls carry neither header; their signature is checked instead.
pub fn csrf(app: &App) -> CsrfLayer<fn(ProtectionError) -> Response> {
    let origin = app.config.server.public_url.origin().ascii_serialization();
    let refuse: fn(ProtectionError) -> Response = |_| Problem::CrossSite.into_response();
    CsrfLayer::new()
        .add_trusted_origin(origin)
        .expect("PUBLIC_URL was checked to be scheme, host and port")
        .with_rejection_response(refuse)
}

/// A change that has begun is finished, also if its client is gone: nothing stays half done because somebody closed a
/// window.
pub async fn finish_changes(request: Request, next: Next) -> Response {
    if request.method().is_safe() {
        return next.run(request).await;
    }
    crate::tasks::spawn(next.run(request)).await.unwrap_or_else(|error| {
        tracing::error!(%error, "the task of a request failed");
        Problem::Internal.into_response()
    })
}

/// Bounds the requests of one client that run at the same moment. This machine itself and long polls, which have bounds
/// of their own, are exempt.
pub async fn bound_client(State(app): State<App>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let address = client_info::address(&parts, &app);
    let is_local = address.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback()) || address == LOCAL_NETWORK;
    let request = Request::from_parts(parts, body);
    if is_local || is_bounded_otherwise(request.uri().path()) {
        return next.run(request).await;
    }
    match app.concurrency().addresses.take(&address).await {
        Some(_slot) => next.run(request).await,
        None => Problem::Busy.into_response(),
    }
}

/// Long polls have bounds of their own, and so have programs: one address calls for many people.
fn is_bounded_otherwise(path: &str) -> bool {
    ["/connect/attempts/", "/api/v1/", "/graph/"].iter().any(|start| path.starts_with(start))
}

/// Redirects a page under another host name to PUBLIC_URL, because cookies set under the other name would be missing
/// when the browser comes back from Facebook. State-changing requests under a foreign name are refused: another site
/// may have pointed its name at this service.
pub async fn require_public_host(State(app): State<App>, request: Request, next: Next) -> Response {
    if let Err(problem) = request_target::check(&app, &request) {
        return problem.into_response();
    }
    let is_reading = matches!(*request.method(), Method::GET | Method::HEAD);
    let is_called_by_meta = request.uri().path().starts_with("/hooks/");
    if !is_reading && !is_called_by_meta && !has_public_host(&app, &request) {
        if is_other_name_of_this_machine(&app, &request) {
            let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
            return Redirect::temporary(&format!("{}{path}", app.config.base())).into_response();
        }
        return Problem::WrongHost.into_response();
    }
    let Some(target) = public_address(&app, &request) else { return next.run(request).await };
    let mut moved = Redirect::temporary(&target).into_response();
    let secure = if app.config.is_https() { "; Secure" } else { "" };
    let note = format!("metaads_moved=1; Max-Age=5; Path=/; HttpOnly; SameSite=Lax{secure}");
    let note = HeaderValue::from_str(&note).expect("a cookie of our own visible letters");
    moved.headers_mut().insert(header::SET_COOKIE, note);
    moved
}

/// Where a page request should have gone; None if its host is right, or if it is no page.
fn public_address(app: &App, request: &Request) -> Option<String> {
    let path = request.uri().path();
    let is_page = matches!(*request.method(), Method::GET | Method::HEAD)
        && !["/healthz", "/readyz"].contains(&path)
        && !["/assets/", "/api/", "/hooks/"].iter().any(|start| path.starts_with(start));
    if !is_page || has_public_host(app, request) {
        return None;
    }
    let text = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok());
    // We redirected this browser a moment ago and its request still names another host: a proxy rewrites the header.
    // Serving the page beats a redirect loop.
    if text("cookie").unwrap_or_default().contains("metaads_moved=1") {
        tracing::warn!(
            "requests arrive under another Host than PUBLIC_URL's: configure the proxy to pass the Host header on"
        );
        return None;
    }
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
    Some(format!("{}{path}", app.config.base()))
}

/// Whether the browser used PUBLIC_URL's host. A proxy of METAADS_TRUSTED_PROXIES may call this service by an internal
/// name and forward the name that the browser used.
fn has_public_host(app: &App, request: &Request) -> bool {
    let public = request_target::public_authority(app);
    let text = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok());
    let is_public = |host: &str| host.trim().eq_ignore_ascii_case(public.as_str());
    let peer = request
        .extensions()
        .get::<ConnectInfo<SocketAddr>>()
        .map(|ConnectInfo(peer)| peer.ip().to_canonical());
    if peer.is_some_and(|peer| app.config.server.is_trusted_proxy(peer))
        && let Some(forwarded) = text("x-forwarded-host")
    {
        return is_public(forwarded);
    }
    let host = text("host").or_else(|| request.uri().authority().map(|authority| authority.as_str()));
    host.is_some_and(is_public)
}

/// Whether both names are loopback, such as 127.0.0.1 where PUBLIC_URL says localhost: then a program's POST is
/// redirected with its body instead of refused.
fn is_other_name_of_this_machine(app: &App, request: &Request) -> bool {
    let host = request.headers().get(header::HOST).and_then(|value| value.to_str().ok());
    let host = host.and_then(|host| url::Url::parse(&format!("http://{host}")).ok());
    crate::config::loopback::is_loopback(&app.config.server.public_url)
        && host.is_some_and(|host| crate::config::loopback::is_loopback(&host) && host.path() == "/")
}

/// Where Meta's dialogs come back to. A popup that arrives here comes from Facebook, which is in no browsing context group
/// with ours: with an isolating policy the browser would cut it off from its opener, and it could not close itself.
const CALLBACKS: [&str; 2] = ["/connect/meta/callback", "/connect/instagram/callback"];
const KEEPS_OPENER: &str = "unsafe-none";

/// Keeps a page in the popup that came back from Meta connected to its opener. Only for routes and rows that are known
/// to be in such a popup, never because of what a URL says.
pub fn keep_opener(response: &mut Response) {
    let name = HeaderName::from_static("cross-origin-opener-policy");
    response.headers_mut().insert(name, HeaderValue::from_static(KEEPS_OPENER));
}

/// Lets the forms of a page lead to this origin too, by the redirects that follow.
pub fn allow_form_to(app: &App, response: &mut Response, origin: &str) {
    let policy = format!("{} {origin}", content_security_policy(app));
    let policy = HeaderValue::from_str(&policy).expect("an origin is visible ASCII");
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
}

/// Notices a proxy that METAADS_TRUSTED_PROXIES does not name.
pub async fn notice_proxies(State(app): State<App>, request: Request, next: Next) -> Response {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
    let peer = peer.map(|ConnectInfo(peer)| peer.ip().to_canonical());
    if let Some(peer) = peer
        && request.headers().contains_key("x-forwarded-for")
        && !peer.is_loopback()
        && !app.config.server.is_trusted_proxy(peer)
    {
        operator_notices::report_untrusted_proxy(&app.store, &app.last_reports, app.now(), peer).await;
    }
    next.run(request).await
}

/// Security headers on every response.
pub async fn headers(State(app): State<App>, request: Request, next: Next) -> Response {
    let is_asset = request.uri().path().starts_with("/assets/");
    let route = request.extensions().get::<MatchedPath>().map(MatchedPath::as_str);
    let is_callback = route.is_some_and(|route| CALLBACKS.contains(&route));
    let opener_policy = if is_callback { KEEPS_OPENER } else { "same-origin-allow-popups" };
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    let mut set = |name: HeaderName, value: &str| {
        let value = HeaderValue::from_str(value).expect("our headers are visible ASCII");
        headers.entry(name).or_insert(value);
    };
    set(header::CONTENT_SECURITY_POLICY, &content_security_policy(&app));
    set(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(header::X_FRAME_OPTIONS, "DENY");
    set(header::REFERRER_POLICY, if is_callback { "no-referrer" } else { "same-origin" });
    set(HeaderName::from_static("cross-origin-opener-policy"), opener_policy);
    set(HeaderName::from_static("cross-origin-resource-policy"), "same-origin");
    set(
        HeaderName::from_static("permissions-policy"),
        "camera=(), microphone=(), geolocation=(), payment=(), usb=(), browsing-topics=()",
    );
    if app.config.is_https() {
        set(header::STRICT_TRANSPORT_SECURITY, "max-age=31536000; includeSubDomains");
    }
    if !is_asset {
        set(header::CACHE_CONTROL, "no-store");
    }
    response
}

/// Chromium checks `form-action` on the redirect after a POST too, so it lists the dialogs' hosts.
fn content_security_policy(app: &App) -> String {
    let dialog = app.graph().app().dialog_url.origin().ascii_serialization();
    // Meta's dialog is at www. and redirects phones to m.
    let mobile = dialog.replace("://www.", "://m.");
    let instagram = app.graph().app().instagram.as_ref();
    let instagram = instagram.map_or_else(String::new, |app| app.dialog_url.origin().ascii_serialization());
    format!(
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; font-src 'self'; \
         connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self' {dialog} {mobile} {instagram}"
    )
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::body::Body;
    use axum::http::StatusCode;
    use axum::routing::get;
    use tower::ServiceExt as _;

    use super::*;

    async fn panics() -> StatusCode {
        panic!("a handler with a bug");
    }

    #[tokio::test]
    async fn a_panic_becomes_a_problem_that_the_surface_renders() {
        let routes: Router = Router::new().route("/", get(panics)).layer(catch_panics());
        let mut response = routes.oneshot(Request::new(Body::empty())).await.expect("infallible");
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
        assert_eq!(Problem::take(&mut response), Some(Problem::Internal));
    }
}
