//! Reading a connection's assets: page by page, each written together with where to go on.

use metaads_store_rows::{
    AssetBatch, ConnectionId, Job, JobId, NewAdAccount, StoreError, SyncState, SyncStep,
};

use crate::Db;
use crate::queries::assets::write_assets;
use crate::queries::jobs::finish;

impl Db {
    /// Starts a new generation of a connection's assets; None where it is not connected. The job that
    /// reads them is put in by the same transaction.
    pub async fn start_sync(
        &self,
        connection: &ConnectionId,
        job: &JobId,
        payload: &str,
        priority: i64,
        at: i64,
    ) -> Result<bool, StoreError> {
        let mut tx = self.begin().await?;
        let started = sqlx::query!(
            "UPDATE meta_connections SET sync_state = 'running', sync_done = 0, sync_total = NULL,
                 sync_generation = sync_generation + 1, updated_at = $2
             WHERE id = $1 AND status <> 'revoked'",
            connection.as_str(),
            at
        )
        .execute(&mut *tx)
        .await?
        .rows_affected();
        if started == 0 {
            return Ok(false);
        }
        sqlx::query!(
            "INSERT INTO jobs (id, kind, subject, payload, run_at, attempts, leased_until, fence, priority)
             VALUES ($1, 'sync', $2, $3, $4, 0, 0, 0, $5)
             ON CONFLICT (kind, subject) DO UPDATE SET payload = excluded.payload, run_at = excluded.run_at,
                 attempts = 0, leased_until = 0, fence = jobs.fence + 1,
                 priority = CASE WHEN jobs.priority < excluded.priority THEN jobs.priority ELSE excluded.priority END",
            job.as_str(),
            connection.as_str(),
            payload,
            at,
            priority
        )
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Writes one step of reading assets together with where to go on, so that a crash repeats one
    /// page at most. False where the lease was lost or the connection ended: nothing is written.
    pub async fn settle_sync_step(&self, job: &Job, step: &SyncStep) -> Result<bool, StoreError> {
        let mut tx = self.begin().await?;
        // First the connection, then the job: everything that needs both locks them in this order. The
        // lock keeps a disconnect from slipping in between.
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
            Some(payload) => sqlx::query!(
                "UPDATE jobs SET payload = $3, attempts = 0, run_at = $4, leased_until = 0 WHERE id = $1 AND fence = $2",
                job.id.as_str(),
                job.fence,
                payload,
                step.at
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
                unread.reason,
                step.generation
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

    /// An ad account that no list has shown and that Meta shows by its id.
    pub async fn add_ad_account(
        &self,
        id: &ConnectionId,
        account: &NewAdAccount,
        at: i64,
    ) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        let row = sqlx::query!(
            r#"SELECT sync_generation AS "generation!" FROM meta_connections WHERE id = $1 AND status <> 'revoked'"#,
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

    /// Says on the connection whether its reading goes on or is stuck.
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

async fn count_progress(
    tx: &mut sqlx::Transaction<'static, crate::Engine>,
    step: &SyncStep,
) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE meta_connections SET sync_state = 'running', sync_total = COALESCE($3, sync_total),
             sync_done = (SELECT COUNT(*) FROM meta_ad_accounts WHERE connection_id = $1 AND seen_in = $2)
         WHERE id = $1",
        step.connection_id.as_str(),
        step.generation,
        step.total
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// What this generation did not see is no longer reachable: ad accounts are kept and marked, since
/// somebody may want to know.
async fn mark_unseen_accounts(
    tx: &mut sqlx::Transaction<'static, crate::Engine>,
    step: &SyncStep,
) -> Result<(), StoreError> {
    let id = step.connection_id.as_str();
    // Where Meta would not show a list for a reason that may pass, what it held is left as it was.
    sqlx::query!(
        "UPDATE meta_ad_accounts SET is_reachable = FALSE, is_selectable = FALSE, lost_reason = 'asset_unreachable'
         WHERE connection_id = $1 AND seen_in < $2 AND NOT is_selected AND NOT EXISTS
             (SELECT 1 FROM meta_unread_lists u WHERE u.connection_id = $1 AND u.seen_in = $2 AND u.reason = 'refused')",
        id,
        step.generation
    )
    .execute(&mut **tx)
    .await?;
    // What somebody chose is asked for by its id before it is called lost.
    sqlx::query!(
        "UPDATE meta_ad_accounts SET next_check_at = 0 WHERE connection_id = $1 AND seen_in < $2 AND is_selected AND is_reachable",
        id,
        step.generation
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// The end of a reading: what it did not see goes, and the standing of what is chosen is looked at.
async fn finish_generation(
    tx: &mut sqlx::Transaction<'static, crate::Engine>,
    step: &SyncStep,
) -> Result<(), StoreError> {
    let id = step.connection_id.as_str();
    mark_unseen_accounts(tx, step).await?;
    sqlx::query!(
        "DELETE FROM meta_businesses WHERE connection_id = $1 AND seen_in < $2 AND NOT EXISTS
             (SELECT 1 FROM meta_unread_lists u WHERE u.connection_id = $1 AND u.seen_in = $2 AND u.reason = 'refused')",
        id,
        step.generation
    )
    .execute(&mut **tx)
    .await?;
    sqlx::query!("DELETE FROM meta_pages WHERE connection_id = $1 AND seen_in < $2 AND NOT EXISTS
             (SELECT 1 FROM meta_unread_lists u WHERE u.connection_id = $1 AND u.seen_in = $2 AND u.reason = 'refused')", id, step.generation)
        .execute(&mut **tx)
        .await?;
    sqlx::query!(
        "DELETE FROM meta_instagram_accounts WHERE connection_id = $1 AND seen_in < $2 AND NOT EXISTS
             (SELECT 1 FROM meta_unread_lists u WHERE u.connection_id = $1 AND u.seen_in = $2 AND u.reason = 'refused')",
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
    // From now on the standing of what is chosen is looked at, again and again.
    sqlx::query!(
        "INSERT INTO jobs (id, kind, subject, payload, run_at, attempts, leased_until, fence, priority)
         VALUES ($1, 'status_check', $2, '', $3, 0, 0, 0, 1) ON CONFLICT (kind, subject) DO UPDATE SET run_at = excluded.run_at",
        step.audit_id,
        id,
        step.at
    )
    .execute(&mut **tx)
    .await?;
    sqlx::query!(
        "UPDATE meta_connections SET sync_state = 'idle', sync_total = sync_done, last_checked_at = $2,
             last_synced_at = $2 WHERE id = $1",
        id,
        step.at
    )
    .execute(&mut **tx)
    .await?;
    sqlx::query!(
        "INSERT INTO audit_log (id, at, user_id, connection_id, action, detail)
         SELECT $2, $3, user_id, id, 'accounts_read', CAST(sync_done AS TEXT) FROM meta_connections WHERE id = $1",
        id,
        step.audit_id,
        step.at
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}
