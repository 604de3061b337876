//! The user's own account: password, sessions, theme, deletion.

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use metaads_store::{SessionId, SignedIn};
use serde::Deserialize;

use super::entry::set_cookie;
use super::extract::{Fields, User, Visit, cookie};
use super::frame::{Frame, Section, page};
use super::problem::Problem;
use crate::accounts::{AccountError, closing, sessions, sign_in};
use crate::app::App;
use crate::words;

#[derive(Template)]
#[template(path = "settings.html")]
struct SettingsPage {
    frame: Frame,
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
    frame: Frame,
    connections: String,
    error: &'static str,
}

#[derive(Debug, Deserialize)]
pub struct Wanted {
    notice: Option<String>,
}

pub async fn show(
    State(app): State<App>,
    visit: Visit,
    User(who): User,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Problem> {
    let notice = match wanted.notice.as_deref() {
        Some("password") => "Your password is changed. Other sessions were signed out.",
        Some("ended") => "That session is signed out.",
        Some("others") => "All other sessions are signed out.",
        Some("theme") => "The theme is set for this browser.",
        _ => "",
    };
    Ok(page(&settings(&app, &visit, &who, notice).await?))
}

async fn settings(
    app: &App,
    visit: &Visit,
    who: &SignedIn,
    notice: &'static str,
) -> Result<SettingsPage, Problem> {
    let now = app.now();
    let rows = sessions::list(app, &who.user_id).await?.into_iter().map(|session| SessionRow {
        name: sessions::device_name(&session.user_agent),
        icon: if sessions::is_handheld(&session.user_agent) { "smartphone" } else { "monitor" },
        since: words::day(session.created_at, now),
        seen_iso: words::iso(session.last_seen_at),
        seen: words::day_and_time(session.last_seen_at),
        is_this: session.id == who.session_id,
        id: session.id.to_string(),
    });
    Ok(SettingsPage {
        frame: Frame::new(app, visit, Some(who), Section::Settings, "Settings"),
        sessions: rows.collect(),
        notice,
        old_error: "",
        new_error: String::new(),
    })
}

pub async fn change_password(
    State(app): State<App>,
    visit: Visit,
    User(who): User,
    fields: Fields,
) -> Result<Response, Problem> {
    let changed = {
        let device = visit.device_token.as_deref();
        sign_in::change_password(&app, &who, device, fields.one("old"), fields.one("new")).await
    };
    let mut shown = settings(&app, &visit, &who, "").await?;
    match changed {
        Ok(()) => return Ok(Redirect::to("/settings?notice=password").into_response()),
        Err(AccountError::Password(weak)) => shown.new_error = weak.to_string(),
        Err(AccountError::Store(error)) => return Err(error.into()),
        Err(AccountError::Throttled) => shown.old_error = "Too many attempts. Wait 15 minutes.",
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

pub async fn show_delete(State(app): State<App>, visit: Visit, User(who): User) -> Result<Response, Problem> {
    Ok(page(&delete_page(&app, &visit, &who, "").await?))
}

async fn delete_page(
    app: &App,
    visit: &Visit,
    who: &SignedIn,
    error: &'static str,
) -> Result<DeletePage, Problem> {
    let number = app.store.list_connections(&who.user_id).await?.len();
    Ok(DeletePage {
        frame: Frame::new(app, visit, Some(who), Section::Settings, "Delete your account?"),
        connections: words::plural(i64::try_from(number).unwrap_or_default(), "connection", "connections"),
        error,
    })
}

pub async fn delete(
    State(app): State<App>,
    visit: Visit,
    User(who): User,
    fields: Fields,
) -> Result<Response, Problem> {
    let error = match closing::delete_account(&app, &who, fields.one("password")).await {
        Ok(()) => {
            let mut response = Redirect::to("/").into_response();
            set_cookie(&mut response, &cookie(&app, "session", "", 0));
            set_cookie(&mut response, &cookie(&app, "device", "", 0));
            return Ok(response);
        }
        Err(AccountError::Store(error)) => return Err(error.into()),
        Err(AccountError::Throttled) => "Too many attempts. Wait 15 minutes.",
        Err(_) => "That is not your password.",
    };
    let shown = delete_page(&app, &visit, &who, error).await?;
    Ok((StatusCode::UNPROCESSABLE_ENTITY, page(&shown)).into_response())
}
