//! Meta is down for a while, and comes back by the clock. Only the control page still answers.

use serde::Serialize;

use crate::calls::Call;
use crate::dialog::page;
use crate::dialog_page;
use crate::envelope::GraphError;
use crate::faults::Endpoint;
use crate::graph;
use crate::params::Request;
use crate::passage::Outcome;
use crate::shared::Shared;
use crate::usage;

/// How Meta is down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outage {
    /// Every call is answered with 503, code 2; the dialog with a page that says so.
    Unavailable,
    /// Connections are taken and never answered.
    Silent,
}

pub(crate) const TITLE: &str = "Sorry, something went wrong";
pub(crate) const TEXT: &str = "We are working on it and will have it fixed as soon as we can.";

/// The outage now, and the seconds it still lasts.
pub(crate) fn current(shared: &Shared) -> Option<(Outage, i64)> {
    let now = shared.clock.now_seconds();
    let outage = shared.settings().outage;
    outage.filter(|(_, ends_at)| now < *ends_at).map(|(outage, ends_at)| (outage, ends_at - now))
}

/// What a call meets: noted, and neither performed nor charged to a fault.
pub(crate) async fn meet(shared: &Shared, request: &Request, is_dialog: bool, outage: Outage) -> Outcome {
    let endpoint = if is_dialog { Endpoint::Dialog } else { graph::classify(shared, request) };
    let status = match outage {
        Outage::Unavailable => 503,
        Outage::Silent => 0,
    };
    shared.calls().arrived(Call {
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
        return Outcome::Reply(page(status, dialog_page::error(TITLE, TEXT)));
    }
    let trace_id = usage::trace_id(shared);
    let error = GraphError {
        status,
        challenge: "unknown_error",
        is_bare: true,
        ..GraphError::oauth(2, "Service temporarily unavailable")
    };
    Outcome::Reply(usage::decorate(shared, request, endpoint, error.reply(&trace_id), &trace_id))
}
