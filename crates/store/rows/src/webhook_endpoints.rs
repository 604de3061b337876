//! Outgoing webhooks: who receives events, and what became of each delivery.

use crate::api_keys::NewSecret;
use crate::outbox::OutboxEventType;
use crate::text::{UserId, WorkspaceId, text_enum};

text_enum!(
    /// Why an endpoint receives nothing.
    DisabledReason {
        /// Somebody switched it off.
        Requested = "requested",
        /// It answered 410.
        Gone = "gone",
        /// Every attempt of several days has failed.
        Failing = "failing",
    }
);

/// Whether an endpoint receives events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndpointState {
    /// `failing_since`: every attempt has failed since then.
    Enabled {
        failing_since: Option<i64>,
    },
    Disabled {
        reason: DisabledReason,
        since: i64,
    },
}

/// A URL that receives events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookEndpoint {
    pub id: String,
    pub workspace_id: WorkspaceId,
    pub url: String,
    /// Empty: every type.
    pub events: Vec<OutboxEventType>,
    pub description: String,
    pub secret_id: String,
    /// The secret before the last rotation, and until when it signs too.
    pub previous: Option<(String, i64)>,
    pub created_at: i64,
    pub state: EndpointState,
    /// Of the request that made it.
    pub request_hash: Option<String>,
}

impl WebhookEndpoint {
    pub fn is_enabled(&self) -> bool {
        matches!(self.state, EndpointState::Enabled { .. })
    }

    pub fn receives(&self, kind: OutboxEventType) -> bool {
        self.events.is_empty() || self.events.contains(&kind)
    }
}

/// The columns of an endpoint.
#[derive(Debug)]
pub struct WebhookEndpointRow {
    pub id: String,
    pub workspace_id: WorkspaceId,
    pub url: String,
    pub events: String,
    pub description: String,
    pub secret_id: String,
    pub previous_secret_id: Option<String>,
    pub previous_ends_at: Option<i64>,
    pub created_at: i64,
    pub failing_since: Option<i64>,
    pub disabled_at: Option<i64>,
    pub disabled_reason: Option<String>,
    pub request_hash: Option<String>,
}

/// No type of this version: what another version chose must not become "every type".
const NONE_OF_OURS: [OutboxEventType; 1] = [OutboxEventType::Test];

impl From<WebhookEndpointRow> for WebhookEndpoint {
    fn from(row: WebhookEndpointRow) -> WebhookEndpoint {
        let mut events: Vec<_> = row.events.split(',').filter_map(OutboxEventType::from_text).collect();
        if events.is_empty() && !row.events.is_empty() {
            events = NONE_OF_OURS.to_vec();
        }
        let reason = row.disabled_reason.as_deref().and_then(DisabledReason::from_text);
        let state = match row.disabled_at {
            Some(since) => {
                EndpointState::Disabled { reason: reason.unwrap_or(DisabledReason::Requested), since }
            }
            None => EndpointState::Enabled { failing_since: row.failing_since },
        };
        WebhookEndpoint {
            previous: row.previous_secret_id.zip(row.previous_ends_at),
            id: row.id,
            workspace_id: row.workspace_id,
            url: row.url,
            description: row.description,
            secret_id: row.secret_id,
            created_at: row.created_at,
            request_hash: row.request_hash,
            events,
            state,
        }
    }
}

/// Types as their column.
pub fn types_to_column(events: &[OutboxEventType]) -> String {
    events.iter().map(|kind| kind.as_str()).collect::<Vec<_>>().join(",")
}

/// Recognizes a request that is repeated with the same `Idempotency-Key`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestId {
    /// The API key or the user.
    pub owner: String,
    pub key: String,
    /// Of the body.
    pub hash: String,
}

#[derive(Debug)]
pub struct NewWebhookEndpoint {
    pub id: String,
    pub workspace_id: WorkspaceId,
    pub user_id: UserId,
    pub url: String,
    pub events: Vec<OutboxEventType>,
    pub description: String,
    pub secret: NewSecret,
    pub created_at: i64,
    pub request: Option<RequestId>,
}

/// New values of an endpoint; None: as before.
#[derive(Debug, Clone, Default)]
pub struct EndpointChange {
    pub url: Option<String>,
    pub events: Option<Vec<OutboxEventType>>,
    pub description: Option<String>,
    pub is_enabled: Option<bool>,
}

text_enum!(
    /// What became of a delivery.
    DeliveryStatus {
        Pending = "pending",
        Delivered = "delivered",
        /// Given up after the last attempt. It can be replayed.
        Dead = "dead",
    }
);

text_enum!(
    /// Why an attempt failed.
    DeliveryError {
        /// The answer was not a 2xx.
        Status = "status",
        /// It was a redirect, which is not followed.
        Redirect = "redirect",
        TimedOut = "timed_out",
        /// No connection, or it broke.
        Unreachable = "unreachable",
        UnknownHost = "unknown_host",
        /// The host leads to an address that is not public.
        PrivateAddress = "private_address",
        /// The URL is not one that is delivered to.
        BadUrl = "bad_url",
        /// Not sent: the endpoint was disabled.
        Disabled = "disabled",
    }
);

/// One event on its way to one endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookDelivery {
    pub id: String,
    pub endpoint_id: String,
    pub url: String,
    pub event_id: String,
    pub connection_id: String,
    pub kind: String,
    /// JSON.
    pub data: String,
    pub event_at: i64,
    pub status: DeliveryStatus,
    pub attempts: i64,
    pub next_attempt_at: i64,
    pub created_at: i64,
    pub last_attempt_at: Option<i64>,
    pub response_status: Option<i64>,
    pub response_body: Option<String>,
    pub error: Option<DeliveryError>,
}

/// The outcome of one attempt.
#[derive(Debug, Clone)]
pub struct DeliveryAttempt {
    pub delivery_id: String,
    pub endpoint_id: String,
    /// How many attempts there were before it: one that was recorded or replayed meanwhile is not overwritten.
    pub attempts_before: i64,
    pub next: AfterAttempt,
    pub response_status: Option<i64>,
    pub response_body: Option<String>,
    pub error: Option<DeliveryError>,
    pub at: i64,
}

/// What comes after an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AfterAttempt {
    Delivered,
    RetryAt(i64),
    Dead,
    /// The endpoint says that it is gone: it is disabled.
    Gone,
}

/// What one expansion of the outbox did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Expansion {
    pub events: usize,
    pub deliveries: usize,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_for_types_of_another_version_does_not_receive_every_type() {
        let row = |events: &str| WebhookEndpointRow {
            id: String::new(),
            workspace_id: WorkspaceId::from_text("00000000-0000-7000-8000-000000000001").expect("an id"),
            url: String::new(),
            events: events.to_owned(),
            description: String::new(),
            secret_id: String::new(),
            previous_secret_id: None,
            previous_ends_at: None,
            created_at: 0,
            failing_since: None,
            disabled_at: None,
            disabled_reason: None,
            request_hash: None,
        };
        let receives =
            |events| WebhookEndpoint::from(row(events)).receives(OutboxEventType::ConnectionCreated);
        assert!(receives("") && receives("connection.created"));
        assert!(!receives("connection.teleported") && !receives("connection.updated"));
    }
}
