//! Looking after a connection: the daily check, the renewal, and whoever wants a token that lasts.
//!
//! There is one path: the job, the page's button and [`fresh_token`] all make a [`visit`] under the lease of
//! the connection's check job. The one thing to know: two visits to a connection never overlap, and what a
//! visit learned about one token is never written over another.

use std::time::Duration;

use metaads_store::{
    Connection, ConnectionId, ConnectionStatus, Expiry, Happened, Job, JobKind, StoreError, SyncState,
    TokenCheck,
};

use crate::app::App;
use crate::codes::error_code::Code;
use crate::connections::assets::sync;
use crate::connections::assets::sync::Priority;
use crate::connections::token::evaluate::{Evaluation, HistoryEntry, evaluate};
use crate::connections::token::open::{OpenTokenError, open_token};
use crate::connections::token::schedule;
use crate::connections::token::schedule::Ending;
use crate::keys::contexts::{token_context, token_row};
use crate::queue::{JobOutcome, lease};

/// Progress of a check after which the assets are read anew: a login elsewhere has changed the grant.
pub const READ_AGAIN: &str = "read again";

/// Start of the progress of a check after a pause of the whole service; what follows is the moment (ms)
/// when it was last at work.
pub const AFTER_PAUSE: &str = "after a pause since ";

/// The reading right after a login is over by then.
const FIRST_READING: i64 = 10 * schedule::MINUTE;

/// Somebody else's visit is waited for so often, so long each time.
const WAITS: u32 = 50;
const WAIT: Duration = Duration::from_millis(200);

/// Why a visit is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CheckTrigger {
    /// It is due: refresh if the time has come, else check.
    Scheduled,
    /// The token has to last until this moment: refresh it if it does not.
    ValidUntil(i64),
    /// A person wants it renewed now, or checked again.
    Requested,
}

/// What a visit made of the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    Renewed,
    /// It lives; a renewal was not asked for, not possible, or brought nothing.
    Well,
    /// It lives, and Meta gave no later end although it was asked.
    NotRenewed,
    Away,
    HeldOff,
    NeedsPerson,
    Unreadable,
    /// The connection ended, or another login replaced its token meanwhile.
    Gone,
}

impl Outcome {
    /// Meta has just said that the token lives.
    pub fn is_alive(self) -> bool {
        matches!(self, Outcome::Well | Outcome::Renewed | Outcome::NotRenewed)
    }
}

/// One round of the job.
pub async fn step(app: &App, job: &Job) -> Result<JobOutcome, StoreError> {
    let Some(id) = ConnectionId::from_text(&job.subject) else { return Ok(JobOutcome::Done) };
    match visit(app, &id, job, CheckTrigger::Scheduled).await? {
        Outcome::Gone => Ok(JobOutcome::Done),
        _ => Ok(JobOutcome::Recorded),
    }
}

/// A visit, under the lease of `job`.
async fn visit(
    app: &App,
    id: &ConnectionId,
    job: &Job,
    trigger: CheckTrigger,
) -> Result<Outcome, StoreError> {
    // (1) The job is held. A crash from here on leaves the lease, which runs out by itself.
    let Some(connection) = app.store.find_connection_for_job(id).await? else { return Ok(Outcome::Gone) };
    // (2) Network only. A crash leaves everything as it was; a token that Meta gave and nobody stored is
    //     lost, and the stored one lives on to its own end.
    let mut evaluation = match open_token(app, &connection).await {
        Ok(token) => evaluate(app, &connection, job, &token, trigger).await,
        Err(OpenTokenError::Disconnected) => return Ok(Outcome::Gone),
        Err(OpenTokenError::Unreadable(error)) if error.is_passing() => {
            tracing::warn!(connection = %id, %error, "a stored token cannot be opened now");
            Evaluation::of(Ending::Away, Outcome::Away)
        }
        Err(error) => {
            tracing::error!(connection = %id, %error, "a stored token cannot be opened");
            Evaluation::unreadable()
        }
    };
    let outcome = evaluation.outcome;
    if let Some(since) = job.payload.strip_prefix(AFTER_PAUSE).filter(|_| job.attempts == 0) {
        evaluation.told.insert(0, HistoryEntry { action: "after_pause", detail: since.to_owned() });
    }
    // (3) Seal, and (4) one write: what was learned, the new token, the next visit. A crash before it
    //     leaves what (2) left; after it everything is there.
    let record = to_record(app, &connection, job, evaluation);
    if !app.store.record_token_check(job, &record).await? {
        tracing::info!(connection = %id, "a visit came too late: somebody else holds the job");
        return Ok(Outcome::Away);
    }
    if outcome == Outcome::Renewed {
        tracing::info!(connection = %id, expires_at = record.expires_at.at(), "a token is renewed");
    }
    if outcome.is_alive() && wants_reading(app, &connection, job, trigger) {
        sync::start(app, id, Priority::Background).await?;
    }
    Ok(outcome)
}

