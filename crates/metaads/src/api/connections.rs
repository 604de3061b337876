//! Connections: list, one, disconnecting, refreshing and syncing.

use axum::Json;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use metaads_store::{ApiScope, ConnectionId, ConnectionSummary, DisconnectMode, ScopeSet};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::api::api_connection::{ApiConnection, reaches_accounts};
use crate::api::list::{List, PageRequest, bad_cursor, invalid};
use crate::api::refusals::Refusals;
use crate::app::App;
use crate::connections::assets::sync_plan::{self, SyncRequest};
use crate::connections::token::check;
use crate::connections::token::outcome::{CheckOutcome, CheckTrigger};
use crate::connections::{disconnect, permissions, status};
use crate::http::api_caller::ApiCaller;
use crate::http::problem::Problem;
use crate::messages::format::iso;
use crate::rate_limit;

/// A Meta login that somebody connected.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Connection)]
pub struct ConnectionBody {
    #[schema(format = Uuid, example = "01932d4e-5b00-7000-8000-000000000001")]
    id: String,
    #[schema(value_type = ConnectionKindName)]
    kind: &'static str,
    #[schema(value_type = ConnectionStatusName)]
    status: &'static str,
    /// Why it is not simply active: a code that /help/errors/{code} explains.
    #[schema(example = "password_changed")]
    status_reason: Option<String>,
    meta_user_id: String,
    name: String,
    picture_url: Option<String>,
    /// Granted permissions.
    #[schema(example = json!(["ads_management", "ads_read"]))]
    scopes: Vec<String>,
    /// Permissions that the person declined, as Meta reports.
    declined_scopes: Vec<String>,
    /// Permissions that this installation asks for and that are not granted.
    missing_scopes: Vec<String>,
    /// When the token expires; null: never.
    #[schema(format = DateTime)]
    expires_at: Option<String>,
    #[schema(format = DateTime)]
    data_access_expires_at: Option<String>,
    #[schema(format = DateTime)]
    last_refreshed_at: Option<String>,
    #[schema(format = DateTime)]
    last_checked_at: Option<String>,
    #[schema(format = DateTime)]
    created_at: String,
    #[schema(format = DateTime)]
    updated_at: String,
    ad_accounts: AccountNumbers,
    sync: SyncBody,
}

#[derive(Debug, ToSchema)]
#[schema(rename_all = "snake_case")]
#[expect(dead_code, reason = "names the values for the document")]
#[expect(clippy::enum_variant_names, reason = "the API's own words")]
pub enum ConnectionKindName {
    FacebookUser,
    BusinessSystemUser,
    InstagramUser,
}

#[derive(Debug, ToSchema)]
#[schema(rename_all = "snake_case")]
#[expect(dead_code, reason = "names the values for the document")]
pub enum ConnectionStatusName {
    Active,
    Expiring,
    NeedsReauthorization,
    Revoked,
}

/// How many ad accounts the connection shows, and how many are selected.
#[derive(Debug, Serialize, ToSchema)]
pub struct AccountNumbers {
    total: i64,
    selected: i64,
}

/// Whether the lists of accounts are being read.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Sync)]
pub struct SyncBody {
    #[schema(value_type = SyncStateName)]
    state: &'static str,
    done: i64,
    /// Null while it is not known.
    total: Option<i64>,
}

#[derive(Debug, ToSchema)]
#[schema(rename_all = "snake_case")]
#[expect(dead_code, reason = "names the values for the document")]
pub enum SyncStateName {
    Idle,
    Running,
    Failed,
}

/// Lists the connections that the caller reaches, the oldest first.
#[utoipa::path(get, path = "/api/v1/connections", tag = "Connections", params(crate::api::list::PageQuery),
    responses((status = 200, body = List<ConnectionBody>), Refusals))]
pub async fn list(
    State(app): State<App>,
    caller: ApiCaller,
    page: PageRequest,
) -> Result<Json<List<ConnectionBody>>, Problem> {
    caller.require(ApiScope::ConnectionsRead)?;
    let after = page.cursor.as_deref().map(|text| ConnectionId::from_text(text).ok_or_else(bad_cursor));
    let after = after.transpose()?;
    let mut connections = app.store.list_connections(&caller.workspace_id).await?;
    connections.retain(|one| caller.reaches(&one.id) && after.as_ref().is_none_or(|after| one.id > *after));
    connections.sort_by(|a, b| a.id.cmp(&b.id));
    let mut rows = Vec::new();
    let most = usize::try_from(page.limit).unwrap_or_default() + 1;
    for connection in connections {
        if rows.len() < most && reaches_accounts(&app, &caller, &connection.id).await? {
            rows.push(connection);
        }
    }
    Ok(page.page(rows, |row| row.id.to_string(), |row| ConnectionBody::new(&app, &row)))
}

/// Shows a connection.
#[utoipa::path(get, path = "/api/v1/connections/{id}", tag = "Connections", params(("id" = String, Path, format = Uuid)),
    responses((status = 200, body = ConnectionBody), Refusals))]
