//! Meta calling us. What comes is stored first ([`take_event`], [`take_deauthorize`], [`take_deletion`]),
//! then applied by a job ([`step`]), in any order and as often as it likes: what a change means for a
//! connection is asked of Meta, not believed, except that an erasure is never put off.

use metaads_graph::{
    AppScopedUserId, AppSecret, Change, HookError, SignedRequest, check_event, open_signed_request,
    read_event,
};
use metaads_store::{
    ConnectionId, DeletionRequest, GrantRevocation, Job, JobKind, NewWebhookEvent, StoreError, WebhookEvent,
};
use serde_json::Value;

use crate::app::App;
use crate::connections::assets::sync;
use crate::connections::assets::sync::Priority;
use crate::connections::disconnect::check_grant;
use crate::queue::JobOutcome;
use crate::random::hash;
use crate::webhooks::data_deletion;

/// What we want to hear of: objects of webhooks and their fields.
pub const SUBSCRIPTIONS: [(&str, &str); 2] = [
    (
        "permissions",
        "connected,ads_management,ads_read,business_management,pages_read_engagement,pages_show_list,instagram_basic",
    ),
    (
        "application",
        "business_integration_install,business_integration_update,business_integration_uninstall,ad_account,dev_alerts",
    ),
];

/// Events applied in one step of the job.
const BATCH_SIZE: i64 = 100;
/// Rounds after which an event that cannot be applied is given up.
const GIVEN_UP_AFTER: i64 = 5;
/// Connections ended by one statement.
const ENDED_AT_ONCE: usize = 50;
/// A clock of Meta's and ours differ by less.
const CLOCK_SKEW_MS: i64 = 10_000;

