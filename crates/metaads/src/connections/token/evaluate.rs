//! What a token check asks Meta, and what the answers mean for the connection. Network only: nothing is written.

use metaads_graph::{AccessToken, GraphError, Recovery};
use metaads_store::{
    AuditEvent, Connection, ConnectionKind, ConnectionState, Expiry, Job, MetaFailure, NoticeKind,
    OperatorNotice, ScopeSet, StatusReason,
};

use crate::app::App;
use crate::connections::permissions::{self, GrantedPermissions};
use crate::connections::token::inspect::{TokenStatus, inspect};
use crate::connections::token::outcome::{CheckOutcome, CheckTrigger};
use crate::connections::token::refresh::{RefreshOutcome, refresh};
use crate::connections::token::schedule;
use crate::operator_notices::{self, clear_after_retry, report_error};

/// What a token check found.
#[derive(Debug)]
pub struct Evaluation {
    pub outcome: CheckOutcome,
    /// None: nothing was learned.
    pub state: Option<ConnectionState>,
    /// Granted and declined.
    pub scopes: Option<(ScopeSet, ScopeSet)>,
    pub expired_scopes: Option<ScopeSet>,
    pub granular_scopes: Option<String>,
    pub expires_at: Expiry,
    pub data_access_expires_at: Expiry,
    pub refreshed: Option<AccessToken>,
    pub events: Vec<AuditEvent>,
    /// Meta allows no call before this moment (Unix milliseconds).
    pub not_before: Option<i64>,
}

impl Evaluation {
    /// Nothing was learned about the connection.
    pub fn of(outcome: CheckOutcome) -> Evaluation {
        Evaluation {
            outcome,
            state: None,
            scopes: None,
            expired_scopes: None,
            granular_scopes: None,
            expires_at: Expiry::Unchanged,
            data_access_expires_at: Expiry::Unchanged,
            refreshed: None,
            events: Vec::new(),
            not_before: None,
        }
    }

    /// The stored token cannot be opened.
    pub fn unreadable(now: i64) -> Evaluation {
        let state =
            ConnectionState::NeedsReauthorization { reason: StatusReason::SealedValueUnreadable, since: now };
        Evaluation { state: Some(state), ..Evaluation::of(CheckOutcome::Unreadable) }
    }
}

/// Refreshes the token if the trigger says so, and checks it otherwise.
pub async fn evaluate(
    app: &App,
    connection: &Connection,
    job: &Job,
    token: &AccessToken,
    trigger: CheckTrigger,
) -> Evaluation {
    let now = app.now();
    let is_refreshing = match trigger {
        CheckTrigger::Scheduled => schedule::is_refresh_due(connection, now),
        CheckTrigger::ValidUntil(until) => {
            connection.expires_at.is_some_and(|at| at < until) && schedule::may_refresh(connection, now)
        }
        CheckTrigger::Requested => schedule::may_refresh(connection, now),
    };
    // A broken connection is checked first: it may work again.
    let is_broken = matches!(connection.state, ConnectionState::NeedsReauthorization { .. });
    if !is_refreshing || is_broken {
        return check(app, connection, job, token, CheckOutcome::Valid).await;
    }
    match refresh(app, connection, token).await {
        Ok(RefreshOutcome::Refreshed { token: new, status }) => {
            let mut evaluation =
                evaluate_status(app, connection, job, &new, status, CheckOutcome::Refreshed).await;
            operator_notices::clear(&app.store, NoticeKind::RefreshesRefused).await;
            evaluation.events.insert(0, AuditEvent::Refreshed { until: evaluation.expires_at.at() });
            evaluation.refreshed = Some(new);
            evaluation
        }
        Ok(RefreshOutcome::Unchanged) => {
            let mut evaluation = check(app, connection, job, token, CheckOutcome::NotRefreshed).await;
            evaluation.events.insert(0, AuditEvent::RefreshUnchanged);
            evaluation
        }
        // Not believed at once: what Meta says about the token itself decides.
        Ok(RefreshOutcome::Refused(error)) => {
            let mut evaluation = check(app, connection, job, token, CheckOutcome::NotRefreshed).await;
            // The token works, so it is not the person.
            if evaluation.outcome == CheckOutcome::NotRefreshed {
                let notice = OperatorNotice::RefreshesRefused { error: error.to_string() };
                operator_notices::report(&app.store, now, &notice).await;
            }
            evaluation.events.insert(0, AuditEvent::RefreshRefused { meta: failure_of(&error) });
            evaluation
        }
        Err(error) => {
            let event = AuditEvent::RefreshFailed { meta: failure_of(&error) };
            let mut evaluation = failed(app, connection, job, &error).await;
            evaluation.events.push(event);
            evaluation
        }
    }
}

/// Asks Meta about the stored token.
async fn check(
    app: &App,
    connection: &Connection,
    job: &Job,
    token: &AccessToken,
    if_valid: CheckOutcome,
) -> Evaluation {
    match inspect(app, connection, token).await {
        Ok(status) => evaluate_status(app, connection, job, token, status, if_valid).await,
        Err(error) => {
            let mut evaluation = failed(app, connection, job, &error).await;
            // Of failed checks in a row only the first is recorded.
            if job.attempts == 0 {
                evaluation.events.push(AuditEvent::CheckFailed { meta: failure_of(&error) });
            }
            evaluation
        }
    }
}

