//! Connections: Meta identities linked to a workspace, their states, and the writes that create and end them.

use metaads_vault::Sealed;
use serde::{Deserialize, Serialize};

use crate::assets::AssetBatch;
use crate::authorizations::Login;
use crate::connection_state::{ConnectionState, ConnectionStatus, StatusReason};
use crate::error::StoreError;
use crate::jobs::NewJob;
use crate::text::{AuthorizationId, ConnectionId, ScopeSet, UserId, WorkspaceId, text_enum};

text_enum!(
    /// The kind of Meta identity.
    ConnectionKind {
        FacebookUser = "facebook_user",
        BusinessSystemUser = "business_system_user",
        InstagramUser = "instagram_user",
    }
);

text_enum!(
    /// Whether a connection's asset lists are being synced.
    SyncState { Idle = "idle", Running = "running", Failed = "failed" }
);

text_enum!(
    /// What a disconnect ends.
    #[derive(Serialize, Deserialize)]
    #[serde(rename_all = "snake_case")]
    DisconnectMode {
        /// The whole grant, at Meta too: every connection of the same person ends.
        Revoke = "revoke",
        /// This connection only; the grant at Meta stays for the others.
        Forget = "forget",
    }
);

/// Everything that the last phase of connecting writes, in one transaction.
#[derive(Debug)]
pub struct Completion {
    /// None: the token was imported.
    pub authorization_id: Option<AuthorizationId>,
    pub workspace_id: WorkspaceId,
    /// Who granted it.
    pub user_id: UserId,
    /// The id that the token was sealed for: the existing connection's, or a new one.
    pub connection_id: ConnectionId,
    /// None: the token was imported.
    pub login: Option<Login>,
    /// Instagram's app-scoped id of the account, which its calls to us may carry.
    pub scoped_user_id: Option<String>,
    pub kind: ConnectionKind,
    pub app_id: String,
    pub meta_user_id: String,
    pub name: String,
    pub picture_url: Option<String>,
    pub access_token: Sealed,
    pub limited_by: Option<StatusReason>,
    pub scopes: ScopeSet,
    pub declined_scopes: ScopeSet,
    pub expired_scopes: ScopeSet,
    /// JSON: `[[scope, [ids]]]`.
    pub granular_scopes: String,
    /// Id and name of the business portfolio that a system user belongs to.
    pub business: Option<(String, String)>,
    pub expires_at: Option<i64>,
    pub data_access_expires_at: Option<i64>,
    pub assets: AssetBatch,
    pub sync_total: Option<i64>,
    /// Syncs the rest of the asset lists.
    pub sync_job: NewJob,
    /// Checks the stored token right afterwards, and from then on daily.
    pub check_job: NewJob,
    /// Unix milliseconds.
    pub at: i64,
    pub audit_ids: [String; 2],
}

/// The outcome of a [`Completion`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CompletionOutcome {
    Created,
    Updated,
    /// The authorization was cancelled or its session has ended: nothing was written.
    Cancelled,
    /// The same person was connected concurrently under another id: nothing was written; seal for that id and retry.
    Conflict,
}

/// A Meta identity linked to a workspace.
#[derive(Debug, Clone)]
pub struct Connection {
    pub id: ConnectionId,
    pub workspace_id: WorkspaceId,
    /// Who granted it.
    pub user_id: UserId,
    pub kind: ConnectionKind,
    pub app_id: String,
    pub meta_user_id: String,
    pub name: String,
    pub picture_url: Option<String>,
    pub state: ConnectionState,
    /// The envelope's bytes; None once disconnected.
    pub access_token: Option<Vec<u8>>,
    /// Increases with each token.
    pub token_version: i64,
    pub scopes: ScopeSet,
    pub declined_scopes: ScopeSet,
    /// Expired at Meta, since the app did not use them.
    pub expired_scopes: ScopeSet,
    /// JSON: `[[scope, [ids]]]`; a scope that is absent covers every asset.
    pub granular_scopes: String,
    /// The business portfolio that a system user belongs to.
    pub business_id: Option<String>,
    pub business_name: Option<String>,
    /// The token was imported; no login dialog can renew it.
    pub is_imported: bool,
    /// The login dialog that created it; None: the usual one of its kind, or the token was imported.
    pub login: Option<Login>,
    /// When the last sync was completed.
    pub last_synced_at: Option<i64>,
    /// When the token expires; None: never.
    pub expires_at: Option<i64>,
    pub data_access_expires_at: Option<i64>,
    pub last_refreshed_at: Option<i64>,
    pub last_checked_at: Option<i64>,
    pub sync_state: SyncState,
    pub sync_done: i64,
    pub sync_total: Option<i64>,
    /// JSON: for lists that Meta does not answer with the usual number of rows, the number that worked, by the name of the
    /// list.
    pub sync_limits: String,
    /// Increases with each sync; each asset has the generation of the last sync that found it.
    pub sync_generation: i64,
    pub connected_at: i64,
    pub created_at: i64,
    pub updated_at: i64,
}

