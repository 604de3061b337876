//! Delivering: events of one connection reach an endpoint in their order, each until it is answered with a 2xx or given
//! up after a day. At least once: a crash between sending and recording sends it again, under the same `webhook-id`.

use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream;
use metaads_store::{
    AfterAttempt, DeliveryAttempt, DeliveryError, DisabledReason, Job, JobKind, StoreError, WebhookDelivery,
    WebhookEndpoint,
};
use serde_json::{Value, json};
use zeroize::Zeroizing;

use crate::app::App;
use crate::clock::{DAY, HOUR, MINUTE, SECOND, ms};
use crate::messages::format::iso;
use crate::public_http::PostError;
use crate::queue::{JobOutcome, lease};
use crate::webhooks::outgoing::secrets::{SecretError, open_secret};
use crate::webhooks::outgoing::signature;

/// Deliveries to one endpoint at the same time, of as many connections.
const AT_ONCE: usize = 16;
/// A step starts no round after this time, so that other endpoints get their turn.
const BUDGET: Duration = Duration::from_secs(5);
/// Pauses after each failed attempt (milliseconds); after the last attempt the delivery is given up.
const PAUSES: [i64; 10] = [
    5 * SECOND,
    30 * SECOND,
    2 * MINUTE,
    10 * MINUTE,
    30 * MINUTE,
    HOUR,
    2 * HOUR,
    4 * HOUR,
    8 * HOUR,
    8 * HOUR,
];
/// No attempt is scheduled later than this (milliseconds): a later one was scheduled by a wrong clock.
const FARTHEST: i64 = 10 * HOUR;
/// The longest `Retry-After` that is followed.
const LONGEST_RETRY_AFTER: i64 = 8 * HOUR;
/// An endpoint that has failed for this long is disabled (milliseconds).
const FAILING_FOR: i64 = 5 * DAY;

/// One step of the job of an endpoint.
pub async fn step(app: &App, job: &Job) -> Result<JobOutcome, StoreError> {
    let endpoint = app.store.find_webhook_endpoint_for_job(&job.subject).await?;
    let Some(endpoint) = endpoint.filter(WebhookEndpoint::is_enabled) else { return Ok(JobOutcome::Done) };
    let keys = match signing_keys(app, &endpoint).await {
        Ok(keys) => keys,
        Err(error) => {
            tracing::error!(endpoint = endpoint.id, %error, "webhooks cannot be signed: nothing is sent");
            return Ok(JobOutcome::Retry);
        }
    };
    let started = app.clock.monotonic();
    let limit = i64::try_from(AT_ONCE).unwrap_or(i64::MAX);
    loop {
        let now = app.now();
        let due = app.store.list_due_deliveries(&endpoint.id, now, now + FARTHEST, limit).await?;
        if due.is_empty() {
            break;
        }
        // (1) Network. A crash leaves the delivery pending: it is sent again.
        let mut attempts = Vec::new();
        for delivery in &due {
            attempts.push(attempt(app, &endpoint, &keys, delivery));
        }
        let mut attempts = stream::iter(attempts).buffer_unordered(AT_ONCE);
        while let Some(attempt) = attempts.next().await {
            // (2) One write for each outcome.
            if record(app, &attempt).await?.is_some() {
                return Ok(JobOutcome::Done);
            }
        }
        if app.clock.monotonic() - started > ms(BUDGET) {
            break;
        }
    }
    Ok(match app.store.next_delivery_at(&endpoint.id).await? {
        Some(at) => JobOutcome::RunAt(at),
        None => JobOutcome::Done,
    })
}

/// One step now, because somebody waits for it. If a worker is delivering to the endpoint, it goes on.
pub async fn now(app: &App, endpoint: &str) -> Result<(), StoreError> {
    let Some(job) = app.store.claim_job_of(JobKind::Deliver, endpoint, lease(app.now())).await? else {
        return Ok(());
    };
    match step(app, &job).await? {
        JobOutcome::Done => {
            app.store.finish_job(&job).await?;
        }
        JobOutcome::RunAt(at) => {
            app.store.postpone_job(&job, at, job.attempts).await?;
        }
        JobOutcome::Retry | JobOutcome::Recorded => {
            app.store.postpone_job(&job, app.now() + MINUTE, job.attempts + 1).await?;
        }
    }
    app.signals.outgoing.notify();
    Ok(())
}

