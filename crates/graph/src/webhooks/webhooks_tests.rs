use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use proptest::prelude::*;
use serde_json::json;

use super::super::signed_request::{SignedRequest, parse_signed_request};
use super::*;

fn secret(text: &str) -> AppSecret {
    AppSecret::new(text.to_owned())
}

/// Meta's test vector, as found in libraries that were tested against Meta.
const VECTOR: &str = "Mf_s6nTb38UYqioBmPqu0Ewm9souPZB9I2fIGwV729U.\
                      eyJ1c2VyX2lkIjoiMCIsImFsZ29yaXRobSI6IkhNQUMtU0hBMjU2IiwiaXNzdWVkX2F0IjoxNjI0MjQ0MTU2fQ";

fn signed(payload: &Value, key: &str) -> String {
    let payload = URL_SAFE_NO_PAD.encode(payload.to_string());
    let signature = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key.as_bytes()), payload.as_bytes());
    format!("{}.{payload}", URL_SAFE_NO_PAD.encode(signature))
}

#[test]
fn a_signed_request_opens_with_its_secret_alone() {
    let opened = SignedRequest { user_id: "0".to_owned(), issued_at: Some(UnixSeconds::new(1_624_244_156)) };
    assert_eq!(parse_signed_request(VECTOR, &secret("key")), Ok(opened.clone()));
    let (signature, payload) = VECTOR.split_once('.').expect("two parts");
    assert_eq!(parse_signed_request(&format!("{signature}=.{payload}"), &secret("key")), Ok(opened));
    assert_eq!(parse_signed_request(VECTOR, &secret("other")), Err(WebhookError::Signature));
    assert_eq!(parse_signed_request(payload, &secret("key")), Err(WebhookError::Content));
}

#[test]
fn numbers_and_missing_people_are_read() {
    let open = |payload: Value| parse_signed_request(&signed(&payload, "k"), &secret("k"));
    let algorithm = "HMAC-SHA256";
    let numbered = open(json!({"user_id": 218_471_u64, "algorithm": algorithm, "issued_at": "1291836800"}));
    assert_eq!(
        numbered.map(|request| (request.user_id, request.issued_at)),
        Ok(("218471".to_owned(), Some(UnixSeconds::new(1_291_836_800))))
    );
    let page = open(json!({"user_id": null, "profile_id": "77", "algorithm": algorithm}));
    assert_eq!(page.map(|request| request.user_id), Ok("77".to_owned()));
    assert_eq!(open(json!({"user_id": "1", "algorithm": "none"})), Err(WebhookError::Signature));
    assert_eq!(open(json!({"user_id": "1' --", "algorithm": algorithm})), Err(WebhookError::Content));
}

#[test]
fn an_event_is_checked_over_its_raw_bytes() {
    let body = br#"{"object":"permissions","entry":[{"note":"\u00e9\/\u0040"}]}"#;
    let hash = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, b"k"), body);
    let header = format!("sha256={}", hex::encode(hash));
    assert_eq!(verify_event(Some(&header), body, &secret("k")), Ok(()));
    assert_eq!(verify_event(Some(&header), b"{}", &secret("k")), Err(WebhookError::Signature));
    assert_eq!(
        verify_event(Some(&header.replace("sha256", "sha1")), body, &secret("k")),
        Err(WebhookError::Signature)
    );
    assert_eq!(verify_event(None, body, &secret("k")), Err(WebhookError::Signature));
}

#[test]
fn both_forms_of_an_entry_are_read() {
    let body = json!({"object": "permissions", "entry": [
        {"id": "5", "uid": "7", "time": 9, "changes": [
            {"field": "connected", "verb": "revoked"},
            {"field": "ads_read", "value": {"verb": "granted", "target_ids": null}}]},
        {"id": "8", "time": 10, "changed_fields": ["ads_read"]}]});
    let changes = parse_event(body.to_string().as_bytes()).expect("changes");
    let seen: Vec<_> =
        changes.iter().map(|one| (one.id.as_str(), one.field.as_str(), one.value["verb"].as_str())).collect();
    assert_eq!(
        seen,
        [("7", "connected", Some("revoked")), ("7", "ads_read", Some("granted")), ("8", "ads_read", None)]
    );
}

proptest! {
    #[test]
    fn nothing_that_comes_makes_it_panic(text in ".{0,300}", body in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = parse_signed_request(&text, &secret("k"));
        let _ = verify_event(Some(&text), &body, &secret("k"));
        let _ = parse_event(&body);
    }
}
