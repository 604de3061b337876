//! Asking for the password again before an action that a stolen session must not do. The form repeats the action, so it
//! works without scripts.

use askama::Template;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use crate::accounts::error::AccountError;
use crate::accounts::{sessions, sign_in};
use crate::app::App;
use crate::http::caller::Caller;
use crate::http::client_info::ClientInfo;
use crate::http::form_fields::FormFields;
use crate::http::problem::Problem;
use crate::messages::account_errors;
use crate::web::layout::{Layout, Section, page};

#[derive(Template)]
#[template(path = "confirm.html")]
struct ConfirmPage {
    layout: Layout,
    /// Where the form goes: the action itself.
    path: String,
    /// "sign out the other browsers".
    what: &'static str,
    /// Below the field; may be empty.
    error: &'static str,
    /// Fields of the action that the form repeats.
    kept: Vec<(String, String)>,
}

/// None if the caller may go on: the password was entered a moment ago, or is in this form. Else the page that asks.
pub async fn ask(
    app: &App,
    client: &ClientInfo,
    caller: &Caller,
    action: (String, &'static str),
    password: &str,
) -> Result<Option<Response>, Problem> {
    confirm(app, client, caller, action, (password, Vec::new())).await
}

/// The same for an action with fields: the page that asks repeats the `kept` ones.
pub async fn ask_keeping(
    app: &App,
    client: &ClientInfo,
    caller: &Caller,
    action: (String, &'static str),
    (fields, kept): (&FormFields, &[&str]),
) -> Result<Option<Response>, Problem> {
    let kept =
        kept.iter().flat_map(|name| fields.all(name).into_iter().map(|value| ((*name).to_owned(), value)));
    confirm(app, client, caller, action, (fields.one("password"), kept.collect())).await
}

async fn confirm(
    app: &App,
    client: &ClientInfo,
    caller: &Caller,
    (path, what): (String, &'static str),
    (password, kept): (&str, Vec<(String, String)>),
) -> Result<Option<Response>, Problem> {
    if sessions::is_confirmed(app, &caller.session) {
        return Ok(None);
    }
    let (status, error) = if password.is_empty() {
        (StatusCode::FORBIDDEN, "")
    } else {
        match sign_in::confirm_password(app, &caller.session, password, &client.origin()).await {
            Ok(()) => return Ok(None),
            Err(error) => (StatusCode::UNPROCESSABLE_ENTITY, password_error(error)?),
        }
    };
    let mut layout = Layout::new(app, client, Some(caller), Section::Settings).await?;
    layout.is_refused = !error.is_empty();
    Ok(Some((status, page(&ConfirmPage { layout, path, what, error, kept })).into_response()))
}

/// Why the current password was not accepted.
pub(super) fn password_error(error: AccountError) -> Result<&'static str, Problem> {
    match error {
        AccountError::RateLimited => Ok(account_errors::TOO_MANY_ATTEMPTS),
        AccountError::LastAdmin => Ok(account_errors::LAST_ADMIN),
        AccountError::Busy(busy) => Err(busy.into()),
        AccountError::Store(error) => Err(error.into()),
        AccountError::NoMatch
        | AccountError::LinkGone
        | AccountError::InvalidEmail
        | AccountError::EmailTaken
        | AccountError::Password(_)
        | AccountError::RegistrationClosed => Ok(account_errors::WRONG_PASSWORD),
    }
}
