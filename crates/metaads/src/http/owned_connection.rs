//! The connection that a path names, if it belongs to the caller. What belongs to somebody else answers 404, exactly
//! like what does not exist.

use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::request::Parts;
use metaads_store::{ConnectionId, ConnectionSummary};

use crate::app::App;
use crate::http::caller::Caller;
use crate::http::problem::Problem;
use crate::rate_limit;

/// The connection of a path's `{id}`, with its owner.
#[derive(Debug)]
pub struct OwnedConnection {
    pub caller: Caller,
    pub connection: ConnectionSummary,
}

/// The same for actions that call Meta immediately. These are rate limited per user.
#[derive(Debug)]
pub struct OwnedConnectionForMetaCall(pub OwnedConnection);

impl FromRequestParts<App> for OwnedConnection {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<OwnedConnection, Problem> {
        let caller = Caller::from_request_parts(parts, app).await?;
        let params = RawPathParams::from_request_parts(parts, app).await.map_err(|_| Problem::NotFound)?;
        let id = params.iter().find(|(name, _)| *name == "id").map(|(_, value)| value);
        let connection = find_owned(app, &caller, id.unwrap_or_default()).await?;
        Ok(OwnedConnection { caller, connection })
    }
}

impl FromRequestParts<App> for OwnedConnectionForMetaCall {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<OwnedConnectionForMetaCall, Problem> {
        let owned = OwnedConnection::from_request_parts(parts, app).await?;
        match rate_limit::allow_meta_action(app, &owned.caller.user_id).await? {
            true => Ok(OwnedConnectionForMetaCall(owned)),
            false => Err(Problem::RateLimited),
        }
    }
}

/// The caller's connection with this id, for ids that are not in a path.
pub async fn find_owned(app: &App, caller: &Caller, id: &str) -> Result<ConnectionSummary, Problem> {
    let id = ConnectionId::from_text(id).ok_or(Problem::NotFound)?;
    app.store.find_connection_summary(&caller.session.workspace_id, &id).await?.ok_or(Problem::NotFound)
}
