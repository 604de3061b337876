//! Usage of Meta's quotas, shared between replicas, and counts of errors that the classification does not recognize.

use metaads_store_rows::{QuotaRow, StoreError, UnrecognizedError};

use crate::Db;

impl Db {
    /// Writes the usage of quotas; a newer observation of another replica stays, unless its clock is wrong.
    pub async fn upsert_quotas(&self, quotas: &[QuotaRow]) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        for quota in quotas {
            sqlx::query!(
                "INSERT INTO meta_quotas (quota, percent, blocked_until, seen_at) VALUES ($1, $2, $3, $4)
                 ON CONFLICT (quota) DO UPDATE SET percent = excluded.percent, seen_at = excluded.seen_at,
                     blocked_until = CASE WHEN meta_quotas.blocked_until > excluded.blocked_until
                         AND meta_quotas.blocked_until <= excluded.seen_at + 7200000 THEN meta_quotas.blocked_until
                         ELSE excluded.blocked_until END
                 WHERE meta_quotas.seen_at <= excluded.seen_at OR meta_quotas.seen_at > excluded.seen_at + 60000",
                quota.quota,
                quota.percent,
                quota.blocked_until,
                quota.seen_at
            )
            .execute(&mut *tx)
            .await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// Quotas observed after `since`, the most used first.
    pub async fn list_quotas(&self, since: i64) -> Result<Vec<QuotaRow>, StoreError> {
        Ok(sqlx::query_as!(
            QuotaRow,
            r#"SELECT quota AS "quota!", percent AS "percent!", blocked_until AS "blocked_until!",
                   seen_at AS "seen_at!"
               FROM meta_quotas WHERE seen_at > $1 ORDER BY percent DESC, quota LIMIT 10000"#,
            since
        )
        .fetch_all(&self.read)
        .await?)
    }

    /// Adds to the count of a kind of error.
    pub async fn count_unrecognized_error(&self, error: &UnrecognizedError) -> Result<(), StoreError> {
        sqlx::query!(
            "INSERT INTO unrecognized_errors (kind, times, first_at, last_at, fbtrace_id) VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT (kind) DO UPDATE SET times = unrecognized_errors.times + excluded.times,
                 last_at = excluded.last_at, fbtrace_id = COALESCE(excluded.fbtrace_id, unrecognized_errors.fbtrace_id)",
            error.kind,
            error.times,
            error.first_at,
            error.last_at,
            error.fbtrace_id
        )
        .execute(&self.write)
        .await?;
        Ok(())
    }

    /// Kinds of unrecognized errors, the most recent first.
    pub async fn list_unrecognized_errors(&self, limit: i64) -> Result<Vec<UnrecognizedError>, StoreError> {
        Ok(sqlx::query_as!(
            UnrecognizedError,
            r#"SELECT kind AS "kind!", times AS "times!", first_at AS "first_at!", last_at AS "last_at!",
                   fbtrace_id AS "fbtrace_id?"
               FROM unrecognized_errors ORDER BY last_at DESC, kind LIMIT $1"#,
            limit
        )
        .fetch_all(&self.read)
        .await?)
    }
}
