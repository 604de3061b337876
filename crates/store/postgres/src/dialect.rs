//! The statements that differ between the engines: bulk writes of rows passed as JSON, locks, and randomness.

// An account that its business's own list has already grouped keeps its group within a generation. A list does not
// change the status of a selected account: if it reports another one, the account becomes due for a status check.
macro_rules! upsert_ad_accounts {
    ($($argument:expr),+) => {
        sqlx::query!(
            "INSERT INTO meta_ad_accounts (connection_id, account_id, account_name, name_key, currency, timezone,
                 is_selected, is_selectable, account_status, disable_reason, is_reachable, business_id, business_name,
                 group_id, group_name, relation, tasks, seen_in, last_validated_at, lost_reason)
             SELECT $1, r.account_id, r.account_name, r.name_key,
                 r.currency, r.timezone, FALSE, r.is_selectable,
                 r.account_status, r.disable_reason, r.lost_reason IS NULL, r.business_id,
                 r.business_name, r.group_id, r.group_name, r.relation, r.tasks, $2, $3, r.lost_reason
             FROM jsonb_to_recordset(($4::TEXT)::JSONB) AS r (account_id TEXT, account_name TEXT, name_key TEXT, currency TEXT, timezone TEXT, is_selectable BOOLEAN,
                 account_status BIGINT, disable_reason BIGINT, business_id TEXT, business_name TEXT, group_id TEXT, group_name TEXT,
                 relation TEXT, tasks TEXT, lost_reason TEXT)
             ON CONFLICT (connection_id, account_id) DO UPDATE SET account_name = excluded.account_name,
                 name_key = excluded.name_key, currency = excluded.currency, timezone = excluded.timezone,
                 next_check_at = CASE WHEN meta_ad_accounts.is_reachable AND COALESCE(meta_ad_accounts.account_status, -1) = COALESCE(excluded.account_status, -1)
                     THEN meta_ad_accounts.next_check_at ELSE 0 END,
                 is_selectable = CASE WHEN meta_ad_accounts.is_selected THEN meta_ad_accounts.is_selectable ELSE excluded.is_selectable END,
                 account_status = CASE WHEN meta_ad_accounts.is_selected THEN meta_ad_accounts.account_status ELSE excluded.account_status END,
                 disable_reason = CASE WHEN meta_ad_accounts.is_selected THEN meta_ad_accounts.disable_reason ELSE excluded.disable_reason END,
                 is_reachable = CASE WHEN meta_ad_accounts.is_selected THEN meta_ad_accounts.is_reachable ELSE excluded.is_reachable END,
                 lost_reason = CASE WHEN meta_ad_accounts.is_selected THEN meta_ad_accounts.lost_reason ELSE excluded.lost_reason END,
                 business_id = excluded.business_id, business_name = excluded.business_name,
                 group_id = CASE WHEN meta_ad_accounts.seen_in = excluded.seen_in AND excluded.relation IN ('shared', 'personal')
                     THEN meta_ad_accounts.group_id ELSE excluded.group_id END,
                 group_name = CASE WHEN meta_ad_accounts.seen_in = excluded.seen_in AND excluded.relation IN ('shared', 'personal')
                     THEN meta_ad_accounts.group_name ELSE excluded.group_name END,
                 relation = CASE WHEN meta_ad_accounts.seen_in = excluded.seen_in AND excluded.relation IN ('shared', 'personal')
                     THEN meta_ad_accounts.relation ELSE excluded.relation END,
                 tasks = excluded.tasks, seen_in = excluded.seen_in, last_validated_at = excluded.last_validated_at",
            $($argument),+
        )
    };
}

macro_rules! upsert_businesses {
    ($($argument:expr),+) => {
        sqlx::query!(
            "INSERT INTO meta_businesses (connection_id, business_id, name, verification_status, seen_in)
             SELECT $1, r.business_id, r.name, r.verification_status, $2
             FROM jsonb_to_recordset(($3::TEXT)::JSONB) AS r (business_id TEXT, name TEXT, verification_status TEXT)
             ON CONFLICT (connection_id, business_id) DO UPDATE SET name = excluded.name,
                 verification_status = excluded.verification_status, seen_in = excluded.seen_in",
            $($argument),+
        )
    };
}

