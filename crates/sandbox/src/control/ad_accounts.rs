//! The section that changes the status of an ad account.

use std::fmt::Write;
use std::sync::Arc;

use serde_json::json;

use crate::http::params::Params;
use crate::state::shared::SharedState;
use crate::webhooks;

const STATUSES: [(i64, &str); 8] = [
    (1, "active (1)"),
    (2, "disabled (2)"),
    (3, "unsettled (3)"),
    (7, "pending risk review (7)"),
    (8, "pending settlement (8)"),
    (9, "in grace period (9)"),
    (100, "pending closure (100)"),
    (101, "closed (101)"),
];

/// Changes the status and sends the `ad_account` webhook.
pub(crate) fn set_status(shared: &Arc<SharedState>, form: &Params) -> Option<()> {
    let id: u64 = form.get("account_id")?.trim().trim_start_matches("act_").parse().ok()?;
    shared.world.find(&format!("act_{id}"))?;
    let status: i64 = form.get("account_status")?.parse().ok()?;
    let reason: i64 = if status == 2 { 1 } else { 0 };
    shared.settings().ad_account_statuses.insert(id, (status, reason));
    let value = json!({"id": id.to_string(), "account_status": status, "disable_reason": reason});
    let change = json!({"field": "ad_account", "value": value});
    webhooks::send_event(shared, "application", &shared.app_id, &change);
    Some(())
}

pub(crate) fn html(main: &mut String) {
    main.push_str(
        "<h2>Ad account status</h2>\n<form method=\"post\" action=\"/_control/accounts\" class=\"row\">\n\
         <label>act_ <input name=\"account_id\" inputmode=\"numeric\" required></label>\n\
         <label>becomes <select name=\"account_status\">\n",
    );
    for (status, label) in STATUSES {
        let _ = writeln!(main, "<option value=\"{status}\">{label}</option>");
    }
    main.push_str("</select></label>\n<button>Change</button>\n</form>\n");
}
