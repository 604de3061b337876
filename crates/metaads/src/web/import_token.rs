//! Connecting with a system user's token that was created in Business settings.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};

use crate::app::App;
use crate::codes::notice::Notice;
use crate::connections::connect::import_token;
use crate::connections::connect::import_token::ImportOutcome;
use crate::http::caller::Caller;
use crate::http::client_info::ClientInfo;
use crate::http::form_fields::FormFields;
use crate::http::problem::Problem;
use crate::messages::import_token as text;
use crate::web::layout::{Layout, Section, page};
use crate::web::notice_view;

#[derive(Template)]
#[template(path = "import_token.html")]
struct ImportTokenPage {
    layout: Layout,
    app_id: String,
    /// What is wrong with the token. The token itself is never shown again.
    problem: Option<String>,
}

pub async fn show(State(app): State<App>, client: ClientInfo, caller: Caller) -> Result<Response, Problem> {
    Ok(page(&import_page(&app, &client, &caller, None).await?))
}

pub async fn create(
    State(app): State<App>,
    client: ClientInfo,
    caller: Caller,
    fields: FormFields,
) -> Result<Response, Problem> {
    let problem = match import_token::import_token(&app, &caller.session, fields.one("token")).await? {
        ImportOutcome::Connected(id) => {
            let response = Redirect::to(&format!("/connections/{id}")).into_response();
            return Ok(notice_view::show_next(&app, response, Notice::TokenConnected));
        }
        ImportOutcome::RateLimited => return Err(Problem::RateLimited),
        ImportOutcome::NotAToken => text::NOT_A_TOKEN.to_owned(),
        ImportOutcome::OfAnotherApp => text::other_app(app.graph().app().app_id.as_str()),
        ImportOutcome::NotASystemUser => text::NOT_A_SYSTEM_USER.to_owned(),
        ImportOutcome::Refused(code) => text::refused(code),
    };
    let mut shown = import_page(&app, &client, &caller, Some(problem)).await?;
    shown.layout.is_refused = true;
    Ok((StatusCode::UNPROCESSABLE_ENTITY, page(&shown)).into_response())
}

async fn import_page(
    app: &App,
    client: &ClientInfo,
    caller: &Caller,
    problem: Option<String>,
) -> Result<ImportTokenPage, Problem> {
    Ok(ImportTokenPage {
        layout: Layout::new(app, client, Some(caller), Section::Connections).await?,
        app_id: app.graph().app().app_id.to_string(),
        problem,
    })
}