/// A connection with its asset counts.
#[derive(Debug, Clone)]
pub struct ConnectionSummary {
    pub connection: Connection,
    pub assets: AssetCounts,
}

impl std::ops::Deref for ConnectionSummary {
    type Target = Connection;
    fn deref(&self) -> &Connection {
        &self.connection
    }
}

/// How many assets a connection reaches.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AssetCounts {
    pub ad_accounts: i64,
    pub selected: i64,
    /// Selected ones with a payment due.
    pub owing: i64,
    /// Selected ones that are no longer usable.
    pub stopped: i64,
    pub pages: i64,
    pub instagram_accounts: i64,
    pub businesses: i64,
    /// The first business by name.
    pub first_business: Option<String>,
}

/// [`Connection`] as columns.
#[derive(Debug)]
pub struct ConnectionRow {
    pub id: ConnectionId,
    pub workspace_id: WorkspaceId,
    pub user_id: UserId,
    pub kind: ConnectionKind,
    pub app_id: String,
    pub meta_user_id: String,
    pub name: String,
    pub picture_url: Option<String>,
    pub status: ConnectionStatus,
    pub status_reason: Option<StatusReason>,
    pub status_changed_at: i64,
    pub access_token: Option<Vec<u8>>,
    pub token_version: i64,
    pub scopes: ScopeSet,
    pub declined_scopes: ScopeSet,
    pub expired_scopes: ScopeSet,
    pub granular_scopes: String,
    pub business_id: Option<String>,
    pub business_name: Option<String>,
    pub is_imported: bool,
    pub login: Option<Login>,
    pub last_synced_at: Option<i64>,
    pub expires_at: Option<i64>,
    pub data_access_expires_at: Option<i64>,
    pub last_refreshed_at: Option<i64>,
    pub last_checked_at: Option<i64>,
    pub sync_state: SyncState,
    pub sync_done: i64,
    pub sync_total: Option<i64>,
    pub sync_limits: String,
    pub sync_generation: i64,
    pub connected_at: i64,
    pub created_at: i64,
    pub updated_at: i64,
}

impl Connection {
    /// A connection from its columns. `own_apps`: the ids of the configured Meta apps; none: any app is one of them.
    pub fn from_row(row: ConnectionRow, own_apps: &[String]) -> Result<Connection, StoreError> {
        let stored = ConnectionState::from_columns(row.status, row.status_reason, row.status_changed_at)?;
        Ok(Connection {
            state: stored.with_apps(&row.app_id, own_apps),
            id: row.id,
            workspace_id: row.workspace_id,
            user_id: row.user_id,
            kind: row.kind,
            app_id: row.app_id,
            meta_user_id: row.meta_user_id,
            name: row.name,
            picture_url: row.picture_url,
            access_token: row.access_token,
            token_version: row.token_version,
            scopes: row.scopes,
            declined_scopes: row.declined_scopes,
            expired_scopes: row.expired_scopes,
            granular_scopes: row.granular_scopes,
            business_id: row.business_id,
            business_name: row.business_name,
            is_imported: row.is_imported,
            login: row.login,
            last_synced_at: row.last_synced_at,
            expires_at: row.expires_at,
            data_access_expires_at: row.data_access_expires_at,
            last_refreshed_at: row.last_refreshed_at,
            last_checked_at: row.last_checked_at,
            sync_state: row.sync_state,
            sync_done: row.sync_done,
            sync_total: row.sync_total,
            sync_limits: row.sync_limits,
            sync_generation: row.sync_generation,
            connected_at: row.connected_at,
            created_at: row.created_at,
            updated_at: row.updated_at,
        })
    }
}

/// Another connection on the same grant at Meta.
#[derive(Debug, Clone)]
pub struct GrantConnection {
    pub id: ConnectionId,
    /// When the person last logged in (Unix milliseconds).
    pub connected_at: i64,
    pub workspace_id: WorkspaceId,
}

/// A disconnect by a user.
#[derive(Debug)]
pub struct DisconnectRequest {
    pub workspace_id: WorkspaceId,
    /// Who disconnects.
    pub user_id: UserId,
    pub connection_id: ConnectionId,
    /// The job that revokes the grant at Meta; None: this connection only.
    pub revoke_job: Option<NewJob>,
    pub mode: DisconnectMode,
    /// Unix milliseconds.
    pub at: i64,
    pub audit_id: String,
}
