//! Signing in, registering, signing out.

use askama::Template;
use axum::extract::{Query, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use crate::accounts::error::AccountError;
use crate::accounts::sessions;
use crate::accounts::sign_in::{Attempt, sign_in};
use crate::accounts::sign_up::register;
use crate::app::App;
use crate::config::accounts::Registration;
use crate::web::extract::{ClientInfo, Fields, MaybeUser, cookie};
use crate::web::layout::{Layout, Section, page};
use crate::web::problem::Problem;

#[derive(Template)]
#[template(path = "auth.html")]
struct AuthPage {
    layout: Layout,
    is_new: bool,
    is_open: bool,
    next: String,
    email: String,
    /// Above the form.
    banner: &'static str,
    email_error: String,
    password_error: String,
}

#[derive(Debug, Deserialize)]
pub struct AuthQuery {
    next: Option<String>,
}

pub async fn show_login(
    State(app): State<App>,
    client: ClientInfo,
    MaybeUser(who): MaybeUser,
    Query(query): Query<AuthQuery>,
) -> Response {
    let next = safe_path(query.next.as_deref());
    if who.is_some() {
        return Redirect::to(&next).into_response();
    }
    page(&AuthPage::new(&app, &client, false, next))
}

pub async fn show_register(
    State(app): State<App>,
    client: ClientInfo,
    MaybeUser(who): MaybeUser,
    Query(query): Query<AuthQuery>,
) -> Response {
    let next = safe_path(query.next.as_deref());
    if who.is_some() {
        return Redirect::to(&next).into_response();
    }
    page(&AuthPage::new(&app, &client, true, next))
}

pub async fn login(
    State(app): State<App>,
    client: ClientInfo,
    MaybeUser(before): MaybeUser,
    fields: Fields,
) -> Result<Response, Problem> {
    let next = safe_path(Some(fields.one("next")));
    let attempt = Attempt {
        email: fields.one("email"),
        password: fields.one("password"),
        address: &client.address,
        device_token: client.device_token.as_deref(),
    };
    match sign_in(&app, attempt).await {
        Ok((user, is_known_device)) => {
            if let Some(before) = before {
                app.store.end_session(&before.user_id, &before.session_id).await?;
            }
            let device = client.device_token.as_deref().filter(|_| is_known_device);
            signed_in(&app, &client, &user.id, device, &next).await
        }
        Err(error) => refused(&app, &client, false, next, &fields, error),
    }
}

pub async fn create(
    State(app): State<App>,
    client: ClientInfo,
    MaybeUser(before): MaybeUser,
    fields: Fields,
) -> Result<Response, Problem> {
    let next = safe_path(Some(fields.one("next")));
    match register(&app, fields.one("email"), fields.one("password"), &client.address).await {
        Ok(user) => {
            if let Some(before) = before {
                app.store.end_session(&before.user_id, &before.session_id).await?;
            }
            signed_in(&app, &client, &user, None, &next).await
        }
        Err(error) => refused(&app, &client, true, next, &fields, error),
    }
}

pub async fn logout(State(app): State<App>, MaybeUser(who): MaybeUser) -> Result<Response, Problem> {
    if let Some(who) = who {
        app.store.end_session(&who.user_id, &who.session_id).await?;
    }
    let mut response = Redirect::to("/").into_response();
    set_cookie(&mut response, &cookie(&app, "session", "", 0));
    Ok(response)
}

async fn signed_in(
    app: &App,
    client: &ClientInfo,
    user: &metaads_store::UserId,
    device: Option<&str>,
    next: &str,
) -> Result<Response, Problem> {
    let browser = sessions::start(app, user, &client.user_agent, device).await?;
    let mut response = Redirect::to(next).into_response();
    set_cookie(&mut response, &cookie(app, "session", &browser.session_token, sessions::ABSOLUTE_TTL / 1000));
    set_cookie(&mut response, &cookie(app, "device", &browser.device_token, sessions::DEVICE_TTL / 1000));
    Ok(response)
}

pub(super) fn set_cookie(response: &mut Response, cookie: &str) {
    let value = HeaderValue::from_str(cookie).expect("cookies are made of our own visible letters");
    response.headers_mut().append(header::SET_COOKIE, value);
}

fn refused(
    app: &App,
    client: &ClientInfo,
    is_new: bool,
    next: String,
    fields: &Fields,
    error: AccountError,
) -> Result<Response, Problem> {
    let mut shown = AuthPage::new(app, client, is_new, next);
    shown.email = fields.one("email").chars().take(254).collect();
    let mut status = StatusCode::UNPROCESSABLE_ENTITY;
    match error {
        AccountError::NoMatch => shown.banner = "no_match",
        AccountError::RateLimited => {
            shown.banner = "throttled";
            status = StatusCode::TOO_MANY_REQUESTS;
        }
        AccountError::RegistrationClosed => {
            shown.banner = "closed";
            status = StatusCode::FORBIDDEN;
        }
        AccountError::InvalidEmail => {
            shown.email_error = "Enter an e-mail address such as you@company.example.".to_owned();
        }
        AccountError::EmailTaken => shown.banner = "taken",
        AccountError::Password(weak) => shown.password_error = weak.to_string(),
        AccountError::Store(error) => return Err(error.into()),
    }
    Ok((status, page(&shown)).into_response())
}

impl AuthPage {
    fn new(app: &App, client: &ClientInfo, is_new: bool, next: String) -> AuthPage {
        let title = if is_new { "Create an account" } else { "Sign in" };
        AuthPage {
            layout: Layout::new(app, client, None, Section::None, title),
            is_new,
            is_open: app.config.accounts.registration == Registration::Open,
            next,
            email: String::new(),
            banner: "",
            email_error: String::new(),
            password_error: String::new(),
        }
    }
}

/// Where to go after signing in: a path of ours, or the dashboard. Whatever a browser might take for
/// another site is not a path of ours.
pub fn safe_path(query: Option<&str>) -> String {
    let home = "/dashboard".to_owned();
    let Some(query) = query.filter(|query| query.len() <= 2000) else { return home };
    let is_plain = query.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    let base = url::Url::parse("https://own.invalid").expect("a constant URL");
    let stays = url::Url::options()
        .base_url(Some(&base))
        .parse(query)
        .is_ok_and(|url| url.origin() == base.origin() && url.username().is_empty());
    if query.starts_with('/') && !query.starts_with("//") && is_plain && stays {
        query.to_owned()
    } else {
        home
    }
}

#[cfg(test)]
mod tests {
    use super::safe_path;

    #[test]
    fn o12_only_paths_of_our_own_are_followed() {
        for good in ["/dashboard", "/connections/1?q=a%20b#x", "/", "/a//b"] {
            assert_eq!(safe_path(Some(good)), good);
        }
        for bad in [
            "//evil.test",
            "https:evil.test",
            "https://evil.test",
            "/\\evil.test",
            "\\\\evil.test",
            "/\t/evil.test",
            "javascript:alert(1)",
            "data:text/html,x",
            "/x\r\nSet-Cookie: a=b",
            "",
            "dashboard",
            " /x",
        ] {
            assert_eq!(safe_path(Some(bad)), "/dashboard", "{bad:?}");
        }
        // Not decoded: it stays a path on this host.
        assert_eq!(safe_path(Some("/%2f%2fevil.test")), "/%2f%2fevil.test");
    }
}
