//! Users and their personal workspaces.

use metaads_store_rows::{
    AdminChange, AdminOutcome, EMAIL_KEY_VERSION, LastAdmin, NewUser, StoreError, User, UserId,
};

use crate::queries::disconnect::delete_connection;
use crate::{Db, Engine};

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
        let is_inserted = insert_user_row(&mut tx, user, is_admin).await?;
        tx.commit().await?;
        Ok(is_inserted)
    }

    pub async fn find_user_by_email(&self, email_key: &str) -> Result<Option<User>, StoreError> {
        Ok(sqlx::query_as!(
            User,
            r#"SELECT id AS "id!: UserId", email AS "email!", password_hash AS "password_hash!",
                      is_admin AS "is_admin!", email_proven_at AS "email_proven_at?", created_at AS "created_at!",
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
                      is_admin AS "is_admin!", email_proven_at AS "email_proven_at?", created_at AS "created_at!",
                      password_changed_at AS "password_changed_at!"
               FROM users WHERE id = $1"#,
            id.as_str()
        )
        .fetch_optional(&self.read)
        .await?)
    }

    /// Users in the order of their registration, after the one with this id.
    pub async fn list_users(&self, after: &str, limit: i64) -> Result<Vec<User>, StoreError> {
        Ok(sqlx::query_as!(
            User,
            r#"SELECT id AS "id!: UserId", email AS "email!", password_hash AS "password_hash!",
                      is_admin AS "is_admin!", email_proven_at AS "email_proven_at?", created_at AS "created_at!",
                      password_changed_at AS "password_changed_at!"
               FROM users WHERE id > $1 ORDER BY id LIMIT $2"#,
            after,
            limit
        )
        .fetch_all(&self.read)
        .await?)
    }

    /// Users whose address key was made by an older rule.
    pub async fn list_outdated_email_keys(&self, limit: i64) -> Result<Vec<(UserId, String)>, StoreError> {
        let rows = sqlx::query!(
            r#"SELECT id AS "id!: UserId", email AS "email!"
               FROM users WHERE email_key_version < $1 ORDER BY email_key_version, id LIMIT $2"#,
            EMAIL_KEY_VERSION,
            limit
        )
        .fetch_all(&self.read)
        .await?;
        Ok(rows.into_iter().map(|row| (row.id, row.email)).collect())
    }

    /// Gives a user the key of the current rule. False if another user has it: then this one keeps the old key.
    pub async fn update_email_key(&self, id: &UserId, email_key: &str) -> Result<bool, StoreError> {
        let mut tx = self.begin().await?;
        lock_users!(&mut *tx);
        let others = sqlx::query!(
            r#"SELECT COUNT(*) AS "count!: i64" FROM users WHERE email_key = $2 AND id <> $1"#,
            id.as_str(),
            email_key
        )
        .fetch_one(&mut *tx)
        .await?;
        let is_free = others.count == 0;
        if is_free {
            sqlx::query!("UPDATE users SET email_key = $2 WHERE id = $1", id.as_str(), email_key)
                .execute(&mut *tx)
                .await?;
        }
        sqlx::query!("UPDATE users SET email_key_version = $2 WHERE id = $1", id.as_str(), EMAIL_KEY_VERSION)
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(is_free)
    }

    /// Whether there is an admin.
    pub async fn is_administered(&self) -> Result<bool, StoreError> {
        let admins = sqlx::query!(r#"SELECT COUNT(*) AS "count!: i64" FROM users WHERE is_admin"#)
            .fetch_one(&self.read)
            .await?;
        Ok(admins.count > 0)
    }

    /// Whether the user is an admin, and nobody else is.
    pub async fn is_last_admin(&self, id: &UserId) -> Result<bool, StoreError> {
        let admins = sqlx::query!(
            r#"SELECT COUNT(*) AS "count!: i64", COUNT(CASE WHEN id = $1 THEN 1 END) AS "own!: i64"
               FROM users WHERE is_admin"#,
            id.as_str()
        )
        .fetch_one(&self.read)
        .await?;
        Ok(admins.count == 1 && admins.own == 1)
    }

    /// Promotes or demotes a user.
    pub async fn change_admin(&self, id: &UserId, change: AdminChange) -> Result<AdminOutcome, StoreError> {
        let mut tx = self.begin().await?;
        lock_users!(&mut *tx);
        let is_admin = change == AdminChange::Promote;
        let changed = sqlx::query!(
            "UPDATE users SET is_admin = $2 WHERE id = $1 AND is_admin <> $2",
            id.as_str(),
            is_admin
        )
        .execute(&mut *tx)
        .await?
        .rows_affected();
        if changed == 0 {
            return Ok(AdminOutcome::Unchanged);
        }
        if change == AdminChange::Demote(LastAdmin::Keep) {
            let left = sqlx::query!(r#"SELECT COUNT(*) AS "count!: i64" FROM users WHERE is_admin"#)
                .fetch_one(&mut *tx)
                .await?;
            if left.count == 0 {
                return Ok(AdminOutcome::IsLast);
            }
        }
        tx.commit().await?;
        Ok(AdminOutcome::Changed)
    }

    /// Replaces the hash of the same password by one that is made in another way.
    pub async fn replace_password_hash(
        &self,
        id: &UserId,
        before: &str,
        after: &str,
    ) -> Result<(), StoreError> {
        sqlx::query!(
            "UPDATE users SET password_hash = $3 WHERE id = $1 AND password_hash = $2",
            id.as_str(),
            before,
            after
        )
        .execute(&self.write)
        .await?;
        Ok(())
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
        // What an admin did to others stays; from where is not kept.
        sqlx::query!("UPDATE account_events SET address = '', user_agent = '' WHERE actor = $1", id.as_str())
            .execute(&mut *tx)
            .await?;
        sqlx::query!(
            "DELETE FROM jobs WHERE (kind = 'events' AND subject = $1) OR (kind = 'deliver' AND subject IN
                 (SELECT id FROM webhook_endpoints WHERE workspace_id = $1))",
            id.as_str()
        )
        .execute(&mut *tx)
        .await?;
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

/// Inserts a user with a personal workspace. False if the address is taken.
pub(crate) async fn insert_user_row(
    tx: &mut sqlx::Transaction<'static, Engine>,
    user: &NewUser,
    is_admin: bool,
) -> Result<bool, StoreError> {
    let inserted = sqlx::query!(
        "INSERT INTO users (id, email, email_key, email_key_version, password_hash, is_admin, email_proven_at,
             created_at, password_changed_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8) ON CONFLICT (email_key) DO NOTHING",
        user.id.as_str(),
        user.email,
        user.email_key,
        EMAIL_KEY_VERSION,
        user.password_hash,
        is_admin,
        user.email_proven_at,
        user.created_at
    )
    .execute(&mut **tx)
    .await?
    .rows_affected();
    if inserted == 1 {
        // The personal workspace has the id of its user.
        sqlx::query!(
            "INSERT INTO workspaces (id, created_at) VALUES ($1, $2)",
            user.id.as_str(),
            user.created_at
        )
        .execute(&mut **tx)
        .await?;
    }
    Ok(inserted == 1)
}
