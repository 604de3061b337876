//! Connections: written once by the last phase of connecting, read by every page.

use metaads_store_rows::{
    AuditEntry, Completion, CompletionOutcome, Connection, ConnectionId, ConnectionKind, ConnectionStatus,
    GrantConnection, Login, ScopeSet, StoreError, SyncState, UserId,
};

use crate::queries::assets::write_assets;
use crate::{Db, Engine};

macro_rules! select_connections_with {
    ($counts:literal, $condition:literal, $($argument:expr),+) => {
        sqlx::query_as!(
            Connection,
            r#"SELECT id AS "id!: ConnectionId", user_id AS "user_id!: UserId", kind AS "kind!: ConnectionKind",
                 app_id AS "app_id!", meta_user_id AS "meta_user_id!", name AS "name!",
                 picture_url AS "picture_url?", status AS "status!: ConnectionStatus",
                 status_reason AS "status_reason?", status_changed_at AS "status_changed_at!",
                 access_token AS "access_token?", token_version AS "token_version!", scopes AS "scopes!: ScopeSet",
                 declined_scopes AS "declined_scopes!: ScopeSet", expired_scopes AS "expired_scopes!: ScopeSet",
                 granular_scopes AS "granular_scopes!", business_id AS "business_id?",
                 business_name AS "business_name?", is_pasted AS "is_pasted!", login AS "login?: Login", last_synced_at AS "last_synced_at?",
                 expires_at AS "expires_at?",
                 data_access_expires_at AS "data_access_expires_at?", last_refreshed_at AS "last_refreshed_at?",
                 last_checked_at AS "last_checked_at?", sync_state AS "sync_state!: SyncState",
                 sync_done AS "sync_done!", sync_total AS "sync_total?", sync_generation AS "sync_generation!",
                 connected_at AS "connected_at!", created_at AS "created_at!", updated_at AS "updated_at!",
"# + $counts + r#"
               FROM meta_connections c WHERE "# + $condition,
            $($argument),+
        )
    };
}

macro_rules! select_connections {
    ($condition:literal, $($argument:expr),+) => {
        select_connections_with!(
            r#"(SELECT COUNT(*) FROM meta_ad_accounts a WHERE a.connection_id = c.id)
                     AS "ad_accounts_total!: i64",
                 (SELECT COUNT(*) FROM meta_ad_accounts a WHERE a.connection_id = c.id AND a.is_selected)
                     AS "ad_accounts_selected!: i64",
                 (SELECT COUNT(*) FROM meta_ad_accounts a WHERE a.connection_id = c.id AND a.is_selected
                     AND a.is_reachable AND a.account_status IN (3, 9)) AS "ad_accounts_owing!: i64",
                 (SELECT COUNT(*) FROM meta_ad_accounts a WHERE a.connection_id = c.id AND a.is_selected
                     AND NOT a.is_selectable) AS "ad_accounts_stopped!: i64",
                 (SELECT COUNT(*) FROM meta_pages p WHERE p.connection_id = c.id) AS "pages_total!: i64",
                 (SELECT COUNT(*) FROM meta_instagram_accounts i WHERE i.connection_id = c.id)
                     AS "instagram_total!: i64",
                 (SELECT COUNT(*) FROM meta_businesses b WHERE b.connection_id = c.id) AS "businesses_total!: i64",
                 (SELECT MIN(b.name) FROM meta_businesses b WHERE b.connection_id = c.id) AS "first_business?: String""#,
            $condition,
            $($argument),+
        )
    };
}

impl Db {
    /// All connections of a user.
    pub async fn list_connections(&self, user: &UserId) -> Result<Vec<Connection>, StoreError> {
        Ok(select_connections!("user_id = $1 ORDER BY name, id", user.as_str()).fetch_all(&self.read).await?)
    }

    /// None for another user's, as for what does not exist.
    pub async fn find_connection(
        &self,
        user: &UserId,
        id: &ConnectionId,
    ) -> Result<Option<Connection>, StoreError> {
        Ok(select_connections!("user_id = $1 AND id = $2", user.as_str(), id.as_str())
            .fetch_optional(&self.read)
            .await?)
    }

    /// Whosever it is: for work in the background only. Its assets are not counted.
    pub async fn find_connection_for_job(&self, id: &ConnectionId) -> Result<Option<Connection>, StoreError> {
        Ok(select_connections_with!(
            r#"CAST(0 AS BIGINT) AS "ad_accounts_total!: i64", CAST(0 AS BIGINT) AS "ad_accounts_selected!: i64",
               CAST(0 AS BIGINT) AS "ad_accounts_owing!: i64", CAST(0 AS BIGINT) AS "ad_accounts_stopped!: i64", CAST(0 AS BIGINT) AS "pages_total!: i64",
               CAST(0 AS BIGINT) AS "instagram_total!: i64", CAST(0 AS BIGINT) AS "businesses_total!: i64",
               CAST(NULL AS TEXT) AS "first_business?: String""#,
            "id = $1",
            id.as_str()
        )
        .fetch_optional(&self.read)
        .await?)
    }

