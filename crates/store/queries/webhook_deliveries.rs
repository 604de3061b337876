//! Deliveries of outgoing webhooks. Sending them is the service's part.

use metaads_store_rows::{
    AfterAttempt, DeliveryAttempt, DeliveryError, DeliveryStatus, DisabledReason, StoreError,
    WebhookDelivery, WebhookEndpoint, WorkspaceId, combined_id,
};

use crate::queries::jobs::enqueue;
use crate::queries::outbox::deliver_job;
use crate::queries::webhook_endpoints::disable;
use crate::{Db, Engine};

macro_rules! select_deliveries {
    ($rest:literal, $($argument:expr),+) => {
        sqlx::query_as!(
            WebhookDelivery,
            r#"SELECT d.id AS "id!", d.endpoint_id AS "endpoint_id!", p.url AS "url!", d.event_id AS "event_id!",
                      e.connection_id AS "connection_id!", e.type AS "kind!", e.data AS "data!", e.at AS "event_at!",
                      d.status AS "status!: DeliveryStatus", d.attempts AS "attempts!",
                      d.next_attempt_at AS "next_attempt_at!", d.created_at AS "created_at!",
                      d.last_attempt_at AS "last_attempt_at?", d.response_status AS "response_status?",
                      d.response_body AS "response_body?", d.error AS "error?: DeliveryError"
               FROM webhook_deliveries d JOIN outbox_events e ON e.id = d.event_id
                   JOIN webhook_endpoints p ON p.id = d.endpoint_id WHERE "# + $rest,
            $($argument),+
        )
    };
}

impl Db {
    /// Deliveries to an endpoint that are due: of each connection the first that is pending. One that is scheduled after
    /// `farthest` was scheduled by a wrong clock and counts as due.
    pub async fn list_due_deliveries(
        &self,
        endpoint: &str,
        now: i64,
        farthest: i64,
        limit: i64,
    ) -> Result<Vec<WebhookDelivery>, StoreError> {
        Ok(select_deliveries!(
            "d.endpoint_id = $1 AND d.status = 'pending' AND (d.next_attempt_at <= $2 OR d.next_attempt_at > $3)
             AND NOT EXISTS (SELECT 1 FROM webhook_deliveries before WHERE before.endpoint_id = d.endpoint_id
                 AND before.status = 'pending' AND before.ordering_key = d.ordering_key AND before.position < d.position)
             ORDER BY d.next_attempt_at, d.position LIMIT $4",
            endpoint,
            now,
            farthest,
            limit
        )
        .fetch_all(&self.read)
        .await?)
    }

    /// When the next attempt to deliver to an endpoint is due.
    pub async fn next_delivery_at(&self, endpoint: &str) -> Result<Option<i64>, StoreError> {
        let row = sqlx::query!(
            r#"SELECT MIN(d.next_attempt_at) AS "at?: i64" FROM webhook_deliveries d
               WHERE d.endpoint_id = $1 AND d.status = 'pending'
                 AND NOT EXISTS (SELECT 1 FROM webhook_deliveries before WHERE before.endpoint_id = d.endpoint_id
                     AND before.status = 'pending' AND before.ordering_key = d.ordering_key
                     AND before.position < d.position)"#,
            endpoint
        )
        .fetch_one(&self.read)
        .await?;
        Ok(row.at)
    }

    /// Deliveries of a workspace, the newest first; `before`: only those older than this one. Empty filters match all.
    pub async fn list_deliveries(
        &self,
        workspace: &WorkspaceId,
        (endpoint, status): (&str, &str),
        before: Option<&str>,
        limit: i64,
    ) -> Result<Vec<WebhookDelivery>, StoreError> {
        Ok(select_deliveries!(
            "d.workspace_id = $1 AND d.id < $2 AND ($3 = '' OR d.endpoint_id = $3) AND ($4 = '' OR d.status = $4)
             ORDER BY d.id DESC LIMIT $5",
            workspace.as_str(),
            before.unwrap_or("g"),
            endpoint,
            status,
            limit
        )
        .fetch_all(&self.read)
        .await?)
    }

    pub async fn find_delivery(
        &self,
        workspace: &WorkspaceId,
        id: &str,
    ) -> Result<Option<WebhookDelivery>, StoreError> {
        Ok(select_deliveries!("d.workspace_id = $1 AND d.id = $2", workspace.as_str(), id)
            .fetch_optional(&self.read)
            .await?)
    }

