//! The two ends of the trip to Meta's dialog.

use axum::Json;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use metaads_store::{ConnectionId, DialogHost, Login, SignedIn};
use serde_json::json;

use crate::accounts::sessions::is_handheld;
use crate::app::App;
use crate::connections::connect::authorize;
use crate::connections::connect::authorize::{AuthorizeRequest, BeginError, CallbackOutcome};
use crate::web::business;
use crate::web::extract::{ClientInfo, Fields, MaybeUser, User};
use crate::web::problem::Problem;

/// The "Connect Meta Account" button. Browsers get a 303 to the dialog; our script, which asks for
/// JSON, gets the dialog's address for the window it has opened.
pub async fn start(
    State(app): State<App>,
    client: ClientInfo,
    User(who): User,
    fields: Fields,
) -> Result<Response, Problem> {
    let login = match fields.one("kind") {
        "" => None,
        "facebook" => Some(Login::Facebook),
        "business" => Some(Login::Business),
        _ => return Err(Problem::Invalid),
    };
    begin(&app, &client, &who, &fields, login).await
}

/// The "Connect an Instagram account" button: Instagram Login, without Facebook.
pub async fn start_instagram(
    State(app): State<App>,
    client: ClientInfo,
    User(who): User,
    fields: Fields,
) -> Result<Response, Problem> {
    begin(&app, &client, &who, &fields, Some(Login::Instagram)).await
}

async fn begin(
    app: &App,
    client: &ClientInfo,
    who: &SignedIn,
    fields: &Fields,
    login: Option<Login>,
) -> Result<Response, Problem> {
    let reconnects = match fields.one("connection") {
        "" => None,
        id => Some(ConnectionId::from_text(id).ok_or(Problem::NotFound)?),
    };
    let request = AuthorizeRequest {
        login,
        is_popup: fields.one("display") == "popup",
        reconnects,
        is_asking_again: fields.one("ask_again") == "1",
        is_handheld: is_handheld(&client.user_agent),
    };
    let started = match authorize::begin(app, who, request).await {
        Ok(started) => started,
        Err(BeginError::NeedsComputer) => {
            let query = fields.one("connection");
            let query = if query.is_empty() { String::new() } else { format!("?connection={query}") };
            return Ok(Redirect::to(&format!("{}{query}", business::PATH)).into_response());
        }
        Err(BeginError::Imported) => return Ok(Redirect::to("/connect/token").into_response()),
        Err(error) => return Err(error.into()),
    };
    if client.wants_json {
        let body = json!({"dialog": started.dialog.as_str(), "attempt": format!("/connect/attempts/{}", started.id)});
        return Ok((StatusCode::CREATED, Json(body)).into_response());
    }
    Ok(Redirect::to(started.dialog.as_str()).into_response())
}

/// Where Facebook's dialog sends the browser back to.
pub async fn callback(
    app: State<App>,
    who: MaybeUser,
    query: RawQuery,
    method: Method,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    come_back(app, who, query, method, headers, false).await
}

/// Where Instagram's dialog does.
pub async fn instagram_callback(
    app: State<App>,
    who: MaybeUser,
    query: RawQuery,
    method: Method,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    come_back(app, who, query, method, headers, true).await
}

/// Where a dialog sends the browser back to. Ends with a redirect at once, so that code and state
/// do not stay in the address bar, the history or a Referer. The fragment takes the place of the `#_=_`
/// that Facebook appends.
async fn come_back(
    State(app): State<App>,
    MaybeUser(who): MaybeUser,
    RawQuery(query): RawQuery,
    method: Method,
    headers: HeaderMap,
    is_instagram: bool,
) -> Result<Response, Problem> {
    // Neither a look ahead of the browser's nor a HEAD is a person coming back.
    let is_prefetch =
        headers.get("sec-purpose").is_some_and(|purpose| purpose.as_bytes().starts_with(b"prefetch"));
    if is_prefetch || method != Method::GET {
        return Ok(StatusCode::METHOD_NOT_ALLOWED.into_response());
    }
    let query = query.unwrap_or_default();
    // Beside the request: a browser that leaves now must not break the work off half-way.
    let work = crate::tasks::spawn(async move {
        authorize::complete(
            &app,
            who.as_ref(),
            &query,
            if is_instagram { DialogHost::Instagram } else { DialogHost::Facebook },
        )
        .await
    });
    let ended = work.await.map_err(|error| {
        tracing::error!(%error, "completing a connect attempt broke off");
        Problem::Internal
    })??;
    let target = match ended {
        CallbackOutcome::Finished { id, is_popup: true } => {
            format!("/connect/attempts/{id}?window=popup#main")
        }
        CallbackOutcome::Finished { id, is_popup: false } => format!("/connect/attempts/{id}#main"),
        CallbackOutcome::Rejected(code) => format!("/connect/problems/{}#main", code.as_str()),
    };
    Ok(Redirect::to(&target).into_response())
}

impl From<BeginError> for Problem {
    fn from(error: BeginError) -> Problem {
        match error {
            BeginError::NoSuchConnection => Problem::NotFound,
            BeginError::NotOffered | BeginError::Imported | BeginError::NeedsComputer => Problem::Invalid,
            BeginError::RateLimited => Problem::Throttled,
            BeginError::Store(error) => error.into(),
        }
    }
}
