//! The one write of a successful login or token import.

use metaads_store_rows::{
    AuditEvent, CheckPayload, Completion, CompletionOutcome, ConnectSessionId, ConnectSessionRef,
    ConnectionId, ConnectionStatus, JobId, JobPayload, Login, NewAuditEvent, NewJob, StatusReason,
    StoreError,
};

use crate::queries::assets::write_assets;
use crate::queries::audit::append_event;
use crate::queries::connect_sessions::complete_connect_session;
use crate::queries::jobs::{enqueue, restart};
use crate::{Db, Engine};

impl Db {
    /// Writes the completed authorization, the connection with its sealed token and first assets, the jobs that
    /// continue, and the history: all of it, or nothing.
    pub async fn complete_authorization(&self, new: &Completion) -> Result<CompletionOutcome, StoreError> {
        let mut tx = self.begin().await?;
        // Concurrent logins of one person wait for each other here.
        let on_grant = lock_grant!(new.app_id, new.meta_user_id).fetch_all(&mut *tx).await?;
        let known = sqlx::query!(
            r#"SELECT id AS "id!: ConnectionId", status AS "status!: ConnectionStatus",
                   status_reason AS "reason?: StatusReason"
               FROM meta_connections
               WHERE workspace_id = $1 AND kind = $2 AND app_id = $3
                   AND (meta_user_id = $4 OR (id = $5 AND business_id = $6))
               ORDER BY CASE WHEN meta_user_id = $4 THEN 0 ELSE 1 END LIMIT 1"#,
            new.workspace_id.as_str(),
            new.kind.as_str(),
            new.app_id,
            new.meta_user_id,
            new.connection_id.as_str(),
            new.business.as_ref().map(|(id, _)| id)
        )
        .fetch_optional(&mut *tx)
        .await?;
        let broken = known.as_ref().filter(|row| row.status == ConnectionStatus::NeedsReauthorization);
        let recovered = broken.map(|row| AuditEvent::Recovered { reason: row.reason });
        let outcome = match known {
            Some(row) if row.id != new.connection_id => return Ok(CompletionOutcome::Conflict),
            Some(_) => CompletionOutcome::Updated,
            None => CompletionOutcome::Created,
        };
        let Finished::Yes(connect_session) = finish_authorization(&mut tx, new, outcome).await? else {
            return Ok(CompletionOutcome::Cancelled);
        };
        let Some(generation) = upsert_connection(&mut tx, new).await? else {
            return Ok(CompletionOutcome::Conflict);
        };
        write_assets(&mut tx, &new.connection_id, generation, &new.assets, new.at).await?;
        let others = on_grant
            .into_iter()
            .filter(|row| row.id != new.connection_id.as_str() && row.status != ConnectionStatus::Revoked);
        schedule_after_login(&mut tx, new, others.map(|row| row.id)).await?;
        let scopes = new.scopes.0.clone();
        let connected = match outcome {
            CompletionOutcome::Created => AuditEvent::Connected { scopes, connect_session },
            CompletionOutcome::Updated | CompletionOutcome::Cancelled | CompletionOutcome::Conflict => {
                AuditEvent::Reconnected { scopes, connect_session }
            }
        };
        let user = Some(new.user_id.as_str());
        for (id, event) in new.audit_ids.iter().zip([Some(connected), recovered].into_iter().flatten()) {
            let event = NewAuditEvent { id: id.clone(), event };
            append_event(&mut tx, new.connection_id.as_str(), user, &event, new.at).await?;
        }
        tx.commit().await?;
        Ok(outcome)
    }
}

enum Finished {
    /// In this connect session, if it was in one.
    Yes(Option<ConnectSessionRef>),
    /// The authorization was cancelled or its session has ended; or its connect session has connected already, or may
    /// repair only.
    No,
}

async fn finish_authorization(
    tx: &mut sqlx::Transaction<'static, Engine>,
    new: &Completion,
    outcome: CompletionOutcome,
) -> Result<Finished, StoreError> {
    let Some(authorization) = &new.authorization_id else { return Ok(Finished::Yes(None)) };
    let is_new = outcome == CompletionOutcome::Created;
    let outcome = if is_new { "connected" } else { "reconnected" };
    let finished = sqlx::query!(
        r#"UPDATE authorizations SET status = 'completed', outcome = $2, connection_id = $3, finished_at = $4,
             pkce_verifier = NULL, pkce_verifier_key = NULL
         WHERE id = $1 AND status = 'consumed'
           AND (EXISTS (SELECT 1 FROM sessions s WHERE s.id = authorizations.session_id)
                OR EXISTS (SELECT 1 FROM connect_sessions c WHERE c.id = authorizations.connect_session_id
                    AND c.status <> 'completed' AND (c.repairs IS NULL OR NOT $5)))
         RETURNING connect_session_id AS "connect_session?: ConnectSessionId""#,
        authorization.as_str(),
        outcome,
        new.connection_id.as_str(),
        new.at,
        is_new
    )
    .fetch_optional(&mut **tx)
    .await?;
    match finished {
        None => Ok(Finished::No),
        Some(row) => match row.connect_session {
            Some(session) => {
                let completed = complete_connect_session(tx, &session, new).await?;
                Ok(completed.map_or(Finished::No, |session| Finished::Yes(Some(session))))
            }
            None => Ok(Finished::Yes(None)),
        },
    }
}

