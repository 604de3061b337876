//! Endpoints of outgoing webhooks.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use metaads_store::{EndpointState, RequestId, WebhookEndpoint};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::api::deliveries::DeliveryBody;
use crate::api::events::EventTypeName;
use crate::api::idempotency_key::IdempotencyKey;
use crate::api::json_body::JsonBody;
use crate::api::list::{List, PageRequest};
use crate::api::refusals::Refusals;
use crate::api::webhook_access::{problem, require};
use crate::app::App;
use crate::http::api_caller::ApiCaller;
use crate::http::problem::Problem;
use crate::messages::format::iso;
use crate::random::hash;
use crate::webhooks::outgoing::endpoints::{self, EndpointPatch, EndpointRequest, MadeEndpoint};

/// A URL that receives events.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WebhookEndpoint)]
pub struct EndpointBody {
    #[schema(format = Uuid)]
    id: String,
    #[schema(format = Uri, example = "https://app.example.com/webhooks/metaads")]
    url: String,
    /// The types that it receives; empty: every type.
    #[schema(value_type = Vec<EventTypeName>)]
    events: Vec<&'static str>,
    description: String,
    #[schema(value_type = EndpointStatusName)]
    status: &'static str,
    /// Why it receives nothing: `requested`, `gone` (it answered 410) or `failing` (every attempt of five days failed).
    #[schema(value_type = Option<DisabledReasonName>)]
    disabled_reason: Option<&'static str>,
    #[schema(format = DateTime)]
    disabled_at: Option<String>,
    /// Every attempt since then has failed; null: the last one succeeded.
    #[schema(format = DateTime)]
    failing_since: Option<String>,
    /// Until then, the secret before the last rotation signs too.
    #[schema(format = DateTime)]
    previous_secret_ends_at: Option<String>,
    #[schema(format = DateTime)]
    created_at: String,
    /// Only in the answer that makes it: `whsec_…`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")]
    secret: Option<String>,
}

#[derive(Debug, ToSchema)]
#[schema(rename_all = "snake_case")]
#[expect(dead_code, reason = "names the values for the document")]
pub enum EndpointStatusName {
    Enabled,
    Disabled,
}

#[derive(Debug, ToSchema)]
#[schema(rename_all = "snake_case")]
#[expect(dead_code, reason = "names the values for the document")]
pub enum DisabledReasonName {
    Requested,
    Gone,
    Failing,
}

/// An endpoint to be made.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewEndpoint {
    /// https; a private address is refused.
    #[schema(format = Uri, example = "https://app.example.com/webhooks/metaads")]
    url: String,
    /// The types that it receives; empty: every type.
    #[serde(default)]
    #[schema(value_type = Vec<EventTypeName>)]
    events: Vec<String>,
    #[serde(default)]
    #[schema(max_length = 200)]
    description: String,
}

/// Changes of an endpoint. What is left out stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EndpointPatchBody {
    #[schema(format = Uri)]
    url: Option<String>,
    #[schema(value_type = Option<Vec<EventTypeName>>)]
    events: Option<Vec<String>>,
    description: Option<String>,
    /// False: it receives nothing. True: it receives events from now on, also after it was disabled for its failures.
    is_enabled: Option<bool>,
}

/// Lists the endpoints, the oldest first.
#[utoipa::path(get, path = "/api/v1/webhook-endpoints", tag = "Webhooks", params(crate::api::list::PageQuery),
    responses((status = 200, body = List<EndpointBody>), Refusals))]
pub async fn list(
    State(app): State<App>,
    caller: ApiCaller,
    page: PageRequest,
) -> Result<Json<List<EndpointBody>>, Problem> {
    require(&caller)?;
    let mut rows = app.store.list_webhook_endpoints(&caller.workspace_id).await?;
    rows.retain(|row| page.cursor.as_ref().is_none_or(|after| row.id > *after));
    Ok(page.page(rows, |row| row.id.clone(), EndpointBody::new))
}

/// Makes an endpoint. The answer contains its secret, once.
///
/// With `Idempotency-Key`, a repeated request gets the same answer for a day; another body under the same key gets 409.
#[utoipa::path(post, path = "/api/v1/webhook-endpoints", tag = "Webhooks", request_body = NewEndpoint,
    params(("Idempotency-Key" = Option<String>, Header, description = "At most 255 characters")),
    responses((status = 201, body = EndpointBody), Refusals))]
pub async fn create(
    State(app): State<App>,
    caller: ApiCaller,
    IdempotencyKey(key): IdempotencyKey,
    JsonBody(body): JsonBody<NewEndpoint>,
) -> Result<(StatusCode, Json<EndpointBody>), Problem> {
    require(&caller)?;
    let request = key.map(|key| request_id(&caller, key, &body));
    let new = EndpointRequest { url: body.url, events: body.events, description: body.description };
    let made = endpoints::create(&app, &caller.workspace_id, &caller.user_id, new, request).await;
    Ok((StatusCode::CREATED, Json(EndpointBody::made(made.map_err(problem)?))))
}

