//! Work in the background: claimed under a lease, settled only by the holder of the newest fence.

use metaads_store_rows::{Job, JobId, JobKind, Lease, StoreError};

use crate::{Db, Engine};

macro_rules! lease_job {
    ($condition:literal, $($argument:expr),+) => {
        sqlx::query_as!(
            Job,
            "UPDATE jobs SET leased_until = $2, fence = fence + 1, rerun_requested = FALSE WHERE " + $condition + r#"
             RETURNING id AS "id!: JobId", kind AS "kind!: JobKind", subject AS "subject!",
                 payload AS "payload!", attempts AS "attempts!", priority AS "priority!", fence AS "fence!""#,
            $($argument),+
        )
    };
}

impl Db {
    /// Claims the job that somebody waits for and that has been due longest; else, if `is_upkeep_too`, the
    /// upkeep that has. A lease that ends later than any honest one was taken by a clock that went wrong;
    /// it does not count.
    pub async fn claim_job(&self, is_upkeep_too: bool, lease: Lease) -> Result<Option<Job>, StoreError> {
        // A lone statement that returns rows hides the failure of its commit on a full disk.
        let mut tx = self.begin().await?;
        let job = claim_due!(lease.now, lease.until, is_upkeep_too, lease.farthest())
            .fetch_optional(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(job)
    }

    /// Claims the job of one subject, due or not. None where somebody holds it, or there is none.
    pub async fn claim_job_of(
        &self,
        kind: JobKind,
        subject: &str,
        lease: Lease,
    ) -> Result<Option<Job>, StoreError> {
        let mut tx = self.begin().await?;
        let job = lease_job!(
            "kind = $3 AND subject = $4 AND (leased_until <= $1 OR leased_until > $5)",
            lease.now,
            lease.until,
            kind.as_str(),
            subject,
            lease.farthest()
        )
        .fetch_optional(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(job)
    }

    /// When the next job is due that nobody holds, or a held one's lease runs out. Without `is_upkeep_too` only
    /// jobs that somebody waits for count.
    pub async fn next_job_at(&self, now: i64, is_upkeep_too: bool) -> Result<Option<i64>, StoreError> {
        let row = sqlx::query!(
            r#"SELECT (SELECT run_at FROM jobs WHERE priority = 0 AND leased_until <= $1 ORDER BY run_at LIMIT 1)
                       AS "soon?: i64",
                   (SELECT run_at FROM jobs WHERE priority = 1 AND leased_until <= $1 ORDER BY run_at LIMIT 1)
                       AS "upkeep?: i64",
                   (SELECT leased_until FROM jobs WHERE leased_until > 0 AND leased_until > $1
                    ORDER BY leased_until LIMIT 1) AS "lease?: i64""#,
            now
        )
        .fetch_one(&self.read)
        .await?;
        let upkeep = row.upkeep.filter(|_| is_upkeep_too);
        Ok([row.soon, upkeep, row.lease].into_iter().flatten().min())
    }

    /// Puts a job in, or brings it forward. Whoever works on it now finishes; then it is done once more, since
    /// what they do may be older than the reason for this.
    pub async fn enqueue_job(
        &self,
        id: &JobId,
        kind: JobKind,
        subject: &str,
        payload: &str,
        at: i64,
    ) -> Result<(), StoreError> {
        sqlx::query!(
            "INSERT INTO jobs (id, kind, subject, payload, run_at, attempts, leased_until, fence, priority)
             VALUES ($1, $2, $3, $4, $5, 0, 0, 0, $6)
             ON CONFLICT (kind, subject) DO UPDATE SET attempts = 0, rerun_requested = TRUE,
                 run_at = CASE WHEN jobs.run_at < excluded.run_at THEN jobs.run_at ELSE excluded.run_at END,
                 priority = CASE WHEN jobs.priority < excluded.priority THEN jobs.priority ELSE excluded.priority END,
                 payload = CASE WHEN excluded.payload = '' THEN jobs.payload ELSE excluded.payload END",
            id.as_str(),
            kind.as_str(),
            subject,
            payload,
            at,
            kind.priority()
        )
        .execute(&self.write)
        .await?;
        Ok(())
    }

    /// The job is done; where it was asked for meanwhile it is due once more. False where somebody else holds
    /// it by now.
    pub async fn finish_job(&self, job: &Job) -> Result<bool, StoreError> {
        let mut tx = self.begin().await?;
        let finished = finish(&mut tx, job).await?;
        tx.commit().await?;
        Ok(finished)
    }

    /// Not this time: the lease is given back and the job is due again at `run_at`.
    pub async fn postpone_job(&self, job: &Job, run_at: i64, is_attempt: bool) -> Result<bool, StoreError> {
        let attempts = job.attempts + i64::from(is_attempt);
        let postponed = sqlx::query!(
            "UPDATE jobs SET run_at = CASE WHEN rerun_requested THEN run_at ELSE $3 END, attempts = $4, leased_until = 0
             WHERE id = $1 AND fence = $2",
            job.id.as_str(),
            job.fence,
            run_at,
            attempts
        )
        .execute(&self.write)
        .await?
        .rows_affected();
        Ok(postponed == 1)
    }

    /// Upkeep that stands further ahead than any is planned was planned by a clock that went wrong: it
    /// is due now.
    pub async fn pull_back_jobs(&self, now: i64, farthest: i64) -> Result<u64, StoreError> {
        Ok(sqlx::query!("UPDATE jobs SET run_at = $1 WHERE priority = 1 AND run_at > $2", now, farthest)
            .execute(&self.write)
            .await?
            .rows_affected())
    }
}

/// Takes a job off, or frees it where it was asked for meanwhile. False where somebody else holds it.
pub(crate) async fn finish(
    tx: &mut sqlx::Transaction<'static, Engine>,
    job: &Job,
) -> Result<bool, StoreError> {
    let again = sqlx::query!(
        "UPDATE jobs SET leased_until = 0, attempts = 0 WHERE id = $1 AND fence = $2 AND rerun_requested",
        job.id.as_str(),
        job.fence
    )
    .execute(&mut **tx)
    .await?
    .rows_affected();
    let finished = sqlx::query!(
        "DELETE FROM jobs WHERE id = $1 AND fence = $2 AND NOT rerun_requested",
        job.id.as_str(),
        job.fence
    )
    .execute(&mut **tx)
    .await?
    .rows_affected();
    Ok(again + finished == 1)
}
