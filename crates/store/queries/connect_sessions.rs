//! Connect sessions. Their attempts are authorizations; what an attempt changes here is written in its transaction.

use metaads_store_rows::{
    AuthorizationId, AuthorizationStatus, Completion, ConnectSession, ConnectSessionId, ConnectSessionInsert,
    ConnectSessionRef, ConnectSessionRow, ConnectSessionStatus, ConnectionId, Login, NewAuthorization,
    NewConnectSession, StoreError, UserId, WorkspaceId,
};

use crate::queries::api_keys::insert_secret;
use crate::{Db, Engine};

macro_rules! select_connect_session {
    ($condition:literal, $($argument:expr),+) => {
        sqlx::query_as!(
            ConnectSessionRow,
            r#"SELECT c.id AS "id!: ConnectSessionId", c.workspace_id AS "workspace_id!: WorkspaceId",
                      c.user_id AS "user_id!: UserId", c.api_key_id AS "api_key_id!", k.name AS "product!",
                      (k.ended_at IS NOT NULL OR COALESCE(k.expires_at <= $1, FALSE)) AS "has_ended_key!: bool",
                      c.secret_id AS "secret_id!", c.external_user_id AS "external_user_id!",
                      c.return_url AS "return_url!", c.kind AS "login!: Login", c.code_challenge AS "code_challenge?",
                      c.repairs AS "repairs?: ConnectionId", c.status AS "status!: ConnectSessionStatus",
                      a.status AS "attempt?: AuthorizationStatus", a.expires_at AS "attempt_until?",
                      c.connection_id AS "connection_id?: ConnectionId", c.error AS "error?",
                      c.browser_hash AS "browser_hash?", c.verifier_failures AS "verifier_failures!",
                      c.is_popup AS "is_popup!: bool", c.request_hash AS "request_hash!", c.created_at AS "created_at!",
                      c.expires_at AS "expires_at!", c.finished_at AS "finished_at?"
               FROM connect_sessions c JOIN api_keys k ON k.id = c.api_key_id
                   LEFT JOIN authorizations a ON a.id = c.authorization_id WHERE "# + $condition,
            $($argument),+
        )
    };
}

impl Db {
    /// Inserts a connect session with its sealed token, unless the key has used the idempotency key before.
    pub async fn insert_connect_session(
        &self,
        new: &NewConnectSession,
    ) -> Result<ConnectSessionInsert, StoreError> {
        let mut tx = self.begin().await?;
        let inserted = sqlx::query!(
            "INSERT INTO connect_sessions (id, workspace_id, user_id, api_key_id, token_hash, secret_id, external_user_id,
                 return_url, kind, code_challenge, repairs, status, idempotency_key, request_hash, created_at, expires_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 'pending', $12, $13, $14, $15)
             ON CONFLICT (api_key_id, idempotency_key) DO NOTHING",
            new.id.as_str(),
            new.workspace_id.as_str(),
            new.user_id.as_str(),
            new.api_key_id,
            new.token_hash,
            new.secret.id,
            new.external_user_id,
            new.return_url,
            new.login.as_str(),
            new.code_challenge,
            new.repairs.as_ref().map(ConnectionId::as_str),
            new.idempotency_key,
            new.request_hash,
            new.created_at,
            new.expires_at
        )
        .execute(&mut *tx)
        .await?
        .rows_affected();
        if inserted == 1 {
            insert_secret(&mut tx, &new.secret).await?;
            tx.commit().await?;
            return Ok(ConnectSessionInsert::Inserted);
        }
        let known = select_connect_session!(
            "c.api_key_id = $2 AND c.idempotency_key = $3",
            new.created_at,
            new.api_key_id,
            new.idempotency_key
        )
        .fetch_one(&mut *tx)
        .await?;
        Ok(ConnectSessionInsert::Exists(Box::new(ConnectSession::from_row(known)?)))
    }

    pub async fn find_connect_session(
        &self,
        id: &ConnectSessionId,
        now: i64,
    ) -> Result<Option<ConnectSession>, StoreError> {
        let row = select_connect_session!("c.id = $2", now, id.as_str()).fetch_optional(&self.read).await?;
        row.map(ConnectSession::from_row).transpose()
    }

    pub async fn find_connect_session_by_token(
        &self,
        token_hash: &str,
        now: i64,
    ) -> Result<Option<ConnectSession>, StoreError> {
        let row =
            select_connect_session!("c.token_hash = $2", now, token_hash).fetch_optional(&self.read).await?;
        row.map(ConnectSession::from_row).transpose()
    }

    /// Notes that somebody has opened the URL.
    pub async fn open_connect_session(&self, id: &ConnectSessionId) -> Result<(), StoreError> {
        sqlx::query!(
            "UPDATE connect_sessions SET status = 'opened' WHERE id = $1 AND status = 'pending'",
            id.as_str()
        )
        .execute(&self.write)
        .await?;
        Ok(())
    }

    /// Binds a connect session to a browser: the first one, or each that has proved itself with the verifier. False if it
    /// is bound to another browser, has connected or has expired.
    pub async fn bind_connect_session(
        &self,
        id: &ConnectSessionId,
        browser_hash: &str,
        now: i64,
    ) -> Result<bool, StoreError> {
        let bound = sqlx::query!(
            "UPDATE connect_sessions SET browser_hash = $2,
                 status = CASE WHEN status = 'pending' THEN 'opened' ELSE status END
             WHERE id = $1 AND expires_at > $3 AND status <> 'completed'
               AND (browser_hash IS NULL OR browser_hash = $2 OR code_challenge IS NOT NULL)",
            id.as_str(),
            browser_hash,
            now
        )
        .execute(&self.write)
        .await?
        .rows_affected();
        Ok(bound == 1)
    }

    /// Counts a wrong verifier. After `most` of them, a connect session that nobody has started fails with this code.
    pub async fn count_wrong_verifier(
        &self,
        id: &ConnectSessionId,
        most: i64,
        code: &str,
        at: i64,
    ) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        sqlx::query!(
            "UPDATE connect_sessions SET verifier_failures = verifier_failures + 1 WHERE id = $1",
            id.as_str()
        )
        .execute(&mut *tx)
        .await?;
        sqlx::query!(
            "UPDATE connect_sessions SET status = 'failed', error = $3, finished_at = $4
             WHERE id = $1 AND verifier_failures >= $2 AND status IN ('pending', 'opened')",
            id.as_str(),
            most,
            code,
            at
        )
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(())
    }
}

