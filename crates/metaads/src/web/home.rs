//! The front door.

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};

use crate::app::App;
use crate::web::extract::{ClientInfo, MaybeUser};
use crate::web::layout::{Layout, Section, page};
use crate::web::problem::Problem;

#[derive(Template)]
#[template(path = "home.html")]
struct HomePage {
    layout: Layout,
}

pub async fn show(
    State(app): State<App>,
    client: ClientInfo,
    MaybeUser(who): MaybeUser,
) -> Result<Response, Problem> {
    if who.is_some() {
        return Ok(Redirect::to("/dashboard").into_response());
    }
    let layout = Layout::new(&app, &client, None, Section::None, "Connect Meta ad accounts");
    Ok(page(&HomePage { layout }))
}
