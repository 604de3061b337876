//! Deleting an account with everything that belongs to it.

use metaads_store::{ConnectionStatus, SignedIn};

use crate::accounts::error::AccountError;
use crate::accounts::sign_in;
use crate::app::App;
use crate::connections::disconnect;
use crate::connections::disconnect::How;

/// Ends every connection first (at Meta too, where nobody else here rests on the same grant), then
/// erases the user. What Meta could not be told at once is told by a job that knows no user.
pub async fn delete_account(app: &App, who: &SignedIn, password: &str) -> Result<(), AccountError> {
    sign_in::confirm_password(app, who, password).await?;
    for connection in app.store.list_connections(&who.user_id).await? {
        if connection.status != ConnectionStatus::Revoked {
            let how = match disconnect::siblings_of_others(app, &connection).await? {
                0 => How::Revoke,
                _ => How::Forget,
            };
            disconnect::disconnect(app, &who.user_id, &connection, how).await?;
        }
    }
    app.store.delete_user(&who.user_id).await?;
    Ok(())
}
