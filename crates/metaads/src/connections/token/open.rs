//! Opening a stored token. Callers that want to use one ask `broker::fresh_token` instead.

use metaads_graph::AccessToken;
use metaads_store::{Connection, StatusReason};

use crate::app::App;
use crate::keys::contexts::{token_context, token_row};
use crate::keys::error::OpenError;

/// Why a stored token cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum OpenTokenError {
    #[error("the connection is disconnected")]
    Disconnected,
    #[error("the connection belongs to another Meta app")]
    OtherApp,
    #[error("the stored value does not open: {0}")]
    Unreadable(#[from] OpenError),
    #[error("the stored value is not UTF-8")]
    NotText,
}

/// Opens the token of a connection.
pub async fn open_token(app: &App, connection: &Connection) -> Result<AccessToken, OpenTokenError> {
    if connection.state.reason() == Some(StatusReason::OtherApp) {
        return Err(OpenTokenError::OtherApp);
    }
    let stored = connection.access_token.clone().ok_or(OpenTokenError::Disconnected)?;
    let row = token_row(&connection.workspace_id, &connection.id);
    let opened = app.keys.open(&app.store, &token_context(&row), stored).await?;
    let text = std::str::from_utf8(&opened).map_err(|_| OpenTokenError::NotText)?;
    Ok(AccessToken::new(text.to_owned()))
}
