//! Meta's calls to us, as the admin page lists them.

use metaads_store::WebhookOutcome;

/// "permissions: connected", from Meta's words.
pub fn event_name(object: &str, field: &str) -> String {
    let object = object.replace('_', " ");
    if field.is_empty() { object } else { format!("{object}: {field}") }
}

/// What the call led to; None while it waits.
pub fn outcome(outcome: Option<WebhookOutcome>) -> String {
    outcome.map_or("pending", WebhookOutcome::as_str).replace('_', " ")
}
