//! Meta's API versions: which ones are served, until when, and what happens to calls that request another one.
//!
//! The Graph API and the Marketing API of a version end at different times. A version whose Graph API has ended
//! is served as the oldest available one, as are unknown and missing versions; only the header
//! `facebook-api-version` shows it. A version whose Marketing API has ended is served as the next one, with a
//! warning header, or refused if it ended long ago.

use super::error::GraphError;
use crate::calendar::midnight;
use crate::http::request::{MarketingVersion, Request};
use crate::state::shared::SharedState;
use crate::world::tables::Node;

#[derive(Debug)]
struct Version {
    name: &'static str,
    /// From this moment on, Graph calls are served by a newer version.
    graph_ends: Option<i64>,
    marketing: Marketing,
}

#[derive(Debug, Clone, Copy)]
enum Marketing {
    Open,
    /// From this moment on, calls are served by the next version.
    UpgradedFrom(i64),
    /// Ended long ago: calls are refused.
    Refused,
}

/// Oldest first.
const TABLE: [Version; 6] = [
    Version { name: "v21.0", graph_ends: Some(end_of(2027, 1, 21)), marketing: Marketing::Refused },
    Version { name: "v22.0", graph_ends: Some(end_of(2027, 5, 20)), marketing: Marketing::Refused },
    Version {
        name: "v23.0",
        graph_ends: Some(end_of(2027, 10, 8)),
        marketing: Marketing::UpgradedFrom(end_of(2026, 6, 9)),
    },
    Version {
        name: "v24.0",
        graph_ends: Some(end_of(2028, 2, 18)),
        marketing: Marketing::UpgradedFrom(end_of(2026, 10, 6)),
    },
    Version { name: "v25.0", graph_ends: Some(end_of(2028, 7, 29)), marketing: Marketing::Open },
    Version { name: NEWEST, graph_ends: None, marketing: Marketing::Open },
];

pub(crate) const NEWEST: &str = "v26.0";

/// From this day on, no version serves the legacy features (`legacy.rs`).
pub(crate) const LEGACY_REMOVED_AT: i64 = midnight(2026, 10, 27);

/// The moment after the last day of a version, which Meta names inclusively.
const fn end_of(year: i64, month: i64, last_day: i64) -> i64 {
    midnight(year, month, last_day) + 86_400
}

/// Decides which version serves a call. Items of a batch use the version of the batch.
pub(crate) fn resolve(shared: &SharedState, request: &mut Request) {
    let now = shared.clock.now_seconds();
    let served = graph_version(&request.requested_version, now);
    served.name.clone_into(&mut request.version);
    if !is_marketing(shared, request) {
        return;
    }
    // It is not known whether the ad endpoints refuse versions that Graph has retired. A setting makes them do
    // so.
    let is_known = served.name == request.requested_version;
    match served.marketing {
        Marketing::Refused if is_known || shared.settings().rejects_retired_versions => {
            request.marketing_version = MarketingVersion::Retired;
        }
        Marketing::UpgradedFrom(end) if end <= now => {
            let next = next_open_version(served, now);
            let warning =
                format!("This call was auto-upgraded to {} because {} has ended.", next.name, served.name);
            next.name.clone_into(&mut request.version);
            request.marketing_version = MarketingVersion::Upgraded(warning);
        }
        Marketing::Refused | Marketing::UpgradedFrom(_) | Marketing::Open => {}
    }
}

fn graph_version(requested: &str, now: i64) -> &'static Version {
    let mut usable = TABLE.iter().filter(|version| version.graph_ends.is_none_or(|end| now < end));
    let found = usable.clone().find(|version| version.name == requested);
    found.or_else(|| usable.next()).unwrap_or(&TABLE[TABLE.len() - 1])
}

/// The next version whose Marketing API has not ended.
fn next_open_version(ended: &Version, now: i64) -> &'static Version {
    let newer = TABLE.iter().skip_while(|version| version.name != ended.name).skip(1);
    let is_open = |version: &&Version| match version.marketing {
        Marketing::Open => true,
        Marketing::UpgradedFrom(end) => now < end,
        Marketing::Refused => false,
    };
    newer.into_iter().find(is_open).unwrap_or(&TABLE[TABLE.len() - 1])
}

/// Ad accounts, their lists and ad objects belong to the Marketing API, everything else here to Graph.
fn is_marketing(shared: &SharedState, request: &Request) -> bool {
    request.segment(0).starts_with("act_")
        || matches!(shared.world.find(request.segment(0)), Some(Node::AdObject(_)))
        || matches!(
            request.segment(1),
            "adaccounts"
                | "assigned_ad_accounts"
                | "personal_ad_accounts"
                | "owned_ad_accounts"
                | "client_ad_accounts"
                | "pending_owned_ad_accounts"
                | "pending_client_ad_accounts"
        )
}

/// The error for calls to a version whose Marketing API ended long ago.
pub(crate) fn refusal() -> GraphError {
    let message = format!(
        "(#2635) You are calling a deprecated version of the Ads API. Please update to the latest version: \
         {NEWEST}."
    );
    GraphError::oauth(2635, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_table_is_ordered() {
        assert!(TABLE.is_sorted_by_key(|version| version.graph_ends.unwrap_or(i64::MAX)));
        assert_eq!(TABLE[TABLE.len() - 1].name, NEWEST);
        assert_eq!(graph_version("v21.0", midnight(2027, 1, 21)).name, "v21.0");
        assert_eq!(graph_version("v21.0", midnight(2027, 1, 22)).name, "v22.0");
        assert_eq!(graph_version("v27.0", midnight(2029, 1, 1)).name, "v26.0");
    }
}
