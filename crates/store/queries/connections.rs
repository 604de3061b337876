//! Reads connections. They are inserted by `complete.rs` and deleted by `disconnect.rs`.

use std::collections::HashMap;

use metaads_store_rows::{
    AssetCounts, Connection, ConnectionId, ConnectionKind, ConnectionRow, ConnectionState, ConnectionStatus,
    ConnectionSummary, GrantConnection, Login, ScopeSet, StatusReason, StoreError, SyncState, UserId,
    WorkspaceId,
};

use crate::Db;

macro_rules! select_connections {
    ($condition:literal, $($argument:expr),+) => {
        sqlx::query_as!(
            ConnectionRow,
            r#"SELECT id AS "id!: ConnectionId", workspace_id AS "workspace_id!: WorkspaceId",
                 user_id AS "user_id!: UserId", kind AS "kind!: ConnectionKind",
                 app_id AS "app_id!", meta_user_id AS "meta_user_id!", name AS "name!",
                 picture_url AS "picture_url?", status AS "status!: ConnectionStatus",
                 status_reason AS "status_reason?: StatusReason", status_changed_at AS "status_changed_at!",
                 access_token AS "access_token?", token_version AS "token_version!", scopes AS "scopes!: ScopeSet",
                 declined_scopes AS "declined_scopes!: ScopeSet", expired_scopes AS "expired_scopes!: ScopeSet",
                 granular_scopes AS "granular_scopes!", business_id AS "business_id?",
                 business_name AS "business_name?", is_imported AS "is_imported!", login AS "login?: Login",
                 last_synced_at AS "last_synced_at?", expires_at AS "expires_at?",
                 data_access_expires_at AS "data_access_expires_at?", last_refreshed_at AS "last_refreshed_at?",
                 last_checked_at AS "last_checked_at?", sync_state AS "sync_state!: SyncState",
                 sync_done AS "sync_done!", sync_total AS "sync_total?",
                 sync_limits AS "sync_limits!", sync_generation AS "sync_generation!",
                 connected_at AS "connected_at!", created_at AS "created_at!", updated_at AS "updated_at!"
               FROM meta_connections WHERE "# + $condition,
            $($argument),+
        )
    };
}

macro_rules! count_assets {
    ($condition:literal, $argument:expr) => {
        sqlx::query_as!(
            AssetCountsRow,
            r#"SELECT c.id AS "id!",
                 (SELECT COUNT(*) FROM meta_ad_accounts a WHERE a.connection_id = c.id) AS "ad_accounts!: i64",
                 (SELECT COUNT(*) FROM meta_ad_accounts a WHERE a.connection_id = c.id AND a.is_selected)
                     AS "selected!: i64",
                 (SELECT COUNT(*) FROM meta_ad_accounts a WHERE a.connection_id = c.id AND a.is_selected
                     AND a.is_reachable AND a.account_status IN (3, 9)) AS "owing!: i64",
                 (SELECT COUNT(*) FROM meta_ad_accounts a WHERE a.connection_id = c.id AND a.is_selected
                     AND NOT a.is_selectable) AS "stopped!: i64",
                 (SELECT COUNT(*) FROM meta_pages p WHERE p.connection_id = c.id) AS "pages!: i64",
                 (SELECT COUNT(*) FROM meta_instagram_accounts i WHERE i.connection_id = c.id)
                     AS "instagram_accounts!: i64",
                 (SELECT COUNT(*) FROM meta_businesses b WHERE b.connection_id = c.id) AS "businesses!: i64",
                 (SELECT MIN(b.name) FROM meta_businesses b WHERE b.connection_id = c.id) AS "first_business?: String"
               FROM meta_connections c WHERE "# + $condition,
            $argument
        )
    };
}

/// [`AssetCounts`] of one connection, as columns.
struct AssetCountsRow {
    id: String,
    ad_accounts: i64,
    selected: i64,
    owing: i64,
    stopped: i64,
    pages: i64,
    instagram_accounts: i64,
    businesses: i64,
    first_business: Option<String>,
}

impl AssetCountsRow {
    fn into_counts(self) -> AssetCounts {
        AssetCounts {
            ad_accounts: self.ad_accounts,
            selected: self.selected,
            owing: self.owing,
            stopped: self.stopped,
            pages: self.pages,
            instagram_accounts: self.instagram_accounts,
            businesses: self.businesses,
            first_business: self.first_business,
        }
    }
}

impl Db {
    /// All connections of a workspace by name, with their asset counts.
    pub async fn list_connections(
        &self,
        workspace: &WorkspaceId,
    ) -> Result<Vec<ConnectionSummary>, StoreError> {
        let rows = select_connections!("workspace_id = $1 ORDER BY name, id", workspace.as_str())
            .fetch_all(&self.read)
            .await?;
        let counts = count_assets!("c.workspace_id = $1", workspace.as_str()).fetch_all(&self.read).await?;
        let mut counts: HashMap<String, AssetCounts> =
            counts.into_iter().map(|row| (row.id.clone(), row.into_counts())).collect();
        rows.into_iter()
            .map(|row| {
                let assets = counts.remove(row.id.as_str()).unwrap_or_default();
                Ok(ConnectionSummary { connection: Connection::from_row(row, &self.own_apps)?, assets })
            })
            .collect()
    }

