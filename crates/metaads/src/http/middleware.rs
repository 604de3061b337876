//! What holds for every answer: the right host, no foreign forms, headers that keep a page to itself.

use std::net::SocketAddr;

use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use tower_http::csrf::CsrfLayer;

use crate::app::App;
use crate::codes::error_code::Code;

/// Refuses requests that change something and come from another site: by `Sec-Fetch-Site`, else by
/// comparing `Origin`. Meta's own calls carry a signature and are not browsers.
pub fn csrf(app: &App) -> CsrfLayer<fn(tower_http::csrf::ProtectionError) -> Response> {
    let origin = app.config.server.public_url.origin().ascii_serialization();
    let refuse: fn(tower_http::csrf::ProtectionError) -> Response =
        |_| crate::web::problem::pending_problem(StatusCode::FORBIDDEN, Code::Forbidden);
    CsrfLayer::new()
        .add_trusted_origin(origin)
        .expect("PUBLIC_URL was checked to be scheme, host and port")
        .with_rejection_response(refuse)
}

/// A page opened under another host name than PUBLIC_URL's leads to the right one, so that no flow
/// loses its cookies on the way to Facebook and back.
pub async fn right_host(State(app): State<App>, request: Request, next: Next) -> Response {
    let is_asking = matches!(*request.method(), Method::GET | Method::HEAD);
    let is_called_by_meta = request.uri().path().starts_with("/hooks/");
    // Nothing changes under a foreign name: behind one, another site may have been put in our place.
    if !is_asking && !is_called_by_meta && !has_right_host(&app, &request) {
        if is_other_name_of_this_machine(&app, &request) {
            let wanted = request.uri().path_and_query().map_or("/", |wanted| wanted.as_str());
            return Redirect::temporary(&format!("{}{wanted}", app.config.base())).into_response();
        }
        return crate::web::problem::pending_problem(StatusCode::MISDIRECTED_REQUEST, Code::Forbidden);
    }
    let Some(target) = right_address(&app, &request) else { return next.run(request).await };
    let mut moved = Redirect::temporary(&target).into_response();
    let secure = if app.config.is_https() { "; Secure" } else { "" };
    let note = format!("metaads_moved=1; Max-Age=5; Path=/; HttpOnly; SameSite=Lax{secure}");
    let note = HeaderValue::from_str(&note).expect("a cookie of our own visible letters");
    moved.headers_mut().insert(header::SET_COOKIE, note);
    moved
}

/// Where a request should have gone; None where it is right, or no page.
fn right_address(app: &App, request: &Request) -> Option<String> {
    let path = request.uri().path();
    let is_page = matches!(*request.method(), Method::GET | Method::HEAD)
        && !["/healthz", "/readyz", "/metrics"].contains(&path)
        && !["/assets/", "/api/", "/hooks/"].iter().any(|start| path.starts_with(start));
    if !is_page || has_right_host(app, request) {
        return None;
    }
    let text = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok());
    // The browser was sent here by us a moment ago and its request still names another host: a proxy
    // rewrites it. Better to serve than to send it in circles.
    if text("cookie").unwrap_or_default().contains("metaads_moved=1") {
        tracing::warn!(
            "requests arrive under another Host than PUBLIC_URL's: let the proxy pass the Host header on"
        );
        return None;
    }
    let wanted = request.uri().path_and_query().map_or("/", |wanted| wanted.as_str());
    Some(format!("{}{wanted}", app.config.base()))
}

/// Whether the browser used PUBLIC_URL's host. A proxy that is named in METAADS_TRUSTED_PROXIES may call
/// us by our inner name and say which name the browser used.
fn has_right_host(app: &App, request: &Request) -> bool {
    let public = authority(app);
    let text = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok());
    let is_right = |host: &str| host.trim().eq_ignore_ascii_case(&public);
    let peer = request
        .extensions()
        .get::<ConnectInfo<SocketAddr>>()
        .map(|ConnectInfo(peer)| peer.ip().to_canonical());
    if peer.is_some_and(|peer| app.config.server.trusted_proxies.contains(&peer))
        && let Some(forwarded) = text("x-forwarded-host")
    {
        return is_right(forwarded);
    }
    let host = text("host").or_else(|| request.uri().authority().map(|authority| authority.as_str()));
    host.is_some_and(is_right)
}

/// 127.0.0.1 where PUBLIC_URL says localhost, and the like: a program that posts there is led to the
/// right name with what it posts.
fn is_other_name_of_this_machine(app: &App, request: &Request) -> bool {
    let host = request.headers().get(header::HOST).and_then(|value| value.to_str().ok());
    let host = host.and_then(|host| url::Url::parse(&format!("http://{host}")).ok());
    crate::config::loopback::is_loopback(&app.config.server.public_url)
        && host.is_some_and(|host| crate::config::loopback::is_loopback(&host) && host.path() == "/")
}

/// Host and port of PUBLIC_URL, as a Host header has them.
fn authority(app: &App) -> String {
    let url = &app.config.server.public_url;
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

/// Headers on every answer.
pub async fn headers(State(app): State<App>, request: Request, next: Next) -> Response {
    let is_asset = request.uri().path().starts_with("/assets/");
    let is_callback = request.uri().path().ends_with("/callback");
    // The small window comes from Facebook, whose pages are in no group with ours: where this page
    // asked for one, the browser would take it for a stranger and not let it close itself.
    let is_popup = request.uri().query().is_some_and(|query| query.contains("window=popup"));
    let opener_policy = if is_callback || is_popup { "unsafe-none" } else { "same-origin-allow-popups" };
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

/// Chromium checks `form-action` on the redirect after a POST too, so the dialog's host is in it.
fn content_security_policy(app: &App) -> String {
    let dialog = app.graph().app().dialog_url.origin().ascii_serialization();
    // Meta's dialog lives on www and sends phones to m.
    let mobile = dialog.replace("://www.", "://m.");
    let instagram = app.graph().app().instagram.as_ref();
    let instagram = instagram.map_or_else(String::new, |app| app.dialog_url.origin().ascii_serialization());
    format!(
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; font-src 'self'; \
         connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self' {dialog} {mobile} {instagram}"
    )
}
