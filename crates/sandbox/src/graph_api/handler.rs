//! A call from the socket: injected faults, then a batch, a subscription or a single call.

use std::sync::Arc;

use super::classify::classify;
use super::fault_injection::FaultedCall;
use super::{batch, dispatch, rate_limits, subscriptions, usage_headers};
use crate::http::reply::{Outcome, Reply};
use crate::http::request::Request;
use crate::state::faults::Endpoint;
use crate::state::shared::SharedState;
use crate::webhooks;

/// A call from the socket.
pub(crate) async fn call(shared: &Arc<SharedState>, mut request: Request) -> Outcome {
    let endpoint = classify(shared, &request);
    let faulted = FaultedCall::begin(shared, &request, endpoint).await;
    request.returns_same_token = faulted.returns_same_token();
    let mut reply: Option<Reply> = None;
    let mut is_done = false;
    for _ in 0..faulted.executions() {
        let answer = match endpoint {
            Endpoint::Batch => batch::perform(shared, &request).await,
            Endpoint::Subscriptions => {
                let trace_id = usage_headers::new_trace_id(shared);
                let reply = match rate_limits::refusal(shared, &request, endpoint) {
                    Some(refusal) => Err(refusal),
                    None => subscriptions::serve(shared, &request).await,
                };
                let reply = reply.unwrap_or_else(|error| error.reply(&trace_id));
                usage_headers::add_headers(shared, &request, endpoint, reply, &trace_id)
            }
            _ => dispatch::perform(shared, &request, endpoint),
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
        webhooks::send_deauthorized(shared, user_id);
    }
    faulted.finish(&request, endpoint, reply)
}
