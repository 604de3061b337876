//! The one definition of how a connection is doing. Pages, the API and jobs ask here, so that "expiring" and "needs
//! attention" mean the same everywhere.

use metaads_store::{
    Connection, ConnectionState, ConnectionStatus, EXPIRING_WITHIN_MS, RevokedBy, StatusReason, StoreError,
    WorkspaceId,
};

use crate::app::App;
use crate::codes::error_code::Code;

/// How a connection is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Health {
    /// Somebody has to act: reconnect, grant a missing permission, or confirm data access.
    ActionNeeded,
    /// It works, and its token ends at this moment (Unix milliseconds) unless it is refreshed.
    Expiring {
        ends_at: i64,
    },
    Active,
    /// Disconnected here on purpose.
    Disconnected,
}

/// How a connection is doing at `now` (Unix milliseconds).
pub fn health(connection: &Connection, now: i64) -> Health {
    match (connection.state, connection.expires_at) {
        (state, _) if needs_attention(state) => Health::ActionNeeded,
        (ConnectionState::Revoked { .. }, _) => Health::Disconnected,
        (_, Some(ends_at)) if is_expiring(connection, now) => Health::Expiring { ends_at },
        _ => Health::Active,
    }
}

/// Whether somebody has to act on a connection in this state.
pub fn needs_attention(state: ConnectionState) -> bool {
    match state {
        ConnectionState::NeedsReauthorization { .. } => true,
        ConnectionState::Revoked { by, .. } => by == RevokedBy::Person,
        ConnectionState::Active { limited_by, .. } => matches!(
            limited_by,
            Some(
                StatusReason::PermissionsMissing
                    | StatusReason::PermissionsNotOffered
                    | StatusReason::PermissionExpired
                    | StatusReason::DataAccessExpired
            )
        ),
    }
}

/// How many connections of a workspace need attention.
pub async fn count_needing_attention(app: &App, workspace: &WorkspaceId) -> Result<usize, StoreError> {
    let states = app.store.list_connection_states(workspace).await?;
    Ok(states.into_iter().filter(|state| needs_attention(*state)).count())
}

/// Whether the token ends soon, whatever else is true of the connection.
pub fn is_expiring(connection: &Connection, now: i64) -> bool {
    connection.expires_at.is_some_and(|ends_at| ends_at - now < EXPIRING_WITHIN_MS)
}

/// Whether its person removed the app at Meta, rather than somebody disconnecting it here.
pub fn is_removed_at_meta(connection: &Connection) -> bool {
    matches!(connection.state, ConnectionState::Revoked { by: RevokedBy::Person, .. })
}

/// Whether it is connected here: neither disconnected nor removed at Meta. Meta may still refuse its token.
pub fn is_connected(connection: &Connection) -> bool {
    !connection.state.is_revoked()
}

/// Whether Meta accepts its token, as far as we know.
pub fn is_working(connection: &Connection) -> bool {
    matches!(connection.state, ConnectionState::Active { .. })
}

/// Why it stopped working; None while it works, and after somebody disconnected it here.
pub fn broken_by(connection: &Connection) -> Option<Code> {
    if is_working(connection) { None } else { reason(connection) }
}

/// Why the connection is in the state it is in; None if there is nothing to say.
pub fn reason(connection: &Connection) -> Option<Code> {
    connection.state.reason().map(Code::from)
}

/// The `status` of the JSON API: `active`, `expiring`, `needs_reauthorization` or `revoked`.
pub fn api_status(connection: &Connection, now: i64) -> &'static str {
    match connection.state.status() {
        ConnectionStatus::Active if is_expiring(connection, now) => "expiring",
        status => status.as_str(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_has_the_code_of_the_same_name() {
        for text in
            ["token_expired", "app_removed", "permission_expired", "foreign_token", "sealed_value_unreadable"]
        {
            let reason = StatusReason::from_text(text).expect("a reason");
            assert_eq!(Code::from(reason).as_str(), text);
        }
    }

    #[test]
    fn what_a_person_can_fix_needs_attention_and_a_deliberate_disconnect_does_not() {
        let limited = |limited_by| ConnectionState::Active { limited_by, since: 0 };
        assert!(needs_attention(limited(Some(StatusReason::PermissionExpired))));
        assert!(!needs_attention(limited(None)));
        assert!(needs_attention(ConnectionState::Revoked { by: RevokedBy::Person, since: 0 }));
        assert!(!needs_attention(ConnectionState::Revoked { by: RevokedBy::User, since: 0 }));
    }
}
