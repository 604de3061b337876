//! The headers of every Graph response: version, trace id, and rate limit usage.
//!
//! Each limit has its own unit: percent, minutes or seconds.

use serde_json::{Map, Value, json};

use super::rate_limits;
use crate::http::reply::Reply;
use crate::http::request::{MarketingVersion, Request};
use crate::state::faults::Endpoint;
use crate::state::rate_limits::{RateLimit, Usage, UseCase};
use crate::state::shared::SharedState;

const TIER: &str = "standard_access";

pub(crate) fn new_trace_id(shared: &SharedState) -> String {
    format!("A{}", shared.random.alphanumeric("trace", 22))
}

pub(crate) fn add_headers(
    shared: &SharedState,
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
    let mut reply = reply.with("facebook-api-version", request.version.as_str());
    if let MarketingVersion::Upgraded(warning) = &request.marketing_version {
        reply = reply.with("x-ad-api-version-warning", warning.as_str());
    }
    // In percent. Grows slowly, so that a demo stays far below the limit.
    let idle = (shared.calls().total() / 200).min(60);
    let app = exhausted_usage(shared, &RateLimit::App).map_or(idle, |usage| usage.percent);
    let is_instagram = matches!(endpoint, Endpoint::InstagramRefresh | Endpoint::InstagramMe);
    let usage = match is_instagram {
        true => json!({"call_volume": idle, "cpu_time": idle / 3}),
        false => json!({"call_count": app, "total_cputime": idle / 3, "total_time": idle / 2}),
    };
    reply = reply.with("x-app-usage", usage.to_string());
    if let Some(usage) = use_cases(shared, request, idle) {
        reply = reply.with("x-business-use-case-usage", usage.to_string());
    }
    match rate_limits::ad_account(shared, request) {
        Some(account) => ad_account(shared, request, &account, (idle, app), reply),
        None => reply,
    }
}

/// `None`: the limit is not exhausted.
fn exhausted_usage(shared: &SharedState, limit: &RateLimit) -> Option<Usage> {
    shared.rate_limits().usage(limit, shared.clock.now_seconds())
}

/// Reported under the id of the requested node: the use case of the call, and the exhausted ones of the same id.
/// Calls on ad accounts always report it, others only while something is exhausted.
fn use_cases(shared: &SharedState, request: &Request, idle: usize) -> Option<Value> {
    let (id, own) = rate_limits::use_case(shared, request)?;
    let is_account = rate_limits::ad_account(shared, request).is_some();
    let rows = UseCase::ALL.into_iter().filter_map(|use_case| {
        let usage = exhausted_usage(shared, &RateLimit::UseCase { id: id.clone(), use_case });
        if usage.is_none() && !(is_account && use_case == own) {
            return None;
        }
        let Usage { percent, seconds_left } =
            usage.unwrap_or(Usage { percent: idle.max(1), seconds_left: 0 });
        Some(json!({
            "type": use_case.as_str(),
            "call_count": percent,
            "total_cputime": 1,
            "total_time": 1,
            // In minutes; 0 only if calls are accepted.
            "estimated_time_to_regain_access": (seconds_left + 59) / 60,
            "ads_api_access_tier": TIER,
        }))
    });
    let rows: Vec<Value> = rows.collect();
    (!rows.is_empty()).then(|| Value::Object(Map::from_iter([(id, rows.into())])))
}

fn ad_account(
    shared: &SharedState,
    request: &Request,
    account: &str,
    (idle, app): (usize, usize),
    reply: Reply,
) -> Reply {
    let usage = exhausted_usage(shared, &RateLimit::AdAccount(account.to_owned()));
    let Usage { percent, seconds_left } = usage.unwrap_or(Usage { percent: idle, seconds_left: 0 });
    let percent = json!(percent).as_f64();
    let usage =
        json!({"acc_id_util_pct": percent, "reset_time_duration": seconds_left, "ads_api_access_tier": TIER});
    let reply = reply.with("x-ad-account-usage", usage.to_string());
    if request.segment(1) != "insights" {
        return reply;
    }
    let insights = RateLimit::UseCase { id: account.to_owned(), use_case: UseCase::AdsInsights };
    let insights = exhausted_usage(shared, &insights).map_or(idle, |usage| usage.percent);
    let throttle = json!({
        "app_id_util_pct": json!(app).as_f64(),
        "acc_id_util_pct": json!(insights).as_f64(),
        "ads_api_access_tier": TIER,
    });
    reply.with("x-fb-ads-insights-throttle", throttle.to_string())
}
