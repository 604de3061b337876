//! Deliveries of outgoing webhooks: request, answer and next attempt.

use axum::Json;
use axum::extract::{Path, Query, State};
use metaads_store::{DeliveryError, DeliveryStatus, WebhookDelivery};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use crate::api::list::{List, PageRequest, invalid};
use crate::api::refusals::Refusals;
use crate::api::webhook_access::{problem, require};
use crate::app::App;
use crate::http::api_caller::ApiCaller;
use crate::http::problem::Problem;
use crate::messages::format::iso;
use crate::webhooks::outgoing::{deliver, endpoints};

/// One event on its way to one endpoint.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WebhookDelivery)]
pub struct DeliveryBody {
    #[schema(format = Uuid)]
    id: String,
    #[schema(format = Uuid)]
    endpoint_id: String,
    /// The `webhook-id`.
    #[schema(format = Uuid)]
    event_id: String,
    /// Null for a test.
    #[schema(format = Uuid)]
    connection_id: Option<String>,
    #[schema(example = "connection.created")]
    r#type: String,
    #[schema(value_type = DeliveryStatusName)]
    status: &'static str,
    /// Since it was made or replayed.
    attempts: i64,
    /// Null if it is over. An earlier event of the same connection goes first.
    #[schema(format = DateTime)]
    next_attempt_at: Option<String>,
    #[schema(format = DateTime)]
    last_attempt_at: Option<String>,
    #[schema(format = DateTime)]
    created_at: String,
    request: DeliveryRequest,
    /// The last answer; null if there was none.
    response: Option<DeliveryResponse>,
    /// Why the last attempt failed.
    #[schema(value_type = Option<DeliveryErrorName>)]
    error: Option<&'static str>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct DeliveryRequest {
    #[schema(format = Uri)]
    url: String,
    #[schema(value_type = Object)]
    body: Value,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct DeliveryResponse {
    #[schema(example = 200)]
    status: i64,
    /// The first kilobyte.
    body: String,
}

#[derive(Debug, ToSchema)]
#[schema(rename_all = "snake_case")]
#[expect(dead_code, reason = "names the values for the document")]
pub enum DeliveryStatusName {
    Pending,
    Delivered,
    Dead,
}

#[derive(Debug, ToSchema)]
#[schema(rename_all = "snake_case")]
#[expect(dead_code, reason = "names the values for the document")]
pub enum DeliveryErrorName {
    Status,
    Redirect,
    TimedOut,
    Unreachable,
    UnknownHost,
    PrivateAddress,
    BadUrl,
    Disabled,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct DeliveryFilter {
    /// Only to this endpoint.
    endpoint_id: Option<String>,
    /// Only those in this state.
    #[param(value_type = Option<DeliveryStatusName>)]
    status: Option<String>,
}

/// Lists deliveries, the newest first.
#[utoipa::path(get, path = "/api/v1/webhook-deliveries", tag = "Webhooks",
    params(DeliveryFilter, crate::api::list::PageQuery),
    responses((status = 200, body = List<DeliveryBody>), Refusals))]
pub async fn list(
    State(app): State<App>,
    caller: ApiCaller,
    page: PageRequest,
    Query(filter): Query<DeliveryFilter>,
) -> Result<Json<List<DeliveryBody>>, Problem> {
    require(&caller)?;
    let endpoint = filter.endpoint_id.unwrap_or_default();
    let status = filter.status.unwrap_or_default();
    if endpoint.contains('\0') {
        return Err(invalid("endpoint_id is the id of an endpoint."));
    }
    if !status.is_empty() && DeliveryStatus::from_text(&status).is_none() {
        return Err(invalid("status is pending, delivered or dead."));
    }
    let (workspace, before) = (&caller.workspace_id, page.cursor.as_deref());
    let rows = app.store.list_deliveries(workspace, (&endpoint, &status), before, page.limit + 1).await?;
    Ok(page.page(rows, |row| row.id.clone(), |row| DeliveryBody::new(&row)))
}

/// Shows a delivery.
#[utoipa::path(get, path = "/api/v1/webhook-deliveries/{id}", tag = "Webhooks",
    params(("id" = String, Path, format = Uuid)), responses((status = 200, body = DeliveryBody), Refusals))]
pub async fn show(
    State(app): State<App>,
    caller: ApiCaller,
    Path(id): Path<String>,
) -> Result<Json<DeliveryBody>, Problem> {
    require(&caller)?;
    let found = endpoints::find_delivery(&app, &caller.workspace_id, &id).await.map_err(problem)?;
    Ok(Json(DeliveryBody::new(&found)))
}

/// Sends a delivery that is over once more, with new attempts. One that is pending stays as it is.
#[utoipa::path(post, path = "/api/v1/webhook-deliveries/{id}/replay", tag = "Webhooks",
    params(("id" = String, Path, format = Uuid)), responses((status = 200, body = DeliveryBody), Refusals))]
pub async fn replay(
    State(app): State<App>,
    caller: ApiCaller,
    Path(id): Path<String>,
) -> Result<Json<DeliveryBody>, Problem> {
    require(&caller)?;
    let delivery = endpoints::replay(&app, &caller.workspace_id, &id).await.map_err(problem)?;
    Ok(Json(DeliveryBody::new(&delivery)))
}

impl DeliveryBody {
    pub fn new(delivery: &WebhookDelivery) -> DeliveryBody {
        let is_pending = delivery.status == DeliveryStatus::Pending;
        DeliveryBody {
            id: delivery.id.clone(),
            endpoint_id: delivery.endpoint_id.clone(),
            event_id: delivery.event_id.clone(),
            connection_id: Some(delivery.connection_id.clone()).filter(|id| !id.is_empty()),
            r#type: delivery.kind.clone(),
            status: delivery.status.as_str(),
            attempts: delivery.attempts,
            next_attempt_at: is_pending.then(|| iso(delivery.next_attempt_at)),
            last_attempt_at: delivery.last_attempt_at.map(iso),
            created_at: iso(delivery.created_at),
            request: DeliveryRequest {
                url: delivery.url.clone(),
                body: serde_json::from_str(&deliver::payload(delivery)).unwrap_or_default(),
            },
            response: delivery.response_status.map(|status| DeliveryResponse {
                status,
                body: delivery.response_body.clone().unwrap_or_default(),
            }),
            error: delivery.error.map(DeliveryError::as_str),
        }
    }
}
