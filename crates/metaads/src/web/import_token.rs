//! Connecting by a system user's token that was made in Business settings.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use metaads_store::SignedIn;

use crate::app::App;
use crate::connections::connect::import_token;
use crate::connections::connect::import_token::ImportOutcome;
use crate::messages::errors::error_text;
use crate::web::extract::{ClientInfo, Fields, User};
use crate::web::layout::{Layout, Section, page};
use crate::web::problem::Problem;

#[derive(Template)]
#[template(path = "import_token.html")]
struct ImportTokenPage {
    layout: Layout,
    app_id: String,
    /// What is wrong with what was pasted. The token itself is never shown again.
    problem: Option<String>,
}

pub async fn show(State(app): State<App>, client: ClientInfo, User(who): User) -> Response {
    page(&paste_page(&app, &client, &who, None))
}

pub async fn create(
    State(app): State<App>,
    client: ClientInfo,
    User(who): User,
    fields: Fields,
) -> Result<Response, Problem> {
    let problem = match import_token::import_token(&app, &who, fields.one("token")).await? {
        ImportOutcome::Connected(id) => return Ok(Redirect::to(&format!("/connections/{id}")).into_response()),
        ImportOutcome::RateLimited => return Err(Problem::Throttled),
        ImportOutcome::NotAToken => "That is no access token. Copy it whole, from its first letter to its last.".to_owned(),
        ImportOutcome::OfAnotherApp => format!("Meta does not know that token for this app. Make one for the app with the id {}, and copy it whole.", app.graph().app().app_id),
        ImportOutcome::NotASystemUser => "That token acts for a person and ends within hours. Use Connect Meta Account for people; here belongs a system user’s.".to_owned(),
        ImportOutcome::Refused(code) => {
            let words = error_text(code);
            format!("{}. {} {}", words.title, words.cause, words.remedy)
        }
    };
    let shown = paste_page(&app, &client, &who, Some(problem));
    Ok((StatusCode::UNPROCESSABLE_ENTITY, page(&shown)).into_response())
}

fn paste_page(app: &App, client: &ClientInfo, who: &SignedIn, problem: Option<String>) -> ImportTokenPage {
    ImportTokenPage {
        layout: Layout::new(app, client, Some(who), Section::Connections, "Connect a system user"),
        app_id: app.graph().app().app_id.to_string(),
        problem,
    }
}
