//! Reading a node, or one of its edges, by id.

use serde_json::Value;

use super::access;
use super::app;
use super::context::Context;
use super::fields::type_name;
use super::paging::PageRequest;
use super::{render, selection};
use crate::graph_api::error::GraphError;
use crate::graph_api::tokens::caller::{AuthContext, Caller, identify};
use crate::http::reply::Reply;
use crate::http::request::Request;
use crate::state::shared::SharedState;
use crate::world::tables::Node;

pub(crate) fn node_reply(shared: &SharedState, request: &Request, id: &str) -> Result<Reply, GraphError> {
    node(shared, request, id).map(|value| Reply::json(&value))
}

pub(crate) fn node(shared: &SharedState, request: &Request, id: &str) -> Result<Value, GraphError> {
    let auth = match identify(shared, request)? {
        Caller::App if id == shared.app_id || id == "app" => {
            return app::node(shared, request);
        }
        caller => require_user(caller, request)?,
    };
    let node = find_visible(shared, request, &auth, id)?;
    let context = Context { shared, auth: &auth, request };
    access::require(&context, node)?;
    let selection = request.params.get("fields").map(selection::parse).transpose()?;
    render::render(&context, node, selection.as_deref())
}

pub(crate) fn edge_reply(
    shared: &SharedState,
    request: &Request,
    id: &str,
    edge: &str,
) -> Result<Reply, GraphError> {
    let auth = require_user(identify(shared, request)?, request)?;
    let node = find_visible(shared, request, &auth, id)?;
    let context = Context { shared, auth: &auth, request };
    if request.method != "GET" {
        return Err(GraphError::unsupported(&request.method, id));
    }
    let page = PageRequest::from_params(&request.params)?;
    match render::edge(&context, node, edge, &page)? {
        Some(list) => Ok(Reply::json(&list)),
        None => Err(GraphError::nonexisting_field(edge, type_name(node))),
    }
}

/// Most reads need a user token.
pub(crate) fn require_user(caller: Caller, request: &Request) -> Result<AuthContext, GraphError> {
    match caller {
        Caller::User(auth) => Ok(auth),
        Caller::App if request.segment(0) == "me" => Err(GraphError::oauth(
            2500,
            "An active access token must be used to query information about the current user.",
        )),
        Caller::App => Err(GraphError::unsupported(&request.method, request.segment(0))),
    }
}

/// The node with this id, if the person may see it.
pub(crate) fn find_visible(
    shared: &SharedState,
    request: &Request,
    auth: &AuthContext,
    id: &str,
) -> Result<Node, GraphError> {
    if id == "me" {
        return Ok(auth.page.map_or(Node::Person(auth.person), Node::Page));
    }
    let found = shared.world.find(id);
    found
        .filter(|node| is_shown(shared, auth, *node))
        .ok_or_else(|| GraphError::unsupported(&request.method, id))
}

/// Whether this person or system user may see a node, and selected it.
fn is_shown(shared: &SharedState, auth: &AuthContext, node: Node) -> bool {
    if let Node::AdObject(object) = node
        && !shared.read_ads(|ads| ads.exists(object))
    {
        return false;
    }
    shared.world.can_see(auth.person, node) && auth.includes(shared, node)
}
