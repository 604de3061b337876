//! The lists of ad objects: of an ad account, a campaign, an ad set or an ad.

use serde_json::Value;

use crate::graph_api::error::GraphError;
use crate::graph_api::nodes::access::require_ads;
use crate::graph_api::nodes::context::Context;
use crate::graph_api::nodes::paging::PageRequest;
use crate::world::ad_objects::{AdObject, AdObjectKind};
use crate::world::tables::Node;

/// `None`: this kind of node has no such edge.
pub(crate) fn rows(
    context: &Context,
    node: Node,
    edge: &str,
    page: &PageRequest,
) -> Result<Option<Vec<Node>>, GraphError> {
    let Some(kind) = kind_of_rows(node, edge) else {
        return Ok(None);
    };
    require_ads(context)?;
    let statuses = requested_statuses(page)?;
    let rows = context.shared.read_ads(|ads| match node {
        Node::AdAccount(account) => ads.list(account, kind, statuses.as_deref()),
        Node::AdObject(object) if kind == AdObjectKind::AdCreative => {
            ads.parent(object, kind).into_iter().collect()
        }
        Node::AdObject(object) => ads.children(object, kind, statuses.as_deref()),
        Node::Person(_) | Node::Business(_) | Node::Page(_) | Node::Instagram(_) => Vec::new(),
    });
    Ok(Some(rows.into_iter().map(Node::AdObject).collect()))
}

fn kind_of_rows(node: Node, edge: &str) -> Option<AdObjectKind> {
    let kind = match edge {
        "campaigns" => AdObjectKind::Campaign,
        "adsets" => AdObjectKind::AdSet,
        "ads" => AdObjectKind::Ad,
        "adcreatives" => AdObjectKind::AdCreative,
        "advideos" => AdObjectKind::AdVideo,
        _ => return None,
    };
    let exists = match node {
        Node::AdAccount(_) => true,
        Node::AdObject(AdObject { kind: AdObjectKind::Campaign, .. }) => {
            matches!(kind, AdObjectKind::AdSet | AdObjectKind::Ad)
        }
        Node::AdObject(AdObject { kind: AdObjectKind::AdSet, .. }) => kind == AdObjectKind::Ad,
        Node::AdObject(AdObject { kind: AdObjectKind::Ad, .. }) => kind == AdObjectKind::AdCreative,
        Node::AdObject(_) | Node::Person(_) | Node::Business(_) | Node::Page(_) | Node::Instagram(_) => false,
    };
    exists.then_some(kind)
}

/// From the parameter `effective_status`, or from a filter on it. Other filters are ignored.
fn requested_statuses(page: &PageRequest) -> Result<Option<Vec<String>>, GraphError> {
    if let Some(statuses) = page.param("effective_status") {
        return Ok(Some(list_of_texts(statuses)));
    }
    let Some(filtering) = page.param("filtering") else { return Ok(None) };
    let Ok(Value::Array(filters)) = serde_json::from_str(filtering) else {
        return Err(GraphError::oauth(100, "(#100) Param filtering must be an array."));
    };
    let is_status = |filter: &&Value| {
        let field = filter["field"].as_str().unwrap_or_default();
        field == "effective_status" || field.ends_with(".effective_status")
    };
    let filter = filters.iter().find(is_status);
    Ok(filter.map(|filter| match &filter["value"] {
        Value::String(status) => vec![status.clone()],
        list => list_of_texts(&list.to_string()),
    }))
}

/// A JSON list or single words separated by commas: Meta accepts both.
pub(crate) fn list_of_texts(text: &str) -> Vec<String> {
    if let Ok(list) = serde_json::from_str::<Vec<String>>(text) {
        return list;
    }
    let words = text.split(',').map(|word| word.trim_matches(['[', ']', '"', '\'', ' ']));
    words.filter(|word| !word.is_empty()).map(str::to_owned).collect()
}
