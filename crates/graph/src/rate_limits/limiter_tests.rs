use serde_json::{Value, json};

use super::Priority::{Background, Interactive};
use super::*;
use crate::endpoint::Endpoint;

const NOW: i64 = 1_800_000_000_000;
const MINUTE: i64 = 60_000;

fn headers(pairs: &[(&str, Value)]) -> Headers {
    let list: Vec<Value> =
        pairs.iter().map(|(name, value)| json!({"name": name, "value": value.to_string()})).collect();
    Headers::from_json(Some(&Value::from(list)))
}

fn keys(path: &str) -> QuotaKeys {
    QuotaKeys::for_call(Endpoint::AdAccount, path, Some("t"))
}

fn record(limiter: &RateLimiter, path: &str, pairs: &[(&str, Value)], error: Option<&Value>) {
    let headers = headers(pairs);
    let body = json!({ "error": error });
    let error = ApiError::parse(Endpoint::AdAccount, 400, &body).map(|error| error.with_headers(&headers));
    limiter.record(&keys(path), &Usage::from_headers(&headers), error.as_ref(), NOW);
}

/// Minutes from `NOW` until the call may be sent, checked `later_ms` after `NOW`; None: immediately.
fn blocked_minutes(limiter: &RateLimiter, path: &str, priority: Priority, later_ms: i64) -> Option<i64> {
    let block = limiter.check_quota(&keys(path), priority, NOW + later_ms).err()?;
    Some((block.until - NOW) / MINUTE)
}

#[test]
fn a_block_of_the_app_stops_every_call_until_it_ends() {
    let limiter = RateLimiter::default();
    let usage = json!({"call_count": 241, "total_time": 85, "total_cputime": 67});
    record(&limiter, "me", &[("X-App-Usage", usage)], Some(&json!({"message": "m", "code": 4})));
    assert_eq!(blocked_minutes(&limiter, "act_5", Interactive, 0), Some(10));
    assert_eq!(blocked_minutes(&limiter, "me/accounts", Interactive, 9 * MINUTE), Some(10));
    assert_eq!(blocked_minutes(&limiter, "me/accounts", Interactive, 10 * MINUTE), None);
}

#[test]
fn a_block_of_one_ad_account_does_not_affect_others() {
    let limiter = RateLimiter::default();
    let usage = json!({"5": [{"type": "ads_management", "call_count": 101, "total_time": 4, "estimated_time_to_regain_access": 23}]});
    let error = json!({"message": "m", "code": 80_004, "error_subcode": 2_446_079});
    record(&limiter, "act_5/campaigns", &[("X-Business-Use-Case-Usage", usage)], Some(&error));
    assert_eq!(blocked_minutes(&limiter, "act_5", Interactive, 0), Some(23), "minutes, as Meta said");
    assert_eq!(blocked_minutes(&limiter, "act_6", Interactive, 0), None);
    assert_eq!(blocked_minutes(&limiter, "me", Interactive, 0), None);
}

#[test]
fn reset_time_is_in_seconds_and_a_regain_time_alone_is_no_block() {
    let limiter = RateLimiter::default();
    let full = json!({"acc_id_util_pct": 100, "reset_time_duration": 300});
    record(&limiter, "act_5", &[("x-ad-account-usage", full)], None);
    assert_eq!(blocked_minutes(&limiter, "act_5", Interactive, 0), Some(5));
    let low =
        json!({"6": [{"type": "ads_management", "call_count": 19, "estimated_time_to_regain_access": 10}]});
    record(&limiter, "act_6", &[("x-business-use-case-usage", low)], None);
    assert_eq!(blocked_minutes(&limiter, "act_6", Background, 0), None);
}

#[test]
fn background_work_leaves_the_rest_of_a_quota_to_interactive_calls() {
    let limiter = RateLimiter::default();
    record(&limiter, "me", &[("x-app-usage", json!({"call_count": 86}))], None);
    assert_eq!(
        (blocked_minutes(&limiter, "me", Background, 0), blocked_minutes(&limiter, "me", Interactive, 0)),
        (Some(2), None)
    );
    record(&limiter, "me", &[("x-app-usage", json!({"total_time": 96.2, "call_count": null}))], None);
    assert_eq!(
        (blocked_minutes(&limiter, "me", Background, 0), blocked_minutes(&limiter, "me", Interactive, 0)),
        (Some(10), None)
    );
    record(&limiter, "me", &[("x-app-usage", json!({"call_count": 12}))], None);
    assert_eq!(blocked_minutes(&limiter, "me", Background, 0), None);
}

