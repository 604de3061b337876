//! `debug_token`: inspects a token. Answers with HTTP 200 even for an invalid one.

use serde_json::{Value, json};

use super::caller::{Caller, identify};
use super::issue::app_token;
use super::lookup::{FoundToken, find_token};
use crate::graph_api::error::{GraphError, invalid_token};
use crate::http::reply::Reply;
use crate::http::request::Request;
use crate::options::APP_NAME;
use crate::state::grants::Grant;
use crate::state::shared::SharedState;
use crate::state::tokens::TokenKind;
use crate::world::tables::Node;

pub(crate) fn serve(shared: &SharedState, request: &Request) -> Result<Reply, GraphError> {
    let caller = identify(shared, request)?;
    let Some(input) = request.params.get("input_token").filter(|input| !input.is_empty()) else {
        return Err(GraphError::oauth(100, "(#100) The parameter input_token is required"));
    };
    if let Caller::User(auth) = caller
        && auth.token != input
    {
        let message = "(#100) You must provide an app access token, or a user access token that is an owner or \
                       developer of the app";
        return Err(GraphError::oauth(100, message));
    }
    Ok(Reply::json(&json!({ "data": inspect(shared, input) })))
}

fn inspect(shared: &SharedState, input: &str) -> Value {
    if input == app_token(shared) {
        return json!({"app_id": shared.app_id, "application": APP_NAME, "is_valid": true, "scopes": [], "type": "APP"});
    }
    let Some(found) = find_token(shared, input) else {
        let message = "Invalid OAuth access token.";
        return json!({"error": {"code": 190, "message": message}, "is_valid": false, "scopes": []});
    };
    let now = shared.clock.now_seconds();
    let grant = shared.grants().grant(&found.token.user_id).cloned().unwrap_or_default();
    let is_system_user = found.token.kind == TokenKind::SystemUser;
    let mut data = json!({
        "app_id": shared.app_id,
        "type": match found.page {
            Some(_) => "PAGE",
            None if is_system_user => "SYSTEM_USER",
            None => "USER",
        },
        "application": APP_NAME,
        // Data access ends 90 days after a person's last login. System users do not log in.
        "data_access_expires_at": if is_system_user { 0 } else { grant.data_access_expires_at },
        "expires_at": found.token.expires_at.unwrap_or(0),
        "is_valid": true,
        "issued_at": found.token.issued_at,
        "scopes": grant.granted(),
        "granular_scopes": granular_scopes(shared, &found, &grant),
        "user_id": found.token.user_id,
    });
    if let Some(page) = found.page {
        data["profile_id"] = shared.world.id(Node::Page(page)).into();
    }
    if let Some(subcode) = found.token.error_subcode(now) {
        let error = invalid_token(subcode, &shared.app_id, found.token.expires_at.unwrap_or(now), now);
        data["is_valid"] = false.into();
        data["error"] = json!({"code": 190, "message": error.message, "subcode": subcode});
    }
    data
}

/// Which assets each permission covers. Without a selection, all of them, and Meta leaves the list out. For
/// people with few Pages, the Page and Instagram permissions list them anyway, so that both shapes occur.
fn granular_scopes(shared: &SharedState, found: &FoundToken, grant: &Grant) -> Vec<Value> {
    let world = &shared.world;
    if grant.targets.is_some() || grant.businesses.is_some() {
        return grant.granted().iter().map(|scope| selected_targets(shared, scope, grant)).collect();
    }
    let person = world.person(&found.token.user_id);
    let pages = world.pages_where(|page| Some(page.person) == person);
    let scopes = grant.granted().into_iter().filter_map(|scope| {
        let targets: Vec<String> = match scope.as_str() {
            "pages_show_list" | "pages_read_engagement" => pages.iter().map(|node| world.id(*node)).collect(),
            "instagram_basic" => pages
                .iter()
                .filter_map(|node| if let Node::Page(index) = node { Some(*index) } else { None })
                .filter(|index| world.pages[*index].professional().is_some())
                .map(|index| world.id(Node::Instagram(index)))
                .collect(),
            "ads_read" | "ads_management" | "business_management" => Vec::new(),
            _ => return None,
        };
        match targets.is_empty() || targets.len() > 5 {
            true => Some(json!({ "scope": scope })),
            false => Some(json!({"scope": scope, "target_ids": targets})),
        }
    });
    scopes.collect()
}

/// A permission that covers only the selected assets: those of its kind, or all selected ones if there are none
/// of its kind.
fn selected_targets(shared: &SharedState, scope: &str, grant: &Grant) -> Value {
    let is_of_kind = |id: &&String| match scope {
        "ads_read" | "ads_management" => shared.world.find(&format!("act_{id}")).is_some(),
        scope if scope.starts_with("pages_") || scope.starts_with("instagram_") => {
            matches!(shared.world.find(id), Some(Node::Page(_) | Node::Instagram(_)))
        }
        _ => true,
    };
    let selected = match scope {
        "business_management" => &grant.businesses,
        _ => &grant.targets,
    };
    let Some(selected) = selected else {
        return json!({ "scope": scope });
    };
    let of_kind: Vec<&String> = selected.iter().filter(is_of_kind).collect();
    // An empty list would mean "all".
    match of_kind.is_empty() {
        true => json!({"scope": scope, "target_ids": selected}),
        false => json!({"scope": scope, "target_ids": of_kind}),
    }
}
