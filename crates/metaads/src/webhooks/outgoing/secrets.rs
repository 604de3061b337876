//! Signing secrets as they are stored: sealed, each in a row of its own.

use metaads_store::{NewSecret, StoreError, WorkspaceId};

use crate::app::App;
use crate::keys::contexts::secret_context;
use crate::keys::error::OpenError;

/// Why a signing secret is not there.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    #[error("it was deleted")]
    Gone,
    #[error(transparent)]
    Open(#[from] OpenError),
    #[error("it is not a signing secret")]
    Malformed,
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A secret for the row of an endpoint.
pub fn sealed(app: &App, workspace: &WorkspaceId, endpoint: &str, secret: &str) -> NewSecret {
    let id = app.new_row_id();
    NewSecret {
        sealed: app.seal(&secret_context(&id), secret),
        workspace_id: workspace.clone(),
        owner_id: endpoint.to_owned(),
        id,
    }
}

/// A signing secret as its owner knows it.
pub async fn open_secret(app: &App, id: &str) -> Result<String, SecretError> {
    let sealed = app.store.find_secret(id).await?.ok_or(SecretError::Gone)?;
    let opened = app.keys.open(&app.store, &secret_context(id), sealed).await?;
    std::str::from_utf8(&opened).map(str::to_owned).map_err(|_| SecretError::Malformed)
}
