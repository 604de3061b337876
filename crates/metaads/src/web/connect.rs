//! Starting an authorization at Meta's dialog, and the callback that ends it.

use axum::Json;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use metaads_store::{ConnectionId, DialogHost, Login};
use serde_json::json;

use crate::accounts::sessions::is_handheld;
use crate::app::App;
use crate::connections::connect::authorize;
use crate::connections::connect::authorize::{AuthorizeRequest, BeginError, CallbackOutcome};
use crate::connections::connect::initiator::CallbackBrowser;
use crate::http::caller::{Caller, MaybeCaller};
use crate::http::client_info::ClientInfo;
use crate::http::form_fields::FormFields;
use crate::http::problem::Problem;
use crate::web::{business, connect_session};

/// How browsers, old ones too, say that they fetch a page ahead of a click.
const PREFETCH_HEADERS: [(&str, &[u8]); 4] = [
    ("sec-purpose", b"prefetch"),
    ("purpose", b"prefetch"),
    ("x-moz", b"prefetch"),
    ("x-purpose", b"preview"),
];

/// Where a form that starts this login posts to.
pub fn path(login: Login) -> &'static str {
    match login {
        Login::Facebook | Login::Business => "/connect/meta",
        Login::Instagram => "/connect/instagram",
    }
}

/// The "Connect Meta Account" button. Browsers get a 303 to the dialog; our script, which asks for JSON, gets the
/// dialog's URL for the window it has opened.
pub async fn start(
    State(app): State<App>,
    client: ClientInfo,
    caller: Caller,
    fields: FormFields,
) -> Result<Response, Problem> {
    let login = match fields.one("kind") {
        "" => None,
        "facebook" => Some(Login::Facebook),
        "business" => Some(Login::Business),
        _ => return Err(Problem::Invalid),
    };
    begin(&app, &client, &caller, &fields, login).await
}

/// The "Connect an Instagram account" button: Instagram Login, without Facebook.
pub async fn start_instagram(
    State(app): State<App>,
    client: ClientInfo,
    caller: Caller,
    fields: FormFields,
) -> Result<Response, Problem> {
    begin(&app, &client, &caller, &fields, Some(Login::Instagram)).await
}

async fn begin(
    app: &App,
    client: &ClientInfo,
    caller: &Caller,
    fields: &FormFields,
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
    let started = match authorize::begin(app, &(&caller.session).into(), request).await {
        Ok(started) => started,
        Err(BeginError::NeedsComputer) => {
            let id = fields.one("connection");
            let query = if id.is_empty() { String::new() } else { format!("?connection={id}") };
            return Ok(Redirect::to(&format!("{}{query}", business::PATH)).into_response());
        }
        Err(BeginError::Imported) => return Ok(Redirect::to("/connect/token").into_response()),
        Err(BeginError::NoSuchConnection) => return Err(Problem::NotFound),
        Err(BeginError::NotOffered) => return Err(Problem::Invalid),
        Err(BeginError::RateLimited) => return Err(Problem::RateLimited),
        Err(BeginError::Store(error)) => return Err(error.into()),
    };
    if client.wants_json {
        let body = json!({"dialog": started.dialog.as_str(), "attempt": format!("/connect/attempts/{}", started.id)});
        return Ok((StatusCode::CREATED, Json(body)).into_response());
    }
    Ok(Redirect::to(started.dialog.as_str()).into_response())
}

/// Who may have come back: somebody who is signed in, or somebody in a connect session.
type CallbackOf = (MaybeCaller, ClientInfo);

/// The redirect URI of Facebook's dialog.
pub async fn callback(
    app: State<App>,
    browser: CallbackOf,
    query: RawQuery,
    method: Method,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    come_back(app, browser, query, method, headers, DialogHost::Facebook).await
}

/// The redirect URI of Instagram's dialog.
pub async fn instagram_callback(
    app: State<App>,
    browser: CallbackOf,
    query: RawQuery,
    method: Method,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    come_back(app, browser, query, method, headers, DialogHost::Instagram).await
}

/// Completes the authorization and redirects, so that code and state do not stay in the address bar, the history or a
/// Referer header. The fragment replaces the `#_=_` that Facebook appends.
async fn come_back(
    State(app): State<App>,
    (MaybeCaller(caller), client): CallbackOf,
    RawQuery(query): RawQuery,
    method: Method,
    headers: HeaderMap,
    host: DialogHost,
) -> Result<Response, Problem> {
    // A prefetch or a HEAD request is not a person coming back, and would use up the state.
    let is_prefetch = PREFETCH_HEADERS.into_iter().any(|(name, value)| {
        headers.get(name).is_some_and(|given| given.as_bytes().to_ascii_lowercase().starts_with(value))
    });
    if is_prefetch || method != Method::GET {
        return Ok(StatusCode::METHOD_NOT_ALLOWED.into_response());
    }
    let query = query.unwrap_or_default();
    // In a task of its own: a browser that disconnects now must not abort it half-way.
    let browser = CallbackBrowser {
        signed_in: caller.map(|caller| caller.session),
        connect_tokens: client.connect_tokens,
    };
    let work = crate::tasks::spawn(async move { authorize::complete(&app, &browser, &query, host).await });
    let outcome = work.await.map_err(|error| {
        tracing::error!(%error, "the task that completes an authorization failed");
        Problem::Internal
    })??;
    let target = match outcome {
        CallbackOutcome::Finished { id, is_popup: true } => {
            format!("/connect/attempts/{id}?window=popup#main")
        }
        CallbackOutcome::Finished { id, is_popup: false } => format!("/connect/attempts/{id}#main"),
        CallbackOutcome::OfConnectSession(id) => connect_session::result_path(&id),
        CallbackOutcome::OfOtherBrowser => connect_session::ELSEWHERE.to_owned(),
        CallbackOutcome::Rejected(code) => format!("/connect/problems/{}#main", code.as_str()),
    };
    Ok(Redirect::to(&target).into_response())
}
