//! Meta identities linked to users: decisions, without any web framework.

pub mod assets;
pub mod authorize;
pub mod check;
pub mod disconnect;
mod grant;
pub mod standing;
pub mod sync;

use metaads_graph::AccessToken;
use metaads_store::{Connection, ConnectionId, UserId, Words};
use metaads_vault::{Place, Sealed};

use crate::app::App;
use crate::words::Code;

/// The row that a token is sealed for: the connection and its owner, so that a connection moved to
/// another user does not open either.
pub(crate) fn token_row(user: &UserId, id: &ConnectionId) -> String {
    format!("{user}/{id}")
}

/// Where a connection's token is sealed for.
pub(crate) fn token_place(row: &str) -> Place<'_> {
    Place { table: "meta_connections", column: "access_token", row }
}

/// The reason that marks a living connection without all the permissions it needs.
pub(crate) fn incomplete(app: &App, scopes: &Words) -> Option<String> {
    let is_missing = app.config.required_scopes().any(|scope| !scopes.has(scope));
    is_missing.then(|| Code::PermissionsMissing.as_str().to_owned())
}

/// Why a stored token cannot be used.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum TokenUnusable {
    #[error("the connection is disconnected")]
    Disconnected,
    #[error("the stored value does not open: {0}")]
    Unreadable(String),
}

/// Opens a connection's token.
pub(crate) fn open_token(app: &App, connection: &Connection) -> Result<AccessToken, TokenUnusable> {
    let stored = connection.access_token.clone().ok_or(TokenUnusable::Disconnected)?;
    let unreadable = |error: &dyn std::error::Error| TokenUnusable::Unreadable(error.to_string());
    let sealed = Sealed::from_stored(stored).map_err(|error| unreadable(&error))?;
    let row = token_row(&connection.user_id, &connection.id);
    let opened = app.keyring.open(&token_place(&row), &sealed).map_err(|error| unreadable(&error))?;
    let text = std::str::from_utf8(&opened).map_err(|error| unreadable(&error))?;
    Ok(AccessToken::new(text.to_owned()))
}
