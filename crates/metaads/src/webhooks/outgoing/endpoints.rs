//! Endpoints of outgoing webhooks: made, changed, given another secret, tested and deleted.

use metaads_store::{
    DisabledReason, EndpointChange, EndpointState, NewWebhookEndpoint, OutboxEventType, RequestId,
    StoreError, UserId, WebhookDelivery, WebhookEndpoint, WorkspaceId,
};
use serde_json::json;

use crate::app::App;
use crate::clock::DAY;
use crate::public_http::UrlProblem;
use crate::webhooks::outgoing::secrets::{SecretError, open_secret, sealed};
use crate::webhooks::outgoing::{deliver, signature};

/// After a rotation, the secret before signs too for this long.
pub const OVERLAP: i64 = DAY;
/// A repeated request with the same `Idempotency-Key` gets the same answer for this long.
const REQUEST_REMEMBERED: i64 = DAY;
pub const MOST_ENDPOINTS: usize = 20;
const LONGEST_URL: usize = 2_000;
const LONGEST_DESCRIPTION: usize = 200;

/// An endpoint to be made. Empty `events`: every type.
#[derive(Debug, Clone, Default)]
pub struct EndpointRequest {
    pub url: String,
    pub events: Vec<String>,
    pub description: String,
}

/// An endpoint and its secret.
#[derive(Debug)]
pub struct MadeEndpoint {
    pub endpoint: WebhookEndpoint,
    pub secret: String,
}

/// Which value of an endpoint is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndpointField {
    Url,
    Events,
    Description,
}

