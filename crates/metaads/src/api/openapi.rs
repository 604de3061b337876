//! The OpenAPI document, generated from the handlers.

use axum::Json;
use axum::extract::State;
use utoipa::openapi::ServerBuilder;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi};

use crate::api::refusals::ProblemBody;
use crate::api::{
    ad_accounts, assets, connect_sessions, connections, deliveries, events, health, history, token,
    webhook_endpoints,
};
use crate::app::App;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "MetaAds",
        description = "Connections to Meta advertising accounts, for programs. Times are RFC 3339 in UTC; ids are UUIDs.",
    ),
    paths(
        connect_sessions::create,
        connect_sessions::show,
        connections::list,
        connections::show,
        connections::disconnect,
        connections::refresh,
        connections::sync,
        health::show,
        history::list,
        token::show,
        ad_accounts::list,
        ad_accounts::update,
        assets::pages,
        assets::instagram_accounts,
        assets::businesses,
        events::list,
        webhook_endpoints::list,
        webhook_endpoints::create,
        webhook_endpoints::show,
        webhook_endpoints::update,
        webhook_endpoints::delete,
        webhook_endpoints::rotate_secret,
        webhook_endpoints::test,
        deliveries::list,
        deliveries::show,
        deliveries::replay,
    ),
    components(schemas(ProblemBody)),
    modifiers(&Security),
    security(("api_key" = []), ("session" = [])),
)]
struct Document;

/// The document; `base`: where the API is served, without a slash at its end.
pub fn document(base: &str) -> utoipa::openapi::OpenApi {
    let mut document = Document::openapi();
    document.servers = Some(vec![ServerBuilder::new().url(base).build()]);
    document
}

pub async fn show(State(app): State<App>) -> Json<utoipa::openapi::OpenApi> {
    Json(document(app.config.base()))
}

/// How callers prove who they are.
struct Security;

impl Modify for Security {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let components = document.components.get_or_insert_default();
        let key = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .bearer_format("mak_…")
            .description(Some("An API key, made under Settings or with `metaads admin keys create`."))
            .build();
        components.add_security_scheme("api_key", SecurityScheme::Http(key));
        let cookie = ApiKeyValue::with_description("metaads_session", "The session of a signed-in browser.");
        components.add_security_scheme("session", SecurityScheme::ApiKey(ApiKey::Cookie(cookie)));
    }
}