/// The keys that sign now, the newest first.
async fn signing_keys(app: &App, endpoint: &WebhookEndpoint) -> Result<Vec<Zeroizing<Vec<u8>>>, SecretError> {
    let previous = endpoint.previous.as_ref().filter(|(_, ends_at)| *ends_at > app.now());
    let mut keys = Vec::new();
    for id in std::iter::once(&endpoint.secret_id).chain(previous.map(|(id, _)| id)) {
        let secret = Zeroizing::new(open_secret(app, id).await?);
        keys.push(signature::key_bytes(&secret).ok_or(SecretError::Malformed)?);
    }
    Ok(keys)
}

/// The body of a delivery; the same at each attempt.
pub fn payload(delivery: &WebhookDelivery) -> String {
    let data: Value = serde_json::from_str(&delivery.data).unwrap_or_default();
    json!({ "type": delivery.kind, "timestamp": iso(delivery.event_at), "data": data }).to_string()
}

/// Sends a delivery once. Network only.
async fn attempt(
    app: &App,
    endpoint: &WebhookEndpoint,
    keys: &[Zeroizing<Vec<u8>>],
    delivery: &WebhookDelivery,
) -> DeliveryAttempt {
    let (body, timestamp) = (payload(delivery), app.now() / SECOND);
    let headers = vec![
        ("webhook-id", delivery.event_id.clone()),
        ("webhook-timestamp", timestamp.to_string()),
        ("webhook-signature", signature::sign(keys, &delivery.event_id, timestamp, &body)),
    ];
    let answer = app.public_http.post(&endpoint.url, headers, body).await;
    let (status, error) = match &answer {
        Ok(answer) if (200..300).contains(&answer.status) => (Some(answer.status), None),
        Ok(answer) if (300..400).contains(&answer.status) => {
            (Some(answer.status), Some(DeliveryError::Redirect))
        }
        Ok(answer) => (Some(answer.status), Some(DeliveryError::Status)),
        Err(error) => (None, Some(delivery_error(*error))),
    };
    let retry_after = answer.as_ref().ok().and_then(|answer| answer.retry_after).unwrap_or_default();
    DeliveryAttempt {
        delivery_id: delivery.id.clone(),
        endpoint_id: endpoint.id.clone(),
        attempts_before: delivery.attempts,
        next: match (status, error) {
            (_, None) => AfterAttempt::Delivered,
            (Some(410), Some(_)) => AfterAttempt::Gone,
            (_, Some(_)) => after_failure(app, delivery.attempts, retry_after),
        },
        response_status: status.map(i64::from),
        response_body: answer.ok().map(|answer| answer.body).filter(|body| !body.is_empty()),
        error,
        at: app.now(),
    }
}

fn delivery_error(error: PostError) -> DeliveryError {
    match error {
        PostError::BadUrl => DeliveryError::BadUrl,
        PostError::PrivateAddress => DeliveryError::PrivateAddress,
        PostError::UnknownHost => DeliveryError::UnknownHost,
        PostError::TimedOut => DeliveryError::TimedOut,
        PostError::Unreachable => DeliveryError::Unreachable,
    }
}

/// After a failed attempt; `attempts`: how many there were before it. `retry_after`: seconds that the server asks for.
fn after_failure(app: &App, attempts: i64, retry_after: i64) -> AfterAttempt {
    let pause = usize::try_from(attempts).ok().and_then(|index| PAUSES.get(index));
    let Some(pause) = pause else { return AfterAttempt::Dead };
    // A tenth more or less, so that what failed together does not come back together.
    let [jitter] = app.random.bytes::<1>();
    let pause = pause * 9 / 10 + pause * i64::from(jitter) / 5 / 255;
    let asked = retry_after.saturating_mul(SECOND).min(LONGEST_RETRY_AFTER);
    AfterAttempt::RetryAt(app.now() + pause.max(asked))
}

async fn record(app: &App, attempt: &DeliveryAttempt) -> Result<Option<DisabledReason>, StoreError> {
    if let Some(error) = attempt.error {
        tracing::info!(
            delivery = attempt.delivery_id,
            endpoint = attempt.endpoint_id,
            status = attempt.response_status,
            error = error.as_str(),
            attempt = attempt.attempts_before + 1,
            "webhook not delivered"
        );
    }
    let disabled = app.store.record_delivery_attempt(attempt, attempt.at - FAILING_FOR).await?;
    if let Some(reason) = disabled {
        tracing::warn!(endpoint = attempt.endpoint_id, reason = reason.as_str(), "webhook endpoint disabled");
    }
    Ok(disabled)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attempts_go_on_for_about_a_day() {
        let total: i64 = PAUSES.iter().sum();
        assert!((23 * HOUR..25 * HOUR).contains(&total), "{total}");
        assert!(PAUSES.iter().all(|pause| pause * 11 / 10 < FARTHEST));
    }
}
