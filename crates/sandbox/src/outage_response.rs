//! How calls are answered during an outage.

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

const UNAVAILABLE: u16 = 503;

/// The dialog during an outage. Performs nothing and consumes no injected fault.
pub(crate) async fn dialog(shared: &SharedState, request: &Request, outage: Outage) -> Outcome {
    log_or_hang(shared, request, Endpoint::Dialog, outage).await;
    Outcome::Reply(pages::outage(UNAVAILABLE))
}

/// A Graph call during an outage. Performs nothing and consumes no injected fault.
pub(crate) async fn graph_call(shared: &SharedState, request: &Request, outage: Outage) -> Outcome {
    let endpoint = classify(shared, request);
    log_or_hang(shared, request, endpoint, outage).await;
    let trace_id = usage_headers::new_trace_id(shared);
    let error = GraphError {
        status: UNAVAILABLE,
        challenge: "unknown_error",
        is_bare: true,
        ..GraphError::oauth(2, "Service temporarily unavailable")
    };
    Outcome::Reply(usage_headers::add_headers(shared, request, endpoint, error.reply(&trace_id), &trace_id))
}

/// Logs the call; never returns if the outage is silent.
async fn log_or_hang(shared: &SharedState, request: &Request, endpoint: Endpoint, outage: Outage) {
    let status = match outage {
        Outage::Unavailable => UNAVAILABLE,
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
    match outage {
        Outage::Unavailable => {}
        Outage::Silent => std::future::pending().await,
    }
}
