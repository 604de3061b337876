//! Meta's calls to us: stored before they are answered, applied afterwards; requests for deletion.

use metaads_store_rows::{
    ConnectionStatus, DeletionRequest, GrantRevocation, JobId, NewWebhookEvent, StoreError, WebhookEvent,
};

use crate::{Db, Engine};

macro_rules! select_events {
    ($condition:literal, $($argument:expr),+) => {
        sqlx::query_as!(
            WebhookEvent,
            r#"SELECT id AS "id!", app_id AS "app_id!", object AS "object!", subject AS "subject!",
                   field AS "field!", value AS "value!", sent_at AS "sent_at!", received_at AS "received_at!",
                   applied_at AS "applied_at?", outcome AS "outcome?"
               FROM webhook_inbox WHERE "# + $condition,
            $($argument),+
        )
    };
}

macro_rules! select_deletion {
    ($condition:literal, $($argument:expr),+) => {
        sqlx::query_as!(
            DeletionRequest,
            r#"SELECT id AS "id!", app_id AS "app_id!", user_hash AS "user_hash!", issued_at AS "issued_at!",
                   requested_at AS "requested_at!", completed_at AS "completed_at?", outcome AS "outcome?"
               FROM deletion_requests WHERE "# + $condition,
            $($argument),+
        )
    };
}

impl Db {
    /// Stores what is not known yet, and has it applied. Gives how many were new.
    pub async fn insert_webhook_events(
        &self,
        events: &[NewWebhookEvent],
        job: &JobId,
        at: i64,
    ) -> Result<u64, StoreError> {
        let rows = serde_json::to_string(events).expect("rows of text and numbers always serialize");
        let mut tx = self.begin().await?;
        let stored = insert_events!(rows).execute(&mut *tx).await?.rows_affected();
        if stored > 0 {
            wake(&mut tx, job, at).await?;
        }
        tx.commit().await?;
        Ok(stored)
    }

    /// The oldest that are still to be applied, erasures first.
    pub async fn list_pending_webhook_events(&self, limit: i64) -> Result<Vec<WebhookEvent>, StoreError> {
        Ok(select_events!(
            "applied_at IS NULL
             ORDER BY CASE WHEN object IN ('data_deletion', 'deauthorize') THEN 0 ELSE 1 END, id LIMIT $1",
            limit
        )
        .fetch_all(&self.read)
        .await?)
    }

    /// The newest, for the operator.
    pub async fn list_webhook_events(&self, limit: i64) -> Result<Vec<WebhookEvent>, StoreError> {
        Ok(select_events!("id <> '' ORDER BY received_at DESC, id DESC LIMIT $1", limit)
            .fetch_all(&self.read)
            .await?)
    }

    /// An event is applied. The person's id in the two callbacks goes with it.
    pub async fn complete_webhook_event(&self, id: &str, outcome: &str, at: i64) -> Result<(), StoreError> {
        sqlx::query!(
            "UPDATE webhook_inbox SET applied_at = $2, outcome = $3,
                 subject = CASE WHEN object = 'data_deletion' THEN '' ELSE subject END
             WHERE id = $1 AND applied_at IS NULL",
            id,
            at,
            outcome
        )
        .execute(&self.write)
        .await?;
        Ok(())
    }

    /// Has what was received since then applied once more. Gives how many. Deletions are final.
    pub async fn replay_webhook_events(&self, since: i64, job: &JobId, at: i64) -> Result<u64, StoreError> {
        let mut tx = self.begin().await?;
        let replayed = sqlx::query!(
            "UPDATE webhook_inbox SET applied_at = NULL, outcome = NULL
             WHERE received_at >= $1 AND applied_at IS NOT NULL AND object <> 'data_deletion'",
            since
        )
        .execute(&mut *tx)
        .await?
        .rows_affected();
        wake(&mut tx, job, at).await?;
        tx.commit().await?;
        Ok(replayed)
    }

    /// The person took the app away: the tokens of this grant are erased and its connections marked. What
    /// was connected after Meta said so stays. Gives how many ended.
    pub async fn end_grant(&self, ended: &GrantRevocation, audit_ids: &[String]) -> Result<u64, StoreError> {
        let mut tx = self.begin().await?;
        let all = lock_grant!(ended.app_id, ended.meta_user_id).fetch_all(&mut *tx).await?;
        let is_older = |status: ConnectionStatus, connected_at: i64| {
            status != ConnectionStatus::Revoked && connected_at <= ended.issued_at
        };
        let rows = all.into_iter().filter(|row| is_older(row.status, row.connected_at));
        let mut number = 0;
        // As many as there are ids for the lines of history; the rest with the next call.
        for (row, audit_id) in rows.zip(audit_ids) {
            sqlx::query!(
                "UPDATE meta_connections SET status = 'revoked', status_reason = 'app_removed', status_changed_at = $2,
                     access_token = NULL, access_token_key = NULL, refresh_token = NULL,
                     token_version = token_version + 1, expires_at = NULL, data_access_expires_at = NULL,
                     sync_state = 'idle', updated_at = $2
                 WHERE id = $1",
                row.id,
                ended.at
            )
            .execute(&mut *tx)
            .await?;
            sqlx::query!(
                "DELETE FROM jobs WHERE kind IN ('sync', 'check', 'status_check') AND subject = $1",
                row.id
            )
            .execute(&mut *tx)
            .await?;
            sqlx::query!(
                "INSERT INTO audit_log (id, at, user_id, connection_id, action, detail)
                 VALUES ($1, $2, $3, $4, 'app_removed', '')",
                audit_id,
                ended.at,
                row.user_id,
                row.id
            )
            .execute(&mut *tx)
            .await?;
            number += 1;
        }
        tx.commit().await?;
        Ok(number)
    }

