//! Work without a browser: claim a job under a lease, do one step, settle it. A step that fails is
//! not repeated here; the next round is the retry.

use std::future::Future;
use std::time::Duration;

use metaads_store::{Job, JobKind, StoreError};

use crate::accounts::sessions::IDLE_TTL;
use crate::app::App;
use crate::connections::assets::{status_check, sync};
use crate::connections::disconnect;
use crate::connections::token::{check, schedule};
use crate::keys::dek;
use crate::queue::{JobOutcome, lease};
use crate::webhooks::apply;

/// Jobs done at the same time by one process. The first worker does no upkeep, so that somebody who has
/// just connected never waits behind it.
const WORKERS: usize = 9;
/// A running step may go on for so long once the process is told to stop; then its lease is given back.
const LAST_STEP: Duration = Duration::from_secs(6);
/// No replica at work for longer than this: the service was off, or its database is an older copy.
const PAUSE_MS: i64 = 10 * schedule::MINUTE;
/// After a pause all connections are checked within this time.
const CHECK_ALL_WITHIN_MS: i64 = 30 * schedule::MINUTE;
/// Attempts to connect are kept so long after they ended.
const AUTHORIZATION_KEPT_MS: i64 = 7 * 86_400_000;

/// Does due work until `stop` resolves, then finishes the steps that are running or gives them back.
pub async fn run(app: App, stop: impl Future<Output = ()>) {
    if let Err(error) = recover_after_downtime(&app).await {
        tracing::error!(%error, "whether the service was off could not be found out");
    }
    let (halt, halted) = tokio::sync::watch::channel(false);
    let workers: Vec<_> = (0..WORKERS)
        .map(|number| crate::tasks::spawn(work(app.clone(), halted.clone(), number > 0)))
        .collect();
    let sweeper = crate::tasks::spawn(sweep_now_and_then(app, halted));
    stop.await;
    // Receivers that are gone have nothing left to stop.
    let _ = halt.send(true);
    for worker in workers {
        let _ = worker.await;
    }
    let _ = sweeper.await;
}

async fn work(app: App, mut halted: tokio::sync::watch::Receiver<bool>, is_upkeep_too: bool) {
    while !*halted.borrow() {
        let notified = app.queue.notified();
        match do_one(&app, is_upkeep_too, halted.clone()).await {
            Ok(true) => continue,
            Ok(false) => {}
            Err(error) => tracing::error!(%error, "due work could not be claimed or settled"),
        }
        let pause = pause_until_next(&app, is_upkeep_too).await;
        tokio::select! {
            () = notified => {}
            () = tokio::time::sleep(pause) => {}
            _ = halted.changed() => {}
        }
    }
}

/// Until the next job is due, but never longer than the configured interval: a clock that jumps is
/// noticed within it.
async fn pause_until_next(app: &App, is_upkeep_too: bool) -> Duration {
    let longest = app.config.jobs_interval;
    match app.store.next_job_at(app.now(), is_upkeep_too).await {
        Ok(Some(at)) => {
            let wait = u64::try_from(at - app.now()).unwrap_or_default();
            Duration::from_millis(wait.max(50)).min(longest)
        }
        Ok(None) | Err(_) => longest,
    }
}

async fn sweep_now_and_then(app: App, mut halted: tokio::sync::watch::Receiver<bool>) {
    while !*halted.borrow() {
        if let Err(error) = sweep(&app).await {
            tracing::error!(%error, "what time has ended could not be swept");
        }
        tokio::select! {
            () = tokio::time::sleep(app.config.jobs_interval) => {}
            _ = halted.changed() => {}
        }
    }
}

/// What comes again every interval: deletes what time has ended, learns of new keys, says that this
/// replica is at work, and sees to it that a clock that went wrong leaves nothing behind.
pub async fn sweep(app: &App) -> Result<(), StoreError> {
    let now = app.now();
    app.store.record_heartbeat(now).await?;
    app.store.sweep(now, now - IDLE_TTL, now - AUTHORIZATION_KEPT_MS).await?;
    app.store.pull_back_jobs(now, now + 2 * schedule::FARTHEST).await?;
    dek::prune(&app.store, &app.keys, now).await?;
    match app.keys.reload(&app.store).await {
        Ok(true) => tracing::info!(data_key = %app.keys.sealing_key(), "the data keys have changed"),
        Ok(false) => {}
        Err(error) => tracing::error!(%error, "the data keys could not be loaded again"),
    }
    Ok(())
}

