//! The events of the workspace: what webhook endpoints receive, for programs that read instead or missed something.

use axum::Json;
use axum::extract::State;
use metaads_store::{ApiScope, ConnectionId, OutboxEvent};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::api::list::{List, PageRequest, bad_cursor};
use crate::api::refusals::Refusals;
use crate::app::App;
use crate::http::api_caller::ApiCaller;
use crate::http::problem::Problem;
use crate::messages::format::iso;

/// Something that changed.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Event)]
pub struct EventBody {
    /// The `webhook-id` of its deliveries.
    #[schema(format = Uuid)]
    id: String,
    #[schema(value_type = EventTypeName)]
    r#type: String,
    #[schema(format = DateTime)]
    timestamp: String,
    /// As it is delivered: the connection after the change, and the ad account if it is about one.
    #[schema(value_type = Object)]
    data: Value,
    /// Pass it as `cursor` to get what comes after this event.
    cursor: String,
}

#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "names the values for the document")]
pub enum EventTypeName {
    #[schema(rename = "connection.created")]
    ConnectionCreated,
    #[schema(rename = "connection.reconnected")]
    ConnectionReconnected,
    #[schema(rename = "connection.updated")]
    ConnectionUpdated,
    #[schema(rename = "connection.expiring")]
    ConnectionExpiring,
    #[schema(rename = "connection.needs_reauthorization")]
    ConnectionNeedsReauthorization,
    #[schema(rename = "connection.recovered")]
    ConnectionRecovered,
    #[schema(rename = "connection.revoked")]
    ConnectionRevoked,
    #[schema(rename = "connection.disconnected")]
    ConnectionDisconnected,
    #[schema(rename = "ad_account.status_changed")]
    AdAccountStatusChanged,
    #[schema(rename = "ad_account.selected")]
    AdAccountSelected,
    #[schema(rename = "ad_account.deselected")]
    AdAccountDeselected,
    #[schema(rename = "ad_account.unreachable")]
    AdAccountUnreachable,
}

/// Lists events of the last 30 days, the newest last. A reader that keeps the cursor of its last event misses none.
#[utoipa::path(get, path = "/api/v1/events", tag = "Webhooks", params(crate::api::list::PageQuery),
    responses((status = 200, body = List<EventBody>), Refusals))]
pub async fn list(
    State(app): State<App>,
    caller: ApiCaller,
    page: PageRequest,
) -> Result<Json<List<EventBody>>, Problem> {
    caller.require(ApiScope::ConnectionsRead)?;
    let mut after = match page.cursor.as_deref() {
        None => 0,
        Some(text) => text.parse::<i64>().map_err(|_| bad_cursor())?,
    };
    let (limit, most) = (page.limit + 1, usize::try_from(page.limit).unwrap_or_default() + 1);
    let mut reached = Vec::new();
    // Of those that a limited key does not reach there may be many: pages are read until this one is full.
    while reached.len() < most {
        let rows = app.store.list_outbox_events(&caller.workspace_id, after, limit).await?;
        let Some(last) = rows.last() else { break };
        after = last.number;
        let is_last = rows.len() < most;
        reached.extend(rows.into_iter().filter(|event| reaches(&caller, event)));
        if is_last {
            break;
        }
    }
    Ok(page.page(reached, |event| event.number.to_string(), EventBody::new))
}

/// A key that is limited to ad accounts sees only what is about these.
fn reaches(caller: &ApiCaller, event: &OutboxEvent) -> bool {
    let is_own_account = caller.ad_accounts().is_none_or(|limit| {
        event.account_id.as_ref().is_some_and(|account| limit.iter().any(|one| one == account))
    });
    is_own_account && ConnectionId::from_text(&event.connection_id).is_some_and(|id| caller.reaches(&id))
}

impl EventBody {
    fn new(event: OutboxEvent) -> EventBody {
        EventBody {
            cursor: event.number.to_string(),
            data: serde_json::from_str(&event.data).unwrap_or_default(),
            timestamp: iso(event.at),
            r#type: event.kind,
            id: event.id,
        }
    }
}
