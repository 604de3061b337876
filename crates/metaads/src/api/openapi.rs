//! The OpenAPI document, generated from the handlers.

use axum::Json;
use axum::extract::State;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{RefOr, Response, ServerBuilder};
use utoipa::{Modify, OpenApi};

use crate::api::connections::DisconnectModeName;
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
    components(schemas(ProblemBody, DisconnectModeName)),
    modifiers(&Security, &Names),
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

/// Gives each operation an id of its own, for generators: `list_connections`, `show_connection`. A success needs a
/// description.
struct Names;

impl Modify for Names {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        for (path, item) in &mut document.paths.paths {
            let methods = [&mut item.get, &mut item.post, &mut item.patch, &mut item.put, &mut item.delete];
            for operation in methods.into_iter().flatten() {
                let verb = operation.operation_id.take().unwrap_or_default();
                operation.operation_id = Some(operation_id(&verb, path));
                operation.responses.responses.values_mut().for_each(describe);
            }
        }
    }
}

fn describe(response: &mut RefOr<Response>) {
    if let RefOr::T(response) = response
        && response.description.is_empty()
    {
        response.description = "It is done.".to_owned();
    }
}

/// `verb`: the handler's name.
fn operation_id(verb: &str, path: &str) -> String {
    let nouns: Vec<String> = path
        .trim_start_matches("/api/v1/")
        .split('/')
        .filter(|part| !part.starts_with('{'))
        .map(|part| part.replace('-', "_"))
        .collect();
    let one = |noun: &str| match noun.strip_suffix("sses") {
        Some(stem) => format!("{stem}ss"),
        None => noun.strip_suffix('s').unwrap_or(noun).to_owned(),
    };
    match nouns.as_slice() {
        [.., owner, noun] if noun == "events" => format!("{verb}_{}_{noun}", one(owner)),
        [.., noun] if verb == "list" || verb == noun && noun.ends_with('s') => format!("list_{noun}"),
        [.., noun, last] if verb == last => format!("{verb}_{}", one(noun)),
        [.., noun] if noun == "health" => format!("{verb}_{noun}"),
        [.., noun] => format!("{verb}_{}", one(noun)),
        [] => verb.to_owned(),
    }
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

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use serde_json::Value;

    use super::*;

    fn references(value: &Value, found: &mut Vec<String>) {
        match value {
            Value::Object(map) => {
                found.extend(map.get("$ref").and_then(Value::as_str).map(str::to_owned));
                map.values().for_each(|value| references(value, found));
            }
            Value::Array(values) => values.iter().for_each(|value| references(value, found)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }

    #[test]
    fn generators_can_read_the_document() {
        let document = serde_json::to_value(document("https://ads.example.com")).expect("JSON");
        let mut found = Vec::new();
        references(&document, &mut found);
        for reference in &found {
            let path = reference.strip_prefix('#').expect("a reference inside of the document");
            assert!(document.pointer(path).is_some(), "{reference}");
        }
        let mut ids = HashSet::new();
        for (path, methods) in document["paths"].as_object().expect("paths") {
            for (method, operation) in methods.as_object().expect("methods") {
                let id = operation["operationId"].as_str().expect("an id");
                assert!(ids.insert(id.to_owned()), "{id} of {method} {path} is not unique");
                for (status, response) in operation["responses"].as_object().expect("responses") {
                    assert!(
                        response["description"].as_str().is_some_and(|text| !text.is_empty()),
                        "{path} {status}"
                    );
                }
            }
        }
        for id in [
            "list_connections",
            "show_connection",
            "refresh_connection",
            "list_ad_accounts",
            "update_ad_account",
            "list_businesses",
            "show_health",
            "show_token",
            "create_connect_session",
        ] {
            assert!(ids.contains(id), "{id} is not among {ids:?}");
        }
    }
}
