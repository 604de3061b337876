//! Ad accounts, businesses, Pages and Instagram accounts of a connection, and which ad accounts are selected.

use std::collections::HashSet;

use metaads_store_rows::{
    AccountGroup, AdAccount, AdAccountFilter, AssetBatch, AuditEvent, Business, ConnectionId,
    InstagramAccount, NewAuditEvent, OutboxChange, OutboxEventType, Page, Relation, ScopeSet,
    SelectionChange, StoreError, UnreadList, UnreadReason, UserId, WorkspaceId,
};

use crate::queries::audit::append_event;
use crate::queries::outbox::append_to_outbox;
use crate::{Db, Engine};

/// Writes assets into a generation, many rows per statement.
pub(crate) async fn write_assets(
    tx: &mut sqlx::Transaction<'static, Engine>,
    id: &ConnectionId,
    generation: i64,
    assets: &AssetBatch,
    at: i64,
) -> Result<(), StoreError> {
    if !assets.ad_accounts.is_empty() {
        upsert_ad_accounts!(id.as_str(), generation, at, json(&assets.ad_accounts))
            .execute(&mut **tx)
            .await?;
    }
    if !assets.businesses.is_empty() {
        upsert_businesses!(id.as_str(), generation, json(&assets.businesses)).execute(&mut **tx).await?;
    }
    if !assets.pages.is_empty() {
        upsert_pages!(id.as_str(), generation, json(&assets.pages)).execute(&mut **tx).await?;
    }
    if !assets.instagram_accounts.is_empty() {
        upsert_instagram_accounts!(id.as_str(), generation, json(&assets.instagram_accounts))
            .execute(&mut **tx)
            .await?;
    }
    Ok(())
}

/// Locks the connection first: syncs, status checks and other selections write the same rows in other orders.
/// False if the workspace has no such connection.
async fn lock_for_selection(
    tx: &mut sqlx::Transaction<'static, Engine>,
    workspace: &WorkspaceId,
    id: &ConnectionId,
    at: i64,
) -> Result<bool, StoreError> {
    let locked = sqlx::query!(
        "UPDATE meta_connections SET updated_at = $3 WHERE id = $1 AND workspace_id = $2",
        id.as_str(),
        workspace.as_str(),
        at
    )
    .execute(&mut **tx)
    .await?
    .rows_affected();
    Ok(locked == 1)
}

fn json<T: serde::Serialize>(rows: &[T]) -> String {
    serde_json::to_string(rows).expect("rows of text and numbers always serialize")
}

