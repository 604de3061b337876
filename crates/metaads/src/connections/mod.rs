//! Meta identities linked to users: decisions, without any web framework.

pub mod assets;
pub mod authorize;
pub mod check;
pub mod disconnect;
pub mod standing;
pub mod sync;

use metaads_graph::AccessToken;
use metaads_store::{Connection, ConnectionId};
use metaads_vault::{Place, Sealed};

use crate::app::App;

/// Where a connection's token is sealed for.
pub(crate) fn token_place(id: &ConnectionId) -> Place<'_> {
    Place { table: "meta_connections", column: "access_token", row: id.as_str() }
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
    let opened = app.keyring.open(&token_place(&connection.id), &sealed).map_err(|error| unreadable(&error))?;
    let text = std::str::from_utf8(&opened).map_err(|error| unreadable(&error))?;
    Ok(AccessToken::new(text.to_owned()))
}
