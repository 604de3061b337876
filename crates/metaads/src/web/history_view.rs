//! Lines of a connection's history: text, tone and time.

use metaads_store::{AuditEntry, AuditEvent};

use crate::codes::account_status::AccountStatus;
use crate::messages::format;
use crate::messages::history::{self, HistoryText};
use crate::web::tone::Tone;

pub struct HistoryRow {
    pub text: HistoryText,
    pub tone: Tone,
    pub iso: String,
    pub shown: String,
}

impl HistoryRow {
    pub fn new(entry: &AuditEntry, now: i64) -> HistoryRow {
        HistoryRow {
            text: history::history(entry),
            tone: tone(&entry.event),
            iso: format::iso(entry.at),
            shown: format::day(entry.at, now),
        }
    }
}

fn tone(event: &AuditEvent) -> Tone {
    match event {
        AuditEvent::Connected { .. }
        | AuditEvent::Reconnected { .. }
        | AuditEvent::Recovered { .. }
        | AuditEvent::Refreshed { .. } => Tone::Good,
        AuditEvent::Expiring { .. }
        | AuditEvent::Limited { .. }
        | AuditEvent::RefreshRefused { .. }
        | AuditEvent::CheckedAfterDowntime { .. } => Tone::Warning,
        AuditEvent::AppRemoved | AuditEvent::NeedsReauthorization { .. } => Tone::Bad,
        AuditEvent::AdAccountStatusChanged(change) | AuditEvent::AdAccountUnreachable(change) => {
            if history::new_status(change) == AccountStatus::Active {
                Tone::Good
            } else {
                Tone::Warning
            }
        }
        AuditEvent::RefreshUnchanged
        | AuditEvent::RefreshFailed { .. }
        | AuditEvent::CheckFailed { .. }
        | AuditEvent::AssetsSynced { .. }
        | AuditEvent::AdAccountsSelected { .. }
        | AuditEvent::Disconnected { .. }
        | AuditEvent::Unknown => Tone::Neutral,
    }
}
