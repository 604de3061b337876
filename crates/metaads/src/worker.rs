//! The workers: claim a job under a lease, do one step, write its outcome. A step that fails is not repeated here; the
//! next round is the retry.

use std::future::Future;
use std::time::Duration;

use metaads_store::{CheckPayload, ClaimOrder, Job, JobKind, Priority, StoreError};
use tokio::sync::watch;

use crate::accounts::sessions::IDLE_TTL;
use crate::app::App;
use crate::clock::{DAY, MINUTE};
use crate::connections::assets::{status_check, sync};
use crate::connections::disconnect;
use crate::connections::token::{check, schedule};
use crate::keys::dek;
use crate::queue::{JobOutcome, STEP_DEADLINE, Signal, lease};
use crate::webhooks::apply;
use crate::webhooks::outgoing::{deliver, expand};

/// Jobs run at the same time by one process, each worker with the order in which it claims them. Interactive work has a
/// worker of its own, and so have upkeep and outgoing webhooks: none can crowd out the others.
const WORKERS: [ClaimOrder; 13] = [
    ClaimOrder::InteractiveOnly,
    ClaimOrder::UpkeepFirst,
    ClaimOrder::UpkeepFirst,
    ClaimOrder::InteractiveFirst,
    ClaimOrder::InteractiveFirst,
    ClaimOrder::InteractiveFirst,
    ClaimOrder::InteractiveFirst,
    ClaimOrder::InteractiveFirst,
    ClaimOrder::InteractiveFirst,
    ClaimOrder::OutgoingOnly,
    ClaimOrder::OutgoingOnly,
    ClaimOrder::OutgoingOnly,
    ClaimOrder::OutgoingOnly,
];
/// A running step may continue for this long after the stop signal; then its lease is released.
const LAST_STEP: Duration = Duration::from_secs(6);
/// No heartbeat of any replica for longer than this: the service was off, or its database is an older copy.
const DOWNTIME_MS: i64 = 10 * MINUTE;
/// After a downtime all connections are checked within this time.
const CHECK_ALL_WITHIN_MS: i64 = 30 * MINUTE;
/// Authorizations are kept this long after they ended.
const AUTHORIZATION_KEPT_MS: i64 = 7 * DAY;
/// Old rows of each audit table that one sweep deletes, so that none holds the database up.
const AUDIT_BATCH: i64 = 1_000;

/// Runs due jobs until `stop` resolves, then finishes the steps that are running or releases their leases.
pub async fn run(app: App, stop: impl Future<Output = ()>) {
    let (halt, halted) = watch::channel(false);
    let start = |order| crate::tasks::spawn(work(app.clone(), halted.clone(), order));
    let workers: Vec<_> = WORKERS.into_iter().map(start).collect();
    let sweeper = crate::tasks::spawn(sweep_regularly(app, halted));
    stop.await;
    // Receivers that are gone have nothing left to stop.
    let _ = halt.send(true);
    for worker in workers {
        let _ = worker.await;
    }
    let _ = sweeper.await;
}

/// One worker, which claims jobs in this order.
async fn work(app: App, mut halted: watch::Receiver<bool>, order: ClaimOrder) {
    while !*halted.borrow() {
        let notified = signal_of(&app, order).notified();
        match run_if_due(&app, order, &halted).await {
            Ok(true) => continue,
            Ok(false) => {}
            Err(error) => {
                tracing::error!(%error, "a job could not be claimed, or its outcome could not be written");
            }
        }
        let pause = pause_until_next(&app, order).await;
        tokio::select! {
            () = notified => {}
            () = app.clock.sleep(pause) => {}
            _ = halted.changed() => {}
        }
    }
}

/// What wakes a worker with this order.
fn signal_of(app: &App, order: ClaimOrder) -> &Signal {
    match order {
        ClaimOrder::InteractiveOnly | ClaimOrder::InteractiveFirst | ClaimOrder::UpkeepFirst => {
            &app.signals.enqueued
        }
        ClaimOrder::OutgoingOnly => &app.signals.outgoing,
    }
}

