//! Meta calling us: the signature over what it sends, and what it says. Source: "Webhooks, Getting
//! Started", "Data Deletion Request Callback", reference of the objects `permissions`, `application` and
//! `ad_account`.

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use crate::ids::AppSecret;
use crate::json;

/// One post carries so many changes at most, and a few more.
const CHANGES_LIMIT: usize = 2_000;

/// Why a call that claims to be Meta's is refused.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum HookError {
    #[error("the signature is missing or wrong")]
    Signature,
    #[error("the content is not what Meta documents")]
    Content,
}

/// The payload of a `signed_request`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedRequest {
    /// App-scoped. "0": a test from the App Dashboard.
    pub user_id: String,
    /// Seconds since the epoch.
    pub issued_at: Option<i64>,
}

/// One change out of a webhook's post.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// `permissions`, `application`, `ad_account`, `user` and others.
    pub object: String,
    /// The entry's id: an app-scoped user, an app or an ad account.
    pub id: String,
    pub field: String,
    /// Seconds since the epoch: when Meta sent it.
    pub time: i64,
    /// Null where the subscription sends no values.
    pub value: Value,
}

/// Opens a `signed_request`: HMAC-SHA256 of the encoded payload, compared in constant time.
pub fn open_signed_request(text: &str, secret: &AppSecret) -> Result<SignedRequest, HookError> {
    let (signature, payload) = text.split_once('.').ok_or(HookError::Content)?;
    let decode =
        |part: &str| URL_SAFE_NO_PAD.decode(part.trim_end_matches('=')).map_err(|_| HookError::Content);
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.expose().as_bytes());
    hmac::verify(&key, payload.as_bytes(), &decode(signature)?).map_err(|_| HookError::Signature)?;
    let payload: Value = serde_json::from_slice(&decode(payload)?).map_err(|_| HookError::Content)?;
    let algorithm = json::text(&payload, "algorithm").ok_or(HookError::Content)?;
    if !algorithm.eq_ignore_ascii_case("HMAC-SHA256") {
        return Err(HookError::Signature);
    }
    // A Page that removed the app has no user, only `profile_id`.
    let id = json::text(&payload, "user_id").or_else(|| json::text(&payload, "profile_id"));
    let id = id.filter(|id| is_id(id)).ok_or(HookError::Content)?;
    Ok(SignedRequest { user_id: id, issued_at: json::whole(&payload, "issued_at") })
}

/// Checks `X-Hub-Signature-256` over the bytes as they came: parsing and writing them anew changes them.
pub fn check_event(header: Option<&str>, body: &[u8], secret: &AppSecret) -> Result<(), HookError> {
    let signature = header.and_then(|text| text.strip_prefix("sha256=")).ok_or(HookError::Signature)?;
    let signature = hex::decode(signature).map_err(|_| HookError::Signature)?;
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.expose().as_bytes());
    hmac::verify(&key, body, &signature).map_err(|_| HookError::Signature)
}

/// Reads a post of changes. What is not understood inside is left out; a post without the envelope is refused.
pub fn read_event(body: &[u8]) -> Result<Vec<Change>, HookError> {
    let post = json::parse(body).ok_or(HookError::Content)?;
    let object =
        json::text(&post, "object").filter(|object| object.len() <= 100).ok_or(HookError::Content)?;
    let entries = post.get("entry").and_then(Value::as_array).ok_or(HookError::Content)?;
    let mut changes = Vec::new();
    for entry in entries {
        // `permissions` names the person twice; `uid` is the app-scoped one.
        let id = json::text(entry, "uid").or_else(|| json::text(entry, "id")).unwrap_or_default();
        let id: String = id.chars().take(64).collect();
        let time = json::whole(entry, "time").unwrap_or_default();
        let change = |field: &str, value: Value| Change {
            object: object.clone(),
            id: id.clone(),
            field: field.chars().take(100).collect(),
            time,
            value,
        };
        for field in json::words(entry, "changed_fields") {
            changes.push(change(&field, Value::Null));
        }
        for item in json::list(entry, "changes") {
            let field = json::text(item, "field").unwrap_or_default();
            changes.push(change(&field, value_of(item)));
        }
        if changes.len() > CHANGES_LIMIT {
            return Err(HookError::Content);
        }
    }
    Ok(changes)
}

/// For `connected` the verb stands beside the field instead of inside a value.
fn value_of(item: &Value) -> Value {
    match item.get("value") {
        Some(value) => value.clone(),
        None => item.get("verb").map_or(Value::Null, |verb| serde_json::json!({ "verb": verb })),
    }
}

fn is_id(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
#[path = "hooks_tests.rs"]
mod tests;
