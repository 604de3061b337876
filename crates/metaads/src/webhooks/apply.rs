//! Applying the webhook inbox. Events may arrive in any order and more than once: what one means for a connection is
//! checked with Meta. Only erasures take effect at once.

use metaads_store::{
    DeletionOutcome, GrantRevocation, Job, JobKind, JobPayload, OperatorNotice, Priority, StoreError,
    WebhookEvent, WebhookOutcome,
};
use serde_json::Value;

use crate::app::App;
use crate::connections::assets::sync_plan::start_sync;
use crate::connections::disconnect::check_grant;
use crate::operator_notices;
use crate::queue::JobOutcome;
use crate::webhooks::inbox::{DATA_DELETION, DEAUTHORIZE, user_hash};

/// Events applied in one step of the job.
const BATCH_SIZE: i64 = 100;
/// Rounds after which an event that cannot be applied is given up.
const GIVEN_UP_AFTER: i64 = 5;
/// Connections ended by one transaction.
const ENDED_AT_ONCE: usize = 50;
/// Meta's clock and ours differ by less (milliseconds).
const CLOCK_SKEW_MS: i64 = 10_000;

/// One step of the job: applies what is pending. An event that cannot be applied does not hold back the others, and is
/// given up after some rounds; an erasure never is.
pub async fn step(app: &App, job: &Job) -> Result<JobOutcome, StoreError> {
    let pending = app.store.list_pending_webhook_events(BATCH_SIZE).await?;
    let is_all = pending.len() < usize::try_from(BATCH_SIZE).unwrap_or_default();
    let mut has_failed = false;
    for event in pending {
        let outcome = match apply(app, &event).await {
            Ok(outcome) => outcome,
            Err(error) => {
                tracing::error!(event = %event.id, object = event.object, %error, "webhook event could not be applied");
                let is_erasure = matches!(event.object.as_str(), DEAUTHORIZE | DATA_DELETION);
                if is_erasure || job.attempts < GIVEN_UP_AFTER {
                    has_failed = true;
                    continue;
                }
                WebhookOutcome::Failed
            }
        };
        tracing::info!(
            event = %event.id,
            object = event.object,
            field = event.field,
            outcome = outcome.as_str(),
            "webhook event completed"
        );
        app.store.complete_webhook_event(&event.id, outcome, app.now()).await?;
    }
    app.signals.enqueued.notify();
    Ok(match (has_failed, is_all) {
        (true, _) => JobOutcome::Retry,
        (false, true) => JobOutcome::Done,
        (false, false) => JobOutcome::RunAt(app.now()),
    })
}

async fn apply(app: &App, event: &WebhookEvent) -> Result<WebhookOutcome, StoreError> {
    let value: Value = serde_json::from_str(&event.value).unwrap_or_default();
    let business = || digits(&value, "business_manager_id");
    match (event.object.as_str(), event.field.as_str()) {
        (DEAUTHORIZE, _) => end_grant(app, event).await,
        (DATA_DELETION, _) => delete(app, event).await,
        ("permissions", _) => {
            check_grant(app, &format!("{}:{}", event.app_id, event.subject)).await?;
            Ok(WebhookOutcome::Checking)
        }
        ("application", "business_integration_uninstall") => check_business(app, event, &business()).await,
        ("application", "business_integration_install" | "business_integration_update") => {
            sync_business(app, event, &business()).await
        }
        ("application", "ad_account") => check_account_status(app, &digits(&value, "id")).await,
        ("application", "dev_alerts") => {
            let header = value.get("header").and_then(Value::as_str).unwrap_or_default();
            let header = header.chars().filter(|letter| !letter.is_control()).take(300).collect();
            operator_notices::report(&app.store, app.now(), &OperatorNotice::MetaNotice { header }).await;
            Ok(WebhookOutcome::OperatorNotified)
        }
        ("ad_account", _) => check_account_status(app, &event.subject).await,
        _ => Ok(WebhookOutcome::Ignored),
    }
}

/// Erases the tokens at once. A callback older than the newest login concerns the grant before it.
async fn end_grant(app: &App, event: &WebhookEvent) -> Result<WebhookOutcome, StoreError> {
    let revocation = revocation_of(app, event);
    let mut total = 0;
    loop {
        let ids: Vec<String> = (0..ENDED_AT_ONCE).map(|_| app.new_row_id()).collect();
        let number = app.store.end_grant(&revocation, &ids).await?;
        total += number;
        if number < ids.len() as u64 {
            break;
        }
    }
    // Whoever has connected since then is checked: if the callback was late, that grant has ended too.
    check_grant(app, &format!("{}:{}", event.app_id, event.subject)).await?;
    Ok(if total > 0 { WebhookOutcome::Revoked } else { WebhookOutcome::NothingStored })
}

async fn delete(app: &App, event: &WebhookEvent) -> Result<WebhookOutcome, StoreError> {
    let (deleted, left) = app.store.delete_grant(&revocation_of(app, event)).await?;
    let (outcome, deletion) = match (deleted, left) {
        (_, 1..) => (WebhookOutcome::ConnectedAgain, DeletionOutcome::ConnectedAgain),
        (1.., 0) => (WebhookOutcome::Deleted, DeletionOutcome::Deleted),
        (0, 0) => (WebhookOutcome::NothingStored, DeletionOutcome::Nothing),
    };
    let hash = user_hash(&event.app_id, &event.subject);
    app.store.complete_deletion(&event.app_id, &hash, deletion, app.now()).await?;
    Ok(outcome)
}

fn revocation_of(app: &App, event: &WebhookEvent) -> GrantRevocation {
    GrantRevocation {
        app_id: event.app_id.clone(),
        meta_user_id: event.subject.clone(),
        issued_at: event.sent_at.saturating_add(CLOCK_SKEW_MS),
        at: app.now(),
    }
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
        start_sync(app, connection, Priority::Interactive).await?;
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
