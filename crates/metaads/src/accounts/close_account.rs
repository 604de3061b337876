//! Deleting an account with everything that belongs to it.

use metaads_store::SignedIn;

use crate::accounts::error::AccountError;
use crate::accounts::sign_in;
use crate::app::App;
use crate::connections::{disconnect, status};

/// Disconnects every connection first (at Meta too, unless another workspace uses the same grant), then erases the
/// user. Grants are revoked by jobs that know no user.
pub async fn close_account(app: &App, who: &SignedIn, password: &str) -> Result<(), AccountError> {
    sign_in::confirm_password(app, who, password).await?;
    for summary in app.store.list_connections(&who.workspace_id).await? {
        let connection = summary.connection;
        if status::is_connected(&connection) {
            let mode = disconnect::mode_for_deletion(app, &connection).await?;
            disconnect::disconnect(app, who, &connection, mode).await?;
        }
    }
    app.store.delete_user(&who.user_id).await?;
    Ok(())
}
