//! Deleting an account with everything that belongs to it.

use metaads_store::{AccountEvent, Actor, AdminChange, AdminOutcome, LastAdmin, SignedIn};

use crate::accounts::error::AccountError;
use crate::accounts::events::{self, Origin};
use crate::accounts::sign_in;
use crate::app::App;
use crate::connections::{disconnect, status};

/// Disconnects every connection first (at Meta too, unless another workspace uses the same grant), then erases the
/// user. Grants are revoked by jobs that know no user.
pub async fn close_account(
    app: &App,
    who: &SignedIn,
    password: &str,
    last: LastAdmin,
    origin: &Origin,
) -> Result<(), AccountError> {
    sign_in::confirm_password(app, who, password, origin).await?;
    // First, so that of two admins who leave at once one is refused before anything is gone.
    match app.store.change_admin(&who.user_id, AdminChange::Demote(last)).await? {
        AdminOutcome::Changed | AdminOutcome::Unchanged => {}
        AdminOutcome::IsLast => return Err(AccountError::LastAdmin),
    }
    for summary in app.store.list_connections(&who.workspace_id).await? {
        let connection = summary.connection;
        if status::is_connected(&connection) {
            let mode = disconnect::mode_for_deletion(app, &connection).await?;
            disconnect::disconnect(app, &who.user_id, &connection, mode).await?;
        }
    }
    app.store.delete_user(&who.user_id).await?;
    app.empty_log().await;
    let event = AccountEvent::AccountDeleted { user: who.user_id.to_string() };
    events::record(app, None, Actor::User(who.user_id.clone()), event, origin).await;
    Ok(())
}
