//! Lines of a connection's history, from the events of the audit log.

use metaads_store::{AdAccountChange, AuditEntry, AuditEvent, DisconnectMode, MetaFailure, StatusReason};

use crate::codes::account_status::AccountStatus;
use crate::codes::error_code::Code;
use crate::messages::ad_accounts;
use crate::messages::errors::error_text;
use crate::messages::format::{count, day, day_and_time, plural};
use crate::messages::scopes::scope;

#[derive(Debug, Clone)]
pub struct HistoryText {
    pub title: String,
    /// May be empty.
    pub text: String,
}

fn line(title: impl Into<String>, text: impl Into<String>) -> HistoryText {
    HistoryText { title: title.into(), text: text.into() }
}

pub fn history(entry: &AuditEntry) -> HistoryText {
    match &entry.event {
        AuditEvent::Connected { scopes, .. } => line("Connected", permissions(scopes)),
        AuditEvent::Reconnected { scopes, .. } => line("Connected again", permissions(scopes)),
        AuditEvent::AssetsSynced { ad_accounts } => {
            line("Accounts synced", plural(*ad_accounts, "ad account", "ad accounts"))
        }
        AuditEvent::AdAccountsSelected { selected, added, removed } => line(
            format!("{} selected", plural(*selected, "ad account", "ad accounts")),
            format!("{} added, {} removed, by you", count(*added), count(*removed)),
        ),
        AuditEvent::AdAccountStatusChanged(change) | AuditEvent::AdAccountUnreachable(change) => {
            ad_account(change)
        }
        AuditEvent::Disconnected { mode: DisconnectMode::Revoke } => {
            line("Disconnected", "Here and on Facebook, by you")
        }
        AuditEvent::Disconnected { mode: DisconnectMode::Forget } => {
            line("Disconnected", "Only here, by you")
        }
        AuditEvent::AppRemoved => {
            line("Removed on Facebook", "The person removed the app; we erased our access")
        }
        AuditEvent::Expiring { until } => {
            let text =
                format!("The access lasts until {}, and could not be renewed so far", day(*until, entry.at));
            line("Ends soon", text)
        }
        AuditEvent::Recovered { .. } => line("Restored", ""),
        AuditEvent::Limited { reason } => line(title_of(*reason), ""),
        AuditEvent::NeedsReauthorization { reason } => line(title_of(*reason), ""),
        AuditEvent::Refreshed { until } => {
            let until = until.map(|until| format!("Until {}", day(until, entry.at)));
            line("Renewed", until.unwrap_or_else(|| "Without an end date".to_owned()))
        }
        AuditEvent::RefreshUnchanged => line("Not renewed yet", "Facebook did not extend it; we try again"),
        AuditEvent::RefreshFailed { meta } => line("Not renewed: Meta was unavailable", failure(meta)),
        AuditEvent::RefreshRefused { meta } => line("Facebook did not renew it", failure(meta)),
        AuditEvent::CheckFailed { meta } => line("Not checked: Meta was unavailable", failure(meta)),
        AuditEvent::CheckedAfterDowntime { since } => line(
            "Checked after downtime",
            format!(
                "This service was down since {}, or restored from a backup of that time. Changes made here since then may be missing.",
                day_and_time(*since)
            ),
        ),
        AuditEvent::Unknown => line("Another change", "A newer version of this program recorded it"),
    }
}

fn title_of(reason: StatusReason) -> &'static str {
    error_text(Code::from(reason)).title
}

/// "6 permissions"; the basic profile does not count.
fn permissions(scopes: &[String]) -> String {
    let number = scopes.iter().filter(|key| *key != "public_profile" && scope(key).is_some()).count();
    plural(i64::try_from(number).unwrap_or_default(), "permission", "permissions")
}

/// A change of an ad account's status.
fn ad_account(change: &AdAccountChange) -> HistoryText {
    let status = new_status(change);
    let is_role_lost = change.reason.as_deref() == Some(Code::RoleLost.as_str());
    let reason = match status {
        AccountStatus::Unreachable if !is_role_lost => ad_accounts::UNREACHABLE.to_owned(),
        _ => ad_accounts::reason(status, change.reason.as_deref(), change.disable_reason),
    };
    line(format!("{}: {}", change.name, ad_accounts::account_status(status).word), reason)
}

/// The status that an ad account changed to.
pub fn new_status(change: &AdAccountChange) -> AccountStatus {
    AccountStatus::from_text(&change.to).unwrap_or(AccountStatus::Unknown)
}

/// Meta's numbers and trace id, for a support request; or why there are none.
fn failure(meta: &MetaFailure) -> String {
    match meta {
        MetaFailure::ApiError(text) | MetaFailure::Text(text) => text.clone(),
        MetaFailure::RateLimited => "Not asked: Meta’s limits are used up".to_owned(),
        MetaFailure::TimedOut => "No answer in time".to_owned(),
        MetaFailure::Unreachable => "Could not be reached".to_owned(),
        MetaFailure::Malformed { status } => format!("HTTP {status}, without a valid answer"),
    }
}
