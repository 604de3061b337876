//! Applying the webhook inbox. Events may arrive in any order and more than once: what one means for a connection is
//! checked with Meta. Only erasures take effect at once.

use metaads_store::{
    DeletionOutcome, GrantRevocation, IfSyncing, Job, JobKind, JobPayload, OperatorNotice, Priority,
    StoreError, Urgency, WebhookEvent, WebhookOutcome,
};
use serde_json::Value;

use crate::app::App;
use crate::clock::{DAY, ms};
use crate::connections::assets::sync_plan::start_sync;
use crate::connections::disconnect::check_grant;
use crate::connections::token::check::check_now;
use crate::connections::token::outcome::{CheckOutcome, CheckTrigger};
use crate::connections::token::schedule;
use crate::operator_notices;
use crate::queue::{JobOutcome, STEP_BUDGET};
use crate::webhooks::inbox::{DATA_DELETION, DEAUTHORIZE, ERASURES, IMPORTED, user_hash};

/// Events applied in one step of the job.
const BATCH_SIZE: i64 = 100;
/// Attempts after which an event that cannot be applied is given up; an erasure never is.
const GIVEN_UP_AFTER: i64 = 6;
/// Connections ended by one transaction.
const ENDED_AT_ONCE: usize = 50;
/// If a login and the removal of the app are closer than this (milliseconds), clocks do not decide which was first: Meta
/// does. After a removal nothing is lost by asking, since the token is dead.
const REMOVAL_DOUBT_MS: i64 = DAY;
/// The same for a request to delete data, which may come while the token is alive: as far as clocks may differ.
const DELETION_DOUBT_MS: i64 = 10_000;

/// Why an event could not be applied.
#[derive(Debug, thiserror::Error)]
enum ApplyError {
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Meta did not say whether a grant is still alive.
    #[error("Meta could not be asked whether the grant is alive")]
    Undecided,
}

/// One step of a job: applies what is due. An event that cannot be applied holds back no other: it has attempts and a
/// next attempt of its own.
pub async fn step(app: &App, job: &Job) -> Result<JobOutcome, StoreError> {
    let urgency = if job.subject == ERASURES { Urgency::Erasures } else { Urgency::Others };
    let started = app.clock.monotonic();
    for event in app.store.list_due_webhook_events(urgency, app.now(), BATCH_SIZE).await? {
        match apply(app, &event).await {
            Ok(outcome) => complete(app, &event, outcome).await?,
            Err(error) => failed(app, urgency, &event, &error).await?,
        }
        if app.clock.monotonic() - started > ms(STEP_BUDGET) {
            break;
        }
    }
    app.signals.enqueued.notify();
    Ok(match app.store.next_webhook_event_at(urgency).await? {
        Some(at) => JobOutcome::RunAt(at),
        None => JobOutcome::Done,
    })
}

async fn complete(app: &App, event: &WebhookEvent, outcome: WebhookOutcome) -> Result<(), StoreError> {
    tracing::info!(
        event = %event.id,
        object = event.object,
        field = event.field,
        outcome = outcome.as_str(),
        "webhook event completed"
    );
    app.store.complete_webhook_event(&event.id, outcome, app.now()).await
}

async fn failed(
    app: &App,
    urgency: Urgency,
    event: &WebhookEvent,
    error: &ApplyError,
) -> Result<(), StoreError> {
    tracing::error!(
        event = %event.id,
        object = event.object,
        attempts = event.attempts,
        %error,
        "webhook event could not be applied"
    );
    match urgency {
        Urgency::Others if event.attempts + 1 >= GIVEN_UP_AFTER => {
            complete(app, event, WebhookOutcome::Failed).await
        }
        Urgency::Others | Urgency::Erasures => {
            let [jitter] = app.random.bytes::<1>();
            let at = app.now() + schedule::job_pause(event.attempts, jitter);
            app.store.postpone_webhook_event(&event.id, at).await
        }
    }
}

async fn apply(app: &App, event: &WebhookEvent) -> Result<WebhookOutcome, ApplyError> {
    let value: Value = serde_json::from_str(&event.value).unwrap_or_default();
    let business = || digits(&value, "business_manager_id");
    match (event.object.as_str(), event.field.as_str()) {
        (DEAUTHORIZE, _) => end_grant(app, event).await,
        (DATA_DELETION, _) => delete(app, event).await,
        ("permissions", _) => {
            check_grant(app, &format!("{}:{}", event.app_id, event.subject)).await?;
            Ok(WebhookOutcome::Checking)
        }
        ("application", "business_integration_uninstall") => {
            Ok(check_business(app, event, &business()).await?)
        }
        ("application", "business_integration_install" | "business_integration_update") => {
            Ok(sync_business(app, event, &business()).await?)
        }
        ("application", "ad_account") => Ok(check_account_status(app, &digits(&value, "id")).await?),
        ("application", "dev_alerts") => {
            let header = value.get("header").and_then(Value::as_str).unwrap_or_default();
            let header = header.chars().filter(|letter| !letter.is_control()).take(300).collect();
            operator_notices::report(&app.store, app.now(), &OperatorNotice::MetaNotice { header }).await;
            Ok(WebhookOutcome::OperatorNotified)
        }
        ("ad_account", _) => Ok(check_account_status(app, &event.subject).await?),
        _ => Ok(WebhookOutcome::Ignored),
    }
}