    /// The id under which a user has connected a person before.
    pub async fn find_connection_id(
        &self,
        user: &UserId,
        kind: ConnectionKind,
        app_id: &str,
        meta_user_id: &str,
    ) -> Result<Option<ConnectionId>, StoreError> {
        let row = sqlx::query!(
            r#"SELECT id AS "id!: ConnectionId" FROM meta_connections
               WHERE user_id = $1 AND kind = $2 AND app_id = $3 AND meta_user_id = $4"#,
            user.as_str(),
            kind.as_str(),
            app_id,
            meta_user_id
        )
        .fetch_optional(&self.read)
        .await?;
        Ok(row.map(|row| row.id))
    }

    /// Live connections on the same grant, whoever owns them, without this one.
    pub async fn list_connections_on_grant(
        &self,
        id: &ConnectionId,
        app_id: &str,
        meta_user_id: &str,
    ) -> Result<Vec<GrantConnection>, StoreError> {
        Ok(sqlx::query_as!(
            GrantConnection,
            r#"SELECT id AS "id!: ConnectionId", user_id AS "user_id!: UserId" FROM meta_connections
               WHERE app_id = $2 AND (meta_user_id = $3 OR scoped_user_id = $3) AND id <> $1 AND status <> 'revoked' ORDER BY id"#,
            id.as_str(),
            app_id,
            meta_user_id
        )
        .fetch_all(&self.read)
        .await?)
    }

    /// The one write of a successful connect: the authorization's end, connection, sealed token,
    /// assets, the job that reads the rest, and the audit line.
    pub async fn complete_authorization(&self, new: &Completion) -> Result<CompletionOutcome, StoreError> {
        let mut tx = self.begin().await?;
        // Two logins of one person at the same moment wait for each other here.
        lock_grant!(new.app_id, new.meta_user_id).fetch_all(&mut *tx).await?;
        let known = sqlx::query!(
            r#"SELECT id AS "id!: ConnectionId", status AS "status!: ConnectionStatus" FROM meta_connections
               WHERE user_id = $1 AND kind = $2 AND app_id = $3 AND meta_user_id = $4"#,
            new.user_id.as_str(),
            new.kind.as_str(),
            new.app_id,
            new.meta_user_id
        )
        .fetch_optional(&mut *tx)
        .await?;
        let was_broken =
            known.as_ref().is_some_and(|row| row.status == ConnectionStatus::NeedsReauthorization);
        let stored = match known {
            Some(row) if row.id != new.connection_id => return Ok(CompletionOutcome::Conflict),
            Some(_) => CompletionOutcome::Updated,
            None => CompletionOutcome::Created,
        };
        let outcome = if stored == CompletionOutcome::Created { "connected" } else { "reconnected" };
        if let Some(authorization) = &new.authorization_id {
            let finished = sqlx::query!(
            "UPDATE authorizations SET status = 'completed', outcome = $2, connection_id = $3, finished_at = $4,
                 pkce_verifier = NULL, pkce_verifier_key = NULL
             WHERE id = $1 AND status = 'consumed'
               AND EXISTS (SELECT 1 FROM sessions s WHERE s.id = authorizations.session_id)",
            authorization.as_str(),
            outcome,
            new.connection_id.as_str(),
            new.at
        )
        .execute(&mut *tx)
        .await?
        .rows_affected();
            if finished == 0 {
                return Ok(CompletionOutcome::Cancelled);
            }
        }
        let Some(generation) = upsert_connection(&mut tx, new).await? else {
            return Ok(CompletionOutcome::Conflict);
        };
        write_assets(&mut tx, &new.connection_id, generation, &new.assets, new.at).await?;
        schedule_after_login(&mut tx, new).await?;
        let lines = [(&new.ids[1], outcome, new.scopes.to_text()), (&new.ids[2], "recovered", String::new())];
        for (id, action, detail) in lines.into_iter().take(1 + usize::from(was_broken)) {
            sqlx::query!(
                "INSERT INTO audit_log (id, at, user_id, connection_id, action, detail)
                 VALUES ($1, $2, $3, $4, $5, $6)",
                id,
                new.at,
                new.user_id.as_str(),
                new.connection_id.as_str(),
                action,
                detail
            )
            .execute(&mut *tx)
            .await?;
        }
        tx.commit().await?;
        Ok(stored)
    }

    /// The history of a connection, newest first.
    pub async fn list_audit(&self, id: &ConnectionId, limit: i64) -> Result<Vec<AuditEntry>, StoreError> {
        Ok(sqlx::query_as!(
            AuditEntry,
            r#"SELECT id AS "id!", at AS "at!", action AS "action!", detail AS "detail!"
               FROM audit_log WHERE connection_id = $1 ORDER BY id DESC LIMIT $2"#,
            id.as_str(),
            limit
        )
        .fetch_all(&self.read)
        .await?)
    }
}

