//! The headers Meta puts on every Graph answer: version served, trace id, and how much of the limits is used.

use serde_json::json;

use crate::envelope::Reply;
use crate::faults::Endpoint;
use crate::params::Request;
use crate::shared::Shared;
use crate::versions::Served;

pub(crate) fn trace_id(shared: &Shared) -> String {
    format!("A{}", shared.entropy.text("trace", 22))
}

pub(crate) fn decorate(
    shared: &Shared,
    request: &Request,
    endpoint: Endpoint,
    reply: Reply,
    trace_id: &str,
) -> Reply {
    let reply = reply
        .with("x-fb-request-id", trace_id)
        .with("x-fb-trace-id", trace_id)
        .with("x-fb-rev", "1029384756")
        .with("cache-control", "private, no-cache, no-store, must-revalidate")
        .with("pragma", "no-cache")
        .with("expires", "Sat, 01 Jan 2000 00:00:00 GMT")
        .with("access-control-allow-origin", "*");
    if reply.is_bare {
        return reply;
    }
    // Percent of the hour's allowance; grows slowly so that a demo stays far below the limit.
    let percent = (shared.calls().total() / 200).min(60);
    let app = match endpoint {
        Endpoint::InstagramRefresh | Endpoint::InstagramMe => {
            json!({"call_volume": percent, "cpu_time": percent / 3})
        }
        _ => json!({"call_count": percent, "total_cputime": percent / 3, "total_time": percent / 2}),
    };
    let reply =
        reply.with("facebook-api-version", request.version.as_str()).with("x-app-usage", app.to_string());
    let reply = match &request.served {
        Served::Upgraded(warning) => reply.with("x-ad-api-version-warning", warning.as_str()),
        Served::AsAsked | Served::Refused => reply,
    };
    match request.segment(0).strip_prefix("act_") {
        Some(account) if endpoint == Endpoint::AdAccount => {
            let used = json!({account: [{
                "type": "ads_management",
                "call_count": percent.max(1),
                "total_cputime": 1,
                "total_time": 1,
                "estimated_time_to_regain_access": 0,
                "ads_api_access_tier": "standard_access",
            }]});
            reply.with("x-business-use-case-usage", used.to_string())
        }
        _ => reply,
    }
}
