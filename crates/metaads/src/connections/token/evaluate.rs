//! What a visit asks Meta, and what the answers mean for the connection. Network only: nothing is written.

use metaads_graph::{AccessToken, GraphError, Recovery};
use metaads_store::{Connection, ConnectionKind, ConnectionStatus, Expiry, Job, ScopeSet};
use serde_json::json;

use crate::app::App;
use crate::codes::error_code::Code;
use crate::connections::connect::grant;
use crate::connections::permissions;
use crate::connections::token::check::{CheckTrigger, Outcome, READ_AGAIN};
use crate::connections::token::inspect::{TokenStatus, inspect};
use crate::connections::token::refresh::{RefreshOutcome, refresh};
use crate::connections::token::schedule;
use crate::connections::token::schedule::Ending;
use crate::operator_notices::{clear_after_retry, tell_operator};

/// What a visit found.
#[derive(Debug)]
pub struct Evaluation {
    pub ending: Ending,
    pub outcome: Outcome,
    /// None: nothing was learned.
    pub standing: Option<(ConnectionStatus, Option<String>)>,
    pub scopes: Option<(ScopeSet, ScopeSet)>,
    pub expired_scopes: Option<ScopeSet>,
    pub granular_scopes: Option<String>,
    pub expires_at: Expiry,
    pub data_access_expires_at: Expiry,
    pub renewed: Option<AccessToken>,
    pub told: Vec<HistoryEntry>,
    /// Meta lets nothing through before this moment.
    pub not_before: Option<i64>,
}

/// A line for the history.
#[derive(Debug)]
pub struct HistoryEntry {
    pub action: &'static str,
    pub detail: String,
}

impl Evaluation {
    /// Nothing was learned about the connection.
    pub fn of(ending: Ending, outcome: Outcome) -> Evaluation {
        Evaluation {
            ending,
            outcome,
            standing: None,
            scopes: None,
            expired_scopes: None,
            granular_scopes: None,
            expires_at: Expiry::Unchanged,
            data_access_expires_at: Expiry::Unchanged,
            renewed: None,
            told: Vec::new(),
            not_before: None,
        }
    }

    pub fn unreadable() -> Evaluation {
        let mut evaluation = Evaluation::of(Ending::Unreadable, Outcome::Unreadable);
        evaluation.standing = Some(needs_person(Code::SealedValueUnreadable));
        evaluation
    }
}

fn needs_person(code: Code) -> (ConnectionStatus, Option<String>) {
    (ConnectionStatus::NeedsReauthorization, Some(code.as_str().to_owned()))
}

/// Renews where the trigger says so, and checks otherwise.
pub async fn evaluate(
    app: &App,
    connection: &Connection,
    job: &Job,
    token: &AccessToken,
    trigger: CheckTrigger,
) -> Evaluation {
    let is_renewing = match trigger {
        CheckTrigger::Scheduled => schedule::is_renewal_due(connection, app.now()),
        CheckTrigger::ValidUntil(until) => {
            connection.expires_at.is_some_and(|at| at < until) && schedule::may_renew(connection, app.now())
        }
        CheckTrigger::Requested => schedule::may_renew(connection, app.now()),
    };
    let is_broken = connection.status == ConnectionStatus::NeedsReauthorization;
    // Of a connection that is broken, first of all is asked whether it still is.
    if !is_renewing || is_broken {
        return check(app, connection, job, token, Outcome::Well).await;
    }
    match refresh(app, connection, token).await {
        Ok(RefreshOutcome::Refreshed { token: new, finding }) => {
            let mut evaluation =
                evaluate_inspection(app, connection, job, &new, finding, Outcome::Renewed).await;
            evaluation.told.insert(0, told("refreshed", &json!({ "until": evaluation.expires_at.at() })));
            evaluation.renewed = Some(new);
            evaluation
        }
        Ok(RefreshOutcome::Unchanged) => {
            let mut evaluation = check(app, connection, job, token, Outcome::NotRenewed).await;
            evaluation.told.insert(0, told("refresh_unchanged", &json!({})));
            evaluation
        }
        // Not believed at once: what Meta says about the token itself decides.
        Ok(RefreshOutcome::GrantRefused(error) | RefreshOutcome::Refused(error)) => {
            let mut evaluation = check(app, connection, job, token, Outcome::NotRenewed).await;
            evaluation.told.insert(0, told("refresh_refused", &said(&error)));
            evaluation
        }
        Err(error) => failed(app, connection, job, &error, "refresh_failed").await,
    }
}

/// Asks Meta about the stored token.
async fn check(
    app: &App,
    connection: &Connection,
    job: &Job,
    token: &AccessToken,
    otherwise: Outcome,
) -> Evaluation {
    match inspect(app, connection, token).await {
        Ok(finding) => evaluate_inspection(app, connection, job, token, finding, otherwise).await,
        Err(error) => failed(app, connection, job, &error, "check_failed").await,
    }
}

