//! Permissions that are limited to some assets (Meta's granular scopes), as they are stored.

use metaads_graph::GranularScope;

/// The limited permissions as JSON: `[[scope, [ids]]]`.
pub fn to_text(scopes: &[GranularScope]) -> String {
    let rows: Vec<(&str, &[String])> = scopes
        .iter()
        .filter(|scope| !scope.target_ids.is_empty())
        .map(|scope| (scope.scope.as_str(), scope.target_ids.as_slice()))
        .collect();
    serde_json::to_string(&rows).expect("texts always serialize")
}

/// The limited permissions, each with the ids of its assets.
pub fn parse(text: &str) -> Vec<(String, Vec<String>)> {
    serde_json::from_str(text).unwrap_or_default()
}
