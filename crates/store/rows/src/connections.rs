//! Authorizations (trips to the dialog), connections, and what is written of them.

use metaads_vault::Sealed;

use crate::assets::AssetBatch;
use crate::text::{AuthorizationId, ConnectionId, ScopeSet, SessionId, UserId, text_enum};

text_enum!(
    /// Where one trip to the dialog stands.
    AuthorizationStatus {
        /// The browser is at the dialog.
        Pending = "pending",
        /// The callback came and took it; Meta is being asked.
        Consumed = "consumed",
        Completed = "completed",
        Failed = "failed",
        /// Its user called it off here.
        Cancelled = "cancelled",
    }
);

text_enum!(
    /// Which dialog a trip goes to.
    Login {
        Facebook = "facebook",
        /// Facebook Login for Business, with a configuration.
        Business = "business",
        Instagram = "instagram",
    }
);

text_enum!(
    /// What kind of Meta identity it is.
    ConnectionKind {
        FacebookUser = "facebook_user",
        BusinessSystemUser = "business_system_user",
        InstagramUser = "instagram_user",
    }
);

text_enum!(
    /// What is stored of a connection's health; "expiring" is computed from `expires_at`.
    ConnectionStatus {
        Active = "active",
        NeedsReauthorization = "needs_reauthorization",
        Revoked = "revoked",
    }
);

text_enum!(
    /// Whether the list of ad accounts is being read.
    SyncState { Idle = "idle", Running = "running", Failed = "failed" }
);

#[derive(Debug)]
pub struct NewAuthorization {
    pub id: AuthorizationId,
    pub user_id: UserId,
    pub session_id: SessionId,
    pub login: Login,
    pub state_hash: String,
    pub redirect_uri: String,
    pub pkce_verifier: Option<Sealed>,
    pub is_popup: bool,
    pub is_rerequest: bool,
    pub reconnects: Option<ConnectionId>,
    pub created_at: i64,
    pub expires_at: i64,
}

#[derive(Debug, Clone)]
pub struct Authorization {
    pub id: AuthorizationId,
    pub user_id: UserId,
    pub session_id: SessionId,
    pub login: Login,
    pub redirect_uri: String,
    /// The envelope's bytes; whether they open is found out when they are needed.
    pub pkce_verifier: Option<Vec<u8>>,
    pub is_popup: bool,
    pub reconnects: Option<ConnectionId>,
    pub status: AuthorizationStatus,
    /// A code that /help/errors knows, or `connected`, `reconnected`.
    pub outcome: Option<String>,
    pub detail: Option<String>,
    pub connection_id: Option<ConnectionId>,
    pub created_at: i64,
    pub expires_at: i64,
    pub finished_at: Option<i64>,
}

/// Everything the last phase of connecting writes, at once or not at all.
#[derive(Debug)]
pub struct Completion {
    /// None: a token that was pasted.
    pub authorization_id: Option<AuthorizationId>,
    pub user_id: UserId,
    /// The id the token was sealed for: the existing connection's, or a new one.
    pub connection_id: ConnectionId,
    /// None: pasted.
    pub login: Option<Login>,
    /// Instagram's other id for the account, for this app alone.
    pub scoped_user_id: Option<String>,
    pub kind: ConnectionKind,
    pub app_id: String,
    pub meta_user_id: String,
    pub name: String,
    pub picture_url: Option<String>,
    pub access_token: Sealed,
    /// A code that /help/errors knows: something is missing although the token lives.
    pub status_reason: Option<String>,
    pub scopes: ScopeSet,
    pub declined_scopes: ScopeSet,
    pub expired_scopes: ScopeSet,
    /// JSON: `[[scope, [ids]]]`.
    pub granular_scopes: String,
    /// Id and name of the portfolio that a system user belongs to.
    pub business: Option<(String, String)>,
    pub expires_at: Option<i64>,
    pub data_access_expires_at: Option<i64>,
    pub assets: AssetBatch,
    pub sync_total: Option<i64>,
    /// Where the background reading starts: payload of a `sync` job.
    pub sync_progress: String,
    pub at: i64,
    /// Makes the ids of the job and audit rows.
    pub ids: [String; 3],
}

/// What became of a [`Completion`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CompletionOutcome {
    Created,
    Updated,
    /// Called off, or the session ended meanwhile: nothing was written.
    Cancelled,
    /// The same person was connected a moment before under another id: seal anew and try again.
    Conflict,
}

#[derive(Debug, Clone)]
pub struct Connection {
    pub id: ConnectionId,
    pub user_id: UserId,
    pub kind: ConnectionKind,
    pub app_id: String,
    pub meta_user_id: String,
    pub name: String,
    pub picture_url: Option<String>,
    pub status: ConnectionStatus,
    pub status_reason: Option<String>,
    pub status_changed_at: i64,
    /// The envelope's bytes; null once disconnected.
    pub access_token: Option<Vec<u8>>,
    pub token_version: i64,
    pub scopes: ScopeSet,
    pub declined_scopes: ScopeSet,
    /// Taken back by Meta, since the app left them unused.
    pub expired_scopes: ScopeSet,
    /// JSON: `[[scope, [ids]]]`; a scope that is not there covers everything.
    pub granular_scopes: String,
    /// The portfolio that a system user belongs to.
    pub business_id: Option<String>,
    pub business_name: Option<String>,
    /// The token was pasted; no dialog can renew it.
    pub is_pasted: bool,
    /// The dialog that made it; None: the one of its kind, or none.
    pub login: Option<Login>,
    /// When everything was last read to the end.
    pub last_synced_at: Option<i64>,
    pub expires_at: Option<i64>,
    pub data_access_expires_at: Option<i64>,
    pub last_refreshed_at: Option<i64>,
    pub last_checked_at: Option<i64>,
    pub sync_state: SyncState,
    pub sync_done: i64,
    pub sync_total: Option<i64>,
    pub sync_generation: i64,
    pub connected_at: i64,
    pub created_at: i64,
    pub updated_at: i64,
    pub ad_accounts_total: i64,
    pub ad_accounts_selected: i64,
    pub ad_accounts_owing: i64,
    /// Chosen ones that cannot be used any more.
    pub ad_accounts_stopped: i64,
    pub pages_total: i64,
    pub instagram_total: i64,
    pub businesses_total: i64,
    pub first_business: Option<String>,
}

/// Another connection that rests on the same grant at Meta.
#[derive(Debug, Clone)]
pub struct GrantConnection {
    pub id: ConnectionId,
    pub user_id: UserId,
}

/// One press of "Disconnect".
#[derive(Debug)]
pub struct DisconnectRequest {
    pub user_id: UserId,
    pub connection_id: ConnectionId,
    /// End the whole grant at Meta too.
    pub is_revoking: bool,
    pub at: i64,
    pub ids: [String; 2],
}

#[derive(Debug, Clone)]
pub struct AuditEntry {
    pub id: String,
    pub at: i64,
    pub action: String,
    pub detail: String,
}
