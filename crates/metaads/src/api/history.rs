//! The history of a connection.

use axum::Json;
use axum::extract::State;
use metaads_store::{ApiScope, AuditEntry};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::api::api_connection::ApiConnection;
use crate::api::list::{List, PageRequest};
use crate::api::refusals::Refusals;
use crate::app::App;
use crate::http::problem::Problem;
use crate::messages::format::iso;
use crate::messages::history::history;

/// Something that happened to a connection.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = HistoryEvent)]
pub struct HistoryBody {
    #[schema(format = Uuid)]
    id: String,
    #[schema(format = DateTime)]
    at: String,
    /// A stable word.
    #[schema(example = "needs_reauthorization")]
    action: String,
    /// For people.
    title: String,
    text: String,
    /// What belongs to the action.
    #[schema(value_type = Object)]
    detail: Value,
}

/// Lists what happened to a connection, the newest first.
#[utoipa::path(get, path = "/api/v1/connections/{id}/events", tag = "Connections",
    params(("id" = String, Path, format = Uuid), crate::api::list::PageQuery),
    responses((status = 200, body = List<HistoryBody>), Refusals))]
pub async fn list(
    State(app): State<App>,
    ApiConnection { caller, connection }: ApiConnection,
    page: PageRequest,
) -> Result<Json<List<HistoryBody>>, Problem> {
    caller.require(ApiScope::ConnectionsRead)?;
    caller.require_every_ad_account()?;
    let rows = app.store.list_audit(&connection.id, page.cursor.as_deref(), page.limit + 1).await?;
    Ok(page.page(rows, |row| row.id.clone(), |row| HistoryBody::new(&row)))
}

impl HistoryBody {
    fn new(entry: &AuditEntry) -> HistoryBody {
        let text = history(entry);
        let (action, detail) = entry.event.to_columns();
        let detail: Value = serde_json::from_str(&detail).unwrap_or_default();
        HistoryBody {
            id: entry.id.clone(),
            at: iso(entry.at),
            action,
            title: text.title,
            text: text.text,
            detail: if detail.is_object() { detail } else { Value::Object(serde_json::Map::new()) },
        }
    }
}
