//! Background jobs: claimed under a lease; only the holder of the newest fence writes an outcome. Running them is the
//! service's part.

use metaads_store_rows::{AGED_MS, ClaimOrder, Job, JobId, JobKind, JobRow, Lease, NewJob, StoreError};

use crate::{Db, Engine};

macro_rules! lease_job {
    ($condition:literal, $($argument:expr),+) => {
        sqlx::query_as!(
            JobRow,
            "UPDATE jobs SET leased_until = $2, fence = fence + 1, rerun_requested = FALSE WHERE " + $condition + r#"
             RETURNING id AS "id!: JobId", kind AS "kind!", subject AS "subject!",
                 payload AS "payload!", attempts AS "attempts!", priority AS "priority!", fence AS "fence!""#,
            $($argument),+
        )
    };
}

/// Inserts a job; `$conflict` updates an existing job of the same kind and subject.
macro_rules! insert_job {
    ($job:expr, $conflict:literal) => {
        sqlx::query!(
            "INSERT INTO jobs (id, kind, subject, payload, run_at, priority, attempts, leased_until, fence)
             VALUES ($1, $2, $3, $4, $5, $6, 0, 0, 0)
             ON CONFLICT (kind, subject) DO UPDATE SET attempts = 0, "
                + $conflict,
            $job.id.as_str(),
            $job.kind.as_str(),
            $job.subject,
            $job.payload.to_text(),
            $job.run_at,
            $job.priority.to_number()
        )
    };
}

impl Db {
    /// Claims the most overdue job of the first class in this order that has a due one. Of one workspace, at most two
    /// syncs run at a time. A lease that ends later than [`Lease::farthest`] was taken by a wrong clock and is ignored.
    pub async fn claim_job(&self, order: ClaimOrder, lease: Lease) -> Result<Option<Job>, StoreError> {
        // A lone statement that returns rows hides the failure of its commit on a full disk. A row that cannot be read
        // is leased like any other, so that it does not block those behind it.
        let mut tx = self.begin().await?;
        let row =
            claim_due!(lease.now, lease.until, order.to_number(), lease.farthest(), lease.now - AGED_MS)
                .fetch_optional(&mut *tx)
                .await?;
        if let Some(row) = row.as_ref().filter(|row| row.kind == JobKind::Sync.as_str())
            && !has_turn(&mut tx, &row.subject, lease.now).await?
        {
            return Ok(None);
        }
        tx.commit().await?;
        row.map(Job::try_from).transpose()
    }

    /// Claims the job of one subject, due or not. None if another worker holds it, or there is none.
    pub async fn claim_job_of(
        &self,
        kind: JobKind,
        subject: &str,
        lease: Lease,
    ) -> Result<Option<Job>, StoreError> {
        let mut tx = self.begin().await?;
        let row = lease_job!(
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
        row.map(Job::try_from).transpose()
    }

    /// When the next unclaimed job is due that a worker with this order claims, or the next lease ends; whichever is
    /// earlier. A sync that waits for two others of its workspace is not counted: it is due again with their next step.
    pub async fn next_job_at(&self, now: i64, order: ClaimOrder) -> Result<Option<i64>, StoreError> {
        let row = sqlx::query!(
            r#"SELECT (SELECT run_at FROM jobs j WHERE priority = 0 AND leased_until <= $1
                        AND (kind <> 'sync' OR (SELECT COUNT(*) FROM held_syncs WHERE held_syncs.leased_until > $1
                            AND workspace_id = (SELECT workspace_id FROM meta_connections WHERE id = j.subject)) < 2)
                    ORDER BY run_at LIMIT 1) AS "interactive?: i64",
                   (SELECT run_at FROM jobs j WHERE priority = 1 AND leased_until <= $1
                        AND (kind <> 'sync' OR (SELECT COUNT(*) FROM held_syncs WHERE held_syncs.leased_until > $1
                            AND workspace_id = (SELECT workspace_id FROM meta_connections WHERE id = j.subject)) < 2)
                    ORDER BY run_at LIMIT 1) AS "background?: i64",
                   (SELECT run_at FROM jobs WHERE priority = 2 AND leased_until <= $1
                    ORDER BY run_at LIMIT 1) AS "outgoing?: i64",
                   (SELECT leased_until FROM jobs WHERE leased_until > 0 AND leased_until > $1
                    ORDER BY leased_until LIMIT 1) AS "lease?: i64""#,
            now
        )
        .fetch_one(&self.read)
        .await?;
        let own = match order {
            ClaimOrder::InteractiveOnly => [row.interactive, None],
            ClaimOrder::InteractiveFirst | ClaimOrder::UpkeepFirst => [row.interactive, row.background],
            ClaimOrder::OutgoingOnly => [row.outgoing, None],
        };
        Ok(own.into_iter().flatten().chain(row.lease).min())
    }

