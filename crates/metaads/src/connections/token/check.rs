//! The token check: the one path on which a token is checked and refreshed.
//!
//! The job, the page's button and the broker all run [`check`] under the lease of the connection's check job. The one
//! thing to know: two checks of a connection never overlap, and what a check learned about one token is never written
//! over another.

use std::time::Duration;

use metaads_store::{
    AuditEvent, Connection, ConnectionId, ConnectionState, Expiry, IfSyncing, Job, JobKind, NewAuditEvent,
    Priority, StatusReason, StoreError, SyncState, TokenCheck,
};

use crate::app::App;
use crate::clock::MINUTE;
use crate::connections::assets::sync_plan::start_sync;
use crate::connections::status;
use crate::connections::token::evaluate::{Evaluation, evaluate};
use crate::connections::token::open::{OpenTokenError, open_token};
use crate::connections::token::outcome::{CheckOutcome, CheckTrigger};
use crate::connections::token::schedule;
use crate::keys::contexts::{token_context, token_row};
use crate::queue::{JobOutcome, lease};

/// The sync right after a login is over by then.
const FIRST_SYNC_MS: i64 = 10 * MINUTE;

/// How long to wait for a check that is running elsewhere, and how often to poll for its end.
const PATIENCE_MS: i64 = 10_000;
const POLL_EVERY: Duration = Duration::from_millis(200);

/// One step of the job.
pub async fn step(app: &App, job: &Job) -> Result<JobOutcome, StoreError> {
    let Some(id) = ConnectionId::from_text(&job.subject) else { return Ok(JobOutcome::Done) };
    match check(app, &id, job, CheckTrigger::Scheduled).await? {
        CheckOutcome::Gone => Ok(JobOutcome::Done),
        _ => Ok(JobOutcome::Recorded),
    }
}

/// A check now, because somebody needs the connection. If another check is running, waits for it.
pub async fn check_now(
    app: &App,
    id: &ConnectionId,
    trigger: CheckTrigger,
) -> Result<CheckOutcome, StoreError> {
    let give_up_at = app.now() + PATIENCE_MS;
    loop {
        let progress = app.signals.checked.notified();
        let job = app.store.claim_job_of(JobKind::Check, id.as_str(), lease(app.now())).await?;
        if let Some(job) = job {
            return check_claimed(app, id, &job, trigger).await;
        }
        if app.now() >= give_up_at {
            return Ok(CheckOutcome::Unavailable);
        }
        tokio::select! {
            () = progress => {}
            () = app.clock.sleep(POLL_EVERY) => {}
        }
        // The check that was waited for may have refreshed the token already.
        if let CheckTrigger::ValidUntil(until) = trigger
            && let Some(connection) = app.store.find_connection_for_job(id).await?
            && status::is_working(&connection)
            && connection.expires_at.is_none_or(|at| at >= until)
        {
            return Ok(CheckOutcome::Valid);
        }
    }
}

async fn check_claimed(
    app: &App,
    id: &ConnectionId,
    job: &Job,
    trigger: CheckTrigger,
) -> Result<CheckOutcome, StoreError> {
    let lease = HeldLease { app: Some(app.clone()), job };
    let outcome = check(app, id, job, trigger).await;
    lease.release();
    match &outcome {
        Ok(CheckOutcome::Gone) => {
            app.store.finish_job(job).await?;
        }
        Ok(_) => {}
        Err(_) => {
            // If this fails too, the lease runs out by itself.
            let _ = app.store.postpone_job(job, app.now(), job.attempts + 1).await;
        }
    }
    app.signals.checked.notify();
    app.signals.outgoing.notify_one();
    outcome
}

/// A lease that is given back if whoever holds it is gone before the check is over, so that nobody waits for its end.
struct HeldLease<'a> {
    app: Option<App>,
    job: &'a Job,
}

impl HeldLease<'_> {
    /// The check is over and has written its own outcome.
    fn release(mut self) {
        self.app = None;
    }
}

impl Drop for HeldLease<'_> {
    fn drop(&mut self) {
        let Some(app) = self.app.take() else { return };
        let job = self.job.clone();
        crate::tasks::spawn(async move {
            if let Err(error) = app.store.postpone_job(&job, app.now(), job.attempts).await {
                tracing::error!(%error, "the lease of an abandoned check could not be given back");
            }
            app.signals.checked.notify();
        });
    }
}

