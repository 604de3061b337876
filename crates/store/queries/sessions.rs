//! Sessions, known devices and rate limits, and the periodic deletion of expired rows. Tokens arrive hashed.

use metaads_store_rows::{
    NewSession, RateLimitHits, Session, SessionId, SignedIn, StoreError, UserId, WorkspaceId,
};

use crate::Db;
use crate::queries::connect_sessions::{delete_connect_sessions, fail_connect_sessions_left_behind};

/// Sessions of one user, and browsers that count as known to them; the oldest give way.
const MOST_SESSIONS: i64 = 50;

const DAY_MS: i64 = 86_400_000;
const EVENTS_KEPT_MS: i64 = 40 * DAY_MS;
const DELETIONS_KEPT_MS: i64 = 366 * DAY_MS;
const CONNECT_SESSIONS_KEPT_MS: i64 = 30 * DAY_MS;
const UNRECOGNIZED_KEPT_MS: i64 = 90 * DAY_MS;

impl Db {
    /// Inserts a session and remembers its device as a known one. A user keeps the 50 most recent ones of each.
    pub async fn insert_session(
        &self,
        session: &NewSession,
        device_hash: &str,
        device_expires_at: i64,
    ) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        // Sign-ins at once count one another.
        lock_user!(session.user_id.as_str()).fetch_optional(&mut *tx).await?;
        sqlx::query!(
            "INSERT INTO sessions (id, token_hash, user_id, user_agent, created_at, last_seen_at, expires_at, confirmed_at)
             VALUES ($1, $2, $3, $4, $5, $5, $6, $5)",
            session.id.as_str(),
            session.token_hash,
            session.user_id.as_str(),
            session.user_agent,
            session.created_at,
            session.expires_at
        )
        .execute(&mut *tx)
        .await?;
        sqlx::query!(
            "INSERT INTO known_devices (token_hash, user_id, expires_at) VALUES ($1, $2, $3)
             ON CONFLICT (token_hash) DO UPDATE SET user_id = excluded.user_id, expires_at = excluded.expires_at",
            device_hash,
            session.user_id.as_str(),
            device_expires_at
        )
        .execute(&mut *tx)
        .await?;
        sqlx::query!(
            "DELETE FROM sessions WHERE user_id = $1 AND id <> $2 AND id NOT IN
                 (SELECT id FROM sessions WHERE user_id = $1 AND id <> $2 ORDER BY last_seen_at DESC, id DESC LIMIT $3)",
            session.user_id.as_str(),
            session.id.as_str(),
            MOST_SESSIONS - 1
        )
        .execute(&mut *tx)
        .await?;
        sqlx::query!(
            "DELETE FROM known_devices WHERE user_id = $1 AND token_hash <> $2 AND token_hash NOT IN
                 (SELECT token_hash FROM known_devices WHERE user_id = $1 AND token_hash <> $2
                  ORDER BY expires_at DESC, token_hash LIMIT $3)",
            session.user_id.as_str(),
            device_hash,
            MOST_SESSIONS - 1
        )
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(())
    }

    /// The session of a token; None if it has expired or was last used at or before `idle_since`.
    pub async fn find_session(
        &self,
        token_hash: &str,
        now: i64,
        idle_since: i64,
    ) -> Result<Option<SignedIn>, StoreError> {
        Ok(sqlx::query_as!(
            SignedIn,
            r#"SELECT s.id AS "session_id!: SessionId", u.id AS "user_id!: UserId", u.email AS "email!",
                      u.is_admin AS "is_admin!", s.last_seen_at AS "last_seen_at!",
                      s.confirmed_at AS "confirmed_at!", u.id AS "workspace_id!: WorkspaceId"
               FROM sessions s JOIN users u ON u.id = s.user_id
               WHERE s.token_hash = $1 AND s.expires_at > $2 AND s.last_seen_at > $3"#,
            token_hash,
            now,
            idle_since
        )
        .fetch_optional(&self.read)
        .await?)
    }

    pub async fn touch_session(&self, id: &SessionId, at: i64) -> Result<(), StoreError> {
        sqlx::query!("UPDATE sessions SET last_seen_at = $2 WHERE id = $1", id.as_str(), at)
            .execute(&self.write)
            .await?;
        Ok(())
    }

    /// The person has entered the password in this session.
    pub async fn confirm_session(&self, id: &SessionId, at: i64) -> Result<(), StoreError> {
        sqlx::query!("UPDATE sessions SET confirmed_at = $2 WHERE id = $1", id.as_str(), at)
            .execute(&self.write)
            .await?;
        Ok(())
    }

    /// Live sessions of a user, the most recently used first.
    pub async fn list_sessions(
        &self,
        user: &UserId,
        now: i64,
        idle_since: i64,
    ) -> Result<Vec<Session>, StoreError> {
        Ok(sqlx::query_as!(
            Session,
            r#"SELECT id AS "id!: SessionId", user_agent AS "user_agent!", created_at AS "created_at!",
                      last_seen_at AS "last_seen_at!"
               FROM sessions WHERE user_id = $1 AND expires_at > $2 AND last_seen_at > $3
               ORDER BY last_seen_at DESC, id LIMIT 100"#,
            user.as_str(),
            now,
            idle_since
        )
        .fetch_all(&self.read)
        .await?)
    }

    /// False if the user has no such session.
    pub async fn end_session(&self, user: &UserId, id: &SessionId) -> Result<bool, StoreError> {
        let ended =
            sqlx::query!("DELETE FROM sessions WHERE user_id = $1 AND id = $2", user.as_str(), id.as_str())
                .execute(&self.write)
                .await?
                .rows_affected();
        Ok(ended == 1)
    }

    /// Ends all sessions of a user except one. Returns how many.
    pub async fn end_other_sessions(&self, user: &UserId, kept: &SessionId) -> Result<u64, StoreError> {
        Ok(sqlx::query!("DELETE FROM sessions WHERE user_id = $1 AND id <> $2", user.as_str(), kept.as_str())
            .execute(&self.write)
            .await?
            .rows_affected())
    }

    pub async fn is_known_device(
        &self,
        token_hash: &str,
        user: &UserId,
        now: i64,
    ) -> Result<bool, StoreError> {
        let found = sqlx::query!(
            r#"SELECT COUNT(*) AS "count!: i64" FROM known_devices
               WHERE token_hash = $1 AND user_id = $2 AND expires_at > $3"#,
            token_hash,
            user.as_str(),
            now
        )
        .fetch_one(&self.read)
        .await?;
        Ok(found.count > 0)
    }

    /// Counts this `number` of hits and returns the hits in the bucket's window, these included. The window starts with
    /// its first hit. One that ends later than a window from now was set by a wrong clock and is over.
    pub async fn hit_rate_limit(
        &self,
        bucket: &str,
        now: i64,
        window_ms: i64,
        number: i64,
    ) -> Result<RateLimitHits, StoreError> {
        let ends_at = now + window_ms;
        // A lone statement that returns rows hides the failure of its commit on a full disk.
        let mut tx = self.begin().await?;
        let hits = sqlx::query_as!(
            RateLimitHits,
            r#"INSERT INTO rate_limits (bucket, hits, ends_at) VALUES ($1, $4, $3)
               ON CONFLICT (bucket) DO UPDATE SET
                 hits = CASE WHEN rate_limits.ends_at <= $2 OR rate_limits.ends_at > excluded.ends_at
                     THEN excluded.hits ELSE rate_limits.hits + excluded.hits END,
                 ends_at = CASE WHEN rate_limits.ends_at <= $2 OR rate_limits.ends_at > excluded.ends_at
                     THEN excluded.ends_at ELSE rate_limits.ends_at END
               RETURNING hits AS "hits!: i64", ends_at AS "ends_at!: i64""#,
            bucket,
            now,
            ends_at,
            number
        )
        .fetch_one(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(hits)
    }

    /// Resets a bucket.
    pub async fn clear_rate_limit(&self, bucket: &str) -> Result<(), StoreError> {
        sqlx::query!("DELETE FROM rate_limits WHERE bucket = $1", bucket).execute(&self.write).await?;
        Ok(())
    }

    /// Deletes expired rows of every table, fails authorizations that a crash left consumed, and erases the PKCE
    /// verifiers of expired ones. Times are Unix milliseconds.
    pub async fn sweep(
        &self,
        now: i64,
        idle_since: i64,
        authorizations_before: i64,
    ) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        sqlx::query!("DELETE FROM sessions WHERE expires_at <= $1 OR last_seen_at <= $2", now, idle_since)
            .execute(&mut *tx)
            .await?;
        sqlx::query!("DELETE FROM known_devices WHERE expires_at <= $1", now).execute(&mut *tx).await?;
        sqlx::query!("DELETE FROM rate_limits WHERE ends_at <= $1", now).execute(&mut *tx).await?;
        sqlx::query!("DELETE FROM account_links WHERE expires_at <= $1", now).execute(&mut *tx).await?;
        sqlx::query!("DELETE FROM authorizations WHERE expires_at <= $1", authorizations_before)
            .execute(&mut *tx)
            .await?;
        delete_connect_sessions(&mut tx, now - CONNECT_SESSIONS_KEPT_MS).await?;
        // Meta counts usage over an hour at most; a day is enough history for the operator.
        sqlx::query!("DELETE FROM meta_quotas WHERE seen_at <= $1", now - DAY_MS).execute(&mut *tx).await?;
        // Meta redelivers for 36 hours; confirmation codes are valid for a year.
        sqlx::query!(
            "DELETE FROM webhook_inbox WHERE applied_at IS NOT NULL AND received_at <= $1",
            now - EVENTS_KEPT_MS
        )
        .execute(&mut *tx)
        .await?;
        sqlx::query!("DELETE FROM deletion_requests WHERE requested_at <= $1", now - DELETIONS_KEPT_MS)
            .execute(&mut *tx)
            .await?;
        // A problem that was not reported again for a day is over; Meta's own notices are kept for a week.
        sqlx::query!(
            "DELETE FROM operator_notices WHERE (code IN ('meta_notice', 'refreshes_refused') AND last_at <= $1)
                 OR (code IN ('meta_app_misconfigured', 'meta_calls_refused', 'meta_policy_block', 'meta_login_refused',
                     'untrusted_proxy') AND last_at <= $2)",
            now - 7 * DAY_MS,
            now - DAY_MS - DAY_MS / 4
        )
        .execute(&mut *tx)
        .await?;
        sqlx::query!("DELETE FROM unrecognized_errors WHERE last_at <= $1", now - UNRECOGNIZED_KEPT_MS)
            .execute(&mut *tx)
            .await?;
        // Left by a crash between the callback and the write: no connection was stored.
        sqlx::query!(
            "UPDATE authorizations SET status = 'failed', outcome = 'meta_unavailable', finished_at = $1
             WHERE status = 'consumed' AND expires_at <= $1",
            now
        )
        .execute(&mut *tx)
        .await?;
        fail_connect_sessions_left_behind(&mut tx, now).await?;
        sqlx::query!(
            "UPDATE authorizations SET pkce_verifier = NULL, pkce_verifier_key = NULL
             WHERE expires_at <= $1 AND pkce_verifier IS NOT NULL",
            now
        )
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(())
    }
}
