//! Looking after a connection: the daily check, the renewal, and whoever wants a token that lasts.
//!
//! There is one path: the job, the page's button and [`fresh_token`] all make a [`visit`] under the lease of
//! the connection's check job. The one thing to know: two visits to a connection never overlap, and what a
//! visit learned about one token is never written over another.

use std::time::Duration;

use metaads_graph::AccessToken;
use metaads_store::{
    Connection, ConnectionId, ConnectionStatus, Expiry, Happened, Job, JobKind, StoreError, SyncState, Visit,
};

use super::examine::{Examined, Told, examine};
use super::schedule::{self, Ending};
use super::sync::Who;
use super::{TokenUnusable, open_token, sync, token_place, token_row};
use crate::app::App;
use crate::jobs::{Settled, lease};
use crate::words::Code;

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
pub enum Wish {
    /// It is due: renew if the time has come, else check.
    Upkeep,
    /// The token has to last until this moment: renew it if it does not.
    LastsUntil(i64),
    /// A person wants it renewed now, or checked again.
    Now,
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
pub async fn step(app: &App, job: &Job) -> Result<Settled, StoreError> {
    let Some(id) = ConnectionId::from_text(&job.subject) else { return Ok(Settled::Done) };
    match visit(app, &id, job, Wish::Upkeep).await? {
        Outcome::Gone => Ok(Settled::Done),
        _ => Ok(Settled::Already),
    }
}

/// A visit, under the lease of `job`.
async fn visit(app: &App, id: &ConnectionId, job: &Job, wish: Wish) -> Result<Outcome, StoreError> {
    // (1) The job is held. A crash from here on leaves the lease, which runs out by itself.
    let Some(connection) = app.store.find_connection_for_job(id).await? else { return Ok(Outcome::Gone) };
    // (2) Network only. A crash leaves everything as it was; a token that Meta gave and nobody stored is
    //     lost, and the stored one lives on to its own end.
    let mut examined = match open_token(app, &connection).await {
        Ok(token) => examine(app, &connection, job, &token, wish).await,
        Err(TokenUnusable::Disconnected) => return Ok(Outcome::Gone),
        Err(TokenUnusable::Unreadable(error)) if error.is_passing() => {
            tracing::warn!(connection = %id, %error, "a stored token cannot be opened now");
            Examined::of(Ending::Away, Outcome::Away)
        }
        Err(error) => {
            tracing::error!(connection = %id, %error, "a stored token cannot be opened");
            Examined::unreadable()
        }
    };
    let outcome = examined.outcome;
    if let Some(since) = job.progress.strip_prefix(AFTER_PAUSE).filter(|_| job.attempts == 0) {
        examined.told.insert(0, Told { action: "after_pause", detail: since.to_owned() });
    }
    // (3) Seal, and (4) one write: what was learned, the new token, the next visit. A crash before it
    //     leaves what (2) left; after it everything is there.
    let record = to_record(app, &connection, job, examined);
    if !app.store.record_visit(job, &record).await? {
        tracing::info!(connection = %id, "a visit came too late: somebody else holds the job");
        return Ok(Outcome::Away);
    }
    if outcome == Outcome::Renewed {
        tracing::info!(connection = %id, expires_at = record.expires_at.at(), "a token is renewed");
    }
    if outcome.is_alive() && wants_reading(app, &connection, job, wish) {
        sync::start(app, id, Who::Nobody).await?;
    }
    Ok(outcome)
}

/// Whether a visit has everything read anew: a login elsewhere has changed the grant, or the person has mended
/// what had cut a reading off, or its time has come. A first reading that somebody watches goes on as it is.
fn wants_reading(app: &App, connection: &Connection, job: &Job, wish: Wish) -> bool {
    let is_first =
        connection.sync_state == SyncState::Running && app.now() - connection.connected_at < FIRST_READING;
    let is_mended = connection.status == ConnectionStatus::NeedsReauthorization
        && connection.sync_state == SyncState::Failed;
    let is_due = wish == Wish::Upkeep && schedule::is_reading_due(connection, app.now());
    (job.progress == READ_AGAIN && !is_first) || is_mended || is_due
}

fn to_record(app: &App, connection: &Connection, job: &Job, examined: Examined) -> Visit {
    let now = app.now();
    let seen = examined.applied_to(connection, now);
    let row = token_row(&connection.user_id, connection.id.as_str());
    let attempts = match examined.ending {
        Ending::Away | Ending::HeldOff => job.attempts + 1,
        Ending::Well | Ending::MayHeal | Ending::Dead | Ending::Unreadable => 0,
    };
    let [jitter] = app.entropy.bytes::<1>();
    // The visit right after a login is followed by one that is spread over the day.
    let is_first = connection.last_checked_at == Some(connection.connected_at);
    let next_at = match examined.ending {
        Ending::Well if is_first => schedule::first_daily_visit(&seen, now),
        ending => schedule::next_visit(&seen, ending, job.attempts, now, jitter),
    };
    let next_at = next_at.max(examined.not_before.unwrap_or(next_at));
    Visit {
        connection_id: connection.id.clone(),
        token_version: connection.token_version,
        // Whoever removed the app has ended every token; what they stood for is gone.
        is_erasing: examined.is_removed(),
        standing: examined.standing,
        scopes: examined.scopes,
        expired_scopes: examined.expired_scopes,
        granular_scopes: examined.granular_scopes,
        expires_at: examined.expires_at,
        data_access_expires_at: examined.data_access_expires_at,
        renewed: examined.renewed.map(|token| app.seal(&token_place(&row), token.expose())),
        happened: examined
            .told
            .into_iter()
            .map(|Told { action, detail }| Happened { id: app.new_row_id(), action, detail })
            .collect(),
        at: now,
        next_at,
        attempts,
        audit_id: app.new_row_id(),
    }
}

impl Examined {
    fn is_removed(&self) -> bool {
        let reason = self.standing.as_ref().and_then(|(_, reason)| reason.as_deref());
        reason == Some(Code::AppRemoved.as_str())
    }