macro_rules! upsert_pages {
    ($($argument:expr),+) => {
        sqlx::query!(
            "INSERT INTO meta_pages (connection_id, page_id, name, tasks, seen_in, has_linked_instagram, business_id, business_name)
             SELECT $1, r.page_id, r.name, r.tasks, $2, r.has_linked_instagram, r.business_id, r.business_name
             FROM jsonb_to_recordset(($3::TEXT)::JSONB) AS r (page_id TEXT, name TEXT, tasks TEXT, has_linked_instagram BOOLEAN,
                 business_id TEXT, business_name TEXT)
             ON CONFLICT (connection_id, page_id) DO UPDATE SET name = excluded.name, tasks = excluded.tasks,
                 has_linked_instagram = excluded.has_linked_instagram, business_id = excluded.business_id,
                 business_name = excluded.business_name, seen_in = excluded.seen_in",
            $($argument),+
        )
    };
}

macro_rules! upsert_instagram_accounts {
    ($($argument:expr),+) => {
        sqlx::query!(
            "INSERT INTO meta_instagram_accounts (connection_id, instagram_id, username, name, page_id, seen_in)
             SELECT $1, r.instagram_id, r.username, r.name, r.page_id, $2
             FROM jsonb_to_recordset(($3::TEXT)::JSONB) AS r (instagram_id TEXT, username TEXT, name TEXT, page_id TEXT)
             ON CONFLICT (connection_id, instagram_id) DO UPDATE SET username = excluded.username,
                 name = excluded.name,
                 page_id = COALESCE(excluded.page_id, meta_instagram_accounts.page_id), seen_in = excluded.seen_in",
            $($argument),+
        )
    };
}

macro_rules! insert_events {
    ($($argument:expr),+) => {
        sqlx::query!(
            "INSERT INTO webhook_inbox (id, digest, app_id, object, subject, field, value, sent_at, received_at)
             SELECT r.id, r.digest, r.app_id, r.object, r.subject, r.field, r.value, r.sent_at, r.received_at
             FROM jsonb_to_recordset(($1::TEXT)::JSONB) AS r (id TEXT, digest TEXT, app_id TEXT, object TEXT, subject TEXT,
                 field TEXT, value TEXT, sent_at BIGINT, received_at BIGINT)
             ON CONFLICT (digest) DO NOTHING",
            $($argument),+
        )
    };
}

macro_rules! insert_outbox_events {
    ($($argument:expr),+) => {
        sqlx::query!(
            "INSERT INTO outbox_events (id, workspace_id, connection_id, account_id, type, data, at, position)
             SELECT r.id, r.workspace_id, r.connection_id, r.account_id, r.type, r.data, r.at, r.position
             FROM jsonb_to_recordset(($1::TEXT)::JSONB) AS r (id TEXT, workspace_id TEXT, connection_id TEXT,
                 account_id TEXT, type TEXT, data TEXT, at BIGINT, position BIGINT)",
            $($argument),+
        )
    };
}

macro_rules! select_by_ids {
    ($($argument:expr),+) => {
        sqlx::query!(
            "UPDATE meta_ad_accounts SET is_selected = $2
             WHERE connection_id = $1 AND account_id IN (SELECT jsonb_array_elements_text(($3::TEXT)::JSONB))",
            $($argument),+
        )
    };
}

macro_rules! list_account_statuses {
    ($($argument:expr),+) => {
        sqlx::query_as!(
            AccountStatusRow,
            r#"SELECT account_id AS "account_id!", account_name AS "account_name!",
                   account_status AS "account_status?", is_selected AS "is_selected!",
                   is_selectable AS "is_selectable!", is_reachable AS "is_reachable!",
                   status_changed_at AS "status_changed_at!", next_check_at AS "next_check_at!",
                   last_validated_at AS "last_validated_at!"
               FROM meta_ad_accounts WHERE connection_id = $1 AND account_id IN (SELECT jsonb_array_elements_text(($2::TEXT)::JSONB))"#,
            $($argument),+
        )
    };
}

