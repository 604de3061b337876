//! Arbitrary input in place of a response: nothing panics, and what is not JSON is reported as malformed.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::describe::{describe, parse};
use crate::endpoint::Endpoint;
use crate::error::GraphError;
use crate::headers::Headers;
use crate::ids::AppId;
use crate::rate_limits::{Priority, QuotaKeys, RateLimiter};
use crate::response::parse_response;
use crate::usage::Usage;
use crate::version::GraphVersion;
use crate::webhooks::parse_event;

const PARSERS: [&str; 17] = [
    "response",
    "success",
    "person",
    "inspection",
    "inspection_data",
    "token",
    "instagram_token",
    "rows",
    "ad_accounts",
    "pages",
    "businesses",
    "ad_account",
    "page",
    "business",
    "instagram_account",
    "subscriptions",
    "batch",
];
const ENDPOINTS: [Endpoint; 5] = [
    Endpoint::Page,
    Endpoint::DebugToken,
    Endpoint::CodeExchange,
    Endpoint::App,
    Endpoint::InstagramCodeExchange,
];
const NOW: i64 = 1_800_000_000_000;
const HOUR_MS: i64 = 60 * 60_000;

/// Everything that happens to a response: parsed, classified, recorded, and a retry time computed.
fn receive(endpoint: Endpoint, status: u16, headers: &Headers, body: &[u8]) -> Result<Value, GraphError> {
    let outcome = parse_response(endpoint, status, headers, body);
    let keys = QuotaKeys::for_call(Endpoint::AdAccount, "act_5/campaigns", Some("t"));
    let limiter = RateLimiter::default();
    match &outcome {
        Ok(_) => limiter.record(&keys, &Usage::from_headers(headers), None, NOW),
        Err(error) => {
            let (_, _) = (error.recovery(), error.to_string());
            let later = error.retry_at(NOW).unwrap_or(NOW);
            assert!((NOW..=NOW + HOUR_MS).contains(&later), "{later}");
            if let GraphError::Api(error) = error {
                limiter.record(&keys, &error.usage, Some(error), NOW);
            }
        }
    }
    limiter.record_version(headers, &GraphVersion::NEWEST);
    let until =
        limiter.check_quota(&keys, Priority::Background, NOW).map_or_else(|block| block.until, |()| NOW);
    assert!(until <= NOW + HOUR_MS, "no block is longer than the hour: {until}");
    outcome
}

