//! Events of the audit log: one enum, stored as an action and its details in JSON.

use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::connection_state::StatusReason;
use crate::connections::DisconnectMode;

/// Something that happened to a connection. Stored as `action` (the variant) and `detail` (its fields, JSON).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "action", content = "detail", rename_all = "snake_case")]
pub enum AuditEvent {
    Connected {
        scopes: Vec<String>,
        /// None: connected on our own pages, or by an imported token.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        connect_session: Option<ConnectSessionRef>,
    },
    Reconnected {
        scopes: Vec<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        connect_session: Option<ConnectSessionRef>,
    },
    /// It works again; `reason`: what was wrong before.
    Recovered {
        reason: Option<StatusReason>,
    },
    NeedsReauthorization {
        reason: StatusReason,
    },
    /// It works in part: a permission is missing, or data access has expired.
    Limited {
        reason: StatusReason,
    },
    /// The token ends soon, at `until`, and could not be refreshed so far.
    Expiring {
        until: i64,
    },
    /// `until`: when the new token expires; None: never.
    Refreshed {
        until: Option<i64>,
    },
    RefreshUnchanged,
    RefreshFailed {
        meta: MetaFailure,
    },
    RefreshRefused {
        meta: MetaFailure,
    },
    CheckFailed {
        meta: MetaFailure,
    },
    /// Checked because the service was off since `since`.
    CheckedAfterDowntime {
        since: i64,
    },
    AssetsSynced {
        ad_accounts: i64,
    },
    AdAccountsSelected {
        selected: i64,
        added: i64,
        removed: i64,
    },
    AdAccountStatusChanged(AdAccountChange),
    AdAccountUnreachable(AdAccountChange),
    Disconnected {
        mode: DisconnectMode,
    },
    AppRemoved,
    /// An action of another version of this program.
    #[serde(other)]
    Unknown,
}

/// The connect session in which somebody connected.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConnectSessionRef {
    pub id: String,
    /// The product's own id of its user.
    pub external_user_id: String,
}

/// How the status of an ad account changed. Statuses are those of the JSON API.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AdAccountChange {
    pub id: String,
    pub name: String,
    pub from: String,
    pub to: String,
    /// A stable error code; None: nothing is wrong.
    pub reason: Option<String>,
    /// Meta's number.
    pub disable_reason: Option<i64>,
}

/// How a call to Meta failed. Never Meta's text, which may name people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MetaFailure {
    /// Meta's numbers and trace id, for a support request.
    ApiError(String),
    /// Not called: a quota is used up.
    RateLimited,
    TimedOut,
    Unreachable,
    /// The answer was not Meta's JSON.
    Malformed {
        status: u16,
    },
    /// As earlier versions recorded a failure.
    #[serde(untagged)]
    Text(String),
}

impl MetaFailure {
    /// The same failure, apart from the id that Meta gives to each answer.
    fn is_like(&self, other: &MetaFailure) -> bool {
        match (self, other) {
            (MetaFailure::ApiError(one), MetaFailure::ApiError(other)) => {
                let numbers = |text: &str| text.split(", fbtrace_id").next().unwrap_or_default().to_owned();
                numbers(one) == numbers(other)
            }
            _ => self == other,
        }
    }
}

/// An event about to be recorded.
#[derive(Debug, Clone)]
pub struct NewAuditEvent {
    pub id: String,
    pub event: AuditEvent,
}

/// A recorded event of a connection's history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEntry {
    pub id: String,
    /// Unix milliseconds.
    pub at: i64,
    pub event: AuditEvent,
}

impl AuditEvent {
    /// The two columns: action, and details as JSON.
    pub fn to_columns(&self) -> (String, String) {
        let mut value = serde_json::to_value(self).expect("an event of text and numbers always serializes");
        let action = value["action"].take();
        let action = action.as_str().expect("the tag of an enum is a string").to_owned();
        (action, value["detail"].take().to_string())
    }

    /// Whether a person, or a job that retries, can cause the event again and again although nothing changes.
    pub fn is_repeatable(&self) -> bool {
        self.repeats(self)
    }

    /// Whether the event says nothing that an `earlier` one did not say. Never true of a change.
    pub fn repeats(&self, earlier: &AuditEvent) -> bool {
        match (self, earlier) {
            (
                AuditEvent::AssetsSynced { ad_accounts: one },
                AuditEvent::AssetsSynced { ad_accounts: other },
            ) => one == other,
            (AuditEvent::RefreshUnchanged, AuditEvent::RefreshUnchanged) => true,
            (AuditEvent::RefreshFailed { meta: one }, AuditEvent::RefreshFailed { meta: other })
            | (AuditEvent::RefreshRefused { meta: one }, AuditEvent::RefreshRefused { meta: other })
            | (AuditEvent::CheckFailed { meta: one }, AuditEvent::CheckFailed { meta: other }) => {
                one.is_like(other)
            }
            _ => false,
        }
    }

    /// An event from its columns; [`AuditEvent::Unknown`] for one that this version does not know.
    pub fn from_columns(action: &str, detail: &str) -> AuditEvent {
        let detail: serde_json::Value = serde_json::from_str(detail).unwrap_or_default();
        let event = if detail.is_null() {
            json!({ "action": action })
        } else {
            json!({ "action": action, "detail": detail })
        };
        serde_json::from_value(event).unwrap_or(AuditEvent::Unknown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_survive_their_columns() {
        let account = AdAccountChange {
            id: "1".to_owned(),
            name: "A".to_owned(),
            from: "active".to_owned(),
            to: "disabled".to_owned(),
            reason: Some("account_disabled".to_owned()),
            disable_reason: Some(1),
        };
        for event in [
            AuditEvent::Connected { scopes: vec!["ads_read".to_owned()], connect_session: None },
            AuditEvent::Recovered { reason: None },
            AuditEvent::NeedsReauthorization { reason: StatusReason::PasswordChanged },
            AuditEvent::RefreshUnchanged,
            AuditEvent::RefreshFailed { meta: MetaFailure::Malformed { status: 502 } },
            AuditEvent::CheckFailed { meta: MetaFailure::TimedOut },
            AuditEvent::AdAccountStatusChanged(account),
            AuditEvent::Disconnected { mode: DisconnectMode::Revoke },
            AuditEvent::AppRemoved,
        ] {
            let (action, detail) = event.to_columns();
            assert_eq!(AuditEvent::from_columns(&action, &detail), event, "{action} {detail}");
        }
        assert_eq!(AuditEvent::from_columns("teleported", "{\"to\":1}"), AuditEvent::Unknown);
        assert_eq!(
            AuditEvent::from_columns("check_failed", r#"{"meta":"no answer in time"}"#),
            AuditEvent::CheckFailed { meta: MetaFailure::Text("no answer in time".to_owned()) }
        );
    }
}