    /// Deletes everything of a person at Meta: connections with their assets and history. What was connected
    /// after they asked stays. Gives how many went, and how many stay.
    pub async fn delete_grant(&self, ended: &GrantRevocation) -> Result<(u64, u64), StoreError> {
        let mut tx = self.begin().await?;
        let all = lock_grant!(ended.app_id, ended.meta_user_id).fetch_all(&mut *tx).await?;
        let (mut deleted, mut left) = (0, 0);
        for row in all {
            if row.status == ConnectionStatus::Revoked || row.connected_at <= ended.issued_at {
                delete_connection(&mut tx, &row.id).await?;
                deleted += 1;
            } else {
                left += 1;
            }
        }
        // What Meta has told of them before named them too.
        sqlx::query!(
            "UPDATE webhook_inbox SET subject = '', value = 'null' WHERE app_id = $1 AND subject = $2
                 AND object <> 'data_deletion'",
            ended.app_id,
            ended.meta_user_id
        )
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok((deleted, left))
    }

    /// Notes a request for deletion together with the event that carries it out. A repeated one gives the id
    /// of the first.
    pub async fn insert_deletion(
        &self,
        request: &DeletionRequest,
        event: Option<&NewWebhookEvent>,
        job: &JobId,
    ) -> Result<String, StoreError> {
        let mut tx = self.begin().await?;
        let known = select_deletion!(
            "app_id = $1 AND user_hash = $2 AND issued_at = $3",
            request.app_id,
            request.user_hash,
            request.issued_at
        )
        .fetch_optional(&mut *tx)
        .await?;
        if let Some(known) = known {
            return Ok(known.id);
        }
        sqlx::query!(
            "INSERT INTO deletion_requests (id, app_id, user_hash, issued_at, requested_at, completed_at, outcome)
             VALUES ($1, $2, $3, $4, $5, $6, $7)",
            request.id,
            request.app_id,
            request.user_hash,
            request.issued_at,
            request.requested_at,
            request.completed_at,
            request.outcome
        )
        .execute(&mut *tx)
        .await?;
        if let Some(event) = event {
            let rows = serde_json::to_string(&[event]).expect("rows of text and numbers always serialize");
            insert_events!(rows).execute(&mut *tx).await?;
            wake(&mut tx, job, request.requested_at).await?;
        }
        tx.commit().await?;
        Ok(request.id.clone())
    }

    pub async fn find_deletion(&self, id: &str) -> Result<Option<DeletionRequest>, StoreError> {
        Ok(select_deletion!("id = $1", id).fetch_optional(&self.read).await?)
    }

    /// What a person asked for is done.
    pub async fn complete_deletion(
        &self,
        app_id: &str,
        user_hash: &str,
        outcome: &str,
        at: i64,
    ) -> Result<(), StoreError> {
        sqlx::query!(
            "UPDATE deletion_requests SET completed_at = $3, outcome = $4
             WHERE app_id = $1 AND user_hash = $2 AND completed_at IS NULL",
            app_id,
            user_hash,
            at,
            outcome
        )
        .execute(&self.write)
        .await?;
        Ok(())
    }

    /// Live connections of a business's system users.
    pub async fn list_connections_of_business(
        &self,
        app_id: &str,
        business_id: &str,
    ) -> Result<Vec<String>, StoreError> {
        let rows = sqlx::query!(
            r#"SELECT id AS "id!" FROM meta_connections WHERE app_id = $1 AND business_id = $2 AND status <> 'revoked'"#,
            app_id,
            business_id
        )
        .fetch_all(&self.read)
        .await?;
        Ok(rows.into_iter().map(|row| row.id).collect())
    }

    /// Has an ad account looked at by every connection that chose it. Gives those connections.
    pub async fn request_account_check(&self, account_id: &str, at: i64) -> Result<Vec<String>, StoreError> {
        let mut tx = self.begin().await?;
        let rows = sqlx::query!(
            r#"UPDATE meta_ad_accounts SET next_check_at = $2 WHERE account_id = $1 AND is_selected
               RETURNING connection_id AS "id!""#,
            account_id,
            at
        )
        .fetch_all(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(rows.into_iter().map(|row| row.id).collect())
    }
}

/// A connection with its assets, history, work, and what attempts to make it have told.
async fn delete_connection(tx: &mut sqlx::Transaction<'static, Engine>, id: &str) -> Result<(), StoreError> {
    sqlx::query!("UPDATE authorizations SET detail = NULL WHERE connection_id = $1 OR reconnects = $1", id)
        .execute(&mut **tx)
        .await?;
    sqlx::query!("DELETE FROM audit_log WHERE connection_id = $1", id).execute(&mut **tx).await?;
    sqlx::query!("DELETE FROM meta_connections WHERE id = $1", id).execute(&mut **tx).await?;
    sqlx::query!("DELETE FROM jobs WHERE kind IN ('sync', 'check', 'status_check') AND subject = $1", id)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// The one job that applies events is due; whoever is at it comes back to it.
async fn wake(tx: &mut sqlx::Transaction<'static, Engine>, job: &JobId, at: i64) -> Result<(), StoreError> {
    sqlx::query!(
        "INSERT INTO jobs (id, kind, subject, payload, run_at, attempts, leased_until, fence, priority)
         VALUES ($1, 'webhooks', 'meta', '', $2, 0, 0, 0, 0)
         ON CONFLICT (kind, subject) DO UPDATE SET attempts = 0, rerun_requested = TRUE,
             run_at = CASE WHEN jobs.run_at < excluded.run_at THEN jobs.run_at ELSE excluded.run_at END",
        job.as_str(),
        at
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}
