//! The whole product as a list of URLs, in the order in which a person meets them.

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::Response;
use axum::routing::{MethodRouter, any, get, patch, post};
use tower_http::compression::CompressionLayer;

use crate::api::{self, webhook_endpoints};
use crate::app::App;
use crate::hooks::{self, meta};
use crate::http::body::{self, BodyTime};
use crate::http::problem::Problem;
use crate::http::{api_caller, middleware, problem_json};
use crate::web::{
    account_link, admin, api_docs, api_keys, attempt, auth, business, connect, connect_session, connection,
    dashboard, data_deletion, diagnose, disconnect, health, help, home, import_token, notice_view, picker,
    problem_page, settings, static_files, webhook_delivery, webhook_endpoint, webhooks,
};

/// A body, unless its extractor has a limit of its own: see `http::form_fields` and `hooks::webhook_body`.
const BODY_LIMIT: usize = 8 * 1024;

#[rustfmt::skip]
pub fn routes(app: App) -> Router {
    Router::new()
        // A visitor
        .route("/", get(home::show))
        .route("/register", get(auth::show_register).post(auth::create))
        .route("/login", get(auth::show_login).post(auth::login))
        .route("/logout", post(auth::logout))
        .route("/links", get(account_link::show).post(account_link::consume))
        .route("/help", get(help::index))
        .route("/help/errors/{code}", get(help::code))
        // Connecting
        .route("/dashboard", get(dashboard::show))
        .route("/connect/meta", post(connect::start))
        .route("/connect/meta/callback", get(connect::callback))
        .route("/connect/instagram", post(connect::start_instagram))
        .route("/connect/instagram/callback", get(connect::instagram_callback))
        .route("/connect/business", get(business::show))
        .route("/connect/token", get(import_token::show).post(import_token::create))
        .route("/connect/attempts/{id}", get(attempt::show))
        .route("/connect/attempts/{id}/status", get(attempt::status))
        .route("/connect/attempts/{id}/cancel", post(attempt::cancel))
        .route("/connect/problems/{code}", get(attempt::problem))
        .route(connect_session::ELSEWHERE, get(connect_session::elsewhere))
        .route("/connect/result/{id}", get(connect_session::result))
        .route("/assets/connect.js", get(static_files::connect_script))
        // A connection
        .route("/connections/{id}", get(connection::show))
        .route("/connections/{id}/accounts", get(picker::show))
        .route("/connections/{id}/missing", get(diagnose::show).post(diagnose::look_for))
        .route("/connections/{id}/assets", post(picker::select))
        .route("/connections/{id}/sync", post(connection::sync))
        .route("/connections/{id}/refresh", post(connection::refresh))
        .route("/connections/{id}/disconnect", get(disconnect::show).post(disconnect::act))
        .route("/connections/{id}/remove", post(disconnect::remove))
        .merge(settings_routes())
        // Programs
        .merge(programs(&app))
        .route("/api/openapi.json", get(api::openapi::show))
        .route("/api/docs", get(api_docs::show))
        .merge(graph_proxy())
        // Meta calling us
        .merge(with_and_without_slash("/hooks/meta/events", &get(meta::verify).post(meta::event)))
        .merge(with_and_without_slash("/hooks/meta/deauthorize", &get(meta::alive).post(meta::deauthorize)))
        .merge(with_and_without_slash("/hooks/meta/data-deletion", &get(meta::alive).post(meta::data_deletion)))
        .route("/data-deletion/{code}", get(data_deletion::show))
        // Operators
        .route("/admin", get(admin::show))
        .route("/admin/events/replay", post(admin::replay))
        .route("/admin/deletions", post(admin::delete_listed))
        .route("/healthz", get(health::live))
        .route("/readyz", get(health::ready))
        .route("/assets/{*name}", get(static_files::show))
        // From here outwards: what holds for every response
        .fallback(|| async { Problem::NotFound })
        .layer(middleware::csrf(&app))
        .merge(connect_sessions())
        .layer(from_fn_with_state(app.clone(), notice_view::forget_shown))
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .layer(from_fn_with_state(BodyTime::default(), body::limit_time))
        .layer(from_fn_with_state(app.clone(), middleware::require_public_host))
        .layer(from_fn_with_state(app.clone(), middleware::notice_proxies))
        .layer(from_fn_with_state(app.clone(), middleware::bound_client))
        .layer(from_fn(middleware::finish_changes))
        .layer(middleware::catch_panics())
        .layer(from_fn_with_state(app.clone(), render_problems))
        .layer(CompressionLayer::new())
        .layer(from_fn_with_state(app.clone(), middleware::headers))
        .with_state(app)
}

/// The users of other products. The product's page may post here from its own origin: the handler checks which page it
/// was. The layer against other sites' requests would also log the paths, which have tokens.
#[rustfmt::skip]
fn connect_sessions() -> Router<App> {
    Router::new()
        .route("/connect-sessions/{token}", get(connect_session::show))
        .route("/connect-sessions/{token}/start", post(connect_session::start))
}