    /// Enqueues a job, or brings an existing one forward. If it is running, it runs once more afterwards, since the
    /// current run may have read its data too early.
    pub async fn enqueue_job(&self, job: &NewJob) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        enqueue(&mut tx, job).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Deletes a finished job; if a rerun was requested meanwhile, it becomes due again. False if another worker holds
    /// it by now.
    pub async fn finish_job(&self, job: &Job) -> Result<bool, StoreError> {
        let mut tx = self.begin().await?;
        let finished = finish(&mut tx, job).await?;
        tx.commit().await?;
        Ok(finished)
    }

    /// Releases the lease; the job is due again at `run_at`, with this many failed attempts in a row. False if another
    /// worker holds it by now.
    pub async fn postpone_job(&self, job: &Job, run_at: i64, attempts: i64) -> Result<bool, StoreError> {
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

    /// Makes background jobs that are scheduled after `farthest` due now: only a wrong clock schedules so far ahead.
    /// Returns how many.
    pub async fn pull_back_jobs(&self, now: i64, farthest: i64) -> Result<u64, StoreError> {
        Ok(sqlx::query!("UPDATE jobs SET run_at = $1 WHERE priority >= 1 AND run_at > $2", now, farthest)
            .execute(&self.write)
            .await?
            .rows_affected())
    }
}

/// Whether the sync that this transaction has claimed is one of the two of its workspace. Claims of one workspace wait
/// for each other here: two that started at the same moment did not see each other.
async fn has_turn(
    tx: &mut sqlx::Transaction<'static, Engine>,
    connection: &str,
    now: i64,
) -> Result<bool, StoreError> {
    sqlx::query!(
        "UPDATE workspaces SET created_at = created_at WHERE id = (SELECT workspace_id FROM meta_connections WHERE id = $1)",
        connection
    )
    .execute(&mut **tx)
    .await?;
    let held = sqlx::query!(
        r#"SELECT COUNT(*) AS "number!: i64" FROM held_syncs WHERE leased_until > $2
               AND workspace_id = (SELECT workspace_id FROM meta_connections WHERE id = $1)"#,
        connection,
        now
    )
    .fetch_one(&mut **tx)
    .await?;
    Ok(held.number <= 2)
}

/// See [`Db::enqueue_job`].
pub(crate) async fn enqueue(
    tx: &mut sqlx::Transaction<'static, Engine>,
    job: &NewJob,
) -> Result<(), StoreError> {
    insert_job!(
        job,
        "rerun_requested = TRUE,
         run_at = CASE WHEN jobs.run_at < excluded.run_at THEN jobs.run_at ELSE excluded.run_at END,
         priority = CASE WHEN jobs.priority < excluded.priority THEN jobs.priority ELSE excluded.priority END,
         payload = CASE WHEN excluded.payload = '' THEN jobs.payload ELSE excluded.payload END"
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Restarts a job with this payload; a worker that holds it loses its lease.
pub(crate) async fn restart(
    tx: &mut sqlx::Transaction<'static, Engine>,
    job: &NewJob,
) -> Result<(), StoreError> {
    insert_job!(
        job,
        "leased_until = 0, fence = jobs.fence + 1, run_at = excluded.run_at, payload = excluded.payload,
         priority = CASE WHEN jobs.priority < excluded.priority THEN jobs.priority ELSE excluded.priority END"
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// See [`Db::finish_job`].
pub(crate) async fn finish(
    tx: &mut sqlx::Transaction<'static, Engine>,
    job: &Job,
) -> Result<bool, StoreError> {
    let rerun = sqlx::query!(
        // A sync that runs again starts over.
        "UPDATE jobs SET leased_until = 0, attempts = 0, payload = CASE WHEN kind = 'sync' THEN '' ELSE payload END
         WHERE id = $1 AND fence = $2 AND rerun_requested",
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
    Ok(rerun + finished == 1)
}

/// Deletes the jobs of a connection, running ones too.
pub(crate) async fn delete_jobs_of_connection(
    tx: &mut sqlx::Transaction<'static, Engine>,
    connection: &str,
) -> Result<(), StoreError> {
    sqlx::query!(
        "DELETE FROM jobs WHERE kind IN ('sync', 'check', 'status_check') AND subject = $1",
        connection
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}
