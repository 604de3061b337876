//! The outbox: events for others, written in the transaction of the change. `webhook_deliveries` has what becomes of them.

use metaads_store_rows::{
    ConnectionKind, ConnectionStatus, Expansion, JobId, JobKind, JobPayload, NewJob, NewOutboxEvent,
    OutboxChange, OutboxEvent, OutboxEventType, OutboxSubject, Priority, StatusReason, StoreError,
    WebhookEndpoint, WorkspaceId, erased_data,
};

use crate::queries::jobs::enqueue;
use crate::queries::webhook_deliveries::{delivery_id, insert_delivery};
use crate::queries::webhook_endpoints::list_enabled_endpoints;
use crate::{Db, Engine};

impl Db {
    /// Events of a workspace after the one with this number, in the order in which their changes were committed. None
    /// appears later among those that were listed before.
    pub async fn list_outbox_events(
        &self,
        workspace: &WorkspaceId,
        after: i64,
        limit: i64,
    ) -> Result<Vec<OutboxEvent>, StoreError> {
        Ok(sqlx::query_as!(
            OutboxEvent,
            r#"SELECT id AS "id!", connection_id AS "connection_id!", account_id AS "account_id?", type AS "kind!",
                      data AS "data!", at AS "at!", number AS "number!"
               FROM outbox_events WHERE workspace_id = $1 AND number > $2 AND type <> 'webhook.test'
               ORDER BY number LIMIT $3"#,
            workspace.as_str(),
            after,
            limit
        )
        .fetch_all(&self.read)
        .await?)
    }

    /// Numbers new events of a workspace, makes their deliveries, and enqueues the job of each endpoint that has one.
    pub async fn expand_outbox(
        &self,
        workspace: &WorkspaceId,
        now: i64,
        limit: i64,
    ) -> Result<Expansion, StoreError> {
        let mut tx = self.begin().await?;
        // Two that run at the same time wait for each other here.
        sqlx::query!("UPDATE workspaces SET created_at = created_at WHERE id = $1", workspace.as_str())
            .execute(&mut *tx)
            .await?;
        let events = sqlx::query!(
            r#"SELECT id AS "id!", connection_id AS "connection_id!", type AS "kind!", position AS "position!"
               FROM outbox_events WHERE workspace_id = $1 AND number IS NULL ORDER BY position, id LIMIT $2"#,
            workspace.as_str(),
            limit
        )
        .fetch_all(&mut *tx)
        .await?;
        let endpoints = list_enabled_endpoints(&mut tx, workspace).await?;
        let last = sqlx::query!(
            r#"SELECT MAX(number) AS "number?: i64" FROM outbox_events WHERE workspace_id = $1"#,
            workspace.as_str()
        )
        .fetch_one(&mut *tx)
        .await?;
        // Numbers never repeat, even if every event was swept.
        let mut number = last.number.unwrap_or_default().max(now);
        let mut deliveries = 0;
        for event in &events {
            number += 1;
            sqlx::query!("UPDATE outbox_events SET number = $2 WHERE id = $1", event.id, number)
                .execute(&mut *tx)
                .await?;
            for endpoint in endpoints.iter().filter(|endpoint| receives(endpoint, &event.kind)) {
                let key = (event.connection_id.as_str(), event.position);
                insert_delivery(&mut tx, endpoint, &event.id, key, now).await?;
                deliveries += 1;
            }
        }
        if let Some(event) = events.first().filter(|_| deliveries > 0) {
            for endpoint in &endpoints {
                enqueue(&mut tx, &deliver_job(&endpoint.id, &delivery_id(&event.id, &endpoint.id), now))
                    .await?;
            }
        }
        tx.commit().await?;
        Ok(Expansion { events: events.len(), deliveries })
    }
}

fn receives(endpoint: &WebhookEndpoint, kind: &str) -> bool {
    OutboxEventType::from_text(kind).is_some_and(|kind| endpoint.receives(kind))
}

/// The job that delivers to an endpoint; `id`: any UUID that no other job has.
pub(crate) fn deliver_job(endpoint: &str, id: &str, now: i64) -> NewJob {
    outgoing_job(JobKind::Deliver, endpoint, id, now)
}

fn outgoing_job(kind: JobKind, subject: &str, id: &str, now: i64) -> NewJob {
    NewJob {
        id: JobId::from_text(id).expect("ids of events and deliveries are UUIDs"),
        kind,
        subject: subject.to_owned(),
        payload: JobPayload::Empty,
        priority: Priority::Outgoing,
        run_at: now,
    }
}

/// Writes what a change of a connection means to the outside, and enqueues the job that makes the deliveries. The
/// connection is locked by this transaction, so that its events have an order.
pub(crate) async fn append_to_outbox(
    tx: &mut sqlx::Transaction<'static, Engine>,
    connection: &str,
    audit_id: &str,
    changes: Vec<OutboxChange>,
    at: i64,
) -> Result<(), StoreError> {
    if changes.is_empty() {
        return Ok(());
    }
    let subject = sqlx::query_as!(
        OutboxSubject,
        r#"SELECT workspace_id AS "workspace_id!: WorkspaceId", kind AS "kind!: ConnectionKind", name AS "name!",
                  status AS "status!: ConnectionStatus", status_reason AS "reason?: StatusReason",
                  expires_at AS "expires_at?"
           FROM meta_connections WHERE id = $1"#,
        connection
    )
    .fetch_optional(&mut **tx)
    .await?;
    let Some(subject) = subject else { return Ok(()) };
    let last = last_position(tx, connection).await?;
    let events = subject.events(connection, audit_id, changes, (at, last));
    insert(tx, &events).await?;
    enqueue(tx, &outgoing_job(JobKind::Events, subject.workspace_id.as_str(), audit_id, at)).await
}

async fn last_position(
    tx: &mut sqlx::Transaction<'static, Engine>,
    connection: &str,
) -> Result<i64, StoreError> {
    let row = sqlx::query!(
        r#"SELECT MAX(position) AS "position?: i64" FROM outbox_events WHERE connection_id = $1"#,
        connection
    )
    .fetch_one(&mut **tx)
    .await?;
    Ok(row.position.unwrap_or_default())
}

async fn insert(
    tx: &mut sqlx::Transaction<'static, Engine>,
    events: &[NewOutboxEvent],
) -> Result<(), StoreError> {
    let rows = serde_json::to_string(events).expect("rows of text and numbers always serialize");
    insert_outbox_events!(rows).execute(&mut **tx).await?;
    Ok(())
}

/// The connection is about to be deleted: its events keep their types and ids, and lose every name. What receivers have
/// echoed is erased too.
pub(crate) async fn erase_from_outbox(
    tx: &mut sqlx::Transaction<'static, Engine>,
    connection: &str,
) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE outbox_events SET data = $2 WHERE connection_id = $1",
        connection,
        erased_data(connection)
    )
    .execute(&mut **tx)
    .await?;
    sqlx::query!(
        "UPDATE webhook_deliveries SET response_body = NULL WHERE ordering_key = $1 AND response_body IS NOT NULL",
        connection
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}