/// Why a call is refused.
#[derive(Debug, thiserror::Error)]
pub enum TakeError {
    #[error(transparent)]
    Hook(#[from] HookError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A webhook's post. Gives how many of its changes were new.
pub async fn take_event(app: &App, signature: Option<&str>, body: &[u8]) -> Result<u64, TakeError> {
    let app_id = of_own_apps(app, |secret| check_event(signature, body, secret))?.0;
    let events: Vec<NewWebhookEvent> =
        read_event(body)?.into_iter().map(|change| of_change(app, &app_id, &change)).collect();
    Ok(store(app, &events).await?)
}

/// The person removed the app.
pub async fn take_deauthorize(app: &App, signed_request: &str) -> Result<(), TakeError> {
    let (app_id, request) = of_own_apps(app, |secret| open_signed_request(signed_request, secret))?;
    if request.user_id != TEST_USER {
        store(app, &[of_request(app, &app_id, "deauthorize", &request)]).await?;
    }
    Ok(())
}

/// The person wants their data deleted. Gives the confirmation code, the same for a repeated call.
pub async fn take_deletion(app: &App, signed_request: &str) -> Result<String, TakeError> {
    let (app_id, request) = of_own_apps(app, |secret| open_signed_request(signed_request, secret))?;
    let event = (request.user_id != TEST_USER).then(|| of_request(app, &app_id, "data_deletion", &request));
    Ok(note_deletion(app, &app_id, &request, event).await?)
}

/// Deletes the data of people whose ids Meta listed for the operator. Gives their confirmation codes.
pub async fn import_deletions(app: &App, user_ids: &[String]) -> Result<Vec<String>, StoreError> {
    let app_id = app.graph().app().app_id.to_string();
    let mut codes = Vec::new();
    for user_id in user_ids {
        let request = SignedRequest { user_id: user_id.clone(), issued_at: Some(app.now() / 1000) };
        let event = of_request(app, &app_id, "data_deletion", &request);
        codes.push(note_deletion(app, &app_id, &request, Some(event)).await?);
    }
    Ok(codes)
}

/// Reads a list of ids as an operator pastes it: separated by lines, commas or blanks. A mistake is a sentence.
pub fn read_listed(text: &str, most: usize) -> Result<Vec<String>, String> {
    let words: Vec<&str> =
        text.split([',', ';', ' ', '\t', '\r', '\n', '"']).filter(|word| !word.is_empty()).collect();
    if words.is_empty() {
        return Err("There is no id in it.".to_owned());
    }
    if words.len() > most {
        return Err(format!("These are {} ids. Hand in {most} at a time at most.", words.len()));
    }
    let parse = |word: &&str| {
        let shown: String = word.chars().take(40).collect();
        AppScopedUserId::parse(word)
            .map(|id| id.to_string())
            .map_err(|_| format!("“{shown}” is no user id: they are made of digits. Nothing was deleted."))
    };
    let mut ids: Vec<String> = words.iter().map(parse).collect::<Result<_, _>>()?;
    ids.sort();
    ids.dedup();
    Ok(ids)
}

/// Has what Meta called for since then (ms) applied once more; deletions are final. Gives how many.
pub async fn replay(app: &App, since: i64) -> Result<u64, StoreError> {
    let number = app.store.replay_webhook_events(since, &app.new_job_id(), app.now()).await?;
    app.queue.notify();
    Ok(number)
}

/// The user of test calls from the App Dashboard.
const TEST_USER: &str = "0";

/// Opens something with the secret of one of our apps, Facebook's first; gives that app's id.
fn of_own_apps<T>(
    app: &App,
    open: impl Fn(&AppSecret) -> Result<T, HookError>,
) -> Result<(String, T), HookError> {
    let meta = app.graph().app();
    let refused = match open(&meta.app_secret) {
        Ok(opened) => return Ok((meta.app_id.to_string(), opened)),
        Err(error) => error,
    };
    // Apps of Instagram Login sign with a secret of their own.
    match &meta.instagram {
        Some(instagram) => open(&instagram.app_secret).map(|opened| (instagram.app_id.to_string(), opened)),
        None => Err(refused),
    }
}

async fn store(app: &App, events: &[NewWebhookEvent]) -> Result<u64, StoreError> {
    let stored = app.store.insert_webhook_events(events, &app.new_job_id(), app.now()).await?;
    app.queue.notify();
    Ok(stored)
}

fn of_change(app: &App, app_id: &str, change: &Change) -> NewWebhookEvent {
    let value = change.value.to_string();
    let parts = [app_id, &change.object, &change.id, &change.field, &change.time.to_string(), &value];
    NewWebhookEvent {
        id: app.new_row_id(),
        digest: hash(&parts.join("\n")),
        app_id: app_id.to_owned(),
        object: change.object.clone(),
        subject: change.id.clone(),
        field: change.field.clone(),
        sent_at: change.time.saturating_mul(1000),
        received_at: app.now(),
        value,
    }
}

fn of_request(app: &App, app_id: &str, object: &str, request: &SignedRequest) -> NewWebhookEvent {
    let issued_at = issued_at(app, request);
    let parts = [app_id, object, &request.user_id, &issued_at.to_string()];
    NewWebhookEvent {
        id: app.new_row_id(),
        digest: hash(&parts.join("\n")),
        app_id: app_id.to_owned(),
        object: object.to_owned(),
        subject: request.user_id.clone(),
        field: String::new(),
        value: "null".to_owned(),
        sent_at: issued_at,
        received_at: app.now(),
    }
}

/// When Meta signed it (milliseconds since the epoch), never in the future.
fn issued_at(app: &App, request: &SignedRequest) -> i64 {
    request.issued_at.map_or(app.now(), |at| at.saturating_mul(1000)).clamp(0, app.now())
}

async fn note_deletion(
    app: &App,
    app_id: &str,
    request: &SignedRequest,
    event: Option<NewWebhookEvent>,
) -> Result<String, StoreError> {
    let now = app.now();
    let is_test = event.is_none();
    let row = DeletionRequest {
        id: data_deletion::new_id(app),
        app_id: app_id.to_owned(),
        user_hash: user_hash(app_id, &request.user_id),
        issued_at: issued_at(app, request),
        requested_at: now,
        completed_at: is_test.then_some(now),
        outcome: is_test.then(|| "test".to_owned()),
    };
    let id = app.store.insert_deletion(&row, event.as_ref(), &app.new_job_id()).await?;
    app.queue.notify();
    Ok(data_deletion::code_of(&id))
}

fn user_hash(app_id: &str, user_id: &str) -> String {
    hash(&format!("{app_id}:{user_id}"))
}

/// One round of the job: applies what waits. An event that cannot be applied does not hold back the others, and is
/// given up after some rounds; an erasure never is.
pub async fn step(app: &App, job: &Job) -> Result<JobOutcome, StoreError> {
    let waiting = app.store.list_pending_webhook_events(BATCH_SIZE).await?;
    let is_all = waiting.len() < usize::try_from(BATCH_SIZE).unwrap_or_default();
    let mut has_failed = false;
    for event in waiting {
        let outcome = match apply(app, &event).await {
            Ok(outcome) => outcome,
            Err(error) => {
                tracing::error!(event = %event.id, object = event.object, %error, "an event of Meta's could not be applied");
                let is_erasure = matches!(event.object.as_str(), "deauthorize" | "data_deletion");
                if is_erasure || job.attempts < GIVEN_UP_AFTER {
                    has_failed = true;
                    continue;
                }
                "failed"
            }
        };
        tracing::info!(event = %event.id, object = event.object, field = event.field, outcome, "an event of Meta's is applied");
        app.store.complete_webhook_event(&event.id, outcome, app.now()).await?;
    }
    app.queue.notify();
    Ok(match (has_failed, is_all) {
        (true, _) => JobOutcome::Retry,
        (false, true) => JobOutcome::Done,
        (false, false) => JobOutcome::RunAt(app.now()),
    })
}

/// Gives a word for what came of it.
async fn apply(app: &App, event: &WebhookEvent) -> Result<&'static str, StoreError> {
    let value: Value = serde_json::from_str(&event.value).unwrap_or_default();
    let text = |key: &str| digits(&value, key);
    match (event.object.as_str(), event.field.as_str()) {
        ("deauthorize", _) => end_grant(app, event).await,
        ("data_deletion", _) => delete(app, event).await,
        ("permissions", _) => {
            check_grant(app, &format!("{}:{}", event.app_id, event.subject)).await?;
            Ok("checked")
        }
        ("application", "business_integration_uninstall") => {
            of_business(app, event, &text("business_manager_id"), true).await
        }
        ("application", "business_integration_install" | "business_integration_update") => {
            of_business(app, event, &text("business_manager_id"), false).await
        }
        ("application", "ad_account") => next_check_at(app, &text("id")).await,
        ("application", "dev_alerts") => {
            let header =
                value.get("header").and_then(Value::as_str).unwrap_or("a notice in the App Dashboard");
            let header: String = header.chars().filter(|letter| !letter.is_control()).take(300).collect();
            app.store.notice("meta_notice", &header, app.now()).await?;
            Ok("told the operator")
        }
        ("ad_account", _) => next_check_at(app, &event.subject).await,
        _ => Ok("not for us"),
    }
}

/// The tokens go at once; a callback older than the newest login is about the grant before it.
async fn end_grant(app: &App, event: &WebhookEvent) -> Result<&'static str, StoreError> {
    let ended = ended(app, event);
    let mut total = 0;
    loop {
        let ids: Vec<String> = (0..ENDED_AT_ONCE).map(|_| app.new_row_id()).collect();
        let number = app.store.end_grant(&ended, &ids).await?;
        total += number;
        if number < ids.len() as u64 {
            break;
        }
    }
    // Whoever connected since then is looked at: if the callback was late, they have lost it too.
    check_grant(app, &format!("{}:{}", event.app_id, event.subject)).await?;
    Ok(if total > 0 { "ended" } else { "nothing to end" })
}

