//! The control page: see who is connected, and make Meta misbehave.

use std::sync::Arc;

use axum::http::request::Parts;
use serde_json::json;

use crate::console_lasting;
use crate::console_page;
use crate::console_settings;
use crate::dialog::page;
use crate::dialog_page;
use crate::envelope::Reply;
use crate::faults::{Effect, Endpoint, Fault};
use crate::integrations::{self, Change};
use crate::outbox;
use crate::params::Params;
use crate::shared::Shared;

pub(crate) fn serve(shared: &Arc<Shared>, parts: &Parts, body: &[u8]) -> Reply {
    let is_post = parts.method == "POST";
    if is_post && is_cross_site(parts) {
        return page(403, dialog_page::error("Refused", "This form was sent from another site."));
    }
    let is_json = header(parts, "content-type").is_some_and(|kind| kind.starts_with("application/json"));
    let form = if is_json { Params::from_json(body) } else { Params::from_form(body) };
    let done = match (parts.uri.path().trim_end_matches('/'), is_post) {
        ("/_control", false) => return page(200, console_page::console(shared)),
        ("/_control/state", false) => return console_settings::state(shared),
        ("/_control/issue", true) => match console_settings::issue(shared, &form) {
            Some(reply) => return reply,
            None => None,
        },
        ("/_control/settings", true) => console_settings::change(shared, &form),
        ("/_control/calls/clear", true) => {
            shared.calls().clear();
            Some(())
        }
        ("/_control/faults", true) if is_json => add_json(shared, body),
        ("/_control/faults", true) => add_form(shared, &form),
        ("/_control/clear", true) => {
            shared.faults().clear();
            Some(())
        }
        ("/_control/limits", true) => console_lasting::use_up(shared, &form),
        ("/_control/limits/lift", true) => {
            shared.limits().lift();
            Some(())
        }
        ("/_control/outages", true) => console_lasting::break_down(shared, &form),
        ("/_control/tokens", true) => kill(shared, &form),
        ("/_control/people", true) => as_person(shared, &form),
        ("/_control/businesses", true) => as_business(shared, &form),
        ("/_control/accounts", true) => set_account(shared, &form),
        _ => return page(404, dialog_page::error("Not found", "There is nothing here.")),
    };
    match (done, is_json) {
        (Some(()), true) => Reply::json(&json!({"success": true})),
        (Some(()), false) => Reply::redirect(303, "/_control"),
        (None, true) => {
            let mut reply = Reply::json(&json!({"success": false}));
            reply.status = 422;
            reply
        }
        (None, false) => page(422, dialog_page::error("Not understood", "A value is missing or unknown.")),
    }
}

fn header<'a>(parts: &'a Parts, name: &str) -> Option<&'a str> {
    parts.headers.get(name).and_then(|value| value.to_str().ok())
}

/// Browsers say where a form comes from; tools that say nothing are let through.
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

fn add_json(shared: &Shared, body: &[u8]) -> Option<()> {
    let fault: Fault = serde_json::from_slice(body).ok()?;
    shared.faults().push(fault);
    Some(())
}

fn add_form(shared: &Shared, form: &Params) -> Option<()> {
    let endpoint: Endpoint = serde_json::from_value(form.get("endpoint")?.into()).ok()?;
    let times = form.get("times")?.parse().ok().filter(|times| (1..=1000).contains(times))?;
    let effect = named_effect(form.get("effect")?)?;
    shared.faults().push(Fault { endpoint, times, effect });
    Some(())
}

/// The effects the page offers.
fn named_effect(name: &str) -> Option<Effect> {
    let graph = |status: u16, code: i64, subcode: Option<i64>, message: &str| Effect::Graph {
        status,
        code,
        subcode,
        kind: "OAuthException".to_owned(),
        message: message.to_owned(),
    };
    let effect = match name {
        "outage" => graph(503, 2, None, "Service temporarily unavailable"),
        "delay" => Effect::Delay(std::time::Duration::from_secs(5)),
        "hang" => Effect::Hang,
        "cut" => Effect::Cut,
        "wrong-shape" => Effect::Body {
            status: 200,
            content_type: "application/json; charset=UTF-8".to_owned(),
            body: "{\"data\":\"not what you expect\"}".to_owned(),
        },
        "unchanged" => Effect::Unchanged,
        "app-limit" => graph(403, 4, None, "(#4) Application request limit reached"),
        "account-limit" => graph(400, 17, Some(2_446_079), "(#17) User request limit reached"),
        other => {
            let subcode = other.strip_prefix("dead-")?.parse().ok()?;
            graph(400, 190, Some(subcode), "Error validating access token")
        }
    };
    Some(effect)
}

fn kill(shared: &Shared, form: &Params) -> Option<()> {
    let user_id = form.get("user_id")?;
    let subcode = form.get("subcode")?.parse().ok()?;
    shared.change(|grants| grants.kill(user_id, subcode));
    Some(())
}

/// What a person does on facebook.com.
fn as_person(shared: &Arc<Shared>, form: &Params) -> Option<()> {
    let user_id = form.get("user_id")?;
    shared.world.person(user_id)?;
    match form.get("act")? {
        "remove" => {
            shared.change(|grants| grants.kill(user_id, 458));
            outbox::deauthorized(shared, user_id);
        }
        "delete" => outbox::deletion_asked(shared, user_id),
        "heal" => shared.change(|grants| grants.revive(user_id)),
        _ => return None,
    }
    Some(())
}

/// What a business does in its settings.
fn as_business(shared: &Arc<Shared>, form: &Params) -> Option<()> {
    let business_id = form.get("business_id")?;
    let asset_id = form.get("asset_id").unwrap_or_default();
    match form.get("act")? {
        "remove" => integrations::uninstall(shared, business_id),
        "assign" => integrations::change(shared, business_id, asset_id, Change::Assign),
        "withdraw" => integrations::change(shared, business_id, asset_id, Change::Withdraw),
        _ => None,
    }
}

/// Another standing of an ad account, and the webhook that tells of it.
fn set_account(shared: &Arc<Shared>, form: &Params) -> Option<()> {
    let id: u64 = form.get("account_id")?.trim().trim_start_matches("act_").parse().ok()?;
    shared.world.find(&format!("act_{id}"))?;
    let status: i64 = form.get("account_status")?.parse().ok()?;
    let reason: i64 = if status == 2 { 1 } else { 0 };
    shared.settings().standings.insert(id, (status, reason));
    let value = json!({"id": id.to_string(), "account_status": status, "disable_reason": reason});
    let change = json!({"field": "ad_account", "value": value});
    outbox::event(shared, "application", &shared.app_id, &change);
    Some(())
}