    /// The connection as it will be once this is written, for planning the next visit.
    fn applied_to(&self, connection: &Connection, now: i64) -> Connection {
        let mut seen = connection.clone();
        if self.expires_at != Expiry::Unsaid {
            seen.expires_at = self.expires_at.at();
        }
        if self.renewed.is_some() {
            seen.last_refreshed_at = Some(now);
        }
        seen
    }
}

/// Why nobody gets a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoToken {
    Disconnected,
    /// Only the person can mend it; a code that /help/errors knows.
    Person(String),
    /// The stored value does not open.
    Unreadable,
    /// It would not last, and Meta could not be asked: later.
    NotNow,
}

/// A token for use.
#[derive(Debug)]
pub struct Fresh {
    pub token: AccessToken,
    /// None: never.
    pub expires_at: Option<i64>,
}

/// A token of this connection that lasts at least so many milliseconds, renewed first if need be. Whatever
/// uses a token gets it here.
pub async fn fresh_token(
    app: &App,
    connection: &Connection,
    min_valid_for: i64,
) -> Result<Result<Fresh, NoToken>, StoreError> {
    let until = app.now().saturating_add(min_valid_for);
    if !lasts(connection, until) && connection.status == ConnectionStatus::Active {
        ask(app, &connection.id, Wish::LastsUntil(until)).await?;
        let Some(renewed) = app.store.find_connection_for_job(&connection.id).await? else {
            return Ok(Err(NoToken::Disconnected));
        };
        return Ok(usable(app, &renewed, until).await);
    }
    Ok(usable(app, connection, until).await)
}

fn lasts(connection: &Connection, until: i64) -> bool {
    connection.expires_at.is_none_or(|at| at >= until)
}

async fn usable(app: &App, connection: &Connection, until: i64) -> Result<Fresh, NoToken> {
    match connection.status {
        ConnectionStatus::Active => {}
        ConnectionStatus::NeedsReauthorization => {
            let reason = connection.status_reason.clone();
            return Err(match reason.as_deref().and_then(Code::from_text) {
                Some(Code::SealedValueUnreadable) => NoToken::Unreadable,
                _ => NoToken::Person(reason.unwrap_or_else(|| Code::SessionInvalid.as_str().to_owned())),
            });
        }
        ConnectionStatus::Revoked => return Err(NoToken::Disconnected),
    }
    if !lasts(connection, until) {
        return Err(NoToken::NotNow);
    }
    match open_token(app, connection).await {
        Ok(token) => Ok(Fresh { token, expires_at: connection.expires_at }),
        Err(TokenUnusable::Disconnected) => Err(NoToken::Disconnected),
        Err(TokenUnusable::Unreadable(error)) if error.is_passing() => Err(NoToken::NotNow),
        Err(error) => {
            tracing::error!(connection = %connection.id, %error, "a stored token cannot be opened");
            Err(NoToken::Unreadable)
        }
    }
}

/// A visit now, because somebody wants something of this connection. Where another visit is under way it is
/// waited for.
pub async fn ask(app: &App, id: &ConnectionId, wish: Wish) -> Result<Outcome, StoreError> {
    for _ in 0..WAITS {
        let job = app.store.claim_job_of(JobKind::Check, id.as_str(), lease(app.now())).await?;
        if let Some(job) = job {
            let outcome = match visit(app, id, &job, wish).await {
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
