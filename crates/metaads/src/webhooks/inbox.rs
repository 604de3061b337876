//! The webhook inbox: inbound webhooks are verified and stored before they are answered; `apply` applies them later.

use metaads_graph::{
    AppScopedUserId, AppSecret, Change, SignedRequest, UnixSeconds, WebhookError, parse_event,
    parse_signed_request, verify_event,
};
use metaads_store::{
    DeletionOutcome, DeletionRequest, JobKind, JobPayload, NewJob, NewWebhookEvent, StoreError,
};

use crate::app::App;
use crate::clock::DAY;
use crate::random::hash;
use crate::webhooks::data_deletion;

/// What we subscribe to: objects of webhooks and their fields.
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

/// The object of the deauthorize callback.
pub const DEAUTHORIZE: &str = "deauthorize";
/// The object of the data deletion callback.
pub const DATA_DELETION: &str = "data_deletion";

/// The field of a deletion that an operator imported.
pub const IMPORTED: &str = "imported";

/// The job that applies events that erase something, apart from all others.
pub const ERASURES: &str = "erasures";

/// A signed request that is older was not sent by Meta now (milliseconds).
const LONGEST_DELAY_MS: i64 = 7 * DAY;

/// The user of test calls from the App Dashboard.
const TEST_USER: &str = "0";