/// An attempt has started.
pub(crate) async fn start_connect_session(
    tx: &mut sqlx::Transaction<'static, Engine>,
    id: &ConnectSessionId,
    authorization: &NewAuthorization,
) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE connect_sessions SET status = 'connecting', authorization_id = $2, is_popup = $3, error = NULL,
             finished_at = NULL
         WHERE id = $1 AND status <> 'completed'",
        id.as_str(),
        authorization.id.as_str(),
        authorization.is_popup
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// The newest attempt has failed.
pub(crate) async fn fail_connect_session(
    tx: &mut sqlx::Transaction<'static, Engine>,
    authorization: &AuthorizationId,
    code: &str,
    at: i64,
) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE connect_sessions SET status = 'failed', error = $2, finished_at = $3
         WHERE authorization_id = $1 AND status = 'connecting'",
        authorization.as_str(),
        code,
        at
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// An attempt has connected. None if another one did before.
pub(crate) async fn complete_connect_session(
    tx: &mut sqlx::Transaction<'static, Engine>,
    id: &ConnectSessionId,
    new: &Completion,
) -> Result<Option<ConnectSessionRef>, StoreError> {
    Ok(sqlx::query_as!(
        ConnectSessionRef,
        r#"UPDATE connect_sessions SET status = 'completed', connection_id = $2, error = NULL, finished_at = $3
           WHERE id = $1 AND status <> 'completed'
           RETURNING id AS "id!", external_user_id AS "external_user_id!""#,
        id.as_str(),
        new.connection_id.as_str(),
        new.at
    )
    .fetch_optional(&mut **tx)
    .await?)
}

/// Fails those whose attempt a crash left behind; `at`: when the sweep failed the attempt.
pub(crate) async fn fail_connect_sessions_left_behind(
    tx: &mut sqlx::Transaction<'static, Engine>,
    at: i64,
) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE connect_sessions SET status = 'failed', error = 'meta_unavailable', finished_at = $1
         WHERE status = 'connecting' AND authorization_id IN
             (SELECT id FROM authorizations WHERE status = 'failed' AND finished_at = $1)",
        at
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Deletes those that expired before, with their sealed tokens.
pub(crate) async fn delete_connect_sessions(
    tx: &mut sqlx::Transaction<'static, Engine>,
    expired_before: i64,
) -> Result<(), StoreError> {
    sqlx::query!(
        "DELETE FROM secrets WHERE owner_id IN (SELECT id FROM connect_sessions WHERE expires_at <= $1)",
        expired_before
    )
    .execute(&mut **tx)
    .await?;
    sqlx::query!("DELETE FROM connect_sessions WHERE expires_at <= $1", expired_before)
        .execute(&mut **tx)
        .await?;
    Ok(())
}
