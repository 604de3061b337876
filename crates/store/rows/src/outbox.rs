//! Events for others: what each change means to the outside. Written in the transaction of the change, delivered later.

use serde::Serialize;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::audit::{AdAccountChange, AuditEvent};
use crate::connection_state::{ConnectionStatus, StatusReason};
use crate::connections::ConnectionKind;
use crate::text::{WorkspaceId, text_enum};

/// A connection whose token ends within this time (milliseconds) counts as expiring.
pub const EXPIRING_WITHIN_MS: i64 = 7 * 86_400_000;

text_enum!(
    /// The type of an outgoing event, as Standard Webhooks names types.
    OutboxEventType {
        ConnectionCreated = "connection.created",
        ConnectionReconnected = "connection.reconnected",
        ConnectionUpdated = "connection.updated",
        ConnectionExpiring = "connection.expiring",
        ConnectionNeedsReauthorization = "connection.needs_reauthorization",
        ConnectionRecovered = "connection.recovered",
        ConnectionRevoked = "connection.revoked",
        ConnectionDisconnected = "connection.disconnected",
        AdAccountStatusChanged = "ad_account.status_changed",
        AdAccountSelected = "ad_account.selected",
        AdAccountDeselected = "ad_account.deselected",
        AdAccountUnreachable = "ad_account.unreachable",
        /// Sent to one endpoint on request; nothing has happened.
        Test = "webhook.test",
    }
);

impl OutboxEventType {
    /// The types that an endpoint can ask for.
    pub const ALL: [OutboxEventType; 12] = [
        OutboxEventType::ConnectionCreated,
        OutboxEventType::ConnectionReconnected,
        OutboxEventType::ConnectionUpdated,
        OutboxEventType::ConnectionExpiring,
        OutboxEventType::ConnectionNeedsReauthorization,
        OutboxEventType::ConnectionRecovered,
        OutboxEventType::ConnectionRevoked,
        OutboxEventType::ConnectionDisconnected,
        OutboxEventType::AdAccountStatusChanged,
        OutboxEventType::AdAccountSelected,
        OutboxEventType::AdAccountDeselected,
        OutboxEventType::AdAccountUnreachable,
    ];
}

/// What a change means to the outside.
#[derive(Debug, Clone, PartialEq)]
pub struct OutboxChange {
    pub kind: OutboxEventType,
    /// The ad account that it is about.
    pub account_id: Option<String>,
    /// A JSON object, in addition to what [`OutboxSubject`] says about the connection. Never a token, never Meta's text.
    pub data: Value,
}

impl OutboxChange {
    fn of_connection(kind: OutboxEventType, data: Value) -> OutboxChange {
        OutboxChange { kind, account_id: None, data }
    }

    /// An ad account became selected, or is not selected any more.
    pub fn selection(kind: OutboxEventType, account_id: &str, account_name: &str) -> OutboxChange {
        let data = json!({ "account_id": account_id, "account_name": account_name });
        OutboxChange { kind, account_id: Some(account_id.to_owned()), data }
    }

    fn of_account(kind: OutboxEventType, change: &AdAccountChange) -> OutboxChange {
        let data = json!({
            "account_id": change.id,
            "account_name": change.name,
            "account_status": change.to,
            "previous_account_status": change.from,
            "account_status_reason": change.reason,
        });
        OutboxChange { kind, account_id: Some(change.id.clone()), data }
    }

    /// What an event of the audit log means to the outside; None: nothing. Selections are written account by account
    /// where they happen.
    pub fn of(event: &AuditEvent) -> Option<OutboxChange> {
        use OutboxEventType as Type;
        let updated = |change: &str| {
            Some(OutboxChange::of_connection(Type::ConnectionUpdated, json!({ "change": change })))
        };
        let plain = |kind| Some(OutboxChange::of_connection(kind, json!({})));
        match event {
            AuditEvent::Connected { .. } => plain(Type::ConnectionCreated),
            AuditEvent::Reconnected { .. } => plain(Type::ConnectionReconnected),
            AuditEvent::Recovered { .. } => plain(Type::ConnectionRecovered),
            AuditEvent::NeedsReauthorization { .. } => plain(Type::ConnectionNeedsReauthorization),
            AuditEvent::Expiring { .. } => plain(Type::ConnectionExpiring),
            AuditEvent::Limited { .. } => updated("limited"),
            AuditEvent::Refreshed { .. } => updated("token_refreshed"),
            AuditEvent::AssetsSynced { .. } => updated("assets_synced"),
            AuditEvent::Disconnected { .. } => plain(Type::ConnectionDisconnected),
            AuditEvent::AppRemoved => plain(Type::ConnectionRevoked),
            AuditEvent::AdAccountStatusChanged(change) => {
                Some(OutboxChange::of_account(Type::AdAccountStatusChanged, change))
            }
            AuditEvent::AdAccountUnreachable(change) => {
                Some(OutboxChange::of_account(Type::AdAccountUnreachable, change))
            }
            AuditEvent::RefreshUnchanged
            | AuditEvent::RefreshFailed { .. }
            | AuditEvent::RefreshRefused { .. }
            | AuditEvent::CheckFailed { .. }
            | AuditEvent::CheckedAfterDowntime { .. }
            | AuditEvent::AdAccountsSelected { .. }
            | AuditEvent::Unknown => None,
        }
    }
}

/// The connection that an event is about, as it is after the change.
#[derive(Debug, Clone)]
pub struct OutboxSubject {
    pub workspace_id: WorkspaceId,
    pub kind: ConnectionKind,
    pub name: String,
    pub status: ConnectionStatus,
    pub reason: Option<StatusReason>,
    pub expires_at: Option<i64>,
}

