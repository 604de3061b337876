//! A problem as `application/problem+json` (RFC 9457): for programs under /api, and for our own script.

use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::app::App;
use crate::http::problem::{Problem, rendered, support_id};
use crate::messages::errors::error_text;

/// Renders a problem that is still bare; other responses pass unchanged.
pub fn render(app: &App, mut response: Response) -> Response {
    let Some(problem) = Problem::take(&mut response) else { return response };
    let support_id = support_id(&app.new_row_id());
    problem.log(&support_id);
    rendered(&response, problem_json(app, &problem, &support_id))
}

/// `type` names the exact problem; `code` is the stable word that API users match on.
pub fn problem_json(app: &App, problem: &Problem, request_id: &str) -> Response {
    let text = error_text(problem.code());
    let mut body = json!({
        "type": format!("{}/help/errors/{}", app.config.base(), text.code.as_str()),
        "title": text.title,
        "status": problem.status().as_u16(),
        "detail": format!("{} {}", text.cause, text.remedy),
        "code": text.code.in_api().as_str(),
        "request_id": request_id,
    });
    match problem {
        Problem::Because(_, detail) => body["detail"] = json!(detail),
        Problem::NeedsPerson(remedy) => {
            body["who"] = json!(remedy.code.responsible_party().as_str());
            body["url"] = json!(remedy.url);
        }
        _ => {}
    }
    (problem.status(), [(header::CONTENT_TYPE, "application/problem+json")], body.to_string()).into_response()
}
