//! Asking Meta whether a connection's token still lives: after a login of the same person elsewhere,
//! and when a call was answered as if the grant were dead.

use metaads_graph::Recovery;
use metaads_store::{Check, Connection, ConnectionId, ConnectionStatus, Job, StoreError};

use super::{TokenUnusable, grant, open_token, sync};
use crate::app::App;
use crate::jobs::Settled;
use crate::words::Code;

/// Progress of a check that a failed reading asked for.
pub const AFTER_FAILED_READING: &str = "after failed reading";

/// One check. Meta being away is no finding.
pub async fn step(app: &App, job: &Job) -> Result<Settled, StoreError> {
    let Some(id) = ConnectionId::from_text(&job.subject) else { return Ok(Settled::Done) };
    let Some(connection) = app.store.find_connection_for_job(&id).await? else { return Ok(Settled::Done) };
    let token = match open_token(app, &connection) {
        Ok(token) => token,
        Err(TokenUnusable::Disconnected) => return Ok(Settled::Done),
        Err(error @ TokenUnusable::Unreadable(_)) => {
            tracing::error!(connection = %connection.id, %error, "a stored token cannot be opened");
            record(app, &connection, dead(Code::SealedValueUnreadable)).await?;
            return Ok(Settled::Done);
        }
    };
    let inspection = match app.graph.inspect_token(&token).await {
        Ok(inspection) => inspection,
        Err(error) => {
            tracing::warn!(connection = %connection.id, %error, "a token could not be inspected");
            return Ok(match error.recovery() {
                Recovery::RetryLater | Recovery::RateLimited | Recovery::Operator => Settled::TryAgain,
                _ => Settled::Done,
            });
        }
    };
    if !grant::is_ours(app, &inspection, &connection.meta_user_id) {
        let reason =
            if inspection.is_valid { Code::ForeignToken } else { reason_of(inspection.error_subcode) };
        record(app, &connection, dead(reason)).await?;
        return Ok(Settled::Done);
    }
    let listed = app.graph.read_permissions(&token).await.ok();
    let (scopes, declined_scopes) = grant::permissions(app, &inspection, listed.as_deref());
    let check = Check {
        status: ConnectionStatus::Active,
        reason: super::incomplete(app, &scopes),
        scopes: Some(scopes),
        declined_scopes: Some(declined_scopes),
    };
    record(app, &connection, check).await?;
    // A login elsewhere may have changed which businesses and Pages the shared grant reaches. Where a
    // reading itself asked for this check, reading again would only turn in circles; where the login
    // was this connection's own, the reading is under way.
    if job.progress.is_empty() {
        sync::start(app, &connection.id).await?;
    }
    Ok(Settled::Done)
}

fn dead(code: Code) -> Check {
    Check {
        status: ConnectionStatus::NeedsReauthorization,
        reason: Some(code.as_str().to_owned()),
        scopes: None,
        declined_scopes: None,
    }
}

fn reason_of(subcode: Option<i64>) -> Code {
    match subcode {
        Some(458) => Code::AppRemoved,
        Some(459) => Code::Checkpoint,
        Some(460) => Code::PasswordChanged,
        Some(463) => Code::TokenExpired,
        Some(464) => Code::UserUnconfirmed,
        Some(493) => Code::DataAccessExpired,
        _ => Code::SessionInvalid,
    }
}

async fn record(app: &App, connection: &Connection, check: Check) -> Result<(), StoreError> {
    let version = connection.token_version;
    app.store.record_check(&connection.id, version, &check, app.now(), &app.new_row_id()).await?;
    Ok(())
}
