//! The Graph: which endpoint a path is, and who answers it.

use std::sync::Arc;

use serde_json::Value;

use crate::envelope::{GraphError, Reply};
use crate::faults::Endpoint;
use crate::fields;
use crate::nodes::{self, Context};
use crate::paging::Page;
use crate::params::Request;
use crate::passage::{Outcome, Passage};
use crate::shared::Shared;
use crate::versions::Served;
use crate::viewer::{Insight, Viewer, identify};
use crate::world::Node;
use crate::{
    app, batch, debug_token, edges, instagram, legacy, limits, outbox, permissions, picture, subscriptions,
    token, usage, versions,
};

/// A call from the socket.
pub(crate) async fn call(shared: &Arc<Shared>, mut request: Request) -> Outcome {
    let endpoint = classify(shared, &request);
    let passage = Passage::enter(shared, &request, endpoint).await;
    request.is_unchanged = passage.is_unchanged();
    let mut reply: Option<Reply> = None;
    let mut is_done = false;
    for _ in 0..passage.times() {
        let answer = match endpoint {
            Endpoint::Batch => batch::perform(shared, &request).await,
            Endpoint::Subscriptions => {
                let trace_id = usage::trace_id(shared);
                let reply = match limits::refusal(shared, &request, endpoint) {
                    Some(refusal) => Err(refusal),
                    None => subscriptions::serve(shared, &request).await,
                };
                let reply = reply.unwrap_or_else(|error| error.reply(&trace_id));
                usage::decorate(shared, &request, endpoint, reply, &trace_id)
            }
            _ => perform(shared, &request, endpoint),
        };
        is_done |= answer.status == 200;
        reply = Some(answer);
    }
    // Integrators expect the callback after this as well; Meta does not say.
    let whom = is_done
        && endpoint == Endpoint::RevokePermissions
        && request.segments.len() == 2
        && request.params.get("permission").is_none();
    if let (true, Some(user_id)) = (whom, request.segments.first().filter(|id| *id != "me")) {
        outbox::deauthorized(shared, user_id);
    }
    passage.leave(&request, endpoint, reply)
}

/// Performs a single call and puts Meta's headers on the answer.
pub(crate) fn perform(shared: &Shared, request: &Request, endpoint: Endpoint) -> Reply {
    let trace_id = usage::trace_id(shared);
    let answer = match limits::refusal(shared, request, endpoint) {
        Some(refusal) => Err(refusal),
        None => route(shared, request),
    };
    let reply = answer.unwrap_or_else(|error| error.reply(&trace_id));
    let reply = legacy::dress(shared, request, reply);
    usage::decorate(shared, request, endpoint, reply, &trace_id)
}

pub(crate) fn classify(shared: &Shared, request: &Request) -> Endpoint {
    let segments: Vec<&str> = request.segments.iter().map(String::as_str).collect();
    match segments.as_slice() {
        [] if request.method == "POST" => Endpoint::Batch,
        ["oauth", "access_token"] if request.params.get("client_id") == Some(&shared.instagram_app_id) => {
            Endpoint::InstagramToken
        }
        ["access_token"] => Endpoint::InstagramExchange,
        ["oauth", "access_token"] => match request.params.get("grant_type") {
            Some("fb_exchange_token") => Endpoint::Exchange,
            _ => Endpoint::Token,
        },
        ["refresh_access_token"] => Endpoint::InstagramRefresh,
        ["debug_token"] => Endpoint::DebugToken,
        ["picture", _] | [_, "picture"] => Endpoint::Picture,
        _ if subscriptions::is_meant(shared, request) => Endpoint::Subscriptions,
        [_, "permissions", ..] if request.method == "DELETE" => Endpoint::RevokePermissions,
        [_, "permissions"] => Endpoint::Permissions,
        [_, "adaccounts" | "assigned_ad_accounts"] => Endpoint::AdAccounts,
        [_, "businesses"] => Endpoint::Businesses,
        [_, "owned_ad_accounts"] => Endpoint::OwnedAdAccounts,
        [_, "client_ad_accounts"] => Endpoint::ClientAdAccounts,
        [_, "accounts" | "owned_pages" | "client_pages"] => Endpoint::Pages,
        ["me"] if instagram::is_meant(request) => Endpoint::InstagramMe,
        ["me"] => Endpoint::Me,
        [id, "insights"] if id.starts_with("act_") => Endpoint::Insights,
        [id] if id.starts_with("act_") => Endpoint::AdAccount,
        [id] if shared.world.person(id).is_some() => Endpoint::Me,
        _ => Endpoint::Other,
    }
}

