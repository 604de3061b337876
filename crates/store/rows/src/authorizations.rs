//! Authorizations: attempts to connect through Meta's login dialog.

use metaads_vault::Sealed;

use crate::text::{
    AuthorizationId, ConnectSessionId, ConnectionId, SessionId, UserId, WorkspaceId, text_enum,
};

text_enum!(
    /// pending -> consumed -> completed | failed, or cancelled.
    AuthorizationStatus {
        /// The browser is at the dialog.
        Pending = "pending",
        /// The callback has arrived; the code is being exchanged.
        Consumed = "consumed",
        Completed = "completed",
        Failed = "failed",
        /// Its user cancelled it in this service.
        Cancelled = "cancelled",
    }
);

text_enum!(
    /// The Meta login product whose dialog is used.
    Login {
        Facebook = "facebook",
        /// Facebook Login for Business, with a configuration.
        Business = "business",
        Instagram = "instagram",
    }
);

/// The site that hosts the login dialog; each has its own callback URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DialogHost {
    Facebook,
    Instagram,
}

#[derive(Debug)]
pub struct NewAuthorization {
    pub id: AuthorizationId,
    pub workspace_id: WorkspaceId,
    pub user_id: UserId,
    pub session_id: SessionId,
    pub login: Login,
    /// SHA-256 of the `state` parameter.
    pub state_hash: String,
    pub redirect_uri: String,
    pub pkce_verifier: Option<Sealed>,
    pub is_popup: bool,
    /// Requests declined permissions again.
    pub is_rerequest: bool,
    /// The connection to reconnect in place.
    pub reconnects: Option<ConnectionId>,
    /// It is an attempt of this connect session, whose id `session_id` is then.
    pub connect_session: Option<ConnectSessionId>,
    pub created_at: i64,
    pub expires_at: i64,
}

#[derive(Debug, Clone)]
pub struct Authorization {
    pub id: AuthorizationId,
    pub workspace_id: WorkspaceId,
    pub user_id: UserId,
    pub session_id: SessionId,
    pub login: Login,
    pub redirect_uri: String,
    /// The envelope's bytes.
    pub pkce_verifier: Option<Vec<u8>>,
    pub is_popup: bool,
    pub reconnects: Option<ConnectionId>,
    pub connect_session: Option<ConnectSessionId>,
    pub status: AuthorizationStatus,
    /// A stable error code, or `connected`, `reconnected`.
    pub outcome: Option<String>,
    /// JSON in the service's own format.
    pub detail: Option<String>,
    pub connection_id: Option<ConnectionId>,
    pub created_at: i64,
    /// While pending: until when the callback may arrive. While consumed: until when Meta may answer.
    pub expires_at: i64,
    pub finished_at: Option<i64>,
}
