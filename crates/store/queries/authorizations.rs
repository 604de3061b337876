//! Authorizations: attempts to connect, until they fail or are cancelled. Success is written by `complete.rs`.

use metaads_store_rows::{
    Authorization, AuthorizationId, AuthorizationStatus, ConnectSessionId, ConnectionId, DialogHost, Login,
    NewAuthorization, SessionId, StoreError, UserId, WorkspaceId,
};

use crate::queries::connect_sessions::{fail_connect_session, start_connect_session};
use crate::queries::keys::key_name;
use crate::{Db, Engine};

/// Once the callback has arrived, the authorization must be completed within this time; then it counts as failed.
const COMPLETION_TTL_MS: i64 = 60_000;

/// A user, or a connect session, can have this many pending authorizations; the oldest is cancelled.
const PENDING_LIMIT: i64 = 10;

/// Bounds the authorizations of a user or of a connect session, however often they start over: the oldest pending ones
/// are cancelled, and only the newest rows are kept.
macro_rules! bound {
    ($tx:expr, $owner:literal, $id:expr, $at:expr) => {
        sqlx::query!(
            "UPDATE authorizations SET status = 'cancelled', outcome = 'cancelled', finished_at = $2, pkce_verifier = NULL, pkce_verifier_key = NULL
             WHERE " + $owner + " = $1 AND status = 'pending' AND id NOT IN
                 (SELECT id FROM authorizations WHERE " + $owner + " = $1 AND status = 'pending'
                  ORDER BY created_at DESC, id DESC LIMIT $3)",
            $id,
            $at,
            PENDING_LIMIT - 1
        )
        .execute(&mut **$tx)
        .await?;
        sqlx::query!(
            "DELETE FROM authorizations WHERE " + $owner + " = $1 AND status <> 'consumed' AND id NOT IN
                 (SELECT id FROM authorizations WHERE " + $owner + " = $1 ORDER BY created_at DESC, id DESC LIMIT 50)",
            $id
        )
        .execute(&mut **$tx)
        .await?;
    };
}

async fn bound_authorizations(
    tx: &mut sqlx::Transaction<'static, Engine>,
    new: &NewAuthorization,
) -> Result<(), StoreError> {
    match &new.connect_session {
        Some(session) => {
            bound!(tx, "connect_session_id", session.as_str(), new.created_at);
        }
        None => {
            bound!(tx, "connect_session_id IS NULL AND user_id", new.user_id.as_str(), new.created_at);
        }
    }
    Ok(())
}

macro_rules! select_authorization {
    ($condition:literal, $($argument:expr),+) => {
        sqlx::query_as!(
            Authorization,
            r#"SELECT id AS "id!: AuthorizationId", workspace_id AS "workspace_id!: WorkspaceId", user_id AS "user_id!: UserId",
                      session_id AS "session_id!: SessionId", kind AS "login!: Login", redirect_uri AS "redirect_uri!",
                      pkce_verifier AS "pkce_verifier?", is_popup AS "is_popup!",
                      reconnects AS "reconnects?: ConnectionId",
                      connect_session_id AS "connect_session?: ConnectSessionId", status AS "status!: AuthorizationStatus",
                      outcome AS "outcome?", detail AS "detail?",
                      connection_id AS "connection_id?: ConnectionId", created_at AS "created_at!",
                      expires_at AS "expires_at!", finished_at AS "finished_at?"
               FROM authorizations WHERE "# + $condition,
            $($argument),+
        )
    };
}

