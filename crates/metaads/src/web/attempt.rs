//! A connect attempt (an authorization) as the person sees it: waiting, syncing, and every way it can end.

use std::time::Duration;

use askama::Template;
use axum::Json;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use metaads_store::{
    Authorization, AuthorizationId, AuthorizationStatus, ConnectionSummary, Login, SyncState,
};
use serde::Deserialize;
use serde_json::json;

use crate::app::App;
use crate::clock::{MINUTE, ms};
use crate::codes::error_code::Code;
use crate::connections::connect::authorize;
use crate::http::caller::{Caller, MaybeCaller};
use crate::http::client_info::ClientInfo;
use crate::http::middleware;
use crate::http::problem::{Problem, support_id};
use crate::messages::connection_label::place;
use crate::web::connect;
use crate::web::connected_page::{ConnectedPage, PermissionsQuestion};
use crate::web::layout::{Layout, Section, page};
use crate::web::problem_page::{FailedAttempt, ProblemPage, act_for};

/// How long a long poll waits for a change.
const MAX_WAIT: Duration = Duration::from_secs(20);
const POLL_INTERVAL: Duration = Duration::from_millis(300);
/// The same while there are many long polls: a change by this process still wakes them at once.
const SLOW_POLL_INTERVAL: Duration = Duration::from_secs(2);

#[derive(Template)]
#[template(path = "waiting.html")]
struct WaitingPage {
    layout: Layout,
    attempt: String,
    version: String,
    is_consumed: bool,
    /// Facebook or Instagram.
    place: &'static str,
    connect_path: &'static str,
    is_business: bool,
    reconnects: String,
    minutes: i64,
}

#[derive(Debug, Deserialize)]
pub struct AttemptQuery {
    /// `popup`: this page is in the popup, and closes it.
    window: Option<String>,
    /// The version that the client has seen; the answer waits for another one.
    seen: Option<String>,
    /// Continue without the missing permissions.
    without: Option<String>,
}

pub async fn show(
    State(app): State<App>,
    client: ClientInfo,
    caller: Caller,
    Path(id): Path<String>,
    Query(query): Query<AttemptQuery>,
) -> Result<Response, Problem> {
    let seen = query.seen.as_deref();
    let (authorization, connection) = poll(&app, &caller, &id, seen, Granularity::Status).await?;
    let keeps_opener = authorization.is_popup;
    let mut response = shown(&app, &client, &caller, (authorization, connection), &query).await?;
    if keeps_opener {
        middleware::keep_opener(&mut response);
    }
    Ok(response)
}

/// The page of the attempt's state.
async fn shown(
    app: &App,
    client: &ClientInfo,
    caller: &Caller,
    (authorization, connection): (Authorization, Option<ConnectionSummary>),
    query: &AttemptQuery,
) -> Result<Response, Problem> {
    let is_popup = query.window.as_deref() == Some("popup");
    let layout = Layout::new(app, client, Some(caller), Section::Connections).await?;
    let version = version(&authorization, connection.as_ref());
    let is_waiting =
        matches!(authorization.status, AuthorizationStatus::Pending | AuthorizationStatus::Consumed);
    if is_waiting && !is_expired(app, &authorization) {
        return Ok(page(&WaitingPage {
            layout,
            attempt: authorization.id.to_string(),
            version,
            is_consumed: authorization.status == AuthorizationStatus::Consumed,
            place: place(authorization.login),
            connect_path: connect::path(authorization.login),
            is_business: authorization.login == Login::Business,
            reconnects: authorization.reconnects.map_or_else(String::new, |id| id.to_string()),
            minutes: (authorization.expires_at - app.now() + MINUTE - 1) / MINUTE,
        }));
    }
    match (authorization.status, connection) {
        (AuthorizationStatus::Completed, Some(connection)) => {
            let question = match query.without {
                Some(_) => PermissionsQuestion::Skipped,
                None => PermissionsQuestion::Asked,
            };
            let shown = ConnectedPage::new(app, layout, &authorization, &connection, question).await?;
            Ok(page(&ConnectedPage { version, is_popup, ..shown }))
        }
        // The connection was removed meanwhile.
        (AuthorizationStatus::Completed, None) => Ok(Redirect::to("/dashboard").into_response()),
        (
            AuthorizationStatus::Pending
            | AuthorizationStatus::Consumed
            | AuthorizationStatus::Failed
            | AuthorizationStatus::Cancelled,
            _,
        ) => Ok(page(&failed(app, layout, &authorization, is_popup))),
    }
}

fn failed(app: &App, layout: Layout, authorization: &Authorization, is_popup: bool) -> ProblemPage {
    let support_id = support_id(authorization.id.as_str());
    let reconnects = authorization.reconnects.as_ref().map(ToString::to_string);
    let attempt = FailedAttempt {
        reconnects: reconnects.unwrap_or_default(),
        login: authorization.login,
        detail: authorization.detail.as_deref().and_then(|text| serde_json::from_str(text).ok()),
        is_popup,
    };
    ProblemPage::for_attempt(layout, code_of(app, authorization), support_id, attempt)
}

