//! The dialog's two requests: the page, and the form it posts.

use axum::http::HeaderMap;

use crate::answer::{Answer, Decision};
use crate::authorize::{self, ErrorPage};
use crate::dialog_assets;
use crate::dialog_page;
use crate::envelope::Reply;
use crate::faults::Endpoint;
use crate::params::{Params, Request};
use crate::passage::{Outcome, Passage};
use crate::shared::Shared;
use crate::world::Persona;

const COOKIE: &str = "pretend_person";

pub(crate) async fn call(shared: &Shared, request: &Request, headers: &HeaderMap) -> Outcome {
    let passage = Passage::enter(shared, request, Endpoint::Dialog).await;
    let mut reply = None;
    for _ in 0..passage.times() {
        reply = Some(serve(shared, request, headers));
    }
    passage.leave(request, Endpoint::Dialog, reply)
}

fn serve(shared: &Shared, request: &Request, headers: &HeaderMap) -> Reply {
    let is_answer = request.segment(2) == "answer";
    let is_instagram = is_instagrams(request);
    if !(is_instagram || request.segment(1) == "oauth") || request.segments.len() > 2 && !is_answer {
        return page(404, dialog_page::error("Not found", "There is nothing here."));
    }
    let asked = match is_instagram {
        true => authorize::validate_instagram(shared, &request.params),
        false => authorize::validate(shared, &request.params),
    };
    let ask = match asked {
        Ok(ask) => ask,
        Err(ErrorPage(title, text)) => return page(400, dialog_page::error(title, &text)),
    };
    if !is_answer {
        return page(200, dialog_page::dialog(shared, request, &ask, last_person(headers)));
    }
    if request.method != "POST" {
        return page(405, dialog_page::error("Not this way", "Answers come by the form."));
    }
    let Some(mut answer) = answer(&request.params, &ask.scopes) else {
        return page(400, dialog_page::error("No answer", "Choose a person and press one of the buttons."));
    };
    if answer.decision == Decision::Agree {
        match dialog_assets::ticks(shared, answer.persona, &request.params) {
            Some(ticks) => answer.ticks = ticks,
            None => return page(400, dialog_page::error("Nothing ticked", "Tick at least one of them.")),
        }
    }
    let person = format!("{COOKIE}={}; Path=/; HttpOnly; SameSite=Lax", answer.persona.key());
    let target = authorize::settle(shared, &ask, &answer);
    Reply::redirect(302, &target).with("set-cookie", person).with("cache-control", "no-store")
}

/// Instagram's own dialog: `/oauth/authorize`.
pub(crate) fn is_instagrams(request: &Request) -> bool {
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
    let is_ticked = |scope: &String| params.all("permission").any(|ticked| ticked == scope);
    let declined = scopes.iter().filter(|scope| !is_ticked(scope)).cloned().collect();
    let business = params.get("business").and_then(|index| index.parse().ok()).unwrap_or(0);
    Some(Answer { declined, business, decision, ..Answer::agree(persona) })
}

fn last_person(headers: &HeaderMap) -> Persona {
    let cookies = headers.get("cookie").and_then(|value| value.to_str().ok()).unwrap_or_default();
    let found = cookies.split(';').filter_map(|cookie| cookie.trim().split_once('='));
    let mut found = found.filter(|(name, _)| *name == COOKIE).filter_map(|(_, key)| Persona::from_key(key));
    found.next().unwrap_or(Persona::Agency)
}

pub(crate) fn page(status: u16, html: String) -> Reply {
    Reply::text(status, "text/html; charset=utf-8", html)
        // No form-action here: browsers would hold it against the redirect to the app.
        .with(
            "content-security-policy",
            "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
        )
        .with("x-frame-options", "DENY")
        .with("x-content-type-options", "nosniff")
        .with("referrer-policy", "same-origin")
        .with("cache-control", "no-store")
}
