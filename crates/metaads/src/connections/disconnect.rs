//! Ending a connection. The token is erased at once; Meta is told by a job, which needs no token of
//! the person's and outlives the connection.

use metaads_graph::{AppScopedUserId, Recovery};
use metaads_store::{
    Connection, ConnectionId, ConnectionKind, DisconnectRequest, GrantConnection, Job, JobKind, StoreError,
    UserId,
};

use crate::app::App;
use crate::connections::token::check::READ_AGAIN;
use crate::connections::token::open::open_token;
use crate::operator_notices::tell_operator;
use crate::queue::JobOutcome;

/// How much shall end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// The whole grant, at Meta too: every connection of the same person ends.
    Revoke,
    /// This connection only; the grant at Meta stays for the others.
    Forget,
}

impl How {
    pub fn from_text(text: &str) -> Option<How> {
        match text {
            "revoke" => Some(How::Revoke),
            "forget" => Some(How::Forget),
            _ => None,
        }
    }
}

/// Other live connections on the same grant, in the whole installation.
pub async fn siblings(app: &App, connection: &Connection) -> Result<Vec<GrantConnection>, StoreError> {
    app.store.list_connections_on_grant(&connection.id, &connection.app_id, &connection.meta_user_id).await
}

/// How many of them belong to other users.
pub async fn siblings_of_others(app: &App, connection: &Connection) -> Result<usize, StoreError> {
    let siblings = siblings(app, connection).await?;
    Ok(siblings.iter().filter(|sibling| sibling.user_id != connection.user_id).count())
}

/// Erases the token and marks the connection; with [`How::Revoke`] Meta is told soon after.
pub async fn disconnect(
    app: &App,
    user: &UserId,
    connection: &Connection,
    how: How,
) -> Result<bool, StoreError> {
    if how == How::Revoke && connection.kind == ConnectionKind::BusinessSystemUser {
        end_token(app, connection).await;
    }
    let order = DisconnectRequest {
        user_id: user.clone(),
        connection_id: connection.id.clone(),
        // A grant of another app cannot be revoked with this one's secret.
        is_revoking: how == How::Revoke
            && connection.kind == ConnectionKind::FacebookUser
            && connection.app_id == app.graph().app().app_id.as_str(),
        at: app.now(),
        ids: [app.new_row_id(), app.new_row_id()],
    };
    let done = app.store.disconnect(&order).await?;
    tracing::info!(connection = %connection.id, ?how, done, "disconnected");
    app.queue.notify();
    Ok(done)
}

/// A system user has no person whose grant could end: its token is ended instead, while we still have it. Where
/// Meta is not there it is erased all the same.
async fn end_token(app: &App, connection: &Connection) {
    let Ok(token) = open_token(app, connection).await else { return };
    if let Err(error) = app.graph().revoke_token(&token).await {
        tracing::warn!(connection = %connection.id, %error, "Meta could not be told that a token ended");
    }
}

/// Tells Meta that a grant has ended. Siblings, if there are any, are checked afterwards: they have
/// ended with it.
pub async fn revoke_step(app: &App, job: &Job) -> Result<JobOutcome, StoreError> {
    let Some((app_id, user)) = job.subject.split_once(':') else { return Ok(JobOutcome::Done) };
    let Ok(user) = AppScopedUserId::parse(user) else { return Ok(JobOutcome::Done) };
    if app_id != app.graph().app().app_id.as_str() {
        tracing::warn!("a grant of another Meta app is left to its person: its secret is not configured");
        return Ok(JobOutcome::Done);
    }
    // Telling Meta twice is harmless: a crash between here and the end of the job repeats it.
    if let Err(error) = app.graph().revoke_grant(&user).await {
        tracing::warn!(%error, attempts = job.attempts, "Meta could not be told that a grant ended");
        tell_operator(&app.store, app.now(), &error).await;
        return Ok(match error.recovery() {
            // Never there. (What is gone already counts as ended.)
            Recovery::Asset => JobOutcome::Done,
            Recovery::Wait(_) => JobOutcome::RunAt(error.retry_at(app.now()).unwrap_or_else(|| app.now())),
            _ => JobOutcome::Retry,
        });
    }
    check_grant(app, &job.subject).await?;
    Ok(JobOutcome::Done)
}

/// Has every live connection on a grant (`{app id}:{app-scoped user id}`) checked.
pub async fn check_grant(app: &App, grant: &str) -> Result<(), StoreError> {
    let Some((app_id, user)) = grant.split_once(':') else { return Ok(()) };
    let nobody = ConnectionId::new(uuid::Uuid::nil());
    for connection in app.store.list_connections_on_grant(&nobody, app_id, user).await? {
        let subject = connection.id.as_str();
        app.store.enqueue_job(&app.new_job_id(), JobKind::Check, subject, READ_AGAIN, app.now()).await?;
    }
    Ok(())
}
