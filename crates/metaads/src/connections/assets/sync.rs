//! The sync job: reads a connection's asset lists in the background, one page per step. The plan is stored together
//! with what was read, so that a crash repeats one page at most.

use metaads_graph::{GraphError, Misconfiguration, Recovery};
use metaads_store::{
    Connection, ConnectionId, Job, JobId, JobKind, JobPayload, NoticeKind, StatusReason, StoreError,
    SyncState, SyncStep, UnreadList, UnreadReason,
};

use crate::app::App;
use crate::clock::{DAY, MINUTE};
use crate::connections::assets::fetch::{FetchError, FetchedPage, fetch_page};
use crate::connections::assets::sync_plan::{SyncPlan, SyncTask};
use crate::connections::token::broker::{TokenError, fresh_token};
use crate::connections::token::check::check_now;
use crate::connections::token::outcome::{CheckOutcome, CheckTrigger};
use crate::operator_notices::{clear_after_retry, report_error};
use crate::queue::JobOutcome;

/// No sync takes this many pages; cursors that lead in circles do.
const PAGES_LIMIT: u32 = 5_000;
/// From this many failed attempts in a row on, the page says that the sync is stuck.
const STUCK_AFTER: i64 = 3;
/// After this many, within two hours, a list that alone does not answer is skipped.
const GIVEN_UP_AFTER: i64 = 8;

/// One step: the next page of the first list.
pub async fn step(app: &App, job: &Job) -> Result<JobOutcome, StoreError> {
    let Some(id) = ConnectionId::from_text(&job.subject) else { return Ok(JobOutcome::Done) };
    let Some(connection) = app.store.find_connection_for_job(&id).await? else { return Ok(JobOutcome::Done) };
    let token = match fresh_token(app, &connection).await {
        Ok(fresh) => fresh.token,
        Err(TokenError::Unavailable) => return Ok(JobOutcome::Retry),
        Err(TokenError::Disconnected) => return Ok(JobOutcome::Done),
        Err(TokenError::NeedsPerson(StatusReason::OtherApp)) => {
            return Ok(JobOutcome::RunAt(app.now() + DAY));
        }
        Err(TokenError::NeedsPerson(_)) => return stop(app, &id).await,
        // The check marks the connection, and syncs everything once the token can be opened again.
        Err(TokenError::Unreadable) => {
            let outcome = stop(app, &id).await?;
            app.enqueue(&app.new_job(JobKind::Check, id.as_str(), JobPayload::Empty)).await?;
            return Ok(outcome);
        }
        Err(TokenError::Store(error)) => return Err(error),
    };
    let mut plan = SyncPlan::from_payload(&job.payload, &connection);
    let fetched = match plan.tasks.first() {
        Some(task) => fetch_page(app, &connection, &token, task, plan.limit).await,
        None => Ok(FetchedPage::default()),
    };
    match fetched {
        Ok(mut page) => {
            clear_after_retry(&app.store, job, NoticeKind::MetaCallsRefused).await;
            if plan.is_cursor_loop(page.after.as_deref()) {
                page.unread = unread(&plan, UnreadReason::Refused);
            }
            advance(&mut plan, &page);
            record(app, job, &connection, &plan, page).await
        }
        Err(FetchError::Graph(error)) => failed(app, job, &connection, plan, &error).await,
        Err(FetchError::Store(error)) => Err(error),
    }
}

/// The sync cannot go on with this token.
async fn stop(app: &App, id: &ConnectionId) -> Result<JobOutcome, StoreError> {
    app.store.set_sync_state(id, SyncState::Failed).await?;
    Ok(JobOutcome::Done)
}

/// Removes the page just read from the plan. A business found on the way is read next, so that its accounts are
/// placed before `/me` shows them again.
fn advance(plan: &mut SyncPlan, page: &FetchedPage) {
    if plan.tasks.is_empty() {
        return;
    }
    let current = plan.tasks.remove(0);
    plan.pages += 1;
    let mut next: Vec<SyncTask> = page.tasks.clone();
    if let Some(after) = &page.after
        && current.after.as_ref() != Some(after)
    {
        next.push(SyncTask { edge: current.edge, after: Some(after.clone()) });
    }
    plan.tasks.splice(0..0, next);
}

