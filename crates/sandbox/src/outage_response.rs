//! What calls get while Meta is down.

use crate::dialog::pages;
use crate::graph_api::classify::classify;
use crate::graph_api::error::GraphError;
use crate::graph_api::usage_headers;
use crate::http::reply::Outcome;
use crate::http::request::Request;
use crate::state::call_log::Call;
use crate::state::faults::Endpoint;
use crate::state::outage::Outage;
use crate::state::shared::SharedState;

/// What a call meets: noted, and neither performed nor charged to a fault.
pub(crate) async fn meet(
    shared: &SharedState,
    request: &Request,
    is_dialog: bool,
    outage: Outage,
) -> Outcome {
    let endpoint = if is_dialog { Endpoint::Dialog } else { classify(shared, request) };
    let status = match outage {
        Outage::Unavailable => 503,
        Outage::Silent => 0,
    };
    shared.calls().record(Call {
        endpoint,
        method: request.method.clone(),
        path: request.path.clone(),
        params: request.params.0.clone(),
        in_batch: false,
        status,
    });
    if outage == Outage::Silent {
        return std::future::pending().await;
    }
    if is_dialog {
        return Outcome::Reply(pages::outage(status));
    }
    let trace_id = usage_headers::new_trace_id(shared);
    let error = GraphError {
        status,
        challenge: "unknown_error",
        is_bare: true,
        ..GraphError::oauth(2, "Service temporarily unavailable")
    };
    Outcome::Reply(usage_headers::add_headers(shared, request, endpoint, error.reply(&trace_id), &trace_id))
}
