//! How chosen ad accounts stand: looked at by id, many in one call, those that changed lately more often.
//! One bad account never blocks the others; what changed is a line of the history.

use metaads_graph::{AccessToken, AdAccount, AdAccountId, GraphError, Recovery};
use metaads_store::{
    AccountCheck, AccountStatusRow, Connection, ConnectionId, Happened, Job, JobKind, ObservedStatus,
    StoreError,
};
use serde_json::json;

use crate::app::App;
use crate::clock::{DAY, HOUR};
use crate::codes::account_status::Standing;
use crate::codes::error_code::Code;
use crate::connections::token::broker::{TokenError, fresh_token};
use crate::operator_notices::{clear_after_retry, tell_operator};
use crate::queue::JobOutcome;

/// AccountCheck at in one call.
pub const BATCH_SIZE: usize = 50;
/// A look needs a token that lasts so long.
const TOKEN_TTL: i64 = 10 * crate::clock::MINUTE;

/// One round of the job: up to fifty accounts that are due.
pub async fn step(app: &App, job: &Job) -> Result<JobOutcome, StoreError> {
    let Some(id) = ConnectionId::from_text(&job.subject) else { return Ok(JobOutcome::Done) };
    let Some(connection) = app.store.find_connection_for_job(&id).await? else { return Ok(JobOutcome::Done) };
    // Where Meta asks for less at once, each try asks for half.
    let number = (BATCH_SIZE as i64 >> job.attempts.clamp(0, 6)).max(1);
    let due = app.store.list_due_accounts(&id, app.now(), number).await?;
    if due.is_empty() {
        return settle(app, job, &id, &[]).await;
    }
    let token = match fresh_token(app, &connection, TOKEN_TTL).await? {
        Ok(fresh) => fresh.token,
        Err(TokenError::Unavailable) => return Ok(JobOutcome::Retry),
        Err(TokenError::Disconnected) => return Ok(JobOutcome::Done),
        // The check job finds out when it is well again; until then there is nothing to look with.
        Err(TokenError::Person(_) | TokenError::Unreadable) => return Ok(JobOutcome::RunAt(app.now() + DAY)),
    };
    match look(app, &connection, &token, &due).await {
        Ok(looked) => {
            clear_after_retry(&app.store, job).await;
            settle(app, job, &id, &looked).await
        }
        Err(error) => failed(app, &connection, &error).await,
    }
}

async fn settle(
    app: &App,
    job: &Job,
    id: &ConnectionId,
    looked: &[AccountCheck],
) -> Result<JobOutcome, StoreError> {
    let held = app.store.record_account_checks(job, id, looked, app.now()).await?;
    let changed = looked.iter().filter(|one| one.changed.is_some()).count();
    tracing::debug!(connection = %id, looked = looked.len(), changed, held, "the standing of ad accounts was looked at");
    Ok(JobOutcome::Recorded)
}

/// The call as a whole brought nothing.
async fn failed(app: &App, connection: &Connection, error: &GraphError) -> Result<JobOutcome, StoreError> {
    tracing::warn!(connection = %connection.id, %error, "ad accounts could not be looked at");
    Ok(match error.recovery() {
        Recovery::Wait(_) => JobOutcome::RunAt(error.retry_at(app.now()).unwrap_or(app.now() + HOUR)),
        Recovery::Grant(_) => {
            let subject = connection.id.as_str();
            app.store.enqueue_job(&app.new_job_id(), JobKind::Check, subject, "", app.now()).await?;
            JobOutcome::RunAt(app.now() + HOUR)
        }
        _ => {
            tell_operator(&app.store, app.now(), error).await;
            JobOutcome::Retry
        }
    })
}

/// Asks Meta for each of these accounts by its id: network only.
pub async fn look(
    app: &App,
    connection: &Connection,
    token: &AccessToken,
    accounts: &[AccountStatusRow],
) -> Result<Vec<AccountCheck>, GraphError> {
    let ids: Vec<AdAccountId> =
        accounts.iter().filter_map(|account| AdAccountId::parse(&account.account_id).ok()).collect();
    let mut answers = app.graph().read_ad_accounts(token, &ids).await?;
    ask_again(app, token, accounts, &ids, &mut answers).await;
    // Where each is refused for the token's or the app's sake, no account has lost anything.
    let is_refused = |answer: &Result<AdAccount, GraphError>| {
        let recovery = answer.as_ref().err().map(GraphError::recovery);
        matches!(recovery, Some(Recovery::Grant(_) | Recovery::Operator(_)))
    };
    if !answers.is_empty() && answers.iter().all(is_refused) {
        let refused = answers.pop().and_then(Result::err);
        return Err(refused.expect("all of them are refusals"));
    }
    if let Some(Err(error)) = answers.iter().find(|answer| is_refused(answer)) {
        tell_operator(&app.store, app.now(), error).await;
    }
    let by_id = ids.iter().map(AdAccountId::as_str).zip(answers);
    let answers: std::collections::HashMap<&str, Result<AdAccount, GraphError>> = by_id.collect();
    Ok(accounts
        .iter()
        .filter_map(|account| {
            Some(looked(app, connection, account, answers.get(account.account_id.as_str())?))
        })
        .collect())
}