impl Db {
    /// Ad accounts that match a filter, by name.
    pub async fn list_ad_accounts(&self, filter: &AdAccountFilter) -> Result<Vec<AdAccount>, StoreError> {
        // PostgreSQL refuses NUL in text, and no stored text contains one.
        let plain = |text: &str| text.replace('\0', "");
        let group = plain(filter.group_id.as_deref().unwrap_or("*"));
        let pattern = filter.pattern();
        let (after_key, after_id) = filter.after.clone().unwrap_or_default();
        let (after_key, after_id) = (plain(&after_key), plain(&after_id));
        Ok(sqlx::query_as!(
            AdAccount,
            r#"SELECT account_id AS "account_id!", account_name AS "account_name!", name_key AS "name_key!",
                      currency AS "currency!", timezone AS "timezone!", is_selected AS "is_selected!",
                      is_selectable AS "is_selectable!", account_status AS "account_status?",
                      disable_reason AS "disable_reason?", is_reachable AS "is_reachable!",
                      business_id AS "business_id?", business_name AS "business_name?", group_id AS "group_id!",
                      relation AS "relation!: Relation", tasks AS "tasks!: ScopeSet",
                      last_validated_at AS "last_validated_at!", lost_reason AS "lost_reason?"
               FROM meta_ad_accounts
               WHERE connection_id = $1
                 AND ($2 = '*' OR group_id = $2)
                 AND ($3 = '' OR name_key LIKE $3 ESCAPE '\' OR account_id LIKE $3 ESCAPE '\')
                 AND ($4 = 'all' OR ($4 = 'selected' AND is_selected) OR ($4 = 'unusable' AND NOT is_selectable))
                 AND ($6 = '' OR name_key > $5 OR (name_key = $5 AND account_id > $6))
                 AND ($8 = '' OR $8 LIKE '%,' || account_id || ',%')
               ORDER BY name_key, account_id LIMIT $7"#,
            filter.connection_id.as_str(),
            group,
            pattern,
            filter.only.as_str(),
            after_key,
            after_id,
            filter.limit,
            filter.account_list()
        )
        .fetch_all(&self.read)
        .await?)
    }

    /// Counts the ad accounts that match a filter per business; the filter's group and limit are ignored.
    pub async fn count_ad_accounts(&self, filter: &AdAccountFilter) -> Result<Vec<AccountGroup>, StoreError> {
        let pattern = filter.pattern();
        Ok(sqlx::query_as!(
            AccountGroup,
            r#"SELECT group_id AS "group_id!", MAX(group_name) AS "name!: String",
                      MIN(relation) AS "relation!: Relation", COUNT(*) AS "total!: i64",
                      COUNT(CASE WHEN is_selected THEN 1 END) AS "selected!: i64",
                      COUNT(CASE WHEN is_selectable THEN 1 END) AS "selectable!: i64"
               FROM meta_ad_accounts
               WHERE connection_id = $1
                 AND ($2 = '' OR name_key LIKE $2 ESCAPE '\' OR account_id LIKE $2 ESCAPE '\')
                 AND ($3 = 'all' OR ($3 = 'selected' AND is_selected) OR ($3 = 'unusable' AND NOT is_selectable))
               GROUP BY group_id ORDER BY CASE WHEN group_id = '' THEN 1 ELSE 0 END, MAX(group_name), group_id"#,
            filter.connection_id.as_str(),
            pattern,
            filter.only.as_str()
        )
        .fetch_all(&self.read)
        .await?)
    }

    pub async fn list_businesses(&self, id: &ConnectionId) -> Result<Vec<Business>, StoreError> {
        Ok(sqlx::query_as!(
            Business,
            r#"SELECT business_id AS "business_id!", name AS "name!" FROM meta_businesses
               WHERE connection_id = $1 ORDER BY name, business_id LIMIT 1000"#,
            id.as_str()
        )
        .fetch_all(&self.read)
        .await?)
    }

    /// Pages by name, after the one with this name and id (both empty: from the start).
    pub async fn list_pages(
        &self,
        id: &ConnectionId,
        after_name: &str,
        after_id: &str,
        limit: i64,
    ) -> Result<Vec<Page>, StoreError> {
        Ok(sqlx::query_as!(
            Page,
            r#"SELECT page_id AS "page_id!", name AS "name!", tasks AS "tasks!: ScopeSet",
                   has_linked_instagram AS "has_linked_instagram!", business_name AS "business_name?",
                   EXISTS (SELECT 1 FROM meta_instagram_accounts i WHERE i.connection_id = p.connection_id
                       AND i.page_id = p.page_id) AS "has_instagram!: bool"
               FROM meta_pages p
               WHERE connection_id = $1 AND ($3 = '' OR name > $2 OR (name = $2 AND page_id > $3))
               ORDER BY name, page_id LIMIT $4"#,
            id.as_str(),
            after_name.replace('\0', ""),
            after_id.replace('\0', ""),
            limit
        )
        .fetch_all(&self.read)
        .await?)
    }

    /// Instagram accounts by user name, after the one with this name and id (both empty: from the start).
    pub async fn list_instagram_accounts(
        &self,
        id: &ConnectionId,
        after_name: &str,
        after_id: &str,
        limit: i64,
    ) -> Result<Vec<InstagramAccount>, StoreError> {
        Ok(sqlx::query_as!(
            InstagramAccount,
            r#"SELECT instagram_id AS "instagram_id!", username AS "username!", name AS "name!"
               FROM meta_instagram_accounts
               WHERE connection_id = $1 AND ($3 = '' OR username > $2 OR (username = $2 AND instagram_id > $3))
               ORDER BY username, instagram_id LIMIT $4"#,
            id.as_str(),
            after_name.replace('\0', ""),
            after_id.replace('\0', ""),
            limit
        )
        .fetch_all(&self.read)
        .await?)
    }

    /// Lists that the latest sync could not read.
    pub async fn list_unread_lists(&self, id: &ConnectionId) -> Result<Vec<UnreadList>, StoreError> {
        Ok(sqlx::query_as!(
            UnreadList,
            r#"SELECT list AS "list!", business_id AS "business_id!", business_name AS "business_name!",
                   reason AS "reason!: UnreadReason"
               FROM meta_unread_lists WHERE connection_id = $1 ORDER BY business_name, list LIMIT 500"#,
            id.as_str()
        )
        .fetch_all(&self.read)
        .await?)
    }

    /// Those of `ids` (ad accounts, Pages or Instagram accounts) that this generation does not contain yet.
    pub async fn list_unseen(
        &self,
        id: &ConnectionId,
        generation: i64,
        ids: &[String],
    ) -> Result<Vec<String>, StoreError> {
        let rows = sqlx::query!(
            r#"SELECT account_id AS "id!: String" FROM meta_ad_accounts WHERE connection_id = $1 AND seen_in = $2
               UNION SELECT page_id FROM meta_pages WHERE connection_id = $1 AND seen_in = $2
               UNION SELECT instagram_id FROM meta_instagram_accounts WHERE connection_id = $1 AND seen_in = $2"#,
            id.as_str(),
            generation
        )
        .fetch_all(&self.read)
        .await?;
        let synced: HashSet<String> = rows.into_iter().map(|row| row.id).collect();
        Ok(ids.iter().filter(|id| !synced.contains(*id)).cloned().collect())
    }

    /// Selects exactly the `requested` ad accounts within `scope` (None: all accounts of the connection). Accounts that
    /// are unreachable or unusable do not become selected, and none of another workspace's connection.
    pub async fn select_ad_accounts(
        &self,
        (workspace, user): (&WorkspaceId, &UserId),
        id: &ConnectionId,
        scope: Option<&[String]>,
        requested: &[String],
        at: i64,
        audit_id: &str,
    ) -> Result<SelectionChange, StoreError> {
        let mut tx = self.begin().await?;
        let requested: HashSet<&str> = requested.iter().map(String::as_str).collect();
        if !lock_for_selection(&mut tx, workspace, id, at).await? {
            return Ok(SelectionChange { refused: requested.len(), ..SelectionChange::default() });
        }
        let rows = sqlx::query!(
            r#"SELECT account_id AS "account_id!", account_name AS "account_name!", is_selected AS "is_selected!",
                      is_selectable AS "is_selectable!", is_reachable AS "is_reachable!"
               FROM meta_ad_accounts WHERE connection_id = $1"#,
            id.as_str()
        )
        .fetch_all(&mut *tx)
        .await?;
        let scope: Option<HashSet<&str>> = scope.map(|scope| scope.iter().map(String::as_str).collect());
        let (mut added, mut removed, mut selected, mut accepted) = (Vec::new(), Vec::new(), 0, 0);
        let mut changes = Vec::new();
        for row in &rows {
            let account = row.account_id.as_str();
            let is_accepted =
                requested.contains(account) && (row.is_selected || (row.is_selectable && row.is_reachable));
            accepted += usize::from(is_accepted);
            let in_scope =
                scope.as_ref().is_none_or(|scope| scope.contains(account) || requested.contains(account));
            let is_kept = if in_scope { is_accepted } else { row.is_selected };
            match (row.is_selected, is_kept) {
                (false, true) => {
                    added.push(account);
                    let kind = OutboxEventType::AdAccountSelected;
                    changes.push(OutboxChange::selection(kind, account, &row.account_name));
                }
                (true, false) => {
                    removed.push(account);
                    let kind = OutboxEventType::AdAccountDeselected;
                    changes.push(OutboxChange::selection(kind, account, &row.account_name));
                }
                (true, true) | (false, false) => {}
            }
            selected += usize::from(is_kept);
        }
        let refused = requested.len() - accepted;
        let change = SelectionChange { added: added.len(), removed: removed.len(), selected, refused };
        for (is_selected, ids) in [(true, &added), (false, &removed)] {
            if !ids.is_empty() {
                select_by_ids!(id.as_str(), is_selected, json(ids)).execute(&mut *tx).await?;
            }
        }
        if change.added + change.removed > 0 {
            let event = NewAuditEvent { id: audit_id.to_owned(), event: selection_event(change) };
            append_event(&mut tx, id.as_str(), Some(user.as_str()), &event, at).await?;
            append_to_outbox(&mut tx, id.as_str(), audit_id, changes, at).await?;
        }
        tx.commit().await?;
        Ok(change)
    }
}

fn selection_event(change: SelectionChange) -> AuditEvent {
    let number = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
    AuditEvent::AdAccountsSelected {
        selected: number(change.selected),
        added: number(change.added),
        removed: number(change.removed),
    }
}