/// What an inspection means. `token` is the one that was inspected.
async fn evaluate_inspection(
    app: &App,
    connection: &Connection,
    job: &Job,
    token: &AccessToken,
    finding: TokenStatus,
    outcome: Outcome,
) -> Evaluation {
    clear_after_retry(&app.store, job).await;
    if let Some(code) = finding.dead {
        let may_heal = matches!(code, Code::Checkpoint | Code::UserUnconfirmed);
        let ending = if may_heal { Ending::MayHeal } else { Ending::Dead };
        let mut evaluation = Evaluation::of(ending, Outcome::NeedsPerson);
        evaluation.standing = Some(needs_person(code));
        evaluation.expires_at = finding.expires_at;
        return evaluation;
    }
    let mut evaluation = Evaluation::of(Ending::Well, outcome);
    let mut permissions = grant::Permissions {
        granted: connection.scopes.clone(),
        declined: connection.declined_scopes.clone(),
        expired: connection.expired_scopes.clone(),
    };
    evaluation.granular_scopes = finding.granular_scopes.clone();
    if let Some(inspected) = &finding.scopes
        && (job.payload == READ_AGAIN || !same_words(inspected, &connection.scopes))
    {
        let listed = match connection.kind {
            ConnectionKind::FacebookUser => app.graph().read_permissions(token).await.ok(),
            ConnectionKind::BusinessSystemUser | ConnectionKind::InstagramUser => None,
        };
        let asked = permissions::asked(app, connection.kind, &ScopeSet(inspected.clone()));
        let read = grant::permissions(&asked, inspected, listed.as_deref());
        // Only the person's own list tells what lapsed.
        let expired = if listed.is_some() { read.expired.clone() } else { permissions.expired };
        permissions = grant::Permissions { expired, ..read };
        evaluation.scopes = Some((permissions.granted.clone(), permissions.declined.clone()));
        evaluation.expired_scopes = Some(permissions.expired.clone());
    }
    let scopes = &permissions.granted;
    let data_access = match finding.data_access_expires_at {
        Expiry::Unchanged => connection.data_access_expires_at,
        said => said.at(),
    };
    let is_data_over = data_access.is_some_and(|at| at <= app.now())
        && permissions::is_any_watched(scopes)
        && connection.kind == ConnectionKind::FacebookUser;
    let missing = permissions::missing(app, connection.kind, scopes);
    let has_lapsed = missing.0.iter().any(|scope| permissions.expired.has(scope));
    let reason = match () {
        () if has_lapsed => Some(Code::PermissionExpired),
        () if !missing.0.is_empty() => Some(Code::PermissionsMissing),
        () if is_data_over => Some(Code::DataAccessExpired),
        () => None,
    };
    evaluation.standing = Some((ConnectionStatus::Active, reason.map(|code| code.as_str().to_owned())));
    evaluation.expires_at = finding.expires_at;
    evaluation.data_access_expires_at = finding.data_access_expires_at;
    evaluation
}

fn same_words(inspected: &[String], stored: &ScopeSet) -> bool {
    let sorted = |words: &[String]| {
        let mut words = words.to_vec();
        words.sort();
        words.dedup();
        words
    };
    sorted(inspected) == sorted(&stored.0)
}

/// Meta could not be asked, or would not answer: nothing is known about the connection, and it stays as it
/// is. What only the operator can mend is told to them.
async fn failed(
    app: &App,
    connection: &Connection,
    job: &Job,
    error: &GraphError,
    action: &'static str,
) -> Evaluation {
    tracing::warn!(connection = %connection.id, %error, attempts = job.attempts, action, "a visit brought nothing");
    tell_operator(&app.store, app.now(), error).await;
    let (ending, outcome) = match error.recovery() {
        Recovery::Wait(_) => (Ending::HeldOff, Outcome::HeldOff),
        Recovery::Operator(_) => (Ending::HeldOff, Outcome::Away),
        Recovery::RetryLater
        | Recovery::AskForLess
        | Recovery::Grant(_)
        | Recovery::Permission
        | Recovery::Asset
        | Recovery::LoginAgain
        | Recovery::WrongToken
        | Recovery::Bug
        | Recovery::Unknown => (Ending::Away, Outcome::Away),
    };
    let mut evaluation = Evaluation::of(ending, outcome);
    evaluation.not_before = error.retry_at(app.now());
    // Every try of a renewal is told; of failed checks in a row only the first.
    if action == "refresh_failed" || job.attempts == 0 {
        evaluation.told.push(told(action, &said(error)));
    }
    evaluation
}

fn told(action: &'static str, detail: &serde_json::Value) -> HistoryEntry {
    HistoryEntry { action, detail: detail.to_string() }
}

/// What Meta said, as numbers and trace id. Never its text.
fn said(error: &GraphError) -> serde_json::Value {
    match error {
        GraphError::Refused(refusal) => json!({ "meta": refusal.to_string() }),
        GraphError::HeldOff { .. } => json!({ "meta": "not asked: Meta's limits are used up" }),
        GraphError::Timeout { .. } => json!({ "meta": "no answer in time" }),
        GraphError::Unreachable { .. } => json!({ "meta": "not reachable" }),
        GraphError::Malformed { status, .. } => json!({ "meta": format!("HTTP {status}, no sense") }),
    }
}
