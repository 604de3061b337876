//! Rows of the webhook pages.

use metaads_store::{DeliveryStatus, EndpointState, OutboxEventType, WebhookDelivery, WebhookEndpoint};

use crate::messages::{format, outgoing_webhooks as text};

/// A colored word.
pub struct Pill {
    pub class: &'static str,
    pub word: &'static str,
}

pub struct EndpointRow {
    pub id: String,
    pub url: String,
    pub description: String,
    /// "Every event", "3 kinds of events".
    pub events: String,
    pub pill: Pill,
}

impl EndpointRow {
    pub fn new(endpoint: &WebhookEndpoint) -> EndpointRow {
        let number = i64::try_from(endpoint.events.len()).unwrap_or_default();
        EndpointRow {
            id: endpoint.id.clone(),
            url: endpoint.url.clone(),
            description: endpoint.description.clone(),
            events: match number {
                0 => "Every event".to_owned(),
                number => format::plural(number, "kind of event", "kinds of events"),
            },
            pill: match endpoint.state {
                EndpointState::Enabled { failing_since: None } => Pill { class: "pill-active", word: "On" },
                EndpointState::Enabled { failing_since: Some(_) } => {
                    Pill { class: "pill-expiring", word: "Failing" }
                }
                EndpointState::Disabled { .. } => Pill { class: "pill-needs", word: "Off" },
            },
        }
    }
}

/// A type of event to choose.
pub struct EventChoice {
    pub kind: &'static str,
    pub label: &'static str,
    pub is_chosen: bool,
}

/// Every type, with the `chosen` ones checked.
pub fn event_choices(chosen: &[String]) -> Vec<EventChoice> {
    let choice = |kind: OutboxEventType| EventChoice {
        kind: kind.as_str(),
        label: text::event_label(kind),
        is_chosen: chosen.iter().any(|one| one == kind.as_str()),
    };
    OutboxEventType::ALL.into_iter().map(choice).collect()
}

pub struct DeliveryRow {
    pub id: String,
    pub label: &'static str,
    pub pill: Pill,
    pub iso: String,
    pub shown: String,
}

impl DeliveryRow {
    pub fn new(delivery: &WebhookDelivery) -> DeliveryRow {
        DeliveryRow {
            id: delivery.id.clone(),
            label: delivery_label(delivery),
            pill: delivery_pill(delivery),
            iso: format::iso(delivery.created_at),
            shown: format::day_and_time(delivery.created_at),
        }
    }
}

pub fn delivery_label(delivery: &WebhookDelivery) -> &'static str {
    OutboxEventType::from_text(&delivery.kind).map_or("Another event", text::event_label)
}

pub fn delivery_pill(delivery: &WebhookDelivery) -> Pill {
    let class = match delivery.status {
        DeliveryStatus::Delivered => "pill-active",
        DeliveryStatus::Pending if delivery.error.is_some() => "pill-expiring",
        DeliveryStatus::Pending => "",
        DeliveryStatus::Dead => "pill-needs",
    };
    let word = match class {
        "pill-expiring" => "Trying again",
        _ => text::status_word(delivery.status),
    };
    Pill { class, word }
}
