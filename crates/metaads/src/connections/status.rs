//! The one definition of how a connection is doing. Pages, the API and jobs ask here, so that "expiring" and "needs
//! attention" mean the same everywhere.

use metaads_store::{Connection, ConnectionStatus};

use crate::clock::DAY;
use crate::codes::error_code::Code;

/// A connection whose token ends within this time counts as expiring.
pub const EXPIRING_WITHIN_MS: i64 = 7 * DAY;

/// How a connection is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Health {
    /// Somebody has to act: reconnect, grant a missing permission, or confirm data access.
    ActionNeeded,
    /// It works, and its token ends at this moment (Unix milliseconds) unless it is refreshed.
    Expiring { ends_at: i64 },
    Active,
    /// Disconnected here on purpose.
    Disconnected,
}

/// How a connection is doing at `now` (Unix milliseconds).
pub fn health(connection: &Connection, now: i64) -> Health {
    if needs_attention(connection) {
        return Health::ActionNeeded;
    }
    match (connection.status, connection.expires_at) {
        (ConnectionStatus::Revoked, _) => Health::Disconnected,
        (ConnectionStatus::Active | ConnectionStatus::NeedsReauthorization, Some(ends_at))
            if is_expiring(connection, now) =>
        {
            Health::Expiring { ends_at }
        }
        (ConnectionStatus::Active | ConnectionStatus::NeedsReauthorization, _) => Health::Active,
    }
}

/// Whether somebody has to act on this connection.
pub fn needs_attention(connection: &Connection) -> bool {
    match connection.status {
        ConnectionStatus::NeedsReauthorization => true,
        ConnectionStatus::Revoked => is_removed_at_meta(connection),
        ConnectionStatus::Active => matches!(
            reason(connection),
            Some(Code::PermissionsMissing | Code::PermissionExpired | Code::DataAccessExpired)
        ),
    }
}

/// Whether the token ends soon, whatever else is true of the connection.
pub fn is_expiring(connection: &Connection, now: i64) -> bool {
    connection.expires_at.is_some_and(|ends_at| ends_at - now < EXPIRING_WITHIN_MS)
}

/// Whether its person removed the app at Meta, rather than somebody disconnecting it here.
pub fn is_removed_at_meta(connection: &Connection) -> bool {
    connection.status == ConnectionStatus::Revoked && reason(connection) == Some(Code::AppRemoved)
}

/// Why the connection is in the state it is in; None if there is nothing to say.
pub fn reason(connection: &Connection) -> Option<Code> {
    connection.status_reason.as_deref().and_then(Code::from_text)
}

/// The `status` of the JSON API: `active`, `expiring`, `needs_reauthorization` or `revoked`.
pub fn api_status(connection: &Connection, now: i64) -> &'static str {
    match connection.status {
        ConnectionStatus::Active if is_expiring(connection, now) => "expiring",
        status => status.as_str(),
    }
}
