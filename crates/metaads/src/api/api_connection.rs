//! The connection of a path's `{id}`, as far as the caller reaches it.

use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::request::Parts;
use metaads_store::{ConnectionId, ConnectionSummary};

use crate::app::App;
use crate::http::api_caller::ApiCaller;
use crate::http::problem::Problem;

/// The connection that the path names. What the caller does not reach answers like what does not exist.
#[derive(Debug)]
pub struct ApiConnection {
    pub caller: ApiCaller,
    pub connection: ConnectionSummary,
}

impl FromRequestParts<App> for ApiConnection {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<ApiConnection, Problem> {
        let caller = ApiCaller::from_request_parts(parts, app).await?;
        let params = RawPathParams::from_request_parts(parts, app).await.map_err(|_| Problem::NotFound)?;
        let id = params.iter().find(|(name, _)| *name == "id").map(|(_, value)| value);
        let connection = find(app, &caller, id.unwrap_or_default()).await?;
        Ok(ApiConnection { caller, connection })
    }
}

/// The connection with this id, if the caller reaches it.
pub async fn find(app: &App, caller: &ApiCaller, id: &str) -> Result<ConnectionSummary, Problem> {
    let id = ConnectionId::from_text(id).ok_or(Problem::NotFound)?;
    if !caller.reaches(&id) {
        return Err(Problem::NotFound);
    }
    let found = app.store.find_connection_summary(&caller.workspace_id, &id).await?;
    let connection = found.ok_or(Problem::NotFound)?;
    if !reaches_accounts(app, caller, &id).await? {
        return Err(Problem::NotFound);
    }
    Ok(connection)
}

/// Whether the connection has one of the ad accounts that the caller is limited to.
pub async fn reaches_accounts(app: &App, caller: &ApiCaller, id: &ConnectionId) -> Result<bool, Problem> {
    match caller.ad_accounts() {
        Some(limit) => Ok(!app.store.list_account_statuses(id, limit).await?.is_empty()),
        None => Ok(true),
    }
}
