//! The API's documentation as a page, made from the OpenAPI document.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use serde_json::Value;

use crate::api::openapi;
use crate::app::App;
use crate::http::caller::MaybeCaller;
use crate::http::client_info::ClientInfo;
use crate::http::problem::Problem;
use crate::web::layout::{Layout, Section, page};

#[derive(Template)]
#[template(path = "api_docs.html")]
struct ApiDocsPage {
    layout: Layout,
    base: String,
    groups: Vec<Group>,
    shapes: Vec<Shape>,
}

/// Operations under one heading.
struct Group {
    id: String,
    name: String,
    operations: Vec<Operation>,
}

struct Operation {
    method: String,
    path: String,
    summary: String,
    text: String,
    params: Vec<Field>,
    /// The shape of the body; empty: none.
    body: String,
    answers: Vec<Answer>,
}

struct Answer {
    status: String,
    text: String,
    shape: String,
}

/// A JSON object of the API.
struct Shape {
    name: String,
    text: String,
    fields: Vec<Field>,
}

struct Field {
    name: String,
    kind: String,
    text: String,
}

pub async fn show(
    State(app): State<App>,
    client: ClientInfo,
    MaybeCaller(caller): MaybeCaller,
) -> Result<Response, Problem> {
    let document = serde_json::to_value(openapi::document(app.config.base())).unwrap_or_default();
    Ok(page(&ApiDocsPage {
        layout: Layout::new(&app, &client, caller.as_ref(), Section::None).await?,
        base: app.config.base().to_owned(),
        groups: groups(&document),
        shapes: shapes(&document),
    }))
}

/// Without the marks of the document's Markdown.
fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().replace('`', "")
}

fn groups(document: &Value) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for (path, methods) in document["paths"].as_object().into_iter().flatten() {
        for (method, operation) in methods.as_object().into_iter().flatten() {
            let name = text(&operation["tags"][0]);
            let at = groups.iter().position(|group| group.name == name).unwrap_or_else(|| {
                let id = name.to_ascii_lowercase().replace(' ', "-");
                groups.push(Group { id, name, operations: Vec::new() });
                groups.len() - 1
            });
            groups[at].operations.push(Operation::new(path, method, operation));
        }
    }
    groups
}

impl Operation {
    fn new(path: &str, method: &str, operation: &Value) -> Operation {
        let param = |param: &Value| Field {
            name: text(&param["name"]),
            kind: kind(&param["schema"]),
            text: text(&param["description"]),
        };
        let answer = |(status, response): (&String, &Value)| Answer {
            status: status.clone(),
            text: text(&response["description"]),
            shape: shape_of(&response["content"]),
        };
        Operation {
            method: method.to_ascii_uppercase(),
            path: path.to_owned(),
            summary: text(&operation["summary"]),
            text: text(&operation["description"]),
            params: operation["parameters"].as_array().into_iter().flatten().map(param).collect(),
            body: shape_of(&operation["requestBody"]["content"]),
            answers: operation["responses"].as_object().into_iter().flatten().map(answer).collect(),
        }
    }
}

/// The name of the shape of a body.
fn shape_of(content: &Value) -> String {
    let first = content.as_object().and_then(|content| content.values().next());
    first.map(|content| kind(&content["schema"])).unwrap_or_default()
}

fn shapes(document: &Value) -> Vec<Shape> {
    let schemas = document["components"]["schemas"].as_object().into_iter().flatten();
    schemas
        .map(|(name, schema)| {
            let values = schema["enum"].as_array().into_iter().flatten();
            let values =
                values.map(|value| Field { name: text(value), kind: String::new(), text: String::new() });
            let properties = schema["properties"].as_object().into_iter().flatten();
            let properties = properties.map(|(name, property)| Field {
                name: name.clone(),
                kind: kind(property),
                text: text(&property["description"]),
            });
            Shape {
                name: name.clone(),
                text: text(&schema["description"]),
                fields: values.chain(properties).collect(),
            }
        })
        .collect()
}

/// A type in words: "string", "list of AdAccount", "integer or null".
fn kind(schema: &Value) -> String {
    if let Some(reference) = schema["$ref"].as_str() {
        return reference.rsplit('/').next().unwrap_or_default().to_owned();
    }
    for several in ["oneOf", "anyOf", "allOf"] {
        if let Some(kinds) = schema[several].as_array() {
            return kinds.iter().map(kind).collect::<Vec<_>>().join(" or ");
        }
    }
    let plain = match &schema["type"] {
        Value::Array(kinds) => kinds.iter().map(text).collect::<Vec<_>>().join(" or "),
        kind => text(kind),
    };
    match (plain.as_str(), schema["format"].as_str()) {
        ("array", _) => format!("list of {}", kind(&schema["items"])),
        (plain, Some(format)) => format!("{plain} ({format})"),
        (plain, None) => plain.to_owned(),
    }
}