/// Claiming writes; most changes are no event for anybody, so a worker for these looks first.
async fn run_if_due(
    app: &App,
    order: ClaimOrder,
    halted: &watch::Receiver<bool>,
) -> Result<bool, StoreError> {
    let is_due = match order {
        ClaimOrder::InteractiveOnly | ClaimOrder::InteractiveFirst | ClaimOrder::UpkeepFirst => true,
        ClaimOrder::OutgoingOnly => {
            let next = app.store.next_job_at(app.now(), order).await?;
            next.is_some_and(|at| at <= app.now())
        }
    };
    Ok(is_due && run_one(app, order, halted.clone()).await?)
}

/// Until the next job is due, but never longer than the configured interval: a clock that jumps is noticed within it.
async fn pause_until_next(app: &App, order: ClaimOrder) -> Duration {
    let longest = app.config.jobs.interval;
    match app.store.next_job_at(app.now(), order).await {
        Ok(Some(at)) => {
            let wait = u64::try_from(at - app.now()).unwrap_or_default();
            Duration::from_millis(wait.max(50)).min(longest)
        }
        Ok(None) | Err(_) => longest,
    }
}

async fn sweep_regularly(app: App, mut halted: watch::Receiver<bool>) {
    tokio::select! {
        recovered = recover_after_downtime(&app) => if let Err(error) = recovered {
            tracing::error!(%error, "could not find out whether the service was off");
        },
        _ = halted.changed() => {}
    }
    while !*halted.borrow() {
        if let Err(error) = sweep(&app).await {
            tracing::error!(%error, "sweep failed");
        }
        tokio::select! {
            () = app.clock.sleep(app.config.jobs.interval) => {}
            _ = halted.changed() => {}
        }
    }
}

/// What is due every interval: the heartbeat of this replica, deleting what has expired, loading new data keys, and
/// pulling back jobs that a wrong clock scheduled too far ahead. Nothing is deleted while the clock may be wrong.
pub async fn sweep(app: &App) -> Result<(), StoreError> {
    let now = app.now();
    app.store.record_heartbeat(now).await?;
    app.store.pull_back_jobs(now, now + 2 * schedule::FARTHEST).await?;
    if app.wall_clock.is_trusted(&app.clock) {
        app.store.sweep(now, now - IDLE_TTL, now - AUTHORIZATION_KEPT_MS).await?;
        app.store.sweep_audit(now - app.config.accounts.audit_retention, AUDIT_BATCH).await?;
        app.store.sweep_webhooks(now).await?;
        dek::prune(&app.store, &app.keys, now).await?;
    }
    app.empty_log().await;
    match app.keys.reload(&app.store).await {
        Ok(true) => tracing::info!(data_key = %app.keys.sealing_key(), "data keys have changed"),
        Ok(false) => {}
        Err(error) => tracing::error!(%error, "data keys could not be loaded"),
    }
    Ok(())
}

/// A service that was off, or whose database was restored from a backup, does not trust what it has: every connection
/// is checked with Meta, and its history says so. The heartbeat is written last: a crash before it repeats all this.
pub async fn recover_after_downtime(app: &App) -> Result<(), StoreError> {
    let now = app.now();
    let Some(since) = app.store.last_heartbeat().await?.filter(|before| now - before > DOWNTIME_MS) else {
        return Ok(());
    };
    app.wall_clock.distrust(&app.clock);
    // If another replica is running, no time was missed: this clock is ahead.
    app.clock.sleep(2 * app.config.jobs.interval).await;
    if app.store.last_heartbeat().await? != Some(since) {
        tracing::error!("this clock is ahead of other replicas’ clocks, or several replicas are starting");
        return Ok(());
    }
    let (now, payload) = (app.now(), CheckPayload { resync: false, offline_since: Some(since) });
    let number = app.store.schedule_all_checks(payload, now, now + CHECK_ALL_WITHIN_MS).await?;
    tracing::warn!(
        connections = number,
        offline_since_ms = since,
        "the service was off, or its database is an older copy: checking every connection with Meta"
    );
    app.store.record_heartbeat(now).await?;
    Ok(())
}

