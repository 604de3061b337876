//! Whatever comes in place of an answer: nothing panics, and what is no JSON is called so.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::describe::{describe, read};
use crate::client::read_answer;
use crate::error::{GraphError, INSTAGRAM_CODE};
use crate::hooks::read_event;
use crate::ids::AppId;
use crate::meter::{Draws, Meter};
use crate::usage::{Headers, Usage};
use crate::version::GraphVersion;

const READERS: [&str; 17] = [
    "answer",
    "done",
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
const ENDPOINTS: [&str; 5] = ["node", "debug_token", "oauth/access_token", "subscriptions", INSTAGRAM_CODE];
const NOW: i64 = 1_800_000_000_000;

/// The whole way of an answer: read, classed, booked, and told when to try again.
fn take(endpoint: &'static str, status: u16, headers: &Headers, body: &[u8]) -> Result<Value, GraphError> {
    let outcome = read_answer(endpoint, status, headers, body);
    let draws = Draws::of("act_5/campaigns", Some("t"), false);
    let meter = Meter::default();
    match &outcome {
        Ok(_) => meter.note(&draws, &Usage::read(headers), None, NOW),
        Err(error) => {
            let (_, _) = (error.recovery(), error.to_string());
            let later = error.retry_at(NOW).unwrap_or(NOW);
            assert!((NOW..=NOW + 60 * 60_000).contains(&later), "{later}");
            if let GraphError::Refused(refusal) = error {
                meter.note(&draws, &refusal.usage, Some(refusal), NOW);
            }
        }
    }
    meter.note_version(headers, &GraphVersion::NEWEST);
    let until = meter.wait(&draws, true, NOW).map_or(NOW, |(_, until)| until);
    assert!(until <= NOW + 60 * 60_000, "no block is longer than the hour: {until}");
    outcome
}

/// The keys that Meta sends, and others.
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

/// Headers of the names that are read, with values that are JSON or anything.
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
    fn any_bytes_under_any_headers_are_read_without_a_panic(
        body in prop::collection::vec(any::<u8>(), 0..400),
        status in 100..1000_u16,
        headers in any_headers(),
    ) {
        let headers = Headers::of_json(Some(&headers));
        for endpoint in ENDPOINTS {
            let _ = take(endpoint, status, &headers, &body);
        }
        let _ = read_event(&body);
    }

    #[test]
    fn any_json_goes_through_every_reader(body in any_json(), status in 100..1000_u16, headers in any_headers()) {
        let known = Headers::of_json(Some(&headers));
        for endpoint in ENDPOINTS {
            let _ = take(endpoint, status, &known, body.to_string().as_bytes());
        }
        for reader in READERS {
            read(reader, &body);
        }
        let _ = read_event(body.to_string().as_bytes());
    }

    #[test]
    fn any_error_is_classed(error in any_json(), status in 100..1000_u16) {
        let body = json!({ "error": error }).to_string();
        for endpoint in ENDPOINTS {
            let _ = take(endpoint, status, &Headers::default(), body.as_bytes());
        }
    }
}

fn malformed(body: &str) -> &'static str {
    match take("node", 200, &Headers::default(), body.as_bytes()) {
        Err(GraphError::Malformed { reason, .. }) => reason,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_thousand_brackets_deep_is_no_answer() {
    let deep = |open: &str, close: &str| format!("{}1{}", open.repeat(1_000), close.repeat(1_000));
    assert_eq!(malformed(&deep("[", "]")), "no JSON");
    assert_eq!(malformed(&deep("{\"error\":", "}")), "no JSON");
    assert_eq!(malformed(&"[".repeat(4_000_000)), "no JSON");
    let inside = json!([{"code": 200, "body": deep("[", "]")}]);
    let sample = json!({"status": 200, "body": inside});
    assert_eq!(describe(&sample, &json!({"as": "batch"})), json!([{"malformed": "no JSON"}]));
}

#[test]
fn an_id_too_large_for_its_type_leaves_its_row_out_and_the_rest_in() {
    let body = r#"{"data":[{"id":123456789012345678901234567890},{"id":18446744073709551615},{"id":-5},{"id":1e400},{"id":"7"}]}"#;
    assert_eq!(malformed(body), "no JSON", "a number beyond every float");
    let body = body.replace("1e400", "1.5");
    let sample = json!({"status": 200, "body": null, "body_raw": body});
    let told = describe(&sample, &json!({"as": "businesses"}));
    let ids: Vec<&str> =
        told["rows"].as_array().expect("rows").iter().filter_map(|row| row["id"].as_str()).collect();
    assert_eq!(ids, ["18446744073709551615", "7"]);
    let long = "9".repeat(65);
    assert!(AppId::parse(&long).is_err());
}
