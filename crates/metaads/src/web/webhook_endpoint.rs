//! One endpoint of outgoing webhooks, and its deliveries.

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use metaads_store::{EndpointState, WebhookEndpoint};
use serde::Deserialize;

use crate::app::App;
use crate::codes::notice::Notice;
use crate::http::caller::Caller;
use crate::http::client_info::ClientInfo;
use crate::http::form_fields::FormFields;
use crate::http::problem::Problem;
use crate::messages::{format, outgoing_webhooks as text};
use crate::web::confirm;
use crate::web::layout::{Layout, Section, page};
use crate::web::notice_view::{self, NoticeView};
use crate::web::webhook_view::{DeliveryRow, EndpointRow};
use crate::web::webhooks::{EndpointForm, Secret, problem, secret_page};
use crate::webhooks::outgoing::endpoints::{self, EndpointPatch};

/// Deliveries on one page.
const SHOWN: i64 = 25;

#[derive(Template)]
#[template(path = "webhook_endpoint.html")]
struct EndpointPage {
    layout: Layout,
    row: EndpointRow,
    form: EndpointForm,
    notice: Option<NoticeView>,
    /// Why it receives nothing.
    disabled: Option<&'static str>,
    failing_since: Option<String>,
    /// Until when the secret before signs too.
    previous_ends: Option<String>,
    deliveries: Vec<DeliveryRow>,
    /// The link to older ones.
    older: Option<String>,
}

#[derive(Debug, Deserialize)]
pub struct EndpointQuery {
    before: Option<String>,
}

pub async fn show(
    State(app): State<App>,
    client: ClientInfo,
    caller: Caller,
    Path(id): Path<String>,
    Query(query): Query<EndpointQuery>,
) -> Result<Response, Problem> {
    let endpoint = endpoints::find(&app, &caller.session.workspace_id, &id).await.map_err(problem)?;
    let before = query.before.filter(|text| !text.contains('\0'));
    Ok(page(&endpoint_page(&app, &client, &caller, &endpoint, before.as_deref()).await?))
}

async fn endpoint_page(
    app: &App,
    client: &ClientInfo,
    caller: &Caller,
    endpoint: &WebhookEndpoint,
    before: Option<&str>,
) -> Result<EndpointPage, Problem> {
    let (workspace, filter) = (&caller.session.workspace_id, (endpoint.id.as_str(), ""));
    let mut deliveries = app.store.list_deliveries(workspace, filter, before, SHOWN + 1).await?;
    let has_more = deliveries.len() > usize::try_from(SHOWN).unwrap_or_default();
    deliveries.truncate(usize::try_from(SHOWN).unwrap_or_default());
    let last = deliveries.last().filter(|_| has_more);
    let chosen: Vec<String> = endpoint.events.iter().map(|kind| kind.as_str().to_owned()).collect();
    let (disabled, failing_since) = match endpoint.state {
        EndpointState::Enabled { failing_since } => (None, failing_since),
        EndpointState::Disabled { reason, .. } => (Some(text::disabled_text(reason)), None),
    };
    let previous = endpoint.previous.as_ref().filter(|(_, ends_at)| *ends_at > app.now());
    Ok(EndpointPage {
        layout: Layout::new(app, client, Some(caller), Section::Settings).await?,
        row: EndpointRow::new(endpoint),
        form: EndpointForm::new(endpoint.url.clone(), endpoint.description.clone(), &chosen),
        notice: NoticeView::of(client, None),
        disabled,
        failing_since: failing_since.map(format::day_and_time),
        previous_ends: previous.map(|(_, ends_at)| format::day_and_time(*ends_at)),
        older: last.map(|last| format!("/settings/webhooks/{}?before={}", endpoint.id, last.id)),
        deliveries: deliveries.iter().map(DeliveryRow::new).collect(),
    })
}

