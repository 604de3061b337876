//! What goes wrong in a request, and the page or problem+json that says so.

use axum::extract::{FromRequestParts, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use metaads_store::StoreError;
use serde_json::json;
use url::form_urlencoded;

use crate::app::App;
use crate::codes::error_code::Code;
use crate::messages::errors::CallToAction;
use crate::messages::errors::error_text;
use crate::web::extract::{ClientInfo, MaybeUser};
use crate::web::help::ProblemPage;
use crate::web::layout::{Layout, Section, page};

#[derive(Debug)]
pub enum Problem {
    NotFound,
    /// Sign in and come back to `next`.
    SignedOut {
        next: String,
    },
    Invalid,
    /// Only for admins.
    Forbidden,
    Throttled,
    Database,
    Internal,
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Problem {
        let cause = std::error::Error::source(&error).map(ToString::to_string);
        tracing::error!(%error, cause, "the database failed a request");
        Problem::Database
    }
}

/// Rides on a response until [`render`] turns it into a page.
#[derive(Debug, Clone, Copy)]
struct PendingProblem(Code);

impl Problem {
    fn status_and_code(&self) -> (StatusCode, Code) {
        match self {
            Problem::NotFound => (StatusCode::NOT_FOUND, Code::NotFound),
            Problem::SignedOut { .. } => (StatusCode::UNAUTHORIZED, Code::Unauthorized),
            Problem::Invalid => (StatusCode::UNPROCESSABLE_ENTITY, Code::InvalidRequest),
            Problem::Forbidden => (StatusCode::FORBIDDEN, Code::Forbidden),
            Problem::Throttled => (StatusCode::TOO_MANY_REQUESTS, Code::RateLimited),
            Problem::Database => (StatusCode::SERVICE_UNAVAILABLE, Code::DatabaseUnavailable),
            Problem::Internal => (StatusCode::INTERNAL_SERVER_ERROR, Code::DatabaseUnavailable),
        }
    }
}

/// Marks a response of a status as one that [`render`] gives words.
pub fn pending_problem(status: StatusCode, code: Code) -> Response {
    let mut response = status.into_response();
    response.extensions_mut().insert(PendingProblem(code));
    response
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let (status, code) = self.status_and_code();
        let mut response = pending_problem(status, code);
        if let Problem::SignedOut { next } = self
            && let Ok(next) = HeaderValue::from_str(&next)
        {
            response.headers_mut().insert(header::LOCATION, next);
        }
        response
    }
}

/// Gives every problem its words: JSON below /api, a page elsewhere, the sign-in page for visitors.
pub async fn render(State(app): State<App>, request: Request, next: Next) -> Response {
    let is_api = request.uri().path().starts_with("/api/");
    let (mut parts, body) = request.into_parts();
    let client =
        ClientInfo::from_request_parts(&mut parts, &app).await.unwrap_or_else(|never| match never {});
    let mut lookup = parts.clone();
    let mut response = next.run(Request::from_parts(parts, body)).await;
    let code = match response.extensions_mut().remove::<PendingProblem>() {
        Some(PendingProblem(code)) => code,
        None => match response.status() {
            StatusCode::NOT_FOUND if is_plain(&response) => Code::NotFound,
            StatusCode::METHOD_NOT_ALLOWED => Code::InvalidRequest,
            _ => return response,
        },
    };
    let status = response.status();
    let support_id = support_id(&app.new_row_id());
    tracing::info!(
        code = code.as_str(),
        status = status.as_u16(),
        support_id,
        "a request ended in a problem"
    );
    if is_api || client.wants_json {
        return problem_json(&app, status, code, &support_id);
    }
    if code == Code::Unauthorized {
        let wanted = response.headers().get(header::LOCATION).and_then(|next| next.to_str().ok());
        return to_sign_in(wanted.unwrap_or("/dashboard"));
    }
    let who = MaybeUser::from_request_parts(&mut lookup, &app).await.ok().and_then(|MaybeUser(who)| who);
    let layout = Layout::new(&app, &client, who.as_ref(), Section::None, error_text(code).title);
    let act = if who.is_some() { error_text(code).act } else { CallToAction::SignIn };
    let mut rendered = page(&ProblemPage::new(layout, code, act, Some(support_id), None));
    *rendered.status_mut() = status;
    if let Some(allow) = response.headers().get(header::ALLOW) {
        rendered.headers_mut().insert(header::ALLOW, allow.clone());
    }
    rendered
}

fn is_plain(response: &Response) -> bool {
    response.headers().get(header::CONTENT_TYPE).is_none()
}

fn to_sign_in(wanted: &str) -> Response {
    let query = form_urlencoded::Serializer::new(String::new()).append_pair("next", wanted).finish();
    Redirect::to(&format!("/login?{query}")).into_response()
}

fn problem_json(app: &App, status: StatusCode, code: Code, request_id: &str) -> Response {
    let words = error_text(code);
    let body = json!({
        "type": format!("{}/help/errors/{}", app.config.base(), words.code.as_str()),
        "title": words.title,
        "status": status.as_u16(),
        "detail": format!("{} {}", words.cause, words.remedy),
        "code": words.code.as_str(),
        "request_id": request_id,
    });
    (status, [(header::CONTENT_TYPE, "application/problem+json")], body.to_string()).into_response()
}

/// A short id that a person can read out, from the random end of a UUID: "F-7XKD-20Q4".
pub fn support_id(uuid: &str) -> String {
    const LETTERS: &[u8] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    let hex: String = uuid.chars().filter(char::is_ascii_hexdigit).collect();
    let mut number = u64::from_str_radix(&hex[hex.len().saturating_sub(10)..], 16).unwrap_or_default();
    let mut letters = Vec::new();
    for _ in 0..8 {
        letters.push(char::from(LETTERS[usize::try_from(number % 32).unwrap_or_default()]));
        number /= 32;
    }
    let text: String = letters.into_iter().collect();
    format!("F-{}-{}", &text[..4], &text[4..])
}
