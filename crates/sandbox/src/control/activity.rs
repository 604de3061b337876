//! The sections with what was sent to the app, and the recent calls.

use std::fmt::Write;

use crate::http::html::escape;
use crate::state::shared::SharedState;

pub(crate) fn deliveries(shared: &SharedState, main: &mut String) {
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

/// Shows only the names of parameters, because values may be secrets.
pub(crate) fn calls(shared: &SharedState, main: &mut String) {
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
