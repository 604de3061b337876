//! API keys, and what was done with them. The database knows the hash of a key only.

use serde::{Deserialize, Serialize};

use crate::text::{ConnectionId, UserId, WorkspaceId, text_enum};

text_enum!(
    /// What a key may do.
    ApiScope {
        ConnectionsRead = "connections:read",
        ConnectionsWrite = "connections:write",
        TokensRead = "tokens:read",
        GraphRead = "graph:read",
        GraphWrite = "graph:write",
        ConnectSessions = "connect:sessions",
        WebhooksManage = "webhooks:manage",
        MetricsRead = "metrics:read",
    }
);

impl ApiScope {
    pub const ALL: [ApiScope; 8] = [
        ApiScope::ConnectionsRead,
        ApiScope::ConnectionsWrite,
        ApiScope::TokensRead,
        ApiScope::GraphRead,
        ApiScope::GraphWrite,
        ApiScope::ConnectSessions,
        ApiScope::WebhooksManage,
        ApiScope::MetricsRead,
    ];
}

/// What a key is limited to. An empty list limits nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ApiKeyLimits {
    pub connections: Vec<String>,
    /// Digits, without `act_`.
    pub ad_accounts: Vec<String>,
    /// CIDR.
    pub networks: Vec<String>,
    /// Origins that a connect session may return to; an empty list allows none.
    pub return_origins: Vec<String>,
    pub calls_per_minute: Option<u32>,
}

#[derive(Debug, Clone)]
pub struct NewApiKey {
    pub id: String,
    pub workspace_id: WorkspaceId,
    pub user_id: UserId,
    pub name: String,
    pub key_hash: String,
    pub hint: String,
    pub scopes: Vec<ApiScope>,
    pub limits: ApiKeyLimits,
    pub created_at: i64,
    /// Unix milliseconds; None: never.
    pub expires_at: Option<i64>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKey {
    pub id: String,
    pub workspace_id: WorkspaceId,
    /// Who made it.
    pub user_id: UserId,
    pub name: String,
    /// The first characters of the key.
    pub hint: String,
    pub scopes: Vec<ApiScope>,
    pub limits: ApiKeyLimits,
    pub created_at: i64,
    pub expires_at: Option<i64>,
    pub ended_at: Option<i64>,
    /// The key before the last rotation works until then.
    pub previous_ends_at: Option<i64>,
    pub last_used_at: Option<i64>,
    pub last_used_from: Option<String>,
}

/// The columns of an API key.
#[derive(Debug)]
pub struct ApiKeyRow {
    pub id: String,
    pub workspace_id: WorkspaceId,
    pub user_id: UserId,
    pub name: String,
    pub hint: String,
    pub scopes: String,
    pub limits: String,
    pub created_at: i64,
    pub expires_at: Option<i64>,
    pub ended_at: Option<i64>,
    pub previous_ends_at: Option<i64>,
    pub last_used_at: Option<i64>,
    pub last_used_from: Option<String>,
}

impl From<ApiKeyRow> for ApiKey {
    /// A scope of another version grants nothing; limits that cannot be read allow nothing.
    fn from(row: ApiKeyRow) -> ApiKey {
        let limits = serde_json::from_str(&row.limits);
        let scopes = row.scopes.split(',').filter_map(ApiScope::from_text);
        ApiKey {
            scopes: if limits.is_ok() { scopes.collect() } else { Vec::new() },
            limits: limits.unwrap_or_default(),
            id: row.id,
            workspace_id: row.workspace_id,
            user_id: row.user_id,
            name: row.name,
            hint: row.hint,
            created_at: row.created_at,
            expires_at: row.expires_at,
            ended_at: row.ended_at,
            previous_ends_at: row.previous_ends_at,
            last_used_at: row.last_used_at,
            last_used_from: row.last_used_from,
        }
    }
}

impl NewApiKey {
    /// Scopes and limits as their columns.
    pub fn to_columns(&self) -> (String, String) {
        let scopes: Vec<&str> = self.scopes.iter().map(|scope| scope.as_str()).collect();
        let limits = serde_json::to_string(&self.limits).expect("lists of text always serialize");
        (scopes.join(","), limits)
    }
}

/// Something that a program did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiCall {
    pub id: String,
    pub at: i64,
    pub workspace_id: WorkspaceId,
    pub api_key_id: String,
    /// As the program says; may be empty.
    pub actor: String,
    pub connection_id: Option<ConnectionId>,
    /// Method and path.
    pub action: String,
    pub address: String,
}

/// A sealed value; see the table `secrets`.
#[derive(Debug, Clone)]
pub struct NewSecret {
    pub id: String,
    pub workspace_id: WorkspaceId,
    /// The row that it belongs to, and is deleted with.
    pub owner_id: String,
    pub sealed: metaads_vault::Sealed,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_that_cannot_be_read_leave_a_key_without_any_scope() {
        let id = |last: char| format!("00000000-0000-7000-8000-00000000000{last}");
        let row = |limits: &str| ApiKeyRow {
            id: id('1'),
            workspace_id: WorkspaceId::from_text(&id('2')).expect("an id"),
            user_id: UserId::from_text(&id('2')).expect("an id"),
            name: String::new(),
            hint: String::new(),
            scopes: "graph:read,of:another-version".to_owned(),
            limits: limits.to_owned(),
            created_at: 0,
            expires_at: None,
            ended_at: None,
            previous_ends_at: None,
            last_used_at: None,
            last_used_from: None,
        };
        let key = ApiKey::from(row("{\"ad_accounts\":[\"1\"]}"));
        assert_eq!((key.scopes, key.limits.ad_accounts), (vec![ApiScope::GraphRead], vec!["1".to_owned()]));
        assert!(ApiKey::from(row("{\"ad_accounts\":1}")).scopes.is_empty());
    }
}
