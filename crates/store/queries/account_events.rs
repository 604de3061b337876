//! Events of accounts, and the retention of everything that is an audit trail.

use metaads_store_rows::{AccountEvent, AccountEventEntry, Actor, NewAccountEvent, StoreError, UserId};

use crate::Db;

/// Rows that refused attempts add in one window at most, whatever an attacker does; further ones are counted in one row.
const MOST_ROWS_OF_A_WINDOW: i64 = 500;

struct EventRow {
    at: i64,
    last_at: i64,
    times: i64,
    email: Option<String>,
    actor: String,
    actor_email: Option<String>,
    action: String,
    detail: String,
    address: String,
    user_agent: String,
}

impl EventRow {
    fn entry(self) -> AccountEventEntry {
        AccountEventEntry {
            at: self.at,
            last_at: self.last_at,
            times: self.times,
            email: self.email,
            actor: Actor::from_text(&self.actor),
            actor_email: self.actor_email,
            event: AccountEvent::from_columns(&self.action, &self.detail),
            address: self.address,
            user_agent: self.user_agent,
        }
    }
}

impl Db {
    pub async fn insert_account_event(&self, event: &NewAccountEvent) -> Result<(), StoreError> {
        let (action, detail) = event.event.to_columns();
        sqlx::query!(
            "INSERT INTO account_events (id, at, last_at, times, user_id, actor, action, detail, address, user_agent)
             VALUES ($1, $2, $2, 1, $3, $4, $5, $6, $7, $8)",
            event.id,
            event.at,
            event.user_id.as_ref().map(UserId::as_str),
            event.actor.as_str(),
            action,
            detail,
            event.address,
            event.user_agent
        )
        .execute(&self.write)
        .await?;
        Ok(())
    }

    /// Counts an event that strangers can cause: one row for each account, address and window, and a bounded number
    /// of rows in all.
    pub async fn tally_account_event(
        &self,
        event: &NewAccountEvent,
        window_start: i64,
    ) -> Result<(), StoreError> {
        let (action, detail) = event.event.to_columns();
        let user_id = event.user_id.as_ref().map(UserId::as_str);
        let key = format!("{window_start}:{action}:{}:{}", user_id.unwrap_or_default(), event.address);
        let mut tx = self.begin().await?;
        let counted = sqlx::query!(
            "UPDATE account_events SET times = times + 1, last_at = $2 WHERE window_key = $1",
            key,
            event.at
        )
        .execute(&mut *tx)
        .await?
        .rows_affected();
        if counted == 0 {
            let rows = sqlx::query!(
                r#"SELECT COUNT(*) AS "count!: i64" FROM account_events WHERE window_start = $1"#,
                window_start
            )
            .fetch_one(&mut *tx)
            .await?;
            let is_full = rows.count >= MOST_ROWS_OF_A_WINDOW;
            let key = if is_full { format!("{window_start}:{action}") } else { key };
            let (user_id, address, user_agent) =
                if is_full { (None, "", "") } else { (user_id, &*event.address, &*event.user_agent) };
            sqlx::query!(
                "INSERT INTO account_events (id, at, last_at, times, user_id, actor, action, detail, address, user_agent,
                     window_start, window_key)
                 VALUES ($1, $2, $2, 1, $3, $4, $5, $6, $7, $8, $9, $10)
                 ON CONFLICT (window_key) DO UPDATE SET times = account_events.times + 1, last_at = excluded.last_at",
                event.id,
                event.at,
                user_id,
                event.actor.as_str(),
                action,
                detail,
                address,
                user_agent,
                window_start,
                key
            )
            .execute(&mut *tx)
            .await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// The events of a user, or all of them, the newest first.
    pub async fn list_account_events(
        &self,
        user: Option<&UserId>,
        limit: i64,
    ) -> Result<Vec<AccountEventEntry>, StoreError> {
        let rows = match user {
            Some(user) => {
                sqlx::query_as!(
                    EventRow,
                    r#"SELECT e.at AS "at!", e.last_at AS "last_at!", e.times AS "times!", u.email AS "email?",
                           e.actor AS "actor!", a.email AS "actor_email?", e.action AS "action!",
                           e.detail AS "detail!", e.address AS "address!", e.user_agent AS "user_agent!"
                       FROM account_events e LEFT JOIN users u ON u.id = e.user_id LEFT JOIN users a ON a.id = e.actor
                       WHERE e.user_id = $1 ORDER BY e.id DESC LIMIT $2"#,
                    user.as_str(),
                    limit
                )
                .fetch_all(&self.read)
                .await?
            }
            None => {
                sqlx::query_as!(
                    EventRow,
                    r#"SELECT e.at AS "at!", e.last_at AS "last_at!", e.times AS "times!", u.email AS "email?",
                           e.actor AS "actor!", a.email AS "actor_email?", e.action AS "action!",
                           e.detail AS "detail!", e.address AS "address!", e.user_agent AS "user_agent!"
                       FROM account_events e LEFT JOIN users u ON u.id = e.user_id LEFT JOIN users a ON a.id = e.actor
                       ORDER BY e.id DESC LIMIT $1"#,
                    limit
                )
                .fetch_all(&self.read)
                .await?
            }
        };
        Ok(rows.into_iter().map(EventRow::entry).collect())
    }

    /// Deletes at most `limit` rows of each audit table (account events, API calls, the audit log) that are older. Returns how many.
    pub async fn sweep_audit(&self, before: i64, limit: i64) -> Result<u64, StoreError> {
        let mut tx = self.begin().await?;
        let events = sqlx::query!(
            "DELETE FROM account_events WHERE id IN (SELECT id FROM account_events WHERE at <= $1 ORDER BY at LIMIT $2)",
            before,
            limit
        )
        .execute(&mut *tx)
        .await?
        .rows_affected();
        let log = sqlx::query!(
            "DELETE FROM audit_log WHERE id IN (SELECT id FROM audit_log WHERE at <= $1 ORDER BY at LIMIT $2)",
            before,
            limit
        )
        .execute(&mut *tx)
        .await?
        .rows_affected();
        let calls = sqlx::query!(
            "DELETE FROM api_calls WHERE id IN (SELECT id FROM api_calls WHERE at <= $1 ORDER BY at LIMIT $2)",
            before,
            limit
        )
        .execute(&mut *tx)
        .await?
        .rows_affected();
        tx.commit().await?;
        Ok(events + log + calls)
    }
}
