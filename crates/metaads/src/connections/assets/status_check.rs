//! The status check job: asks for selected ad accounts by id, many in one call, those that changed lately more often.
//! One bad account never blocks the others; a changed status becomes an event of the history.

use std::collections::HashMap;

use metaads_graph::{AccessToken, AdAccount, AdAccountId, Edge, GraphError, Misconfiguration, Recovery};
use metaads_store::{
    AccountCheck, AccountStatusRow, AdAccountChange, AuditEvent, Connection, ConnectionId, ConnectionKind,
    Job, JobKind, JobPayload, NewAuditEvent, NoticeKind, ObservedStatus, OperatorNotice, ScopeSet,
    StoreError,
};

use crate::app::App;
use crate::clock::{DAY, HOUR};
use crate::codes::account_status::AccountStatus;
use crate::codes::error_code::Code;
use crate::connections::assets::sync_plan::PAGE_LIMIT;
use crate::connections::permissions;
use crate::connections::token::broker::{TokenError, fresh_token};
use crate::operator_notices::{clear_after_retry, report, report_error};
use crate::queue::JobOutcome;

/// Accounts checked in one call.
pub const BATCH_SIZE: usize = 50;

/// Why nothing was learned about any of the accounts.
#[derive(Debug, thiserror::Error)]
pub enum ObserveError {
    #[error(transparent)]
    Graph(#[from] GraphError),
    /// Meta refuses every account alike, although the person has access to them.
    #[error("Meta refuses every account, because of our app")]
    AppRefused,
    /// The permission is no longer granted.
    #[error("the permission to read ad accounts is gone")]
    PermissionLost,
}

/// Whether Meta has shown the account under its id, has shown it within the last hour, and no list has disagreed since.
pub fn is_fresh(account: &AccountStatusRow, now: i64) -> bool {
    let is_checked = account.next_check_at > now && account.next_check_at <= now + DAY;
    is_checked && account.last_validated_at > now - HOUR && account.last_validated_at <= now
}

/// One step of the job: up to fifty accounts that are due.
pub async fn step(app: &App, job: &Job) -> Result<JobOutcome, StoreError> {
    let Some(id) = ConnectionId::from_text(&job.subject) else { return Ok(JobOutcome::Done) };
    let Some(connection) = app.store.find_connection_for_job(&id).await? else { return Ok(JobOutcome::Done) };
    // If Meta asks for less at once, each attempt asks for half.
    let number = (BATCH_SIZE as i64 >> job.attempts.clamp(0, 6)).max(1);
    let due = app.store.list_due_accounts(&id, app.now(), number).await?;
    if due.is_empty() {
        return record(app, job, &id, &[]).await;
    }
    let token = match fresh_token(app, &connection).await {
        Ok(fresh) => fresh.token,
        Err(TokenError::Unavailable) => return Ok(JobOutcome::Retry),
        Err(TokenError::Disconnected) => return Ok(JobOutcome::Done),
        // The token check finds out when it works again.
        Err(TokenError::NeedsPerson(_) | TokenError::Unreadable) => {
            return Ok(JobOutcome::RunAt(app.now() + DAY));
        }
        Err(TokenError::Store(error)) => return Err(error),
    };
    match observe(app, &connection, &token, &due).await {
        Ok(checks) => {
            clear_after_retry(&app.store, job, NoticeKind::MetaCallsRefused).await;
            record(app, job, &id, &checks).await
        }
        Err(error) => failed(app, &connection, &error).await,
    }
}

async fn record(
    app: &App,
    job: &Job,
    id: &ConnectionId,
    checks: &[AccountCheck],
) -> Result<JobOutcome, StoreError> {
    let held = app.store.record_account_checks(job, id, checks, app.now()).await?;
    let changed = checks.iter().filter(|one| one.changed.is_some()).count();
    tracing::debug!(connection = %id, checked = checks.len(), changed, held, "account status checked");
    Ok(JobOutcome::Recorded)
}

/// Nothing was learned about any account.
async fn failed(app: &App, connection: &Connection, error: &ObserveError) -> Result<JobOutcome, StoreError> {
    tracing::warn!(connection = %connection.id, %error, "account status check failed");
    let error = match error {
        ObserveError::Graph(error) => error,
        ObserveError::AppRefused => {
            let notice = OperatorNotice::MetaCallsRefused {
                misconfiguration: Misconfiguration::Blocked.as_str().to_owned(),
                error: error.to_string(),
            };
            report(&app.store, app.now(), &notice).await;
            return Ok(JobOutcome::Retry);
        }
        ObserveError::PermissionLost => return check_token(app, connection).await,
    };
    Ok(match error.recovery() {
        Recovery::Wait(_) => JobOutcome::RunAt(error.retry_at(app.now()).unwrap_or(app.now() + HOUR)),
        Recovery::Grant(_) => return check_token(app, connection).await,
        _ => {
            report_error(&app.store, app.now(), error).await;
            JobOutcome::Retry
        }
    })
}

/// What Meta says about the token decides.
async fn check_token(app: &App, connection: &Connection) -> Result<JobOutcome, StoreError> {
    app.enqueue(&app.new_job(JobKind::Check, connection.id.as_str(), JobPayload::Empty)).await?;
    Ok(JobOutcome::RunAt(app.now() + HOUR))
}

/// Asks Meta for each of these accounts by its id. Network only.
pub async fn observe(
    app: &App,
    connection: &Connection,
    token: &AccessToken,
    accounts: &[AccountStatusRow],
) -> Result<Vec<AccountCheck>, ObserveError> {
    let ids: Vec<AdAccountId> =
        accounts.iter().filter_map(|account| AdAccountId::parse(&account.account_id).ok()).collect();
    let mut answers = app.graph().read_ad_accounts(token, &ids).await?;
    confirm_lost(app, token, accounts, &ids, &mut answers).await;
    if let Some(error) = refused_alike(app, connection, token, &ids, &answers).await {
        return Err(error);
    }
    // If all are refused because of the token or the app, no account has lost anything.
    let is_refused = |answer: &Result<AdAccount, GraphError>| {
        let recovery = answer.as_ref().err().map(GraphError::recovery);
        matches!(recovery, Some(Recovery::Grant(_) | Recovery::Operator(_)))
    };
    if !answers.is_empty() && answers.iter().all(is_refused) {
        let refused = answers.pop().and_then(Result::err);
        return Err(refused.expect("all of them are refusals").into());
    }
    if let Some(Err(error)) = answers.iter().find(|answer| is_refused(answer)) {
        report_error(&app.store, app.now(), error).await;
    }
    let by_id = ids.iter().map(AdAccountId::as_str).zip(answers);
    let answers: HashMap<&str, Result<AdAccount, GraphError>> = by_id.collect();
    Ok(accounts
        .iter()
        .filter_map(|account| {
            Some(check_of(app, connection, account, answers.get(account.account_id.as_str())?))
        })
        .collect())
}

/// If Meta refuses all accounts alike for lack of permission although the permission is granted, it may be the app that
/// lost its access: then Meta refuses the list of accounts too, or still lists accounts that it refuses. None: the
/// refusals are the accounts' own.
async fn refused_alike(
    app: &App,
    connection: &Connection,
    token: &AccessToken,
    ids: &[AdAccountId],
    answers: &[Result<AdAccount, GraphError>],
) -> Option<ObserveError> {
    let numbers = |answer: &Result<AdAccount, GraphError>| {
        let error = answer.as_ref().err().filter(|error| error.recovery() == Recovery::Permission)?;
        error.api_error().map(|error| (error.code, error.subcode))
    };
    let first = numbers(answers.first()?)?;
    if !answers.iter().all(|answer| numbers(answer) == Some(first)) {
        return None;
    }
    let edge = match connection.kind {
        ConnectionKind::BusinessSystemUser => Edge::AssignedAdAccounts,
        ConnectionKind::FacebookUser | ConnectionKind::InstagramUser => Edge::MyAdAccounts,
    };
    match app.graph().list_ad_accounts(token, &edge, None, PAGE_LIMIT).await {
        Ok(page) if page.items.iter().all(|listed| !ids.contains(&listed.id)) => None,
        Ok(_) => Some(ObserveError::AppRefused),
        Err(error) if error.recovery() == Recovery::Permission => Some(match is_granted(app, token).await {
            Ok(true) => ObserveError::AppRefused,
            Ok(false) => ObserveError::PermissionLost,
            Err(error) => error.into(),
        }),
        Err(error) => Some(error.into()),
    }
}

/// Whether the permission to list ad accounts is granted, as Meta says now.
async fn is_granted(app: &App, token: &AccessToken) -> Result<bool, GraphError> {
    let inspection = app.graph().inspect_token(token).await?;
    Ok(permissions::can_list_ad_accounts(&ScopeSet(inspection.scopes)))
}

/// An account that was reachable and suddenly is not is asked for once more: such answers come and go.
async fn confirm_lost(
    app: &App,
    token: &AccessToken,
    accounts: &[AccountStatusRow],
    ids: &[AdAccountId],
    answers: &mut [Result<AdAccount, GraphError>],
) {
    let was_there = |id: &AdAccountId| {
        accounts.iter().any(|account| account.account_id == id.as_str() && account.is_reachable)
    };
    let is_gone = |answer: &Result<AdAccount, GraphError>| {
        answer.as_ref().is_err_and(|error| error.recovery() == Recovery::Asset)
    };
    let places: Vec<usize> =
        (0..answers.len()).filter(|at| is_gone(&answers[*at]) && was_there(&ids[*at])).collect();
    let again: Vec<AdAccountId> = places.iter().map(|at| ids[*at].clone()).collect();
    if again.is_empty() {
        return;
    }
    // If this call fails, the first answers are kept.
    if let Ok(second) = app.graph().read_ad_accounts(token, &again).await {
        for (at, answer) in places.into_iter().zip(second) {
            answers[at] = answer;
        }
    }
}

fn check_of(
    app: &App,
    connection: &Connection,
    before: &AccountStatusRow,
    answer: &Result<AdAccount, GraphError>,
) -> AccountCheck {
    let now = app.now();
    let Some(observed) = observed_status(connection, answer) else {
        // Nothing was learned: wait as long as Meta says, else an hour.
        let retry_at = answer.as_ref().err().and_then(|error| error.retry_at(now));
        return AccountCheck {
            account_id: before.account_id.clone(),
            observed: None,
            was_due_at: before.next_check_at,
            next_check_at: retry_at.unwrap_or(now + HOUR),
            changed: None,
        };
    };
    let was = AccountStatus::of(before.account_status, before.is_reachable);
    let is = AccountStatus::of(observed.account_status, observed.lost_reason.is_none());
    let changed = (was != is && before.is_selected)
        .then(|| NewAuditEvent { id: app.new_row_id(), event: change_event(before, &observed, was, is) });
    let changed_at = if changed.is_some() { now } else { before.status_changed_at };
    AccountCheck {
        account_id: before.account_id.clone(),
        observed: Some(observed),
        was_due_at: before.next_check_at,
        next_check_at: now + until_next_check(is, now - changed_at),
        changed,
    }
}

/// None: nothing was learned about the account.
fn observed_status(
    connection: &Connection,
    answer: &Result<AdAccount, GraphError>,
) -> Option<ObservedStatus> {
    match answer {
        Ok(account) => Some(ObservedStatus {
            account_status: account.account_status,
            disable_reason: account.disable_reason.filter(|reason| *reason != 0),
            is_selectable: AccountStatus::of(account.account_status, true).is_selectable(),
            lost_reason: None,
        }),
        Err(error) => lost(connection, error).map(|code| ObservedStatus {
            account_status: None,
            disable_reason: None,
            is_selectable: false,
            lost_reason: Some(code.as_str().to_owned()),
        }),
    }
}

fn change_event(
    account: &AccountStatusRow,
    observed: &ObservedStatus,
    was: AccountStatus,
    is: AccountStatus,
) -> AuditEvent {
    let change = AdAccountChange {
        id: account.account_id.clone(),
        name: account.account_name.clone(),
        from: was.as_str().to_owned(),
        to: is.as_str().to_owned(),
        reason: observed.lost_reason.clone().or_else(|| is.reason().map(str::to_owned)),
        disable_reason: observed.disable_reason,
    };
    match is {
        AccountStatus::Unreachable => AuditEvent::AdAccountUnreachable(change),
        _ => AuditEvent::AdAccountStatusChanged(change),
    }
}

/// Why an account cannot be reached; None: the answer says nothing about the account.
fn lost(connection: &Connection, error: &GraphError) -> Option<Code> {
    let may_read = permissions::can_list_ad_accounts(&connection.scopes);
    match error.recovery() {
        Recovery::Asset => Some(Code::AssetUnreachable),
        // The permission is granted, so it is the person's role on this account.
        Recovery::Permission if may_read => Some(Code::RoleLost),
        _ => None,
    }
}

/// What changed lately, or waits for somebody, is checked often; the rest daily. `age`: how long the status has been
/// what it is (milliseconds).
fn until_next_check(status: AccountStatus, age: i64) -> i64 {
    let is_waiting = matches!(
        status,
        AccountStatus::Unsettled
            | AccountStatus::PendingRiskReview
            | AccountStatus::PendingSettlement
            | AccountStatus::InGracePeriod
    );
    match age {
        ..DAY => HOUR,
        _ if age < 7 * DAY || is_waiting => 6 * HOUR,
        _ => DAY,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_changed_lately_is_checked_more_often() {
        assert_eq!(until_next_check(AccountStatus::Active, 0), HOUR);
        assert_eq!(until_next_check(AccountStatus::Disabled, 2 * DAY), 6 * HOUR);
        assert_eq!(until_next_check(AccountStatus::Active, 30 * DAY), DAY);
        assert_eq!(until_next_check(AccountStatus::Unsettled, 30 * DAY), 6 * HOUR);
        assert_eq!(until_next_check(AccountStatus::Closed, 300 * DAY), DAY);
    }
}