/// Shows an endpoint.
#[utoipa::path(get, path = "/api/v1/webhook-endpoints/{id}", tag = "Webhooks",
    params(("id" = String, Path, format = Uuid)), responses((status = 200, body = EndpointBody), Refusals))]
pub async fn show(
    State(app): State<App>,
    caller: ApiCaller,
    Path(id): Path<String>,
) -> Result<Json<EndpointBody>, Problem> {
    require(&caller)?;
    let endpoint = endpoints::find(&app, &caller.workspace_id, &id).await.map_err(problem)?;
    Ok(Json(EndpointBody::new(endpoint)))
}

/// Changes an endpoint.
#[utoipa::path(patch, path = "/api/v1/webhook-endpoints/{id}", tag = "Webhooks",
    params(("id" = String, Path, format = Uuid)), request_body = EndpointPatchBody,
    responses((status = 200, body = EndpointBody), Refusals))]
pub async fn update(
    State(app): State<App>,
    caller: ApiCaller,
    Path(id): Path<String>,
    JsonBody(body): JsonBody<EndpointPatchBody>,
) -> Result<Json<EndpointBody>, Problem> {
    require(&caller)?;
    let patch = EndpointPatch {
        url: body.url,
        events: body.events,
        description: body.description,
        is_enabled: body.is_enabled,
    };
    let endpoint = endpoints::update(&app, &caller.workspace_id, &id, patch).await.map_err(problem)?;
    Ok(Json(EndpointBody::new(endpoint)))
}

/// Deletes an endpoint with its deliveries.
#[utoipa::path(delete, path = "/api/v1/webhook-endpoints/{id}", tag = "Webhooks",
    params(("id" = String, Path, format = Uuid)), responses((status = 204), Refusals))]
pub async fn delete(
    State(app): State<App>,
    caller: ApiCaller,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    require(&caller)?;
    endpoints::delete(&app, &caller.workspace_id, &id).await.map_err(problem)?;
    Ok(StatusCode::NO_CONTENT)
}

/// Makes another secret. For a day, deliveries are signed with both.
#[utoipa::path(post, path = "/api/v1/webhook-endpoints/{id}/rotate-secret", tag = "Webhooks",
    params(("id" = String, Path, format = Uuid)), responses((status = 200, body = EndpointBody), Refusals))]
pub async fn rotate_secret(
    State(app): State<App>,
    caller: ApiCaller,
    Path(id): Path<String>,
) -> Result<Json<EndpointBody>, Problem> {
    require(&caller)?;
    let made = endpoints::rotate_secret(&app, &caller.workspace_id, &id).await.map_err(problem)?;
    Ok(Json(EndpointBody::made(made)))
}

/// Sends an event of the type `webhook.test`, and shows what became of the first attempt.
#[utoipa::path(post, path = "/api/v1/webhook-endpoints/{id}/test", tag = "Webhooks",
    params(("id" = String, Path, format = Uuid)), responses((status = 200, body = DeliveryBody), Refusals))]
pub async fn test(
    State(app): State<App>,
    caller: ApiCaller,
    Path(id): Path<String>,
) -> Result<Json<DeliveryBody>, Problem> {
    require(&caller)?;
    let delivery = endpoints::send_test(&app, &caller.workspace_id, &id).await.map_err(problem)?;
    Ok(Json(DeliveryBody::new(&delivery)))
}

fn request_id(caller: &ApiCaller, key: String, body: &NewEndpoint) -> RequestId {
    let owner = caller.key().map_or(caller.user_id.as_str(), |using| using.key.id.as_str());
    let body = serde_json::to_string(body).expect("text always serializes");
    RequestId { owner: owner.to_owned(), key, hash: hash(&body) }
}

impl EndpointBody {
    fn made(made: MadeEndpoint) -> EndpointBody {
        EndpointBody { secret: Some(made.secret), ..EndpointBody::new(made.endpoint) }
    }

    fn new(endpoint: WebhookEndpoint) -> EndpointBody {
        let (failing_since, disabled) = match endpoint.state {
            EndpointState::Enabled { failing_since } => (failing_since, None),
            EndpointState::Disabled { reason, since } => (None, Some((reason, since))),
        };
        EndpointBody {
            events: endpoint.events.iter().map(|kind| kind.as_str()).collect(),
            status: if disabled.is_some() { "disabled" } else { "enabled" },
            disabled_reason: disabled.map(|(reason, _)| reason.as_str()),
            disabled_at: disabled.map(|(_, since)| iso(since)),
            failing_since: failing_since.map(iso),
            previous_secret_ends_at: endpoint.previous.map(|(_, ends_at)| iso(ends_at)),
            created_at: iso(endpoint.created_at),
            id: endpoint.id,
            url: endpoint.url,
            description: endpoint.description,
            secret: None,
        }
    }
}