/// What the status of a token means. `token` is the one that was inspected.
async fn evaluate_status(
    app: &App,
    connection: &Connection,
    job: &Job,
    token: &AccessToken,
    status: TokenStatus,
    if_valid: CheckOutcome,
) -> Evaluation {
    clear_after_retry(&app.store, job, NoticeKind::MetaAppMisconfigured).await;
    if let Some(reason) = status.invalid {
        let outcome = match reason {
            StatusReason::Checkpoint | StatusReason::UserUnconfirmed => CheckOutcome::NeedsConfirmation,
            _ => CheckOutcome::NeedsReauthorization,
        };
        return Evaluation {
            state: Some(ConnectionState::NeedsReauthorization { reason, since: app.now() }),
            expires_at: status.expires_at,
            ..Evaluation::of(outcome)
        };
    }
    let reread = reread_permissions(app, connection, job, token, status.scopes.as_deref()).await;
    let permissions = reread.clone().unwrap_or_else(|| GrantedPermissions {
        granted: connection.scopes.clone(),
        declined: connection.declined_scopes.clone(),
        expired: connection.expired_scopes.clone(),
        // As it was found when they were read.
        is_complete: connection.state.reason() != Some(StatusReason::PermissionsMissing),
    });
    let limited_by = limited_by(app, connection, &permissions, status.data_access_expires_at);
    let (scopes, expired_scopes) = reread.map(|read| ((read.granted, read.declined), read.expired)).unzip();
    Evaluation {
        state: Some(ConnectionState::Active { limited_by, since: app.now() }),
        scopes,
        expired_scopes,
        granular_scopes: status.granular_scopes,
        expires_at: status.expires_at,
        data_access_expires_at: status.data_access_expires_at,
        ..Evaluation::of(if_valid)
    }
}

/// The permissions, read again if they have changed or a login elsewhere may have changed them; None: they are what
/// they were.
async fn reread_permissions(
    app: &App,
    connection: &Connection,
    job: &Job,
    token: &AccessToken,
    inspected: Option<&[String]>,
) -> Option<GrantedPermissions> {
    let inspected = inspected?;
    // Whether a missing permission was declined or not offered can change without any being granted.
    let is_explained = permissions::not_offered(app, connection).0.is_empty();
    if !job.check_payload().resync && is_explained && same_scopes(inspected, &connection.scopes) {
        return None;
    }
    let listed = match connection.kind {
        ConnectionKind::FacebookUser => app.graph().read_permissions(token).await.ok(),
        ConnectionKind::BusinessSystemUser | ConnectionKind::InstagramUser => None,
    };
    let asked = permissions::asked(app, connection.kind, &ScopeSet(inspected.to_vec()));
    let read = permissions::from_meta(&asked, inspected, listed.as_deref());
    if listed.is_some() {
        return Some(read);
    }
    // Only the person's own list tells what was declined or taken back.
    let kept = |before: &ScopeSet| {
        ScopeSet(before.0.iter().filter(|scope| !read.granted.has(scope)).cloned().collect())
    };
    let (declined, expired) = (kept(&connection.declined_scopes), kept(&connection.expired_scopes));
    let is_complete = connection.kind == ConnectionKind::BusinessSystemUser;
    Some(GrantedPermissions { declined, expired, is_complete, ..read })
}

/// What does not work although the token does.
fn limited_by(
    app: &App,
    connection: &Connection,
    permissions: &GrantedPermissions,
    data_access: Expiry,
) -> Option<StatusReason> {
    if let Some(reason) = permissions::limited_by(app, connection.kind, permissions) {
        return Some(reason);
    }
    let data_access_ends_at = match data_access {
        Expiry::Unchanged => connection.data_access_expires_at,
        Expiry::Never | Expiry::At(_) => data_access.at(),
    };
    let is_over = data_access_ends_at.is_some_and(|at| at <= app.now())
        && permissions::is_data_access_limited(&permissions.granted)
        && connection.kind == ConnectionKind::FacebookUser;
    is_over.then_some(StatusReason::DataAccessExpired)
}

fn same_scopes(inspected: &[String], stored: &ScopeSet) -> bool {
    let sorted = |scopes: &[String]| {
        let mut scopes = scopes.to_vec();
        scopes.sort();
        scopes.dedup();
        scopes
    };
    sorted(inspected) == sorted(&stored.0)
}

/// Meta did not answer, or would not: nothing is known about the connection, and it stays as it is.
async fn failed(app: &App, connection: &Connection, job: &Job, error: &GraphError) -> Evaluation {
    tracing::warn!(connection = %connection.id, %error, attempts = job.attempts, "token check failed");
    report_error(&app.store, app.now(), error).await;
    let outcome = match error.recovery() {
        Recovery::Wait(_) => CheckOutcome::RateLimited,
        Recovery::Operator(_) => CheckOutcome::AppRefused,
        Recovery::RetryLater
        | Recovery::ReduceLimit
        | Recovery::Grant(_)
        | Recovery::Permission
        | Recovery::Asset
        | Recovery::LoginAgain
        | Recovery::WrongToken
        | Recovery::TwoFactor
        | Recovery::Bug
        | Recovery::Unknown => CheckOutcome::Unavailable,
    };
    Evaluation { not_before: error.retry_at(app.now()), ..Evaluation::of(outcome) }
}

/// How a call failed, for the history. Never Meta's text.
fn failure_of(error: &GraphError) -> MetaFailure {
    match error {
        GraphError::Api(api_error) => MetaFailure::ApiError(api_error.to_string()),
        GraphError::RateLimited { .. } => MetaFailure::RateLimited,
        GraphError::Timeout { .. } => MetaFailure::TimedOut,
        GraphError::Client(_) | GraphError::Unreachable { .. } => MetaFailure::Unreachable,
        GraphError::Malformed { status, .. } => MetaFailure::Malformed { status: *status },
    }
}
