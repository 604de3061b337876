//! Performs one call, from the socket or from a batch: rate limits, routing, headers.

use super::error::GraphError;
use super::nodes::ads::writes;
use super::nodes::{permissions, picture, read};
use super::tokens::debug_token;
use super::{instagram, legacy, rate_limits, token_endpoint, usage_headers, versions};
use crate::http::reply::Reply;
use crate::http::request::{MarketingVersion, Request};
use crate::state::faults::Endpoint;
use crate::state::shared::SharedState;

pub(crate) fn perform(shared: &SharedState, request: &Request, endpoint: Endpoint) -> Reply {
    let trace_id = usage_headers::new_trace_id(shared);
    let answer = match rate_limits::refusal(shared, request, endpoint) {
        Some(refusal) => Err(refusal),
        None => route(shared, request),
    };
    let reply = answer.unwrap_or_else(|error| error.reply(&trace_id));
    let reply = legacy::apply(shared, request, reply);
    usage_headers::add_headers(shared, request, endpoint, reply, &trace_id)
}

fn route(shared: &SharedState, request: &Request) -> Result<Reply, GraphError> {
    if request.marketing_version == MarketingVersion::Retired {
        return Err(versions::refusal());
    }
    if let Some(write) = writes::of_request(shared, request) {
        return writes::perform(shared, request, write);
    }
    let segments: Vec<&str> = request.segments.iter().map(String::as_str).collect();
    match segments.as_slice() {
        [] => root(shared, request),
        ["oauth", "access_token"] => token_endpoint::serve(shared, request),
        ["refresh_access_token"] => instagram::refresh(shared, request),
        ["access_token"] => instagram::long_lived(shared, request),
        ["oauth", "revoke"] => token_endpoint::revoke(shared, request),
        ["me"] if instagram::has_instagram_token(request) => instagram::me(shared, request),
        ["debug_token"] => debug_token::serve(shared, request),
        ["picture", file] => picture::file(file),
        [_, "picture"] => picture::of_person(shared, request),
        [_, "permissions"] => permissions::serve(shared, request, None),
        [_, "permissions", permission] => permissions::serve(shared, request, Some(permission)),
        [id] => read::node_reply(shared, request, id),
        [id, edge] => read::edge_reply(shared, request, id, edge),
        [id, ..] => Err(GraphError::unsupported(&request.method, id)),
    }
}

/// The root serves only batches, and `?ids=` until it is removed.
fn root(shared: &SharedState, request: &Request) -> Result<Reply, GraphError> {
    let Some(ids) = request.params.get("ids") else {
        return Err(GraphError { subcode: None, ..GraphError::method(100, "Unsupported get request.") });
    };
    if legacy::is_served(shared, request) {
        return legacy::by_ids(ids, |id| read::node(shared, request, id));
    }
    let mut error = GraphError::oauth(100, "(#100) The ids query parameter has been deprecated.");
    error.status = 500;
    Err(error)
}