/// Why nothing was done. `message` is a sentence for people.
#[derive(Debug, thiserror::Error)]
pub enum EndpointError {
    #[error("{message}")]
    Invalid { field: EndpointField, message: String },
    /// The same `Idempotency-Key` with another body.
    #[error("this Idempotency-Key was used for another request")]
    OtherRequest,
    #[error("there are {MOST_ENDPOINTS} endpoints already")]
    TooMany,
    #[error("there is no such endpoint")]
    NotFound,
    /// It receives nothing until it is enabled again.
    #[error("the endpoint is disabled")]
    Disabled(DisabledReason),
    #[error("the secret cannot be opened: {0}")]
    Secret(#[from] SecretError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

fn invalid(field: EndpointField, message: impl Into<String>) -> EndpointError {
    EndpointError::Invalid { field, message: message.into() }
}

/// Makes an endpoint. `request`: one that is repeated gets the same answer.
pub async fn create(
    app: &App,
    workspace: &WorkspaceId,
    user: &UserId,
    new: EndpointRequest,
    request: Option<RequestId>,
) -> Result<MadeEndpoint, EndpointError> {
    let url = url(app, &new.url)?;
    let events = event_types(&new.events)?;
    let description = description(&new.description)?;
    if let Some(request) = &request
        && let Some(made) = repeated(app, workspace, request).await?
    {
        return Ok(made);
    }
    if app.store.list_webhook_endpoints(workspace).await?.len() >= MOST_ENDPOINTS {
        return Err(EndpointError::TooMany);
    }
    let id = app.new_row_id();
    let secret = signature::new_secret(&app.random);
    let row = NewWebhookEndpoint {
        secret: sealed(app, workspace, &id, &secret),
        id: id.clone(),
        workspace_id: workspace.clone(),
        user_id: user.clone(),
        created_at: app.now(),
        request: request.clone(),
        url,
        events,
        description,
    };
    if !app.store.insert_webhook_endpoint(&row).await? {
        // Another request with the same key was faster.
        let Some(request) = &request else { return Err(EndpointError::OtherRequest) };
        return repeated(app, workspace, request).await?.ok_or(EndpointError::OtherRequest);
    }
    tracing::info!(endpoint = id, "webhook endpoint made");
    let endpoint = find(app, workspace, &id).await?;
    Ok(MadeEndpoint { endpoint, secret })
}

async fn repeated(
    app: &App,
    workspace: &WorkspaceId,
    request: &RequestId,
) -> Result<Option<MadeEndpoint>, EndpointError> {
    let since = app.now() - REQUEST_REMEMBERED;
    let found = app.store.find_webhook_endpoint_of_request(workspace, &request.owner, &request.key, since);
    let Some(endpoint) = found.await? else { return Ok(None) };
    if endpoint.request_hash.as_deref() != Some(request.hash.as_str()) {
        return Err(EndpointError::OtherRequest);
    }
    let secret = open_secret(app, &endpoint.secret_id).await?;
    Ok(Some(MadeEndpoint { endpoint, secret }))
}

pub async fn find(app: &App, workspace: &WorkspaceId, id: &str) -> Result<WebhookEndpoint, EndpointError> {
    check_id(id)?;
    app.store.find_webhook_endpoint(workspace, id).await?.ok_or(EndpointError::NotFound)
}

/// Every id of ours is a UUID; PostgreSQL refuses some other texts.
fn check_id(id: &str) -> Result<(), EndpointError> {
    uuid::Uuid::try_parse(id).map(|_| ()).map_err(|_| EndpointError::NotFound)
}

/// New values of an endpoint; None: as before.
#[derive(Debug, Clone, Default)]
pub struct EndpointPatch {
    pub url: Option<String>,
    pub events: Option<Vec<String>>,
    pub description: Option<String>,
    pub is_enabled: Option<bool>,
}

pub async fn update(
    app: &App,
    workspace: &WorkspaceId,
    id: &str,
    patch: EndpointPatch,
) -> Result<WebhookEndpoint, EndpointError> {
    let change = EndpointChange {
        url: patch.url.map(|text| url(app, &text)).transpose()?,
        events: patch.events.map(|events| event_types(&events)).transpose()?,
        description: patch.description.map(|text| description(&text)).transpose()?,
        is_enabled: patch.is_enabled,
    };
    check_id(id)?;
    if !app.store.update_webhook_endpoint(workspace, id, &change, app.now()).await? {
        return Err(EndpointError::NotFound);
    }
    find(app, workspace, id).await
}

/// Makes another secret; for a day the one before signs too.
pub async fn rotate_secret(
    app: &App,
    workspace: &WorkspaceId,
    id: &str,
) -> Result<MadeEndpoint, EndpointError> {
    check_id(id)?;
    let secret = signature::new_secret(&app.random);
    let row = sealed(app, workspace, id, &secret);
    if !app.store.rotate_webhook_secret(workspace, id, &row, app.now() + OVERLAP).await? {
        return Err(EndpointError::NotFound);
    }
    tracing::info!(endpoint = id, "webhook secret rotated");
    Ok(MadeEndpoint { endpoint: find(app, workspace, id).await?, secret })
}

/// Deletes an endpoint with its deliveries.
pub async fn delete(app: &App, workspace: &WorkspaceId, id: &str) -> Result<(), EndpointError> {
    check_id(id)?;
    if !app.store.delete_webhook_endpoint(workspace, id).await? {
        return Err(EndpointError::NotFound);
    }
    tracing::info!(endpoint = id, "webhook endpoint deleted");
    Ok(())
}

/// Sends a test event now, and returns what became of it so far.
pub async fn send_test(
    app: &App,
    workspace: &WorkspaceId,
    id: &str,
) -> Result<WebhookDelivery, EndpointError> {
    let endpoint = find(app, workspace, id).await?;
    if let EndpointState::Disabled { reason, .. } = endpoint.state {
        return Err(EndpointError::Disabled(reason));
    }
    let data = json!({ "message": "A test. Nothing has happened." }).to_string();
    let delivery = app.store.insert_test_delivery(&endpoint, &app.new_row_id(), &data, app.now()).await?;
    deliver::now(app, id).await?;
    find_delivery(app, workspace, &delivery).await
}

/// Sends a delivery that is over once more.
pub async fn replay(app: &App, workspace: &WorkspaceId, id: &str) -> Result<WebhookDelivery, EndpointError> {
    let delivery = find_delivery(app, workspace, id).await?;
    if !app.store.replay_delivery(workspace, id, &app.new_row_id(), app.now()).await? {
        let endpoint = find(app, workspace, &delivery.endpoint_id).await?;
        if let EndpointState::Disabled { reason, .. } = endpoint.state {
            return Err(EndpointError::Disabled(reason));
        }
    }
    app.signals.outgoing.notify();
    find_delivery(app, workspace, id).await
}

/// A delivery to an endpoint of the workspace.
pub async fn find_delivery(
    app: &App,
    workspace: &WorkspaceId,
    id: &str,
) -> Result<WebhookDelivery, EndpointError> {
    check_id(id)?;
    app.store.find_delivery(workspace, id).await?.ok_or(EndpointError::NotFound)
}

fn url(app: &App, text: &str) -> Result<String, EndpointError> {
    let text = text.trim();
    if text.len() > LONGEST_URL {
        return Err(invalid(EndpointField::Url, "The address has at most 2,000 characters."));
    }
    let mut url = app.public_http.check_url(text).map_err(|problem| {
        let message = match problem {
            UrlProblem::NotAUrl => "Enter an address such as https://example.com/webhooks.",
            UrlProblem::NotHttps => "The address has to start with https://.",
            UrlProblem::HasCredentials => "The address cannot contain a user name or password.",
            UrlProblem::PrivateAddress => "The address has to be on the public internet.",
        };
        invalid(EndpointField::Url, message)
    })?;
    // It would not be sent.
    url.set_fragment(None);
    Ok(url.to_string())
}

fn event_types(texts: &[String]) -> Result<Vec<OutboxEventType>, EndpointError> {
    let mut types = Vec::new();
    for text in texts {
        let kind = OutboxEventType::from_text(text.trim()).filter(|kind| OutboxEventType::ALL.contains(kind));
        let kind = kind.ok_or_else(|| {
            let shown: String = text.chars().filter(|letter| !letter.is_control()).take(60).collect();
            let known: Vec<&str> = OutboxEventType::ALL.iter().map(|kind| kind.as_str()).collect();
            let known = known.join(", ");
            invalid(EndpointField::Events, format!("“{shown}” is not a type of event. There are {known}."))
        })?;
        if !types.contains(&kind) {
            types.push(kind);
        }
    }
    Ok(types)
}

fn description(text: &str) -> Result<String, EndpointError> {
    let text = text.trim();
    if text.chars().count() > LONGEST_DESCRIPTION || text.chars().any(char::is_control) {
        return Err(invalid(
            EndpointField::Description,
            "The description has at most 200 characters, in one line.",
        ));
    }
    Ok(text.to_owned())
}
