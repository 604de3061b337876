//! The public status page of a data deletion request.

use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use metaads_store::{DeletionOutcome, DeletionRequest};

use crate::app::App;
use crate::http::client_info::ClientInfo;
use crate::http::problem::Problem;
use crate::messages::data_deletion::{self as text, DeletionText};
use crate::messages::format;
use crate::web::layout::{Layout, page};
use crate::webhooks::data_deletion;

#[derive(Template)]
#[template(path = "data_deletion.html")]
struct DataDeletionPage {
    layout: Layout,
    text: DeletionText,
    icon: &'static str,
    /// None: we do not know the code.
    code: Option<String>,
    steps: Vec<Step>,
}

struct Step {
    is_done: bool,
    title: &'static str,
    at: String,
}

pub async fn show(
    State(app): State<App>,
    client: ClientInfo,
    Path(code): Path<String>,
) -> Result<Response, Problem> {
    let found = data_deletion::find(&app, &code).await?;
    let (text, icon) = text_and_icon(found.as_ref());
    let shown = DataDeletionPage {
        layout: Layout::signed_out(&app, &client),
        text,
        icon,
        code: found.as_ref().map(|request| data_deletion::code_of(&request.id)),
        steps: found.as_ref().map(steps).unwrap_or_default(),
    };
    let status = if shown.code.is_some() { StatusCode::OK } else { StatusCode::NOT_FOUND };
    Ok((status, page(&shown)).into_response())
}

fn text_and_icon(request: Option<&DeletionRequest>) -> (DeletionText, &'static str) {
    let Some(request) = request else { return (text::UNKNOWN_CODE, "circle-help") };
    match request.outcome {
        None => (text::IN_PROGRESS, "hourglass"),
        Some(DeletionOutcome::Test) => (text::TEST, "circle-check"),
        Some(DeletionOutcome::Nothing) => (text::NOTHING_HELD, "circle-check"),
        Some(DeletionOutcome::ConnectedAgain) => (text::CONNECTED_AGAIN, "info"),
        Some(DeletionOutcome::Deleted) => (text::DELETED, "circle-check"),
    }
}

fn steps(request: &DeletionRequest) -> Vec<Step> {
    let received = format::day_and_time(request.requested_at);
    let mut steps = vec![Step { is_done: true, title: text::STEP_RECEIVED, at: received }];
    if matches!(request.outcome, Some(DeletionOutcome::Test | DeletionOutcome::Nothing)) {
        return steps;
    }
    let is_done = request.completed_at.is_some();
    let at = request.completed_at.map_or_else(|| text::STEP_IN_PROGRESS.to_owned(), format::day_and_time);
    steps.push(Step { is_done, title: text::STEP_ACCESS, at: at.clone() });
    steps.push(Step { is_done, title: text::STEP_ASSETS, at });
    steps
}
