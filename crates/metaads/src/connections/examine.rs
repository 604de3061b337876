//! What a visit asks Meta, and what the answers mean for the connection. Network only: nothing is written.

use metaads_graph::{AccessToken, GraphError, Recovery};
use metaads_store::{Connection, ConnectionKind, ConnectionStatus, Expiry, Job, Words};
use serde_json::json;

use super::inspect::{Finding, inspect};
use super::refresh::{Renewal, renew};
use super::schedule::{self, Ending};
use super::upkeep::{Outcome, READ_AGAIN, Wish};
use super::{forget_trouble, grant, permissions, tell_operator};
use crate::app::App;
use crate::words::Code;

/// What a visit found.
#[derive(Debug)]
pub struct Examined {
    pub ending: Ending,
    pub outcome: Outcome,
    /// None: nothing was learned.
    pub standing: Option<(ConnectionStatus, Option<String>)>,
    pub scopes: Option<(Words, Words)>,
    pub expired_scopes: Option<Words>,
    pub granular_scopes: Option<String>,
    pub expires_at: Expiry,
    pub data_access_expires_at: Expiry,
    pub renewed: Option<AccessToken>,
    pub told: Vec<Told>,
    /// Meta lets nothing through before this moment.
    pub not_before: Option<i64>,
}

/// A line for the history.
#[derive(Debug)]
pub struct Told {
    pub action: &'static str,
    pub detail: String,
}

impl Examined {
    /// Nothing was learned about the connection.
    pub fn of(ending: Ending, outcome: Outcome) -> Examined {
        Examined {
            ending,
            outcome,
            standing: None,
            scopes: None,
            expired_scopes: None,
            granular_scopes: None,
            expires_at: Expiry::Unsaid,
            data_access_expires_at: Expiry::Unsaid,
            renewed: None,
            told: Vec::new(),
            not_before: None,
        }
    }

    pub fn unreadable() -> Examined {
        let mut examined = Examined::of(Ending::Unreadable, Outcome::Unreadable);
        examined.standing = Some(needs_person(Code::SealedValueUnreadable));
        examined
    }
}

fn needs_person(code: Code) -> (ConnectionStatus, Option<String>) {
    (ConnectionStatus::NeedsReauthorization, Some(code.as_str().to_owned()))
}

/// Renews where the wish says so, and checks otherwise.
pub async fn examine(
    app: &App,
    connection: &Connection,
    job: &Job,
    token: &AccessToken,
    wish: Wish,
) -> Examined {
    let is_renewing = match wish {
        Wish::Upkeep => schedule::is_renewal_due(connection, app.now()),
        Wish::LastsUntil(until) => {
            connection.expires_at.is_some_and(|at| at < until) && schedule::may_renew(connection, app.now())
        }
        Wish::Now => schedule::may_renew(connection, app.now()),
    };
    let is_broken = connection.status == ConnectionStatus::NeedsReauthorization;
    // Of a connection that is broken, first of all is asked whether it still is.
    if !is_renewing || is_broken {
        return check(app, connection, job, token, Outcome::Well).await;
    }
    match renew(app, connection, token).await {
        Ok(Renewal::Gained { token: new, finding }) => {
            let mut examined = judge(app, connection, job, &new, finding, Outcome::Renewed).await;
            examined.told.insert(0, told("refreshed", &json!({ "until": examined.expires_at.at() })));
            examined.renewed = Some(new);
            examined
        }
        Ok(Renewal::NothingGained) => {
            let mut examined = check(app, connection, job, token, Outcome::NotRenewed).await;
            examined.told.insert(0, told("refresh_unchanged", &json!({})));
            examined
        }
        // Not believed at once: what Meta says about the token itself decides.
        Ok(Renewal::GrantRefused(error) | Renewal::Refused(error)) => {
            let mut examined = check(app, connection, job, token, Outcome::NotRenewed).await;
            examined.told.insert(0, told("refresh_refused", &said(&error)));
            examined
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
) -> Examined {
    match inspect(app, connection, token).await {
        Ok(finding) => judge(app, connection, job, token, finding, otherwise).await,
        Err(error) => failed(app, connection, job, &error, "check_failed").await,
    }
}

/// What an inspection means. `token` is the one that was inspected.
async fn judge(
    app: &App,
    connection: &Connection,
    job: &Job,
    token: &AccessToken,
    finding: Finding,
    outcome: Outcome,
) -> Examined {
    forget_trouble(app, job).await;
    if let Some(code) = finding.dead {
        let may_heal = matches!(code, Code::Checkpoint | Code::UserUnconfirmed);
        let ending = if may_heal { Ending::MayHeal } else { Ending::Dead };
        let mut examined = Examined::of(ending, Outcome::NeedsPerson);
        examined.standing = Some(needs_person(code));
        examined.expires_at = finding.expires_at;
        return examined;
    }
    let mut examined = Examined::of(Ending::Well, outcome);
    let mut permissions = grant::Permissions {
        granted: connection.scopes.clone(),
        declined: connection.declined_scopes.clone(),
        expired: connection.expired_scopes.clone(),
    };
    examined.granular_scopes = finding.granular_scopes.clone();
    if let Some(inspected) = &finding.scopes
        && (job.progress == READ_AGAIN || !same_words(inspected, &connection.scopes))
    {
        let listed = match connection.kind {
            ConnectionKind::FacebookUser => app.graph().read_permissions(token).await.ok(),
            ConnectionKind::BusinessSystemUser | ConnectionKind::InstagramUser => None,
        };
        let asked = permissions::asked(app, connection.kind, &Words(inspected.clone()));
        let read = grant::permissions(&asked, inspected, listed.as_deref());
        // Only the person's own list tells what lapsed.
        let expired = if listed.is_some() { read.expired.clone() } else { permissions.expired };
        permissions = grant::Permissions { expired, ..read };
        examined.scopes = Some((permissions.granted.clone(), permissions.declined.clone()));
        examined.expired_scopes = Some(permissions.expired.clone());
    }
    let scopes = &permissions.granted;
    let data_access = match finding.data_access_expires_at {
        Expiry::Unsaid => connection.data_access_expires_at,
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
    examined.standing = Some((ConnectionStatus::Active, reason.map(|code| code.as_str().to_owned())));
    examined.expires_at = finding.expires_at;
    examined.data_access_expires_at = finding.data_access_expires_at;
    examined
}

fn same_words(inspected: &[String], stored: &Words) -> bool {
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
) -> Examined {
    tracing::warn!(connection = %connection.id, %error, attempts = job.attempts, action, "a visit brought nothing");
    tell_operator(app, error).await;
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
    let mut examined = Examined::of(ending, outcome);
    examined.not_before = error.retry_at(app.now());
    // Every try of a renewal is told; of failed checks in a row only the first.
    if action == "refresh_failed" || job.attempts == 0 {
        examined.told.push(told(action, &said(error)));
    }
    examined
}

fn told(action: &'static str, detail: &serde_json::Value) -> Told {
    Told { action, detail: detail.to_string() }
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
