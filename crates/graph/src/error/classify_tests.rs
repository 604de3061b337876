use serde_json::{Value, json};

use super::*;
use crate::endpoint::Endpoint;

fn at(endpoint: Endpoint, status: u16, error: &Value) -> Recovery {
    ApiError::parse(endpoint, status, &json!({ "error": error })).expect("an error object").recovery()
}

fn read(status: u16, code: i64, subcode: Option<i64>) -> Recovery {
    at(Endpoint::Business, status, &json!({"message": "m", "code": code, "error_subcode": subcode}))
}

#[test]
#[expect(clippy::too_many_lines, reason = "one row for each documented code")]
fn each_documented_code_is_classified() {
    let dead = Recovery::Grant;
    let table = [
        (400, 190, None, dead(DeadGrant::SessionInvalid)),
        (400, 190, Some(458), dead(DeadGrant::AppRemoved)),
        (400, 190, Some(459), dead(DeadGrant::Checkpoint)),
        (400, 190, Some(460), dead(DeadGrant::PasswordChanged)),
        (400, 190, Some(463), dead(DeadGrant::Expired)),
        (400, 190, Some(464), dead(DeadGrant::UserUnconfirmed)),
        (400, 190, Some(466), dead(DeadGrant::SessionInvalid)),
        (400, 190, Some(467), dead(DeadGrant::SessionInvalid)),
        (400, 190, Some(490), dead(DeadGrant::Checkpoint)),
        (400, 190, Some(492), Recovery::Asset),
        (400, 190, Some(493), dead(DeadGrant::DataAccessExpired)),
        (400, 190, Some(2_069_032), Recovery::WrongToken),
        (400, 102, None, dead(DeadGrant::SessionInvalid)),
        (400, 452, None, dead(DeadGrant::SessionInvalid)),
        (403, 210, None, Recovery::WrongToken),
        (403, 4, None, Recovery::Wait(Quota::App)),
        (403, 4, Some(2_207_051), Recovery::Wait(Quota::Instagram)),
        (400, 17, None, Recovery::Wait(Quota::Person)),
        (400, 17, Some(2_446_079), Recovery::Wait(Quota::AdAccount)),
        (400, 25, Some(2_207_050), Recovery::Wait(Quota::Instagram)),
        (400, 32, None, Recovery::Wait(Quota::Page)),
        (400, 341, None, Recovery::Wait(Quota::App)),
        (400, 613, None, Recovery::Wait(Quota::AdAccount)),
        (400, 613, Some(1_487_742), Recovery::Wait(Quota::AdAccount)),
        (400, 613, Some(1_996), Recovery::Wait(Quota::AdAccount)),
        (400, 613, Some(5_044_001), Recovery::Wait(Quota::AdAccount)),
        (400, 80_000, Some(2_446_079), Recovery::Wait(Quota::AdAccount)),
        (400, 80_001, None, Recovery::Wait(Quota::Page)),
        (400, 80_002, None, Recovery::Wait(Quota::Instagram)),
        (400, 80_003, Some(2_446_079), Recovery::Wait(Quota::AdAccount)),
        (400, 80_004, Some(2_446_079), Recovery::Wait(Quota::AdAccount)),
        (400, 80_005, None, Recovery::Wait(Quota::UseCase)),
        (400, 80_006, None, Recovery::Wait(Quota::UseCase)),
        (400, 80_008, None, Recovery::Wait(Quota::UseCase)),
        (400, 80_009, None, Recovery::Wait(Quota::UseCase)),
        (400, 80_014, None, Recovery::Wait(Quota::UseCase)),
        (403, 9, None, Recovery::Wait(Quota::Person)),
        (400, 5, None, Recovery::Operator(Misconfiguration::IpAllowList)),
        (400, 415, None, Recovery::TwoFactor),
        (400, 415, Some(2_859_009), Recovery::TwoFactor),
        (400, 10, Some(1_404_120), Recovery::TwoFactor),
        (400, 1_200, None, Recovery::RetryLater),
        (400, 10, Some(2_018_024), Recovery::RetryLater),
        (500, 190, Some(463), Recovery::RetryLater),
        (400, 100, Some(2_534_014), Recovery::Asset),
        (400, 368, None, Recovery::Wait(Quota::Policy)),
        (500, 1, None, Recovery::RetryLater),
        (400, 1, Some(99), Recovery::RetryLater),
        (500, 1, Some(99), Recovery::RetryLater),
        (400, 1, None, Recovery::Bug),
        (500, 1, Some(1_965_014), Recovery::Bug),
        (503, 2, None, Recovery::RetryLater),
        (400, 2, None, Recovery::RetryLater),
        (400, 3, None, Recovery::Operator(Misconfiguration::Review)),
        (400, 10, None, Recovery::Permission),
        (400, 10, Some(1_341_012), Recovery::Asset),
        (400, 100, None, Recovery::Bug),
        (400, 100, Some(33), Recovery::Asset),
        (400, 100, Some(36_007), Recovery::LoginAgain),
        (400, 100, Some(36_008), Recovery::Operator(Misconfiguration::RedirectUri)),
        (400, 100, Some(36_009), Recovery::LoginAgain),
        (400, 101, None, Recovery::Operator(Misconfiguration::AppId)),
        (400, 104, None, Recovery::Bug),
        (400, 191, None, Recovery::Operator(Misconfiguration::RedirectUri)),
        (403, 200, None, Recovery::Permission),
        (403, 299, None, Recovery::Permission),
        (400, 270, None, Recovery::Operator(Misconfiguration::Review)),
        (400, 273, None, Recovery::Permission),
        (400, 294, None, Recovery::Operator(Misconfiguration::Review)),
        (400, 506, None, Recovery::Bug),
        (404, 803, None, Recovery::Asset),
        (400, 960, None, Recovery::ReduceLimit),
        (400, 1_150, None, Recovery::Bug),
        (400, 2_500, None, Recovery::Bug),
        (400, 2_635, None, Recovery::Operator(Misconfiguration::Version)),
        (400, 3_018, None, Recovery::Bug),
        (400, 3_962, None, Recovery::Bug),
        (400, 999_999, None, Recovery::Unknown),
        (500, 999_999, None, Recovery::RetryLater),
    ];
    for (status, code, subcode, expected) in table {
        assert_eq!(read(status, code, subcode), expected, "{code}/{subcode:?}");
    }
}

