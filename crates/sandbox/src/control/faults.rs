//! The section that injects and clears faults.

use std::fmt::Write;

use crate::http::html::escape;
use crate::http::params::Params;
use crate::state::faults::{Effect, Endpoint, Fault};
use crate::state::shared::SharedState;

const EFFECTS: [(&str, &str); 13] = [
    ("outage", "outage (503, code 2)"),
    ("delay", "delayed by 5 seconds"),
    ("hang", "no response"),
    ("cut", "body truncated"),
    ("wrong-shape", "unexpected JSON"),
    ("filler", "10 MB more in the response"),
    ("unchanged", "token unchanged (exchanges)"),
    ("dead-460", "invalid token: password changed (190/460)"),
    ("dead-458", "invalid token: app removed (190/458)"),
    ("dead-459", "invalid token: checkpoint (190/459)"),
    ("dead-463", "invalid token: expired (190/463)"),
    ("app-limit", "rate limit of the app (4)"),
    ("account-limit", "rate limit of the account (17)"),
];

pub(crate) fn inject_json(shared: &SharedState, body: &[u8]) -> Option<()> {
    let fault: Fault = serde_json::from_slice(body).ok()?;
    shared.faults().push(fault);
    Some(())
}

pub(crate) fn inject_form(shared: &SharedState, form: &Params) -> Option<()> {
    let endpoint: Endpoint = serde_json::from_value(form.get("endpoint")?.into()).ok()?;
    let times = form.get("times")?.parse().ok().filter(|times| (1..=1000).contains(times))?;
    let effect = effect_from_key(form.get("effect")?)?;
    shared.faults().push(Fault::new(endpoint, times, effect));
    Some(())
}

/// The effects the page offers.
fn effect_from_key(name: &str) -> Option<Effect> {
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
        "filler" => Effect::Filler(10 * 1024 * 1024),
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

pub(crate) fn html(shared: &SharedState, main: &mut String) {
    main.push_str(
        "<h2>Inject faults</h2>\n<form method=\"post\" action=\"/_control/faults\" class=\"row\">\n",
    );
    main.push_str(
        "<label>The next <input type=\"number\" name=\"times\" value=\"1\" min=\"1\" max=\"1000\"></label>\n",
    );
    main.push_str("<label>calls of <select name=\"endpoint\">\n");
    for endpoint in Endpoint::ALL {
        let name = name(endpoint);
        let _ = writeln!(main, "<option value=\"{name}\">{name}</option>");
    }
    main.push_str("</select></label>\n<label>get <select name=\"effect\">\n");
    for (value, label) in EFFECTS {
        let _ = writeln!(main, "<option value=\"{value}\">{label}</option>");
    }
    main.push_str("</select></label>\n<button class=\"first\">Inject</button>\n</form>\n");
    let injected = shared.faults().clone();
    if injected.is_empty() {
        main.push_str("<p>No faults are injected.</p>\n");
        return;
    }
    main.push_str("<ul>\n");
    for fault in injected {
        let _ = writeln!(
            main,
            "<li>{} × {}: {}</li>",
            fault.times,
            name(fault.endpoint),
            describe(&fault.effect)
        );
    }
    main.push_str(
        "</ul>\n<form method=\"post\" action=\"/_control/clear\"><button>Clear faults</button></form>\n",
    );
}

fn name(endpoint: Endpoint) -> String {
    let value = serde_json::to_value(endpoint).unwrap_or_default();
    value.as_str().unwrap_or_default().to_owned()
}

fn describe(effect: &Effect) -> String {
    match effect {
        Effect::Delay(by) => format!("delayed by {} s", by.as_secs_f32()),
        Effect::Hang => "no response".to_owned(),
        Effect::Cut => "body truncated".to_owned(),
        Effect::Refuse => "connection closed".to_owned(),
        Effect::Body { status, .. } => format!("different body, status {status}"),
        Effect::Graph { status, code, subcode, .. } => match subcode {
            Some(subcode) => format!("Graph error {code}/{subcode}, status {status}"),
            None => format!("Graph error {code}, status {status}"),
        },
        Effect::Redirect { status, .. } => format!("redirect, status {status}"),
        Effect::AnswerTwice => "performed twice".to_owned(),
        Effect::LoseAnswer => "performed, response lost".to_owned(),
        Effect::NullInBatch => "null in a batch".to_owned(),
        Effect::Hold(name) => format!("held as {}", escape(name)),
        Effect::Headers(_) => "additional headers".to_owned(),
        Effect::Filler(bytes) => format!("{bytes} bytes more in the response"),
        Effect::Unchanged => "token unchanged".to_owned(),
    }
}