async fn delete(app: &App, event: &WebhookEvent) -> Result<&'static str, StoreError> {
    let (deleted, left) = app.store.delete_grant(&ended(app, event)).await?;
    let outcome = match (deleted, left) {
        (_, 1..) => "connected_again",
        (1.., 0) => "deleted",
        (0, 0) => "nothing",
    };
    let hash = user_hash(&event.app_id, &event.subject);
    app.store.complete_deletion(&event.app_id, &hash, outcome, app.now()).await?;
    Ok(outcome)
}

fn ended(app: &App, event: &WebhookEvent) -> GrantRevocation {
    GrantRevocation {
        app_id: event.app_id.clone(),
        meta_user_id: event.subject.clone(),
        issued_at: event.sent_at.saturating_add(CLOCK_SKEW_MS),
        at: app.now(),
    }
}

/// A business changed what its system user may reach, or removed the app.
async fn of_business(
    app: &App,
    event: &WebhookEvent,
    business: &str,
    is_removal: bool,
) -> Result<&'static str, StoreError> {
    let connections = app.store.list_connections_of_business(&event.app_id, business).await?;
    if connections.is_empty() {
        return Ok("nobody of ours");
    }
    for connection in connections {
        if is_removal {
            app.store.enqueue_job(&app.new_job_id(), JobKind::Check, &connection, "", app.now()).await?;
        } else if let Some(id) = ConnectionId::from_text(&connection) {
            sync::start(app, &id, Priority::Interactive).await?;
        }
    }
    Ok(if is_removal { "checked" } else { "read again" })
}

/// A hint that an ad account's standing changed: every connection that chose it looks.
async fn next_check_at(app: &App, account_id: &str) -> Result<&'static str, StoreError> {
    let account_id = account_id.strip_prefix("act_").unwrap_or(account_id);
    let connections = app.store.request_account_check(account_id, app.now()).await?;
    for connection in &connections {
        app.store.enqueue_job(&app.new_job_id(), JobKind::StatusCheck, connection, "", app.now()).await?;
    }
    Ok(if connections.is_empty() { "nobody of ours" } else { "looked at" })
}

/// An id from Meta's JSON, sent as text or as a number; "" where there is none.
fn digits(value: &Value, key: &str) -> String {
    match value.get(key) {
        Some(Value::String(text)) => text.chars().filter(char::is_ascii_digit).take(64).collect(),
        Some(Value::Number(number)) => number.to_string(),
        _ => String::new(),
    }
}
