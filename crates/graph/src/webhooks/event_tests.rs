use aws_lc_rs::hmac;
use proptest::prelude::*;
use serde_json::json;

use super::*;

fn secret(text: &str) -> AppSecret {
    AppSecret::new(text.to_owned())
}

#[test]
fn the_event_signature_covers_the_raw_bytes() {
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
fn both_forms_of_an_entry_are_parsed() {
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
    fn arbitrary_input_never_panics(text in ".{0,300}", body in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = verify_event(Some(&text), &body, &secret("k"));
        let _ = parse_event(&body);
    }
}
