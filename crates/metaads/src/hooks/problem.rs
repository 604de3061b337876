//! Problems of calls from Meta: a plain status, which is all that Meta evaluates.

use axum::response::{IntoResponse, Response};

use crate::app::App;
use crate::http::problem::{Problem, rendered, support_id};

/// Renders a problem that is still bare; other responses pass unchanged.
pub fn render(app: &App, mut response: Response) -> Response {
    let Some(problem) = Problem::take(&mut response) else { return response };
    problem.log(&support_id(&app.new_row_id()));
    rendered(&response, problem.status().into_response())
}
