//! Ad accounts of a connection.

use axum::Json;
use axum::extract::{Path, Query, State};
use metaads_graph::AdAccountId;
use metaads_store::{AdAccount, AdAccountFilter, ApiScope, ConnectionId, ConnectionSummary, Only};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::api::api_connection::ApiConnection;
use crate::api::json_body::JsonBody;
use crate::api::list::{List, PageRequest, invalid, name_cursor};
use crate::api::refusals::Refusals;
use crate::app::App;
use crate::codes::account_status::AccountStatus;
use crate::connections::assets::select::{self, SelectError, SelectionOutcome};
use crate::http::problem::Problem;
use crate::messages::format::iso;

const LONGEST_SEARCH: usize = 200;

/// An ad account, as one connection reaches it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AdAccount)]
pub struct AdAccountBody {
    #[schema(format = Uuid)]
    connection_id: String,
    /// Digits, without `act_`.
    #[schema(example = "238411234567890")]
    account_id: String,
    account_name: String,
    #[schema(example = "EUR")]
    currency: String,
    #[schema(example = "Europe/Berlin")]
    timezone: String,
    is_selected: bool,
    is_selectable: bool,
    #[schema(value_type = AccountStatus)]
    status: &'static str,
    /// A code that /help/errors/{code} explains.
    status_reason: Option<String>,
    business: Option<BusinessRef>,
    #[schema(value_type = RelationName)]
    relation: &'static str,
    /// What the person may do with it, in Meta's words.
    #[schema(example = json!(["ADVERTISE", "ANALYZE"]))]
    tasks: Vec<String>,
    #[schema(format = DateTime)]
    last_validated_at: String,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct BusinessRef {
    id: String,
    name: Option<String>,
}

#[derive(Debug, ToSchema)]
#[schema(rename_all = "snake_case")]
#[expect(dead_code, reason = "names the values for the document")]
pub enum RelationName {
    Owned,
    Client,
    Personal,
    Shared,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct FilterQuery {
    /// Only selected ones.
    #[param(value_type = Option<bool>)]
    selected: Option<String>,
    /// Only those whose name or number contains this.
    q: Option<String>,
}

/// Lists the ad accounts of a connection by name.
#[utoipa::path(get, path = "/api/v1/connections/{id}/ad-accounts", tag = "Ad accounts",
    params(("id" = String, Path, format = Uuid), FilterQuery, crate::api::list::PageQuery),
    responses((status = 200, body = List<AdAccountBody>), Refusals))]
pub async fn list(
    State(app): State<App>,
    ApiConnection { caller, connection }: ApiConnection,
    page: PageRequest,
    Query(query): Query<FilterQuery>,
) -> Result<Json<List<AdAccountBody>>, Problem> {
    caller.require(ApiScope::ConnectionsRead)?;
    let only = match query.selected.as_deref() {
        Some("true") => Only::Selected,
        None | Some("false" | "") => Only::All,
        Some(_) => return Err(invalid("selected is true or false.")),
    };
    let search = query.q.filter(|text| !text.is_empty());
    if search.as_ref().is_some_and(|text| text.chars().count() > LONGEST_SEARCH || text.contains('\0')) {
        return Err(invalid("q is text of at most 200 characters."));
    }
    let filter = AdAccountFilter {
        account_ids: caller.ad_accounts().map(<[String]>::to_vec),
        search,
        only,
        after: page.after_name()?,
        ..AdAccountFilter::all(&connection.id, page.limit + 1)
    };
    let accounts = app.store.list_ad_accounts(&filter).await?;
    let cursor = |account: &AdAccount| name_cursor(&account.name_key, &account.account_id);
    Ok(page.page(accounts, cursor, |account| AdAccountBody::new(&connection.id, account)))
}

/// A change of an ad account.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AdAccountPatch {
    is_selected: bool,
}

/// Selects or deselects an ad account. Before it is selected, Meta is asked whether the connection reaches it.
#[utoipa::path(patch, path = "/api/v1/connections/{id}/ad-accounts/{account_id}", tag = "Ad accounts",
    params(("id" = String, Path, format = Uuid), ("account_id" = String, Path, description = "With or without `act_`")),
    request_body = AdAccountPatch, responses((status = 200, body = AdAccountBody), Refusals))]
pub async fn update(
    State(app): State<App>,
    ApiConnection { caller, connection }: ApiConnection,
    Path((_, account)): Path<(String, String)>,
    JsonBody(patch): JsonBody<AdAccountPatch>,
) -> Result<Json<AdAccountBody>, Problem> {
    caller.require(ApiScope::ConnectionsWrite)?;
    let id = AdAccountId::parse_any(&account).map_err(|_| Problem::NotFound)?.to_string();
    if caller.ad_accounts().is_some_and(|limit| !limit.contains(&id)) {
        return Err(Problem::NotFound);
    }
    find(&app, &connection, &id).await?;
    let scope = [id.clone()];
    let requested = if patch.is_selected { &scope[..] } else { &[] };
    let outcome = match select::select(&app, &caller.user_id, &connection, Some(&scope), requested).await {
        Ok(outcome) => outcome,
        Err(SelectError::RateLimited) => return Err(Problem::RateLimited),
        Err(SelectError::Store(error)) => return Err(error.into()),
    };
    match outcome {
        SelectionOutcome { unanswered: 1.., .. } => {
            Err(Problem::Busy.because("Meta did not answer for this ad account. Nothing is changed."))
        }
        SelectionOutcome { change, .. } if change.refused > 0 => {
            let detail = "This ad account cannot be selected: see its status_reason.";
            Err(Problem::Conflict.because(detail))
        }
        SelectionOutcome { .. } => {
            Ok(Json(AdAccountBody::new(&connection.id, find(&app, &connection, &id).await?)))
        }
    }
}

async fn find(app: &App, connection: &ConnectionSummary, id: &str) -> Result<AdAccount, Problem> {
    let filter =
        AdAccountFilter { account_ids: Some(vec![id.to_owned()]), ..AdAccountFilter::all(&connection.id, 1) };
    let found = app.store.list_ad_accounts(&filter).await?;
    found.into_iter().next().ok_or(Problem::NotFound)
}

impl AdAccountBody {
    pub fn new(connection: &ConnectionId, account: AdAccount) -> AdAccountBody {
        let status = AccountStatus::of(account.account_status, account.is_reachable);
        AdAccountBody {
            connection_id: connection.to_string(),
            status: status.as_str(),
            status_reason: account.lost_reason.or_else(|| status.reason().map(str::to_owned)),
            business: account.business_id.map(|id| BusinessRef { id, name: account.business_name }),
            account_id: account.account_id,
            account_name: account.account_name,
            currency: account.currency,
            timezone: account.timezone,
            is_selected: account.is_selected,
            is_selectable: account.is_selectable,
            relation: account.relation.as_str(),
            tasks: account.tasks.0,
            last_validated_at: iso(account.last_validated_at),
        }
    }
}
