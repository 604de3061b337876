//! The audit log: the history of each connection. Events are typed; see [`AuditEvent`].

use metaads_store_rows::{AuditEntry, AuditEvent, ConnectionId, NewAuditEvent, OutboxChange, StoreError};

use crate::queries::outbox::append_to_outbox;
use crate::{Db, Engine};

impl Db {
    /// The history of a connection, newest first; `before`: only what is older than this event.
    pub async fn list_audit(
        &self,
        id: &ConnectionId,
        before: Option<&str>,
        limit: i64,
    ) -> Result<Vec<AuditEntry>, StoreError> {
        let rows = sqlx::query!(
            r#"SELECT id AS "id!", at AS "at!", action AS "action!", detail AS "detail!"
               FROM audit_log WHERE connection_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3"#,
            id.as_str(),
            before.unwrap_or("g"),
            limit
        )
        .fetch_all(&self.read)
        .await?;
        let entry = |id, at, action: &str, detail: &str| AuditEntry {
            id,
            at,
            event: AuditEvent::from_columns(action, detail),
        };
        Ok(rows.into_iter().map(|row| entry(row.id, row.at, &row.action, &row.detail)).collect())
    }
}

/// An event that only repeats another one of this last hour is not recorded again.
const REPEATED_WITHIN_MS: i64 = 3_600_000;

/// Appends an event to the history of a connection, and to the outbox what it means to others. `user`: who acted; None:
/// the user who granted the connection.
pub(crate) async fn append_event(
    tx: &mut sqlx::Transaction<'static, Engine>,
    connection: &str,
    user: Option<&str>,
    new: &NewAuditEvent,
    at: i64,
) -> Result<(), StoreError> {
    let (action, detail) = new.event.to_columns();
    if new.event.is_repeatable() {
        let earlier = sqlx::query!(
            r#"SELECT detail AS "detail!" FROM audit_log
               WHERE connection_id = $1 AND action = $2 AND at > $3 AND at <= $4 ORDER BY id DESC LIMIT 1"#,
            connection,
            action,
            at - REPEATED_WITHIN_MS,
            at
        )
        .fetch_optional(&mut **tx)
        .await?;
        if earlier.is_some_and(|row| new.event.repeats(&AuditEvent::from_columns(&action, &row.detail))) {
            return Ok(());
        }
    }
    sqlx::query!(
        "INSERT INTO audit_log (id, at, user_id, connection_id, action, detail)
         SELECT $1, $2, COALESCE($3, user_id), id, $4, $5 FROM meta_connections WHERE id = $6",
        new.id,
        at,
        user,
        action,
        detail,
        connection
    )
    .execute(&mut **tx)
    .await?;
    append_to_outbox(tx, connection, &new.id, OutboxChange::of(&new.event).into_iter().collect(), at).await
}
