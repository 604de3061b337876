//! Work without a browser: claim a job under a lease, do one step, settle it. A step that fails is
//! not repeated here; the next round is the retry.

use std::future::Future;
use std::time::Duration;

use metaads_store::{Job, JobKind, StoreError};

use crate::accounts::sessions::IDLE_TTL;
use crate::app::App;
use crate::clock::ms;
use crate::connections::{check, disconnect, sync};

/// Longer than any step takes: after it, another replica may take the job over.
const LEASE: Duration = Duration::from_secs(60);
/// Jobs done at the same time by one process.
const WORKERS: usize = 4;
/// First pause after a failed try; it doubles up to an hour.
const FIRST_PAUSE_MS: i64 = 15_000;
const LONGEST_PAUSE_MS: i64 = 3_600_000;
/// Attempts to connect are kept so long after they ended.
const AUTHORIZATION_KEPT_MS: i64 = 7 * 86_400_000;

/// What a step made of its job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settled {
    /// Nothing left to do: the job goes.
    Done,
    /// Not this time.
    TryAgain,
    /// The step has settled the job by itself, together with what it wrote.
    Already,
}

/// Does due work until `stop` resolves, then finishes the steps that are running.
pub async fn run(app: App, stop: impl Future<Output = ()>) {
    let (halt, halted) = tokio::sync::watch::channel(false);
    let workers: Vec<_> =
        (0..WORKERS).map(|_| crate::tasks::spawn(work(app.clone(), halted.clone()))).collect();
    let sweeper = crate::tasks::spawn(sweep_now_and_then(app, halted));
    stop.await;
    // Receivers that are gone have nothing left to stop.
    let _ = halt.send(true);
    for worker in workers {
        let _ = worker.await;
    }
    let _ = sweeper.await;
}

async fn work(app: App, mut halted: tokio::sync::watch::Receiver<bool>) {
    while !*halted.borrow() {
        let bell = app.jobs_bell.notified();
        match do_one(&app).await {
            Ok(true) => continue,
            Ok(false) => {}
            Err(error) => tracing::error!(%error, "due work could not be claimed or settled"),
        }
        let pause = pause_until_next(&app).await;
        tokio::select! {
            () = bell => {}
            () = tokio::time::sleep(pause) => {}
            _ = halted.changed() => {}
        }
    }
}

/// Until the next job is due, but never longer than the configured interval: a clock that jumps is
/// noticed within it.
async fn pause_until_next(app: &App) -> Duration {
    let longest = app.config.jobs_interval;
    match app.store.next_job_at().await {
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

/// Deletes what time has ended.
pub async fn sweep(app: &App) -> Result<(), StoreError> {
    let now = app.now();
    app.store.sweep(now, now - IDLE_TTL, now - AUTHORIZATION_KEPT_MS).await
}

/// Does everything that is due at this moment; gives the number of steps done.
pub async fn run_due(app: &App) -> Result<usize, StoreError> {
    let mut steps = 0;
    while do_one(app).await? {
        steps += 1;
    }
    Ok(steps)
}

/// Claims and does one step. False where nothing is due.
async fn do_one(app: &App) -> Result<bool, StoreError> {
    let now = app.now();
    let Some(job) = app.store.claim_job(now, now + ms(LEASE)).await? else { return Ok(false) };
    tracing::debug!(job = %job.id, kind = job.kind.as_str(), attempts = job.attempts, "a job is claimed");
    let settled = match job.kind {
        JobKind::Sync => sync::step(app, &job).await,
        JobKind::Check => check::step(app, &job).await,
        JobKind::Revoke => disconnect::revoke_step(app, &job).await,
    };
    settle(app, &job, settled).await?;
    Ok(true)
}

async fn settle(app: &App, job: &Job, settled: Result<Settled, StoreError>) -> Result<(), StoreError> {
    match settled {
        Ok(Settled::Already) => {}
        Ok(Settled::Done) => {
            let still_ours = app.store.finish_job(job).await?;
            // A login came in while Meta was told that the old grant ended: it may have hit the new one.
            if !still_ours && job.kind == JobKind::Revoke {
                disconnect::check_grant(app, &job.subject).await?;
            }
        }
        Ok(Settled::TryAgain) => {
            app.store.postpone_job(job, app.now() + pause(app, job.attempts), true).await?;
        }
        Err(error) => {
            tracing::error!(job = %job.id, %error, "a step broke off");
            app.store.postpone_job(job, app.now() + pause(app, job.attempts), true).await?;
        }
    }
    Ok(())
}

/// Doubles with each attempt, with up to a quarter of jitter.
fn pause(app: &App, attempts: i64) -> i64 {
    let doublings = u32::try_from(attempts.clamp(0, 20)).unwrap_or_default();
    let pause = FIRST_PAUSE_MS.saturating_mul(1 << doublings).min(LONGEST_PAUSE_MS);
    let [jitter] = app.entropy.bytes::<1>();
    pause + pause / 4 * i64::from(jitter) / 255
}
