//! Writes a sync of a connection's assets: page by page, each together with the rest of the plan. Talking to Meta is
//! the service's part.

use metaads_store_rows::{
    AssetBatch, AuditEvent, ConnectionId, IfSyncing, Job, JobKind, JobPayload, NewAdAccount, NewAuditEvent,
    NewJob, Priority, StoreError, SyncState, SyncStep,
};

use crate::Db;
use crate::queries::assets::write_assets;
use crate::queries::audit::append_event;
use crate::queries::jobs::{enqueue, finish, restart};

impl Db {
    /// Starts a new generation of a connection's assets together with the job that syncs it; `if_syncing` says what
    /// becomes of a sync that is running already. False if it is disconnected.
    pub async fn start_sync(
        &self,
        connection: &ConnectionId,
        job: &NewJob,
        if_syncing: IfSyncing,
    ) -> Result<bool, StoreError> {
        let mut tx = self.begin().await?;
        // Lock order everywhere: the connection, then the job.
        let state = sqlx::query!(
            r#"UPDATE meta_connections SET updated_at = $2 WHERE id = $1 AND status <> 'revoked'
               RETURNING sync_state AS "sync_state!: SyncState""#,
            connection.as_str(),
            job.run_at
        )
        .fetch_optional(&mut *tx)
        .await?;
        let Some(state) = state else { return Ok(false) };
        let is_left_alone = match if_syncing {
            IfSyncing::Continue => state.sync_state == SyncState::Running,
            IfSyncing::RunAgain => true,
            IfSyncing::Restart => false,
        };
        if is_left_alone && bring_forward(&mut tx, job, if_syncing).await? {
            tx.commit().await?;
            return Ok(true);
        }
        sqlx::query!(
            "UPDATE meta_connections SET sync_state = 'running', sync_done = 0, sync_total = NULL,
                 sync_generation = sync_generation + 1
             WHERE id = $1",
            connection.as_str()
        )
        .execute(&mut *tx)
        .await?;
        restart(&mut tx, job).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Writes one step of a sync together with where it continues, so that a crash repeats one page at most.
    /// False, and nothing is written, if the lease was lost, a newer sync has started, or the connection was
    /// disconnected.
    pub async fn record_sync_step(&self, job: &Job, step: &SyncStep) -> Result<bool, StoreError> {
        let mut tx = self.begin().await?;
        // Lock order everywhere: the connection, then the job. The lock keeps a disconnect out until the commit.
        let alive = sqlx::query!(
            "UPDATE meta_connections SET updated_at = $3
             WHERE id = $1 AND sync_generation = $2 AND status <> 'revoked'",
            step.connection_id.as_str(),
            step.generation,
            step.at
        )
        .execute(&mut *tx)
        .await?
        .rows_affected();
        let held = match &step.next {
            Some((payload, run_at)) => sqlx::query!(
                "UPDATE jobs SET payload = $3, attempts = 0, run_at = $4, leased_until = 0 WHERE id = $1 AND fence = $2",
                job.id.as_str(),
                job.fence,
                payload,
                *run_at
            )
            .execute(&mut *tx)
            .await?
            .rows_affected(),
            None => u64::from(finish(&mut tx, job).await?),
        };
        if held == 0 || alive == 0 {
            return Ok(false);
        }
        write_assets(&mut tx, &step.connection_id, step.generation, &step.assets, step.at).await?;
        if let Some(unread) = &step.unread {
            sqlx::query!(
                "INSERT INTO meta_unread_lists (connection_id, list, business_id, business_name, reason, seen_in)
                 VALUES ($1, $2, $3, $4, $5, $6)
                 ON CONFLICT (connection_id, list, business_id) DO UPDATE SET business_name = excluded.business_name,
                     reason = excluded.reason, seen_in = excluded.seen_in",
                step.connection_id.as_str(),
                unread.list,
                unread.business_id,
                unread.business_name,
                unread.reason.as_str(),
                step.generation
            )
            .execute(&mut *tx)
            .await?;
        }
        if let Some(profile) = &step.profile {
            sqlx::query!(
                "UPDATE meta_connections SET name = COALESCE($2, name), picture_url = COALESCE($3, picture_url),
                     business_name = COALESCE($4, business_name)
                 WHERE id = $1",
                step.connection_id.as_str(),
                profile.name,
                profile.picture_url,
                profile.business_name
            )
            .execute(&mut *tx)
            .await?;
        }
        count_progress(&mut tx, step).await?;
        if step.next.is_none() {
            finish_generation(&mut tx, step).await?;
        }
        tx.commit().await?;
        Ok(true)
    }

    /// Adds an ad account that is in none of Meta's lists but readable by its id. Ignored if disconnected.
    pub async fn add_ad_account(
        &self,
        id: &ConnectionId,
        account: &NewAdAccount,
        at: i64,
    ) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        let row = sqlx::query!(
            r#"UPDATE meta_connections SET updated_at = updated_at WHERE id = $1 AND status <> 'revoked'
               RETURNING sync_generation AS "generation!""#,
            id.as_str()
        )
        .fetch_optional(&mut *tx)
        .await?;
        if let Some(row) = row {
            let batch = AssetBatch { ad_accounts: vec![account.clone()], ..AssetBatch::default() };
            write_assets(&mut tx, id, row.generation, &batch, at).await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// What the sync of a connection has still to read (JSON); None if none is running.
    pub async fn find_sync_plan(&self, id: &ConnectionId) -> Result<Option<String>, StoreError> {
        let row = sqlx::query!(
            r#"SELECT payload AS "payload!" FROM jobs WHERE kind = 'sync' AND subject = $1 AND payload <> ''"#,
            id.as_str()
        )
        .fetch_optional(&self.read)
        .await?;
        Ok(row.map(|row| row.payload))
    }

    /// Sets whether the sync of a connection is running or has failed.
    pub async fn set_sync_state(&self, id: &ConnectionId, state: SyncState) -> Result<(), StoreError> {
        sqlx::query!(
            "UPDATE meta_connections SET sync_state = $2 WHERE id = $1",
            id.as_str(),
            state.as_str()
        )
        .execute(&self.write)
        .await?;
        Ok(())
    }
}

/// A sync of this connection that is there already becomes due. False if there is none.
async fn bring_forward(
    tx: &mut sqlx::Transaction<'static, crate::Engine>,
    job: &NewJob,
    if_syncing: IfSyncing,
) -> Result<bool, StoreError> {
    let found = sqlx::query!(
        "UPDATE jobs SET run_at = CASE WHEN run_at > $2 THEN $2 ELSE run_at END,
             priority = CASE WHEN priority > $3 THEN $3 ELSE priority END,
             rerun_requested = CASE WHEN $4 THEN TRUE ELSE rerun_requested END
         WHERE kind = 'sync' AND subject = $1",
        job.subject,
        job.run_at,
        job.priority.to_number(),
        if_syncing == IfSyncing::RunAgain
    )
    .execute(&mut **tx)
    .await?
    .rows_affected();
    Ok(found > 0)
}

async fn count_progress(
    tx: &mut sqlx::Transaction<'static, crate::Engine>,
    step: &SyncStep,
) -> Result<(), StoreError> {
    let state = if step.is_stuck { SyncState::Failed } else { SyncState::Running };
    sqlx::query!(
        "UPDATE meta_connections SET sync_state = $4, sync_total = COALESCE($3, sync_total),
             sync_limits = COALESCE($5, sync_limits),
             sync_done = (SELECT COUNT(*) FROM meta_ad_accounts WHERE connection_id = $1 AND seen_in = $2)
         WHERE id = $1",
        step.connection_id.as_str(),
        step.generation,
        step.total,
        state.as_str(),
        step.limits
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Ad accounts that this generation does not contain are kept and marked as unreachable, so that a user who looks for
/// one finds the reason.
async fn mark_unseen_accounts(
    tx: &mut sqlx::Transaction<'static, crate::Engine>,
    step: &SyncStep,
) -> Result<(), StoreError> {
    let id = step.connection_id.as_str();
    // If Meta refused a list for a temporary reason, its accounts may still be reachable: nothing is marked.
    sqlx::query!(
        "UPDATE meta_ad_accounts SET is_reachable = FALSE, is_selectable = FALSE, lost_reason = 'asset_unreachable'
         WHERE connection_id = $1 AND seen_in < $2 AND NOT is_selected AND NOT EXISTS
             (SELECT 1 FROM meta_unread_lists u WHERE u.connection_id = $1 AND u.seen_in = $2 AND u.reason IN ('refused', 'rate_limited', 'endless', 'two_factor'))",
        id,
        step.generation
    )
    .execute(&mut **tx)
    .await?;
    // Selected accounts are checked by id before they count as unreachable.
    sqlx::query!(
        "UPDATE meta_ad_accounts SET next_check_at = 0 WHERE connection_id = $1 AND seen_in < $2 AND is_selected AND is_reachable",
        id,
        step.generation
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// The end of a sync: assets that it did not find are removed, and selected ad accounts get their status check.
async fn finish_generation(
    tx: &mut sqlx::Transaction<'static, crate::Engine>,
    step: &SyncStep,
) -> Result<(), StoreError> {
    let id = step.connection_id.as_str();
    mark_unseen_accounts(tx, step).await?;
    sqlx::query!(
        "DELETE FROM meta_businesses WHERE connection_id = $1 AND seen_in < $2 AND NOT EXISTS
             (SELECT 1 FROM meta_unread_lists u WHERE u.connection_id = $1 AND u.seen_in = $2 AND u.reason IN ('refused', 'rate_limited', 'endless', 'two_factor'))",
        id,
        step.generation
    )
    .execute(&mut **tx)
    .await?;
    sqlx::query!("DELETE FROM meta_pages WHERE connection_id = $1 AND seen_in < $2 AND NOT EXISTS
             (SELECT 1 FROM meta_unread_lists u WHERE u.connection_id = $1 AND u.seen_in = $2 AND u.reason IN ('refused', 'rate_limited', 'endless', 'two_factor'))", id, step.generation)
        .execute(&mut **tx)
        .await?;
    sqlx::query!(
        "DELETE FROM meta_instagram_accounts WHERE connection_id = $1 AND seen_in < $2 AND NOT EXISTS
             (SELECT 1 FROM meta_unread_lists u WHERE u.connection_id = $1 AND u.seen_in = $2 AND u.reason IN ('refused', 'rate_limited', 'endless', 'two_factor'))",
        id,
        step.generation
    )
    .execute(&mut **tx)
    .await?;
    sqlx::query!(
        "DELETE FROM meta_unread_lists WHERE connection_id = $1 AND seen_in < $2",
        id,
        step.generation
    )
    .execute(&mut **tx)
    .await?;
    // Starts the recurring status check of the selected ad accounts.
    let status_check = NewJob {
        id: step.status_check_id.clone(),
        kind: JobKind::StatusCheck,
        subject: id.to_owned(),
        payload: JobPayload::Empty,
        priority: Priority::Background,
        run_at: step.at,
    };
    enqueue(tx, &status_check).await?;
    let row = sqlx::query!(
        r#"UPDATE meta_connections SET sync_state = 'idle', sync_total = sync_done, last_checked_at = $2,
               last_synced_at = $2 WHERE id = $1 RETURNING sync_done AS "sync_done!""#,
        id,
        step.at
    )
    .fetch_one(&mut **tx)
    .await?;
    let event = AuditEvent::AssetsSynced { ad_accounts: row.sync_done };
    let event = NewAuditEvent { id: step.audit_id.clone(), event };
    append_event(tx, id, None, &event, step.at).await
}
