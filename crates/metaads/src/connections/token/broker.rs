//! The token broker: whatever uses a token gets it here, refreshed first if it would not last.

use metaads_graph::AccessToken;
use metaads_store::{Connection, ConnectionStatus, StoreError};

use crate::app::App;
use crate::codes::error_code::Code;
use crate::connections::token::check::{CheckTrigger, ask};
use crate::connections::token::open::{OpenTokenError, open_token};

/// Why nobody gets a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TokenError {
    Disconnected,
    /// Only the person can mend it; a code that /help/errors knows.
    Person(String),
    /// The stored value does not open.
    Unreadable,
    /// It would not last, and Meta could not be asked: later.
    Unavailable,
}

/// A token for use.
#[derive(Debug)]
pub struct FreshToken {
    pub token: AccessToken,
    /// None: never.
    pub expires_at: Option<i64>,
}

/// A token of this connection that lasts at least so many milliseconds, renewed first if need be. Whatever
/// uses a token gets it here.
pub async fn fresh_token(
    app: &App,
    connection: &Connection,
    min_valid_for: i64,
) -> Result<Result<FreshToken, TokenError>, StoreError> {
    let until = app.now().saturating_add(min_valid_for);
    if !lasts(connection, until) && connection.status == ConnectionStatus::Active {
        ask(app, &connection.id, CheckTrigger::ValidUntil(until)).await?;
        let Some(renewed) = app.store.find_connection_for_job(&connection.id).await? else {
            return Ok(Err(TokenError::Disconnected));
        };
        return Ok(usable(app, &renewed, until).await);
    }
    Ok(usable(app, connection, until).await)
}

fn lasts(connection: &Connection, until: i64) -> bool {
    connection.expires_at.is_none_or(|at| at >= until)
}

async fn usable(app: &App, connection: &Connection, until: i64) -> Result<FreshToken, TokenError> {
    match connection.status {
        ConnectionStatus::Active => {}
        ConnectionStatus::NeedsReauthorization => {
            let reason = connection.status_reason.clone();
            return Err(match reason.as_deref().and_then(Code::from_text) {
                Some(Code::SealedValueUnreadable) => TokenError::Unreadable,
                _ => TokenError::Person(reason.unwrap_or_else(|| Code::SessionInvalid.as_str().to_owned())),
            });
        }
        ConnectionStatus::Revoked => return Err(TokenError::Disconnected),
    }
    if !lasts(connection, until) {
        return Err(TokenError::Unavailable);
    }
    match open_token(app, connection).await {
        Ok(token) => Ok(FreshToken { token, expires_at: connection.expires_at }),
        Err(OpenTokenError::Disconnected) => Err(TokenError::Disconnected),
        Err(OpenTokenError::Unreadable(error)) if error.is_passing() => Err(TokenError::Unavailable),
        Err(error) => {
            tracing::error!(connection = %connection.id, %error, "a stored token cannot be opened");
            Err(TokenError::Unreadable)
        }
    }
}