/// An event about to be stored. Serialized, since many rows go into one statement as JSON.
#[derive(Debug, Serialize)]
pub struct NewOutboxEvent {
    pub id: String,
    pub workspace_id: String,
    pub connection_id: String,
    pub account_id: Option<String>,
    pub r#type: &'static str,
    pub data: String,
    pub at: i64,
    pub position: i64,
}

impl OutboxSubject {
    /// The events of one change, after the connection's last `position`. `audit_id`: the event of the audit log.
    pub fn events(
        &self,
        connection: &str,
        audit_id: &str,
        changes: Vec<OutboxChange>,
        (at, last): (i64, i64),
    ) -> Vec<NewOutboxEvent> {
        let first = at.max(last + 1);
        let number = |index: usize| i64::try_from(index).unwrap_or(i64::MAX);
        let event = |(index, change): (usize, OutboxChange)| NewOutboxEvent {
            id: derived_id(audit_id, index),
            workspace_id: self.workspace_id.to_string(),
            connection_id: connection.to_owned(),
            data: self.data(connection, &change, at).to_string(),
            account_id: change.account_id,
            r#type: change.kind.as_str(),
            at,
            position: first.saturating_add(number(index)),
        };
        changes.into_iter().enumerate().map(event).collect()
    }

    fn data(&self, connection: &str, change: &OutboxChange, at: i64) -> Value {
        let is_expiring = self.expires_at.is_some_and(|ends_at| ends_at - at < EXPIRING_WITHIN_MS);
        let status = match self.status {
            ConnectionStatus::Active if is_expiring => "expiring",
            status => status.as_str(),
        };
        let mut data = json!({
            "connection_id": connection,
            "kind": self.kind.as_str(),
            "name": self.name,
            "status": status,
            "status_reason": self.reason.map(StatusReason::as_str),
        });
        if let (Value::Object(data), Value::Object(more)) = (&mut data, &change.data) {
            data.extend(more.clone());
        }
        data
    }
}

/// What is left of an event's data when the connection is deleted: no name.
pub fn erased_data(connection: &str) -> String {
    json!({ "connection_id": connection }).to_string()
}

/// The id itself for 0, and further ids that only this one leads to.
pub fn derived_id(id: &str, index: usize) -> String {
    let Ok(uuid) = Uuid::try_parse(id) else { return format!("{id}-{index}") };
    // The last 62 bits of a UUIDv7 are random.
    let index = u128::try_from(index).unwrap_or_default();
    let bits = ((index & 0x3fff) << 46) ^ (index >> 14);
    Uuid::from_u128(uuid.as_u128() ^ bits).hyphenated().to_string()
}

/// A UUIDv7 of this moment (Unix milliseconds) that only this id leads to; never the id itself.
pub fn dated_id(id: &str, at: i64) -> String {
    let random = Uuid::try_parse(id).map(|uuid| uuid.as_u128()).unwrap_or_default() & ((1_u128 << 80) - 1);
    // A job may have the id itself.
    Uuid::from_u128((u128::try_from(at).unwrap_or_default() << 80) | (random ^ 1)).hyphenated().to_string()
}

/// A UUID with the time of the first, which only these two lead to.
pub fn combined_id(first: &str, second: &str) -> String {
    let (Ok(first), Ok(second)) = (Uuid::try_parse(first), Uuid::try_parse(second)) else {
        return format!("{first}/{second}");
    };
    // The halves of 48 random bits change places, so that neighbors of both do not meet.
    let (low, mask) = (second.as_u128(), (1_u128 << 24) - 1);
    let bits = ((low & mask) << 24) | ((low >> 24) & mask);
    Uuid::from_u128(first.as_u128() ^ bits).hyphenated().to_string()
}

/// A stored event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutboxEvent {
    pub id: String,
    /// '' for a test.
    pub connection_id: String,
    pub account_id: Option<String>,
    pub kind: String,
    /// JSON.
    pub data: String,
    pub at: i64,
    /// Its place in the workspace.
    pub number: i64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn derived_ids_differ_and_keep_the_time_of_the_first() {
        let id = "01932d4e-5b00-7000-8000-ffffffffffff";
        assert_eq!(derived_id(id, 0), id);
        let ids: std::collections::HashSet<String> = (0..40_000).map(|index| derived_id(id, index)).collect();
        assert_eq!(ids.len(), 40_000);
        assert!(ids.iter().all(|id| id.starts_with("01932d4e-5b00-7000-")));
        assert_ne!(dated_id(id, 0x0193_2d4e_5b00), id);
    }

    #[test]
    fn data_has_the_connection_after_the_change_and_no_more() {
        let subject = OutboxSubject {
            workspace_id: WorkspaceId::new(Uuid::nil()),
            kind: ConnectionKind::FacebookUser,
            name: "Ann".to_owned(),
            status: ConnectionStatus::Active,
            reason: None,
            expires_at: Some(1_000),
        };
        let change = OutboxChange::of(&AuditEvent::Refreshed { until: None }).expect("an event");
        let events = subject.events("c", "01932d4e-5b00-7000-8000-000000000001", vec![change], (500, 700));
        let data: Value = serde_json::from_str(&events[0].data).expect("JSON");
        let expected = json!({"connection_id": "c", "kind": "facebook_user", "name": "Ann", "status": "expiring",
            "status_reason": null, "change": "token_refreshed"});
        assert_eq!((data, events[0].position), (expected, 701));
    }

    #[test]
    fn every_type_survives_its_text() {
        for kind in OutboxEventType::ALL {
            assert_eq!(OutboxEventType::from_text(kind.as_str()), Some(kind));
        }
    }
}