impl Db {
    pub async fn insert_authorization(&self, new: &NewAuthorization) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        bound_authorizations(&mut tx, new).await?;
        sqlx::query!(
            "INSERT INTO authorizations (id, user_id, session_id, state_hash, redirect_uri, pkce_verifier, is_popup,
                 is_rerequest, reconnects, status, created_at, expires_at, pkce_verifier_key, kind, workspace_id, connect_session_id)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'pending', $10, $11, $12, $13, $14, $15)",
            new.id.as_str(),
            new.user_id.as_str(),
            new.session_id.as_str(),
            new.state_hash,
            new.redirect_uri,
            new.pkce_verifier.as_ref().map(|sealed| sealed.as_bytes()),
            new.is_popup,
            new.is_rerequest,
            new.reconnects.as_ref().map(ConnectionId::as_str),
            new.created_at,
            new.expires_at,
            key_name(new.pkce_verifier.as_ref()),
            new.login.as_str(),
            new.workspace_id.as_str(),
            new.connect_session.as_ref().map(ConnectSessionId::as_str)
        )
        .execute(&mut *tx)
        .await?;
        if let Some(session) = &new.connect_session {
            start_connect_session(&mut tx, session, new).await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// Consumes a pending authorization, once: by its state, in its session, before it expires. From then on
    /// `expires_at` says until when it must be completed.
    pub async fn consume_authorization(
        &self,
        state_hash: &str,
        session: &SessionId,
        host: DialogHost,
        now: i64,
    ) -> Result<Option<Authorization>, StoreError> {
        // A lone statement that returns rows hides the failure of its commit on a full disk.
        let mut tx = self.begin().await?;
        let consumed = sqlx::query!(
            r#"UPDATE authorizations SET status = 'consumed', expires_at = $3 + $4
               WHERE state_hash = $1 AND session_id = $2 AND status = 'pending' AND expires_at > $3
                 AND (kind = 'instagram') = $5
               RETURNING id AS "id!""#,
            state_hash,
            session.as_str(),
            now,
            COMPLETION_TTL_MS,
            host == DialogHost::Instagram
        )
        .fetch_optional(&mut *tx)
        .await?;
        let Some(consumed) = consumed else { return Ok(None) };
        let authorization = select_authorization!("id = $1", consumed.id).fetch_optional(&mut *tx).await?;
        tx.commit().await?;
        Ok(authorization)
    }

    /// The authorization of a state, to explain why it could not be consumed.
    pub async fn find_authorization_by_state(
        &self,
        state_hash: &str,
    ) -> Result<Option<Authorization>, StoreError> {
        Ok(select_authorization!("state_hash = $1", state_hash).fetch_optional(&self.read).await?)
    }

    pub async fn find_authorization(
        &self,
        user: &UserId,
        id: &AuthorizationId,
    ) -> Result<Option<Authorization>, StoreError> {
        Ok(select_authorization!(
            "user_id = $1 AND id = $2 AND connect_session_id IS NULL",
            user.as_str(),
            id.as_str()
        )
        .fetch_optional(&self.read)
        .await?)
    }

    /// The newest pending or consumed authorization of a user that has not expired.
    pub async fn find_open_authorization(
        &self,
        user: &UserId,
        now: i64,
    ) -> Result<Option<Authorization>, StoreError> {
        Ok(select_authorization!(
            "user_id = $1 AND connect_session_id IS NULL AND status IN ('pending', 'consumed') AND expires_at > $2 ORDER BY created_at DESC, id DESC LIMIT 1",
            user.as_str(),
            now
        )
        .fetch_optional(&self.read)
        .await?)
    }

    /// Marks a consumed authorization as failed and erases its PKCE verifier.
    pub async fn fail_authorization(
        &self,
        id: &AuthorizationId,
        outcome: &str,
        detail: Option<&str>,
        at: i64,
    ) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        let failed = sqlx::query!(
            "UPDATE authorizations SET status = 'failed', outcome = $2, detail = $3, finished_at = $4, pkce_verifier = NULL, pkce_verifier_key = NULL
             WHERE id = $1 AND status = 'consumed'",
            id.as_str(),
            outcome,
            detail,
            at
        )
        .execute(&mut *tx)
        .await?
        .rows_affected();
        if failed == 1 {
            fail_connect_session(&mut tx, id, outcome, at).await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// Cancels a pending or consumed authorization. False if it had already ended.
    pub async fn cancel_authorization(
        &self,
        user: &UserId,
        id: &AuthorizationId,
        at: i64,
    ) -> Result<bool, StoreError> {
        let cancelled = sqlx::query!(
            "UPDATE authorizations SET status = 'cancelled', outcome = 'cancelled', finished_at = $3, pkce_verifier = NULL, pkce_verifier_key = NULL
             WHERE user_id = $1 AND id = $2 AND status IN ('pending', 'consumed')",
            user.as_str(),
            id.as_str(),
            at
        )
        .execute(&self.write)
        .await?
        .rows_affected();
        Ok(cancelled == 1)
    }
}