async fn record(
    app: &App,
    job: &Job,
    connection: &Connection,
    plan: &SyncPlan,
    page: FetchedPage,
) -> Result<JobOutcome, StoreError> {
    let is_last = plan.tasks.is_empty() || plan.pages >= PAGES_LIMIT;
    let step = SyncStep {
        connection_id: connection.id.clone(),
        generation: connection.sync_generation,
        assets: page.assets,
        unread: page.unread,
        total: page.total,
        next: (!is_last).then(|| plan.to_text()),
        at: app.now(),
        status_check_id: JobId::new(app.random.uuid(app.now())),
        audit_id: app.new_row_id(),
    };
    app.store.record_sync_step(job, &step).await?;
    Ok(JobOutcome::Recorded)
}

/// What a failed page means for the sync: later, fewer rows, without this list, or not with this token.
async fn failed(
    app: &App,
    job: &Job,
    connection: &Connection,
    mut plan: SyncPlan,
    error: &GraphError,
) -> Result<JobOutcome, StoreError> {
    tracing::warn!(connection = %connection.id, %error, attempts = job.attempts, "sync step failed");
    report_error(&app.store, app.now(), error).await;
    match error.recovery() {
        Recovery::ReduceLimit if plan.limit > 1 => {
            plan.limit /= 2;
            record(app, job, connection, &plan, FetchedPage::default()).await
        }
        // One list that this person or app may not read does not end the others.
        Recovery::Permission
        | Recovery::Asset
        | Recovery::LoginAgain
        | Recovery::WrongToken
        | Recovery::TwoFactor
        | Recovery::Bug
        | Recovery::Unknown
        | Recovery::Operator(Misconfiguration::Review) => skip_list(app, job, connection, plan, error).await,
        Recovery::Wait(_) => Ok(JobOutcome::RunAt(error.retry_at(app.now()).unwrap_or(app.now() + MINUTE))),
        // The token seems dead, or this list never answers: what Meta says about the token itself decides.
        Recovery::Grant(_) => check_token(app, job, connection, plan, error).await,
        Recovery::RetryLater | Recovery::ReduceLimit | Recovery::Operator(_) => {
            if job.attempts + 1 >= STUCK_AFTER {
                app.store.set_sync_state(&connection.id, SyncState::Failed).await?;
            }
            match job.attempts + 1 >= GIVEN_UP_AFTER {
                true => check_token(app, job, connection, plan, error).await,
                false => Ok(JobOutcome::Retry),
            }
        }
    }
}

/// Continues without this list.
async fn skip_list(
    app: &App,
    job: &Job,
    connection: &Connection,
    mut plan: SyncPlan,
    error: &GraphError,
) -> Result<JobOutcome, StoreError> {
    let page = FetchedPage { unread: unread(&plan, reason_of(error)), ..FetchedPage::default() };
    advance(&mut plan, &page);
    record(app, job, connection, &plan, page).await
}

fn reason_of(error: &GraphError) -> UnreadReason {
    match error.recovery() {
        Recovery::Permission => UnreadReason::Permission,
        Recovery::Asset => UnreadReason::Unreachable,
        Recovery::Operator(Misconfiguration::Review) => UnreadReason::AppReview,
        _ => UnreadReason::Refused,
    }
}

/// The list that is skipped, for the page that says why an account is missing.
fn unread(plan: &SyncPlan, reason: UnreadReason) -> Option<UnreadList> {
    let edge = &plan.tasks.first()?.edge;
    let business = edge.business().cloned();
    let (business_id, business_name) = business.map(|business| (business.id, business.name)).unzip();
    Some(UnreadList {
        list: edge.name().to_owned(),
        business_id: business_id.unwrap_or_default(),
        business_name: business_name.unwrap_or_default(),
        reason,
    })
}

/// `debug_token` decides, not the answer of one list: if the token works, the list is skipped.
async fn check_token(
    app: &App,
    job: &Job,
    connection: &Connection,
    plan: SyncPlan,
    error: &GraphError,
) -> Result<JobOutcome, StoreError> {
    match check_now(app, &connection.id, CheckTrigger::ValidUntil(app.now())).await? {
        CheckOutcome::Valid | CheckOutcome::Refreshed | CheckOutcome::NotRefreshed => {
            skip_list(app, job, connection, plan, error).await
        }
        // Everything is synced once somebody has fixed it.
        CheckOutcome::NeedsConfirmation | CheckOutcome::NeedsReauthorization | CheckOutcome::Unreadable => {
            stop(app, &connection.id).await
        }
        CheckOutcome::Gone | CheckOutcome::OtherApp => Ok(JobOutcome::Done),
        CheckOutcome::Unavailable | CheckOutcome::RateLimited | CheckOutcome::AppRefused => {
            Ok(JobOutcome::Retry)
        }
    }
}
