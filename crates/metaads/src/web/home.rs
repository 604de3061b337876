//! The public front page.

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};

use crate::app::App;
use crate::http::caller::MaybeCaller;
use crate::http::client_info::ClientInfo;
use crate::http::problem::Problem;
use crate::web::layout::{Layout, page};
use crate::web::notice_view::NoticeView;

#[derive(Template)]
#[template(path = "home.html")]
struct HomePage {
    layout: Layout,
    notice: Option<NoticeView>,
}

pub async fn show(
    State(app): State<App>,
    client: ClientInfo,
    MaybeCaller(caller): MaybeCaller,
) -> Result<Response, Problem> {
    if caller.is_some() {
        return Ok(Redirect::to("/dashboard").into_response());
    }
    Ok(page(&HomePage { layout: Layout::signed_out(&app, &client), notice: NoticeView::of(&client, None) }))
}
