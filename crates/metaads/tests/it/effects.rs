//! Answers of Meta that several tests inject.

use metaads_sandbox::Effect;

/// An error object as the Graph API sends it.
pub fn api_error_with(status: u16, code: i64, subcode: Option<i64>, message: &str) -> Effect {
    Effect::Graph { status, code, subcode, kind: "OAuthException".to_owned(), message: message.to_owned() }
}

/// HTTP 400 with this code. The message must not matter.
pub fn api_error(code: i64, subcode: Option<i64>) -> Effect {
    api_error_with(400, code, subcode, "A message that no code may depend on")
}

/// HTTP 503, code 2: Meta is down.
pub fn unavailable() -> Effect {
    api_error_with(503, 2, None, "Service temporarily unavailable")
}

/// Any body, declared as JSON.
pub fn json_body(status: u16, body: &str) -> Effect {
    Effect::Body { status, content_type: "application/json".to_owned(), body: body.to_owned() }
}
