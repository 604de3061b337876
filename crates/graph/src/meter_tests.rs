use serde_json::{Value, json};

use super::*;

const NOW: i64 = 1_800_000_000_000;
const MINUTE: i64 = 60_000;

fn headers(pairs: &[(&str, Value)]) -> Headers {
    let list: Vec<Value> =
        pairs.iter().map(|(name, value)| json!({"name": name, "value": value.to_string()})).collect();
    Headers::of_json(Some(&Value::from(list)))
}

fn note(meter: &Meter, path: &str, pairs: &[(&str, Value)], error: Option<&Value>) {
    let headers = headers(pairs);
    let body = json!({ "error": error });
    let refusal = Refusal::read("node", 400, &body).map(|refusal| refusal.with_headers(&headers));
    meter.note(&Draws::of(path, Some("t"), false), &Usage::read(&headers), refusal.as_ref(), NOW);
}

fn wait(meter: &Meter, path: &str, is_background: bool, later: i64) -> Option<i64> {
    let draws = Draws::of(path, Some("t"), false);
    meter.wait(&draws, is_background, NOW + later).map(|(_, until)| (until - NOW) / MINUTE)
}

#[test]
fn a_block_of_the_app_stops_every_call_until_its_time() {
    let meter = Meter::default();
    let usage = json!({"call_count": 241, "total_time": 85, "total_cputime": 67});
    note(&meter, "me", &[("X-App-Usage", usage)], Some(&json!({"message": "m", "code": 4})));
    assert_eq!(wait(&meter, "act_5", false, 0), Some(10));
    assert_eq!(wait(&meter, "me/accounts", false, 9 * MINUTE), Some(10));
    assert_eq!(wait(&meter, "me/accounts", false, 10 * MINUTE), None);
}

#[test]
fn a_block_of_one_ad_account_leaves_the_others_alone() {
    let meter = Meter::default();
    let usage = json!({"5": [{"type": "ads_management", "call_count": 101, "total_time": 4, "estimated_time_to_regain_access": 23}]});
    let error = json!({"message": "m", "code": 80_004, "error_subcode": 2_446_079});
    note(&meter, "act_5/campaigns", &[("X-Business-Use-Case-Usage", usage)], Some(&error));
    assert_eq!(wait(&meter, "act_5", false, 0), Some(23), "minutes, as Meta said");
    assert_eq!(wait(&meter, "act_6", false, 0), None);
    assert_eq!(wait(&meter, "me", false, 0), None);
}

#[test]
fn seconds_are_seconds_and_a_regain_time_alone_is_no_block() {
    let meter = Meter::default();
    let full = json!({"acc_id_util_pct": 100, "reset_time_duration": 300});
    note(&meter, "act_5", &[("x-ad-account-usage", full)], None);
    assert_eq!(wait(&meter, "act_5", false, 0), Some(5));
    let low =
        json!({"6": [{"type": "ads_management", "call_count": 19, "estimated_time_to_regain_access": 10}]});
    note(&meter, "act_6", &[("x-business-use-case-usage", low)], None);
    assert_eq!(wait(&meter, "act_6", true, 0), None);
}

#[test]
fn background_work_leaves_the_rest_of_an_allowance_to_people() {
    let meter = Meter::default();
    note(&meter, "me", &[("x-app-usage", json!({"call_count": 86}))], None);
    assert_eq!((wait(&meter, "me", true, 0), wait(&meter, "me", false, 0)), (Some(2), None));
    note(&meter, "me", &[("x-app-usage", json!({"total_time": 96.2, "call_count": null}))], None);
    assert_eq!((wait(&meter, "me", true, 0), wait(&meter, "me", false, 0)), (Some(10), None));
    note(&meter, "me", &[("x-app-usage", json!({"call_count": 12}))], None);
    assert_eq!(wait(&meter, "me", true, 0), None);
}

#[test]
fn what_one_process_learns_another_one_heeds() {
    let (one, other) = (Meter::default(), Meter::default());
    note(&one, "act_5", &[], Some(&json!({"message": "m", "code": 17, "error_subcode": 2_446_079})));
    other.merge(one.drain().standings, NOW);
    assert_eq!(wait(&other, "act_5", false, 0), Some(10));
    assert!(one.drain().standings.is_empty(), "told once");
    other.merge(Vec::new(), NOW + 2 * DECAYED_MS);
    assert_eq!(wait(&other, "act_5", false, 0), None, "what has decayed is forgotten");
}

#[test]
fn a_clock_that_went_wrong_blocks_nothing_for_ever() {
    let meter = Meter::default();
    let far = Standing { key: "app".to_owned(), percent: 100, blocked_until: NOW * 2, seen_at: NOW };
    meter.merge(vec![far], NOW);
    assert_eq!(wait(&meter, "me", false, 0), None);
}

#[test]
fn unknown_answers_are_counted_by_what_they_share() {
    let meter = Meter::default();
    for trace in ["A1", "A2", "A3"] {
        note(&meter, "act_5", &[], Some(&json!({"message": "m", "code": 424_242, "fbtrace_id": trace})));
    }
    let unknown = meter.drain().unknown;
    assert_eq!(unknown.len(), 1);
    assert_eq!(
        (unknown[0].code, unknown[0].times, unknown[0].fbtrace_id.as_deref()),
        (Some(424_242), 3, Some("A3"))
    );
}

#[test]
fn another_version_than_the_pinned_one_is_noticed() {
    let meter = Meter::default();
    let served = |text: &str| Headers::of_json(Some(&json!({"facebook-api-version": text})));
    meter.note_version(&served("v24.0"), &GraphVersion::NEWEST);
    assert_eq!(meter.drain().served.as_deref(), Some("v24.0"));
    meter.note_version(&Headers::default(), &GraphVersion::NEWEST);
    assert_eq!(meter.drain().served.as_deref(), Some("v24.0"), "an answer without the header says nothing");
    meter.note_version(&served("v26.0"), &GraphVersion::NEWEST);
    assert_eq!(
        meter.drain().served.as_deref(),
        Some("v24.0"),
        "other endpoints may still be served otherwise"
    );
}
