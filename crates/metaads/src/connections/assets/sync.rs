//! The sync job: reads a connection's asset lists in the background, one item per step. An item that fails waits behind
//! the others, with a time and attempts of its own. The plan is stored together with what was read, so that a crash
//! repeats one page at most.

use metaads_graph::{AccessToken, GraphError, Misconfiguration, Recovery};
use metaads_store::{
    Connection, ConnectionId, IfSyncing, Job, JobId, JobKind, JobPayload, NoticeKind, StatusReason,
    StoreError, SyncState, SyncStep, UnreadList, UnreadReason,
};

use crate::app::App;
use crate::clock::{DAY, MINUTE};
use crate::connections::assets::fetch::{FetchError, FetchedPage, fetch_page};
use crate::connections::assets::sync_plan::{SyncPlan, start_sync};
use crate::connections::assets::sync_task::{Delay, NextPage, SyncTask};
use crate::connections::token::broker::{TokenError, fresh_token};
use crate::connections::token::check::check_now;
use crate::connections::token::outcome::{CheckOutcome, CheckTrigger};
use crate::connections::token::schedule;
use crate::operator_notices::{clear, report_error};
use crate::queue::JobOutcome;

/// If every item that is left has failed this often in a row, the page says that the sync is stuck.
const STUCK_AFTER: u32 = 3;
/// After this many failed attempts, within two hours, an item is skipped if the token works.
const GIVEN_UP_AFTER: u32 = 8;

/// One step: the next page of the first item that is due.
pub async fn step(app: &App, job: &Job) -> Result<JobOutcome, StoreError> {
    let Some(id) = ConnectionId::from_text(&job.subject) else { return Ok(JobOutcome::Done) };
    let Some(connection) = app.store.find_connection_for_job(&id).await? else { return Ok(JobOutcome::Done) };
    // Asked for while the last one ran.
    if job.payload == JobPayload::Empty {
        let is_started = start_sync(app, &id, job.priority, IfSyncing::Restart).await?;
        return Ok(if is_started { JobOutcome::Recorded } else { JobOutcome::Done });
    }
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
    match (plan.take_due(app.now()), plan.next_at()) {
        (Some(task), _) => Sync { app, job, connection: &connection, plan }.item(&token, task).await,
        (None, Some(at)) => Ok(JobOutcome::RunAt(at)),
        (None, None) => Sync { app, job, connection: &connection, plan }.record(FetchedPage::default()).await,
    }
}

/// The sync cannot go on with this token.
async fn stop(app: &App, id: &ConnectionId) -> Result<JobOutcome, StoreError> {
    app.store.set_sync_state(id, SyncState::Failed).await?;
    Ok(JobOutcome::Done)
}

/// One step of a sync; `plan` is what is left besides the item of the step.
struct Sync<'a> {
    app: &'a App,
    job: &'a Job,
    connection: &'a Connection,
    plan: SyncPlan,
}