/// The generation of assets that this login starts; None where the row is another user's.
async fn upsert_connection(
    tx: &mut sqlx::Transaction<'static, Engine>,
    new: &Completion,
) -> Result<Option<i64>, StoreError> {
    let row = sqlx::query!(
        r#"INSERT INTO meta_connections (id, user_id, kind, app_id, meta_user_id, name, picture_url, status,
               status_reason, status_changed_at, access_token, token_version, scopes, declined_scopes, expires_at,
               data_access_expires_at, last_refreshed_at, last_checked_at, sync_state, sync_done, sync_total,
               sync_generation, connected_at, created_at, updated_at, access_token_key, expired_scopes,
               granular_scopes, business_id, business_name, is_pasted, login, scoped_user_id)
           VALUES ($1, $2, $3, $4, $5, $6, $7, 'active', $16, $8, $9, 1, $10, $11, $12, $13, $8, $8, 'running', $14, $15,
               1, $8, $8, $8, $17, $18, $19, $20, $21, $22, $23, $24)
           ON CONFLICT (id) DO UPDATE SET name = excluded.name, picture_url = excluded.picture_url,
               status = 'active', status_reason = excluded.status_reason, status_changed_at = excluded.status_changed_at,
               access_token = excluded.access_token, access_token_key = excluded.access_token_key,
               token_version = meta_connections.token_version + 1,
               scopes = excluded.scopes, declined_scopes = excluded.declined_scopes,
               expired_scopes = excluded.expired_scopes, granular_scopes = excluded.granular_scopes,
               business_id = excluded.business_id, business_name = excluded.business_name, is_pasted = excluded.is_pasted, login = excluded.login,
               scoped_user_id = excluded.scoped_user_id,
               expires_at = excluded.expires_at, data_access_expires_at = excluded.data_access_expires_at,
               last_refreshed_at = excluded.last_refreshed_at, last_checked_at = excluded.last_checked_at,
               sync_state = 'running', sync_done = excluded.sync_done, sync_total = excluded.sync_total,
               sync_generation = meta_connections.sync_generation + 1, connected_at = excluded.connected_at,
               updated_at = excluded.updated_at
           WHERE meta_connections.user_id = excluded.user_id
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
        new.status_reason,
        new.access_token.key_id().to_string(),
        new.expired_scopes.to_text(),
        new.granular_scopes,
        new.business.as_ref().map(|(id, _)| id),
        new.business.as_ref().map(|(_, name)| name),
        new.authorization_id.is_none(),
        new.login.map(Login::as_str),
        new.scoped_user_id
    )
    .fetch_optional(&mut **tx)
    .await;
    match row {
        Ok(row) => Ok(row.map(|row| row.generation)),
        // Another replica inserted the same person in this very moment.
        Err(sqlx::Error::Database(error)) if error.is_unique_violation() => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// The rest of the lists is read in the background, a revocation that still waits for this person is
/// called off (it would end the grant just made), and the siblings on the same grant are checked.
async fn schedule_after_login(
    tx: &mut sqlx::Transaction<'static, Engine>,
    new: &Completion,
) -> Result<(), StoreError> {
    sqlx::query!(
        "INSERT INTO jobs (id, kind, subject, payload, run_at, attempts, leased_until, fence, priority)
         VALUES ($1, 'sync', $2, $3, $4, 0, 0, 0, 0)
         ON CONFLICT (kind, subject) DO UPDATE SET payload = excluded.payload, run_at = excluded.run_at,
             attempts = 0, leased_until = 0, fence = jobs.fence + 1, priority = 0",
        new.ids[0],
        new.connection_id.as_str(),
        new.sync_progress,
        new.at
    )
    .execute(&mut **tx)
    .await?;
    // The stored token itself is inspected right after, without making the browser wait for it. From then
    // on this job comes again and again. Whoever looks after the old token now has lost it.
    sqlx::query!(
        "INSERT INTO jobs (id, kind, subject, payload, run_at, attempts, leased_until, fence, priority)
         VALUES ($1, 'check', $1, '', $2, 0, 0, 0, 0)
         ON CONFLICT (kind, subject) DO UPDATE SET payload = excluded.payload, run_at = excluded.run_at, attempts = 0,
             leased_until = 0, fence = jobs.fence + 1, priority = 0",
        new.connection_id.as_str(),
        new.at
    )
    .execute(&mut **tx)
    .await?;
    let grant = format!("{}:{}", new.app_id, new.meta_user_id);
    sqlx::query!("DELETE FROM jobs WHERE kind = 'revoke' AND subject = $1", grant).execute(&mut **tx).await?;
    sqlx::query!(
        "INSERT INTO jobs (id, kind, subject, payload, run_at, attempts, leased_until, fence, priority)
         SELECT id, 'check', id, 'read again', $1, 0, 0, 0, 0 FROM meta_connections
         WHERE app_id = $2 AND meta_user_id = $3 AND id <> $4 AND status <> 'revoked' ORDER BY id
         ON CONFLICT (kind, subject) DO UPDATE SET payload = excluded.payload, run_at = excluded.run_at, attempts = 0,
             rerun_requested = TRUE, priority = 0",
        new.at,
        new.app_id,
        new.meta_user_id,
        new.connection_id.as_str()
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}
