//! Webhook events: a signed post of changes. Source: "Webhooks, Getting Started", reference of the objects
//! `permissions`, `application` and `ad_account`.

use serde_json::Value;

use super::signature::{WebhookError, verify};
use crate::ids::AppSecret;
use crate::json;
use crate::time::UnixSeconds;

/// Meta puts up to 1,000 changes into one post.
const MAX_CHANGES: usize = 2_000;

/// One change of a webhook post.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// `permissions`, `application`, `ad_account`, `user` and others.
    pub object: String,
    /// The entry's id: of an app-scoped user, an app or an ad account.
    pub id: String,
    pub field: String,
    /// When Meta sent it; 0 where Meta does not report it.
    pub sent_at: UnixSeconds,
    /// Null if the subscription does not include values.
    pub value: Value,
}

/// Verifies `X-Hub-Signature-256` over the body exactly as received: parsing and serializing it would change
/// it.
pub fn verify_event(header: Option<&str>, body: &[u8], secret: &AppSecret) -> Result<(), WebhookError> {
    let signature = header.and_then(|text| text.strip_prefix("sha256=")).ok_or(WebhookError::Signature)?;
    let signature = hex::decode(signature).map_err(|_| WebhookError::Signature)?;
    verify(body, &signature, secret)
}

/// Parses a webhook post. Parts that cannot be read are skipped; a post that is not in Meta's form at all is
/// refused.
pub fn parse_event(body: &[u8]) -> Result<Vec<Change>, WebhookError> {
    let post = json::parse(body).ok_or(WebhookError::Content)?;
    let object =
        json::text(&post, "object").filter(|object| object.len() <= 100).ok_or(WebhookError::Content)?;
    let entries = post.get("entry").and_then(Value::as_array).ok_or(WebhookError::Content)?;
    let mut changes = Vec::new();
    for entry in entries {
        // `permissions` has two ids of the person; `uid` is the app-scoped one.
        let id = json::text(entry, "uid").or_else(|| json::text(entry, "id")).unwrap_or_default();
        let id: String = id.chars().take(64).collect();
        let sent_at = UnixSeconds::new(json::whole(entry, "time").unwrap_or_default());
        let change = |field: &str, value: Value| Change {
            object: object.clone(),
            id: id.clone(),
            field: field.chars().take(100).collect(),
            sent_at,
            value,
        };
        for field in json::words(entry, "changed_fields") {
            changes.push(change(&field, Value::Null));
        }
        for item in json::list(entry, "changes") {
            let field = json::text(item, "field").unwrap_or_default();
            changes.push(change(&field, value_of(item)));
        }
        if changes.len() > MAX_CHANGES {
            return Err(WebhookError::Content);
        }
    }
    Ok(changes)
}

/// `connected` has its verb next to the field instead of inside a value.
fn value_of(item: &Value) -> Value {
    match item.get("value") {
        Some(value) => value.clone(),
        None => item.get("verb").map_or(Value::Null, |verb| serde_json::json!({ "verb": verb })),
    }
}

#[cfg(test)]
#[path = "event_tests.rs"]
mod tests;
