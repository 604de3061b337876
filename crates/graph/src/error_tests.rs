use serde_json::json;

use super::*;
use crate::meaning::DeadGrant;
use crate::usage::Headers;

fn refusal(status: u16, error: &Value) -> Refusal {
    Refusal::read("node", status, &json!({ "error": error })).expect("an envelope")
}

#[test]
fn an_empty_envelope_of_a_broken_server_is_an_outage() {
    assert_eq!(refusal(500, &json!({})).recovery(), Recovery::RetryLater);
}

#[test]
fn a_token_in_metas_message_is_cut_out() {
    let token = "EAAB".repeat(20);
    let shown =
        refusal(400, &json!({"message": format!("Malformed access token {token}, sorry"), "code": 190}));
    assert_eq!(shown.message, "Malformed access token [cut], sorry");
}

#[test]
fn the_names_of_permissions_stay_in_metas_message() {
    let message = "This endpoint requires the 'instagram_business_manage_messages' permission";
    assert_eq!(refusal(400, &json!({ "message": message })).message, message);
    let secret = "0123456789abcdef0123456789abcdef";
    assert_eq!(refusal(400, &json!({ "message": secret })).message, "[cut]");
}

#[test]
fn a_body_without_an_error_is_no_refusal() {
    assert!(Refusal::read("node", 200, &json!({"id": "1", "error": null})).is_none());
}

#[test]
fn a_missing_number_is_read_out_of_the_text_and_old_forms_are_understood() {
    let shown = refusal(
        400,
        &json!({"message": "(#341) Feed action request limit reached", "type": "OAuthException"}),
    );
    assert_eq!((shown.code, shown.recovery()), (Some(341), Recovery::Wait(Budget::App)));
    let read = |body: Value| Refusal::read("node", 400, &body).map(|refusal| refusal.recovery());
    assert_eq!(read(json!({"error_code": 1, "error_msg": "An unknown error occurred"})), Some(Recovery::Bug));
    let dead = Recovery::Grant(DeadGrant::SessionInvalid);
    let flat =
        json!({"meta": {"error_type": "OAuthAccessTokenException", "code": 400, "error_message": "m"}});
    assert_eq!(read(flat), Some(dead));
    let code = json!({"error_type": "OAuthException", "code": 400, "error_message": "Code was used"});
    let refused = Refusal::read(INSTAGRAM_CODE, 400, &code).map(|refusal| refusal.recovery());
    assert_eq!(refused, Some(Recovery::LoginAgain));
}

#[test]
fn the_challenge_is_the_third_word_whatever_the_text_repeats() {
    let header = |text: &str| {
        let pair = json!([{"name": "WWW-Authenticate", "value": text}]);
        let refusal = refusal(400, &json!({"message": "m"})).with_headers(&Headers::of_json(Some(&pair)));
        refusal.challenge
    };
    assert_eq!(
        header(r#"OAuth "Facebook Platform" "invalid_token" "It said "no""#).as_deref(),
        Some("invalid_token")
    );
    assert_eq!(header(r#"OAuth "Facebook Platform" "unterminated"#).as_deref(), Some("unterminated"));
    assert_eq!(header("Basic"), None);
}
