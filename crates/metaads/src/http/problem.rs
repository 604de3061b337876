//! What can go wrong in a request, with its status and stable code. Knows no page and no JSON: a problem rides on its
//! response until the surface that was called renders it (`web::problem_page`, `problem_json`, `hooks::problem`).

use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use metaads_store::StoreError;

use crate::accounts::passwords::Busy;
use crate::codes::error_code::Code;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Problem {
    NotFound,
    /// Nobody is signed in. Pages lead to the sign-in and come back to `next`.
    SignedOut {
        next: String,
    },
    /// The request can be read, but not acted on.
    Invalid,
    /// What is asked for does not fit the present state.
    Conflict,
    /// The caller lacks a role.
    Forbidden,
    /// Another site's page made the browser send this.
    CrossSite,
    /// Sent under another host name than PUBLIC_URL's.
    WrongHost,
    RateLimited,
    /// Too much at the same moment, of one client or of all. A later attempt can succeed.
    Busy,
    /// Meta does not answer. A later attempt can succeed.
    Unanswered,
    /// The database does not answer. A later attempt can succeed.
    DatabaseUnavailable,
    /// A bug of ours. A later attempt fails the same way.
    Internal,
    /// What somebody has to do first; only they can. For programs.
    NeedsPerson(Box<Remedy>),
    /// One of the others, with a sentence of its own for the person who reads the answer.
    Because(Box<Problem>, String),
    /// Refused by the web framework: an unreadable query, a wrong method, a body that is too large.
    Rejected(StatusCode),
}

/// Why a connection cannot be used, who can change that, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remedy {
    pub code: Code,
    /// The page on which it is done.
    pub url: String,
}

impl Problem {
    /// This problem with a sentence of its own.
    #[must_use]
    pub fn because(self, detail: impl Into<String>) -> Problem {
        Problem::Because(Box::new(self), detail.into())
    }

    pub fn status(&self) -> StatusCode {
        match self {
            Problem::NotFound => StatusCode::NOT_FOUND,
            Problem::SignedOut { .. } => StatusCode::UNAUTHORIZED,
            Problem::Invalid => StatusCode::UNPROCESSABLE_ENTITY,
            Problem::Conflict => StatusCode::CONFLICT,
            Problem::Forbidden | Problem::CrossSite => StatusCode::FORBIDDEN,
            Problem::WrongHost => StatusCode::MISDIRECTED_REQUEST,
            Problem::RateLimited => StatusCode::TOO_MANY_REQUESTS,
            Problem::Busy | Problem::DatabaseUnavailable => StatusCode::SERVICE_UNAVAILABLE,
            Problem::Unanswered => StatusCode::BAD_GATEWAY,
            Problem::Internal => StatusCode::INTERNAL_SERVER_ERROR,
            Problem::NeedsPerson(_) => StatusCode::CONFLICT,
            Problem::Because(problem, _) => problem.status(),
            Problem::Rejected(status) => *status,
        }
    }

    /// Whether the page that shows it does without the database: that does not answer, or has enough to do.
    pub fn spares_database(&self) -> bool {
        match self {
            Problem::Because(problem, _) => problem.spares_database(),
            problem => matches!(problem, Problem::Busy | Problem::DatabaseUnavailable),
        }
    }

    pub fn code(&self) -> Code {
        match self {
            Problem::NotFound => Code::NotFound,
            Problem::SignedOut { .. } => Code::Unauthorized,
            Problem::Invalid => Code::InvalidRequest,
            Problem::Conflict => Code::Conflict,
            Problem::Forbidden => Code::Forbidden,
            Problem::CrossSite => Code::CrossSiteRequest,
            Problem::WrongHost => Code::WrongHost,
            Problem::RateLimited => Code::RateLimited,
            Problem::Busy => Code::Busy,
            Problem::DatabaseUnavailable => Code::DatabaseUnavailable,
            Problem::Unanswered => Code::MetaUnavailable,
            Problem::Internal => Code::InternalError,
            Problem::NeedsPerson(remedy) => remedy.code,
            Problem::Because(problem, _) => problem.code(),
            Problem::Rejected(StatusCode::NOT_FOUND) => Code::NotFound,
            Problem::Rejected(status) if status.is_server_error() => Code::InternalError,
            Problem::Rejected(_) => Code::InvalidRequest,
        }
    }

