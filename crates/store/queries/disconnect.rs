//! Ends connections: disconnected here, app removed at Meta, or deleted with their assets and history.

use metaads_store_rows::{
    AuditEvent, ConnectionId, ConnectionStatus, DisconnectRequest, GrantRevocation, NewAuditEvent,
    OutboxChange, StatusReason, StoreError, WorkspaceId, dated_id,
};

use crate::queries::audit::append_event;
use crate::queries::jobs::{delete_jobs_of_connection, restart};
use crate::queries::outbox::{append_to_outbox, erase_from_outbox};
use crate::{Db, Engine};

impl Db {
    /// Erases the token, marks the connection as revoked, and enqueues the revocation at Meta, if any. False if the
    /// workspace has no such live connection.
    pub async fn disconnect(&self, request: &DisconnectRequest) -> Result<bool, StoreError> {
        let mut tx = self.begin().await?;
        let id = request.connection_id.as_str();
        let live = sqlx::query!(
            "UPDATE meta_connections SET updated_at = $3
             WHERE workspace_id = $1 AND id = $2 AND status <> 'revoked'",
            request.workspace_id.as_str(),
            id,
            request.at
        )
        .execute(&mut *tx)
        .await?
        .rows_affected();
        if live == 0 {
            return Ok(false);
        }
        mark_revoked(&mut tx, id, None, request.at).await?;
        if let Some(job) = &request.revoke_job {
            restart(&mut tx, job).await?;
        }
        let event = AuditEvent::Disconnected { mode: request.mode };
        let event = NewAuditEvent { id: request.audit_id.clone(), event };
        append_event(&mut tx, id, Some(request.user_id.as_str()), &event, request.at).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Whether a revocation of this grant is still queued.
    pub async fn is_revocation_pending(&self, app_id: &str, meta_user_id: &str) -> Result<bool, StoreError> {
        let grant = format!("{app_id}:{meta_user_id}");
        let row = sqlx::query!(
            r#"SELECT COUNT(*) AS "count!: i64" FROM jobs WHERE kind = 'revoke' AND subject = $1"#,
            grant
        )
        .fetch_one(&self.read)
        .await?;
        Ok(row.count > 0)
    }

    /// Deletes a disconnected connection with its assets and history. False if the workspace has no such disconnected
    /// connection.
    pub async fn purge_connection(
        &self,
        workspace: &WorkspaceId,
        id: &ConnectionId,
    ) -> Result<bool, StoreError> {
        let mut tx = self.begin().await?;
        // Locks the row, so that a login that reconnects it at this moment comes before or after.
        let found = sqlx::query!(
            "UPDATE meta_connections SET updated_at = updated_at
             WHERE workspace_id = $1 AND id = $2 AND status = 'revoked'",
            workspace.as_str(),
            id.as_str()
        )
        .execute(&mut *tx)
        .await?
        .rows_affected();
        if found == 1 {
            delete_connection(&mut tx, id.as_str()).await?;
        }
        tx.commit().await?;
        Ok(found == 1)
    }

    /// The person removed the app at Meta: erases the tokens of the grant and marks its connections as revoked.
    /// Connections made after `issued_at` stay. Returns how many ended: at most one per audit id, so call again while
    /// it equals their number.
    pub async fn end_grant(
        &self,
        revocation: &GrantRevocation,
        audit_ids: &[String],
    ) -> Result<u64, StoreError> {
        let mut tx = self.begin().await?;
        let all = lock_grant!(revocation.app_id, revocation.meta_user_id).fetch_all(&mut *tx).await?;
        let is_older = |status: ConnectionStatus, connected_at: i64| {
            status != ConnectionStatus::Revoked && connected_at <= revocation.issued_at
        };
        let rows = all.into_iter().filter(|row| is_older(row.status, row.connected_at));
        let mut ended = 0;
        for (row, audit_id) in rows.zip(audit_ids) {
            mark_revoked(&mut tx, &row.id, Some(StatusReason::AppRemoved), revocation.at).await?;
            let event = NewAuditEvent { id: audit_id.clone(), event: AuditEvent::AppRemoved };
            append_event(&mut tx, &row.id, None, &event, revocation.at).await?;
            ended += 1;
        }
        tx.commit().await?;
        Ok(ended)
    }

    /// Deletes a person's connections with their assets and history. Connections made after `issued_at` stay. Returns
    /// how many were deleted and how many stay.
    pub async fn delete_grant(&self, revocation: &GrantRevocation) -> Result<(u64, u64), StoreError> {
        let mut tx = self.begin().await?;
        let all = lock_grant!(revocation.app_id, revocation.meta_user_id).fetch_all(&mut *tx).await?;
        let (mut deleted, mut kept) = (0, 0);
        for row in all {
            if row.status == ConnectionStatus::Revoked || row.connected_at <= revocation.issued_at {
                if row.status != ConnectionStatus::Revoked {
                    let ended = OutboxChange::of(&AuditEvent::AppRemoved).into_iter().collect();
                    let id = dated_id(&row.id, revocation.at);
                    append_to_outbox(&mut tx, &row.id, &id, ended, revocation.at).await?;
                }
                delete_connection(&mut tx, &row.id).await?;
                deleted += 1;
            } else {
                kept += 1;
            }
        }
        // Earlier events contain the person's id too.
        sqlx::query!(
            "UPDATE webhook_inbox SET subject = '', value = 'null' WHERE app_id = $1 AND subject = $2
                 AND object <> 'data_deletion'",
            revocation.app_id,
            revocation.meta_user_id
        )
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok((deleted, kept))
    }
}

/// Marks a connection as revoked, erases its token and deletes its jobs.
async fn mark_revoked(
    tx: &mut sqlx::Transaction<'static, Engine>,
    id: &str,
    reason: Option<StatusReason>,
    at: i64,
) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE meta_connections SET status = 'revoked', status_reason = $2, status_changed_at = $3,
             access_token = NULL, access_token_key = NULL, refresh_token = NULL, token_version = token_version + 1,
             expires_at = NULL, data_access_expires_at = NULL, sync_state = 'idle', updated_at = $3
         WHERE id = $1",
        id,
        reason.map(StatusReason::as_str),
        at
    )
    .execute(&mut **tx)
    .await?;
    delete_jobs_of_connection(tx, id).await
}

/// Deletes a connection with its assets, history and jobs, and the names that its authorizations recorded. Nothing else
/// deletes connections.
pub(crate) async fn delete_connection(
    tx: &mut sqlx::Transaction<'static, Engine>,
    id: &str,
) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE authorizations SET detail = NULL
         WHERE workspace_id = (SELECT workspace_id FROM meta_connections WHERE id = $1)
           AND (connection_id = $1 OR reconnects = $1)",
        id
    )
    .execute(&mut **tx)
    .await?;
    erase_from_outbox(tx, id).await?;
    sqlx::query!("DELETE FROM audit_log WHERE connection_id = $1", id).execute(&mut **tx).await?;
    sqlx::query!("DELETE FROM meta_connections WHERE id = $1", id).execute(&mut **tx).await?;
    delete_jobs_of_connection(tx, id).await
}
