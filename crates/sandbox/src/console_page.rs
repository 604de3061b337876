//! The control page's HTML, in the dialog's look.

use std::fmt::Write;

use crate::console_lasting;
use crate::console_settings;
use crate::dialog_page::{escape, frame};
use crate::faults::{Effect, Endpoint};
use crate::shared::Shared;
use crate::world::Node;

const EFFECTS: [(&str, &str); 12] = [
    ("outage", "outage (503, code 2)"),
    ("delay", "5 seconds late"),
    ("hang", "no answer at all"),
    ("cut", "cut in the body"),
    ("wrong-shape", "wrong shape"),
    ("unchanged", "the very token that was sent (exchanges)"),
    ("dead-460", "dead token: password changed (190/460)"),
    ("dead-458", "dead token: app removed (190/458)"),
    ("dead-459", "dead token: checkpoint (190/459)"),
    ("dead-463", "dead token: expired (190/463)"),
    ("app-limit", "rate limit of the app (4)"),
    ("account-limit", "rate limit of the account (17)"),
];

const ENDS: [(u32, &str); 4] =
    [(460, "Password changed"), (458, "App removed"), (459, "Checkpoint"), (463, "Expired")];

const PERSONS_ACTS: [(&str, &str); 3] = [
    ("remove", "Remove the app on Facebook"),
    ("delete", "Ask for deletion"),
    ("heal", "Do what Facebook asks"),
];

const STANDINGS: [(i64, &str); 8] = [
    (1, "active (1)"),
    (2, "disabled (2)"),
    (3, "unsettled (3)"),
    (7, "pending risk review (7)"),
    (8, "pending settlement (8)"),
    (9, "in grace period (9)"),
    (100, "pending closure (100)"),
    (101, "closed (101)"),
];

pub(crate) fn console(shared: &Shared) -> String {
    let mut main = String::from("<h1>Controls</h1>\n");
    people(shared, &mut main);
    faults(shared, &mut main);
    console_lasting::html(shared, &mut main);
    accounts(&mut main);
    console_settings::html(shared, &mut main);
    deliveries(shared, &mut main);
    calls(shared, &mut main);
    frame("Controls", &main)
}

fn people(shared: &Shared, main: &mut String) {
    main.push_str("<h2>Who is connected</h2>\n");
    let now = shared.clock.now_seconds();
    let grants = shared.grants();
    let views: Vec<_> = grants.people().filter_map(|user_id| grants.view(user_id, now)).collect();
    drop(grants);
    if views.is_empty() {
        main.push_str("<p>Nobody yet.</p>\n");
    }
    for view in views {
        let person = shared.world.person(&view.user_id).map(|index| &shared.world.people[index]);
        let name = person.map_or(&view.user_id, |person| &person.name);
        let _ = writeln!(
            main,
            "<form method=\"post\" action=\"/_control/tokens\">\n<p><b>{}</b> · {} live tokens<br><small>{}</small></p>\n\
             <input type=\"hidden\" name=\"user_id\" value=\"{}\">\n<div class=\"row\">",
            escape(name),
            view.live_tokens,
            escape(&view.granted.join(", ")),
            escape(&view.user_id)
        );
        for (subcode, label) in ENDS {
            let _ = writeln!(main, "<button name=\"subcode\" value=\"{subcode}\">{label}</button>");
        }
        main.push_str("</div>\n</form>\n");
        match person.and_then(|person| person.business) {
            Some(business) => business_acts(&shared.world.id(Node::Business(business)), main),
            None => persons_acts(&view.user_id, main),
        }
    }
}

/// What a person does on facebook.com.
fn persons_acts(user_id: &str, main: &mut String) {
    let _ = writeln!(
        main,
        "<form method=\"post\" action=\"/_control/people\" class=\"row\">\n\
         <input type=\"hidden\" name=\"user_id\" value=\"{}\">",
        escape(user_id)
    );
    for (act, label) in PERSONS_ACTS {
        let _ = writeln!(main, "<button name=\"act\" value=\"{act}\">{label}</button>");
    }
    main.push_str("</form>\n");
}