/// A check under the lease of `job`.
async fn check(
    app: &App,
    id: &ConnectionId,
    job: &Job,
    trigger: CheckTrigger,
) -> Result<CheckOutcome, StoreError> {
    // (1) The job is held. A crash from here on leaves the lease, which runs out by itself.
    let Some(connection) = app.store.find_connection_for_job(id).await? else {
        return Ok(CheckOutcome::Gone);
    };
    // (2) Network only. A crash leaves everything as it was; a token that Meta issued and that was not stored is lost,
    //     and the stored one lives on to its own end.
    let mut evaluation = match open_token(app, &connection).await {
        Ok(token) => evaluate(app, &connection, job, &token, trigger).await,
        Err(OpenTokenError::Disconnected) => return Ok(CheckOutcome::Gone),
        Err(OpenTokenError::OtherApp) => Evaluation::of(CheckOutcome::OtherApp),
        Err(OpenTokenError::Unreadable(error)) if error.is_transient() => {
            tracing::warn!(connection = %id, %error, "stored token cannot be opened now");
            Evaluation::of(CheckOutcome::Unavailable)
        }
        Err(error) => {
            tracing::error!(connection = %id, %error, "stored token cannot be opened");
            Evaluation::unreadable(app.now())
        }
    };
    let outcome = evaluation.outcome;
    if let Some(since) = job.check_payload().offline_since.filter(|_| job.attempts == 0) {
        evaluation.events.insert(0, AuditEvent::CheckedAfterDowntime { since });
    }
    // (3) Seal, and (4) one write: what was learned, the new token, the next check. A crash before it leaves what (2)
    //     left; after it everything is stored.
    let record = to_record(app, &connection, job, evaluation);
    if !app.store.record_token_check(job, &record).await? {
        tracing::info!(connection = %id, "token check discarded: another worker holds the job");
        return Ok(CheckOutcome::Unavailable);
    }
    if record.is_erasing {
        app.empty_log().await;
    }
    if outcome == CheckOutcome::Refreshed {
        tracing::info!(connection = %id, expires_at = record.expires_at.at(), "token refreshed");
    }
    if outcome.is_valid() && needs_sync(app, &connection, job, trigger) {
        start_sync(app, id, Priority::Background, if_syncing(job)).await?;
    }
    Ok(outcome)
}

/// Whether the assets are synced after a check: a login elsewhere has changed the grant, or the person has fixed what
/// had stopped a sync, or the weekly sync is due. The first sync, which somebody watches, is left alone.
fn needs_sync(app: &App, connection: &Connection, job: &Job, trigger: CheckTrigger) -> bool {
    let is_first =
        connection.sync_state == SyncState::Running && app.now() - connection.connected_at < FIRST_SYNC_MS;
    let is_fixed = matches!(connection.state, ConnectionState::NeedsReauthorization { .. })
        && connection.sync_state == SyncState::Failed;
    let is_due = trigger == CheckTrigger::Scheduled && schedule::is_sync_due(connection, app.now());
    (job.check_payload().resync && !is_first) || is_fixed || is_due
}

/// A grant that has changed is read again, also if a sync is reading it already.
fn if_syncing(job: &Job) -> IfSyncing {
    if job.check_payload().resync { IfSyncing::RunAgain } else { IfSyncing::Continue }
}

fn to_record(app: &App, connection: &Connection, job: &Job, evaluation: Evaluation) -> TokenCheck {
    let now = app.now();
    let after = applied(&evaluation, connection, now);
    let row = token_row(&connection.workspace_id, &connection.id);
    let outcome = evaluation.outcome;
    let state = evaluation.state.unwrap_or(connection.state);
    let is_working = matches!(state, ConnectionState::Active { .. });
    let [jitter] = app.random.bytes::<1>();
    // The check right after a login is followed by one that is spread over the day.
    let is_first = connection.last_checked_at == Some(connection.connected_at);
    let next_at = match is_first && outcome.is_valid() {
        true => schedule::first_daily_check(&after, now),
        false => schedule::next_check(&after, outcome, job.attempts, now, jitter),
    };
    TokenCheck {
        connection_id: connection.id.clone(),
        token_version: connection.token_version,
        // Removing the app has ended every token.
        is_erasing: evaluation.state.and_then(ConnectionState::reason) == Some(StatusReason::AppRemoved),
        state: evaluation.state,
        scopes: evaluation.scopes,
        expired_scopes: evaluation.expired_scopes,
        granular_scopes: evaluation.granular_scopes,
        expires_at: evaluation.expires_at,
        data_access_expires_at: evaluation.data_access_expires_at,
        refreshed: evaluation.refreshed.map(|token| app.seal(&token_context(&row), token.expose())),
        events: evaluation
            .events
            .into_iter()
            .map(|event| NewAuditEvent { id: app.new_row_id(), event })
            .collect(),
        expiring: is_working.then(|| expiring(app, &after, outcome)).flatten(),
        at: now,
        next_at: next_at.max(evaluation.not_before.unwrap_or(next_at)),
        attempts: if outcome.is_failed_attempt() { job.attempts + 1 } else { 0 },
        audit_id: app.new_row_id(),
    }
}

/// The event of a token that ends soon although it works: it could not be refreshed so far.
fn expiring(app: &App, after: &Connection, outcome: CheckOutcome) -> Option<NewAuditEvent> {
    let until = after.expires_at.filter(|until| *until > app.now())?;
    if !status::is_expiring(after, app.now()) || !outcome.keeps_token() {
        return None;
    }
    Some(NewAuditEvent { id: app.new_row_id(), event: AuditEvent::Expiring { until } })
}

/// The connection as it will be once the check is written, for planning the next one.
fn applied(evaluation: &Evaluation, connection: &Connection, now: i64) -> Connection {
    let mut after = connection.clone();
    if evaluation.expires_at != Expiry::Unchanged {
        after.expires_at = evaluation.expires_at.at();
    }
    if evaluation.refreshed.is_some() {
        after.last_refreshed_at = Some(now);
    }
    after
}
