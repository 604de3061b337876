//! Token checks: the result, the refreshed token and the time of the next check, in one write.

use metaads_store_rows::{
    ConnectionState, ConnectionStatus, Job, NewAuditEvent, ScopeSet, StatusReason, StoreError, TokenCheck,
    state_event,
};

use crate::queries::audit::append_event;
use crate::queries::keys::key_name;
use crate::{Db, Engine};

impl Db {
    /// Writes a token check. False, and nothing is written, if another worker holds the job by now.
    ///
    /// If another token has been stored meanwhile, the result is about the old one: only the next check is scheduled.
    /// A check thus never overwrites a token that it did not read.
    pub async fn record_token_check(&self, job: &Job, check: &TokenCheck) -> Result<bool, StoreError> {
        let mut tx = self.begin().await?;
        // Lock order everywhere: the connection, then the job.
        let id = check.connection_id.as_str();
        let row = lock_connection!(id, check.token_version).fetch_optional(&mut *tx).await?;
        if let Some(row) = row {
            let before = ConnectionState::from_columns(row.status, row.reason, row.since)?;
            update_connection(&mut tx, check, before).await?;
            append_events(&mut tx, check, before).await?;
        }
        let held = sqlx::query!(
            "UPDATE jobs SET run_at = CASE WHEN rerun_requested THEN run_at ELSE $3 END, attempts = $4, leased_until = 0,
                 priority = CASE WHEN rerun_requested THEN priority ELSE 1 END,
                 payload = CASE WHEN $5 AND NOT rerun_requested THEN '' ELSE payload END
             WHERE id = $1 AND fence = $2",
            job.id.as_str(),
            job.fence,
            check.next_at,
            check.attempts,
            check.attempts == 0
        )
        .execute(&mut *tx)
        .await?
        .rows_affected();
        if held == 0 {
            return Ok(false);
        }
        tx.commit().await?;
        Ok(true)
    }
}

async fn update_connection(
    tx: &mut sqlx::Transaction<'static, Engine>,
    check: &TokenCheck,
    before: ConnectionState,
) -> Result<(), StoreError> {
    let after = check.state.unwrap_or(before);
    let (scopes, declined) = check.scopes.as_ref().map(|(a, b)| (a.to_text(), b.to_text())).unzip();
    sqlx::query!(
        "UPDATE meta_connections SET
             status_changed_at = CASE WHEN status <> $2 OR COALESCE(status_reason, '') <> COALESCE($3, '')
                 THEN $4 ELSE status_changed_at END,
             status = $2, status_reason = $3, updated_at = $4,
             last_checked_at = CASE WHEN $5 THEN $4 ELSE last_checked_at END,
             scopes = COALESCE($6, scopes), declined_scopes = COALESCE($7, declined_scopes),
             expires_at = CASE WHEN $8 THEN $9 ELSE expires_at END,
             data_access_expires_at = CASE WHEN $10 THEN $11 ELSE data_access_expires_at END,
             token_version = token_version + $12,
             last_refreshed_at = CASE WHEN $12 = 1 THEN $4 ELSE last_refreshed_at END,
             access_token = CASE WHEN $17 THEN NULL ELSE COALESCE($13, access_token) END,
             access_token_key = CASE WHEN $17 THEN NULL ELSE COALESCE($14, access_token_key) END,
             expired_scopes = COALESCE($15, expired_scopes), granular_scopes = COALESCE($16, granular_scopes)
         WHERE id = $1",
        check.connection_id.as_str(),
        after.status().as_str(),
        after.reason().map(StatusReason::as_str),
        check.at,
        check.state.is_some(),
        scopes,
        declined,
        check.expires_at.is_reported(),
        check.expires_at.at(),
        check.data_access_expires_at.is_reported(),
        check.data_access_expires_at.at(),
        i64::from(check.refreshed.is_some()),
        check.refreshed.as_ref().map(|sealed| sealed.as_bytes()),
        key_name(check.refreshed.as_ref()),
        check.expired_scopes.as_ref().map(ScopeSet::to_text),
        check.granular_scopes,
        check.is_erasing
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// The check's own events, one if the state changed, and one if the token ends soon.
async fn append_events(
    tx: &mut sqlx::Transaction<'static, Engine>,
    check: &TokenCheck,
    before: ConnectionState,
) -> Result<(), StoreError> {
    let id = check.connection_id.as_str();
    for event in &check.events {
        append_event(tx, id, None, event, check.at).await?;
    }
    if let Some(event) = check.state.and_then(|after| state_event(before, after)) {
        let event = NewAuditEvent { id: check.audit_id.clone(), event };
        append_event(tx, id, None, &event, check.at).await?;
    }
    if let Some(event) = &check.expiring {
        let is_first = sqlx::query!(
            "UPDATE meta_connections SET expiring_version = token_version WHERE id = $1 AND expiring_version <> token_version",
            id
        )
        .execute(&mut **tx)
        .await?
        .rows_affected()
            == 1;
        if is_first {
            append_event(tx, id, None, event, check.at).await?;
        }
    }
    Ok(())
}
