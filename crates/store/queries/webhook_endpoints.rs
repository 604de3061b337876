//! Endpoints of outgoing webhooks. Their secrets are sealed in `secrets`.

use metaads_store_rows::{
    DisabledReason, EndpointChange, NewSecret, NewWebhookEndpoint, StoreError, WebhookEndpoint,
    WebhookEndpointRow, WorkspaceId, types_to_column,
};

use crate::queries::api_keys::insert_secret;
use crate::{Db, Engine};

const DAY_MS: i64 = 86_400_000;
const EVENTS_KEPT_MS: i64 = 30 * DAY_MS;
/// Old events that one sweep deletes, so that none holds the database up.
const SWEPT_AT_ONCE: i64 = 1_000;

macro_rules! select_endpoints {
    ($rest:literal, $($argument:expr),+) => {
        sqlx::query_as!(
            WebhookEndpointRow,
            r#"SELECT id AS "id!", workspace_id AS "workspace_id!: WorkspaceId", url AS "url!", events AS "events!",
                      description AS "description!", secret_id AS "secret_id!",
                      previous_secret_id AS "previous_secret_id?", previous_ends_at AS "previous_ends_at?",
                      created_at AS "created_at!", failing_since AS "failing_since?", disabled_at AS "disabled_at?",
                      disabled_reason AS "disabled_reason?", request_hash AS "request_hash?"
               FROM webhook_endpoints WHERE "# + $rest,
            $($argument),+
        )
    };
}

impl Db {
    /// False if the same request has made one already.
    pub async fn insert_webhook_endpoint(&self, new: &NewWebhookEndpoint) -> Result<bool, StoreError> {
        let mut tx = self.begin().await?;
        let request = new.request.as_ref();
        let inserted = sqlx::query!(
            "INSERT INTO webhook_endpoints (id, workspace_id, user_id, url, events, description, secret_id, created_at,
                 request_owner, request_key, request_hash)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT DO NOTHING",
            new.id,
            new.workspace_id.as_str(),
            new.user_id.as_str(),
            new.url,
            types_to_column(&new.events),
            new.description,
            new.secret.id,
            new.created_at,
            request.map(|request| &request.owner),
            request.map(|request| &request.key),
            request.map(|request| &request.hash)
        )
        .execute(&mut *tx)
        .await?
        .rows_affected();
        if inserted == 0 {
            return Ok(false);
        }
        insert_secret(&mut tx, &new.secret).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// The endpoints of a workspace, the oldest first.
    pub async fn list_webhook_endpoints(
        &self,
        workspace: &WorkspaceId,
    ) -> Result<Vec<WebhookEndpoint>, StoreError> {
        let rows = select_endpoints!("workspace_id = $1 ORDER BY id LIMIT 500", workspace.as_str())
            .fetch_all(&self.read)
            .await?;
        Ok(rows.into_iter().map(WebhookEndpoint::from).collect())
    }

    pub async fn find_webhook_endpoint(
        &self,
        workspace: &WorkspaceId,
        id: &str,
    ) -> Result<Option<WebhookEndpoint>, StoreError> {
        let row = select_endpoints!("workspace_id = $1 AND id = $2", workspace.as_str(), id)
            .fetch_optional(&self.read)
            .await?;
        Ok(row.map(WebhookEndpoint::from))
    }

    /// An endpoint of any workspace, for the job that delivers to it.
    pub async fn find_webhook_endpoint_for_job(
        &self,
        id: &str,
    ) -> Result<Option<WebhookEndpoint>, StoreError> {
        let row = select_endpoints!("id = $1", id).fetch_optional(&self.read).await?;
        Ok(row.map(WebhookEndpoint::from))
    }

    /// The endpoint that a request with this `Idempotency-Key` has made.
    pub async fn find_webhook_endpoint_of_request(
        &self,
        workspace: &WorkspaceId,
        owner: &str,
        key: &str,
        since: i64,
    ) -> Result<Option<WebhookEndpoint>, StoreError> {
        let row = select_endpoints!(
            "workspace_id = $1 AND request_owner = $2 AND request_key = $3 AND created_at > $4",
            workspace.as_str(),
            owner,
            key,
            since
        )
        .fetch_optional(&self.read)
        .await?;
        Ok(row.map(WebhookEndpoint::from))
    }

    /// Changes an endpoint. False if there is none.
    pub async fn update_webhook_endpoint(
        &self,
        workspace: &WorkspaceId,
        id: &str,
        change: &EndpointChange,
        at: i64,
    ) -> Result<bool, StoreError> {
        let mut tx = self.begin().await?;
        let changed = sqlx::query!(
            "UPDATE webhook_endpoints SET url = COALESCE($3, url), events = COALESCE($4, events),
                 description = COALESCE($5, description)
             WHERE workspace_id = $1 AND id = $2",
            workspace.as_str(),
            id,
            change.url,
            change.events.as_ref().map(|events| types_to_column(events)),
            change.description
        )
        .execute(&mut *tx)
        .await?
        .rows_affected();
        match change.is_enabled {
            Some(true) if changed == 1 => enable(&mut tx, id).await?,
            Some(false) if changed == 1 => {
                disable(&mut tx, id, DisabledReason::Requested, at).await?;
            }
            _ => {}
        }
        tx.commit().await?;
        Ok(changed == 1)
    }

