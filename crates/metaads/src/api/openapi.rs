//! The OpenAPI document, generated from the handlers.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{ContentBuilder, Ref, RefOr, Response, ResponseBuilder, ServerBuilder};
use utoipa::{IntoResponses, Modify, OpenApi, ToSchema};

use crate::api::{ad_accounts, assets, connect_sessions, connections, health, history, token};
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
    Json(document(&app.config.base()))
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

/// An error, as RFC 9457 describes it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Problem)]
pub struct ProblemBody {
    /// The help page of this problem.
    #[schema(format = Uri, example = "https://ads.example.com/help/errors/not_found")]
    r#type: String,
    title: String,
    #[schema(example = 404)]
    status: u16,
    detail: String,
    /// A stable word to match on.
    #[schema(example = "not_found")]
    code: String,
    /// Finds the line in the log.
    request_id: String,
    /// With 409 of a connection that only somebody else can make work again: who.
    #[schema(value_type = Option<health::WhoName>)]
    who: Option<String>,
    /// With the same 409: the page on which it is done.
    #[schema(format = Uri)]
    url: Option<String>,
}

/// The errors that every operation can answer with.
pub struct Refusals;

/// Status and meaning.
const REFUSALS: [(&str, &str); 9] = [
    ("400", "The request cannot be read."),
    ("401", "There is no valid API key or session."),
    ("403", "The key lacks the scope, or is limited to something else."),
    ("404", "There is no such thing, or the caller does not reach it."),
    ("409", "The connection is in another state; `code`, `who` and `url` say what to do."),
    ("415", "The body is not JSON."),
    ("422", "The request can be read, but a value is not allowed."),
    ("429", "Too many calls. `Retry-After` says when the next one is possible."),
    ("503", "The database or Meta does not answer. A later attempt can succeed."),
];

impl IntoResponses for Refusals {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        let response = |(status, meaning): (&str, &str)| {
            let schema = Ref::from_schema_name("Problem");
            let content = ContentBuilder::new().schema(Some(schema)).build();
            let response =
                ResponseBuilder::new().description(meaning).content("application/problem+json", content);
            let response = match status {
                "429" | "503" => response.header("Retry-After", HeaderBuilder::new().build()),
                _ => response,
            };
            (status.to_owned(), RefOr::T(response.build()))
        };
        REFUSALS.into_iter().map(response).collect()
    }
}
