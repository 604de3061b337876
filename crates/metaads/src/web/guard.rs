//! What holds for every answer: the right host, no foreign forms, headers that keep a page to itself.

use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use tower_http::csrf::CsrfLayer;

use crate::app::App;
use crate::words::Code;

/// Refuses requests that change something and come from another site: by `Sec-Fetch-Site`, else by
/// comparing `Origin`. Meta's own calls carry a signature and are not browsers.
pub fn csrf(app: &App) -> CsrfLayer<fn(tower_http::csrf::ProtectionError) -> Response> {
    let origin = app.config.public_url.origin().ascii_serialization();
    let refuse: fn(tower_http::csrf::ProtectionError) -> Response =
        |_| super::problem::unrendered(StatusCode::FORBIDDEN, Code::Forbidden);
    CsrfLayer::new()
        .add_trusted_origin(origin)
        .expect("PUBLIC_URL was checked to be scheme, host and port")
        .with_rejection_response(refuse)
}

/// A page opened under another host name than PUBLIC_URL's leads to the right one, so that no flow
/// loses its cookies on the way to Facebook and back.
pub async fn right_host(State(app): State<App>, request: Request, next: Next) -> Response {
    let Some(target) = right_address(&app, &request) else { return next.run(request).await };
    let mut moved = Redirect::temporary(&target).into_response();
    let note = HeaderValue::from_static("metaads_moved=1; Max-Age=5; Path=/; HttpOnly; SameSite=Lax");
    moved.headers_mut().insert(header::SET_COOKIE, note);
    moved
}

/// Where a request should have gone; None where it is right, or no page.
fn right_address(app: &App, request: &Request) -> Option<String> {
    let path = request.uri().path();
    let is_page = matches!(*request.method(), Method::GET | Method::HEAD)
        && !["/healthz", "/readyz", "/metrics"].contains(&path)
        && !["/assets/", "/api/", "/hooks/"].iter().any(|start| path.starts_with(start));
    let public = authority(app);
    let text = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok());
    let host = text("host").or_else(|| request.uri().authority().map(|authority| authority.as_str()));
    let is_right = |host: &str| host.eq_ignore_ascii_case(&public);
    // A proxy in front may call us by our inner name; then it says which name the browser used.
    let forwarded = text("x-forwarded-host").map(str::trim);
    if !is_page || host.is_none_or(is_right) || forwarded.is_some_and(is_right) {
        return None;
    }
    // The browser was sent here by us a moment ago and its request still names another host: a proxy
    // rewrites it. Better to serve than to send it in circles.
    if text("cookie").unwrap_or_default().contains("metaads_moved=1") {
        tracing::warn!("requests arrive under another Host than PUBLIC_URL's: let the proxy pass the Host header on");
        return None;
    }
    let wanted = request.uri().path_and_query().map_or("/", |wanted| wanted.as_str());
    Some(format!("{}{wanted}", app.config.base()))
}

/// Host and port of PUBLIC_URL, as a Host header has them.
fn authority(app: &App) -> String {
    let url = &app.config.public_url;
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

/// Headers on every answer.
pub async fn headers(State(app): State<App>, request: Request, next: Next) -> Response {
    let is_asset = request.uri().path().starts_with("/assets/");
    let is_callback = request.uri().path().ends_with("/callback");
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
    set(HeaderName::from_static("cross-origin-opener-policy"), "same-origin-allow-popups");
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
    let dialog = app.graph.app().dialog_url.origin().ascii_serialization();
    // Meta's dialog lives on www and sends phones to m.
    let mobile = dialog.replace("://www.", "://m.");
    format!(
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; font-src 'self'; \
         connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self' {dialog} {mobile}"
    )
}