// Replicas claim concurrently: a row that another one is claiming is skipped.
// The classes in the worker's order: aged background work, upkeep, interactive work, background work.
macro_rules! claim_due {
    ($($argument:expr),+) => {
        lease_job!(
            "id = COALESCE(
                   CASE WHEN CAST($3 AS BIGINT) = 1 THEN (SELECT j.id FROM jobs j WHERE j.priority = 1 AND j.run_at <= $5 AND (j.leased_until <= $1 OR j.leased_until > $4)
                        AND (j.kind <> 'sync' OR (SELECT COUNT(*) FROM held_syncs WHERE leased_until > $1 AND leased_until <= $4
                            AND workspace_id = (SELECT workspace_id FROM meta_connections WHERE id = j.subject)) < 2)
                    ORDER BY j.run_at, j.id LIMIT 1 FOR UPDATE OF j SKIP LOCKED) END,
                   CASE WHEN CAST($3 AS BIGINT) = 2 THEN (SELECT j.id FROM jobs j WHERE j.priority = 1 AND j.run_at <= $1 AND (j.leased_until <= $1 OR j.leased_until > $4)
                        AND j.kind <> 'sync'
                    ORDER BY j.run_at, j.id LIMIT 1 FOR UPDATE OF j SKIP LOCKED) END,
                   CASE WHEN CAST($3 AS BIGINT) < 3 THEN (SELECT j.id FROM jobs j WHERE j.priority = 0 AND j.run_at <= $1 AND (j.leased_until <= $1 OR j.leased_until > $4)
                        AND (j.kind <> 'sync' OR (SELECT COUNT(*) FROM held_syncs WHERE leased_until > $1 AND leased_until <= $4
                            AND workspace_id = (SELECT workspace_id FROM meta_connections WHERE id = j.subject)) < 2)
                    ORDER BY j.run_at, j.id LIMIT 1 FOR UPDATE OF j SKIP LOCKED) END,
                   CASE WHEN CAST($3 AS BIGINT) IN (1, 2) THEN (SELECT j.id FROM jobs j WHERE j.priority = 1 AND j.run_at <= $1 AND (j.leased_until <= $1 OR j.leased_until > $4)
                        AND (j.kind <> 'sync' OR (SELECT COUNT(*) FROM held_syncs WHERE leased_until > $1 AND leased_until <= $4
                            AND workspace_id = (SELECT workspace_id FROM meta_connections WHERE id = j.subject)) < 2)
                    ORDER BY j.run_at, j.id LIMIT 1 FOR UPDATE OF j SKIP LOCKED) END,
                   CASE WHEN CAST($3 AS BIGINT) = 3 THEN (SELECT j.id FROM jobs j WHERE j.priority = 2 AND j.run_at <= $1 AND (j.leased_until <= $1 OR j.leased_until > $4)
                    ORDER BY CASE WHEN j.kind = 'events' THEN 0 ELSE 1 END, j.run_at, j.id LIMIT 1 FOR UPDATE OF j SKIP LOCKED) END)",
            $($argument),+
        )
    };
}

macro_rules! lock_connection {
    ($($argument:expr),+) => {
        sqlx::query!(
            r#"SELECT status AS "status!: ConnectionStatus", status_reason AS "reason?: StatusReason",
                   status_changed_at AS "since!"
               FROM meta_connections WHERE id = $1 AND token_version = $2 AND status <> 'revoked' FOR UPDATE"#,
            $($argument),+
        )
    };
}

// Locked by id, so that two transactions on one grant cannot deadlock.
macro_rules! lock_grant {
    ($($argument:expr),+) => {
        sqlx::query!(
            r#"SELECT id AS "id!", status AS "status!: ConnectionStatus", connected_at AS "connected_at!"
               FROM meta_connections WHERE app_id = $1 AND (meta_user_id = $2 OR scoped_user_id = $2) ORDER BY id FOR UPDATE"#,
            $($argument),+
        )
    };
}

// Two first users must not both become the admin.
macro_rules! lock_users {
    ($executor:expr) => {
        sqlx::query!("LOCK TABLE users IN SHARE ROW EXCLUSIVE MODE").execute($executor).await?
    };
}

// Excludes transactions that insert rows of the workspace: they lock its row for their foreign key.
macro_rules! lock_workspace {
    ($argument:expr) => {
        sqlx::query!(r#"SELECT id AS "id!" FROM workspaces WHERE id = $1 FOR UPDATE"#, $argument)
    };
}

macro_rules! spread_checks {
    ($($argument:expr),+) => {
        sqlx::query!(
            "UPDATE jobs SET payload = $1, attempts = 0, priority = 1, run_at = $2 + floor(random() * ($3::BIGINT))::BIGINT
             WHERE kind = 'check'",
            $($argument),+
        )
    };
}

// Transactions that insert sessions of one user wait for each other.
macro_rules! lock_user {
    ($argument:expr) => {
        sqlx::query!(r#"SELECT id AS "id!" FROM users WHERE id = $1 FOR NO KEY UPDATE"#, $argument)
    };
}