/// The user's own account, and what programs may do with it.
#[rustfmt::skip]
fn settings_routes() -> Router<App> {
    Router::new()
        .route("/settings", get(settings::show))
        .route("/settings/password", post(settings::change_password))
        .route("/settings/sessions/end-others", post(settings::end_others))
        .route("/settings/sessions/{id}/end", post(settings::end_session))
        .route("/settings/theme", post(settings::theme))
        .route("/settings/keys", get(api_keys::show).post(api_keys::create))
        .route("/settings/keys/{id}", get(api_keys::show_one))
        .route("/settings/keys/{id}/replace", post(api_keys::replace))
        .route("/settings/keys/{id}/end", post(api_keys::end))
        .route("/settings/webhooks", get(webhooks::list).post(webhooks::create))
        .route("/settings/webhooks/new", get(webhooks::show_new))
        .route("/settings/webhooks/{id}", get(webhook_endpoint::show).post(webhook_endpoint::update))
        .route("/settings/webhooks/{id}/test", post(webhook_endpoint::test))
        .route("/settings/webhooks/{id}/switch", post(webhook_endpoint::switch))
        .route("/settings/webhooks/{id}/rotate-secret", post(webhook_endpoint::rotate_secret))
        .route("/settings/webhooks/{id}/delete", post(webhook_endpoint::delete))
        .route("/settings/webhooks/deliveries/{id}", get(webhook_delivery::show))
        .route("/settings/webhooks/deliveries/{id}/replay", post(webhook_delivery::replay))
        .route("/settings/delete", get(settings::show_delete).post(settings::delete))
}

/// The JSON API. Every call is authenticated, counted and, if it changes something, recorded.
#[rustfmt::skip]
fn programs(app: &App) -> Router<App> {
    Router::new()
        .route("/api/v1/connect-sessions", post(api::connect_sessions::create))
        .route("/api/v1/connect-sessions/{id}", get(api::connect_sessions::show))
        .route("/api/v1/connections", get(api::connections::list))
        .route("/api/v1/connections/{id}", get(api::connections::show).delete(api::connections::disconnect))
        .route("/api/v1/connections/{id}/refresh", post(api::connections::refresh))
        .route("/api/v1/connections/{id}/sync", post(api::connections::sync))
        .route("/api/v1/connections/{id}/health", get(api::health::show))
        .route("/api/v1/connections/{id}/events", get(api::history::list))
        .route("/api/v1/connections/{id}/token", get(api::token::show))
        .route("/api/v1/connections/{id}/ad-accounts", get(api::ad_accounts::list))
        .route("/api/v1/connections/{id}/ad-accounts/{account_id}", patch(api::ad_accounts::update))
        .route("/api/v1/connections/{id}/pages", get(api::assets::pages))
        .route("/api/v1/connections/{id}/instagram-accounts", get(api::assets::instagram_accounts))
        .route("/api/v1/connections/{id}/businesses", get(api::assets::businesses))
        .route("/api/v1/events", get(api::events::list))
        .route("/api/v1/webhook-endpoints", get(webhook_endpoints::list).post(webhook_endpoints::create))
        .route("/api/v1/webhook-endpoints/{id}", get(webhook_endpoints::show).patch(webhook_endpoints::update).delete(webhook_endpoints::delete))
        .route("/api/v1/webhook-endpoints/{id}/rotate-secret", post(webhook_endpoints::rotate_secret))
        .route("/api/v1/webhook-endpoints/{id}/test", post(webhook_endpoints::test))
        .route("/api/v1/webhook-deliveries", get(api::deliveries::list))
        .route("/api/v1/webhook-deliveries/{id}", get(api::deliveries::show))
        .route("/api/v1/webhook-deliveries/{id}/replay", post(api::deliveries::replay))
        .route_layer(from_fn_with_state(app.clone(), api_caller::authenticate))
}

/// Meta's Graph API with an API key in place of a token. Bodies stream, so only their parameters are limited.
fn graph_proxy() -> Router<App> {
    Router::new()
        .route("/graph", any(api::graph::forward))
        .route("/graph/", any(api::graph::forward))
        .route("/graph/{*path}", any(api::graph::forward))
        .layer(DefaultBodyLimit::disable())
}

/// An address that people type into Meta's App Dashboard: a slash at its end means the same.
fn with_and_without_slash(path: &str, methods: &MethodRouter<App>) -> Router<App> {
    Router::new().route(path, methods.clone()).route(&format!("{path}/"), methods.clone())
}

/// Renders every problem, including panics and rejections of the framework, in the form of the surface that was called.
async fn render_problems(State(app): State<App>, request: Request, next: Next) -> Response {
    let path = request.uri().path();
    if path == "/graph" || path.starts_with("/graph/") {
        let method = request.method().clone();
        api::graph::render_problem(&app, &method, next.run(request).await)
    } else if path.starts_with("/api/") && path != "/api/docs" {
        problem_json::render(&app, next.run(request).await)
    } else if path.starts_with("/hooks/") {
        hooks::problem::render(&app, next.run(request).await)
    } else {
        problem_page::render(&app, request, next).await
    }
}
