//! Lines of a connection's history, from the audit log's actions.

use metaads_store::{AdAccountChange, AuditEntry, AuditEvent, DisconnectMode, MetaFailure, StatusReason};

use crate::codes::account_status::AccountStatus;
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
    let now = entry.at;
    let of = |reason: StatusReason| {
        Code::from_text(reason.as_str()).map_or(String::new(), |code| error_text(code).title.to_owned())
    };
    let permissions = |scopes: &[String]| {
        let known = scopes.iter().filter(|scope| {
            crate::messages::scopes::scope(scope).is_some_and(|words| words.name != "Your name and picture")
        });
        plural(i64::try_from(known.count()).unwrap_or_default(), "permission", "permissions")
    };
    let (title, text, tone) = match &entry.event {
        AuditEvent::Connected { scopes } => ("Connected".to_owned(), permissions(scopes), "ok"),
        AuditEvent::Reconnected { scopes } => ("Connected again".to_owned(), permissions(scopes), "ok"),
        AuditEvent::AssetsSynced { ad_accounts } => {
            ("Accounts read".to_owned(), plural(*ad_accounts, "ad account", "ad accounts"), "")
        }
        AuditEvent::AdAccountsSelected { selected, added, removed } => (
            format!("{} chosen", plural(*selected, "ad account", "ad accounts")),
            format!("{} newly ticked, {} removed, by you", count(*added), count(*removed)),
            "",
        ),
        AuditEvent::AdAccountStatusChanged(change) | AuditEvent::AdAccountUnreachable(change) => {
            account(change)
        }
        AuditEvent::Disconnected { mode: DisconnectMode::Revoke } => {
            ("Disconnected".to_owned(), "Here and at Facebook, by you".to_owned(), "")
        }
        AuditEvent::Disconnected { mode: DisconnectMode::Forget } => {
            ("Disconnected".to_owned(), "Only here, by you".to_owned(), "")
        }
        AuditEvent::AppRemoved => (
            "Removed on Facebook".to_owned(),
            "The person took the app away; our access is erased".to_owned(),
            "bad",
        ),
        AuditEvent::Recovered { .. } => ("Well again".to_owned(), String::new(), "ok"),
        AuditEvent::Limited { reason } => (of(*reason), String::new(), "warn"),
        AuditEvent::Refreshed { until } => (
            "Renewed".to_owned(),
            until.map_or_else(
                || "Without an end date".to_owned(),
                |until| format!("Until {}", day(until, now)),
            ),
            "ok",
        ),
        AuditEvent::RefreshUnchanged => {
            ("Not renewed yet".to_owned(), "Facebook gave no later end; we try again".to_owned(), "")
        }
        AuditEvent::RefreshFailed { meta } => {
            ("Not renewed, Meta was not there".to_owned(), failure(meta), "")
        }
        AuditEvent::RefreshRefused { meta } => {
            ("Facebook did not renew it".to_owned(), failure(meta), "warn")
        }
        AuditEvent::CheckFailed { meta } => ("Not checked, Meta was not there".to_owned(), failure(meta), ""),
        AuditEvent::CheckedAfterDowntime { since } => (
            "Checked after a pause".to_owned(),
            format!(
                "This service was off since {}, or a backup of that time was restored. What was changed here since then may be missing.",
                day_and_time(*since)
            ),
            "warn",
        ),
        AuditEvent::NeedsReauthorization { reason } => (of(*reason), String::new(), "bad"),
        AuditEvent::Unknown => ("Something else".to_owned(), String::new(), ""),
    };
    HistoryLine { title, text, tone, at: entry.at }
}

fn account(change: &AdAccountChange) -> (String, String, &'static str) {
    let is = AccountStatus::from_text(&change.to).unwrap_or(AccountStatus::Unknown);
    let words = crate::messages::ad_accounts::standing(is);
    let reason =
        match (change.reason.as_deref(), crate::messages::ad_accounts::disable_reason(change.disable_reason))
        {
            (Some("role_lost"), _) => crate::messages::ad_accounts::ROLE_LOST.to_owned(),
            (_, Some(reason)) if is == AccountStatus::Disabled => format!("Meta disabled it: {reason}."),
            _ => words.reason.to_owned(),
        };
    let tone = if is == AccountStatus::Active { "ok" } else { "warn" };
    (format!("{}: {}", change.name, words.word), reason, tone)
}

fn failure(meta: &MetaFailure) -> String {
    match meta {
        MetaFailure::ApiError(text) | MetaFailure::Text(text) => text.clone(),
        MetaFailure::RateLimited => "not asked: Meta's limits are used up".to_owned(),
        MetaFailure::TimedOut => "no answer in time".to_owned(),
        MetaFailure::Unreachable => "not reachable".to_owned(),
        MetaFailure::Malformed { status } => format!("HTTP {status}, no sense"),
    }
}
