use proptest::prelude::*;
use serde_json::json;

use super::*;

fn lifetime(expires_in: &Value) -> TokenLifetime {
    issued("oauth/access_token", &json!({"access_token": "EAA1", "expires_in": expires_in}))
        .expect("a token")
        .lifetime
}

#[test]
fn a_lifetime_that_makes_no_sense_counts_as_unsaid() {
    assert_eq!(lifetime(&json!(5_183_944)), TokenLifetime::Seconds(5_183_944));
    assert_eq!(lifetime(&json!("3600")), TokenLifetime::Seconds(3600));
    for odd in [json!(null), json!(-1), json!(0), json!("abc"), json!(1e30), json!([]), json!(1.5)] {
        assert_eq!(lifetime(&odd), TokenLifetime::Unsaid, "{odd}");
    }
}

#[test]
fn only_a_bearer_token_of_visible_letters_is_taken() {
    for bad in [
        json!({}),
        json!({"access_token": ""}),
        json!({"access_token": 7}),
        json!({"access_token": "EAA\r\nHost: x"}),
        json!({"access_token": "EAA1", "token_type": "mac"}),
        json!([1]),
        json!("access_token=EAA1"),
    ] {
        assert!(issued("oauth/access_token", &bad).is_err(), "{bad}");
    }
}

#[test]
fn zero_means_never_in_an_inspection() {
    let inspection = TokenInspection::read(&json!({"data": {
        "app_id": 123, "is_valid": true, "user_id": 10_222u64, "expires_at": 0, "data_access_expires_at": 0,
        "scopes": ["ads_read"],
        "granular_scopes": [{"scope": "pages_show_list", "target_ids": [12, "34"]}, {"scope": "ads_read"}]
    }}))
    .expect("an inspection");
    assert_eq!(inspection.app_id, "123");
    assert_eq!(inspection.user_id.as_deref(), Some("10222"));
    assert_eq!((inspection.expires_at, inspection.says_expiry), (None, true));
    assert_eq!(inspection.granular_scopes[0].target_ids, ["12", "34"]);
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".*".prop_map(Value::from),
    ];
    let key = prop_oneof![
        Just("data".to_owned()),
        Just("access_token".to_owned()),
        Just("expires_in".to_owned()),
        Just("is_valid".to_owned()),
        Just("error".to_owned()),
        ".{0,6}",
    ];
    leaf.prop_recursive(4, 32, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::hash_map(key.clone(), inner, 0..6)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn no_shape_of_json_panics(value in any_json()) {
        let _ = issued("oauth/access_token", &value);
        let _ = TokenInspection::read(&value);
        let _ = crate::error::Refusal::read("node", 400, &value).map(|refusal| refusal.recovery());
    }
}
