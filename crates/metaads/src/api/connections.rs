//! Connections and their ad accounts.

use axum::Json;
use axum::extract::{Query, State};
use metaads_store::{AdAccount, AdAccountFilter, ConnectionId, ConnectionSummary, Only, ScopeSet};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::app::App;
use crate::codes::account_status::AccountStatus;
use crate::connections::{permissions, status};
use crate::http::caller::Caller;
use crate::http::owned_connection::OwnedConnection;
use crate::http::problem::Problem;
use crate::messages::format::iso;

/// Rows of a list, unless the caller asks for another number; and the most rows.
const LIMIT: i64 = 100;
const MAX_LIMIT: i64 = 500;

#[derive(Debug, Deserialize)]
pub struct ListQuery {
    limit: Option<String>,
    cursor: Option<String>,
    q: Option<String>,
    selected: Option<String>,
}

#[derive(Debug, Serialize)]
struct ConnectionBody {
    id: String,
    kind: &'static str,
    status: &'static str,
    status_reason: Option<String>,
    meta_user_id: String,
    name: String,
    picture_url: Option<String>,
    scopes: Vec<String>,
    declined_scopes: Vec<String>,
    missing_scopes: Vec<String>,
    expires_at: Option<String>,
    data_access_expires_at: Option<String>,
    last_refreshed_at: Option<String>,
    last_checked_at: Option<String>,
    created_at: String,
    updated_at: String,
    ad_accounts: Value,
    sync: Value,
}

pub async fn list(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<ListQuery>,
) -> Result<Json<Value>, Problem> {
    let limit = query.limit()?;
    let mut connections = app.store.list_connections(&caller.session.workspace_id).await?;
    connections.sort_by(|a, b| a.id.cmp(&b.id));
    if let Some(cursor) = &query.cursor {
        let after = ConnectionId::from_text(cursor).ok_or(Problem::Invalid)?;
        connections.retain(|connection| connection.id > after);
    }
    let has_more = connections.len() > limit;
    connections.truncate(limit);
    let next = connections.last().filter(|_| has_more).map(|last| last.id.to_string());
    let data: Vec<ConnectionBody> = connections.iter().map(|one| ConnectionBody::new(&app, one)).collect();
    Ok(Json(json!({"data": data, "next_cursor": next})))
}

pub async fn show(
    State(app): State<App>,
    OwnedConnection { connection, .. }: OwnedConnection,
) -> Json<Value> {
    Json(json!(ConnectionBody::new(&app, &connection)))
}

pub async fn ad_accounts(
    State(app): State<App>,
    OwnedConnection { connection, .. }: OwnedConnection,
    Query(query): Query<ListQuery>,
) -> Result<Json<Value>, Problem> {
    let limit = query.limit()?;
    let only = match query.selected.as_deref() {
        Some("true") => Only::Selected,
        None | Some("false" | "") => Only::All,
        Some(_) => return Err(Problem::Invalid),
    };
    let filter = AdAccountFilter {
        connection_id: connection.id.clone(),
        group_id: None,
        search: query.q.clone(),
        only,
        after: query.cursor.as_deref().map(read_cursor).transpose()?,
        limit: i64::try_from(limit).unwrap_or(LIMIT) + 1,
    };
    let mut accounts = app.store.list_ad_accounts(&filter).await?;
    let has_more = accounts.len() > limit;
    accounts.truncate(limit);
    let next = accounts.last().filter(|_| has_more).map(cursor);
    let data: Vec<Value> =
        accounts.into_iter().map(|account| account_body(&connection.id, account)).collect();
    Ok(Json(json!({"data": data, "next_cursor": next})))
}

impl ListQuery {
    fn limit(&self) -> Result<usize, Problem> {
        let Some(text) = &self.limit else { return Ok(usize::try_from(LIMIT).unwrap_or_default()) };
        let limit: i64 = text.parse().map_err(|_| Problem::Invalid)?;
        match limit {
            1.. => Ok(usize::try_from(limit.min(MAX_LIMIT)).unwrap_or_default()),
            _ => Err(Problem::Invalid),
        }
    }
}

/// Name key and id of the last row as hex: opaque, and safe in a URL.
fn cursor(account: &AdAccount) -> String {
    hex::encode(format!("{}\n{}", account.account_id, account.name_key))
}

fn read_cursor(text: &str) -> Result<(String, String), Problem> {
    let bytes = hex::decode(text).map_err(|_| Problem::Invalid)?;
    let text = String::from_utf8(bytes).map_err(|_| Problem::Invalid)?;
    let (id, name) = text.split_once('\n').ok_or(Problem::Invalid)?;
    Ok((name.to_owned(), id.to_owned()))
}

impl ConnectionBody {
    fn new(app: &App, connection: &ConnectionSummary) -> ConnectionBody {
        let status = status::api_status(connection, app.now());
        let status_reason = status::reason(connection).map(|code| code.as_str().to_owned());
        let ScopeSet(missing_scopes) = permissions::missing(app, connection.kind, &connection.scopes);
        let ScopeSet(declined_scopes) = connection.declined_scopes.clone();
        ConnectionBody {
            id: connection.id.to_string(),
            kind: connection.kind.as_str(),
            status,
            status_reason,
            meta_user_id: connection.meta_user_id.clone(),
            name: connection.name.clone(),
            picture_url: connection.picture_url.clone(),
            missing_scopes,
            declined_scopes,
            scopes: connection.scopes.0.clone(),
            expires_at: connection.expires_at.map(iso),
            data_access_expires_at: connection.data_access_expires_at.map(iso),
            last_refreshed_at: connection.last_refreshed_at.map(iso),
            last_checked_at: connection.last_checked_at.map(iso),
            created_at: iso(connection.created_at),
            updated_at: iso(connection.updated_at),
            ad_accounts: json!({
                "total": connection.assets.ad_accounts,
                "selected": connection.assets.selected,
            }),
            sync: json!({
                "state": connection.sync_state.as_str(),
                "done": connection.sync_done,
                "total": connection.sync_total,
            }),
        }
    }
}

fn account_body(connection: &ConnectionId, account: AdAccount) -> Value {
    let status = AccountStatus::of(account.account_status, account.is_reachable);
    let business = account.business_id.map(|id| json!({"id": id, "name": account.business_name}));
    json!({
        "connection_id": connection.as_str(),
        "account_id": account.account_id,
        "account_name": account.account_name,
        "currency": account.currency,
        "timezone": account.timezone,
        "is_selected": account.is_selected,
        "is_selectable": account.is_selectable,
        "status": status.as_str(),
        "status_reason": account.lost_reason.as_deref().or(status.reason()),
        "business": business,
        "relation": account.relation.as_str(),
        "tasks": account.tasks.0,
        "last_validated_at": iso(account.last_validated_at),
    })
}
