//! The edges of each kind of node, and the permissions they need.
//!
//! Returns nodes, not JSON, so that `render` can page and nest them.

use serde_json::{Value, json};

use super::access::{require_ads, require_business, require_control, require_instagram, require_pages};
use super::ads;
use super::context::Context;
use super::paging::PageRequest;
use crate::graph_api::error::GraphError;
use crate::world::pages::Page;
use crate::world::tables::Node;

/// The contents of an edge.
pub(crate) enum Edge {
    /// Nodes, to be paged and rendered.
    Nodes(Vec<Node>),
    /// A complete response without paging.
    Whole(Value),
}

/// `None`: this kind of node has no such edge.
pub(crate) fn read(
    context: &Context,
    node: Node,
    edge: &str,
    page: &PageRequest,
) -> Result<Option<Edge>, GraphError> {
    if let Some(rows) = ads::edges::rows(context, node, edge, page)? {
        return Ok(Some(Edge::Nodes(rows)));
    }
    match (node, edge) {
        (Node::Person(_), "permissions") => Ok(Some(Edge::Whole(permissions(context)))),
        (Node::AdAccount(account), "adimages") => {
            require_ads(context)?;
            ads::images::list(context, account, page).map(|list| Some(Edge::Whole(list)))
        }
        (_, "insights") => ads::insights::edge(context, node, page).map(|list| list.map(Edge::Whole)),
        _ => Ok(rows(context, node, edge)?.map(Edge::Nodes)),
    }
}

pub(crate) fn permissions(context: &Context) -> Value {
    let permissions = context.auth.grant.permissions.iter();
    let data: Vec<Value> = permissions
        .map(|(permission, status)| json!({"permission": permission, "status": status.as_str()}))
        .collect();
    json!({ "data": data })
}

fn rows(context: &Context, node: Node, edge: &str) -> Result<Option<Vec<Node>>, GraphError> {
    let world = &context.shared.world;
    if let Node::Person(person) = node
        && let Some(business) = world.people[person].business
    {
        return system_user_rows(context, business, edge)
            .map(|rows| rows.map(|rows| only_selected(context, rows)));
    }
    let rows = match (node, edge) {
        (Node::Person(person), "adaccounts" | "assigned_ad_accounts") => {
            require_ads(context)?;
            world.ad_accounts_of(person)
        }
        (Node::Person(person), "personal_ad_accounts") => {
            require_ads(context)?;
            let mut accounts = world.ad_accounts_of(person);
            accounts.retain(
                |node| matches!(node, Node::AdAccount(index) if world.ad_accounts[*index].owner.is_none()),
            );
            accounts
        }
        (Node::Person(person), "businesses") => {
            require_business(context)?;
            world.businesses_of(person)
        }
        (Node::Person(person), "accounts" | "assigned_pages") => {
            require_pages(context)?;
            let sees_all = context.auth.has("business_management");
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
    Ok(Some(only_selected(context, rows)))
}

/// What a business owns, and what is shared with it. Only those Instagram accounts that the API serves.
fn business_rows(context: &Context, business: usize, edge: &str) -> Result<Option<Vec<Node>>, GraphError> {
    let world = &context.shared.world;
    let require_permission: fn(&Context) -> Result<(), GraphError> = match edge {
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
    require_permission(context)?;
    Ok(Some(match edge {
        "owned_ad_accounts" => world.owned_ad_accounts(business),
        "client_ad_accounts" => world.client_ad_accounts(business),
        "owned_pages" => world.pages_where(|page| page.business == Some(business)),
        "client_pages" => world.pages_where(|page| page.agency == Some(business)),
        "owned_instagram_accounts" | "instagram_business_accounts" | "instagram_accounts" => {
            let has_one = |page: &Page| page.business == Some(business) && page.professional().is_some();
            let mut nodes = world.pages_where(has_one);
            for node in &mut nodes {
                if let Node::Page(index) = *node {
                    *node = Node::Instagram(index);
                }
            }
            nodes
        }
        _ => Vec::new(),
    }))
}

/// A system user is not a person: `/me/accounts` and `/me/adaccounts` are empty, its assets are the assigned
/// ones.
fn system_user_rows(context: &Context, business: usize, edge: &str) -> Result<Option<Vec<Node>>, GraphError> {
    let world = &context.shared.world;
    Ok(Some(match edge {
        "adaccounts" | "accounts" => Vec::new(),
        "assigned_ad_accounts" => {
            require_ads(context)?;
            world.ad_accounts_of_business(business)
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

/// Drops what was not selected in the dialog.
fn only_selected(context: &Context, mut rows: Vec<Node>) -> Vec<Node> {
    rows.retain(|node| context.auth.includes(context.shared, *node));
    rows
}
