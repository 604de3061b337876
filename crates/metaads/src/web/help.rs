//! Public help: short answers, and what each error code means.

use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;

use crate::app::App;
use crate::codes::error_code::{CallToAction, Code};
use crate::http::caller::MaybeCaller;
use crate::http::client_info::ClientInfo;
use crate::http::problem::Problem;
use crate::messages::errors::{self, ErrorText};
use crate::messages::scopes::{self, PermissionText};
use crate::web::layout::{Layout, Section, page};
use crate::web::problem_page::ProblemPage;

#[derive(Template)]
#[template(path = "help.html")]
struct HelpPage {
    layout: Layout,
    /// The permissions that this installation asks for, with Meta's names.
    asked: Vec<(PermissionText, String)>,
    codes: Vec<&'static ErrorText>,
}

pub async fn index(
    State(app): State<App>,
    client: ClientInfo,
    MaybeCaller(caller): MaybeCaller,
) -> Result<Response, Problem> {
    let asked =
        app.config.meta_login.scopes.iter().filter_map(|scope| Some((scopes::scope(scope)?, scope.clone())));
    Ok(page(&HelpPage {
        layout: Layout::new(&app, &client, caller.as_ref(), Section::None).await?,
        asked: asked.collect(),
        codes: errors::all().collect(),
    }))
}

/// One code.
pub async fn code(
    State(app): State<App>,
    client: ClientInfo,
    MaybeCaller(caller): MaybeCaller,
    Path(code): Path<String>,
) -> Result<Response, Problem> {
    let code = Code::from_text(&code).ok_or(Problem::NotFound)?;
    let layout = Layout::new(&app, &client, caller.as_ref(), Section::None).await?;
    let act = if caller.is_some() { CallToAction::ViewConnections } else { CallToAction::SignIn };
    Ok(page(&ProblemPage::for_help(layout, code, act)))
}
