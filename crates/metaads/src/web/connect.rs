//! The two ends of the trip to Meta's dialog.

use axum::Json;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use metaads_store::ConnectionId;
use serde_json::json;

use super::extract::{Fields, MaybeUser, User, Visit};
use super::problem::Problem;
use crate::app::App;
use crate::connections::authorize::{self, BeginError, Ended, Wish};

/// The "Connect Meta Account" button. Browsers get a 303 to the dialog; our script, which asks for
/// JSON, gets the dialog's address for the window it has opened.
pub async fn start(
    State(app): State<App>,
    visit: Visit,
    User(who): User,
    fields: Fields,
) -> Result<Response, Problem> {
    let reconnects = match fields.one("connection") {
        "" => None,
        id => Some(ConnectionId::from_text(id).ok_or(Problem::NotFound)?),
    };
    if !matches!(fields.one("kind"), "" | "facebook") {
        return Err(Problem::Invalid);
    }
    let wish = Wish {
        is_popup: fields.one("display") == "popup",
        reconnects,
        is_asking_again: fields.one("ask_again") == "1",
    };
    let begun = authorize::begin(&app, &who, wish).await?;
    if visit.wants_json {
        let body =
            json!({"dialog": begun.dialog.as_str(), "attempt": format!("/connect/attempts/{}", begun.id)});
        return Ok((StatusCode::CREATED, Json(body)).into_response());
    }
    Ok(Redirect::to(begun.dialog.as_str()).into_response())
}

/// Where the dialog sends the browser back to. Ends with a redirect at once, so that code and state
/// do not stay in the address bar, the history or a Referer. The fragment takes the place of the `#_=_`
/// that Facebook appends.
pub async fn callback(
    State(app): State<App>,
    MaybeUser(who): MaybeUser,
    RawQuery(query): RawQuery,
    method: Method,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    // Neither a look ahead of the browser's nor a HEAD is a person coming back.
    let is_prefetch =
        headers.get("sec-purpose").is_some_and(|purpose| purpose.as_bytes().starts_with(b"prefetch"));
    if is_prefetch || method != Method::GET {
        return Ok(StatusCode::METHOD_NOT_ALLOWED.into_response());
    }
    let query = query.unwrap_or_default();
    // Beside the request: a browser that leaves now must not break the work off half-way.
    let work = crate::tasks::spawn(async move { authorize::complete(&app, who.as_ref(), &query).await });
    let ended = work.await.map_err(|error| {
        tracing::error!(%error, "completing a connect attempt broke off");
        Problem::Broken
    })??;
    let target = match ended {
        Ended::Settled { id, is_popup: true } => format!("/connect/attempts/{id}?window=popup#main"),
        Ended::Settled { id, is_popup: false } => format!("/connect/attempts/{id}#main"),
        Ended::Refused(code) => format!("/connect/problems/{}#main", code.as_str()),
    };
    Ok(Redirect::to(&target).into_response())
}

impl From<BeginError> for Problem {
    fn from(error: BeginError) -> Problem {
        match error {
            BeginError::NoSuchConnection => Problem::NotFound,
            BeginError::Throttled => Problem::Throttled,
            BeginError::Store(error) => error.into(),
        }
    }
}