/// Returns the asset generation that this login starts; None if the row belongs to another workspace or another
/// transaction inserted the same person.
async fn upsert_connection(
    tx: &mut sqlx::Transaction<'static, Engine>,
    new: &Completion,
) -> Result<Option<i64>, StoreError> {
    let row = sqlx::query!(
        r#"INSERT INTO meta_connections (id, user_id, kind, app_id, meta_user_id, name, picture_url, status,
               status_reason, status_changed_at, access_token, token_version, scopes, declined_scopes, expires_at,
               data_access_expires_at, last_refreshed_at, last_checked_at, sync_state, sync_done, sync_total,
               sync_generation, connected_at, created_at, updated_at, access_token_key, expired_scopes,
               granular_scopes, business_id, business_name, is_imported, login, scoped_user_id, workspace_id)
           VALUES ($1, $2, $3, $4, $5, $6, $7, 'active', $16, $8, $9, 1, $10, $11, $12, $13, $8, $8, 'running', $14, $15,
               1, $8, $8, $8, $17, $18, $19, $20, $21, $22, $23, $24, $25)
           ON CONFLICT (id) DO UPDATE SET user_id = excluded.user_id,
               meta_user_id = excluded.meta_user_id, name = excluded.name, picture_url = excluded.picture_url,
               status = 'active', status_reason = excluded.status_reason, status_changed_at = excluded.status_changed_at,
               access_token = excluded.access_token, access_token_key = excluded.access_token_key,
               token_version = meta_connections.token_version + 1,
               scopes = excluded.scopes, declined_scopes = excluded.declined_scopes,
               expired_scopes = excluded.expired_scopes, granular_scopes = excluded.granular_scopes,
               business_id = excluded.business_id, business_name = excluded.business_name, is_imported = excluded.is_imported, login = excluded.login,
               scoped_user_id = excluded.scoped_user_id,
               expires_at = excluded.expires_at, data_access_expires_at = excluded.data_access_expires_at,
               last_refreshed_at = excluded.last_refreshed_at, last_checked_at = excluded.last_checked_at,
               sync_state = 'running', sync_done = excluded.sync_done, sync_total = excluded.sync_total,
               sync_generation = meta_connections.sync_generation + 1, connected_at = excluded.connected_at,
               updated_at = excluded.updated_at
           WHERE meta_connections.workspace_id = excluded.workspace_id
           RETURNING sync_generation AS "generation!""#,
        new.connection_id.as_str(),
        new.user_id.as_str(),
        new.kind.as_str(),
        new.app_id,
        new.meta_user_id,
        new.name,
        new.picture_url,
        new.at,
        new.access_token.as_bytes(),
        new.scopes.to_text(),
        new.declined_scopes.to_text(),
        new.expires_at,
        new.data_access_expires_at,
        i64::try_from(new.assets.ad_accounts.len()).unwrap_or(i64::MAX),
        new.sync_total,
        new.limited_by.map(StatusReason::as_str),
        new.access_token.key_id().to_string(),
        new.expired_scopes.to_text(),
        new.granular_scopes,
        new.business.as_ref().map(|(id, _)| id),
        new.business.as_ref().map(|(_, name)| name),
        new.authorization_id.is_none(),
        new.login.map(Login::as_str),
        new.scoped_user_id,
        new.workspace_id.as_str()
    )
    .fetch_optional(&mut **tx)
    .await;
    match row {
        Ok(row) => Ok(row.map(|row| row.generation)),
        // A concurrent transaction inserted the same person.
        Err(sqlx::Error::Database(error)) if error.is_unique_violation() => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Schedules the sync of the remaining assets, a check of the stored token, and checks of the other connections on the
/// grant. A pending revocation of this person is cancelled, since it would end the new grant.
async fn schedule_after_login(
    tx: &mut sqlx::Transaction<'static, Engine>,
    new: &Completion,
    others: impl Iterator<Item = String>,
) -> Result<(), StoreError> {
    restart(tx, &new.sync_job).await?;
    // A worker that is checking the old token loses its lease.
    restart(tx, &new.check_job).await?;
    let grant = format!("{}:{}", new.app_id, new.meta_user_id);
    sqlx::query!("DELETE FROM jobs WHERE kind = 'revoke' AND subject = $1", grant).execute(&mut **tx).await?;
    for id in others {
        let Some(id) = ConnectionId::from_text(&id) else { continue };
        let payload = JobPayload::Check(CheckPayload { resync: true, offline_since: None });
        let check = NewJob { payload, ..check_job_of(&id, new) };
        enqueue(tx, &check).await?;
    }
    Ok(())
}

/// The check job of another connection; it has that connection's id.
fn check_job_of(id: &ConnectionId, new: &Completion) -> NewJob {
    let job_id = JobId::from_text(id.as_str()).expect("an id of a connection is a UUID");
    NewJob { id: job_id, subject: id.as_str().to_owned(), ..new.check_job.clone() }
}
