use serde_json::json;

use super::*;
use crate::error::{DeadGrant, Recovery};
use crate::usage::Quota;

fn api_error(status: u16, error: &Value) -> ApiError {
    ApiError::parse(Endpoint::Page, status, &json!({ "error": error })).expect("an error object")
}

#[test]
fn an_empty_error_object_of_a_broken_server_is_an_outage() {
    assert_eq!(api_error(500, &json!({})).recovery(), Recovery::RetryLater);
}

#[test]
fn a_token_in_metas_message_is_redacted() {
    let token = "EAAB".repeat(20);
    let shown =
        api_error(400, &json!({"message": format!("Malformed access token {token}, sorry"), "code": 190}));
    assert_eq!(shown.message, "Malformed access token [cut], sorry");
}

#[test]
fn permission_names_in_metas_message_are_not_redacted() {
    let message = "This endpoint requires the 'instagram_business_manage_messages' permission";
    assert_eq!(api_error(400, &json!({ "message": message })).message, message);
    let secret = "0123456789abcdef0123456789abcdef";
    assert_eq!(api_error(400, &json!({ "message": secret })).message, "[cut]");
}

#[test]
fn a_body_without_an_error_is_no_api_error() {
    assert!(ApiError::parse(Endpoint::Page, 200, &json!({"id": "1", "error": null})).is_none());
}

#[test]
fn a_missing_code_is_read_from_the_message_and_old_forms_are_understood() {
    let shown = api_error(
        400,
        &json!({"message": "(#341) Feed action request limit reached", "type": "OAuthException"}),
    );
    assert_eq!((shown.code, shown.recovery()), (Some(341), Recovery::Wait(Quota::App)));
    let read = |body: Value| ApiError::parse(Endpoint::Page, 400, &body).map(|error| error.recovery());
    assert_eq!(read(json!({"error_code": 1, "error_msg": "An unknown error occurred"})), Some(Recovery::Bug));
    let dead = Recovery::Grant(DeadGrant::SessionInvalid);
    let flat =
        json!({"meta": {"error_type": "OAuthAccessTokenException", "code": 400, "error_message": "m"}});
    assert_eq!(read(flat), Some(dead));
    let code = json!({"error_type": "OAuthException", "code": 400, "error_message": "Code was used"});
    let refused = ApiError::parse(Endpoint::InstagramCodeExchange, 400, &code).map(|error| error.recovery());
    assert_eq!(refused, Some(Recovery::LoginAgain));
}

#[test]
fn the_challenge_is_parsed_despite_unescaped_quotation_marks() {
    let header = |text: &str| {
        let pair = json!([{"name": "WWW-Authenticate", "value": text}]);
        let error = api_error(400, &json!({"message": "m"})).with_headers(&Headers::from_json(Some(&pair)));
        error.challenge
    };
    assert_eq!(
        header(r#"OAuth "Facebook Platform" "invalid_token" "It said "no""#).as_deref(),
        Some("invalid_token")
    );
    assert_eq!(header(r#"OAuth "Facebook Platform" "unterminated"#).as_deref(), Some("unterminated"));
    assert_eq!(header("Basic"), None);
}