impl Sync<'_> {
    async fn item(mut self, token: &AccessToken, task: SyncTask) -> Result<JobOutcome, StoreError> {
        let limit = self.plan.limit(&task.edge);
        match fetch_page(self.app, self.connection, token, &task, limit).await {
            Ok(mut page) => {
                if task.attempts > 0 {
                    clear(&self.app.store, NoticeKind::MetaCallsRefused).await;
                }
                self.advance(&task, &mut page);
                self.record(page).await
            }
            Err(FetchError::Graph(error)) => self.failed(task, &error).await,
            Err(FetchError::Store(error)) => Err(error),
        }
    }

    /// What a page adds to the plan. A business found on the way is read next, so that its accounts are placed before
    /// `/me` shows them again.
    fn advance(&mut self, task: &SyncTask, page: &mut FetchedPage) {
        let mut next = std::mem::take(&mut page.tasks);
        match task.next_page(page.after.as_deref()) {
            NextPage::Task(task) => next.push(task),
            NextPage::None => {}
            NextPage::Endless => page.unread = Some(unread(task, UnreadReason::Endless)),
        }
        self.plan.tasks.splice(0..0, next);
        if let Some((limited, due_at)) = page.limited.take() {
            self.plan.put_off(limited, due_at, Delay::RateLimited);
        }
        let Some(unanswered) = page.unanswered.take() else { return };
        if task.attempts + 1 >= GIVEN_UP_AFTER {
            page.unread = Some(unread(task, UnreadReason::Refused));
        } else {
            let due_at = self.app.now() + self.pause(task.attempts);
            let unanswered = SyncTask { attempts: task.attempts, ..unanswered };
            self.plan.put_off(unanswered, due_at, Delay::Unavailable);
        }
    }

    fn pause(&self, attempts: u32) -> i64 {
        let [jitter] = self.app.random.bytes::<1>();
        schedule::job_pause(i64::from(attempts), jitter)
    }

    /// Stores what a page brought together with the rest of the plan.
    async fn record(self, page: FetchedPage) -> Result<JobOutcome, StoreError> {
        let Sync { app, job, connection, plan } = self;
        let limits = Some(plan.limits_text()).filter(|limits| *limits != connection.sync_limits);
        let step = SyncStep {
            connection_id: connection.id.clone(),
            generation: connection.sync_generation,
            assets: page.assets,
            unread: page.unread,
            total: page.total,
            profile: page.profile,
            next: plan.next_at().map(|at| (plan.to_text(), at.max(app.now()))),
            is_stuck: !plan.tasks.is_empty() && plan.tasks.iter().all(|task| task.attempts >= STUCK_AFTER),
            limits,
            at: app.now(),
            status_check_id: JobId::new(app.random.uuid(app.now())),
            audit_id: app.new_row_id(),
        };
        app.store.record_sync_step(job, &step).await?;
        Ok(JobOutcome::Recorded)
    }

    /// What a failed item means for the sync: later, fewer rows, without this item, or not with this token.
    async fn failed(mut self, task: SyncTask, error: &GraphError) -> Result<JobOutcome, StoreError> {
        let (app, connection) = (self.app, self.connection);
        let (list, attempts) = (task.edge.name(), task.attempts);
        tracing::warn!(connection = %connection.id, list, %error, attempts, "an item of a sync failed");
        report_error(&app.store, app.now(), error).await;
        match error.recovery() {
            Recovery::ReduceLimit if self.plan.reduce_limit(&task.edge) => {
                self.plan.tasks.insert(0, task);
                self.record(FetchedPage::default()).await
            }
            // One list that this person or app may not read does not end the others.
            Recovery::Permission
            | Recovery::Asset
            | Recovery::LoginAgain
            | Recovery::WrongToken
            | Recovery::TwoFactor
            | Recovery::Bug
            | Recovery::Unknown
            | Recovery::Operator(Misconfiguration::Review) => self.skip(&task, reason_of(error)).await,
            Recovery::Wait(_) => {
                let due_at = error.retry_at(app.now()).unwrap_or(app.now() + MINUTE);
                self.plan.put_off(task, due_at, Delay::RateLimited);
                self.record(FetchedPage::default()).await
            }
            // The token seems dead, or this list never answers: what Meta says about the token itself decides.
            Recovery::Grant(_) => self.check_token(task, error).await,
            Recovery::RetryLater | Recovery::ReduceLimit | Recovery::Operator(_) => {
                if task.attempts + 1 >= GIVEN_UP_AFTER {
                    return self.check_token(task, error).await;
                }
                let due_at = app.now() + self.pause(task.attempts);
                self.plan.put_off(task, due_at, Delay::Unavailable);
                self.record(FetchedPage::default()).await
            }
        }
    }

    /// Continues without this item.
    async fn skip(self, task: &SyncTask, reason: UnreadReason) -> Result<JobOutcome, StoreError> {
        self.record(FetchedPage { unread: Some(unread(task, reason)), ..FetchedPage::default() }).await
    }

    /// `debug_token` decides, not the answer of one list: if the token works, the item is skipped.
    async fn check_token(mut self, task: SyncTask, error: &GraphError) -> Result<JobOutcome, StoreError> {
        let app = self.app;
        match check_now(app, &self.connection.id, CheckTrigger::ValidUntil(app.now())).await? {
            CheckOutcome::Valid | CheckOutcome::Refreshed | CheckOutcome::NotRefreshed => {
                self.skip(&task, reason_of(error)).await
            }
            // Everything is synced once somebody has fixed it.
            CheckOutcome::NeedsConfirmation
            | CheckOutcome::NeedsReauthorization
            | CheckOutcome::Unreadable => stop(app, &self.connection.id).await,
            CheckOutcome::Gone | CheckOutcome::OtherApp => Ok(JobOutcome::Done),
            CheckOutcome::Unavailable | CheckOutcome::RateLimited | CheckOutcome::AppRefused => {
                let due_at = app.now() + self.pause(task.attempts);
                self.plan.put_off(task, due_at, Delay::Unavailable);
                self.record(FetchedPage::default()).await
            }
        }
    }
}

fn reason_of(error: &GraphError) -> UnreadReason {
    match error.recovery() {
        Recovery::Permission => UnreadReason::Permission,
        Recovery::Asset => UnreadReason::Unreachable,
        Recovery::TwoFactor => UnreadReason::TwoFactor,
        Recovery::Operator(Misconfiguration::Review) => UnreadReason::AppReview,
        _ => UnreadReason::Refused,
    }
}

/// The list that is skipped, for the page that says why an account is missing.
fn unread(task: &SyncTask, reason: UnreadReason) -> UnreadList {
    let business = task.edge.business().cloned();
    let (business_id, business_name) = business.map(|business| (business.id, business.name)).unzip();
    UnreadList {
        list: task.edge.name().to_owned(),
        business_id: business_id.unwrap_or_default(),
        business_name: business_name.unwrap_or_default(),
        reason,
    }
}
