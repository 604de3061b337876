//! Outgoing webhooks: the list of endpoints, and making one.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use metaads_store::RequestId;

use crate::api::webhook_access;
use crate::app::App;
use crate::http::caller::Caller;
use crate::http::client_info::ClientInfo;
use crate::http::form_fields::FormFields;
use crate::http::problem::Problem;
use crate::random::hash;
use crate::web::confirm;
use crate::web::layout::{Layout, Section, page};
use crate::web::notice_view::NoticeView;
use crate::web::webhook_view::{EndpointRow, EventChoice, event_choices};
use crate::webhooks::outgoing::endpoints::{
    self, EndpointError, EndpointField, EndpointRequest, MOST_ENDPOINTS, MadeEndpoint,
};

#[derive(Template)]
#[template(path = "webhooks.html")]
struct WebhooksPage {
    layout: Layout,
    endpoints: Vec<EndpointRow>,
    is_full: bool,
    notice: Option<NoticeView>,
}

#[derive(Template)]
#[template(path = "webhook_new.html")]
struct NewPage {
    layout: Layout,
    form: EndpointForm,
    /// Recognizes this form if it is sent twice.
    request: String,
}

/// The fields of an endpoint as they are shown; errors may be empty.
pub(super) struct EndpointForm {
    pub url: String,
    pub description: String,
    pub events: Vec<EventChoice>,
    pub url_error: String,
    pub description_error: String,
    pub events_error: String,
}

#[derive(Template)]
#[template(path = "webhook_secret.html")]
struct SecretPage {
    layout: Layout,
    id: String,
    url: String,
    secret: String,
    is_rotated: bool,
}

pub async fn list(State(app): State<App>, client: ClientInfo, caller: Caller) -> Result<Response, Problem> {
    let endpoints = app.store.list_webhook_endpoints(&caller.session.workspace_id).await?;
    Ok(page(&WebhooksPage {
        layout: Layout::new(&app, &client, Some(&caller), Section::Settings).await?,
        is_full: endpoints.len() >= MOST_ENDPOINTS,
        endpoints: endpoints.iter().map(EndpointRow::new).collect(),
        notice: NoticeView::of(&client, None),
    }))
}

pub async fn show_new(
    State(app): State<App>,
    client: ClientInfo,
    caller: Caller,
) -> Result<Response, Problem> {
    let layout = Layout::new(&app, &client, Some(&caller), Section::Settings).await?;
    let form = EndpointForm::new(String::new(), String::new(), &[]);
    Ok(page(&NewPage { layout, form, request: app.random.token() }))
}

pub async fn create(
    State(app): State<App>,
    client: ClientInfo,
    caller: Caller,
    fields: FormFields,
) -> Result<Response, Problem> {
    let action = ("/settings/webhooks".to_owned(), "add an endpoint");
    let kept = ["url", "description", "events", "request"];
    let asked = confirm::ask_keeping(&app, &client, &caller, action, (&fields, &kept)).await?;
    if let Some(question) = asked {
        return Ok(question);
    }
    let new = EndpointRequest {
        url: fields.one("url").to_owned(),
        events: fields.all("events"),
        description: fields.one("description").to_owned(),
    };
    let body = format!("{}\n{}\n{}", new.url, new.events.join(","), new.description);
    let request =
        RequestId { owner: caller.user_id.to_string(), key: hash(fields.one("request")), hash: hash(&body) };
    let request = Some(request).filter(|_| !fields.one("request").is_empty());
    let workspace = &caller.session.workspace_id;
    match endpoints::create(&app, workspace, &caller.user_id, new, request).await {
        Ok(made) => secret_page(&app, &client, &caller, made, Secret::New).await,
        Err(error) => {
            let mut form = EndpointForm::of(&fields);
            form.show(error)?;
            let mut layout = Layout::new(&app, &client, Some(&caller), Section::Settings).await?;
            layout.is_refused = true;
            let shown = NewPage { layout, form, request: app.random.token() };
            Ok((StatusCode::UNPROCESSABLE_ENTITY, page(&shown)).into_response())
        }
    }
}

/// Which secret a page shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Secret {
    New,
    Rotated,
}

/// The only page that ever shows a secret.
pub(super) async fn secret_page(
    app: &App,
    client: &ClientInfo,
    caller: &Caller,
    made: MadeEndpoint,
    which: Secret,
) -> Result<Response, Problem> {
    Ok(page(&SecretPage {
        layout: Layout::new(app, client, Some(caller), Section::Settings).await?,
        id: made.endpoint.id,
        url: made.endpoint.url,
        secret: made.secret,
        is_rotated: which == Secret::Rotated,
    }))
}

impl EndpointForm {
    pub fn new(url: String, description: String, chosen: &[String]) -> EndpointForm {
        EndpointForm {
            url,
            description,
            events: event_choices(chosen),
            url_error: String::new(),
            description_error: String::new(),
            events_error: String::new(),
        }
    }

    /// What was typed.
    pub fn of(fields: &FormFields) -> EndpointForm {
        let (url, description) = (fields.one("url").to_owned(), fields.one("description").to_owned());
        EndpointForm::new(url, description, &fields.all("events"))
    }

    /// Puts an error beside its field.
    pub fn show(&mut self, error: EndpointError) -> Result<(), Problem> {
        match error {
            EndpointError::Invalid { field: EndpointField::Url, message } => self.url_error = message,
            EndpointError::Invalid { field: EndpointField::Events, message } => self.events_error = message,
            EndpointError::Invalid { field: EndpointField::Description, message } => {
                self.description_error = message;
            }
            error => return Err(problem(error)),
        }
        Ok(())
    }
}

/// As in the API, but for what a page words differently.
pub(super) fn problem(error: EndpointError) -> Problem {
    match error {
        EndpointError::OtherRequest => {
            Problem::Conflict.because("This form was sent before, with other values.")
        }
        EndpointError::Disabled(_) => {
            Problem::Conflict.because("The endpoint is switched off. Switch it on first.")
        }
        error => webhook_access::problem(error),
    }
}
