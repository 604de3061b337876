//! The webhook inbox: Meta's calls to us, stored before they are answered and applied afterwards; and requests for
//! data deletion.

use metaads_store_rows::{
    ConnectionId, DeletionOutcome, DeletionRequest, NewJob, NewWebhookEvent, StoreError, Urgency,
    WebhookEvent, WebhookOutcome,
};

use crate::Db;
use crate::queries::jobs::enqueue;

macro_rules! select_events {
    ($condition:literal, $($argument:expr),+) => {
        sqlx::query_as!(
            WebhookEvent,
            r#"SELECT id AS "id!", app_id AS "app_id!", object AS "object!", subject AS "subject!",
                   field AS "field!", value AS "value!", sent_at AS "sent_at!", received_at AS "received_at!",
                   attempts AS "attempts!", applied_at AS "applied_at?", outcome AS "outcome?: WebhookOutcome"
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
                   requested_at AS "requested_at!", completed_at AS "completed_at?", outcome AS "outcome?: DeletionOutcome"
               FROM deletion_requests WHERE "# + $condition,
            $($argument),+
        )
    };
}

impl Db {
    /// Stores new events and enqueues the job that applies them. Returns how many were new.
    pub async fn insert_webhook_events(
        &self,
        events: &[NewWebhookEvent],
        job: &NewJob,
    ) -> Result<u64, StoreError> {
        let rows = serde_json::to_string(events).expect("rows of text and numbers always serialize");
        let mut tx = self.begin().await?;
        let stored = insert_events!(rows).execute(&mut *tx).await?.rows_affected();
        if stored > 0 {
            enqueue(&mut tx, job).await?;
        }
        tx.commit().await?;
        Ok(stored)
    }

    /// Events of this urgency that are due and not applied yet: those that were not tried first, then the oldest.
    pub async fn list_due_webhook_events(
        &self,
        urgency: Urgency,
        now: i64,
        limit: i64,
    ) -> Result<Vec<WebhookEvent>, StoreError> {
        let is_erasure = urgency == Urgency::Erasures;
        Ok(select_events!(
            "applied_at IS NULL AND next_attempt_at <= $1 AND (object IN ('data_deletion', 'deauthorize')) = $2
             ORDER BY next_attempt_at, id LIMIT $3",
            now,
            is_erasure,
            limit
        )
        .fetch_all(&self.read)
        .await?)
    }

    /// When the next event of this urgency is due (Unix milliseconds); None: all are applied.
    pub async fn next_webhook_event_at(&self, urgency: Urgency) -> Result<Option<i64>, StoreError> {
        let is_erasure = urgency == Urgency::Erasures;
        let row = sqlx::query!(
            r#"SELECT MIN(next_attempt_at) AS "at?: i64" FROM webhook_inbox
               WHERE applied_at IS NULL AND (object IN ('data_deletion', 'deauthorize')) = $1"#,
            is_erasure
        )
        .fetch_one(&self.read)
        .await?;
        Ok(row.at)
    }

    /// Counts a failed attempt at an event. It is due again at `next_attempt_at` (Unix milliseconds).
    pub async fn postpone_webhook_event(&self, id: &str, next_attempt_at: i64) -> Result<(), StoreError> {
        sqlx::query!(
            "UPDATE webhook_inbox SET attempts = attempts + 1, next_attempt_at = $2 WHERE id = $1 AND applied_at IS NULL",
            id,
            next_attempt_at
        )
        .execute(&self.write)
        .await?;
        Ok(())
    }

    /// The newest events, for the operator.
    pub async fn list_webhook_events(&self, limit: i64) -> Result<Vec<WebhookEvent>, StoreError> {
        Ok(select_events!("id <> '' ORDER BY received_at DESC, id DESC LIMIT $1", limit)
            .fetch_all(&self.read)
            .await?)
    }

