//! Looking after a connection: what a visit learned, the renewed token and the next visit, in one write.

use metaads_store_rows::{ConnectionStatus, Happened, Job, ScopeSet, StoreError, TokenCheck};

use crate::queries::keys::key_name;
use crate::{Db, Engine};

impl Db {
    /// Writes a visit. False, and nothing is written, where the job was lost to somebody else.
    ///
    /// Where another token has been stored meanwhile, what was learned is about the old one: only the
    /// next visit is planned. A token is thus replaced by nobody who did not read it.
    pub async fn record_token_check(&self, job: &Job, visit: &TokenCheck) -> Result<bool, StoreError> {
        let mut tx = self.begin().await?;
        // First the connection, then the job: everything that needs both locks them in this order.
        let id = visit.connection_id.as_str();
        let before = lock_connection!(id, visit.token_version).fetch_optional(&mut *tx).await?;
        if let Some(before) = before {
            update_connection(&mut tx, visit, before.status, before.reason.as_deref()).await?;
            write_history(&mut tx, visit, &before.user_id, before.status, before.reason.as_deref()).await?;
        }
        let held = sqlx::query!(
            "UPDATE jobs SET run_at = CASE WHEN rerun_requested THEN run_at ELSE $3 END, attempts = $4, leased_until = 0,
                 priority = CASE WHEN rerun_requested THEN priority ELSE 1 END,
                 payload = CASE WHEN $5 AND NOT rerun_requested THEN '' ELSE payload END
             WHERE id = $1 AND fence = $2",
            job.id.as_str(),
            job.fence,
            visit.next_at,
            visit.attempts,
            visit.attempts == 0
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
    visit: &TokenCheck,
    status: ConnectionStatus,
    reason: Option<&str>,
) -> Result<(), StoreError> {
    let (status, reason, is_learned) = match &visit.standing {
        Some((status, reason)) => (*status, reason.as_deref(), true),
        None => (status, reason, false),
    };
    let (scopes, declined) = visit.scopes.as_ref().map(|(a, b)| (a.to_text(), b.to_text())).unzip();
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
        visit.connection_id.as_str(),
        status.as_str(),
        reason,
        visit.at,
        is_learned,
        scopes,
        declined,
        visit.expires_at.is_reported(),
        visit.expires_at.at(),
        visit.data_access_expires_at.is_reported(),
        visit.data_access_expires_at.at(),
        i64::from(visit.renewed.is_some()),
        visit.renewed.as_ref().map(|sealed| sealed.as_bytes()),
        key_name(visit.renewed.as_ref()),
        visit.expired_scopes.as_ref().map(ScopeSet::to_text),
        visit.granular_scopes,
        visit.is_erasing
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// The visit's own lines, and one for a change of standing.
async fn write_history(
    tx: &mut sqlx::Transaction<'static, Engine>,
    visit: &TokenCheck,
    user_id: &str,
    status: ConnectionStatus,
    reason: Option<&str>,
) -> Result<(), StoreError> {
    let mut lines = visit.happened.clone();
    if let Some((now, why)) = &visit.standing
        && (*now != status || why.as_deref() != reason)
    {
        let was_broken = status == ConnectionStatus::NeedsReauthorization;
        let action = match (now, why) {
            (ConnectionStatus::NeedsReauthorization, _) => "needs_reauthorization",
            (ConnectionStatus::Active, _) if was_broken => "recovered",
            (ConnectionStatus::Active, None) => "recovered",
            (ConnectionStatus::Active | ConnectionStatus::Revoked, _) => "incomplete",
        };
        let detail = why.clone().or_else(|| reason.map(str::to_owned)).unwrap_or_default();
        lines.push(Happened { id: visit.audit_id.clone(), action, detail });
    }
    for line in lines {
        sqlx::query!(
            "INSERT INTO audit_log (id, at, user_id, connection_id, action, detail) VALUES ($1, $2, $3, $4, $5, $6)",
            line.id,
            visit.at,
            user_id,
            visit.connection_id.as_str(),
            line.action,
            line.detail
        )
        .execute(&mut **tx)
        .await?;
    }
    Ok(())
}
