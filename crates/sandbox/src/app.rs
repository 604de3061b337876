//! The app as a node of the graph: `/{app-id}`, or `/app`, with the app's own token.

use serde_json::{Map, Value, json};

use crate::debug_token::APPLICATION;
use crate::envelope::GraphError;
use crate::fields;
use crate::params::Request;
use crate::shared::Shared;

const DEFAULTS: [&str; 3] = ["category", "link", "name"];

/// What an app may have and this one has not: known, and left out.
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

pub(crate) fn node(shared: &Shared, request: &Request) -> Result<Value, GraphError> {
    if request.method != "GET" {
        return Err(GraphError::unsupported(&request.method, request.segment(0)));
    }
    let asked = request.params.get("fields").map(fields::parse).transpose()?.unwrap_or_default();
    let mut names: Vec<&str> = asked.iter().map(|field| field.name.as_str()).collect();
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

fn value(shared: &Shared, request: &Request, name: &str) -> Option<Value> {
    Some(match name {
        "id" => shared.app_id.as_str().into(),
        "name" => APPLICATION.into(),
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