#[test]
fn the_endpoint_decides_where_the_code_is_ambiguous() {
    let error = |code: i64, message: &str| json!({"message": message, "code": code});
    let exchange = Endpoint::CodeExchange;
    assert_eq!(at(Endpoint::DebugToken, 400, &error(190, "m")), Recovery::Operator(Misconfiguration::Secret));
    assert_eq!(at(Endpoint::DebugToken, 403, &error(200, "m")), Recovery::Operator(Misconfiguration::Review));
    assert_eq!(at(exchange, 400, &error(100, "This authorization code has expired.")), Recovery::LoginAgain);
    assert_eq!(
        at(exchange, 400, &error(1, "Error validating client secret.")),
        Recovery::Operator(Misconfiguration::Secret)
    );
    let verifier = "code_verifier param is provided without a code_challenge in authorization request.";
    assert_eq!(at(exchange, 400, &error(1, verifier)), Recovery::Operator(Misconfiguration::Pkce));
    assert_eq!(
        at(exchange, 400, &error(1, "Calls must use https")),
        Recovery::Operator(Misconfiguration::Settings)
    );
    let less = "Please reduce the amount of data you're asking for, then retry your request";
    assert_eq!(at(Endpoint::AdAccounts, 500, &error(1, less)), Recovery::ReduceLimit);
    assert_eq!(
        at(Endpoint::Business, 403, &error(200, "API access blocked.")),
        Recovery::Operator(Misconfiguration::Blocked)
    );
    let proof = "Invalid appsecret_proof provided in the API argument";
    assert_eq!(at(Endpoint::Me, 400, &error(100, proof)), Recovery::Operator(Misconfiguration::Proof));
    assert_eq!(at(Endpoint::Page, 400, &error(100, "(#100) Missing Permission")), Recovery::Asset);
    assert_eq!(at(Endpoint::Page, 400, &error(100, "Unsupported get request.")), Recovery::Asset);
}

#[test]
fn transient_errors_are_retried_and_false_does_not_mean_permanent() {
    let transient = json!({"message": "m", "code": 424_242, "is_transient": true});
    assert_eq!(at(Endpoint::Business, 400, &transient), Recovery::RetryLater);
    let quota = json!({"message": "m", "code": 17, "error_subcode": 2_446_079, "is_transient": false});
    assert_eq!(at(Endpoint::Business, 400, &quota), Recovery::Wait(Quota::AdAccount));
    let user = json!({"message": "An unknown error occurred", "code": 1, "is_transient": false});
    assert_eq!(at(Endpoint::Business, 500, &user), Recovery::Bug);
}

#[test]
fn a_valid_token_of_the_wrong_kind_is_not_a_dead_grant() {
    let page = json!({"message": "(#190) This method must be called with a Page Access Token", "code": 190});
    assert_eq!(at(Endpoint::Page, 400, &page), Recovery::WrongToken);
    let app = json!({"message": "(#190) Application Secret required for this endpoint", "code": 190});
    assert_eq!(at(Endpoint::Business, 400, &app), Recovery::WrongToken);
    assert_eq!(at(Endpoint::App, 400, &app), Recovery::Operator(Misconfiguration::Secret));
    let subcode = json!({"message": "m", "code": 100, "error_subcode": 2_069_032});
    assert_eq!(at(Endpoint::Page, 400, &subcode), Recovery::WrongToken);
    let personal = json!({"message": "(#10) The user is not an Instagram Business", "code": 10});
    assert_eq!(at(Endpoint::Page, 400, &personal), Recovery::Asset);
}

