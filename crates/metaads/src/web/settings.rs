//! The user's own account: password, sessions, theme, deletion.

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use metaads_store::{LastAdmin, SessionId};
use serde::Deserialize;

use crate::accounts::error::AccountError;
use crate::accounts::{close_account, events, sessions, sign_in};
use crate::app::App;
use crate::clock::DAY;
use crate::codes::notice::Notice;
use crate::http::caller::Caller;
use crate::http::client_info::{ClientInfo, OwnCookie};
use crate::http::form_fields::FormFields;
use crate::http::problem::Problem;
use crate::messages::account_errors;
use crate::messages::format;
use crate::web::account_event_view::AccountEventRow;
use crate::web::confirm::{self, password_error};
use crate::web::layout::{Layout, Section, page};
use crate::web::notice_view::{self, NoticeView};

/// Lines of "Recent activity".
const RECENT_EVENTS: i64 = 20;

#[derive(Template)]
#[template(path = "settings.html")]
struct SettingsPage {
    layout: Layout,
    sessions: Vec<SessionRow>,
    activity: Vec<AccountEventRow>,
    notice: Option<NoticeView>,
    /// Below their fields; may be empty.
    old_error: &'static str,
    new_error: &'static str,
}

struct SessionRow {
    id: String,
    name: String,
    icon: &'static str,
    since: String,
    seen_iso: String,
    seen: String,
    is_this: bool,
}

#[derive(Template)]
#[template(path = "delete_account.html")]
struct DeletePage {
    layout: Layout,
    connections: String,
    has_connections: bool,
    /// Nobody else is an admin: the form asks to confirm that.
    is_last_admin: bool,
    error: &'static str,
}

#[derive(Debug, Deserialize)]
pub struct SettingsQuery {
    notice: Option<String>,
}

pub async fn show(
    State(app): State<App>,
    client: ClientInfo,
    caller: Caller,
    Query(query): Query<SettingsQuery>,
) -> Result<Response, Problem> {
    let done = NoticeView::of(&client, query.notice.as_deref());
    Ok(page(&settings(&app, &client, &caller, done).await?))
}

async fn settings(
    app: &App,
    client: &ClientInfo,
    caller: &Caller,
    notice: Option<NoticeView>,
) -> Result<SettingsPage, Problem> {
    let now = app.now();
    let rows = sessions::list(app, &caller.user_id).await?.into_iter().map(|session| SessionRow {
        name: sessions::device_name(&session.user_agent),
        icon: if sessions::is_handheld(&session.user_agent) { "smartphone" } else { "monitor" },
        since: format::day(session.created_at, now),
        seen_iso: format::iso(session.last_seen_at),
        seen: format::day_and_time(session.last_seen_at),
        is_this: session.id == caller.session.session_id,
        id: session.id.to_string(),
    });
    let events = events::list(app, Some(&caller.user_id), RECENT_EVENTS).await?;
    Ok(SettingsPage {
        layout: Layout::new(app, client, Some(caller), Section::Settings).await?,
        sessions: rows.collect(),
        activity: events.iter().map(AccountEventRow::new).collect(),
        notice,
        old_error: "",
        new_error: "",
    })
}

pub async fn change_password(
    State(app): State<App>,
    client: ClientInfo,
    caller: Caller,
    fields: FormFields,
) -> Result<Response, Problem> {
    let device = client.device_token.as_deref();
    let (passwords, origin) = ((fields.one("old"), fields.one("new")), client.origin());
    let changed = sign_in::change_password(&app, &caller.session, device, passwords, &origin);
    let Err(error) = changed.await else {
        return Ok(done(Notice::PasswordChanged).into_response());
    };
    let mut shown = settings(&app, &client, &caller, None).await?;
    shown.layout.is_refused = true;
    match error {
        AccountError::Password(weak) => shown.new_error = account_errors::weak_password(weak),
        error => shown.old_error = password_error(error)?,
    }
    Ok((StatusCode::UNPROCESSABLE_ENTITY, page(&shown)).into_response())
}

/// Back to the settings, with a notice.
fn done(notice: Notice) -> Redirect {
    Redirect::to(&format!("/settings?notice={}", notice.as_str()))
}

pub async fn end_session(
    State(app): State<App>,
    client: ClientInfo,
    caller: Caller,
    Path(id): Path<String>,
    fields: FormFields,
) -> Result<Response, Problem> {
    let id = SessionId::from_text(&id).ok_or(Problem::NotFound)?;
    let action = (format!("/settings/sessions/{id}/end"), "sign out that browser");
    if let Some(question) = confirm::ask(&app, &client, &caller, action, fields.one("password")).await? {
        return Ok(question);
    }
    if !sessions::end_by_id(&app, &caller.user_id, &id, &client.origin()).await? {
        return Err(Problem::NotFound);
    }
    Ok(done(Notice::SessionEnded).into_response())
}

pub async fn end_others(
    State(app): State<App>,
    client: ClientInfo,
    caller: Caller,
    fields: FormFields,
) -> Result<Response, Problem> {
    let action = ("/settings/sessions/end-others".to_owned(), "sign out the other browsers");
    if let Some(question) = confirm::ask(&app, &client, &caller, action, fields.one("password")).await? {
        return Ok(question);
    }
    sessions::end_others(&app, &caller.session, &client.origin()).await?;
    Ok(done(Notice::OtherSessionsEnded).into_response())
}

pub async fn theme(State(app): State<App>, _: Caller, fields: FormFields) -> Result<Response, Problem> {
    let (value, seconds) = match fields.one("theme") {
        "light" => ("light", 365 * DAY / 1_000),
        "dark" => ("dark", 365 * DAY / 1_000),
        "device" => ("", 0),
        _ => return Err(Problem::Invalid),
    };
    let mut response = done(Notice::ThemeSaved).into_response();
    OwnCookie::Theme.set(&app, &mut response, value, seconds);
    Ok(response)
}

pub async fn show_delete(
    State(app): State<App>,
    client: ClientInfo,
    caller: Caller,
) -> Result<Response, Problem> {
    Ok(page(&delete_page(&app, &client, &caller, "").await?))
}

async fn delete_page(
    app: &App,
    client: &ClientInfo,
    caller: &Caller,
    error: &'static str,
) -> Result<DeletePage, Problem> {
    let number = app.store.list_connections(&caller.session.workspace_id).await?.len();
    Ok(DeletePage {
        layout: Layout::new(app, client, Some(caller), Section::Settings).await?,
        is_last_admin: app.store.is_last_admin(&caller.user_id).await?,
        connections: format::plural(i64::try_from(number).unwrap_or_default(), "connection", "connections"),
        has_connections: number > 0,
        error,
    })
}

pub async fn delete(
    State(app): State<App>,
    client: ClientInfo,
    caller: Caller,
    fields: FormFields,
) -> Result<Response, Problem> {
    let last = if fields.has("last_admin") { LastAdmin::MayLeave } else { LastAdmin::Keep };
    let (password, origin) = (fields.one("password"), client.origin());
    let error = match close_account::close_account(&app, &caller.session, password, last, &origin).await {
        Ok(()) => {
            let mut response = Redirect::to("/").into_response();
            OwnCookie::Session.set(&app, &mut response, "", 0);
            OwnCookie::Device.set(&app, &mut response, "", 0);
            return Ok(notice_view::show_next(&app, response, Notice::AccountDeleted));
        }
        Err(error) => password_error(error)?,
    };
    let mut shown = delete_page(&app, &client, &caller, error).await?;
    shown.layout.is_refused = true;
    Ok((StatusCode::UNPROCESSABLE_ENTITY, page(&shown)).into_response())
}