/// Why a call is refused.
#[derive(Debug, thiserror::Error)]
pub enum ReceiveError {
    #[error(transparent)]
    Webhook(#[from] WebhookError),
    /// Signed more than a week ago.
    #[error("the request was signed more than a week ago")]
    Outdated,
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Receives the body of a webhook. Returns how many of its changes were new.
pub async fn receive_event(app: &App, signature: Option<&str>, body: &[u8]) -> Result<u64, ReceiveError> {
    let app_id = with_own_secrets(app, |secret| verify_event(signature, body, secret))?.0;
    let events: Vec<NewWebhookEvent> =
        parse_event(body)?.into_iter().map(|change| event_of_change(app, &app_id, &change)).collect();
    Ok(store(app, &events, apply_job(app)).await?)
}

/// Receives a deauthorize callback: the person removed the app.
pub async fn receive_deauthorize(app: &App, signed_request: &str) -> Result<(), ReceiveError> {
    let (app_id, request) = signed_request_of(app, signed_request)?;
    if request.user_id != TEST_USER {
        store(app, &[event_of_request(app, &app_id, DEAUTHORIZE, &request)], erasure_job(app)).await?;
    }
    Ok(())
}

/// Receives a data deletion callback. Returns the confirmation code, the same for a repeated call.
pub async fn receive_data_deletion(app: &App, signed_request: &str) -> Result<String, ReceiveError> {
    let (app_id, request) = signed_request_of(app, signed_request)?;
    let event =
        (request.user_id != TEST_USER).then(|| event_of_request(app, &app_id, DATA_DELETION, &request));
    Ok(store_deletion(app, &app_id, &request, event).await?)
}

/// Requests the deletion of people whose ids Meta listed for the operator. Returns their confirmation codes.
pub async fn import_deletions(app: &App, user_ids: &[String]) -> Result<Vec<String>, StoreError> {
    let app_id = app.graph().app().app_id.to_string();
    let mut codes = Vec::new();
    for user_id in user_ids {
        let issued_at = Some(UnixSeconds::from_millis(app.now()));
        let request = SignedRequest { user_id: user_id.clone(), issued_at };
        let event = event_of_request(app, &app_id, DATA_DELETION, &request);
        let event = NewWebhookEvent { field: IMPORTED.to_owned(), ..event };
        codes.push(store_deletion(app, &app_id, &request, Some(event)).await?);
    }
    Ok(codes)
}

/// What is wrong with a list of user ids.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum UserIdListError {
    #[error("The list contains no ids.")]
    Empty,
    #[error("These are {number} ids. Enter at most {most} at a time.")]
    TooMany { number: usize, most: usize },
    #[error("“{shown}” is not a user id: they consist of digits. Nothing was deleted.")]
    NotAnId { shown: String },
}

/// Parses a list of user ids as an operator pastes it: separated by lines, commas or spaces.
pub fn parse_user_ids(text: &str, most: usize) -> Result<Vec<String>, UserIdListError> {
    let words: Vec<&str> =
        text.split([',', ';', ' ', '\t', '\r', '\n', '"']).filter(|word| !word.is_empty()).collect();
    if words.is_empty() {
        return Err(UserIdListError::Empty);
    }
    if words.len() > most {
        return Err(UserIdListError::TooMany { number: words.len(), most });
    }
    let parse = |word: &&str| {
        AppScopedUserId::parse(word)
            .map(|id| id.to_string())
            .map_err(|_| UserIdListError::NotAnId { shown: word.chars().take(40).collect() })
    };
    let mut ids: Vec<String> = words.iter().map(parse).collect::<Result<_, _>>()?;
    ids.sort();
    ids.dedup();
    Ok(ids)
}

/// Replays events received since then (Unix milliseconds), except data deletions, which are final. Returns how many.
pub async fn replay(app: &App, since: i64) -> Result<u64, StoreError> {
    let number = app.store.replay_webhook_events(since, &apply_job(app)).await?;
    app.signals.enqueued.notify();
    Ok(number)
}

/// The hash under which a person's deletion request is stored.
pub fn user_hash(app_id: &str, user_id: &str) -> String {
    hash(&format!("{app_id}:{user_id}"))
}

/// Verifies a signed request, and refuses one that somebody has kept.
fn signed_request_of(app: &App, text: &str) -> Result<(String, SignedRequest), ReceiveError> {
    let (app_id, request) = with_own_secrets(app, |secret| parse_signed_request(text, secret))?;
    match request.issued_at {
        Some(at) if at.to_millis() < app.now() - LONGEST_DELAY_MS => Err(ReceiveError::Outdated),
        Some(_) | None => Ok((app_id, request)),
    }
}

/// Verifies a payload with the secrets of our apps, Facebook's first. Also returns the id of the matching app.
fn with_own_secrets<T>(
    app: &App,
    open: impl Fn(&AppSecret) -> Result<T, WebhookError>,
) -> Result<(String, T), WebhookError> {
    let meta = app.graph().app();
    let refused = match open(&meta.app_secret) {
        Ok(opened) => return Ok((meta.app_id.to_string(), opened)),
        Err(error) => error,
    };
    // Meta does not repeat these calls, so none may be lost while the secret changes.
    if let Some(Ok(opened)) = meta.previous_app_secret.as_ref().map(&open) {
        return Ok((meta.app_id.to_string(), opened));
    }
    // Apps of Instagram Login sign with a secret of their own.
    match &meta.instagram {
        Some(instagram) => open(&instagram.app_secret).map(|opened| (instagram.app_id.to_string(), opened)),
        None => Err(refused),
    }
}

async fn store(app: &App, events: &[NewWebhookEvent], job: NewJob) -> Result<u64, StoreError> {
    let stored = app.store.insert_webhook_events(events, &job).await?;
    app.signals.enqueued.notify();
    Ok(stored)
}

/// The job that applies all events but erasures.
fn apply_job(app: &App) -> NewJob {
    app.new_job(JobKind::Webhooks, "meta", JobPayload::Empty)
}

/// The job that applies erasures: the most overdue of all, so that it passes whatever else is waiting.
fn erasure_job(app: &App) -> NewJob {
    NewJob { run_at: 0, ..app.new_job(JobKind::Webhooks, ERASURES, JobPayload::Empty) }
}

fn event_of_change(app: &App, app_id: &str, change: &Change) -> NewWebhookEvent {
    let value = change.value.to_string();
    let sent_at = change.sent_at.get().to_string();
    let parts = [app_id, &change.object, &change.id, &change.field, &sent_at, &value];
    NewWebhookEvent {
        id: app.new_row_id(),
        digest: hash(&parts.join("\n")),
        app_id: app_id.to_owned(),
        object: change.object.clone(),
        subject: change.id.clone(),
        field: change.field.clone(),
        sent_at: change.sent_at.to_millis(),
        received_at: app.now(),
        value,
    }
}

fn event_of_request(app: &App, app_id: &str, object: &str, request: &SignedRequest) -> NewWebhookEvent {
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

/// When Meta signed it (Unix milliseconds), never in the future.
fn issued_at(app: &App, request: &SignedRequest) -> i64 {
    request.issued_at.map_or(app.now(), |at| at.to_millis()).clamp(0, app.now())
}

async fn store_deletion(
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
        outcome: is_test.then_some(DeletionOutcome::Test),
    };
    let id = app.store.insert_deletion(&row, event.as_ref(), &erasure_job(app)).await?;
    app.signals.enqueued.notify();
    Ok(data_deletion::code_of(&id))
}
