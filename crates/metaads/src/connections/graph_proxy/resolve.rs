//! The ad account of an object: one read by id, remembered.

use metaads_graph::{AccessToken, AdAccountId, GraphError, Recovery};
use metaads_store::ConnectionId;

use crate::app::App;

/// The ad account that an object belongs to. None: it belongs to none, or the connection does not reach it.
pub async fn account_of(
    app: &App,
    connection: &ConnectionId,
    token: &AccessToken,
    object: &str,
) -> Result<Option<String>, GraphError> {
    if let Some(account) = app.object_accounts().get(connection.as_str(), object) {
        return Ok(Some(account));
    }
    let account = match app.graph().account_of_object(token, object).await {
        Ok(account) => account.as_ref().map(AdAccountId::to_string),
        Err(error) => {
            return match error.recovery() {
                Recovery::Asset | Recovery::Permission | Recovery::Bug | Recovery::Unknown => Ok(None),
                _ => Err(error),
            };
        }
    };
    if let Some(account) = &account {
        app.object_accounts().insert(connection.as_str(), object, account);
    }
    Ok(account)
}
