//! The front door.

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};

use super::extract::{MaybeUser, Visit};
use super::frame::{Frame, Section, page};
use super::problem::Problem;
use crate::app::App;

#[derive(Template)]
#[template(path = "home.html")]
struct HomePage {
    frame: Frame,
}

pub async fn show(
    State(app): State<App>,
    visit: Visit,
    MaybeUser(who): MaybeUser,
) -> Result<Response, Problem> {
    if who.is_some() {
        return Ok(Redirect::to("/dashboard").into_response());
    }
    let frame = Frame::new(&app, &visit, None, Section::None, "Connect Meta ad accounts");
    Ok(page(&HomePage { frame }))
}