#[test]
fn the_apps_own_node_is_not_an_asset() {
    let hidden = json!({"message": "Unsupported get request.", "code": 100, "error_subcode": 33});
    assert_eq!(at(Endpoint::App, 400, &hidden), Recovery::Operator(Misconfiguration::Review));
    assert_eq!(at(Endpoint::AdAccount, 400, &hidden), Recovery::Asset);
}

#[test]
fn an_error_without_a_code_is_classified_by_message_and_endpoint() {
    let error = |message: &str| json!({"message": message, "type": "OAuthException"});
    let dead = error(
        "Error validating access token: Session has expired at unix time 1. The current unix time is 2.",
    );
    assert_eq!(at(Endpoint::Me, 400, &dead), Recovery::Grant(DeadGrant::SessionInvalid));
    let code = error("Code was invalid or expired.");
    assert_eq!(at(Endpoint::CodeExchange, 400, &code), Recovery::LoginAgain);
    assert_eq!(at(Endpoint::Me, 400, &code), Recovery::Unknown);
    assert_eq!(at(Endpoint::CodeExchange, 500, &code), Recovery::RetryLater);
}

#[test]
fn instagrams_token_endpoint_distinguishes_wrong_settings_from_a_used_code() {
    let error = |message: &str| {
        let body = json!({"error_type": "OAuthException", "code": 400, "error_message": message});
        ApiError::parse(Endpoint::InstagramCodeExchange, 400, &body).expect("an error object").recovery()
    };
    assert_eq!(error("Invalid platform app"), Recovery::Operator(Misconfiguration::AppId));
    assert_eq!(
        error("Please make sure your redirect_uri is identical"),
        Recovery::Operator(Misconfiguration::RedirectUri)
    );
    assert_eq!(error("Error validating client secret."), Recovery::Operator(Misconfiguration::Secret));
    assert_eq!(error("Matching code was not found or was already used"), Recovery::LoginAgain);
}

#[test]
fn what_only_the_apps_credentials_can_have_caused_is_the_operators() {
    let exchanges = [Endpoint::CodeExchange, Endpoint::InstagramCodeExchange];
    let signature = json!({"message": "Invalid OAuth access token signature.", "code": 190});
    for endpoint in exchanges {
        let secret = Recovery::Operator(Misconfiguration::Secret);
        assert_eq!(at(endpoint, 400, &signature), secret, "nothing of the person's but the code was sent");
    }
    let application =
        json!({"message": "Error validating application. Application has been deleted.", "code": 190});
    for endpoint in [Endpoint::CodeExchange, Endpoint::Me, Endpoint::DebugToken] {
        assert_eq!(at(endpoint, 400, &application), Recovery::Operator(Misconfiguration::AppId));
    }
    let unknown = json!({"message": "m", "code": 424_242, "type": "OAuthException"});
    for endpoint in [Endpoint::CodeExchange, Endpoint::DebugToken, Endpoint::RevokeGrant, Endpoint::App] {
        assert_eq!(at(endpoint, 400, &unknown), Recovery::Operator(Misconfiguration::Settings), "{endpoint}");
    }
    assert_eq!(at(Endpoint::AdAccount, 400, &unknown), Recovery::Unknown);
    let deactivated =
        json!({"message": "API access deactivated. To reactivate, go to the app dashboard.", "code": 200});
    assert_eq!(at(Endpoint::AdAccount, 403, &deactivated), Recovery::Operator(Misconfiguration::Blocked));
}

#[test]
fn instagram_refuses_accounts_without_a_role_on_the_app() {
    let refused = |message: &str| {
        let body = json!({"error_type": "OAuthException", "code": 400, "error_message": message});
        ApiError::parse(Endpoint::InstagramCodeExchange, 400, &body).expect("an error object").recovery()
    };
    assert_eq!(refused("Insufficient developer role"), Recovery::Operator(Misconfiguration::Role));
    assert_eq!(refused("Nicht bekannt"), Recovery::Operator(Misconfiguration::Settings));
}

#[test]
fn errors_without_numbers_say_no_more_than_their_text() {
    let read = |status: u16, body: Value| {
        ApiError::parse(Endpoint::Business, status, &body).expect("an error object").recovery()
    };
    assert_eq!(
        read(200, json!({"error_code": 1, "error_msg": "An unknown error occurred"})),
        Recovery::RetryLater
    );
    assert_eq!(read(200, json!({"error_msg": "Something went wrong"})), Recovery::Unknown);
    let text = "Error validating access token: The session is invalid because the user changed the password";
    let changed = Recovery::Grant(DeadGrant::PasswordChanged);
    assert_eq!(read(400, json!({"error": {"message": text, "type": "OAuthException"}})), changed);
    assert_eq!(
        read(400, json!({"error": {"message": text, "type": "OAuthException", "code": 190}})),
        changed
    );
}
