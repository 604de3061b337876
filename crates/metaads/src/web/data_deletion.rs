//! The public page on which somebody follows the deletion of their data.

use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use metaads_store::DeletionRequest;

use crate::app::App;
use crate::messages::format;
use crate::web::extract::ClientInfo;
use crate::web::layout::{Layout, Section, page};
use crate::web::problem::Problem;
use crate::webhooks::data_deletion;

#[derive(Template)]
#[template(path = "data_deletion.html")]
struct DataDeletionPage {
    layout: Layout,
    said: Said,
    /// None: we do not know the code.
    code: Option<String>,
    steps: Vec<Step>,
}

struct Said {
    icon: &'static str,
    who: &'static str,
    title: &'static str,
    text: &'static str,
}

struct Step {
    is_done: bool,
    title: &'static str,
    text: String,
}

pub async fn show(
    State(app): State<App>,
    client: ClientInfo,
    Path(code): Path<String>,
) -> Result<Response, Problem> {
    let found = data_deletion::find(&app, &code).await?;
    let said = said(found.as_ref());
    let layout = Layout::new(&app, &client, None, Section::None, said.title);
    let shown = DataDeletionPage {
        layout,
        said,
        code: found.as_ref().map(|request| data_deletion::code_of(&request.id)),
        steps: found.as_ref().map(steps).unwrap_or_default(),
    };
    let status = if shown.code.is_some() { StatusCode::OK } else { StatusCode::NOT_FOUND };
    Ok((status, page(&shown)).into_response())
}

fn said(request: Option<&DeletionRequest>) -> Said {
    let Some(request) = request else {
        return Said {
            icon: "circle-help",
            who: "Up to you",
            title: "We don’t know this code",
            text: "Check it against the one Facebook showed you: every letter counts.",
        };
    };
    match request.outcome.map(|outcome| outcome.as_str()) {
        None => Said {
            icon: "hourglass",
            who: "Under way",
            title: "Your data is being deleted",
            text: "You asked Facebook to have this service delete what it holds about you. That takes moments; look again in a minute.",
        },
        Some("test") => Said {
            icon: "circle-check",
            who: "Done",
            title: "This was a test",
            text: "Meta tried whether the address answers. The test names nobody, so there was nothing to delete.",
        },
        Some("nothing") => Said {
            icon: "circle-check",
            who: "Done",
            title: "There was nothing to delete",
            text: "You asked Facebook to have this service delete what it holds about you. It held nothing.",
        },
        Some("connected_again") => Said {
            icon: "info",
            who: "Not all is deleted",
            title: "You have connected again since",
            text: "What was held before you asked is deleted. After that you signed in anew and allowed access again; that connection is kept. To end it too, remove the app under Business Integrations on Facebook and send the request once more.",
        },
        Some(_) => Said {
            icon: "circle-check",
            who: "Done",
            title: "Your data is deleted",
            text: "You asked Facebook to have this service delete what it held about you. All of it is gone from the running service.",
        },
    }
}

fn steps(request: &DeletionRequest) -> Vec<Step> {
    let at = |at: i64| format::day_and_time(at);
    let mut steps =
        vec![Step { is_done: true, title: "Request received from Meta", text: at(request.requested_at) }];
    let done = request.completed_at;
    let text = done.map_or_else(|| "under way".to_owned(), at);
    match request.outcome.map(|outcome| outcome.as_str()) {
        Some("test" | "nothing") => {}
        _ => {
            steps.push(Step { is_done: done.is_some(), title: "Access erased", text: text.clone() });
            let title = "Name, picture, ad accounts, Pages and Instagram accounts erased";
            steps.push(Step { is_done: done.is_some(), title, text });
        }
    }
    steps
}
