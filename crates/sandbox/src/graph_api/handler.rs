//! A call from the socket: injects faults, then performs a batch or a single call.

use std::sync::Arc;

use super::classify::classify;
use super::fault_injection::FaultedCall;
use super::{batch, dispatch, rate_limits, subscriptions, usage_headers};
use crate::http::reply::{Outcome, Reply};
use crate::http::request::Request;
use crate::state::faults::Endpoint;
use crate::state::shared::SharedState;
use crate::webhooks;

pub(crate) async fn call(shared: &Arc<SharedState>, mut request: Request) -> Outcome {
    let endpoint = classify(shared, &request);
    let faulted = FaultedCall::begin(shared, &request, endpoint).await;
    request.returns_same_token = faulted.returns_same_token();
    let mut reply: Option<Reply> = None;
    let mut is_performed = false;
    for _ in 0..faulted.executions() {
        let answer = if endpoint == Endpoint::Batch {
            batch::perform(shared, &request).await
        } else if endpoint == Endpoint::Subscriptions {
            perform_subscription(shared, &request).await
        } else {
            dispatch::perform(shared, &request, endpoint)
        };
        is_performed |= answer.status == 200;
        reply = Some(answer);
    }
    // Integrators expect the callback here as well; Meta does not document it.
    let revokes_all = is_performed
        && endpoint == Endpoint::RevokePermissions
        && request.segments.len() == 2
        && request.params.get("permission").is_none();
    if let (true, Some(user_id)) = (revokes_all, request.segments.first().filter(|id| *id != "me")) {
        webhooks::send_deauthorized(shared, user_id);
    }
    faulted.finish(&request, endpoint, reply)
}

/// Not in `dispatch`, because it awaits the verification of the callback URL.
async fn perform_subscription(shared: &SharedState, request: &Request) -> Reply {
    let trace_id = usage_headers::new_trace_id(shared);
    let reply = match rate_limits::refusal(shared, request, Endpoint::Subscriptions) {
        Some(refusal) => Err(refusal),
        None => subscriptions::serve(shared, request).await,
    };
    let reply = reply.unwrap_or_else(|error| error.reply(&trace_id));
    usage_headers::add_headers(shared, request, Endpoint::Subscriptions, reply, &trace_id)
}