/// Erases the tokens of the grant that has ended.
async fn end_grant(app: &App, event: &WebhookEvent) -> Result<WebhookOutcome, ApplyError> {
    let revocation = revocation_of(app, event).await?;
    let mut total = 0;
    loop {
        let ids: Vec<String> = (0..ENDED_AT_ONCE).map(|_| app.new_row_id()).collect();
        let number = app.store.end_grant(&revocation, &ids).await?;
        total += number;
        if number < ids.len() as u64 {
            break;
        }
    }
    if total > 0 {
        app.empty_log().await;
    }
    // Whoever has connected since then is checked: if the callback was late, that grant has ended too.
    check_grant(app, &format!("{}:{}", event.app_id, event.subject)).await?;
    Ok(if total > 0 { WebhookOutcome::Revoked } else { WebhookOutcome::NothingStored })
}

async fn delete(app: &App, event: &WebhookEvent) -> Result<WebhookOutcome, ApplyError> {
    let revocation = revocation_of(app, event).await?;
    let (deleted, left) = app.store.delete_grant(&revocation).await?;
    let (outcome, deletion) = match (deleted, left) {
        (_, 1..) => (WebhookOutcome::ConnectedAgain, DeletionOutcome::ConnectedAgain),
        (1.., 0) => (WebhookOutcome::Deleted, DeletionOutcome::Deleted),
        (0, 0) => (WebhookOutcome::NothingStored, DeletionOutcome::Nothing),
    };
    let hash = user_hash(&event.app_id, &event.subject);
    app.store.complete_deletion(&event.app_id, &hash, deletion, app.now()).await?;
    if deleted > 0 {
        app.empty_log().await;
    }
    Ok(outcome)
}

/// What the event ends: the logins before it. Where clocks leave a doubt, Meta says whether the grant is alive, and only
/// what is dead is erased.
async fn revocation_of(app: &App, event: &WebhookEvent) -> Result<GrantRevocation, ApplyError> {
    let connections = app.store.list_connections_on_grant(&event.app_id, &event.subject).await?;
    let mut cutoff = event.sent_at;
    let doubt = match (event.object.as_str(), event.field.as_str()) {
        // Both times are our own.
        (_, IMPORTED) => -1,
        (DATA_DELETION, _) => DELETION_DOUBT_MS,
        _ => REMOVAL_DOUBT_MS,
    };
    for connection in connections {
        if (connection.connected_at - event.sent_at).abs() > doubt {
            continue;
        }
        match check_now(app, &connection.id, CheckTrigger::ValidUntil(app.now())).await? {
            CheckOutcome::Valid
            | CheckOutcome::Refreshed
            | CheckOutcome::NotRefreshed
            | CheckOutcome::NeedsConfirmation => {
                cutoff = cutoff.min(connection.connected_at - 1);
                break;
            }
            CheckOutcome::NeedsReauthorization => cutoff = cutoff.max(connection.connected_at),
            // Nobody can ask with it: the clock has to decide.
            CheckOutcome::Unreadable | CheckOutcome::Gone | CheckOutcome::OtherApp => {}
            CheckOutcome::Unavailable | CheckOutcome::RateLimited | CheckOutcome::AppRefused => {
                return Err(ApplyError::Undecided);
            }
        }
    }
    Ok(GrantRevocation {
        app_id: event.app_id.clone(),
        meta_user_id: event.subject.clone(),
        issued_at: cutoff,
        at: app.now(),
    })
}

/// A business removed the app: its connections are checked with Meta.
async fn check_business(
    app: &App,
    event: &WebhookEvent,
    business: &str,
) -> Result<WebhookOutcome, StoreError> {
    let connections = app.store.list_connections_of_business(&event.app_id, business).await?;
    for connection in &connections {
        app.enqueue(&app.new_job(JobKind::Check, connection.as_str(), JobPayload::Empty)).await?;
    }
    Ok(if connections.is_empty() { WebhookOutcome::NothingStored } else { WebhookOutcome::Checking })
}

/// A business changed what its system user may reach.
async fn sync_business(
    app: &App,
    event: &WebhookEvent,
    business: &str,
) -> Result<WebhookOutcome, StoreError> {
    let connections = app.store.list_connections_of_business(&event.app_id, business).await?;
    for connection in &connections {
        start_sync(app, connection, Priority::Interactive, IfSyncing::RunAgain).await?;
    }
    Ok(if connections.is_empty() { WebhookOutcome::NothingStored } else { WebhookOutcome::Syncing })
}

/// The status of an ad account may have changed: every connection that selected it checks it.
async fn check_account_status(app: &App, account_id: &str) -> Result<WebhookOutcome, StoreError> {
    let account_id = account_id.strip_prefix("act_").unwrap_or(account_id);
    let connections = app.store.request_account_check(account_id, app.now()).await?;
    for connection in &connections {
        app.enqueue(&app.new_job(JobKind::StatusCheck, connection.as_str(), JobPayload::Empty)).await?;
    }
    Ok(if connections.is_empty() { WebhookOutcome::NothingStored } else { WebhookOutcome::StatusChecking })
}

/// An id from Meta's JSON, sent as text or as a number; "" if there is none.
fn digits(value: &Value, key: &str) -> String {
    match value.get(key) {
        Some(Value::String(text)) => text.chars().filter(char::is_ascii_digit).take(64).collect(),
        Some(Value::Number(number)) => number.to_string(),
        _ => String::new(),
    }
}