pub async fn show(
    State(app): State<App>,
    ApiConnection { caller, connection }: ApiConnection,
) -> Result<Json<ConnectionBody>, Problem> {
    caller.require(ApiScope::ConnectionsRead)?;
    Ok(Json(ConnectionBody::new(&app, &connection)))
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct DisconnectQuery {
    /// `revoke`: end the grant at Meta too; `forget`: erase the access here only. Without it: `revoke` where nothing else
    /// in this installation uses the grant.
    #[param(value_type = Option<DisconnectModeName>)]
    how: Option<String>,
}

#[derive(Debug, ToSchema)]
#[schema(rename_all = "snake_case")]
#[expect(dead_code, reason = "names the values for the document")]
pub enum DisconnectModeName {
    Revoke,
    Forget,
}

/// Disconnects. The token is erased at once; a connection that is disconnected already stays so.
#[utoipa::path(delete, path = "/api/v1/connections/{id}", tag = "Connections",
    params(("id" = String, Path, format = Uuid), DisconnectQuery), responses((status = 204), Refusals))]
pub async fn disconnect(
    State(app): State<App>,
    ApiConnection { caller, connection }: ApiConnection,
    Query(query): Query<DisconnectQuery>,
) -> Result<StatusCode, Problem> {
    caller.require(ApiScope::ConnectionsWrite)?;
    let chosen = query
        .how
        .as_deref()
        .map(|text| DisconnectMode::from_text(text).ok_or_else(|| invalid("how is revoke or forget.")));
    disconnect::disconnect_as_chosen(&app, &caller.user_id, &connection, chosen.transpose()?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Renews the token now, or checks it where it cannot be renewed, and shows the connection after it.
#[utoipa::path(post, path = "/api/v1/connections/{id}/refresh", tag = "Connections",
    params(("id" = String, Path, format = Uuid)), responses((status = 200, body = ConnectionBody), Refusals))]
pub async fn refresh(
    State(app): State<App>,
    ApiConnection { caller, connection }: ApiConnection,
) -> Result<Json<ConnectionBody>, Problem> {
    caller.require(ApiScope::ConnectionsWrite)?;
    pay(&app, &caller).await?;
    match check::check_now(&app, &connection.id, CheckTrigger::Requested).await? {
        CheckOutcome::Unavailable | CheckOutcome::AppRefused => {
            return Err(Problem::Busy.because("Meta did not answer. The connection is unchanged."));
        }
        CheckOutcome::RateLimited => {
            return Err(
                Problem::RateLimited.because("Meta’s limits are used up. The connection is unchanged.")
            );
        }
        // The connection says it.
        CheckOutcome::Refreshed
        | CheckOutcome::Valid
        | CheckOutcome::NotRefreshed
        | CheckOutcome::NeedsConfirmation
        | CheckOutcome::NeedsReauthorization
        | CheckOutcome::Unreadable
        | CheckOutcome::OtherApp
        | CheckOutcome::Gone => {}
    }
    after(&app, &caller, &connection.id).await
}

/// Starts reading the lists of accounts again, and shows the connection.
#[utoipa::path(post, path = "/api/v1/connections/{id}/sync", tag = "Connections",
    params(("id" = String, Path, format = Uuid)), responses((status = 200, body = ConnectionBody), Refusals))]
pub async fn sync(
    State(app): State<App>,
    ApiConnection { caller, connection }: ApiConnection,
) -> Result<Json<ConnectionBody>, Problem> {
    caller.require(ApiScope::ConnectionsWrite)?;
    pay(&app, &caller).await?;
    match sync_plan::request_sync(&app, &caller.user_id, &connection).await? {
        SyncRequest::Started => after(&app, &caller, &connection.id).await,
        SyncRequest::RateLimited => Err(Problem::RateLimited),
        SyncRequest::NotConnected => Err(Problem::Conflict.because("The connection is disconnected.")),
    }
}

/// As on the pages.
async fn pay(app: &App, caller: &ApiCaller) -> Result<(), Problem> {
    match rate_limit::allow_meta_action(app, &caller.user_id).await? {
        true => Ok(()),
        false => Err(Problem::RateLimited),
    }
}

async fn after(app: &App, caller: &ApiCaller, id: &ConnectionId) -> Result<Json<ConnectionBody>, Problem> {
    let found = app.store.find_connection_summary(&caller.workspace_id, id).await?;
    Ok(Json(ConnectionBody::new(app, &found.ok_or(Problem::NotFound)?)))
}

impl ConnectionBody {
    pub fn new(app: &App, connection: &ConnectionSummary) -> ConnectionBody {
        let ScopeSet(missing_scopes) = permissions::missing(app, connection.kind, &connection.scopes);
        let ScopeSet(declined_scopes) = connection.declined_scopes.clone();
        ConnectionBody {
            id: connection.id.to_string(),
            kind: connection.kind.as_str(),
            status: status::api_status(connection, app.now()),
            status_reason: status::reason(connection).map(|code| code.as_str().to_owned()),
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
            ad_accounts: AccountNumbers {
                total: connection.assets.ad_accounts,
                selected: connection.assets.selected,
            },
            sync: SyncBody {
                state: connection.sync_state.as_str(),
                done: connection.sync_done,
                total: connection.sync_total,
            },
        }
    }
}
