//! The lists that hang on a node, and the permissions they need.

use serde_json::{Value, json};

use crate::envelope::GraphError;
use crate::graph::missing_permission;
use crate::nodes::Context;
use crate::paging::{self, Page};
use crate::world::{Node, Page as PageOfFacebook};

const NO_BUSINESS: &str = "Requires business_management permission to manage the object";

/// `None`: this kind of node has no such edge.
pub(crate) fn list(
    context: &Context,
    node: Node,
    edge: &str,
    page: &Page,
) -> Result<Option<Value>, GraphError> {
    if let (Node::Person(_), "permissions") = (node, edge) {
        return Ok(Some(permissions(context)));
    }
    if let (Node::Account(_), "insights") = (node, edge) {
        require_ads(context)?;
        // Nobody here advertises: no figures, and so no paging.
        return Ok(Some(json!({"data": []})));
    }
    match rows(context, node, edge)? {
        Some(rows) => paging::list(context, node, edge, &rows, page).map(Some),
        None => Ok(None),
    }
}

pub(crate) fn permissions(context: &Context) -> Value {
    let given = context.insight.grant.permissions.iter();
    let data: Vec<Value> = given
        .map(|(permission, status)| json!({"permission": permission, "status": status.word()}))
        .collect();
    json!({ "data": data })
}

fn rows(context: &Context, node: Node, edge: &str) -> Result<Option<Vec<Node>>, GraphError> {
    let world = &context.shared.world;
    if let Node::Person(person) = node
        && let Some(business) = world.people[person].business
    {
        return system_users_rows(context, business, edge).map(|rows| rows.map(|rows| ticked(context, rows)));
    }
    let rows = match (node, edge) {
        (Node::Person(person), "adaccounts" | "assigned_ad_accounts") => {
            require_ads(context)?;
            world.accounts_of(person)
        }
        (Node::Person(person), "personal_ad_accounts") => {
            require_ads(context)?;
            let mut accounts = world.accounts_of(person);
            accounts.retain(
                |node| matches!(node, Node::Account(index) if world.accounts[*index].owner.is_none()),
            );
            accounts
        }
        (Node::Person(person), "businesses") => {
            require_business(context)?;
            world.businesses_of(person)
        }
        (Node::Person(person), "accounts" | "assigned_pages") => {
            require_pages(context)?;
            let sees_all = context.insight.has("business_management");
            world.pages_where(|page| page.person == person && (sees_all || page.business.is_none()))
        }
        (Node::Person(_), "assigned_product_catalogs" | "assigned_business_asset_groups") => {
            require_business(context)?;
            Vec::new()
        }
        (Node::Business(business), edge) => match business_rows(context, business, edge)? {
            Some(rows) => rows,
            None => return Ok(None),
        },
        _ => return Ok(None),
    };
    Ok(Some(ticked(context, rows)))
}

/// What a business owns, and what others share with it. Instagram accounts: only those the API serves.
fn business_rows(context: &Context, business: usize, edge: &str) -> Result<Option<Vec<Node>>, GraphError> {
    let world = &context.shared.world;
    let need: fn(&Context) -> Result<(), GraphError> = match edge {
        "owned_ad_accounts"
        | "client_ad_accounts"
        | "pending_owned_ad_accounts"
        | "pending_client_ad_accounts" => require_ads,
        "owned_pages" | "client_pages" => require_pages,
        "owned_instagram_accounts" | "instagram_business_accounts" | "instagram_accounts" => {
            require_instagram
        }
        _ => return Ok(None),
    };
    require_business(context)?;
    require_control(context, business)?;
    need(context)?;
    Ok(Some(match edge {
        "owned_ad_accounts" => world.owned_accounts(business),
        "client_ad_accounts" => world.client_accounts(business),
        "owned_pages" => world.pages_where(|page| page.business == Some(business)),
        "client_pages" => world.pages_where(|page| page.agency == Some(business)),
        "owned_instagram_accounts" | "instagram_business_accounts" | "instagram_accounts" => {
            let has_one =
                |page: &PageOfFacebook| page.business == Some(business) && page.professional().is_some();
            let pages = world.pages_where(has_one);
            let instagram = pages.into_iter().map(|node| match node {
                Node::Page(index) => Node::Instagram(index),
                other => other,
            });
            instagram.collect()
        }
        _ => Vec::new(),
    }))
}

/// A system user is no person: `/me/accounts` and `/me/adaccounts` are empty, what it has was assigned to it.
fn system_users_rows(
    context: &Context,
    business: usize,
    edge: &str,
) -> Result<Option<Vec<Node>>, GraphError> {
    let world = &context.shared.world;
    Ok(Some(match edge {
        "adaccounts" | "accounts" => Vec::new(),
        "assigned_ad_accounts" => {
            require_ads(context)?;
            world.accounts_of_business(business)
        }
        "assigned_pages" => {
            require_pages(context)?;
            world.pages_where(|page| [page.business, page.agency].contains(&Some(business)))
        }
        "assigned_product_catalogs" | "assigned_business_asset_groups" => {
            require_business(context)?;
            Vec::new()
        }
        "businesses" => {
            require_business(context)?;
            vec![Node::Business(business)]
        }
        _ => return Ok(None),
    }))
}

/// Without what was not ticked in the dialog.
fn ticked(context: &Context, mut rows: Vec<Node>) -> Vec<Node> {
    rows.retain(|node| context.insight.covers(context.shared, *node));
    rows
}

/// A member without full control sees the business and nothing in it. The words are those for a permission that
/// is missing, although it is not.
fn require_control(context: &Context, business: usize) -> Result<(), GraphError> {
    let world = &context.shared.world;
    let is_system_user = world.people[context.insight.person].business == Some(business);
    match is_system_user || world.businesses[business].is_admin {
        true => Ok(()),
        false => Err(missing_permission(NO_BUSINESS)),
    }
}

pub(crate) fn require_ads(context: &Context) -> Result<(), GraphError> {
    match context.insight.has_any(&["ads_read", "ads_management"]) {
        true => Ok(()),
        false => {
            Err(missing_permission("Ad account owner has NOT grant ads_management or ads_read permission"))
        }
    }
}

pub(crate) fn require_business(context: &Context) -> Result<(), GraphError> {
    match context.insight.has("business_management") {
        true => Ok(()),
        false => Err(missing_permission(NO_BUSINESS)),
    }
}

pub(crate) fn require_pages(context: &Context) -> Result<(), GraphError> {
    match context.insight.has("pages_show_list") {
        true => Ok(()),
        false => Err(missing_permission("Requires pages_show_list permission")),
    }
}

pub(crate) fn require_instagram(context: &Context) -> Result<(), GraphError> {
    match context.insight.has("instagram_basic") {
        true => Ok(()),
        false => Err(missing_permission("Requires instagram_basic permission")),
    }
}