/// A service that was off, or whose database was restored from a backup, does not trust what it has: every
/// connection is checked with Meta, and each says so in its history.
pub async fn recover_after_downtime(app: &App) -> Result<(), StoreError> {
    let now = app.now();
    let Some(before) = app.store.record_heartbeat(now).await?.filter(|before| now - before > PAUSE_MS) else {
        return Ok(());
    };
    let progress = format!("{}{before}", check::AFTER_PAUSE);
    let number = app.store.schedule_all_checks(&progress, now, now + CHECK_ALL_WITHIN_MS).await?;
    tracing::warn!(
        connections = number,
        last_at_work = crate::messages::format::iso(before),
        "the service was off, or its database is an older copy: every connection is checked with Meta"
    );
    Ok(())
}

/// Does everything that is due at this moment; gives the number of steps done.
pub async fn run_due(app: &App) -> Result<usize, StoreError> {
    let (_halt, halted) = tokio::sync::watch::channel(false);
    let mut steps = 0;
    while do_one(app, true, halted.clone()).await? {
        steps += 1;
    }
    Ok(steps)
}

/// Claims and does one step. False where nothing is due.
async fn do_one(
    app: &App,
    is_upkeep_too: bool,
    halted: tokio::sync::watch::Receiver<bool>,
) -> Result<bool, StoreError> {
    if let Err(error) = app.meta.share_usage(&app.store, app.now()).await {
        tracing::error!(%error, "what is known of Meta's limits could not be shared");
    }
    let claimed = app.store.claim_job(is_upkeep_too, lease(app.now())).await?;
    let Some(job) = claimed else { return Ok(false) };
    tracing::debug!(job = %job.id, kind = job.kind.as_str(), attempts = job.attempts, "a job is claimed");
    let worker = if job.priority == 0 { app.clone() } else { app.in_background() };
    let step = async {
        match job.kind {
            JobKind::Sync => sync::step(&worker, &job).await,
            JobKind::Check => check::step(&worker, &job).await,
            JobKind::Webhooks => apply::step(&worker, &job).await,
            JobKind::StatusCheck => status_check::step(&worker, &job).await,
            JobKind::Revoke => disconnect::revoke_step(&worker, &job).await,
        }
    };
    tokio::select! {
        settled = step => settle(app, &job, settled).await?,
        () = last_moment(halted) => {
            tracing::info!(job = %job.id, "a step is given back: the process stops");
            app.store.postpone_job(&job, app.now(), false).await?;
        }
    }
    Ok(true)
}

/// Resolves when a running step has to be given up.
async fn last_moment(mut halted: tokio::sync::watch::Receiver<bool>) {
    // A sender that is gone never stops anything.
    if halted.wait_for(|is_halted| *is_halted).await.is_err() {
        std::future::pending::<()>().await;
    }
    tokio::time::sleep(LAST_STEP).await;
}

async fn settle(app: &App, job: &Job, settled: Result<JobOutcome, StoreError>) -> Result<(), StoreError> {
    match settled {
        Ok(JobOutcome::Recorded) => {}
        Ok(JobOutcome::Done) => {
            let still_ours = app.store.finish_job(job).await?;
            // A login came in while Meta was told that the old grant ended: it may have hit the new one.
            if !still_ours && job.kind == JobKind::Revoke {
                disconnect::check_grant(app, &job.subject).await?;
            }
        }
        Ok(JobOutcome::RunAt(at)) => {
            app.store.postpone_job(job, at.clamp(app.now(), app.now() + schedule::DAY), false).await?;
        }
        Ok(JobOutcome::Retry) => {
            app.store.postpone_job(job, app.now() + pause(app, job.attempts), true).await?;
        }
        Err(error) => {
            tracing::error!(job = %job.id, %error, "a step broke off");
            app.store.postpone_job(job, app.now() + pause(app, job.attempts), true).await?;
        }
    }
    Ok(())
}

fn pause(app: &App, attempts: i64) -> i64 {
    let [jitter] = app.random.bytes::<1>();
    schedule::job_pause(attempts, jitter)
}