#[test]
fn a_block_learned_by_one_process_is_respected_by_another() {
    let (one, other) = (RateLimiter::default(), RateLimiter::default());
    record(&one, "act_5", &[], Some(&json!({"message": "m", "code": 17, "error_subcode": 2_446_079})));
    other.merge(one.drain().quotas, NOW);
    assert_eq!(blocked_minutes(&other, "act_5", Interactive, 0), Some(10));
    assert!(one.drain().quotas.is_empty(), "reported once");
    other.merge(Vec::new(), NOW + 2 * QUOTA_WINDOW_MS);
    assert_eq!(blocked_minutes(&other, "act_5", Interactive, 0), None, "old quotas are dropped");
}

#[test]
fn a_block_set_by_a_wrong_clock_is_ignored() {
    let limiter = RateLimiter::default();
    let far = QuotaState { key: "app".to_owned(), percent: 100, blocked_until: NOW * 2, seen_at: NOW };
    limiter.merge(vec![far], NOW);
    assert_eq!(blocked_minutes(&limiter, "me", Interactive, 0), None);
}

#[test]
fn a_full_use_case_blocks_only_the_calls_that_draw_on_it() {
    let limiter = RateLimiter::default();
    let usage = json!({"829001": [
        {"type": "ads_insights", "call_count": 100, "estimated_time_to_regain_access": 45},
        {"type": "ads_management", "call_count": 3},
    ]});
    record(&limiter, "act_829001", &[("x-business-use-case-usage", usage)], None);
    let throttle = json!({"app_id_util_pct": 100, "acc_id_util_pct": 100});
    record(&limiter, "act_829001", &[("x-fb-ads-insights-throttle", throttle)], None);
    assert_eq!(blocked_minutes(&limiter, "act_829001", Interactive, 0), None);
    let error = json!({"message": "m", "code": 80_004, "error_subcode": 2_446_079});
    record(&limiter, "94001/owned_ad_accounts", &[], Some(&error));
    let pages = QuotaKeys::for_call(Endpoint::OwnedPages, "94001/owned_pages", Some("t"));
    assert!(limiter.check_quota(&pages, Interactive, NOW).is_ok());
    assert_eq!(blocked_minutes(&limiter, "94001/client_ad_accounts", Interactive, 0), Some(10));
    assert_eq!(blocked_minutes(&limiter, "94002/owned_ad_accounts", Interactive, 0), None);
}

#[test]
fn a_quota_seen_in_the_future_blocks_nothing() {
    let limiter = RateLimiter::default();
    record(&limiter, "me", &[("x-app-usage", json!({"call_count": 12}))], None);
    // This clock is set back by five seconds; another process's is thirty seconds ahead.
    assert_eq!(blocked_minutes(&limiter, "me", Background, -5_000), None);
    let ahead = QuotaState { key: "app".to_owned(), percent: 20, blocked_until: 0, seen_at: NOW + 30_000 };
    limiter.merge(vec![ahead], NOW);
    assert_eq!(blocked_minutes(&limiter, "me", Interactive, 0), None);
    record(&limiter, "me", &[("x-app-usage", json!({"call_count": 99}))], None);
    assert_eq!(blocked_minutes(&limiter, "me", Background, -5_000), Some(9), "no longer than the pause");
}

#[test]
fn unrecognized_errors_are_counted_by_kind() {
    let limiter = RateLimiter::default();
    for trace in ["A1", "A2", "A3"] {
        record(&limiter, "act_5", &[], Some(&json!({"message": "m", "code": 424_242, "fbtrace_id": trace})));
    }
    let unrecognized = limiter.drain().unrecognized;
    assert_eq!(unrecognized.len(), 1);
    assert_eq!(
        (unrecognized[0].code, unrecognized[0].count, unrecognized[0].fbtrace_id.as_deref()),
        (Some(424_242), 3, Some("A3"))
    );
}

#[test]
fn a_served_version_other_than_the_pinned_one_is_reported() {
    let limiter = RateLimiter::default();
    let served = |text: &str| Headers::from_json(Some(&json!({"facebook-api-version": text})));
    limiter.record_version(&served("v24.0"), &GraphVersion::NEWEST);
    assert_eq!(limiter.drain().served_version.as_deref(), Some("v24.0"));
    limiter.record_version(&Headers::default(), &GraphVersion::NEWEST);
    assert_eq!(
        limiter.drain().served_version.as_deref(),
        Some("v24.0"),
        "a response without the header changes nothing"
    );
    limiter.record_version(&served("v26.0"), &GraphVersion::NEWEST);
    assert_eq!(
        limiter.drain().served_version.as_deref(),
        Some("v24.0"),
        "other endpoints may still be served by the other version"
    );
}
