//! `signed_request`: the body of the deauthorize and data deletion callbacks. Source: "Data Deletion Request
//! Callback".

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use super::signature::{WebhookError, verify};
use crate::ids::{AppScopedUserId, AppSecret};
use crate::json;
use crate::time::UnixSeconds;

/// The payload of a `signed_request`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedRequest {
    /// App-scoped. "0": a test call from the App Dashboard.
    pub user_id: String,
    pub issued_at: Option<UnixSeconds>,
}

/// Verifies a `signed_request` and returns its payload. The signature covers the encoded payload.
pub fn parse_signed_request(text: &str, secret: &AppSecret) -> Result<SignedRequest, WebhookError> {
    let (signature, payload) = text.split_once('.').ok_or(WebhookError::Content)?;
    let decode =
        |part: &str| URL_SAFE_NO_PAD.decode(part.trim_end_matches('=')).map_err(|_| WebhookError::Content);
    verify(payload.as_bytes(), &decode(signature)?, secret)?;
    let payload: Value = serde_json::from_slice(&decode(payload)?).map_err(|_| WebhookError::Content)?;
    let algorithm = json::text(&payload, "algorithm").ok_or(WebhookError::Content)?;
    if !algorithm.eq_ignore_ascii_case("HMAC-SHA256") {
        return Err(WebhookError::Signature);
    }
    // A Page that removed the app has no user id, only `profile_id`.
    let id = json::text(&payload, "user_id").or_else(|| json::text(&payload, "profile_id"));
    let id = id.filter(|id| AppScopedUserId::parse(id).is_ok()).ok_or(WebhookError::Content)?;
    Ok(SignedRequest { user_id: id, issued_at: json::whole(&payload, "issued_at").map(UnixSeconds::new) })
}

#[cfg(test)]
#[path = "signed_request_tests.rs"]
mod tests;
