//! Creating, changing and deleting ad objects, images and videos.

use serde_json::{Map, Value, json};

use super::edges::list_of_texts;
use super::{reports, uploads, validate};
use crate::graph_api::error::GraphError;
use crate::graph_api::nodes::access::require_ads_management;
use crate::graph_api::nodes::context::Context;
use crate::graph_api::nodes::read::{find_visible, require_user};
use crate::graph_api::tokens::caller::identify;
use crate::http::params::Params;
use crate::http::reply::Reply;
use crate::http::request::Request;
use crate::state::shared::SharedState;
use crate::world::ad_objects::{AdObject, AdObjectKind};
use crate::world::tables::Node;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Write {
    Create(AdObjectKind),
    Change(AdObject),
    Delete(AdObject),
    AddImages,
    RemoveImage,
    AddVideo,
    StartReport,
}

/// Parameters that are not fields of the object.
const NOT_FIELDS: [&str; 13] = [
    "access_token",
    "appsecret_proof",
    "appsecret_time",
    "method",
    "execution_options",
    "fields",
    "summary",
    "limit",
    "locale",
    "pretty",
    "debug",
    "format",
    "include_headers",
];

/// `None`: the call does not write an ad object.
pub(crate) fn of_request(shared: &SharedState, request: &Request) -> Option<Write> {
    let segments: Vec<&str> = request.segments.iter().map(String::as_str).collect();
    match (request.method.as_str(), segments.as_slice()) {
        ("POST", [_, "campaigns"]) => Some(Write::Create(AdObjectKind::Campaign)),
        ("POST", [_, "adsets"]) => Some(Write::Create(AdObjectKind::AdSet)),
        ("POST", [_, "ads"]) => Some(Write::Create(AdObjectKind::Ad)),
        ("POST", [_, "adcreatives"]) => Some(Write::Create(AdObjectKind::AdCreative)),
        ("POST", [_, "adimages"]) => Some(Write::AddImages),
        ("DELETE", [_, "adimages"]) => Some(Write::RemoveImage),
        ("POST", [_, "advideos"]) => Some(Write::AddVideo),
        ("POST", [_, "insights"]) => Some(Write::StartReport),
        ("POST" | "DELETE", [id]) => match shared.world.find(id)? {
            Node::AdObject(object) if request.method == "POST" => Some(Write::Change(object)),
            Node::AdObject(object) => Some(Write::Delete(object)),
            Node::Person(_) | Node::Business(_) | Node::AdAccount(_) | Node::Page(_) | Node::Instagram(_) => {
                None
            }
        },
        _ => None,
    }
}

pub(crate) fn perform(shared: &SharedState, request: &Request, write: Write) -> Result<Reply, GraphError> {
    let id = request.segment(0);
    let auth = require_user(identify(shared, request)?, request)?;
    let node = find_visible(shared, request, &auth, id)?;
    let context = Context { shared, auth: &auth, request };
    let unsupported = || GraphError::unsupported(&request.method, id);
    let account = match node {
        Node::AdAccount(account) => account,
        Node::AdObject(object) => object.account,
        Node::Person(_) | Node::Business(_) | Node::Page(_) | Node::Instagram(_) => return Err(unsupported()),
    };
    if write != Write::StartReport {
        let is_edge_of_account = request.segments.len() == 1 || matches!(node, Node::AdAccount(_));
        if !is_edge_of_account {
            return Err(unsupported());
        }
        require_ads_management(&context, account)?;
    }
    match write {
        Write::Create(kind) => create(&context, account, kind),
        Write::Change(object) | Write::Delete(object) if object.kind == AdObjectKind::ReportRun => {
            Err(unsupported())
        }
        Write::Change(object) => change(&context, object),
        Write::Delete(object) => Ok(delete(&context, object)),
        Write::AddImages => uploads::add_images(&context, account),
        Write::RemoveImage => uploads::remove_image(&context, account),
        Write::AddVideo => uploads::add_video(&context, account),
        Write::StartReport => reports::start(&context, account, node),
    }
}

fn create(context: &Context, account: usize, kind: AdObjectKind) -> Result<Reply, GraphError> {
    let mut fields = sent_fields(&context.request.params);
    context.shared.read_ads(|ads| validate::new_object(ads, account, kind, &fields))?;
    if is_validation_only(context.request) {
        return Ok(success());
    }
    let now = context.shared.clock.now_seconds();
    let created = context.shared.change_ads(|ads| {
        // An ad may bring its creative along.
        if let Some(Value::Object(creative)) = fields.get("creative")
            && !creative.contains_key("creative_id")
        {
            let creative = ads.create(account, AdObjectKind::AdCreative, creative.clone(), now);
            fields.insert("creative".to_owned(), json!({"creative_id": creative.id().to_string()}));
        }
        ads.create(account, kind, fields, now)
    });
    Ok(Reply::json(&json!({"id": created.id().to_string()})))
}

fn change(context: &Context, object: AdObject) -> Result<Reply, GraphError> {
    let fields = sent_fields(&context.request.params);
    validate::values(object.kind, &fields)?;
    if !is_validation_only(context.request) {
        let now = context.shared.clock.now_seconds();
        context.shared.change_ads(|ads| ads.change(object, fields, now));
    }
    Ok(success())
}

/// Deleted objects can still be read by id.
fn delete(context: &Context, object: AdObject) -> Reply {
    let fields = Map::from_iter([("status".to_owned(), "DELETED".into())]);
    let now = context.shared.clock.now_seconds();
    context.shared.change_ads(|ads| ads.change(object, fields, now));
    success()
}

fn success() -> Reply {
    Reply::json(&json!({"success": true}))
}

fn is_validation_only(request: &Request) -> bool {
    let options = request.params.get("execution_options").map(list_of_texts).unwrap_or_default();
    options.iter().any(|option| option == "validate_only")
}

/// Lists, objects and booleans as JSON, everything else as text: budgets are text in responses, too.
fn sent_fields(params: &Params) -> Map<String, Value> {
    let sent = params.0.iter().filter(|(name, _)| !NOT_FIELDS.contains(&name.as_str()));
    sent.map(|(name, text)| {
        let json = serde_json::from_str::<Value>(text).ok();
        let json = json.filter(|json| json.is_array() || json.is_object() || json.is_boolean());
        (name.clone(), json.unwrap_or_else(|| text.as_str().into()))
    })
    .collect()
}
