//! Status checks of ad accounts: which are due, and their results. Talking to Meta is the service's part.

use metaads_store_rows::{AccountCheck, AccountStatusRow, ConnectionId, Job, StoreError};

use crate::queries::audit::append_event;
use crate::queries::jobs::finish;
use crate::{Db, Engine};

impl Db {
    /// Ad accounts of a connection by id; unknown ids are left out.
    pub async fn list_account_statuses(
        &self,
        id: &ConnectionId,
        accounts: &[String],
    ) -> Result<Vec<AccountStatusRow>, StoreError> {
        let ids = serde_json::to_string(accounts).expect("texts always serialize");
        Ok(list_account_statuses!(id.as_str(), ids).fetch_all(&self.read).await?)
    }

    /// Selected ad accounts that are due for a status check, the most overdue first.
    pub async fn list_due_accounts(
        &self,
        id: &ConnectionId,
        now: i64,
        limit: i64,
    ) -> Result<Vec<AccountStatusRow>, StoreError> {
        Ok(sqlx::query_as!(
            AccountStatusRow,
            r#"SELECT account_id AS "account_id!", account_name AS "account_name!",
                   account_status AS "account_status?", is_selected AS "is_selected!",
                   is_selectable AS "is_selectable!", is_reachable AS "is_reachable!",
                   status_changed_at AS "status_changed_at!", next_check_at AS "next_check_at!",
                   last_validated_at AS "last_validated_at!"
               FROM meta_ad_accounts WHERE connection_id = $1 AND is_selected AND (next_check_at <= $2 OR next_check_at > $4)
               ORDER BY next_check_at, account_id LIMIT $3"#,
            id.as_str(),
            now,
            limit,
            farthest(now)
        )
        .fetch_all(&self.read)
        .await?)
    }

    /// Writes status checks and when the next one is due. False, and nothing is written, if the lease was lost or the
    /// connection was disconnected.
    pub async fn record_account_checks(
        &self,
        job: &Job,
        id: &ConnectionId,
        checks: &[AccountCheck],
        at: i64,
    ) -> Result<bool, StoreError> {
        let mut tx = self.begin().await?;
        if !write_checks(&mut tx, id, checks, at).await? {
            return Ok(false);
        }
        let next = sqlx::query!(
            r#"SELECT MIN(next_check_at) AS "at?: i64" FROM meta_ad_accounts WHERE connection_id = $1 AND is_selected"#,
            id.as_str()
        )
        .fetch_one(&mut *tx)
        .await?;
        let held = match next.at {
            Some(next) => {
                let next = next.clamp(at, farthest(at));
                sqlx::query!(
                    "UPDATE jobs SET run_at = CASE WHEN rerun_requested THEN run_at ELSE $3 END, attempts = 0, leased_until = 0, priority = 1
                     WHERE id = $1 AND fence = $2",
                    job.id.as_str(),
                    job.fence,
                    next
                )
                .execute(&mut *tx)
                .await?
                .rows_affected()
                    == 1
            }
            // Nothing is selected: the next selection enqueues the job again.
            None => finish(&mut tx, job).await?,
        };
        if !held {
            return Ok(false);
        }
        tx.commit().await?;
        Ok(true)
    }

    /// Writes status checks outside of the job, for accounts that a user is about to select. False if disconnected.
    pub async fn store_account_checks(
        &self,
        id: &ConnectionId,
        checks: &[AccountCheck],
        at: i64,
    ) -> Result<bool, StoreError> {
        let mut tx = self.begin().await?;
        let is_live = write_checks(&mut tx, id, checks, at).await?;
        tx.commit().await?;
        Ok(is_live)
    }
}

/// No check is scheduled later than this; a later one was scheduled by a wrong clock and counts as due.
fn farthest(now: i64) -> i64 {
    now + 2 * 86_400_000
}

async fn write_checks(
    tx: &mut sqlx::Transaction<'static, Engine>,
    id: &ConnectionId,
    checks: &[AccountCheck],
    at: i64,
) -> Result<bool, StoreError> {
    // The lock keeps a disconnect out until the commit.
    let live = sqlx::query!(
        "UPDATE meta_connections SET updated_at = $2 WHERE id = $1 AND status <> 'revoked'",
        id.as_str(),
        at
    )
    .execute(&mut **tx)
    .await?
    .rows_affected();
    if live == 0 {
        return Ok(false);
    }
    for check in checks {
        write_check(tx, id, check, at).await?;
        if let Some(event) = &check.changed {
            append_event(tx, id.as_str(), None, event, at).await?;
        }
    }
    Ok(true)
}

async fn write_check(
    tx: &mut sqlx::Transaction<'static, Engine>,
    id: &ConnectionId,
    check: &AccountCheck,
    at: i64,
) -> Result<(), StoreError> {
    // An account for which a check was requested meanwhile stays due.
    sqlx::query!(
        "UPDATE meta_ad_accounts SET next_check_at = $3 WHERE connection_id = $1 AND account_id = $2 AND next_check_at = $4",
        id.as_str(),
        check.account_id,
        check.next_check_at,
        check.was_due_at
    )
    .execute(&mut **tx)
    .await?;
    let Some(observed) = &check.observed else { return Ok(()) };
    let is_reachable = observed.lost_reason.is_none();
    sqlx::query!(
        "UPDATE meta_ad_accounts SET is_reachable = $3, is_selectable = $4, lost_reason = $5,
             account_status = CASE WHEN $3 THEN $6 ELSE account_status END,
             disable_reason = CASE WHEN $3 THEN $7 ELSE disable_reason END,
             last_validated_at = CASE WHEN $3 THEN $8 ELSE last_validated_at END,
             status_changed_at = CASE WHEN $9 THEN $8 ELSE status_changed_at END
         WHERE connection_id = $1 AND account_id = $2",
        id.as_str(),
        check.account_id,
        is_reachable,
        observed.is_selectable,
        observed.lost_reason,
        observed.account_status,
        observed.disable_reason,
        at,
        check.changed.is_some()
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}
