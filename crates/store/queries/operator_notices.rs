//! Notices for the operator, the heartbeat of the replicas, and the checks after a downtime.

use metaads_store_rows::{CheckPayload, JobPayload, NoticeEntry, NoticeKind, OperatorNotice, StoreError};

use crate::Db;

impl Db {
    /// Records a notice; one of the same kind is updated and counted.
    pub async fn record_notice(&self, notice: &OperatorNotice, at: i64) -> Result<(), StoreError> {
        sqlx::query!(
            "INSERT INTO operator_notices (code, detail, since, last_at, times) VALUES ($1, $2, $3, $3, 1)
             ON CONFLICT (code) DO UPDATE SET detail = excluded.detail, last_at = excluded.last_at,
                 times = operator_notices.times + 1",
            notice.kind().as_str(),
            notice.detail(),
            at
        )
        .execute(&self.write)
        .await?;
        Ok(())
    }

    /// The problem is over. True if there was a notice.
    pub async fn clear_notice(&self, kind: NoticeKind) -> Result<bool, StoreError> {
        let cleared = sqlx::query!("DELETE FROM operator_notices WHERE code = $1", kind.as_str())
            .execute(&self.write)
            .await?
            .rows_affected();
        Ok(cleared == 1)
    }

    /// Every notice, the oldest first. Notices that this version does not know are left out.
    pub async fn list_notices(&self) -> Result<Vec<NoticeEntry>, StoreError> {
        let rows = sqlx::query!(
            r#"SELECT code AS "code!", detail AS "detail!", since AS "since!", last_at AS "last_at!",
                   times AS "times!"
               FROM operator_notices ORDER BY since, code"#
        )
        .fetch_all(&self.read)
        .await?;
        let entries = rows.into_iter().filter_map(|row| {
            let notice = OperatorNotice::from_columns(&row.code, &row.detail)?;
            Some(NoticeEntry { notice, since: row.since, last_at: row.last_at, times: row.times })
        });
        Ok(entries.collect())
    }

    /// Records that a replica is running. Returns the previous heartbeat of any replica; None: there was none.
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

    /// The last heartbeat of any replica (Unix milliseconds); None: there was none.
    pub async fn last_heartbeat(&self) -> Result<Option<i64>, StoreError> {
        let row = sqlx::query!(r#"SELECT seen_at AS "seen_at!" FROM heartbeat WHERE id = 1"#)
            .fetch_optional(&self.read)
            .await?;
        Ok(row.map(|row| row.seen_at))
    }

    /// Schedules a check of every live connection, spread randomly between `from` and `until` (Unix
    /// milliseconds). Returns how many.
    pub async fn schedule_all_checks(
        &self,
        payload: CheckPayload,
        from: i64,
        until: i64,
    ) -> Result<u64, StoreError> {
        let payload = JobPayload::Check(payload).to_text();
        Ok(spread_checks!(payload, from, (until - from).max(1)).execute(&self.write).await?.rows_affected())
    }
}