/// An account that was in reach and is not there all at once is asked for once more: such answers come and go.
async fn ask_again(
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
    // Where this brings nothing, the first answers stand.
    if let Ok(second) = app.graph().read_ad_accounts(token, &again).await {
        for (at, answer) in places.into_iter().zip(second) {
            answers[at] = answer;
        }
    }
}

fn looked(
    app: &App,
    connection: &Connection,
    before: &AccountStatusRow,
    answer: &Result<AdAccount, GraphError>,
) -> AccountCheck {
    let now = app.now();
    let seen = match answer {
        Ok(account) => Some(ObservedStatus {
            account_status: account.account_status,
            disable_reason: account.disable_reason.filter(|reason| *reason != 0),
            is_selectable: Standing::of(account.account_status, true).is_selectable(),
            lost_reason: None,
        }),
        Err(error) => lost(connection, error).map(|code| ObservedStatus {
            account_status: None,
            disable_reason: None,
            is_selectable: false,
            lost_reason: Some(code.as_str().to_owned()),
        }),
    };
    let Some(seen) = seen else {
        // Not learned: for a limit as long as Meta says, else an hour.
        let retry = answer.as_ref().err().and_then(|error| error.retry_at(now));
        let next_check_at = retry.unwrap_or(now + HOUR);
        return AccountCheck {
            account_id: before.account_id.clone(),
            seen: None,
            was_due_at: before.next_check_at,
            next_check_at,
            changed: None,
        };
    };
    let was = Standing::of(before.account_status, before.is_reachable);
    let is = Standing::of(seen.account_status, seen.lost_reason.is_none());
    let changed = (was != is && before.is_selected).then(|| Happened {
        id: app.new_row_id(),
        action: if is == Standing::Unreachable { "account_lost" } else { "account_status" },
        detail: json!({
            "id": before.account_id, "name": before.account_name, "from": was.as_str(), "to": is.as_str(),
            "reason": seen.lost_reason.as_deref().or(is.reason()), "disable_reason": seen.disable_reason,
        })
        .to_string(),
    });
    let changed_at = if changed.is_some() { now } else { before.status_changed_at };
    let next_check_at = now + until_next_look(is, now - changed_at);
    AccountCheck {
        account_id: before.account_id.clone(),
        seen: Some(seen),
        was_due_at: before.next_check_at,
        next_check_at,
        changed,
    }
}

/// Why an account is out of reach; None: the answer says nothing about the account.
fn lost(connection: &Connection, error: &GraphError) -> Option<Code> {
    let may_read = connection.scopes.has("ads_read") || connection.scopes.has("ads_management");
    match error.recovery() {
        Recovery::Asset => Some(Code::AssetUnreachable),
        // With the permission in hand it is the person's role on this account.
        Recovery::Permission if may_read => Some(Code::RoleLost),
        _ => None,
    }
}

/// What changed lately, or waits for somebody, is looked at often; the rest daily. `age`: how long it has stood
/// as it stands (ms).
fn until_next_look(standing: Standing, age: i64) -> i64 {
    let is_waiting = matches!(
        standing,
        Standing::Unsettled
            | Standing::PendingRiskReview
            | Standing::PendingSettlement
            | Standing::InGracePeriod
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
    fn what_changed_lately_is_looked_at_more_often() {
        assert_eq!(until_next_look(Standing::Active, 0), HOUR);
        assert_eq!(until_next_look(Standing::Disabled, 2 * DAY), 6 * HOUR);
        assert_eq!(until_next_look(Standing::Active, 30 * DAY), DAY);
        assert_eq!(until_next_look(Standing::Unsettled, 30 * DAY), 6 * HOUR);
        assert_eq!(until_next_look(Standing::Closed, 300 * DAY), DAY);
    }
}
