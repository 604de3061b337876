//! Disconnecting. The token is erased at once; the grant at Meta is revoked by a job, which needs no token of the
//! person's and outlives the connection.

use metaads_graph::{AppScopedUserId, Recovery};
use metaads_store::{
    CheckPayload, Connection, ConnectionId, ConnectionKind, DisconnectMode, DisconnectRequest, Job, JobKind,
    JobPayload, NewJob, SignedIn, StoreError, UserId,
};

use crate::app::App;
use crate::clock::DAY;
use crate::connections::token::open::open_token;
use crate::operator_notices::report_error;
use crate::queue::JobOutcome;

/// Other live connections on the same grant, in every workspace.
pub async fn others_on_grant(app: &App, connection: &Connection) -> Result<usize, StoreError> {
    let all = app.store.list_connections_on_grant(&connection.app_id, &connection.meta_user_id).await?;
    Ok(all.iter().filter(|other| other.id != connection.id).count())
}

/// How a connection is disconnected unless the user chooses otherwise: at Meta too, if nothing else uses the grant.
/// Instagram offers no way to revoke.
pub fn default_mode(kind: ConnectionKind, others_on_grant: usize) -> DisconnectMode {
    match kind {
        ConnectionKind::FacebookUser | ConnectionKind::BusinessSystemUser if others_on_grant == 0 => {
            DisconnectMode::Revoke
        }
        ConnectionKind::FacebookUser | ConnectionKind::BusinessSystemUser | ConnectionKind::InstagramUser => {
            DisconnectMode::Forget
        }
    }
}

/// How a connection is disconnected when its workspace is deleted: at Meta too, if no other workspace uses the grant.
pub async fn mode_for_deletion(app: &App, connection: &Connection) -> Result<DisconnectMode, StoreError> {
    let all = app.store.list_connections_on_grant(&connection.app_id, &connection.meta_user_id).await?;
    let is_shared = all.iter().any(|other| other.workspace_id != connection.workspace_id);
    Ok(if is_shared { DisconnectMode::Forget } else { DisconnectMode::Revoke })
}

/// Erases the token and marks the connection; with [`DisconnectMode::Revoke`] the grant at Meta is revoked soon after.
/// False if it was not connected.
pub async fn disconnect(
    app: &App,
    user: &UserId,
    connection: &Connection,
    mode: DisconnectMode,
) -> Result<bool, StoreError> {
    // Instagram offers no way to revoke.
    let mode = if connection.kind == ConnectionKind::InstagramUser { DisconnectMode::Forget } else { mode };
    if mode == DisconnectMode::Revoke && connection.kind == ConnectionKind::BusinessSystemUser {
        revoke_token(app, connection).await;
    }
    let request = DisconnectRequest {
        workspace_id: connection.workspace_id.clone(),
        user_id: user.clone(),
        connection_id: connection.id.clone(),
        revoke_job: revoke_job(app, connection, mode),
        mode,
        at: app.now(),
        audit_id: app.new_row_id(),
    };
    let done = app.store.disconnect(&request).await?;
    app.empty_log().await;
    tracing::info!(connection = %connection.id, ?mode, done, "disconnected");
    app.signals.enqueued.notify();
    app.signals.outgoing.notify_one();
    Ok(done)
}

/// Disconnects in the chosen mode, or in the default one.
pub async fn disconnect_as_chosen(
    app: &App,
    user: &UserId,
    connection: &Connection,
    chosen: Option<DisconnectMode>,
) -> Result<bool, StoreError> {
    let mode = match chosen {
        Some(mode) => mode,
        None => default_mode(connection.kind, others_on_grant(app, connection).await?),
    };
    disconnect(app, user, connection, mode).await
}

/// Deletes a disconnected connection with its accounts and history. False if it is not there or still connected.
pub async fn purge(app: &App, who: &SignedIn, id: &ConnectionId) -> Result<bool, StoreError> {
    let is_purged = app.store.purge_connection(&who.workspace_id, id).await?;
    app.empty_log().await;
    Ok(is_purged)
}

/// None if there is no grant to revoke, or it belongs to another app, whose secret we do not have.
fn revoke_job(app: &App, connection: &Connection, mode: DisconnectMode) -> Option<NewJob> {
    let is_revoking = mode == DisconnectMode::Revoke
        && connection.kind == ConnectionKind::FacebookUser
        && connection.app_id == app.graph().app().app_id.as_str();
    let grant = format!("{}:{}", connection.app_id, connection.meta_user_id);
    is_revoking.then(|| app.new_job(JobKind::Revoke, &grant, JobPayload::Empty))
}

/// A system user has no person whose grant could be revoked: its token is revoked instead, while we still have it. If
/// Meta does not answer, it is erased all the same.
async fn revoke_token(app: &App, connection: &Connection) {
    let Ok(token) = open_token(app, connection).await else { return };
    if let Err(error) = app.graph().revoke_token(&token).await {
        tracing::warn!(connection = %connection.id, %error, "token could not be revoked at Meta");
    }
}

/// One step of the job: revokes a grant at Meta. Other connections on it are checked afterwards: they have ended with
/// it.
pub async fn revoke_step(app: &App, job: &Job) -> Result<JobOutcome, StoreError> {
    let Some((app_id, user)) = job.subject.split_once(':') else { return Ok(JobOutcome::Done) };
    let Ok(user) = AppScopedUserId::parse(user) else { return Ok(JobOutcome::Done) };
    if app_id != app.graph().app().app_id.as_str() {
        // It stays owed: the app may be configured again.
        tracing::warn!("grant of another Meta app not revoked: its secret is not configured");
        return Ok(JobOutcome::RunAt(app.now() + DAY));
    }
    // Revoking twice is harmless: a crash between here and the end of the job repeats it.
    if let Err(error) = app.graph().revoke_grant(&user).await {
        tracing::warn!(%error, attempts = job.attempts, "grant could not be revoked at Meta");
        report_error(&app.store, app.now(), &error).await;
        return Ok(match error.recovery() {
            // It never existed. (What is gone already counts as revoked.)
            Recovery::Asset => JobOutcome::Done,
            Recovery::Wait(_) => JobOutcome::RunAt(error.retry_at(app.now()).unwrap_or_else(|| app.now())),
            _ => JobOutcome::Retry,
        });
    }
    check_grant(app, &job.subject).await?;
    Ok(JobOutcome::Done)
}

/// Enqueues a check of every live connection on a grant (`{app id}:{app-scoped user id}`).
pub async fn check_grant(app: &App, grant: &str) -> Result<(), StoreError> {
    let Some((app_id, user)) = grant.split_once(':') else { return Ok(()) };
    for connection in app.store.list_connections_on_grant(app_id, user).await? {
        let payload = JobPayload::Check(CheckPayload { resync: true, offline_since: None });
        app.enqueue(&app.new_job(JobKind::Check, connection.id.as_str(), payload)).await?;
    }
    Ok(())
}
