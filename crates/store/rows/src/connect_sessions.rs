//! Connect sessions: one-time URLs on which another product's user connects an account.

use crate::api_keys::NewSecret;
use crate::authorizations::{AuthorizationStatus, Login};
use crate::error::StoreError;
use crate::text::{ConnectSessionId, ConnectionId, SessionId, UserId, WorkspaceId, text_enum};

text_enum!(
    /// [`ConnectSessionState`] as a column.
    ConnectSessionStatus {
        Pending = "pending",
        Opened = "opened",
        Connecting = "connecting",
        Completed = "completed",
        Failed = "failed",
    }
);

/// Where a connect session stands. One that is not completed ends when it expires; a failed one can be tried again
/// until then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConnectSessionState {
    /// Nobody has opened the URL.
    Pending,
    /// Somebody has opened it, and is not at the dialog yet.
    Opened,
    /// At the dialog, or back from it.
    Connecting {
        attempt: AuthorizationStatus,
        /// Until when it may come back, or be completed.
        until: i64,
    },
    Completed {
        connection: ConnectionId,
        at: i64,
    },
    Failed {
        /// A stable error code.
        code: String,
        at: i64,
    },
}

#[derive(Debug)]
pub struct NewConnectSession {
    pub id: ConnectSessionId,
    pub workspace_id: WorkspaceId,
    pub user_id: UserId,
    pub api_key_id: String,
    /// SHA-256 of the token in the URL.
    pub token_hash: String,
    /// The sealed token.
    pub secret: NewSecret,
    pub external_user_id: String,
    pub return_url: String,
    pub login: Login,
    pub code_challenge: Option<String>,
    pub repairs: Option<ConnectionId>,
    pub idempotency_key: Option<String>,
    /// SHA-256 of what was asked for.
    pub request_hash: String,
    pub created_at: i64,
    pub expires_at: i64,
}

#[derive(Debug, Clone)]
pub struct ConnectSession {
    pub id: ConnectSessionId,
    pub workspace_id: WorkspaceId,
    pub user_id: UserId,
    pub api_key_id: String,
    /// The name of the API key.
    pub product: String,
    /// Whether the API key has ended.
    pub has_ended_key: bool,
    /// Id of the sealed token in `secrets`.
    pub secret_id: String,
    pub external_user_id: String,
    pub return_url: String,
    pub login: Login,
    pub code_challenge: Option<String>,
    /// The connection that the session is limited to.
    pub repairs: Option<ConnectionId>,
    pub state: ConnectSessionState,
    /// SHA-256 of the cookie of the browser that it is bound to.
    pub browser_hash: Option<String>,
    pub verifier_failures: i64,
    /// The browser is in a popup of the product's page.
    pub is_popup: bool,
    pub request_hash: String,
    pub created_at: i64,
    pub expires_at: i64,
}

/// [`ConnectSession`] as columns.
#[derive(Debug)]
pub struct ConnectSessionRow {
    pub id: ConnectSessionId,
    pub workspace_id: WorkspaceId,
    pub user_id: UserId,
    pub api_key_id: String,
    pub product: String,
    pub has_ended_key: bool,
    pub secret_id: String,
    pub external_user_id: String,
    pub return_url: String,
    pub login: Login,
    pub code_challenge: Option<String>,
    pub repairs: Option<ConnectionId>,
    pub status: ConnectSessionStatus,
    /// Status and end of the newest attempt.
    pub attempt: Option<AuthorizationStatus>,
    pub attempt_until: Option<i64>,
    pub connection_id: Option<ConnectionId>,
    pub error: Option<String>,
    pub browser_hash: Option<String>,
    pub verifier_failures: i64,
    pub is_popup: bool,
    pub request_hash: String,
    pub created_at: i64,
    pub expires_at: i64,
    pub finished_at: Option<i64>,
}

impl ConnectSession {
    pub fn from_row(row: ConnectSessionRow) -> Result<ConnectSession, StoreError> {
        let missing = |what: &str| StoreError::Inconsistent {
            table: "connect_sessions",
            what: format!("{} {what}", row.status.as_str()),
        };
        let at = row.finished_at.unwrap_or(row.created_at);
        let state = match row.status {
            ConnectSessionStatus::Pending => ConnectSessionState::Pending,
            ConnectSessionStatus::Opened => ConnectSessionState::Opened,
            // An attempt that is not there any more has expired.
            ConnectSessionStatus::Connecting => ConnectSessionState::Connecting {
                attempt: row.attempt.unwrap_or(AuthorizationStatus::Cancelled),
                until: row.attempt_until.unwrap_or_default(),
            },
            ConnectSessionStatus::Completed => {
                let connection = row.connection_id.ok_or_else(|| missing("without a connection"))?;
                ConnectSessionState::Completed { connection, at }
            }
            ConnectSessionStatus::Failed => {
                let code = row.error.ok_or_else(|| missing("without a code"))?;
                ConnectSessionState::Failed { code, at }
            }
        };
        Ok(ConnectSession {
            id: row.id,
            workspace_id: row.workspace_id,
            user_id: row.user_id,
            api_key_id: row.api_key_id,
            product: row.product,
            has_ended_key: row.has_ended_key,
            secret_id: row.secret_id,
            external_user_id: row.external_user_id,
            return_url: row.return_url,
            login: row.login,
            code_challenge: row.code_challenge,
            repairs: row.repairs,
            state,
            browser_hash: row.browser_hash,
            verifier_failures: row.verifier_failures,
            is_popup: row.is_popup,
            request_hash: row.request_hash,
            created_at: row.created_at,
            expires_at: row.expires_at,
        })
    }
}

impl ConnectSessionId {
    /// The id under which the authorizations of a connect session are bound to its browser. No signed-in browser has it.
    pub fn browser_session(&self) -> SessionId {
        SessionId::from_text(self.as_str()).expect("the id of a connect session is a UUID")
    }
}

/// What became of inserting a connect session.
#[derive(Debug)]
pub enum ConnectSessionInsert {
    Inserted,
    /// The key has used the idempotency key before.
    Exists(Box<ConnectSession>),
}