    /// Replaces the secret; the one before signs too until `previous_ends_at`. False if there is no such endpoint.
    pub async fn rotate_webhook_secret(
        &self,
        workspace: &WorkspaceId,
        id: &str,
        secret: &NewSecret,
        previous_ends_at: i64,
    ) -> Result<bool, StoreError> {
        let mut tx = self.begin().await?;
        let rotated = sqlx::query!(
            "UPDATE webhook_endpoints SET previous_secret_id = secret_id, previous_ends_at = $4, secret_id = $3
             WHERE workspace_id = $1 AND id = $2",
            workspace.as_str(),
            id,
            secret.id,
            previous_ends_at
        )
        .execute(&mut *tx)
        .await?
        .rows_affected();
        if rotated == 0 {
            return Ok(false);
        }
        insert_secret(&mut tx, secret).await?;
        // The secret before the previous one.
        sqlx::query!(
            "DELETE FROM secrets WHERE owner_id = $1 AND id NOT IN
                 (SELECT secret_id FROM webhook_endpoints WHERE id = $1
                  UNION SELECT previous_secret_id FROM webhook_endpoints WHERE id = $1)",
            id
        )
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Deletes an endpoint with its secrets and deliveries. False if there is none.
    pub async fn delete_webhook_endpoint(
        &self,
        workspace: &WorkspaceId,
        id: &str,
    ) -> Result<bool, StoreError> {
        let mut tx = self.begin().await?;
        let deleted = sqlx::query!(
            "DELETE FROM webhook_endpoints WHERE workspace_id = $1 AND id = $2",
            workspace.as_str(),
            id
        )
        .execute(&mut *tx)
        .await?
        .rows_affected();
        if deleted == 1 {
            sqlx::query!("DELETE FROM secrets WHERE owner_id = $1", id).execute(&mut *tx).await?;
            sqlx::query!("DELETE FROM jobs WHERE kind = 'deliver' AND subject = $1", id)
                .execute(&mut *tx)
                .await?;
        }
        tx.commit().await?;
        Ok(deleted == 1)
    }

    /// Deletes secrets that do not sign any more, forgets requests of yesterday, and deletes old events.
    pub async fn sweep_webhooks(&self, now: i64) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        sqlx::query!(
            "DELETE FROM secrets WHERE id IN
                 (SELECT previous_secret_id FROM webhook_endpoints WHERE previous_ends_at <= $1)",
            now
        )
        .execute(&mut *tx)
        .await?;
        sqlx::query!(
            "UPDATE webhook_endpoints SET previous_secret_id = NULL, previous_ends_at = NULL WHERE previous_ends_at <= $1",
            now
        )
        .execute(&mut *tx)
        .await?;
        sqlx::query!(
            "UPDATE webhook_endpoints SET request_owner = NULL, request_key = NULL, request_hash = NULL
             WHERE request_key IS NOT NULL AND created_at <= $1",
            now - DAY_MS
        )
        .execute(&mut *tx)
        .await?;
        sqlx::query!(
            "DELETE FROM outbox_events WHERE id IN (SELECT id FROM outbox_events WHERE at <= $1 ORDER BY at LIMIT $2)",
            now - EVENTS_KEPT_MS,
            SWEPT_AT_ONCE
        )
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(())
    }
}

/// The endpoints of a workspace that receive events.
pub(crate) async fn list_enabled_endpoints(
    tx: &mut sqlx::Transaction<'static, Engine>,
    workspace: &WorkspaceId,
) -> Result<Vec<WebhookEndpoint>, StoreError> {
    let rows = select_endpoints!(
        "workspace_id = $1 AND disabled_at IS NULL ORDER BY id LIMIT 500",
        workspace.as_str()
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows.into_iter().map(WebhookEndpoint::from).collect())
}

async fn enable(tx: &mut sqlx::Transaction<'static, Engine>, id: &str) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE webhook_endpoints SET failing_since = NULL, disabled_at = NULL, disabled_reason = NULL WHERE id = $1",
        id
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Disables an endpoint; what was on its way to it is given up. False if it was disabled already.
pub(crate) async fn disable(
    tx: &mut sqlx::Transaction<'static, Engine>,
    id: &str,
    reason: DisabledReason,
    at: i64,
) -> Result<bool, StoreError> {
    let disabled = sqlx::query!(
        "UPDATE webhook_endpoints SET disabled_at = $2, disabled_reason = $3 WHERE id = $1 AND disabled_at IS NULL",
        id,
        at,
        reason.as_str()
    )
    .execute(&mut **tx)
    .await?
    .rows_affected();
    if disabled == 1 {
        sqlx::query!(
            "UPDATE webhook_deliveries SET status = 'dead', error = COALESCE(error, 'disabled')
             WHERE endpoint_id = $1 AND status = 'pending'",
            id
        )
        .execute(&mut **tx)
        .await?;
    }
    Ok(disabled == 1)
}