    /// Takes the problem off a response that no surface has rendered yet: one of ours, or an error that the framework
    /// answered by itself, as bare text or without a body.
    pub fn take(response: &mut Response) -> Option<Problem> {
        if let Some(problem) = response.extensions_mut().remove::<Problem>() {
            return Some(problem);
        }
        let status = response.status();
        let is_error = status.is_client_error() || status.is_server_error();
        let kind = response.headers().get(header::CONTENT_TYPE).map(|kind| kind.as_bytes());
        let is_bare = kind.is_none_or(|kind| kind.starts_with(b"text/plain"));
        (is_error && is_bare).then_some(Problem::Rejected(status))
    }

    /// Logs the problem under the id that its page or JSON shows, so that a report leads to the line.
    pub fn log(&self, support_id: &str) {
        tracing::info!(
            code = self.code().as_str(),
            status = self.status().as_u16(),
            support_id,
            "a request ended in a problem"
        );
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.status().into_response();
        if self.spares_database() {
            let seconds = HeaderValue::from_static(RETRY_AFTER_SECONDS);
            response.headers_mut().insert(header::RETRY_AFTER, seconds);
        }
        response.extensions_mut().insert(self);
        response
    }
}

impl From<Busy> for Problem {
    fn from(_: Busy) -> Problem {
        Problem::Busy
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Problem {
        let cause = std::error::Error::source(&error).map(ToString::to_string);
        tracing::error!(%error, cause, "a database statement failed a request");
        match error {
            StoreError::Unavailable(_) => Problem::DatabaseUnavailable,
            StoreError::Unexpected(_) | StoreError::Inconsistent { .. } | StoreError::Migration(_) => {
                Problem::Internal
            }
        }
    }
}

/// Seconds after which a client may try again where a later attempt can succeed.
const RETRY_AFTER_SECONDS: &str = "5";

/// Headers of the original response that its rendering has to repeat.
const KEPT: [HeaderName; 5] = [
    header::ALLOW,
    header::RETRY_AFTER,
    header::WWW_AUTHENTICATE,
    HeaderName::from_static("ratelimit"),
    HeaderName::from_static("ratelimit-policy"),
];

/// Puts the rendering of a problem in place of the original response.
pub fn rendered(original: &Response, mut rendering: Response) -> Response {
    *rendering.status_mut() = original.status();
    for name in KEPT {
        if let Some(value) = original.headers().get(&name) {
            rendering.headers_mut().insert(name, value.clone());
        }
    }
    rendering
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_queue_is_503_and_says_when_to_try_again() {
        let mut full = Problem::from(Busy).into_response();
        assert_eq!(full.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(Problem::take(&mut full), Some(Problem::Busy));
        let page = rendered(&full, "a page".into_response());
        assert_eq!(page.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(page.headers()[header::RETRY_AFTER], RETRY_AFTER_SECONDS);
    }

    #[test]
    fn an_error_of_the_framework_becomes_a_problem_and_an_answer_of_ours_stays() {
        let mut bare = StatusCode::METHOD_NOT_ALLOWED.into_response();
        assert_eq!(Problem::take(&mut bare), Some(Problem::Rejected(StatusCode::METHOD_NOT_ALLOWED)));
        let mut text = (StatusCode::BAD_REQUEST, "Failed to deserialize query string").into_response();
        let taken = Problem::take(&mut text).expect("text of the framework");
        assert_eq!((taken.status(), taken.code()), (StatusCode::BAD_REQUEST, Code::InvalidRequest));
        let mut page = (StatusCode::UNPROCESSABLE_ENTITY, axum::response::Html("a form")).into_response();
        assert_eq!(Problem::take(&mut page), None);
        let mut good = "text that is no error".into_response();
        assert_eq!(Problem::take(&mut good), None);
        let mut own = Problem::CrossSite.into_response();
        assert_eq!(
            (own.status(), Problem::take(&mut own)),
            (StatusCode::FORBIDDEN, Some(Problem::CrossSite))
        );
    }
}
