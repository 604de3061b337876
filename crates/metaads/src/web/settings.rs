//! The user's own account: password, sessions, theme, deletion.

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use metaads_store::{SessionId, SignedIn};
use serde::Deserialize;

use crate::accounts::error::AccountError;
use crate::accounts::{close_account, sessions, sign_in};
use crate::app::App;
use crate::messages::format;
use crate::web::auth::set_cookie;
use crate::web::extract::{ClientInfo, Fields, User, cookie};
use crate::web::layout::{Layout, Section, page};
use crate::web::problem::Problem;

#[derive(Template)]
#[template(path = "settings.html")]
struct SettingsPage {
    layout: Layout,
    sessions: Vec<SessionRow>,
    notice: &'static str,
    old_error: &'static str,
    new_error: String,
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
    error: &'static str,
}

#[derive(Debug, Deserialize)]
pub struct SettingsQuery {
    notice: Option<String>,
}

pub async fn show(
    State(app): State<App>,
    client: ClientInfo,
    User(who): User,
    Query(query): Query<SettingsQuery>,
) -> Result<Response, Problem> {
    let notice = match query.notice.as_deref() {
        Some("password") => "Your password is changed. Other sessions were signed out.",
        Some("ended") => "That session is signed out.",
        Some("others") => "All other sessions are signed out.",
        Some("theme") => "The theme is set for this browser.",
        _ => "",
    };
    Ok(page(&settings(&app, &client, &who, notice).await?))
}

async fn settings(
    app: &App,
    client: &ClientInfo,
    who: &SignedIn,
    notice: &'static str,
) -> Result<SettingsPage, Problem> {
    let now = app.now();
    let rows = sessions::list(app, &who.user_id).await?.into_iter().map(|session| SessionRow {
        name: sessions::device_name(&session.user_agent),
        icon: if sessions::is_handheld(&session.user_agent) { "smartphone" } else { "monitor" },
        since: format::day(session.created_at, now),
        seen_iso: format::iso(session.last_seen_at),
        seen: format::day_and_time(session.last_seen_at),
        is_this: session.id == who.session_id,
        id: session.id.to_string(),
    });
    Ok(SettingsPage {
        layout: Layout::new(app, client, Some(who), Section::Settings, "Settings"),
        sessions: rows.collect(),
        notice,
        old_error: "",
        new_error: String::new(),
    })
}

pub async fn change_password(
    State(app): State<App>,
    client: ClientInfo,
    User(who): User,
    fields: Fields,
) -> Result<Response, Problem> {
    let changed = {
        let device = client.device_token.as_deref();
        sign_in::change_password(&app, &who, device, fields.one("old"), fields.one("new")).await
    };
    let mut shown = settings(&app, &client, &who, "").await?;
    match changed {
        Ok(()) => return Ok(Redirect::to("/settings?notice=password").into_response()),
        Err(AccountError::Password(weak)) => shown.new_error = weak.to_string(),
        Err(AccountError::Store(error)) => return Err(error.into()),
        Err(AccountError::RateLimited) => shown.old_error = "Too many attempts. Wait 15 minutes.",
        Err(_) => shown.old_error = "That is not your password.",
    }
    Ok((StatusCode::UNPROCESSABLE_ENTITY, page(&shown)).into_response())
}

pub async fn end_session(
    State(app): State<App>,
    User(who): User,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let id = SessionId::from_text(&id).ok_or(Problem::NotFound)?;
    if !app.store.end_session(&who.user_id, &id).await? {
        return Err(Problem::NotFound);
    }
    Ok(Redirect::to("/settings?notice=ended").into_response())
}

pub async fn end_others(State(app): State<App>, User(who): User) -> Result<Response, Problem> {
    app.store.end_other_sessions(&who.user_id, &who.session_id).await?;
    Ok(Redirect::to("/settings?notice=others").into_response())
}

pub async fn theme(State(app): State<App>, User(_): User, fields: Fields) -> Result<Response, Problem> {
    let (value, seconds) = match fields.one("theme") {
        "light" => ("light", 365 * 86_400),
        "dark" => ("dark", 365 * 86_400),
        "device" => ("", 0),
        _ => return Err(Problem::Invalid),
    };
    let mut response = Redirect::to("/settings?notice=theme").into_response();
    set_cookie(&mut response, &cookie(&app, "theme", value, seconds));
    Ok(response)
}

pub async fn show_delete(
    State(app): State<App>,
    client: ClientInfo,
    User(who): User,
) -> Result<Response, Problem> {
    Ok(page(&delete_page(&app, &client, &who, "").await?))
}

async fn delete_page(
    app: &App,
    client: &ClientInfo,
    who: &SignedIn,
    error: &'static str,
) -> Result<DeletePage, Problem> {
    let number = app.store.list_connections(&who.workspace_id).await?.len();
    Ok(DeletePage {
        layout: Layout::new(app, client, Some(who), Section::Settings, "Delete your account?"),
        connections: format::plural(i64::try_from(number).unwrap_or_default(), "connection", "connections"),
        error,
    })
}

pub async fn delete(
    State(app): State<App>,
    client: ClientInfo,
    User(who): User,
    fields: Fields,
) -> Result<Response, Problem> {
    let error = match close_account::close_account(&app, &who, fields.one("password")).await {
        Ok(()) => {
            let mut response = Redirect::to("/").into_response();
            set_cookie(&mut response, &cookie(&app, "session", "", 0));
            set_cookie(&mut response, &cookie(&app, "device", "", 0));
            return Ok(response);
        }
        Err(AccountError::Store(error)) => return Err(error.into()),
        Err(AccountError::RateLimited) => "Too many attempts. Wait 15 minutes.",
        Err(_) => "That is not your password.",
    };
    let shown = delete_page(&app, &client, &who, error).await?;
    Ok((StatusCode::UNPROCESSABLE_ENTITY, page(&shown)).into_response())
}
