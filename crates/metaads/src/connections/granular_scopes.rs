//! Permissions that are limited to some assets (Meta's granular scopes), as they are stored.

use std::collections::HashSet;

use metaads_graph::{AdAccountId, GranularScope};
use metaads_store::{Connection, ScopeSet};

use crate::connections::permissions::ADS_SCOPES;

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

/// The ad accounts that a grant reaches.
#[derive(Debug)]
pub enum Reach {
    All,
    Only(HashSet<String>),
}

impl Reach {
    /// A permission that is granted and not limited covers every ad account.
    pub fn of<'a>(granted: &ScopeSet, limited: impl Iterator<Item = (&'a str, &'a [String])>) -> Reach {
        let limited: Vec<_> = limited.filter(|(_, ids)| !ids.is_empty()).collect();
        let limit_of = |scope: &str| limited.iter().find(|(name, _)| *name == scope).map(|(_, ids)| *ids);
        let granted: Vec<&str> = ADS_SCOPES.into_iter().filter(|scope| granted.has(scope)).collect();
        let mut ids = HashSet::new();
        for scope in &granted {
            let Some(limit) = limit_of(scope) else { return Reach::All };
            ids.extend(
                limit.iter().filter_map(|id| AdAccountId::parse_any(id).ok()).map(|id| id.to_string()),
            );
        }
        if granted.is_empty() { Reach::All } else { Reach::Only(ids) }
    }

    pub fn of_connection(connection: &Connection) -> Reach {
        let limited = parse(&connection.granular_scopes);
        Reach::of(&connection.scopes, limited.iter().map(|(scope, ids)| (scope.as_str(), ids.as_slice())))
    }

    pub fn covers(&self, account: &str) -> bool {
        match self {
            Reach::All => true,
            Reach::Only(ids) => ids.contains(account),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grant_reaches_what_its_widest_permission_names() {
        let scopes = |names: &[&str]| ScopeSet(names.iter().map(|name| (*name).to_owned()).collect());
        let five = ["act_5".to_owned()];
        let limited = || [("ads_management", five.as_slice())].into_iter();
        let reach = Reach::of(&scopes(&["ads_management"]), limited());
        assert!(reach.covers("5") && !reach.covers("6"));
        assert!(Reach::of(&scopes(&["ads_management", "ads_read"]), limited()).covers("6"));
        assert!(Reach::of(&scopes(&["ads_management"]), std::iter::empty()).covers("6"));
    }
}