/// Whether a visit has everything read anew: a login elsewhere has changed the grant, or the person has mended
/// what had cut a reading off, or its time has come. A first reading that somebody watches goes on as it is.
fn wants_reading(app: &App, connection: &Connection, job: &Job, trigger: CheckTrigger) -> bool {
    let is_first =
        connection.sync_state == SyncState::Running && app.now() - connection.connected_at < FIRST_READING;
    let is_mended = connection.status == ConnectionStatus::NeedsReauthorization
        && connection.sync_state == SyncState::Failed;
    let is_due = trigger == CheckTrigger::Scheduled && schedule::is_reading_due(connection, app.now());
    (job.payload == READ_AGAIN && !is_first) || is_mended || is_due
}

fn to_record(app: &App, connection: &Connection, job: &Job, evaluation: Evaluation) -> TokenCheck {
    let now = app.now();
    let seen = evaluation.applied_to(connection, now);
    let row = token_row(&connection.user_id, connection.id.as_str());
    let attempts = match evaluation.ending {
        Ending::Away | Ending::HeldOff => job.attempts + 1,
        Ending::Well | Ending::MayHeal | Ending::Dead | Ending::Unreadable => 0,
    };
    let [jitter] = app.random.bytes::<1>();
    // The visit right after a login is followed by one that is spread over the day.
    let is_first = connection.last_checked_at == Some(connection.connected_at);
    let next_at = match evaluation.ending {
        Ending::Well if is_first => schedule::first_daily_visit(&seen, now),
        ending => schedule::next_visit(&seen, ending, job.attempts, now, jitter),
    };
    let next_at = next_at.max(evaluation.not_before.unwrap_or(next_at));
    TokenCheck {
        connection_id: connection.id.clone(),
        token_version: connection.token_version,
        // Whoever removed the app has ended every token; what they stood for is gone.
        is_erasing: evaluation.is_removed(),
        standing: evaluation.standing,
        scopes: evaluation.scopes,
        expired_scopes: evaluation.expired_scopes,
        granular_scopes: evaluation.granular_scopes,
        expires_at: evaluation.expires_at,
        data_access_expires_at: evaluation.data_access_expires_at,
        renewed: evaluation.renewed.map(|token| app.seal(&token_context(&row), token.expose())),
        happened: evaluation
            .told
            .into_iter()
            .map(|HistoryEntry { action, detail }| Happened { id: app.new_row_id(), action, detail })
            .collect(),
        at: now,
        next_at,
        attempts,
        audit_id: app.new_row_id(),
    }
}

impl Evaluation {
    fn is_removed(&self) -> bool {
        let reason = self.standing.as_ref().and_then(|(_, reason)| reason.as_deref());
        reason == Some(Code::AppRemoved.as_str())
    }

    /// The connection as it will be once this is written, for planning the next visit.
    fn applied_to(&self, connection: &Connection, now: i64) -> Connection {
        let mut seen = connection.clone();
        if self.expires_at != Expiry::Unchanged {
            seen.expires_at = self.expires_at.at();
        }
        if self.renewed.is_some() {
            seen.last_refreshed_at = Some(now);
        }
        seen
    }
}

/// A visit now, because somebody wants something of this connection. Where another visit is under way it is
/// waited for.
pub async fn ask(app: &App, id: &ConnectionId, trigger: CheckTrigger) -> Result<Outcome, StoreError> {
    for _ in 0..WAITS {
        let job = app.store.claim_job_of(JobKind::Check, id.as_str(), lease(app.now())).await?;
        if let Some(job) = job {
            let outcome = match visit(app, id, &job, trigger).await {
                Ok(outcome) => outcome,
                Err(error) => {
                    // Where this fails too, the lease runs out by itself.
                    let _ = app.store.postpone_job(&job, app.now(), true).await;
                    return Err(error);
                }
            };
            if outcome == Outcome::Gone {
                app.store.finish_job(&job).await?;
            }
            return Ok(outcome);
        }
        tokio::time::sleep(WAIT).await;
    }
    Ok(Outcome::Away)
}
