//! The dialog without a browser, for `Control::authorize`.

use super::answer::Answer;
use super::authorize::complete;
use super::login_request::{ErrorPage, validate, validate_instagram};
use super::pages;
use crate::http::params::Params;
use crate::state::shared::SharedState;

/// The URL the browser would be redirected to, or `error-page: ` and the text of the error page.
pub(crate) fn answer_url(shared: &SharedState, dialog_url: &str, answer: &Answer) -> String {
    if shared.current_outage().is_some() {
        return format!("error-page: {}: {}", pages::OUTAGE_TITLE, pages::OUTAGE_TEXT);
    }
    let query = dialog_url.split_once('?').map_or("", |(_, query)| query);
    let params = Params::from_form(query.as_bytes());
    let login = match dialog_url.contains("/oauth/authorize?") {
        true => validate_instagram(shared, &params),
        false => validate(shared, &params),
    };
    match login {
        Ok(login) => complete(shared, &login, answer),
        Err(ErrorPage(title, text)) => format!("error-page: {title}: {text}"),
    }
}
