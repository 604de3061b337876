//! Issues a token without the dialog.

use serde_json::json;

use super::settings::lifetime_from_days;
use crate::graph_api::tokens::issue;
use crate::http::params::Params;
use crate::http::reply::Reply;
use crate::state::shared::SharedState;
use crate::state::tokens::TokenKind;

/// Parameters: `user_id`, `permissions` separated by commas, `days` (default 60; 0 means it never expires),
/// `kind`.
pub(crate) fn issue(shared: &SharedState, form: &Params) -> Option<Reply> {
    let user_id = form.get("user_id").filter(|id| shared.world.person(id).is_some())?;
    let kind = form.get("kind").unwrap_or("user");
    let kind: TokenKind = serde_json::from_value(kind.into()).ok()?;
    let lifetime = lifetime_from_days(form.get("days").unwrap_or("60")).ok()?;
    let permissions = form.get("permissions").unwrap_or_default();
    let permissions: Vec<&str> =
        permissions.split([',', ' ']).filter(|permission| !permission.is_empty()).collect();
    let text = issue::issue(shared, user_id, kind, &permissions, lifetime);
    Some(Reply::json(&json!({"access_token": text})))
}
