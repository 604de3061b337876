//! The last phases of connecting: sealing the token, and what is written of a grant.

use metaads_store::{
    Authorization, Completion, ConnectionId, JobId, JobKind, JobPayload, Login, NewJob, SignedIn, StoreError,
    UserId, WorkspaceId,
};

use crate::app::App;
use crate::connections::assets::sync_plan::SyncPlan;
use crate::connections::connect::grant::Grant;
use crate::connections::permissions;
use crate::keys::contexts::{token_context, token_row};

/// Who connects, and by which authorization.
#[derive(Debug, Clone, Copy)]
pub struct Owner<'a> {
    pub workspace: &'a WorkspaceId,
    pub user: &'a UserId,
    /// None: the token was imported.
    pub authorization: Option<&'a Authorization>,
}

impl<'a> Owner<'a> {
    pub fn of_authorization(authorization: &'a Authorization) -> Owner<'a> {
        Owner {
            workspace: &authorization.workspace_id,
            user: &authorization.user_id,
            authorization: Some(authorization),
        }
    }

    pub fn importing(who: &'a SignedIn) -> Owner<'a> {
        Owner { workspace: &who.workspace_id, user: &who.user_id, authorization: None }
    }
}

/// Seals the token for the connection that it belongs to, and prepares the one write.
pub async fn seal(app: &App, owner: Owner<'_>, grant: &Grant) -> Result<Completion, StoreError> {
    let is_business_login = owner.authorization.is_some_and(|one| one.login == Login::Business);
    let business = grant.business.as_ref().map(|(id, _)| id.as_str()).filter(|_| is_business_login);
    let known = app
        .store
        .find_connection_id(owner.workspace, grant.kind, &grant.app_id, &grant.meta_user_id, business)
        .await?;
    let connection_id = known.unwrap_or_else(|| app.new_connection_id());
    let row = token_row(owner.workspace, &connection_id);
    let plan = SyncPlan::new(grant.tasks.clone());
    Ok(Completion {
        access_token: app.seal(&token_context(&row), grant.token.expose()),
        authorization_id: owner.authorization.map(|authorization| authorization.id.clone()),
        login: owner.authorization.map(|authorization| authorization.login),
        workspace_id: owner.workspace.clone(),
        user_id: owner.user.clone(),
        sync_job: app.new_job(JobKind::Sync, connection_id.as_str(), plan.to_payload()),
        check_job: check_job(app, &connection_id),
        connection_id,
        kind: grant.kind,
        app_id: grant.app_id.clone(),
        meta_user_id: grant.meta_user_id.clone(),
        scoped_user_id: grant.scoped_user_id.clone(),
        name: grant.name.clone(),
        picture_url: grant.picture_url.clone(),
        limited_by: permissions::limited_by(app, grant.kind, &grant.permissions),
        scopes: grant.permissions.granted.clone(),
        declined_scopes: grant.permissions.declined.clone(),
        expired_scopes: grant.permissions.expired.clone(),
        granular_scopes: grant.granular_scopes.clone(),
        business: grant.business.clone(),
        expires_at: grant.expires_at,
        data_access_expires_at: grant.data_access_expires_at,
        sync_total: grant.total,
        assets: grant.assets.clone(),
        at: app.now(),
        audit_ids: [app.new_row_id(), app.new_row_id()],
    })
}

/// The check job of a connection has the connection's id.
fn check_job(app: &App, connection: &ConnectionId) -> NewJob {
    let id = JobId::from_text(connection.as_str()).expect("an id of a connection is a UUID");
    NewJob { id, ..app.new_job(JobKind::Check, connection.as_str(), JobPayload::Empty) }
}
