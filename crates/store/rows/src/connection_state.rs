//! The state of a connection: whether it works, why not, and since when.

use serde::{Deserialize, Serialize};

use crate::error::StoreError;
use crate::text::text_enum;

text_enum!(
    /// The stored part of a connection's state. "Expiring" is computed from `expires_at`.
    ConnectionStatus {
        Active = "active",
        NeedsReauthorization = "needs_reauthorization",
        Revoked = "revoked",
    }
);

text_enum!(
    /// Why a connection is in its state: a stable error code.
    #[derive(Serialize, Deserialize)]
    #[serde(rename_all = "snake_case")]
    StatusReason {
        TokenExpired = "token_expired",
        PasswordChanged = "password_changed",
        SessionInvalid = "session_invalid",
        Checkpoint = "checkpoint",
        UserUnconfirmed = "user_unconfirmed",
        AppRemoved = "app_removed",
        DataAccessExpired = "data_access_expired",
        PermissionsMissing = "permissions_missing",
        /// Meta's dialog did not offer them: the app or its login configuration lacks them.
        PermissionsNotOffered = "permissions_not_offered",
        PermissionExpired = "permission_expired",
        ForeignToken = "foreign_token",
        /// Never stored: the connection was made with another Meta app than the configured one.
        OtherApp = "other_app",
        SealedValueUnreadable = "sealed_value_unreadable",
    }
);

/// The state of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConnectionState {
    /// The token works. `limited_by`: why only in part.
    Active { limited_by: Option<StatusReason>, since: i64 },
    /// The token does not work until the person logs in again.
    NeedsReauthorization { reason: StatusReason, since: i64 },
    /// The token is erased.
    Revoked { by: RevokedBy, since: i64 },
}

/// Who ended a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RevokedBy {
    /// A user disconnected it here.
    User,
    /// The person removed the app at Meta.
    Person,
}

impl ConnectionState {
    pub fn status(self) -> ConnectionStatus {
        match self {
            ConnectionState::Active { .. } => ConnectionStatus::Active,
            ConnectionState::NeedsReauthorization { .. } => ConnectionStatus::NeedsReauthorization,
            ConnectionState::Revoked { .. } => ConnectionStatus::Revoked,
        }
    }

    pub fn reason(self) -> Option<StatusReason> {
        match self {
            ConnectionState::Active { limited_by, .. } => limited_by,
            ConnectionState::NeedsReauthorization { reason, .. } => Some(reason),
            ConnectionState::Revoked { by: RevokedBy::Person, .. } => Some(StatusReason::AppRemoved),
            ConnectionState::Revoked { by: RevokedBy::User, .. } => None,
        }
    }

    pub fn since(self) -> i64 {
        match self {
            ConnectionState::Active { since, .. }
            | ConnectionState::NeedsReauthorization { since, .. }
            | ConnectionState::Revoked { since, .. } => since,
        }
    }

    pub fn is_revoked(self) -> bool {
        matches!(self, ConnectionState::Revoked { .. })
    }

    /// The state of a connection of this app, if these are the configured ones. Nothing is known about a connection of
    /// another app: what is stored stays, and holds again if that app is configured again.
    #[must_use]
    pub fn with_apps(self, app_id: &str, own_apps: &[String]) -> ConnectionState {
        let is_own = own_apps.is_empty() || own_apps.iter().any(|own| own == app_id);
        match self {
            ConnectionState::Revoked { .. } => self,
            ConnectionState::Active { .. } | ConnectionState::NeedsReauthorization { .. } if is_own => self,
            ConnectionState::Active { since, .. } | ConnectionState::NeedsReauthorization { since, .. } => {
                ConnectionState::NeedsReauthorization { reason: StatusReason::OtherApp, since }
            }
        }
    }

    /// A state from its columns.
    pub fn from_columns(
        status: ConnectionStatus,
        reason: Option<StatusReason>,
        since: i64,
    ) -> Result<ConnectionState, StoreError> {
        Ok(match (status, reason) {
            (ConnectionStatus::Active, limited_by) => ConnectionState::Active { limited_by, since },
            (ConnectionStatus::NeedsReauthorization, Some(reason)) => {
                ConnectionState::NeedsReauthorization { reason, since }
            }
            (ConnectionStatus::Revoked, None) => ConnectionState::Revoked { by: RevokedBy::User, since },
            (ConnectionStatus::Revoked, Some(StatusReason::AppRemoved)) => {
                ConnectionState::Revoked { by: RevokedBy::Person, since }
            }
            (status, reason) => {
                let what = format!("status {} with reason {reason:?}", status.as_str());
                return Err(StoreError::Inconsistent { table: "meta_connections", what });
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_survive_their_columns_and_inconsistent_columns_are_refused() {
        for state in [
            ConnectionState::Active { limited_by: None, since: 1 },
            ConnectionState::Active { limited_by: Some(StatusReason::PermissionsMissing), since: 2 },
            ConnectionState::NeedsReauthorization { reason: StatusReason::Checkpoint, since: 3 },
            ConnectionState::Revoked { by: RevokedBy::User, since: 4 },
            ConnectionState::Revoked { by: RevokedBy::Person, since: 5 },
        ] {
            let read = ConnectionState::from_columns(state.status(), state.reason(), state.since());
            assert_eq!(read.ok(), Some(state));
        }
        let wrong = ConnectionState::from_columns(ConnectionStatus::NeedsReauthorization, None, 0);
        assert!(matches!(wrong, Err(StoreError::Inconsistent { .. })));
    }
}
