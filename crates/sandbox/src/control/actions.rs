//! What people and businesses do at Facebook: remove the app, or change the assets it may access.
//!
//! The affected tokens change accordingly, and the app gets the webhooks it has subscribed to. A business does
//! this under Business settings > Integrations > Connected apps.

use std::sync::Arc;

use serde_json::json;

use crate::state::shared::SharedState;
use crate::webhooks;
use crate::world::tables::Node;

/// What happens to an asset of the business.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AssetChange {
    Assign,
    Withdraw,
}

/// Invalidates the system user's tokens with 458. `None`: the app is not connected to this business.
pub(crate) fn remove_app_from_business(shared: &Arc<SharedState>, business_id: &str) -> Option<()> {
    let user_id = connected_user(shared, business_id)?;
    shared.change(|grants| grants.invalidate_tokens(&user_id, 458));
    notify(shared, "business_integration_uninstall", business_id);
    Some(())
}

/// `asset_id`: an ad account, with or without `act_`, or a Page. `None`: it does not belong to this business, or
/// the app is not connected to it.
pub(crate) fn change_asset(
    shared: &Arc<SharedState>,
    business_id: &str,
    asset_id: &str,
    change: AssetChange,
) -> Option<()> {
    let user_id = connected_user(shared, business_id)?;
    let world = &shared.world;
    let user = world.person(&user_id)?;
    let bare = asset_id.trim().trim_start_matches("act_").to_owned();
    let node = world.find(&format!("act_{bare}")).or_else(|| world.find(&bare))?;
    if !matches!(node, Node::AdAccount(_) | Node::Page(_)) || !world.can_see(user, node) {
        return None;
    }
    let all = || {
        let nodes = world.assets_of_system_user(user).into_iter();
        nodes.map(|node| world.id(node).trim_start_matches("act_").to_owned()).collect()
    };
    shared.change(|grants| {
        let before = grants.grant(&user_id).and_then(|grant| grant.targets.clone());
        let mut targets: Vec<String> = before.unwrap_or_else(all);
        targets.retain(|id| *id != bare);
        if change == AssetChange::Assign {
            targets.push(bare);
        }
        grants.set_targets(&user_id, Some(targets));
    });
    notify(shared, "business_integration_update", business_id);
    Some(())
}

/// The system user of the business, if the app is connected to it.
fn connected_user(shared: &SharedState, business_id: &str) -> Option<String> {
    let Some(Node::Business(business)) = shared.world.find(business_id.trim()) else { return None };
    let user_id = shared.world.system_user_of(business)?.user_id.clone();
    shared.grants().grant(&user_id).is_some().then_some(user_id)
}

fn notify(shared: &Arc<SharedState>, field: &str, business_id: &str) {
    let change = json!({"field": field, "value": {"business_manager_id": business_id.trim()}});
    webhooks::send_event(shared, "application", &shared.app_id, &change);
}

/// A person removes the app under Business Integrations: invalidates the tokens with 458 and notifies the app.
pub(crate) fn remove_app(shared: &Arc<SharedState>, user_id: &str) {
    shared.change(|grants| grants.invalidate_tokens(user_id, 458));
    webhooks::send_deauthorized(shared, user_id);
}
