//! What the network phase of connecting brings, whichever the login.

use metaads_graph::{AccessToken, IssuedToken, TokenExpiry, TokenInspection, TokenLifetime};
use metaads_store::{AssetBatch, ConnectionKind};

use crate::app::App;
use crate::clock::DAY;
use crate::connections::assets::sync_task::SyncTask;
use crate::connections::permissions::GrantedPermissions;

/// A token for which Meta reports no end is treated as one of the shorter kind: it is refreshed in time, and then its
/// end is known.
const UNREPORTED_TTL_MS: i64 = 60 * DAY;

/// Everything that Meta says about a new grant.
#[derive(Debug)]
pub struct Grant {
    pub kind: ConnectionKind,
    /// The app that it was granted to: Instagram Login has its own.
    pub app_id: String,
    pub token: AccessToken,
    pub meta_user_id: String,
    /// Instagram's other id for the account, for this app alone.
    pub scoped_user_id: Option<String>,
    pub name: String,
    pub picture_url: Option<String>,
    /// Id and name of the business portfolio that a system user belongs to.
    pub business: Option<(String, String)>,
    /// When the token ends (Unix milliseconds); None: never.
    pub expires_at: Option<i64>,
    pub data_access_expires_at: Option<i64>,
    pub permissions: GrantedPermissions,
    /// JSON: `[[scope, [ids]]]`.
    pub granular_scopes: String,
    /// What the first answers brought, and what is left to sync.
    pub assets: AssetBatch,
    pub tasks: Vec<SyncTask>,
    /// How many ad accounts Meta says there are.
    pub total: Option<i64>,
}

/// When a token ends (Unix milliseconds); None: never. The inspection counts. A token whose end is not reported never counts as one without an end.
pub fn expiry(app: &App, issued: &IssuedToken, inspection: &TokenInspection) -> Option<i64> {
    match (inspection.expires_at, issued.lifetime) {
        (TokenExpiry::At(at), _) => Some(at.to_millis()),
        (TokenExpiry::Never, _) => None,
        (TokenExpiry::NotReported, TokenLifetime::Seconds(seconds)) => Some(app.now() + seconds.to_millis()),
        (TokenExpiry::NotReported, TokenLifetime::NotReported) => Some(app.now() + UNREPORTED_TTL_MS),
    }
}
