//! The token broker: whatever uses a token gets it here, refreshed first if it would not last.

use metaads_graph::AccessToken;
use metaads_store::{Connection, ConnectionState, StatusReason, StoreError};

use crate::app::App;
use crate::clock::MINUTE;
use crate::connections::status;
use crate::connections::token::check::check_now;
use crate::connections::token::open::{OpenTokenError, open_token};
use crate::connections::token::outcome::CheckTrigger;

/// Why there is no token.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    #[error("the connection is disconnected")]
    Disconnected,
    /// Only the person can fix it.
    #[error("the person has to act: {}", .0.as_str())]
    NeedsPerson(StatusReason),
    #[error("the stored value does not open")]
    Unreadable,
    /// It would not last, and Meta could not be asked: try again later.
    #[error("Meta could not be asked for a token that lasts")]
    Unavailable,
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Longer than one step of a job or one request takes.
const MIN_VALID_FOR_MS: i64 = 10 * MINUTE;

/// A token for use.
#[derive(Debug)]
pub struct FreshToken {
    pub token: AccessToken,
    /// Unix milliseconds; None: never.
    pub expires_at: Option<i64>,
}

/// A token of this connection that stays valid for at least [`MIN_VALID_FOR_MS`], refreshed first if necessary.
pub async fn fresh_token(app: &App, connection: &Connection) -> Result<FreshToken, TokenError> {
    token_valid_for(app, connection, MIN_VALID_FOR_MS).await
}

/// A token of this connection that stays valid for at least so many milliseconds, refreshed first if necessary.
pub async fn token_valid_for(
    app: &App,
    connection: &Connection,
    valid_for: i64,
) -> Result<FreshToken, TokenError> {
    let until = app.now() + valid_for;
    if lasts(connection, until) || !status::is_working(connection) {
        return stored_token(app, connection, until).await;
    }
    check_now(app, &connection.id, CheckTrigger::ValidUntil(until)).await?;
    let refreshed = app.store.find_connection_for_job(&connection.id).await?;
    stored_token(app, &refreshed.ok_or(TokenError::Disconnected)?, until).await
}

fn lasts(connection: &Connection, until: i64) -> bool {
    connection.expires_at.is_none_or(|at| at >= until)
}

async fn stored_token(app: &App, connection: &Connection, until: i64) -> Result<FreshToken, TokenError> {
    match connection.state {
        ConnectionState::Active { .. } => {}
        ConnectionState::NeedsReauthorization { reason: StatusReason::SealedValueUnreadable, .. } => {
            return Err(TokenError::Unreadable);
        }
        ConnectionState::NeedsReauthorization { reason, .. } => return Err(TokenError::NeedsPerson(reason)),
        ConnectionState::Revoked { .. } => return Err(TokenError::Disconnected),
    }
    if !lasts(connection, until) {
        return Err(TokenError::Unavailable);
    }
    match open_token(app, connection).await {
        Ok(token) => Ok(FreshToken { token, expires_at: connection.expires_at }),
        Err(OpenTokenError::Disconnected) => Err(TokenError::Disconnected),
        Err(OpenTokenError::Unreadable(error)) if error.is_transient() => Err(TokenError::Unavailable),
        Err(error) => {
            tracing::error!(connection = %connection.id, %error, "stored token cannot be opened");
            Err(TokenError::Unreadable)
        }
    }
}
