//! The pages of the dialog: plain HTML without scripts.

use std::fmt::Write;

use super::asset_selection;
use super::login_request::{LoginFlow, LoginRequest};
use crate::http::html::{self, escape};
use crate::http::reply::Reply;
use crate::http::request::Request;
use crate::state::grants::PermissionStatus;
use crate::state::shared::SharedState;
use crate::world::persona::Persona;

const TITLE: &str = "The app under test requests access";
pub(crate) const OUTAGE_TITLE: &str = "Sorry, something went wrong";
pub(crate) const OUTAGE_TEXT: &str = "We are working on it and will have it fixed as soon as we can.";

pub(crate) fn dialog(
    shared: &SharedState,
    request: &Request,
    login: &LoginRequest,
    chosen: Persona,
) -> String {
    let mut main = format!("<h1>{TITLE}</h1>\n");
    if !shared.settings().is_app_active {
        main.push_str(
            "<p class=\"note\">This app is not active: Continue redirects back with error 1349126.</p>\n",
        );
    }
    let action = match login.flow {
        LoginFlow::Instagram => "/oauth/authorize/answer".to_owned(),
        LoginFlow::Facebook | LoginFlow::Business(_) => format!("/{}/dialog/oauth/answer", request.version),
    };
    match login.flow {
        LoginFlow::Facebook => {}
        LoginFlow::Business(one) => {
            let _ = writeln!(main, "<p>Login for Business, configuration {}: {}.</p>", one.id, one.note);
        }
        LoginFlow::Instagram => main.push_str("<p>Instagram Login, without Facebook.</p>\n"),
    }
    let _ = writeln!(main, "<form method=\"post\" action=\"{action}\">");
    for (name, value) in request.params.0.iter().filter(|(name, _)| !is_form_field(name)) {
        let (name, value) = (escape(name), escape(value));
        let _ = writeln!(main, "<input type=\"hidden\" name=\"{name}\" value=\"{value}\">");
    }
    main.push_str(&people(chosen));
    if let LoginFlow::Business(_) = login.flow {
        main.push_str(BUSINESSES);
    }
    if !matches!(login.flow, LoginFlow::Instagram) {
        main.push_str(&asset_selection::html(shared));
    }
    main.push_str(&permissions(shared, login));
    main.push_str(
        "<div class=\"acts\">\n\
         <button id=\"continue\" name=\"decision\" value=\"continue\" class=\"first\">Continue</button>\n\
         <button id=\"cancel\" name=\"decision\" value=\"cancel\">Cancel</button>\n\
         <button id=\"app-not-active\" name=\"decision\" value=\"app-not-active\">App not active</button>\n\
         </div>\n</form>\n",
    );
    html::layout(TITLE, &main)
}

/// The page shown during an outage.
pub(crate) fn outage(status: u16) -> Reply {
    html::page(status, html::error(OUTAGE_TITLE, OUTAGE_TEXT))
}

/// Parameters that the form sets itself. They are not copied from the request, which must not answer for the
/// person.
fn is_form_field(name: &str) -> bool {
    matches!(name, "persona" | "permission" | "decision" | "business" | "target" | "targets")
}

/// The agency has three businesses, the other personas have one or none.
const BUSINESSES: &str = "<fieldset>\n<legend>For which of your businesses?</legend>\n\
     <label><input type=\"radio\" name=\"business\" value=\"0\" checked><span>the first</span></label>\n\
     <label><input type=\"radio\" name=\"business\" value=\"1\"><span>the second</span></label>\n\
     <label><input type=\"radio\" name=\"business\" value=\"2\"><span>the third</span></label>\n</fieldset>\n";

fn people(chosen: Persona) -> String {
    let mut html = String::from("<fieldset>\n<legend>Log in as</legend>\n");
    for persona in Persona::ALL {
        let (key, name, note) = (persona.key(), escape(persona.name()), persona.description());
        let checked = if persona == chosen { " checked" } else { "" };
        let _ = writeln!(
            html,
            "<label><input type=\"radio\" name=\"persona\" id=\"persona-{key}\" value=\"{key}\"{checked}>\
             <span><b>{name}</b><br><small>{note}</small></span></label>"
        );
    }
    html.push_str("</fieldset>\n");
    html
}

/// One checkbox per permission. Earlier decisions differ between personas and there are no scripts, so the page
/// contains a mark for each persona, and CSS shows those of the chosen one.
fn permissions(shared: &SharedState, login: &LoginRequest) -> String {
    let mut html = String::from("<fieldset>\n<legend>What do you allow?</legend>\n");
    let mut style = String::new();
    for scope in &login.scopes {
        let is_public_profile = scope == "public_profile";
        let mut marks = String::new();
        for persona in Persona::ALL.into_iter().filter(|_| !is_public_profile) {
            let key = persona.key();
            let before = shared
                .grants()
                .grant(persona.user_id())
                .and_then(|grant| grant.permissions.get(scope).copied());
            let mark = match before {
                Some(PermissionStatus::Granted) if login.is_rerequest => "granted before, stays granted",
                Some(PermissionStatus::Declined) if !login.is_rerequest => {
                    "declined before, not offered again"
                }
                Some(PermissionStatus::Granted | PermissionStatus::Declined | PermissionStatus::Expired)
                | None => {
                    continue;
                }
            };
            let _ = write!(marks, "<small class=\"mark for-{key}\">{mark}</small>");
            let _ = write!(
                style,
                "body:has(#persona-{key}:checked) #row-{scope} input{{display:none}}\
                 body:has(#persona-{key}:checked) #row-{scope} .for-{key}{{display:inline}}"
            );
        }
        let is_fixed = is_public_profile || matches!(login.flow, LoginFlow::Business(_));
        let fixed = if is_fixed { " disabled" } else { "" };
        let _ = writeln!(
            html,
            "<label id=\"row-{scope}\"><input type=\"checkbox\" name=\"permission\" id=\"permission-{scope}\" \
             value=\"{scope}\" checked{fixed}><span>{scope} {marks}</span></label>"
        );
    }
    let _ = write!(html, "</fieldset>\n<style>{style}</style>\n");
    html
}
