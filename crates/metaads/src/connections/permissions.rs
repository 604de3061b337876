//! Which permissions a connection needs: each kind of login has its own.

use metaads_store::{Connection, ConnectionKind, ScopeSet};

use crate::app::App;
use crate::clock::DAY;
use crate::codes::error_code::Code;

/// Instagram Login is asked for this one. Its vocabulary is not Facebook's.
pub const INSTAGRAM_SCOPES: [&str; 1] = ["instagram_business_basic"];

/// What is asked for; for a system user the configuration at Meta says it, and only what it lacks is known.
pub fn asked(app: &App, kind: ConnectionKind, granted: &ScopeSet) -> Vec<String> {
    match kind {
        ConnectionKind::FacebookUser => app.config.scopes.clone(),
        ConnectionKind::InstagramUser => INSTAGRAM_SCOPES.map(str::to_owned).to_vec(),
        ConnectionKind::BusinessSystemUser => {
            let known = app.config.scopes.iter().filter(|scope| granted.has(scope)).cloned();
            known.chain(missing(app, kind, granted).0).collect()
        }
    }
}

/// Whether a connection of this kind does not work without it.
pub fn is_required(app: &App, kind: ConnectionKind, scope: &str) -> bool {
    match kind {
        ConnectionKind::FacebookUser => app.config.is_required(scope),
        ConnectionKind::InstagramUser => scope == INSTAGRAM_SCOPES[0],
        ConnectionKind::BusinessSystemUser => matches!(scope, "ads_read" | "ads_management"),
    }
}

/// Needed ones that are not there.
pub fn missing(app: &App, kind: ConnectionKind, granted: &ScopeSet) -> ScopeSet {
    let needed: Vec<String> = match kind {
        ConnectionKind::FacebookUser => app.config.required_scopes().map(str::to_owned).collect(),
        ConnectionKind::InstagramUser => vec![INSTAGRAM_SCOPES[0].to_owned()],
        // One of the two is enough.
        ConnectionKind::BusinessSystemUser if granted.has("ads_management") => Vec::new(),
        ConnectionKind::BusinessSystemUser => vec!["ads_read".to_owned()],
    };
    ScopeSet(needed.into_iter().filter(|scope| !granted.has(scope)).collect())
}

/// The reason that marks a live connection without all the permissions it needs.
pub fn incomplete(app: &App, kind: ConnectionKind, scopes: &ScopeSet) -> Option<Code> {
    (!missing(app, kind, scopes).0.is_empty()).then_some(Code::PermissionsMissing)
}

/// Whether Meta's 90-day clock of data access counts for any of these; the others are exempt.
/// Source: "User access and data access" of Facebook Login.
pub fn is_any_watched(scopes: &ScopeSet) -> bool {
    scopes.0.iter().any(|scope| scope.starts_with("instagram_"))
}

/// When data access ends (ms), where that matters for this connection.
pub fn data_access_end(connection: &Connection) -> Option<i64> {
    connection.data_access_expires_at.filter(|_| is_any_watched(&connection.scopes))
}

/// Whether reading the assets, which comes again every week, uses it. A permission that an app leaves unused for
/// 90 days may lapse, however active its person is. Source: "Permissions" of Facebook Login.
pub fn is_exercised(scope: &str, granted: &ScopeSet) -> bool {
    // Where both are there, our reading uses the lesser one; changing campaigns is what other software does.
    if scope == "ads_management" && granted.has("ads_read") {
        return false;
    }
    matches!(
        scope,
        "ads_read"
            | "ads_management"
            | "business_management"
            | "pages_show_list"
            | "pages_read_engagement"
            | "instagram_basic"
            | "instagram_business_basic"
            | "public_profile"
    )
}

/// When Meta may take an unused permission back, and from when on people are warned (ms after its last use).
const LAPSES_AFTER: i64 = 90 * DAY;
const WARNED_AFTER: i64 = 60 * DAY;

/// When a given permission may lapse, where that is near; `last_used` in milliseconds since the epoch.
pub fn lapses_at(last_used: i64, now: i64) -> Option<i64> {
    (now - last_used >= WARNED_AFTER).then_some(last_used + LAPSES_AFTER)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unused_permission_is_warned_of_a_month_before_it_may_lapse() {
        assert_eq!(lapses_at(DAY, DAY + 60 * DAY - 1), None);
        assert_eq!(lapses_at(DAY, DAY + 60 * DAY), Some(91 * DAY));
        assert_eq!(lapses_at(DAY, DAY + 100 * DAY), Some(91 * DAY));
        let both = ScopeSet(vec!["ads_read".to_owned(), "ads_management".to_owned()]);
        assert!(is_exercised("pages_show_list", &both) && !is_exercised("leads_retrieval", &both));
        assert!(is_exercised("ads_read", &both) && !is_exercised("ads_management", &both));
        assert!(is_exercised("ads_management", &ScopeSet(vec!["ads_management".to_owned()])));
    }
}