/// The attempt as JSON, for the script: a long poll like the page.
pub async fn status(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    Query(query): Query<AttemptQuery>,
) -> Result<Response, Problem> {
    let seen = query.seen.as_deref();
    let (authorization, connection) = poll(&app, &caller, &id, seen, Granularity::Progress).await?;
    let is_waiting =
        matches!(authorization.status, AuthorizationStatus::Pending | AuthorizationStatus::Consumed);
    let syncing = connection.as_ref().filter(|connection| connection.sync_state == SyncState::Running);
    Ok(Json(json!({
        "version": version(&authorization, connection.as_ref()),
        "is_waiting": is_waiting && !is_expired(&app, &authorization),
        "is_consumed": authorization.status == AuthorizationStatus::Consumed,
        "is_reading": syncing.is_some(),
        "done": connection.as_ref().map(|connection| connection.sync_done),
        "total": connection.as_ref().and_then(|connection| connection.sync_total),
    }))
    .into_response())
}

/// The cancel button, which works while Meta is being asked too.
pub async fn cancel(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let id = AuthorizationId::from_text(&id).ok_or(Problem::NotFound)?;
    if !authorize::cancel(&app, &caller.session, &id).await? {
        return Err(Problem::NotFound);
    }
    Ok(Redirect::to(&format!("/connect/attempts/{id}")).into_response())
}

/// A callback that belonged to no attempt of this browser.
pub async fn problem(
    State(app): State<App>,
    client: ClientInfo,
    MaybeCaller(caller): MaybeCaller,
    Path(code): Path<String>,
) -> Result<Response, Problem> {
    let code = Code::from_text(&code).ok_or(Problem::NotFound)?;
    let layout = Layout::new(&app, &client, caller.as_ref(), Section::Connections).await?;
    let act = act_for(caller.as_ref(), code);
    let support_id = support_id(&app.new_row_id());
    tracing::warn!(code = code.as_str(), support_id, "a callback was refused");
    Ok(page(&ProblemPage::new(layout, code, act, Some(support_id))))
}

/// Which changes end a long poll.
#[derive(Debug, Clone, Copy)]
enum Granularity {
    /// Every further ad account: the script shows the progress.
    Progress,
    /// Another status only: nobody wants to press "Check again" for every hundred accounts.
    Status,
}

impl Granularity {
    fn is_changed(self, seen: &str, now: &str) -> bool {
        let status = |version: &str| version.trim_end_matches(|end: char| end.is_ascii_digit()).to_owned();
        match self {
            Granularity::Progress => seen != now,
            Granularity::Status => status(seen) != status(now),
        }
    }
}

/// The attempt and its connection; with `seen`, waits for another version, until the time is over, or until the service
/// has to answer: then the version is still the same.
async fn poll(
    app: &App,
    caller: &Caller,
    id: &str,
    seen: Option<&str>,
    granularity: Granularity,
) -> Result<(Authorization, Option<ConnectionSummary>), Problem> {
    let id = AuthorizationId::from_text(id).ok_or(Problem::NotFound)?;
    let until = app.now() + ms(MAX_WAIT);
    let long_polls = &app.concurrency().long_polls;
    let mut shedding = std::pin::pin!(long_polls.shedding());
    let waiting = match seen {
        Some(_) => long_polls.begin(caller.user_id.as_str()).await,
        None => None,
    };
    let mut must_answer = waiting.is_none();
    loop {
        // Before reading, so that a change made meanwhile wakes us.
        let progress = app.signals.connecting.notified();
        let found = app.store.find_authorization(&caller.user_id, &id).await?.ok_or(Problem::NotFound)?;
        let connection = match &found.connection_id {
            Some(connection) => {
                app.store.find_connection_summary(&caller.session.workspace_id, connection).await?
            }
            None => None,
        };
        let now = version(&found, connection.as_ref());
        let is_news = seen.is_none_or(|seen| granularity.is_changed(seen, &now));
        if is_news || must_answer || app.now() >= until {
            return Ok((found, connection));
        }
        let interval = if long_polls.are_many() { SLOW_POLL_INTERVAL } else { POLL_INTERVAL };
        tokio::select! {
            () = progress => {}
            () = &mut shedding => must_answer = true,
            // Another replica may have made the change.
            () = app.clock.sleep(interval) => {}
        }
    }
}

/// Changes whenever there is something new to show. Ends with the progress of the sync.
fn version(authorization: &Authorization, connection: Option<&ConnectionSummary>) -> String {
    let sync = connection.map_or_else(String::new, |connection| {
        format!("-{}-{}", connection.sync_state.as_str(), connection.sync_done)
    });
    format!("{}{sync}", authorization.status.as_str())
}

/// Whether it has expired, even if its row does not say so yet.
fn is_expired(app: &App, authorization: &Authorization) -> bool {
    authorization.expires_at <= app.now()
}

fn code_of(app: &App, authorization: &Authorization) -> Code {
    match authorization.status {
        AuthorizationStatus::Pending if is_expired(app, authorization) => Code::StateExpired,
        AuthorizationStatus::Cancelled => Code::Cancelled,
        _ => authorization.outcome.as_deref().and_then(Code::from_text).unwrap_or(Code::MetaUnavailable),
    }
}