    /// Marks an event as applied, once. A data deletion's event loses the person's id at the same time.
    pub async fn complete_webhook_event(
        &self,
        id: &str,
        outcome: WebhookOutcome,
        at: i64,
    ) -> Result<(), StoreError> {
        sqlx::query!(
            "UPDATE webhook_inbox SET applied_at = $2, outcome = $3,
                 subject = CASE WHEN object = 'data_deletion' THEN '' ELSE subject END
             WHERE id = $1 AND applied_at IS NULL",
            id,
            at,
            outcome.as_str()
        )
        .execute(&self.write)
        .await?;
        Ok(())
    }

    /// Makes events received since `since` pending again, except data deletions, which are final. Returns how many.
    pub async fn replay_webhook_events(&self, since: i64, job: &NewJob) -> Result<u64, StoreError> {
        let mut tx = self.begin().await?;
        let replayed = sqlx::query!(
            "UPDATE webhook_inbox SET applied_at = NULL, outcome = NULL, attempts = 0, next_attempt_at = 0
             WHERE received_at >= $1 AND applied_at IS NOT NULL AND object <> 'data_deletion'",
            since
        )
        .execute(&mut *tx)
        .await?
        .rows_affected();
        enqueue(&mut tx, job).await?;
        tx.commit().await?;
        Ok(replayed)
    }

    /// Stores a request for data deletion together with the event that executes it. Returns its id; for a repeated
    /// request, the id of the first.
    pub async fn insert_deletion(
        &self,
        request: &DeletionRequest,
        event: Option<&NewWebhookEvent>,
        job: &NewJob,
    ) -> Result<String, StoreError> {
        let mut tx = self.begin().await?;
        let inserted = sqlx::query!(
            "INSERT INTO deletion_requests (id, app_id, user_hash, issued_at, requested_at, completed_at, outcome)
             VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (app_id, user_hash, issued_at) DO NOTHING",
            request.id,
            request.app_id,
            request.user_hash,
            request.issued_at,
            request.requested_at,
            request.completed_at,
            request.outcome.map(DeletionOutcome::as_str)
        )
        .execute(&mut *tx)
        .await?
        .rows_affected();
        if inserted == 0 {
            let first = select_deletion!(
                "app_id = $1 AND user_hash = $2 AND issued_at = $3",
                request.app_id,
                request.user_hash,
                request.issued_at
            )
            .fetch_one(&mut *tx)
            .await?;
            return Ok(first.id);
        }
        if let Some(event) = event {
            let rows = serde_json::to_string(&[event]).expect("rows of text and numbers always serialize");
            insert_events!(rows).execute(&mut *tx).await?;
            enqueue(&mut tx, job).await?;
        }
        tx.commit().await?;
        Ok(request.id.clone())
    }

    pub async fn find_deletion(&self, id: &str) -> Result<Option<DeletionRequest>, StoreError> {
        Ok(select_deletion!("id = $1", id).fetch_optional(&self.read).await?)
    }

    /// Marks a person's open deletion requests as completed.
    pub async fn complete_deletion(
        &self,
        app_id: &str,
        user_hash: &str,
        outcome: DeletionOutcome,
        at: i64,
    ) -> Result<(), StoreError> {
        sqlx::query!(
            "UPDATE deletion_requests SET completed_at = $3, outcome = $4
             WHERE app_id = $1 AND user_hash = $2 AND completed_at IS NULL",
            app_id,
            user_hash,
            at,
            outcome.as_str()
        )
        .execute(&self.write)
        .await?;
        Ok(())
    }

    /// Makes an ad account due for a status check in every connection that has selected it. Returns those
    /// connections.
    pub async fn request_account_check(
        &self,
        account_id: &str,
        at: i64,
    ) -> Result<Vec<ConnectionId>, StoreError> {
        let mut tx = self.begin().await?;
        let rows = sqlx::query!(
            r#"UPDATE meta_ad_accounts SET next_check_at = $2 WHERE account_id = $1 AND is_selected
               RETURNING connection_id AS "id!: ConnectionId""#,
            account_id,
            at
        )
        .fetch_all(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(rows.into_iter().map(|row| row.id).collect())
    }
}