pub async fn update(
    State(app): State<App>,
    client: ClientInfo,
    caller: Caller,
    Path(id): Path<String>,
    fields: FormFields,
) -> Result<Response, Problem> {
    let workspace = &caller.session.workspace_id;
    let endpoint = endpoints::find(&app, workspace, &id).await.map_err(problem)?;
    let action = (format!("/settings/webhooks/{}", endpoint.id), "change where events go");
    let kept = ["url", "description", "events"];
    let asked = confirm::ask_keeping(&app, &client, &caller, action, (&fields, &kept)).await?;
    if let Some(question) = asked {
        return Ok(question);
    }
    let patch = EndpointPatch {
        url: Some(fields.one("url").to_owned()),
        events: Some(fields.all("events")),
        description: Some(fields.one("description").to_owned()),
        is_enabled: None,
    };
    let Err(error) = endpoints::update(&app, workspace, &id, patch).await else {
        return Ok(back(&app, &id, Notice::WebhookSaved));
    };
    let mut shown = endpoint_page(&app, &client, &caller, &endpoint, None).await?;
    shown.form = EndpointForm::of(&fields);
    shown.form.show(error)?;
    shown.layout.is_refused = true;
    Ok((StatusCode::UNPROCESSABLE_ENTITY, page(&shown)).into_response())
}

/// Back to the endpoint, with a notice.
fn back(app: &App, id: &str, notice: Notice) -> Response {
    let response = Redirect::to(&format!("/settings/webhooks/{id}")).into_response();
    notice_view::show_next(app, response, notice)
}

pub async fn switch(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    fields: FormFields,
) -> Result<Response, Problem> {
    let (is_enabled, notice) = match fields.one("to") {
        "on" => (true, Notice::WebhookOn),
        "off" => (false, Notice::WebhookOff),
        _ => return Err(Problem::Invalid),
    };
    let patch = EndpointPatch { is_enabled: Some(is_enabled), ..EndpointPatch::default() };
    endpoints::update(&app, &caller.session.workspace_id, &id, patch).await.map_err(problem)?;
    Ok(back(&app, &id, notice))
}

pub async fn rotate_secret(
    State(app): State<App>,
    client: ClientInfo,
    caller: Caller,
    Path(id): Path<String>,
    fields: FormFields,
) -> Result<Response, Problem> {
    let workspace = &caller.session.workspace_id;
    let endpoint = endpoints::find(&app, workspace, &id).await.map_err(problem)?;
    let action = (format!("/settings/webhooks/{}/rotate-secret", endpoint.id), "replace the secret");
    if let Some(question) = confirm::ask(&app, &client, &caller, action, fields.one("password")).await? {
        return Ok(question);
    }
    let made = endpoints::rotate_secret(&app, workspace, &id).await.map_err(problem)?;
    secret_page(&app, &client, &caller, made, Secret::Rotated).await
}

pub async fn test(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Redirect, Problem> {
    let sent = endpoints::send_test(&app, &caller.session.workspace_id, &id).await.map_err(problem)?;
    Ok(Redirect::to(&format!("/settings/webhooks/deliveries/{}", sent.id)))
}

pub async fn delete(
    State(app): State<App>,
    client: ClientInfo,
    caller: Caller,
    Path(id): Path<String>,
    fields: FormFields,
) -> Result<Response, Problem> {
    let workspace = &caller.session.workspace_id;
    let endpoint = endpoints::find(&app, workspace, &id).await.map_err(problem)?;
    let action = (format!("/settings/webhooks/{}/delete", endpoint.id), "delete the endpoint");
    if let Some(question) = confirm::ask(&app, &client, &caller, action, fields.one("password")).await? {
        return Ok(question);
    }
    endpoints::delete(&app, workspace, &id).await.map_err(problem)?;
    let response = Redirect::to("/settings/webhooks").into_response();
    Ok(notice_view::show_next(&app, response, Notice::WebhookDeleted))
}
