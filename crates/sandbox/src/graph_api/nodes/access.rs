//! Permission checks.

use super::context::Context;
use crate::graph_api::error::GraphError;
use crate::world::tables::Node;

const NO_BUSINESS: &str = "Requires business_management permission to manage the object";

/// The permission needed to read a node by its id.
pub(crate) fn require(context: &Context, node: Node) -> Result<(), GraphError> {
    match node {
        Node::Person(_) => Ok(()),
        Node::Business(_) => require_business(context),
        Node::AdAccount(_) | Node::AdObject(_) => require_ads(context),
        Node::Page(_) => require_pages(context),
        Node::Instagram(index) => {
            require_instagram(context)?;
            match context.shared.world.pages[index].professional() {
                Some(_) => Ok(()),
                None => Err(GraphError::oauth(10, "(#10) The user is not an Instagram Business")),
            }
        }
    }
}

/// Without full control, a member sees the business, but nothing in it. Meta's error claims a missing
/// permission, even if it is granted.
pub(crate) fn require_control(context: &Context, business: usize) -> Result<(), GraphError> {
    let world = &context.shared.world;
    let is_system_user = world.people[context.auth.person].business == Some(business);
    match is_system_user || world.businesses[business].is_admin {
        true => Ok(()),
        false => Err(GraphError::missing_permission(NO_BUSINESS)),
    }
}

pub(crate) fn require_ads(context: &Context) -> Result<(), GraphError> {
    match context.auth.has_any(&["ads_read", "ads_management"]) {
        true => Ok(()),
        false => Err(GraphError::missing_permission(
            "Ad account owner has NOT grant ads_management or ads_read permission",
        )),
    }
}

/// Writing needs more than reading: the permission, and a task beyond ANALYZE on the ad account.
pub(crate) fn require_ads_management(context: &Context, account: usize) -> Result<(), GraphError> {
    if !context.auth.has("ads_management") {
        return Err(GraphError::missing_permission(
            "Requires ads_management permission to manage the object",
        ));
    }
    match context.shared.world.ad_accounts[account].tasks > 1 {
        true => Ok(()),
        false => {
            let message = "(#273) This Ads API call requires the user to be admin of the ad account. User is \
                           not admin on ad account";
            Err(GraphError { status: 403, ..GraphError::oauth(273, message) })
        }
    }
}

pub(crate) fn require_business(context: &Context) -> Result<(), GraphError> {
    match context.auth.has("business_management") {
        true => Ok(()),
        false => Err(GraphError::missing_permission(NO_BUSINESS)),
    }
}

pub(crate) fn require_pages(context: &Context) -> Result<(), GraphError> {
    match context.auth.has("pages_show_list") {
        true => Ok(()),
        false => Err(GraphError::missing_permission("Requires pages_show_list permission")),
    }
}

pub(crate) fn require_instagram(context: &Context) -> Result<(), GraphError> {
    match context.auth.has("instagram_basic") {
        true => Ok(()),
        false => Err(GraphError::missing_permission("Requires instagram_basic permission")),
    }
}
