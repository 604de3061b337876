//! The dialog without a browser, for `Control::authorize`.

use super::answer::Answer;
use super::authorize::settle;
use super::pages;
use super::request::{ErrorPage, validate, validate_instagram};
use crate::http::request::Params;
use crate::state::shared::SharedState;

/// The dialog without a browser.
pub(crate) fn by_hand(shared: &SharedState, dialog_url: &str, answer: &Answer) -> String {
    if shared.current_outage().is_some() {
        return format!("error-page: {}: {}", pages::OUTAGE_TITLE, pages::OUTAGE_TEXT);
    }
    let query = dialog_url.split_once('?').map_or("", |(_, query)| query);
    let params = Params::from_form(query.as_bytes());
    let asked = match dialog_url.contains("/oauth/authorize?") {
        true => validate_instagram(shared, &params),
        false => validate(shared, &params),
    };
    match asked {
        Ok(ask) => settle(shared, &ask, answer),
        Err(ErrorPage(title, text)) => format!("error-page: {title}: {text}"),
    }
}