fn route(shared: &Shared, request: &Request) -> Result<Reply, GraphError> {
    if request.served == Served::Refused {
        return Err(versions::refusal());
    }
    let segments: Vec<&str> = request.segments.iter().map(String::as_str).collect();
    match segments.as_slice() {
        [] => root(shared, request),
        ["oauth", "access_token"] => token::serve(shared, request),
        ["refresh_access_token"] => instagram::refresh(shared, request),
        ["access_token"] => instagram::long_lived(shared, request),
        ["oauth", "revoke"] => token::revoke(shared, request),
        ["me"] if instagram::is_meant(request) => instagram::me(shared, request),
        ["debug_token"] => debug_token::serve(shared, request),
        ["picture", file] => picture::file(file),
        [_, "picture"] => picture::of_person(shared, request),
        [_, "permissions"] => permissions::serve(shared, request, None),
        [_, "permissions", permission] => permissions::serve(shared, request, Some(permission)),
        [id] => read_node(shared, request, id),
        [id, edge] => read_edge(shared, request, id, edge),
        [id, ..] => Err(GraphError::unsupported(&request.method, id)),
    }
}

/// Nothing lives at the root but batches, and `?ids=` as long as it lasts.
fn root(shared: &Shared, request: &Request) -> Result<Reply, GraphError> {
    let Some(ids) = request.params.get("ids") else {
        return Err(GraphError { subcode: None, ..GraphError::method(100, "Unsupported get request.") });
    };
    if legacy::is_served(shared, request) {
        return legacy::by_ids(ids, |id| node(shared, request, id));
    }
    let mut error = GraphError::oauth(100, "(#100) The ids query parameter has been deprecated.");
    error.status = 500;
    Err(error)
}

fn read_node(shared: &Shared, request: &Request, id: &str) -> Result<Reply, GraphError> {
    node(shared, request, id).map(|value| Reply::json(&value))
}

fn node(shared: &Shared, request: &Request, id: &str) -> Result<Value, GraphError> {
    let insight = match identify(shared, request)? {
        Viewer::App if id == shared.app_id || id == "app" => {
            return app::node(shared, request);
        }
        viewer => person(viewer, request)?,
    };
    let node = visible(shared, request, &insight, id)?;
    let context = Context { shared, insight: &insight, request };
    nodes::require(&context, node)?;
    let selection = request.params.get("fields").map(fields::parse).transpose()?;
    nodes::render(&context, node, selection.as_deref())
}

fn read_edge(shared: &Shared, request: &Request, id: &str, edge: &str) -> Result<Reply, GraphError> {
    let insight = person(identify(shared, request)?, request)?;
    let node = visible(shared, request, &insight, id)?;
    let context = Context { shared, insight: &insight, request };
    if request.method != "GET" {
        return Err(GraphError::unsupported(&request.method, id));
    }
    let page = Page::from_params(&request.params)?;
    match edges::list(&context, node, edge, &page)? {
        Some(list) => Ok(Reply::json(&list)),
        None => Err(GraphError::nonexisting_field(edge, nodes::type_name(node))),
    }
}

/// Most reads need a person behind the token.
fn person(viewer: Viewer, request: &Request) -> Result<Insight, GraphError> {
    match viewer {
        Viewer::Person(insight) => Ok(insight),
        Viewer::App if request.segment(0) == "me" => Err(GraphError::oauth(
            2500,
            "An active access token must be used to query information about the current user.",
        )),
        Viewer::App => Err(GraphError::unsupported(&request.method, request.segment(0))),
    }
}

/// What stands behind an id, as long as the person may know of it.
fn visible(shared: &Shared, request: &Request, insight: &Insight, id: &str) -> Result<Node, GraphError> {
    if id == "me" {
        return Ok(insight.page.map_or(Node::Person(insight.person), Node::Page));
    }
    let found = shared.world.find(id);
    found
        .filter(|node| is_shown(shared, insight, *node))
        .ok_or_else(|| GraphError::unsupported(&request.method, id))
}

/// Whether this person or system user may see a thing, and ticked it.
pub(crate) fn is_shown(shared: &Shared, insight: &Insight, node: Node) -> bool {
    shared.world.sees(insight.person, node) && insight.covers(shared, node)
}

/// The words for a permission that is missing: (#200), as HTTP 403.
pub(crate) fn missing_permission(message: &str) -> GraphError {
    GraphError { status: 403, ..GraphError::oauth(200, format!("(#200) {message}")) }
}

pub(crate) fn success() -> Reply {
    Reply::json(&Value::Bool(true))
}