    /// Writes the outcome of an attempt. An endpoint that is gone, or whose attempts have all failed since
    /// `failing_before`, is disabled: then this is the reason.
    pub async fn record_delivery_attempt(
        &self,
        attempt: &DeliveryAttempt,
        failing_before: i64,
    ) -> Result<Option<DisabledReason>, StoreError> {
        let mut tx = self.begin().await?;
        let is_delivered = attempt.next == AfterAttempt::Delivered;
        // Lock order: the endpoint, then deliveries.
        let endpoint = sqlx::query!(
            r#"UPDATE webhook_endpoints
               SET failing_since = CASE WHEN $2 THEN NULL ELSE COALESCE(failing_since, $3) END
               WHERE id = $1 RETURNING failing_since AS "failing_since?: i64""#,
            attempt.endpoint_id,
            is_delivered,
            attempt.at
        )
        .fetch_optional(&mut *tx)
        .await?;
        let Some(endpoint) = endpoint else { return Ok(None) };
        let (status, next_at) = match attempt.next {
            AfterAttempt::Delivered => (DeliveryStatus::Delivered, attempt.at),
            AfterAttempt::RetryAt(at) => (DeliveryStatus::Pending, at),
            AfterAttempt::Dead | AfterAttempt::Gone => (DeliveryStatus::Dead, attempt.at),
        };
        sqlx::query!(
            "UPDATE webhook_deliveries SET status = $3, attempts = attempts + 1, next_attempt_at = $4,
                 last_attempt_at = $5, response_status = $6, response_body = $7, error = $8
             WHERE id = $1 AND status = 'pending' AND attempts = $2",
            attempt.delivery_id,
            attempt.attempts_before,
            status.as_str(),
            next_at,
            attempt.at,
            attempt.response_status,
            attempt.response_body,
            attempt.error.map(DeliveryError::as_str)
        )
        .execute(&mut *tx)
        .await?;
        let is_failing = endpoint.failing_since.is_some_and(|since| since <= failing_before);
        let reason = match attempt.next {
            AfterAttempt::Gone => Some(DisabledReason::Gone),
            AfterAttempt::RetryAt(_) | AfterAttempt::Dead if is_failing => Some(DisabledReason::Failing),
            AfterAttempt::Delivered | AfterAttempt::RetryAt(_) | AfterAttempt::Dead => None,
        };
        let mut disabled = None;
        if let Some(reason) = reason
            && disable(&mut tx, &attempt.endpoint_id, reason, attempt.at).await?
        {
            disabled = Some(reason);
        }
        tx.commit().await?;
        Ok(disabled)
    }

    /// Sends a delivery once more, after what is pending for its connection. False if there is none that is over, or its
    /// endpoint is disabled.
    pub async fn replay_delivery(
        &self,
        workspace: &WorkspaceId,
        id: &str,
        job_id: &str,
        at: i64,
    ) -> Result<bool, StoreError> {
        let mut tx = self.begin().await?;
        let row = sqlx::query!(
            r#"SELECT d.endpoint_id AS "endpoint_id!", d.ordering_key AS "ordering_key!"
               FROM webhook_deliveries d JOIN webhook_endpoints p ON p.id = d.endpoint_id
               WHERE d.workspace_id = $1 AND d.id = $2 AND d.status <> 'pending' AND p.disabled_at IS NULL"#,
            workspace.as_str(),
            id
        )
        .fetch_optional(&mut *tx)
        .await?;
        let Some(row) = row else { return Ok(false) };
        let last = sqlx::query!(
            r#"SELECT MAX(position) AS "position?: i64" FROM webhook_deliveries
               WHERE endpoint_id = $1 AND ordering_key = $2 AND status = 'pending'"#,
            row.endpoint_id,
            row.ordering_key
        )
        .fetch_one(&mut *tx)
        .await?;
        // After every event so far, and before the next one.
        let position = last.position.map_or(at, |position| at.max(position + 1));
        let replayed = sqlx::query!(
            "UPDATE webhook_deliveries SET status = 'pending', attempts = 0, next_attempt_at = $2, position = $3
             WHERE id = $1 AND status <> 'pending'",
            id,
            at,
            position
        )
        .execute(&mut *tx)
        .await?
        .rows_affected();
        enqueue(&mut tx, &deliver_job(&row.endpoint_id, job_id, at)).await?;
        tx.commit().await?;
        Ok(replayed == 1)
    }

    /// Makes a test event for one endpoint, and its delivery. Returns the delivery's id.
    pub async fn insert_test_delivery(
        &self,
        endpoint: &WebhookEndpoint,
        event_id: &str,
        data: &str,
        at: i64,
    ) -> Result<String, StoreError> {
        let mut tx = self.begin().await?;
        sqlx::query!(
            "INSERT INTO outbox_events (id, workspace_id, connection_id, type, data, at, position, number)
             VALUES ($1, $2, '', 'webhook.test', $3, $4, $4, 0)",
            event_id,
            endpoint.workspace_id.as_str(),
            data,
            at
        )
        .execute(&mut *tx)
        .await?;
        insert_delivery(&mut tx, endpoint, event_id, (event_id, at), at).await?;
        let id = delivery_id(event_id, &endpoint.id);
        enqueue(&mut tx, &deliver_job(&endpoint.id, &id, at)).await?;
        tx.commit().await?;
        Ok(id)
    }
}

/// The delivery of an event to an endpoint; made once, however often.
pub(crate) async fn insert_delivery(
    tx: &mut sqlx::Transaction<'static, Engine>,
    endpoint: &WebhookEndpoint,
    event_id: &str,
    (ordering_key, position): (&str, i64),
    at: i64,
) -> Result<(), StoreError> {
    sqlx::query!(
        "INSERT INTO webhook_deliveries (id, workspace_id, endpoint_id, event_id, ordering_key, position, status,
             attempts, next_attempt_at, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, 'pending', 0, $7, $7) ON CONFLICT (endpoint_id, event_id) DO NOTHING",
        delivery_id(event_id, &endpoint.id),
        endpoint.workspace_id.as_str(),
        endpoint.id,
        event_id,
        ordering_key,
        position,
        at
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// The id of the delivery of an event to an endpoint: a UUID with the event's time, in front of random bits of both.
pub(crate) fn delivery_id(event: &str, endpoint: &str) -> String {
    combined_id(event, endpoint)
}
