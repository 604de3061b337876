use aws_lc_rs::hmac;
use proptest::prelude::*;
use serde_json::json;

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
fn a_signed_request_is_accepted_only_with_its_secret() {
    let expected =
        SignedRequest { user_id: "0".to_owned(), issued_at: Some(UnixSeconds::new(1_624_244_156)) };
    assert_eq!(parse_signed_request(VECTOR, &secret("key")), Ok(expected.clone()));
    let (signature, payload) = VECTOR.split_once('.').expect("two parts");
    assert_eq!(parse_signed_request(&format!("{signature}=.{payload}"), &secret("key")), Ok(expected));
    assert_eq!(parse_signed_request(VECTOR, &secret("other")), Err(WebhookError::Signature));
    assert_eq!(parse_signed_request(payload, &secret("key")), Err(WebhookError::Content));
}

#[test]
fn numeric_ids_and_pages_without_a_user_are_accepted() {
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

proptest! {
    #[test]
    fn arbitrary_text_never_panics(text in ".{0,300}") {
        let _ = parse_signed_request(&text, &secret("k"));
    }
}
