//! What concerns whoever runs the service: trouble that only they can mend, and signs of life.

use metaads_store_rows::{OperatorNotice, StoreError};

use crate::Db;

impl Db {
    /// Notes trouble, or that it is still there.
    pub async fn notice(&self, code: &str, detail: &str, at: i64) -> Result<(), StoreError> {
        sqlx::query!(
            "INSERT INTO operator_notices (code, detail, since, last_at, times) VALUES ($1, $2, $3, $3, 1)
             ON CONFLICT (code) DO UPDATE SET detail = excluded.detail, last_at = excluded.last_at,
                 times = operator_notices.times + 1",
            code,
            detail,
            at
        )
        .execute(&self.write)
        .await?;
        Ok(())
    }

    /// The trouble is over. True where there was any.
    pub async fn clear_notice(&self, code: &str) -> Result<bool, StoreError> {
        let cleared = sqlx::query!("DELETE FROM operator_notices WHERE code = $1", code)
            .execute(&self.write)
            .await?
            .rows_affected();
        Ok(cleared == 1)
    }

    /// Trouble there is, the longest first.
    pub async fn list_notices(&self) -> Result<Vec<OperatorNotice>, StoreError> {
        Ok(sqlx::query_as!(
            OperatorNotice,
            r#"SELECT code AS "code!", detail AS "detail!", since AS "since!", last_at AS "last_at!",
                   times AS "times!"
               FROM operator_notices ORDER BY since, code"#
        )
        .fetch_all(&self.read)
        .await?)
    }

    /// Notes that a replica is at work, and gives when one last was; None: never.
    pub async fn record_heartbeat(&self, now: i64) -> Result<Option<i64>, StoreError> {
        let mut tx = self.begin().await?;
        let before = sqlx::query!(r#"SELECT seen_at AS "seen_at!" FROM heartbeat WHERE id = 1"#)
            .fetch_optional(&mut *tx)
            .await?;
        sqlx::query!(
            "INSERT INTO heartbeat (id, seen_at) VALUES (1, $1)
             ON CONFLICT (id) DO UPDATE SET seen_at = excluded.seen_at",
            now
        )
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(before.map(|row| row.seen_at))
    }

    /// After a pause every live connection is checked with Meta, spread over the time up to `until`.
    pub async fn schedule_all_checks(&self, payload: &str, from: i64, until: i64) -> Result<u64, StoreError> {
        Ok(spread_checks!(payload, from, (until - from).max(1)).execute(&self.write).await?.rows_affected())
    }
}