/// Runs everything that is due at this moment. Returns the number of steps.
pub async fn run_due(app: &App) -> Result<usize, StoreError> {
    let (_halt, halted) = watch::channel(false);
    let mut steps = 0;
    while run_one(app, ClaimOrder::InteractiveFirst, halted.clone()).await?
        || run_one(app, ClaimOrder::OutgoingOnly, halted.clone()).await?
    {
        steps += 1;
    }
    Ok(steps)
}

/// Claims a job and runs one step of it. False if nothing is due.
async fn run_one(app: &App, order: ClaimOrder, halted: watch::Receiver<bool>) -> Result<bool, StoreError> {
    if let Err(error) = app.meta.share_usage(&app.store, app.now()).await {
        tracing::error!(%error, "usage of Meta's quotas could not be shared");
    }
    let Some(job) = app.store.claim_job(order, lease(app.now())).await? else { return Ok(false) };
    tracing::debug!(job = %job.id, kind = job.kind.as_str(), attempts = job.attempts, "job claimed");
    let app_of_step = match job.priority {
        Priority::Interactive => app.clone(),
        Priority::Background | Priority::Outgoing => app.in_background(),
    };
    tokio::select! {
        outcome = tokio::time::timeout(STEP_DEADLINE, step(&app_of_step, &job)) => {
            record(app, &job, outcome.unwrap_or(Ok(JobOutcome::Retry))).await?;
        }
        () = last_moment(app, halted) => {
            tracing::info!(job = %job.id, "lease released: the process is stopping");
            app.store.postpone_job(&job, app.now(), job.attempts).await?;
        }
    }
    match job.kind {
        JobKind::Check => {
            app.signals.checked.notify();
            app.signals.outgoing.notify_one();
        }
        JobKind::Sync => {
            app.signals.connecting.notify();
            // Another sync of the workspace may have waited for this one.
            app.signals.enqueued.notify();
            app.signals.outgoing.notify_one();
        }
        JobKind::Webhooks | JobKind::StatusCheck => app.signals.outgoing.notify_one(),
        JobKind::Events => app.signals.outgoing.notify(),
        JobKind::Revoke | JobKind::Deliver => {}
    }
    Ok(true)
}

async fn step(app: &App, job: &Job) -> Result<JobOutcome, StoreError> {
    match job.kind {
        JobKind::Sync => sync::step(app, job).await,
        JobKind::Check => check::step(app, job).await,
        JobKind::Webhooks => apply::step(app, job).await,
        JobKind::StatusCheck => status_check::step(app, job).await,
        JobKind::Revoke => disconnect::revoke_step(app, job).await,
        JobKind::Events => expand::step(app, job).await,
        JobKind::Deliver => deliver::step(app, job).await,
    }
}

/// Resolves when a running step has to be given up.
async fn last_moment(app: &App, mut halted: watch::Receiver<bool>) {
    // A sender that is gone never stops anything.
    if halted.wait_for(|is_halted| *is_halted).await.is_err() {
        std::future::pending::<()>().await;
    }
    app.clock.sleep(LAST_STEP).await;
}

async fn record(app: &App, job: &Job, outcome: Result<JobOutcome, StoreError>) -> Result<(), StoreError> {
    match outcome {
        Ok(JobOutcome::Recorded) => {}
        Ok(JobOutcome::Done) => {
            let is_held = app.store.finish_job(job).await?;
            // Somebody connected while the old grant was being revoked: that may have hit the new one.
            if !is_held && job.kind == JobKind::Revoke {
                disconnect::check_grant(app, &job.subject).await?;
            }
        }
        Ok(JobOutcome::RunAt(at)) => {
            let at = at.clamp(app.now(), app.now() + DAY);
            app.store.postpone_job(job, at, job.attempts).await?;
        }
        Ok(JobOutcome::Retry) => retry(app, job).await?,
        Err(error) => {
            tracing::error!(job = %job.id, %error, "step failed");
            retry(app, job).await?;
        }
    }
    Ok(())
}

async fn retry(app: &App, job: &Job) -> Result<(), StoreError> {
    let [jitter] = app.random.bytes::<1>();
    let run_at = app.now() + schedule::job_pause(job.attempts, jitter);
    app.store.postpone_job(job, run_at, job.attempts + 1).await?;
    Ok(())
}
