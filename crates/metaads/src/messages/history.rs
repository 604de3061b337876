//! Lines of a connection's history, from the audit log's actions.

use metaads_store::AuditEntry;
use serde_json::Value;

use crate::codes::account_status::Standing;
use crate::codes::error_code::Code;
use crate::messages::errors::error_text;
use crate::messages::format::{count, day, day_and_time, plural};

#[derive(Debug, Clone)]
pub struct HistoryLine {
    pub title: String,
    pub text: String,
    /// CSS class: ok, warn, bad or empty.
    pub tone: &'static str,
    pub at: i64,
}

pub fn history_line(entry: &AuditEntry) -> HistoryLine {
    let (title, text, tone) = match entry.action.as_str() {
        "connected" | "reconnected" => {
            let scopes = entry.detail.split(',').filter(|scope| {
                crate::messages::scopes::scope(scope)
                    .is_some_and(|words| words.name != "Your name and picture")
            });
            let title = if entry.action == "connected" { "Connected" } else { "Connected again" };
            (
                title.to_owned(),
                plural(i64::try_from(scopes.count()).unwrap_or_default(), "permission", "permissions"),
                "ok",
            )
        }
        "accounts_read" => {
            let number = entry.detail.parse().unwrap_or_default();
            ("Accounts read".to_owned(), plural(number, "ad account", "ad accounts"), "")
        }
        "selected" => selected(entry),
        "account_status" | "account_lost" => account(entry),
        "disconnected" => {
            let text =
                if entry.detail == "revoke" { "Here and at Facebook, by you" } else { "Only here, by you" };
            ("Disconnected".to_owned(), text.to_owned(), "")
        }
        "app_removed" => (
            "Removed on Facebook".to_owned(),
            "The person took the app away; our access is erased".to_owned(),
            "bad",
        ),
        "active" | "recovered" => ("Well again".to_owned(), String::new(), "ok"),
        "incomplete" => {
            let title =
                Code::from_text(&entry.detail).map_or("Something is missing", |code| error_text(code).title);
            (title.to_owned(), String::new(), "warn")
        }
        "refreshed" => {
            let until = detail(entry).get("until").and_then(Value::as_i64);
            let text = until.map_or_else(
                || "Without an end date".to_owned(),
                |until| format!("Until {}", day(until, entry.at)),
            );
            ("Renewed".to_owned(), text, "ok")
        }
        "refresh_unchanged" => {
            ("Not renewed yet".to_owned(), "Facebook gave no later end; we try again".to_owned(), "")
        }
        "refresh_failed" => ("Not renewed, Meta was not there".to_owned(), meta(entry), ""),
        "refresh_refused" => ("Facebook did not renew it".to_owned(), meta(entry), "warn"),
        "check_failed" => ("Not checked, Meta was not there".to_owned(), meta(entry), ""),
        "after_pause" => {
            let since = entry.detail.parse().unwrap_or_default();
            let text = format!(
                "This service was off since {}, or a backup of that time was restored. What was changed here since then may be missing.",
                day_and_time(since)
            );
            ("Checked after a pause".to_owned(), text, "warn")
        }
        "needs_reauthorization" => {
            let title =
                Code::from_text(&entry.detail).map_or("Needs somebody", |code| error_text(code).title);
            (title.to_owned(), String::new(), "bad")
        }
        other => (other.to_owned(), String::new(), ""),
    };
    HistoryLine { title, text, tone, at: entry.at }
}

/// An ad account that stands otherwise than before.
fn account(entry: &AuditEntry) -> (String, String, &'static str) {
    let detail = detail(entry);
    let text = |key: &str| detail.get(key).and_then(Value::as_str).unwrap_or_default();
    let is = Standing::from_text(text("to")).unwrap_or(Standing::Unknown);
    let words = crate::messages::ad_accounts::standing(is);
    let reason = match (
        text("reason"),
        crate::messages::ad_accounts::disable_reason(detail.get("disable_reason").and_then(Value::as_i64)),
    ) {
        ("role_lost", _) => crate::messages::ad_accounts::ROLE_LOST.to_owned(),
        (_, Some(reason)) if is == Standing::Disabled => format!("Meta disabled it: {reason}."),
        _ if is == Standing::Unreachable => "Meta no longer shows it to this connection.".to_owned(),
        _ => words.reason.to_owned(),
    };
    let tone = if is == Standing::Active { "ok" } else { "warn" };
    (format!("{}: {}", text("name"), words.word), reason, tone)
}

fn selected(entry: &AuditEntry) -> (String, String, &'static str) {
    let mut numbers = entry.detail.split(',').map(|number| number.parse().unwrap_or_default());
    let [now, added, removed] = [(); 3].map(|()| numbers.next().unwrap_or_default());
    (
        format!("{} chosen", plural(now, "ad account", "ad accounts")),
        format!("{} newly ticked, {} removed, by you", count(added), count(removed)),
        "",
    )
}

fn detail(entry: &AuditEntry) -> Value {
    serde_json::from_str(&entry.detail).unwrap_or_default()
}

/// Meta's numbers and trace id, for a support request.
fn meta(entry: &AuditEntry) -> String {
    detail(entry).get("meta").and_then(Value::as_str).unwrap_or_default().to_owned()
}