    /// Whether there are live connections of other Meta apps than the configured ones.
    pub async fn has_connections_of_other_apps(&self) -> Result<bool, StoreError> {
        let rows = sqlx::query!(
            r#"SELECT DISTINCT app_id AS "app_id!" FROM meta_connections WHERE status <> 'revoked' LIMIT 100"#
        )
        .fetch_all(&self.read)
        .await?;
        Ok(rows.iter().any(|row| !self.own_apps.contains(&row.app_id)))
    }

    /// The states of a workspace's connections.
    pub async fn list_connection_states(
        &self,
        workspace: &WorkspaceId,
    ) -> Result<Vec<ConnectionState>, StoreError> {
        let rows = sqlx::query!(
            r#"SELECT status AS "status!: ConnectionStatus", status_reason AS "status_reason?: StatusReason",
                   status_changed_at AS "since!", app_id AS "app_id!"
               FROM meta_connections WHERE workspace_id = $1"#,
            workspace.as_str()
        )
        .fetch_all(&self.read)
        .await?;
        rows.into_iter()
            .map(|row| {
                let stored = ConnectionState::from_columns(row.status, row.status_reason, row.since)?;
                Ok(stored.with_apps(&row.app_id, &self.own_apps))
            })
            .collect()
    }

    /// A connection of a workspace; None for another workspace's, as for one that does not exist.
    pub async fn find_connection(
        &self,
        workspace: &WorkspaceId,
        id: &ConnectionId,
    ) -> Result<Option<Connection>, StoreError> {
        let row = select_connections!("workspace_id = $1 AND id = $2", workspace.as_str(), id.as_str())
            .fetch_optional(&self.read)
            .await?;
        row.map(|row| Connection::from_row(row, &self.own_apps)).transpose()
    }

    /// [`Db::find_connection`] with asset counts.
    pub async fn find_connection_summary(
        &self,
        workspace: &WorkspaceId,
        id: &ConnectionId,
    ) -> Result<Option<ConnectionSummary>, StoreError> {
        let Some(connection) = self.find_connection(workspace, id).await? else { return Ok(None) };
        let row = count_assets!("c.id = $1", id.as_str()).fetch_optional(&self.read).await?;
        let assets = row.map(AssetCountsRow::into_counts).unwrap_or_default();
        Ok(Some(ConnectionSummary { connection, assets }))
    }

    /// A connection of any workspace: for background jobs only.
    pub async fn find_connection_for_job(&self, id: &ConnectionId) -> Result<Option<Connection>, StoreError> {
        let row = select_connections!("id = $1", id.as_str()).fetch_optional(&self.read).await?;
        row.map(|row| Connection::from_row(row, &self.own_apps)).transpose()
    }

    /// The id of a workspace's connection to a Meta identity, live or not. A business that was connected through its
    /// login dialog is the same business with another system user.
    pub async fn find_connection_id(
        &self,
        workspace: &WorkspaceId,
        kind: ConnectionKind,
        app_id: &str,
        meta_user_id: &str,
        business_id: Option<&str>,
    ) -> Result<Option<ConnectionId>, StoreError> {
        let row = sqlx::query!(
            r#"SELECT id AS "id!: ConnectionId" FROM meta_connections
               WHERE workspace_id = $1 AND kind = $2 AND app_id = $3
                   AND (meta_user_id = $4 OR (business_id = $5 AND login = 'business'))
               ORDER BY CASE WHEN meta_user_id = $4 THEN 0 ELSE 1 END, connected_at DESC, id LIMIT 1"#,
            workspace.as_str(),
            kind.as_str(),
            app_id,
            meta_user_id,
            business_id
        )
        .fetch_optional(&self.read)
        .await?;
        Ok(row.map(|row| row.id))
    }

    /// Live connections on a grant, in every workspace.
    pub async fn list_connections_on_grant(
        &self,
        app_id: &str,
        meta_user_id: &str,
    ) -> Result<Vec<GrantConnection>, StoreError> {
        Ok(sqlx::query_as!(
            GrantConnection,
            r#"SELECT id AS "id!: ConnectionId", workspace_id AS "workspace_id!: WorkspaceId",
                   connected_at AS "connected_at!"
               FROM meta_connections
               WHERE app_id = $1 AND (meta_user_id = $2 OR scoped_user_id = $2) AND status <> 'revoked' ORDER BY id"#,
            app_id,
            meta_user_id
        )
        .fetch_all(&self.read)
        .await?)
    }

    /// Live connections of a business's system users.
    pub async fn list_connections_of_business(
        &self,
        app_id: &str,
        business_id: &str,
    ) -> Result<Vec<ConnectionId>, StoreError> {
        let rows = sqlx::query!(
            r#"SELECT id AS "id!: ConnectionId" FROM meta_connections
               WHERE app_id = $1 AND business_id = $2 AND status <> 'revoked'"#,
            app_id,
            business_id
        )
        .fetch_all(&self.read)
        .await?;
        Ok(rows.into_iter().map(|row| row.id).collect())
    }
}
