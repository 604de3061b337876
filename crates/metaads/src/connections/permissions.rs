//! Permissions: which ones a connection needs (each kind of login has its own), and what Meta granted.

use metaads_graph::{PERMISSION_GRANTED, Permission};
use metaads_store::{Connection, ConnectionKind, ScopeSet, StatusReason};

use crate::app::App;
use crate::clock::DAY;

/// What Instagram Login is asked for. Its permissions have other names than Facebook's.
pub const INSTAGRAM_SCOPES: [&str; 1] = ["instagram_business_basic"];

/// The permissions asked for. For a system user the configuration at Meta decides; only what it lacks is known.
pub fn asked(app: &App, kind: ConnectionKind, granted: &ScopeSet) -> Vec<String> {
    match kind {
        ConnectionKind::FacebookUser => app.config.meta_login.scopes.clone(),
        ConnectionKind::InstagramUser => INSTAGRAM_SCOPES.map(str::to_owned).to_vec(),
        ConnectionKind::BusinessSystemUser => {
            let known = app.config.meta_login.scopes.iter().filter(|scope| granted.has(scope)).cloned();
            known.chain(missing(app, kind, granted).0).collect()
        }
    }
}

/// The permissions that list ad accounts; either is enough.
pub const ADS_SCOPES: [&str; 2] = ["ads_read", "ads_management"];

/// Whether ad accounts can be listed with these permissions.
pub fn can_list_ad_accounts(granted: &ScopeSet) -> bool {
    ADS_SCOPES.iter().any(|scope| granted.has(scope))
}

/// Whether a connection of this kind needs the permission.
pub fn is_required(app: &App, kind: ConnectionKind, scope: &str) -> bool {
    match kind {
        ConnectionKind::FacebookUser => app.config.meta_login.is_required(scope),
        ConnectionKind::InstagramUser => scope == INSTAGRAM_SCOPES[0],
        ConnectionKind::BusinessSystemUser => ADS_SCOPES.contains(&scope),
    }
}

/// Permissions that are needed and not granted.
pub fn missing(app: &App, kind: ConnectionKind, granted: &ScopeSet) -> ScopeSet {
    let needed: Vec<String> = match kind {
        ConnectionKind::FacebookUser => app.config.meta_login.required_scopes().map(str::to_owned).collect(),
        ConnectionKind::InstagramUser => vec![INSTAGRAM_SCOPES[0].to_owned()],
        // One of the two is enough.
        ConnectionKind::BusinessSystemUser if granted.has("ads_management") => Vec::new(),
        ConnectionKind::BusinessSystemUser => vec!["ads_read".to_owned()],
    };
    ScopeSet(needed.into_iter().filter(|scope| !granted.has(scope)).collect())
}

/// What limits a connection with these permissions. If Meta reports a missing one neither as declined nor as expired,
/// the dialog did not offer it, and the person can do nothing about it.
pub fn limited_by(app: &App, kind: ConnectionKind, permissions: &GrantedPermissions) -> Option<StatusReason> {
    let ScopeSet(missing) = missing(app, kind, &permissions.granted);
    let is_offered = |scope: &String| permissions.declined.has(scope) || !permissions.is_complete;
    match () {
        () if missing.is_empty() => None,
        () if missing.iter().any(|scope| permissions.expired.has(scope)) => {
            Some(StatusReason::PermissionExpired)
        }
        () if missing.iter().any(is_offered) => Some(StatusReason::PermissionsMissing),
        () => Some(StatusReason::PermissionsNotOffered),
    }
}

/// What Meta says about the permissions of a grant.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GrantedPermissions {
    pub granted: ScopeSet,
    /// Asked for, and declined by the person, as Meta says.
    pub declined: ScopeSet,
    /// Granted once, and taken back by Meta because the app left them unused.
    pub expired: ScopeSet,
    /// Meta reported everything that was offered: what is in none of the lists was not.
    pub is_complete: bool,
}

/// What was granted, declined and taken back of what was `asked` for. Where `/me/permissions` did not answer, the token
/// inspection says what is granted, and nothing is known about the rest.
pub fn from_meta(
    asked: &[String],
    inspected: &[String],
    listed: Option<&[Permission]>,
) -> GrantedPermissions {
    let of = |wanted: &str| {
        let listed = listed.unwrap_or_default().iter().filter(|one| one.status == wanted);
        listed.map(|one| one.permission.clone()).collect::<Vec<_>>()
    };
    let usable = |word: &String| !word.is_empty() && word.len() <= 100 && !word.contains(',');
    let granted = if listed.is_some() { of(PERMISSION_GRANTED) } else { inspected.to_vec() };
    let granted: Vec<String> = granted.into_iter().filter(usable).take(200).collect();
    let expired: Vec<String> = of("expired").into_iter().filter(|scope| asked.contains(scope)).collect();
    let declined = of("declined").into_iter().filter(|scope| asked.contains(scope)).collect();
    GrantedPermissions {
        declined: ScopeSet(declined),
        granted: ScopeSet(granted),
        expired: ScopeSet(expired),
        is_complete: listed.is_some(),
    }
}

/// Permissions that this site asks for and that Meta's dialog did not offer: Meta reports them neither as granted nor as
/// declined. The app or its login configuration at Meta lacks them, which only the operator can change.
pub fn not_offered(app: &App, connection: &Connection) -> ScopeSet {
    let is_known = |scope: &String| {
        connection.scopes.has(scope)
            || connection.declined_scopes.has(scope)
            || connection.expired_scopes.has(scope)
    };
    let asked = match connection.kind {
        ConnectionKind::FacebookUser => app.config.meta_login.scopes.clone(),
        ConnectionKind::BusinessSystemUser | ConnectionKind::InstagramUser => {
            missing(app, connection.kind, &connection.scopes).0
        }
    };
    ScopeSet(asked.into_iter().filter(|scope| !is_known(scope)).collect())
}

/// Whether Meta's 90-day data access limit applies to any of these permissions; the others are exempt.
/// Source: "User access and data access" of Facebook Login.
pub fn is_data_access_limited(scopes: &ScopeSet) -> bool {
    scopes.0.iter().any(|scope| scope.starts_with("instagram_"))
}

/// When data access ends (Unix milliseconds), if that matters for this connection.
pub fn data_access_end(connection: &Connection) -> Option<i64> {
    connection.data_access_expires_at.filter(|_| is_data_access_limited(&connection.scopes))
}

/// Whether the weekly sync uses the permission. Meta may take back a permission that an app has not used for 90 days,
/// however active its person is. Source: "Permissions" of Facebook Login.
pub fn is_exercised(scope: &str, granted: &ScopeSet) -> bool {
    // If both are granted, syncing uses the lesser one; campaigns are changed by other software.
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

/// When Meta may take back an unused permission, and from when on people are warned (milliseconds after its last use).
const LAPSES_AFTER: i64 = 90 * DAY;
const WARNED_AFTER: i64 = 60 * DAY;

/// When a permission may lapse, if that is near. `last_used` and the result are Unix milliseconds.
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
