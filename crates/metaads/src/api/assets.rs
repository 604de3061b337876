//! Pages, Instagram accounts and businesses of a connection.

use axum::Json;
use axum::extract::State;
use metaads_store::{ApiScope, Business, InstagramAccount, Page};
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::api_connection::ApiConnection;
use crate::api::list::{List, PageRequest, name_cursor};
use crate::api::refusals::Refusals;
use crate::app::App;
use crate::http::api_caller::ApiCaller;
use crate::http::problem::Problem;

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Page)]
pub struct PageBody {
    page_id: String,
    name: String,
    /// What the person may do with it, in Meta's words.
    tasks: Vec<String>,
    has_linked_instagram: bool,
    business_name: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = InstagramAccount)]
pub struct InstagramAccountBody {
    instagram_id: String,
    username: String,
    name: String,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Business)]
pub struct BusinessBody {
    business_id: String,
    name: String,
}

/// Lists the Facebook Pages by name.
#[utoipa::path(get, path = "/api/v1/connections/{id}/pages", tag = "Other assets",
    params(("id" = String, Path, format = Uuid), crate::api::list::PageQuery),
    responses((status = 200, body = List<PageBody>), Refusals))]
pub async fn pages(
    State(app): State<App>,
    ApiConnection { caller, connection }: ApiConnection,
    page: PageRequest,
) -> Result<Json<List<PageBody>>, Problem> {
    require(&caller)?;
    let (name, id) = page.after_name()?.unwrap_or_default();
    let rows = app.store.list_pages(&connection.id, &name, &id, page.limit + 1).await?;
    let body = |row: Page| PageBody {
        page_id: row.page_id,
        name: row.name,
        tasks: row.tasks.0,
        has_linked_instagram: row.has_linked_instagram,
        business_name: row.business_name,
    };
    Ok(page.page(rows, |row| name_cursor(&row.name, &row.page_id), body))
}

/// Lists the Instagram accounts by user name.
#[utoipa::path(get, path = "/api/v1/connections/{id}/instagram-accounts", tag = "Other assets",
    params(("id" = String, Path, format = Uuid), crate::api::list::PageQuery),
    responses((status = 200, body = List<InstagramAccountBody>), Refusals))]
pub async fn instagram_accounts(
    State(app): State<App>,
    ApiConnection { caller, connection }: ApiConnection,
    page: PageRequest,
) -> Result<Json<List<InstagramAccountBody>>, Problem> {
    require(&caller)?;
    let (name, id) = page.after_name()?.unwrap_or_default();
    let rows = app.store.list_instagram_accounts(&connection.id, &name, &id, page.limit + 1).await?;
    let body = |row: InstagramAccount| InstagramAccountBody {
        instagram_id: row.instagram_id,
        username: row.username,
        name: row.name,
    };
    Ok(page.page(rows, |row| name_cursor(&row.username, &row.instagram_id), body))
}

/// Lists the business portfolios by name.
#[utoipa::path(get, path = "/api/v1/connections/{id}/businesses", tag = "Other assets",
    params(("id" = String, Path, format = Uuid), crate::api::list::PageQuery),
    responses((status = 200, body = List<BusinessBody>), Refusals))]
pub async fn businesses(
    State(app): State<App>,
    ApiConnection { caller, connection }: ApiConnection,
    page: PageRequest,
) -> Result<Json<List<BusinessBody>>, Problem> {
    require(&caller)?;
    let after = page.after_name()?;
    let mut rows = app.store.list_businesses(&connection.id).await?;
    let key = |row: &Business| (row.name.clone(), row.business_id.clone());
    rows.sort_by_key(key);
    rows.retain(|row| after.as_ref().is_none_or(|after| key(row) > *after));
    let body = |row: Business| BusinessBody { business_id: row.business_id, name: row.name };
    Ok(page.page(rows, |row| name_cursor(&row.name, &row.business_id), body))
}

/// A key that is limited to ad accounts sees nothing else.
fn require(caller: &ApiCaller) -> Result<(), Problem> {
    caller.require(ApiScope::ConnectionsRead)?;
    caller.require_every_ad_account()
}
