//! Lines of a connection's history, from the audit log's actions.

use metaads_store::AuditEntry;

use super::catalogue::Code;
use super::time::{count, plural};

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
                super::scope(scope).is_some_and(|words| words.name != "Your name and picture")
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
        "selected" => {
            let mut numbers = entry.detail.split(',').map(|number| number.parse().unwrap_or_default());
            let [now, added, removed] = [(); 3].map(|()| numbers.next().unwrap_or_default());
            (
                format!("{} chosen", plural(now, "ad account", "ad accounts")),
                format!("{} newly ticked, {} removed, by you", count(added), count(removed)),
                "",
            )
        }
        "disconnected" => {
            let text =
                if entry.detail == "revoke" { "Here and at Facebook, by you" } else { "Only here, by you" };
            ("Disconnected".to_owned(), text.to_owned(), "")
        }
        "active" => ("Well again".to_owned(), String::new(), "ok"),
        "needs_reauthorization" => {
            let title = Code::from_text(&entry.detail).map_or("Needs somebody", |code| code.words().title);
            (title.to_owned(), String::new(), "bad")
        }
        other => (other.to_owned(), String::new(), ""),
    };
    HistoryLine { title, text, tone, at: entry.at }
}
