use proptest::prelude::*;
use serde_json::json;

use super::super::inspection::TokenInspection;
use super::*;
use crate::error::ApiError;

fn lifetime(expires_in: &Value) -> TokenLifetime {
    parse_issued_token(Endpoint::CodeExchange, &json!({"access_token": "EAA1", "expires_in": expires_in}))
        .expect("a token")
        .lifetime
}

#[test]
fn an_absurd_lifetime_counts_as_not_reported() {
    assert_eq!(lifetime(&json!(5_183_944)), TokenLifetime::Seconds(Seconds::new(5_183_944)));
    assert_eq!(lifetime(&json!("3600")), TokenLifetime::Seconds(Seconds::new(3600)));
    for odd in [json!(null), json!(-1), json!(0), json!("abc"), json!(1e30), json!([]), json!(1.5)] {
        assert_eq!(lifetime(&odd), TokenLifetime::NotReported, "{odd}");
    }
}

#[test]
fn only_a_bearer_token_of_visible_ascii_is_accepted() {
    for bad in [
        json!({}),
        json!({"access_token": ""}),
        json!({"access_token": 7}),
        json!({"access_token": "EAA\r\nHost: x"}),
        json!({"access_token": "EAA1", "token_type": "mac"}),
        json!([1]),
        json!("access_token=EAA1"),
    ] {
        assert!(parse_issued_token(Endpoint::CodeExchange, &bad).is_err(), "{bad}");
    }
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
        let _ = parse_issued_token(Endpoint::CodeExchange, &value);
        let _ = TokenInspection::from_json(&value);
        let _ = ApiError::parse(Endpoint::Me, 400, &value).map(|error| error.recovery());
    }
}
