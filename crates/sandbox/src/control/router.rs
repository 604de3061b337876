//! The routes under `/_control`. A form gets a redirect back to the page; JSON gets JSON.

use std::sync::Arc;

use axum::http::request::Parts;
use serde_json::json;

use super::{ad_accounts, faults, issue_token, outages, page, rate_limits, settings, state_json, users};
use crate::http::html;
use crate::http::params::Params;
use crate::http::reply::Reply;
use crate::state::shared::SharedState;

pub(crate) fn serve(shared: &Arc<SharedState>, parts: &Parts, body: &[u8]) -> Reply {
    let is_post = parts.method == "POST";
    if is_post && is_cross_site(parts) {
        return html::page(403, html::error("Refused", "This form was sent from another site."));
    }
    let is_json = header(parts, "content-type").is_some_and(|kind| kind.starts_with("application/json"));
    let form = if is_json { Params::from_json(body) } else { Params::from_form(body) };
    let done = match (parts.uri.path().trim_end_matches('/'), is_post) {
        ("/_control", false) => return html::page(200, page::html(shared)),
        ("/_control/state", false) => return state_json::state(shared),
        ("/_control/issue", true) => match issue_token::issue(shared, &form) {
            Some(reply) => return reply,
            None => None,
        },
        ("/_control/settings", true) => settings::change(shared, &form),
        ("/_control/calls/clear", true) => {
            shared.calls().clear();
            Some(())
        }
        ("/_control/faults", true) if is_json => faults::inject_json(shared, body),
        ("/_control/faults", true) => faults::inject_form(shared, &form),
        ("/_control/clear", true) => {
            shared.faults().clear();
            Some(())
        }
        ("/_control/limits", true) => rate_limits::exhaust(shared, &form),
        ("/_control/limits/lift", true) => {
            shared.rate_limits().clear();
            Some(())
        }
        ("/_control/outages", true) => outages::start_or_end(shared, &form),
        ("/_control/tokens", true) => users::invalidate_tokens(shared, &form),
        ("/_control/people", true) => users::act_as_person(shared, &form),
        ("/_control/businesses", true) => users::act_as_business(shared, &form),
        ("/_control/accounts", true) => ad_accounts::set_status(shared, &form),
        _ => return html::page(404, html::error("Not found", "There is nothing here.")),
    };
    match (done, is_json) {
        (Some(()), true) => Reply::json(&json!({"success": true})),
        (Some(()), false) => Reply::redirect(303, "/_control"),
        (None, true) => {
            let mut reply = Reply::json(&json!({"success": false}));
            reply.status = 422;
            reply
        }
        (None, false) => html::page(422, html::error("Invalid request", "A value is missing or unknown.")),
    }
}

fn header<'a>(parts: &'a Parts, name: &str) -> Option<&'a str> {
    parts.headers.get(name).and_then(|value| value.to_str().ok())
}

/// Browsers name the site a form was sent from; requests that do not name any are allowed.
fn is_cross_site(parts: &Parts) -> bool {
    if let Some(site) = header(parts, "sec-fetch-site") {
        return !matches!(site, "same-origin" | "none");
    }
    match (header(parts, "origin"), header(parts, "host")) {
        (None, _) => false,
        (Some(origin), Some(host)) => origin.split_once("://").is_none_or(|(_, from)| from != host),
        (Some(_), None) => true,
    }
}
