//! Ending a connection, and forgetting it.

use metaads_store_rows::{ConnectionId, DisconnectRequest, StoreError, UserId};

use crate::Db;

impl Db {
    /// Erases the token at once and marks the connection; where the whole grant shall end, the work of
    /// telling Meta is stored in the same transaction and the siblings are due for a check after it.
    /// False where there was nothing to disconnect.
    pub async fn disconnect(&self, order: &DisconnectRequest) -> Result<bool, StoreError> {
        let mut tx = self.begin().await?;
        let row = sqlx::query!(
            r#"UPDATE meta_connections SET status = 'revoked', status_reason = NULL, status_changed_at = $3,
                   access_token = NULL, access_token_key = NULL, refresh_token = NULL, token_version = token_version + 1, expires_at = NULL,
                   data_access_expires_at = NULL, sync_state = 'idle', updated_at = $3
               WHERE user_id = $1 AND id = $2 AND status <> 'revoked'
               RETURNING app_id AS "app_id!", meta_user_id AS "meta_user_id!""#,
            order.user_id.as_str(),
            order.connection_id.as_str(),
            order.at
        )
        .fetch_optional(&mut *tx)
        .await?;
        let Some(row) = row else { return Ok(false) };
        sqlx::query!(
            "DELETE FROM jobs WHERE kind IN ('sync', 'check', 'status_check') AND subject = $1",
            order.connection_id.as_str()
        )
        .execute(&mut *tx)
        .await?;
        if order.is_revoking {
            let grant = format!("{}:{}", row.app_id, row.meta_user_id);
            sqlx::query!(
                "INSERT INTO jobs (id, kind, subject, payload, run_at, attempts, leased_until, fence, priority)
                 VALUES ($1, 'revoke', $2, '', $3, 0, 0, 0, 0)
                 ON CONFLICT (kind, subject) DO UPDATE SET run_at = excluded.run_at, attempts = 0, leased_until = 0,
                     fence = jobs.fence + 1",
                order.ids[0],
                grant,
                order.at
            )
            .execute(&mut *tx)
            .await?;
        }
        let how = if order.is_revoking { "revoke" } else { "forget" };
        sqlx::query!(
            "INSERT INTO audit_log (id, at, user_id, connection_id, action, detail)
             VALUES ($1, $2, $3, $4, 'disconnected', $5)",
            order.ids[1],
            order.at,
            order.user_id.as_str(),
            order.connection_id.as_str(),
            how
        )
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Whether Meta still has to be told that a grant ended.
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

    /// Deletes a disconnected connection with its assets and history. False where it is not there or
    /// still connected.
    pub async fn purge_connection(&self, user: &UserId, id: &ConnectionId) -> Result<bool, StoreError> {
        let mut tx = self.begin().await?;
        let purged = sqlx::query!(
            "DELETE FROM meta_connections WHERE user_id = $1 AND id = $2 AND status = 'revoked'",
            user.as_str(),
            id.as_str()
        )
        .execute(&mut *tx)
        .await?
        .rows_affected();
        if purged == 1 {
            sqlx::query!("DELETE FROM audit_log WHERE connection_id = $1", id.as_str())
                .execute(&mut *tx)
                .await?;
        }
        tx.commit().await?;
        Ok(purged == 1)
    }
}
