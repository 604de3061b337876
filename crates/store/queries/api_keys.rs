//! API keys, and what was done with them.

use metaads_store_rows::{
    ApiCall, ApiKey, ApiKeyRow, ConnectionId, NewApiKey, NewSecret, StoreError, UserId, WorkspaceId,
};

use crate::{Db, Engine};

macro_rules! select_keys {
    ($rest:literal, $($argument:expr),+) => {
        sqlx::query_as!(
            ApiKeyRow,
            r#"SELECT id AS "id!", workspace_id AS "workspace_id!: WorkspaceId", user_id AS "user_id!: UserId",
                      name AS "name!", hint AS "hint!", scopes AS "scopes!", limits AS "limits!",
                      created_at AS "created_at!", expires_at AS "expires_at?", ended_at AS "ended_at?",
                      previous_ends_at AS "previous_ends_at?", last_used_at AS "last_used_at?",
                      last_used_from AS "last_used_from?"
               FROM api_keys WHERE "# + $rest,
            $($argument),+
        )
    };
}

impl Db {
    pub async fn insert_api_key(&self, key: &NewApiKey) -> Result<(), StoreError> {
        let (scopes, limits) = key.to_columns();
        sqlx::query!(
            "INSERT INTO api_keys (id, workspace_id, user_id, name, key_hash, hint, scopes, limits, created_at, expires_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
            key.id,
            key.workspace_id.as_str(),
            key.user_id.as_str(),
            key.name,
            key.key_hash,
            key.hint,
            scopes,
            limits,
            key.created_at,
            key.expires_at
        )
        .execute(&self.write)
        .await?;
        Ok(())
    }

    /// The key with this hash, if it can be used now.
    pub async fn find_api_key(&self, key_hash: &str, now: i64) -> Result<Option<ApiKey>, StoreError> {
        let row = select_keys!(
            "(key_hash = $1 OR (previous_hash = $1 AND previous_ends_at > $2))
             AND ended_at IS NULL AND (expires_at IS NULL OR expires_at > $2)",
            key_hash,
            now
        )
        .fetch_optional(&self.read)
        .await?;
        Ok(row.map(ApiKey::from))
    }

    /// Every key of a workspace, ended ones too, the newest first.
    pub async fn list_api_keys(&self, workspace: &WorkspaceId) -> Result<Vec<ApiKey>, StoreError> {
        let rows = select_keys!("workspace_id = $1 ORDER BY id DESC LIMIT 500", workspace.as_str())
            .fetch_all(&self.read)
            .await?;
        Ok(rows.into_iter().map(ApiKey::from).collect())
    }

    pub async fn find_api_key_of(
        &self,
        workspace: &WorkspaceId,
        id: &str,
    ) -> Result<Option<ApiKey>, StoreError> {
        let row = select_keys!("workspace_id = $1 AND id = $2", workspace.as_str(), id)
            .fetch_optional(&self.read)
            .await?;
        Ok(row.map(ApiKey::from))
    }

    /// The key with this id, of any workspace. For operators.
    pub async fn find_api_key_by_id(&self, id: &str) -> Result<Option<ApiKey>, StoreError> {
        Ok(select_keys!("id = $1", id).fetch_optional(&self.read).await?.map(ApiKey::from))
    }

    /// Ends a key. False if there is none, or it has ended.
    pub async fn end_api_key(&self, workspace: &WorkspaceId, id: &str, at: i64) -> Result<bool, StoreError> {
        let ended = sqlx::query!(
            "UPDATE api_keys SET ended_at = $3, previous_hash = NULL, previous_ends_at = NULL
             WHERE workspace_id = $1 AND id = $2 AND ended_at IS NULL",
            workspace.as_str(),
            id,
            at
        )
        .execute(&self.write)
        .await?
        .rows_affected();
        Ok(ended == 1)
    }

    /// Replaces the key; the one before works until `previous_ends_at`. False if there is none, or it has ended.
    pub async fn rotate_api_key(
        &self,
        workspace: &WorkspaceId,
        id: &str,
        key_hash: &str,
        hint: &str,
        previous_ends_at: i64,
    ) -> Result<bool, StoreError> {
        let rotated = sqlx::query!(
            "UPDATE api_keys SET previous_hash = key_hash, previous_ends_at = $5, key_hash = $3, hint = $4
             WHERE workspace_id = $1 AND id = $2 AND ended_at IS NULL",
            workspace.as_str(),
            id,
            key_hash,
            hint,
            previous_ends_at
        )
        .execute(&self.write)
        .await?
        .rows_affected();
        Ok(rotated == 1)
    }

    pub async fn touch_api_key(&self, id: &str, at: i64, address: &str) -> Result<(), StoreError> {
        sqlx::query!(
            "UPDATE api_keys SET last_used_at = $2, last_used_from = $3 WHERE id = $1",
            id,
            at,
            address
        )
        .execute(&self.write)
        .await?;
        Ok(())
    }

    /// Records what programs did, in one transaction. A call by a workspace that is gone is left out.
    pub async fn insert_api_calls(&self, calls: &[ApiCall]) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        for call in calls {
            sqlx::query!(
                "INSERT INTO api_calls (id, at, workspace_id, api_key_id, actor, connection_id, action, address)
                 SELECT $1, $2, id, $4, $5, $6, $7, $8 FROM workspaces WHERE id = $3",
                call.id,
                call.at,
                call.workspace_id.as_str(),
                call.api_key_id,
                call.actor,
                call.connection_id.as_ref().map(ConnectionId::as_str),
                call.action,
                call.address
            )
            .execute(&mut *tx)
            .await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// What was done with a key, the newest first.
    pub async fn list_api_calls(
        &self,
        workspace: &WorkspaceId,
        api_key_id: &str,
        limit: i64,
    ) -> Result<Vec<ApiCall>, StoreError> {
        Ok(sqlx::query_as!(
            ApiCall,
            r#"SELECT id AS "id!", at AS "at!", workspace_id AS "workspace_id!: WorkspaceId", api_key_id AS "api_key_id!",
                      actor AS "actor!", connection_id AS "connection_id?: ConnectionId", action AS "action!",
                      address AS "address!"
               FROM api_calls WHERE workspace_id = $1 AND api_key_id = $2 ORDER BY id DESC LIMIT $3"#,
            workspace.as_str(),
            api_key_id,
            limit
        )
        .fetch_all(&self.read)
        .await?)
    }

    /// A sealed value; None if it was deleted.
    pub async fn find_secret(&self, id: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let row = sqlx::query!(r#"SELECT sealed AS "sealed!" FROM secrets WHERE id = $1"#, id)
            .fetch_optional(&self.read)
            .await?;
        Ok(row.map(|row| row.sealed))
    }
}

/// Inserts a sealed value beside the row that owns it.
pub(crate) async fn insert_secret(
    tx: &mut sqlx::Transaction<'static, Engine>,
    secret: &NewSecret,
) -> Result<(), StoreError> {
    sqlx::query!(
        "INSERT INTO secrets (id, workspace_id, owner_id, sealed, sealed_key) VALUES ($1, $2, $3, $4, $5)",
        secret.id,
        secret.workspace_id.as_str(),
        secret.owner_id,
        secret.sealed.as_bytes(),
        secret.sealed.key_id().to_string()
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}
