use serde_json::json;

use super::*;

fn refusal(status: u16, error: &Value) -> Refusal {
    Refusal::read("node", status, &json!({ "error": error })).expect("an envelope")
}

fn recovery(status: u16, code: i64, subcode: Option<i64>) -> Recovery {
    refusal(status, &json!({"message": "m", "code": code, "error_subcode": subcode})).recovery()
}

#[test]
fn each_documented_code_has_its_meaning() {
    let table = [
        (400, 190, None, Recovery::Grant(DeadGrant::SessionInvalid)),
        (400, 190, Some(458), Recovery::Grant(DeadGrant::AppRemoved)),
        (400, 190, Some(459), Recovery::Grant(DeadGrant::Checkpoint)),
        (400, 190, Some(460), Recovery::Grant(DeadGrant::PasswordChanged)),
        (400, 190, Some(463), Recovery::Grant(DeadGrant::Expired)),
        (400, 190, Some(464), Recovery::Grant(DeadGrant::UserUnconfirmed)),
        (400, 190, Some(467), Recovery::Grant(DeadGrant::SessionInvalid)),
        (400, 190, Some(492), Recovery::Asset),
        (400, 190, Some(493), Recovery::Grant(DeadGrant::DataAccessExpired)),
        (400, 102, None, Recovery::Grant(DeadGrant::SessionInvalid)),
        (403, 4, None, Recovery::RateLimited),
        (400, 17, Some(2446079), Recovery::RateLimited),
        (400, 80004, Some(2446079), Recovery::RateLimited),
        (500, 1, None, Recovery::RetryLater),
        (400, 1, Some(99), Recovery::RetryLater),
        (400, 1, None, Recovery::Unknown),
        (503, 2, None, Recovery::RetryLater),
        (400, 101, None, Recovery::Operator),
        (400, 100, Some(33), Recovery::Asset),
        (400, 100, Some(36008), Recovery::Operator),
        (400, 100, None, Recovery::Unknown),
        (403, 200, None, Recovery::Permission),
        (400, 10, None, Recovery::Permission),
        (400, 999_999, None, Recovery::Unknown),
    ];
    for (status, code, subcode, expected) in table {
        assert_eq!(recovery(status, code, subcode), expected, "{code}/{subcode:?}");
    }
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
fn a_body_without_an_error_is_no_refusal() {
    assert!(Refusal::read("node", 200, &json!({"id": "1", "error": null})).is_none());
}
