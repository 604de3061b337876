//! The section with the connected people and businesses.

use std::fmt::Write;
use std::sync::Arc;

use super::actions::{self, AssetChange};
use crate::http::html::escape;
use crate::http::params::Params;
use crate::state::shared::SharedState;
use crate::webhooks;
use crate::world::tables::Node;

const INVALIDATIONS: [(u32, &str); 4] =
    [(460, "Password changed"), (458, "App removed"), (459, "Checkpoint"), (463, "Expired")];

const PERSON_ACTIONS: [(&str, &str); 3] = [
    ("remove", "Remove the app on Facebook"),
    ("delete", "Request data deletion"),
    ("heal", "Resolve the checkpoint"),
];

pub(crate) fn invalidate_tokens(shared: &SharedState, form: &Params) -> Option<()> {
    let user_id = form.get("user_id")?;
    let subcode = form.get("subcode")?.parse().ok()?;
    shared.change(|grants| grants.invalidate_tokens(user_id, subcode));
    Some(())
}

/// Actions of a person on facebook.com.
pub(crate) fn act_as_person(shared: &Arc<SharedState>, form: &Params) -> Option<()> {
    let user_id = form.get("user_id")?;
    shared.world.person(user_id)?;
    match form.get("act")? {
        "remove" => {
            actions::remove_app(shared, user_id);
        }
        "delete" => webhooks::send_data_deletion(shared, user_id),
        "heal" => shared.change(|grants| grants.restore_tokens(user_id)),
        _ => return None,
    }
    Some(())
}

/// Actions of a business in its settings.
pub(crate) fn act_as_business(shared: &Arc<SharedState>, form: &Params) -> Option<()> {
    let business_id = form.get("business_id")?;
    let asset_id = form.get("asset_id").unwrap_or_default();
    match form.get("act")? {
        "remove" => actions::remove_app_from_business(shared, business_id),
        "assign" => actions::change_asset(shared, business_id, asset_id, AssetChange::Assign),
        "withdraw" => actions::change_asset(shared, business_id, asset_id, AssetChange::Withdraw),
        _ => None,
    }
}

pub(crate) fn html(shared: &SharedState, main: &mut String) {
    main.push_str("<h2>Who is connected</h2>\n");
    let now = shared.clock.now_seconds();
    let grants = shared.grants();
    let views: Vec<_> = grants.user_ids().filter_map(|user_id| grants.view(user_id, now)).collect();
    drop(grants);
    if views.is_empty() {
        main.push_str("<p>No one yet.</p>\n");
    }
    for view in views {
        let person = shared.world.person(&view.user_id).map(|index| &shared.world.people[index]);
        let name = person.map_or(&view.user_id, |person| &person.name);
        let _ = writeln!(
            main,
            "<form method=\"post\" action=\"/_control/tokens\">\n<p><b>{}</b> · {} live token{}<br><small>{}</small></p>\n\
             <input type=\"hidden\" name=\"user_id\" value=\"{}\">\n<div class=\"row\">",
            escape(name),
            view.live_tokens,
            if view.live_tokens == 1 { "" } else { "s" },
            escape(&view.granted.join(", ")),
            escape(&view.user_id)
        );
        for (subcode, label) in INVALIDATIONS {
            let _ = writeln!(main, "<button name=\"subcode\" value=\"{subcode}\">{label}</button>");
        }
        main.push_str("</div>\n</form>\n");
        match person.and_then(|person| person.business) {
            Some(business) => business_actions(&shared.world.id(Node::Business(business)), main),
            None => person_actions(&view.user_id, main),
        }
    }
}

fn person_actions(user_id: &str, main: &mut String) {
    let _ = writeln!(
        main,
        "<form method=\"post\" action=\"/_control/people\" class=\"row\">\n\
         <input type=\"hidden\" name=\"user_id\" value=\"{}\">",
        escape(user_id)
    );
    for (act, label) in PERSON_ACTIONS {
        let _ = writeln!(main, "<button name=\"act\" value=\"{act}\">{label}</button>");
    }
    main.push_str("</form>\n");
}

fn business_actions(business_id: &str, main: &mut String) {
    let _ = writeln!(
        main,
        "<form method=\"post\" action=\"/_control/businesses\" class=\"row\">\n\
         <input type=\"hidden\" name=\"business_id\" value=\"{business_id}\">\n\
         <button name=\"act\" value=\"remove\">The business removes the app</button>\n\
         <label>ad account or Page <input name=\"asset_id\"></label>\n\
         <button name=\"act\" value=\"assign\">Assign</button>\n\
         <button name=\"act\" value=\"withdraw\">Withdraw</button>\n</form>"
    );
}
