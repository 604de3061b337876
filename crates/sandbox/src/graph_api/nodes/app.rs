//! The app as a node: `/{app-id}` or `/app`, with the app's own token.

use serde_json::{Map, Value, json};

use super::selection;
use crate::graph_api::error::GraphError;
use crate::http::request::Request;
use crate::options::APP_NAME;
use crate::state::shared::SharedState;

const DEFAULTS: [&str; 3] = ["category", "link", "name"];

/// Fields that exist, but are not set for this app: left out of the response.
const ABSENT: [&str; 15] = [
    "app_domains",
    "canvas_url",
    "company",
    "description",
    "logo_url",
    "migrations",
    "mobile_web_url",
    "namespace",
    "photo_url",
    "privacy_policy_url",
    "server_ip_whitelist",
    "subcategory",
    "terms_of_service_url",
    "user_support_email",
    "website_url",
];

pub(crate) fn node(shared: &SharedState, request: &Request) -> Result<Value, GraphError> {
    if request.method != "GET" {
        return Err(GraphError::unsupported(&request.method, request.segment(0)));
    }
    let selection = request.params.get("fields").map(selection::parse).transpose()?.unwrap_or_default();
    let mut names: Vec<&str> = selection.iter().map(|field| field.name.as_str()).collect();
    if names.is_empty() {
        names.extend(DEFAULTS);
    }
    let mut object = Map::new();
    for name in names {
        match value(shared, request, name) {
            Some(value) => drop(object.insert(name.to_owned(), value)),
            None if ABSENT.contains(&name) => {}
            None => return Err(GraphError::nonexisting_field(name, "Application")),
        }
    }
    object.insert("id".to_owned(), shared.app_id.as_str().into());
    Ok(Value::Object(object))
}

fn value(shared: &SharedState, request: &Request, name: &str) -> Option<Value> {
    Some(match name {
        "id" => shared.app_id.as_str().into(),
        "name" => APP_NAME.into(),
        "category" => "Business and Pages".into(),
        "link" => format!("https://www.facebook.com/games/?app_id={}", shared.app_id).into(),
        "icon_url" => format!("{}/picture/business.svg", request.base).into(),
        "contact_email" => "operator@example.com".into(),
        "app_type" => 0.into(),
        "restrictions" => json!({}),
        "supported_platforms" => json!(["WEB"]),
        "daily_active_users" | "weekly_active_users" | "monthly_active_users" => "0".into(),
        _ => return None,
    })
}