/// What a business does in its settings.
fn business_acts(business_id: &str, main: &mut String) {
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

/// Ad accounts change their standing, and the app hears of it where it has subscribed.
fn accounts(main: &mut String) {
    main.push_str(
        "<h2>An ad account</h2>\n<form method=\"post\" action=\"/_control/accounts\" class=\"row\">\n\
         <label>act_ <input name=\"account_id\" inputmode=\"numeric\" required></label>\n\
         <label>becomes <select name=\"account_status\">\n",
    );
    for (status, label) in STANDINGS {
        let _ = writeln!(main, "<option value=\"{status}\">{label}</option>");
    }
    main.push_str("</select></label>\n<button>Change</button>\n</form>\n");
}

/// What was sent to the app.
fn deliveries(shared: &Shared, main: &mut String) {
    main.push_str("<h2>Sent to the app</h2>\n");
    let outbox = shared.outbox();
    if outbox.deliveries.is_empty() {
        main.push_str("<p>Nothing yet.</p>\n");
        return;
    }
    main.push_str("<table>\n<tr><th>What</th><th>Where</th><th>Answer</th></tr>\n");
    for one in outbox.deliveries.iter().rev().take(15) {
        let status = if one.status == 0 { "none".to_owned() } else { one.status.to_string() };
        let (kind, url) = (escape(&one.kind), escape(&one.url));
        let _ = writeln!(main, "<tr><td>{kind}</td><td>{url}</td><td>{status}</td></tr>");
    }
    main.push_str("</table>\n");
}

fn faults(shared: &Shared, main: &mut String) {
    main.push_str("<h2>Misbehave</h2>\n<form method=\"post\" action=\"/_control/faults\" class=\"row\">\n");
    main.push_str(
        "<label>The next <input type=\"number\" name=\"times\" value=\"1\" min=\"1\" max=\"1000\"></label>\n",
    );
    main.push_str("<label>calls of <select name=\"endpoint\">\n");
    for endpoint in Endpoint::ALL {
        let word = word(endpoint);
        let _ = writeln!(main, "<option value=\"{word}\">{word}</option>");
    }
    main.push_str("</select></label>\n<label>get <select name=\"effect\">\n");
    for (value, label) in EFFECTS {
        let _ = writeln!(main, "<option value=\"{value}\">{label}</option>");
    }
    main.push_str("</select></label>\n<button class=\"first\">Arm</button>\n</form>\n");
    let armed = shared.faults().clone();
    if armed.is_empty() {
        main.push_str("<p>No fault is armed.</p>\n");
        return;
    }
    main.push_str("<ul>\n");
    for fault in armed {
        let _ = writeln!(
            main,
            "<li>{} × {}: {}</li>",
            fault.times,
            word(fault.endpoint),
            effect_word(&fault.effect)
        );
    }
    main.push_str(
        "</ul>\n<form method=\"post\" action=\"/_control/clear\"><button>Clear faults</button></form>\n",
    );
}

fn word(endpoint: Endpoint) -> String {
    let value = serde_json::to_value(endpoint).unwrap_or_default();
    value.as_str().unwrap_or_default().to_owned()
}

fn effect_word(effect: &Effect) -> String {
    match effect {
        Effect::Delay(by) => format!("{} s late", by.as_secs_f32()),
        Effect::Hang => "no answer".to_owned(),
        Effect::Cut => "cut in the body".to_owned(),
        Effect::Refuse => "connection closed".to_owned(),
        Effect::Body { status, .. } => format!("another body, status {status}"),
        Effect::Graph { status, code, subcode, .. } => match subcode {
            Some(subcode) => format!("Graph error {code}/{subcode}, status {status}"),
            None => format!("Graph error {code}, status {status}"),
        },
        Effect::Redirect { status, .. } => format!("sent elsewhere, status {status}"),
        Effect::AnswerTwice => "performed twice".to_owned(),
        Effect::LoseAnswer => "performed, answer lost".to_owned(),
        Effect::NullInBatch => "null in a batch".to_owned(),
        Effect::Hold(name) => format!("held as {}", escape(name)),
        Effect::Headers(_) => "more headers".to_owned(),
        Effect::Unchanged => "token unchanged".to_owned(),
    }
}

/// Names of parameters only: values may be secrets.
fn calls(shared: &Shared, main: &mut String) {
    main.push_str("<h2>Recent calls</h2>\n<table>\n<tr><th>Call</th><th>With</th><th>Status</th></tr>\n");
    for call in shared.calls().recent(30) {
        let names: Vec<&str> = call.params.iter().map(|(name, _)| name.as_str()).collect();
        let status = if call.status == 0 { "none".to_owned() } else { call.status.to_string() };
        let _ = writeln!(
            main,
            "<tr><td>{} {}{}</td><td>{}</td><td>{status}</td></tr>",
            escape(&call.method),
            escape(&call.path),
            if call.in_batch { " (in a batch)" } else { "" },
            escape(&names.join(", "))
        );
    }
    main.push_str("</table>\n");
}
