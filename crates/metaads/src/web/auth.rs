//! The pages for signing in and registering, and signing out.

use askama::Template;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use metaads_store::UserId;
use serde::Deserialize;

use crate::accounts::error::AccountError;
use crate::accounts::sessions;
use crate::accounts::sign_in::{Attempt, sign_in};
use crate::accounts::sign_up::register;
use crate::app::App;
use crate::codes::notice::Notice;
use crate::config::accounts::Registration;
use crate::http::caller::{Caller, MAX_NEXT_BYTES, MaybeCaller};
use crate::http::client_info::{ClientInfo, OwnCookie};
use crate::http::form_fields::FormFields;
use crate::http::problem::Problem;
use crate::messages::account_errors;
use crate::web::layout::{Layout, page};
use crate::web::notice_view;

#[derive(Template)]
#[template(path = "auth.html")]
struct AuthPage {
    layout: Layout,
    form: AuthForm,
    registration: Registration,
    /// Where to go after signing in.
    next: String,
    email: String,
    /// Above the form.
    banner: Option<Banner>,
    /// Below their fields; may be empty.
    email_error: &'static str,
    password_error: &'static str,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum AuthForm {
    SignIn,
    Register,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Banner {
    NoMatch,
    RateLimited,
    EmailTaken,
}

#[derive(Debug, Deserialize)]
pub struct AuthQuery {
    next: Option<String>,
}

pub async fn show_login(
    State(app): State<App>,
    client: ClientInfo,
    MaybeCaller(caller): MaybeCaller,
    Query(query): Query<AuthQuery>,
) -> Response {
    show_form(&app, &client, caller.as_ref(), &query, AuthForm::SignIn).unwrap_or_else(Problem::into_response)
}

pub async fn show_register(
    State(app): State<App>,
    client: ClientInfo,
    MaybeCaller(caller): MaybeCaller,
    Query(query): Query<AuthQuery>,
) -> Response {
    show_form(&app, &client, caller.as_ref(), &query, AuthForm::Register)
        .unwrap_or_else(Problem::into_response)
}

/// Somebody who is signed in already goes on to where they wanted to go.
fn show_form(
    app: &App,
    client: &ClientInfo,
    caller: Option<&Caller>,
    query: &AuthQuery,
    form: AuthForm,
) -> Result<Response, Problem> {
    let next = next_path(query.next.as_deref())?;
    if caller.is_some() {
        return Ok(Redirect::to(&next).into_response());
    }
    Ok(page(&AuthPage::new(app, client, form, next)))
}

pub async fn login(
    State(app): State<App>,
    client: ClientInfo,
    MaybeCaller(previous): MaybeCaller,
    fields: FormFields,
) -> Result<Response, Problem> {
    let next = next_path(Some(fields.one("next")))?;
    let attempt = Attempt {
        email: fields.one("email"),
        password: fields.one("password"),
        origin: &client.origin(),
        device_token: client.device_token.as_deref(),
    };
    match sign_in(&app, attempt).await {
        Ok((user, is_known_device)) => {
            let device = client.device_token.as_deref().filter(|_| is_known_device);
            let response = start_session(&app, &client, previous.as_ref(), &user.id, device, &next).await?;
            Ok(notice_view::show_next(&app, response, Notice::SignedIn))
        }
        Err(error) => refused(&app, &client, AuthForm::SignIn, next, &fields, error),
    }
}

pub async fn create(
    State(app): State<App>,
    client: ClientInfo,
    MaybeCaller(previous): MaybeCaller,
    fields: FormFields,
) -> Result<Response, Problem> {
    let next = next_path(Some(fields.one("next")))?;
    match register(&app, fields.one("email"), fields.one("password"), &client.origin()).await {
        Ok(user) => {
            let response = start_session(&app, &client, previous.as_ref(), &user, None, &next).await?;
            Ok(notice_view::show_next(&app, response, Notice::Registered))
        }
        Err(error) => refused(&app, &client, AuthForm::Register, next, &fields, error),
    }
}

pub async fn logout(
    State(app): State<App>,
    client: ClientInfo,
    MaybeCaller(caller): MaybeCaller,
) -> Result<Response, Problem> {
    if let Some(caller) = caller {
        sessions::end(&app, &caller.session, &client.origin()).await?;
    }
    let mut response = Redirect::to("/").into_response();
    OwnCookie::Session.set(&app, &mut response, "", 0);
    Ok(notice_view::show_next(&app, response, Notice::SignedOut))
}

/// Signs the user in, and redirects.
pub(super) async fn start_session(
    app: &App,
    client: &ClientInfo,
    previous: Option<&Caller>,
    user: &UserId,
    device: Option<&str>,
    next: &str,
) -> Result<Response, Problem> {
    let previous = previous.map(|caller| &caller.session);
    let browser = sessions::replace(app, previous, user, &client.user_agent, device).await?;
    let mut response = Redirect::to(next).into_response();
    let (session_seconds, device_seconds) = (sessions::ABSOLUTE_TTL / 1000, sessions::DEVICE_TTL / 1000);
    OwnCookie::Session.set(app, &mut response, &browser.session_token, session_seconds);
    OwnCookie::Device.set(app, &mut response, &browser.device_token, device_seconds);
    Ok(response)
}

fn refused(
    app: &App,
    client: &ClientInfo,
    form: AuthForm,
    next: String,
    fields: &FormFields,
    error: AccountError,
) -> Result<Response, Problem> {
    let mut shown = AuthPage::new(app, client, form, next);
    shown.layout.is_refused = true;
    shown.email = fields.one("email").chars().take(254).collect();
    let mut status = StatusCode::UNPROCESSABLE_ENTITY;
    match error {
        AccountError::NoMatch | AccountError::LinkGone | AccountError::LastAdmin => {
            shown.banner = Some(Banner::NoMatch);
        }
        AccountError::RateLimited => {
            shown.banner = Some(Banner::RateLimited);
            status = StatusCode::TOO_MANY_REQUESTS;
        }
        // The page says so by itself.
        AccountError::RegistrationClosed => status = StatusCode::FORBIDDEN,
        AccountError::InvalidEmail => shown.email_error = account_errors::INVALID_EMAIL,
        AccountError::EmailTaken => shown.banner = Some(Banner::EmailTaken),
        AccountError::Password(weak) => shown.password_error = account_errors::weak_password(weak),
        AccountError::Busy(busy) => return Err(busy.into()),
        AccountError::Store(error) => return Err(error.into()),
    }
    Ok((status, page(&shown)).into_response())
}

impl AuthPage {
    fn new(app: &App, client: &ClientInfo, form: AuthForm, next: String) -> AuthPage {
        AuthPage {
            layout: Layout::signed_out(app, client),
            form,
            registration: app.config.accounts.registration,
            next,
            email: String::new(),
            banner: None,
            email_error: "",
            password_error: "",
        }
    }

    fn is_new(&self) -> bool {
        self.form == AuthForm::Register
    }
}

/// Where to go after signing in. Text that is longer than any address of ours is refused, not shown again.
fn next_path(text: Option<&str>) -> Result<String, Problem> {
    match text {
        Some(text) if text.len() > MAX_NEXT_BYTES => Err(Problem::Rejected(StatusCode::URI_TOO_LONG)),
        Some(_) | None => Ok(safe_path(text)),
    }
}

/// Where to go after signing in: a path on this site, else the dashboard. Text that a browser could read as another
/// site's address is not such a path.
fn safe_path(query: Option<&str>) -> String {
    let home = "/dashboard".to_owned();
    let Some(query) = query else { return home };
    let is_plain = query.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    let base = url::Url::parse("https://own.invalid").expect("a constant valid URL");
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
    fn only_paths_on_this_site_are_followed() {
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
