//! The two requests of the dialog: the page, and the form it submits.

use axum::http::HeaderMap;

use super::answer::{Answer, Decision};
use super::login_request::{ErrorPage, validate, validate_instagram};
use super::{asset_selection, authorize, pages};
use crate::graph_api::fault_injection::FaultedCall;
use crate::http::html;
use crate::http::params::Params;
use crate::http::reply::{Outcome, Reply};
use crate::http::request::Request;
use crate::state::faults::Endpoint;
use crate::state::shared::SharedState;
use crate::world::persona::Persona;

const COOKIE: &str = "pretend_person";

pub(crate) async fn call(shared: &SharedState, request: &Request, headers: &HeaderMap) -> Outcome {
    let faulted = FaultedCall::begin(shared, request, Endpoint::Dialog).await;
    let mut reply = None;
    for _ in 0..faulted.executions() {
        reply = Some(serve(shared, request, headers));
    }
    faulted.finish(request, Endpoint::Dialog, reply)
}

fn serve(shared: &SharedState, request: &Request, headers: &HeaderMap) -> Reply {
    let is_answer = request.segment(2) == "answer";
    let is_instagram = is_instagram_dialog(request);
    if !(is_instagram || request.segment(1) == "oauth") || request.segments.len() > 2 && !is_answer {
        return html::page(404, html::error("Not found", "There is nothing here."));
    }
    let login = match is_instagram {
        true => validate_instagram(shared, &request.params),
        false => validate(shared, &request.params),
    };
    let login = match login {
        Ok(login) => login,
        Err(ErrorPage(title, text)) => return html::page(400, html::error(title, &text)),
    };
    if !is_answer {
        return html::page(200, pages::dialog(shared, request, &login, last_person(headers)));
    }
    if request.method != "POST" {
        return html::page(405, html::error("Method not allowed", "Answers are sent with POST."));
    }
    let Some(mut answer) = answer(&request.params, &login.scopes) else {
        return html::page(400, html::error("No answer", "Choose a person and press one of the buttons."));
    };
    if answer.decision == Decision::Agree {
        match asset_selection::from_form(shared, answer.persona, &request.params) {
            Some(assets) => answer.assets = assets,
            None => return html::page(400, html::error("Nothing selected", "Select at least one of them.")),
        }
    }
    let person = format!("{COOKIE}={}; Path=/; HttpOnly; SameSite=Lax", answer.persona.key());
    let target = authorize::complete(shared, &login, &answer);
    Reply::redirect(302, &target).with("set-cookie", person).with("cache-control", "no-store")
}

/// The dialog of Instagram Login: `/oauth/authorize`.
pub(crate) fn is_instagram_dialog(request: &Request) -> bool {
    request.segment(0) == "oauth" && request.segment(1) == "authorize"
}

fn answer(params: &Params, scopes: &[String]) -> Option<Answer> {
    let persona = params.get("persona").and_then(Persona::from_key)?;
    let decision = match params.get("decision")? {
        "continue" => Decision::Agree,
        "cancel" => Decision::Cancel,
        "app-not-active" => Decision::AppNotActive,
        _ => return None,
    };
    let is_selected = |scope: &String| params.all("permission").any(|selected| selected == scope);
    let declined = scopes.iter().filter(|scope| !is_selected(scope)).cloned().collect();
    let business = params.get("business").and_then(|index| index.parse().ok()).unwrap_or(0);
    Some(Answer { declined, business, decision, ..Answer::agree(persona) })
}

fn last_person(headers: &HeaderMap) -> Persona {
    let cookies = headers.get("cookie").and_then(|value| value.to_str().ok()).unwrap_or_default();
    let found = cookies.split(';').filter_map(|cookie| cookie.trim().split_once('='));
    let mut found = found.filter(|(name, _)| *name == COOKIE).filter_map(|(_, key)| Persona::from_key(key));
    found.next().unwrap_or(Persona::Agency)
}
