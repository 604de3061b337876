//! Users and their personal workspaces.

use metaads_store_rows::{NewUser, StoreError, User, UserId};

use crate::Db;
use crate::queries::disconnect::delete_connection;

impl Db {
    /// Inserts a user with a personal workspace. False if the e-mail address is taken.
    pub async fn insert_user(&self, user: &NewUser) -> Result<bool, StoreError> {
        let mut tx = self.begin().await?;
        let is_admin = match user.is_admin {
            Some(is_admin) => is_admin,
            None => {
                lock_users!(&mut *tx);
                let users = sqlx::query!(r#"SELECT COUNT(*) AS "count!: i64" FROM users"#)
                    .fetch_one(&mut *tx)
                    .await?;
                users.count == 0
            }
        };
        let inserted = sqlx::query!(
            "INSERT INTO users (id, email, email_key, password_hash, is_admin, created_at, password_changed_at)
             VALUES ($1, $2, $3, $4, $5, $6, $6) ON CONFLICT (email_key) DO NOTHING",
            user.id.as_str(),
            user.email,
            user.email_key,
            user.password_hash,
            is_admin,
            user.created_at
        )
        .execute(&mut *tx)
        .await?
        .rows_affected();
        if inserted == 1 {
            // The personal workspace has the id of its user.
            sqlx::query!(
                "INSERT INTO workspaces (id, created_at) VALUES ($1, $2)",
                user.id.as_str(),
                user.created_at
            )
            .execute(&mut *tx)
            .await?;
        }
        tx.commit().await?;
        Ok(inserted == 1)
    }

    pub async fn find_user_by_email(&self, email_key: &str) -> Result<Option<User>, StoreError> {
        Ok(sqlx::query_as!(
            User,
            r#"SELECT id AS "id!: UserId", email AS "email!", password_hash AS "password_hash!",
                      is_admin AS "is_admin!", created_at AS "created_at!",
                      password_changed_at AS "password_changed_at!"
               FROM users WHERE email_key = $1"#,
            email_key
        )
        .fetch_optional(&self.read)
        .await?)
    }

    pub async fn find_user(&self, id: &UserId) -> Result<Option<User>, StoreError> {
        Ok(sqlx::query_as!(
            User,
            r#"SELECT id AS "id!: UserId", email AS "email!", password_hash AS "password_hash!",
                      is_admin AS "is_admin!", created_at AS "created_at!",
                      password_changed_at AS "password_changed_at!"
               FROM users WHERE id = $1"#,
            id.as_str()
        )
        .fetch_optional(&self.read)
        .await?)
    }

    /// Sets a new password, ends all other sessions of the user and forgets all other known devices.
    pub async fn update_password(
        &self,
        id: &UserId,
        password_hash: &str,
        kept_session: &str,
        kept_device: &str,
        at: i64,
    ) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        sqlx::query!(
            "UPDATE users SET password_hash = $2, password_changed_at = $3 WHERE id = $1",
            id.as_str(),
            password_hash,
            at
        )
        .execute(&mut *tx)
        .await?;
        sqlx::query!("DELETE FROM sessions WHERE user_id = $1 AND id <> $2", id.as_str(), kept_session)
            .execute(&mut *tx)
            .await?;
        sqlx::query!(
            "DELETE FROM known_devices WHERE user_id = $1 AND token_hash <> $2",
            id.as_str(),
            kept_device
        )
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(())
    }

    /// Deletes the user with everything that belongs to them: sessions, authorizations, and the personal workspace
    /// with its connections, assets and history.
    pub async fn delete_user(&self, id: &UserId) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        // A login that is being completed now is waited for, and deleted too.
        lock_workspace!(id.as_str()).fetch_optional(&mut *tx).await?;
        let connections = sqlx::query!(
            r#"SELECT id AS "id!" FROM meta_connections WHERE workspace_id = $1 ORDER BY id"#,
            id.as_str()
        )
        .fetch_all(&mut *tx)
        .await?;
        for connection in connections {
            delete_connection(&mut tx, &connection.id).await?;
        }
        sqlx::query!("DELETE FROM audit_log WHERE user_id = $1", id.as_str()).execute(&mut *tx).await?;
        sqlx::query!("DELETE FROM workspaces WHERE id = $1", id.as_str()).execute(&mut *tx).await?;
        sqlx::query!("DELETE FROM users WHERE id = $1", id.as_str()).execute(&mut *tx).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Fails unless the database can be read and written.
    pub async fn ping(&self, now: i64) -> Result<(), StoreError> {
        sqlx::query!(r#"SELECT COUNT(*) AS "count!: i64" FROM rate_limits WHERE ends_at < 0"#)
            .fetch_one(&self.read)
            .await?;
        let mut tx = self.begin().await?;
        sqlx::query!(
            "INSERT INTO rate_limits (bucket, hits, ends_at) VALUES ('ready', 1, $1)
             ON CONFLICT (bucket) DO UPDATE SET ends_at = excluded.ends_at",
            now
        )
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(())
    }
}
