//! Data keys, and resealing values under another one. Opening and sealing is the service's part.

use metaads_store_rows::{DataKey, KeyUse, SealedAt, SealedRow, SealedTable, StoreError, WorkspaceId};
use metaads_vault::{KeyId, Sealed};

use crate::Db;

impl Db {
    /// Every data key, the newest first.
    pub async fn list_data_keys(&self) -> Result<Vec<DataKey>, StoreError> {
        Ok(sqlx::query_as!(
            DataKey,
            r#"SELECT id AS "id!", kek AS "kek!", wrapped_key AS "wrapped_key?",
                   number AS "number!", created_at AS "created_at!"
               FROM data_keys ORDER BY number DESC"#
        )
        .fetch_all(&self.read)
        .await?)
    }

    /// False if the id or the number is taken.
    pub async fn insert_data_key(&self, key: &DataKey) -> Result<bool, StoreError> {
        let inserted = sqlx::query!(
            "INSERT INTO data_keys (id, kek, wrapped_key, number, created_at) VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT DO NOTHING",
            key.id,
            key.kek,
            key.wrapped_key,
            key.number,
            key.created_at
        )
        .execute(&self.write)
        .await?
        .rows_affected();
        Ok(inserted == 1)
    }

    /// Wraps a data key with another key-encryption key; the values it sealed are unaffected. False if another replica
    /// has rewrapped it meanwhile.
    pub async fn rewrap_data_key(&self, before: &DataKey, after: &DataKey) -> Result<bool, StoreError> {
        let rewrapped = sqlx::query!(
            "UPDATE data_keys SET kek = $3, wrapped_key = $4 WHERE id = $1 AND kek = $2 AND wrapped_key = $5",
            before.id,
            before.kek,
            after.kek,
            after.wrapped_key,
            before.wrapped_key
        )
        .execute(&self.write)
        .await?
        .rows_affected();
        Ok(rewrapped == 1)
    }

    /// How many values each data key seals.
    pub async fn count_sealed(&self) -> Result<Vec<KeyUse>, StoreError> {
        Ok(sqlx::query_as!(
            KeyUse,
            r#"SELECT key_id AS "key_id!", SUM(number) AS "number!: i64" FROM (
                   SELECT access_token_key AS key_id, CAST(COUNT(*) AS INTEGER) AS number FROM meta_connections
                   WHERE access_token_key IS NOT NULL GROUP BY access_token_key
                   UNION ALL
                   SELECT pkce_verifier_key, CAST(COUNT(*) AS INTEGER) FROM authorizations
                   WHERE pkce_verifier_key IS NOT NULL GROUP BY pkce_verifier_key
                   UNION ALL
                   SELECT sealed_key, CAST(COUNT(*) AS INTEGER) FROM secrets GROUP BY sealed_key
               ) AS used GROUP BY key_id ORDER BY key_id"#
        )
        .fetch_all(&self.read)
        .await?)
    }

    /// Values that a data key sealed, by row id, starting after the row `after`.
    pub async fn list_sealed(
        &self,
        key: KeyId,
        table: SealedTable,
        after: &str,
        limit: i64,
    ) -> Result<Vec<SealedRow>, StoreError> {
        let key = key.to_string();
        Ok(match table {
            SealedTable::Connections => {
                sqlx::query_as!(
                    SealedRow,
                    r#"SELECT id AS "id!", workspace_id AS "workspace_id!: WorkspaceId", access_token AS "sealed!"
                       FROM meta_connections
                       WHERE access_token_key = $1 AND id > $2 AND access_token IS NOT NULL ORDER BY id LIMIT $3"#,
                    key,
                    after,
                    limit
                )
                .fetch_all(&self.read)
                .await?
            }
            SealedTable::Authorizations => {
                sqlx::query_as!(
                    SealedRow,
                    r#"SELECT id AS "id!", workspace_id AS "workspace_id!: WorkspaceId", pkce_verifier AS "sealed!"
                       FROM authorizations
                       WHERE pkce_verifier_key = $1 AND id > $2 AND pkce_verifier IS NOT NULL ORDER BY id LIMIT $3"#,
                    key,
                    after,
                    limit
                )
                .fetch_all(&self.read)
                .await?
            }
            SealedTable::Secrets => {
                sqlx::query_as!(
                    SealedRow,
                    r#"SELECT id AS "id!", workspace_id AS "workspace_id!: WorkspaceId", sealed AS "sealed!"
                       FROM secrets WHERE sealed_key = $1 AND id > $2 ORDER BY id LIMIT $3"#,
                    key,
                    after,
                    limit
                )
                .fetch_all(&self.read)
                .await?
            }
        })
    }

    /// Replaces sealed values by the same ones under another key. A value that has changed since it was read is
    /// skipped. Returns how many were replaced.
    pub async fn reseal(&self, table: SealedTable, values: &[SealedAt]) -> Result<u64, StoreError> {
        let mut tx = self.begin().await?;
        let mut replaced = 0;
        for value in values {
            let (new, key) = (value.after.as_bytes(), value.after.key_id().to_string());
            let done = match table {
                SealedTable::Connections => {
                    sqlx::query!(
                        "UPDATE meta_connections SET access_token = $3, access_token_key = $4
                     WHERE id = $1 AND access_token = $2",
                        value.id,
                        value.before,
                        new,
                        key
                    )
                    .execute(&mut *tx)
                    .await?
                }
                SealedTable::Authorizations => {
                    sqlx::query!(
                        "UPDATE authorizations SET pkce_verifier = $3, pkce_verifier_key = $4
                     WHERE id = $1 AND pkce_verifier = $2",
                        value.id,
                        value.before,
                        new,
                        key
                    )
                    .execute(&mut *tx)
                    .await?
                }
                SealedTable::Secrets => {
                    sqlx::query!(
                        "UPDATE secrets SET sealed = $3, sealed_key = $4 WHERE id = $1 AND sealed = $2",
                        value.id,
                        value.before,
                        new,
                        key
                    )
                    .execute(&mut *tx)
                    .await?
                }
            };
            replaced += done.rows_affected();
        }
        tx.commit().await?;
        Ok(replaced)
    }

    /// Deletes data keys that seal no value and that a newer one replaced before `before`: by then every replica seals
    /// with the newer one. Never deletes the key that this replica seals with. A foreign key protects what a row
    /// still refers to.
    pub async fn delete_unused_data_keys(&self, sealing: KeyId, before: i64) -> Result<u64, StoreError> {
        Ok(sqlx::query!(
            "DELETE FROM data_keys
             WHERE id <> $2 AND EXISTS (SELECT 1 FROM data_keys newer
                           WHERE newer.number > data_keys.number AND newer.created_at < $1)
               AND NOT EXISTS (SELECT 1 FROM meta_connections WHERE access_token_key = data_keys.id)
               AND NOT EXISTS (SELECT 1 FROM authorizations WHERE pkce_verifier_key = data_keys.id)
               AND NOT EXISTS (SELECT 1 FROM secrets WHERE sealed_key = data_keys.id)",
            before,
            sealing.to_string()
        )
        .execute(&self.write)
        .await?
        .rows_affected())
    }
}

/// The id of the key that sealed a value, for the column beside it.
pub(crate) fn key_name(sealed: Option<&Sealed>) -> Option<String> {
    sealed.map(|sealed| sealed.key_id().to_string())
}