/// Keys that Meta sends, and others.
fn key() -> impl Strategy<Value = String> {
    let known = [
        "error",
        "meta",
        "error_type",
        "error_code",
        "error_msg",
        "error_data",
        "error_subcode",
        "message",
        "code",
        "type",
        "fbtrace_id",
        "is_transient",
        "data",
        "paging",
        "cursors",
        "after",
        "next",
        "summary",
        "total_count",
        "id",
        "account_id",
        "name",
        "business",
        "is_valid",
        "scopes",
        "granular_scopes",
        "target_ids",
        "expires_at",
        "access_token",
        "expires_in",
        "headers",
        "body",
        "value",
        "object",
        "entry",
        "changes",
    ];
    prop_oneof![5 => prop::sample::select(known.to_vec()).prop_map(str::to_owned), 1 => ".{0,6}"]
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".*".prop_map(Value::from),
        Just(json!("https://graph.facebook.com/?after=1&since=x")),
    ];
    leaf.prop_recursive(5, 48, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::hash_map(key(), inner, 0..6)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

/// Headers that are read, with JSON or arbitrary text as values.
fn any_headers() -> impl Strategy<Value = Value> {
    let names = [
        "X-App-Usage",
        "x-page-usage",
        "x-ad-account-usage",
        "x-fb-ads-insights-throttle",
        "x-business-use-case-usage",
        "WWW-Authenticate",
        "facebook-api-version",
        "x-ad-api-version-warning",
    ];
    let numbers = prop::collection::hash_map(
        prop::sample::select(vec![
            "call_count",
            "acc_id_util_pct",
            "estimated_time_to_regain_access",
            "reset_time_duration",
            "type",
        ]),
        prop_oneof![
            any::<i64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            ".*".prop_map(Value::from)
        ],
        0..5,
    );
    let usage = numbers
        .prop_map(|map| map.into_iter().map(|(key, value)| (key.to_owned(), value)).collect::<Value>());
    let by_account = usage.clone().prop_map(|usage| json!({"5": [usage.clone(), usage]}));
    let value = prop_oneof![
        usage.prop_map(|json| json.to_string()),
        by_account.prop_map(|json| json.to_string()),
        ".*",
        any_json().prop_map(|json| json.to_string())
    ];
    prop::collection::hash_map(prop::sample::select(names.to_vec()), value, 0..6)
        .prop_map(|map| map.into_iter().map(|(name, value)| (name.to_owned(), Value::from(value))).collect())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn arbitrary_bytes_and_headers_never_panic(
        body in prop::collection::vec(any::<u8>(), 0..400),
        status in 100..1000_u16,
        headers in any_headers(),
    ) {
        let headers = Headers::from_json(Some(&headers));
        for endpoint in ENDPOINTS {
            let _ = receive(endpoint, status, &headers, &body);
        }
        let _ = parse_event(&body);
    }

    #[test]
    fn any_json_goes_through_every_parser(body in any_json(), status in 100..1000_u16, headers in any_headers()) {
        let known = Headers::from_json(Some(&headers));
        for endpoint in ENDPOINTS {
            let _ = receive(endpoint, status, &known, body.to_string().as_bytes());
        }
        for parser in PARSERS {
            parse(parser, &body);
        }
        let _ = parse_event(body.to_string().as_bytes());
    }

    #[test]
    fn any_error_is_classified(error in any_json(), status in 100..1000_u16) {
        let body = json!({ "error": error }).to_string();
        for endpoint in ENDPOINTS {
            let _ = receive(endpoint, status, &Headers::default(), body.as_bytes());
        }
    }
}

fn malformed(body: &str) -> &'static str {
    match receive(Endpoint::Page, 200, &Headers::default(), body.as_bytes()) {
        Err(GraphError::Malformed { reason, .. }) => reason,
        other => panic!("{other:?}"),
    }
}

#[test]
fn deeply_nested_json_is_malformed() {
    let deep = |open: &str, close: &str| format!("{}1{}", open.repeat(1_000), close.repeat(1_000));
    assert_eq!(malformed(&deep("[", "]")), "not JSON");
    assert_eq!(malformed(&deep("{\"error\":", "}")), "not JSON");
    assert_eq!(malformed(&"[".repeat(4_000_000)), "not JSON");
    let inside = json!([{"code": 200, "body": deep("[", "]")}]);
    let sample = json!({"status": 200, "body": inside});
    assert_eq!(describe(&sample, &json!({"as": "batch"})), json!([{"malformed": "not JSON"}]));
}

#[test]
fn a_row_with_an_invalid_id_is_skipped_and_the_rest_is_kept() {
    let body = r#"{"data":[{"id":123456789012345678901234567890},{"id":18446744073709551615},{"id":-5},{"id":1e400},{"id":"7"}]}"#;
    assert_eq!(malformed(body), "not JSON", "a number out of the range of floats");
    let body = body.replace("1e400", "1.5");
    let sample = json!({"status": 200, "body": null, "body_raw": body});
    let result = describe(&sample, &json!({"as": "businesses"}));
    let ids: Vec<&str> =
        result["rows"].as_array().expect("rows").iter().filter_map(|row| row["id"].as_str()).collect();
    assert_eq!(ids, ["18446744073709551615", "7"]);
    let long = "9".repeat(65);
    assert!(AppId::parse(&long).is_err());
}
