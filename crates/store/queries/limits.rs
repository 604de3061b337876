//! Meta's limits as all replicas know them, and answers that nobody has described.

use metaads_store_rows::{Limit, StoreError, UnknownAnswer};

use crate::Db;

impl Db {
    /// Writes how allowances stand; what somebody else saw later stays.
    pub async fn share_limits(&self, limits: &[Limit]) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        for limit in limits {
            sqlx::query!(
                "INSERT INTO meta_limits (budget, percent, blocked_until, seen_at) VALUES ($1, $2, $3, $4)
                 ON CONFLICT (budget) DO UPDATE SET percent = excluded.percent, seen_at = excluded.seen_at,
                     blocked_until = CASE WHEN meta_limits.blocked_until > excluded.blocked_until
                         AND meta_limits.blocked_until <= excluded.seen_at + 7200000 THEN meta_limits.blocked_until
                         ELSE excluded.blocked_until END
                 WHERE meta_limits.seen_at <= excluded.seen_at OR meta_limits.seen_at > excluded.seen_at + 60000",
                limit.budget,
                limit.percent,
                limit.blocked_until,
                limit.seen_at
            )
            .execute(&mut *tx)
            .await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// What was seen since then, the fullest first.
    pub async fn list_limits(&self, since: i64) -> Result<Vec<Limit>, StoreError> {
        Ok(sqlx::query_as!(
            Limit,
            r#"SELECT budget AS "budget!", percent AS "percent!", blocked_until AS "blocked_until!",
                   seen_at AS "seen_at!"
               FROM meta_limits WHERE seen_at > $1 ORDER BY percent DESC, budget LIMIT 10000"#,
            since
        )
        .fetch_all(&self.read)
        .await?)
    }

    /// Adds to the count of a kind of answer.
    pub async fn count_unknown(&self, answer: &UnknownAnswer) -> Result<(), StoreError> {
        sqlx::query!(
            "INSERT INTO unknown_answers (kind, times, first_at, last_at, fbtrace_id) VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT (kind) DO UPDATE SET times = unknown_answers.times + excluded.times,
                 last_at = excluded.last_at, fbtrace_id = COALESCE(excluded.fbtrace_id, unknown_answers.fbtrace_id)",
            answer.kind,
            answer.times,
            answer.first_at,
            answer.last_at,
            answer.fbtrace_id
        )
        .execute(&self.write)
        .await?;
        Ok(())
    }

    /// Kinds of answers, the newest first.
    pub async fn list_unknown(&self, limit: i64) -> Result<Vec<UnknownAnswer>, StoreError> {
        Ok(sqlx::query_as!(
            UnknownAnswer,
            r#"SELECT kind AS "kind!", times AS "times!", first_at AS "first_at!", last_at AS "last_at!",
                   fbtrace_id AS "fbtrace_id?"
               FROM unknown_answers ORDER BY last_at DESC, kind LIMIT $1"#,
            limit
        )
        .fetch_all(&self.read)
        .await?)
    }
}
