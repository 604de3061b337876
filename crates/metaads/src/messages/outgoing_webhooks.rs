//! Outgoing webhooks, as their pages describe them.

use metaads_store::{DeliveryError, DeliveryStatus, DisabledReason, OutboxEventType};

/// What happened.
pub fn event_label(kind: OutboxEventType) -> &'static str {
    match kind {
        OutboxEventType::ConnectionCreated => "Connected",
        OutboxEventType::ConnectionReconnected => "Connected again",
        OutboxEventType::ConnectionUpdated => "Connection updated",
        OutboxEventType::ConnectionExpiring => "Connection ends soon",
        OutboxEventType::ConnectionNeedsReauthorization => "Action needed",
        OutboxEventType::ConnectionRecovered => "Connection restored",
        OutboxEventType::ConnectionRevoked => "Removed on Facebook",
        OutboxEventType::ConnectionDisconnected => "Disconnected here",
        OutboxEventType::AdAccountStatusChanged => "Ad account status changed",
        OutboxEventType::AdAccountSelected => "Ad account selected",
        OutboxEventType::AdAccountDeselected => "Ad account deselected",
        OutboxEventType::AdAccountUnreachable => "Ad account unreachable",
        OutboxEventType::Test => "Test",
    }
}

pub fn status_word(status: DeliveryStatus) -> &'static str {
    match status {
        DeliveryStatus::Pending => "On its way",
        DeliveryStatus::Delivered => "Delivered",
        DeliveryStatus::Dead => "Given up",
    }
}

/// Why an attempt failed, and what helps.
pub fn error_text(error: DeliveryError) -> &'static str {
    match error {
        DeliveryError::Status => {
            "The server did not accept it. An answer with a status from 200 to 299 counts as accepted."
        }
        DeliveryError::Redirect => {
            "The server redirected it. Redirects are not followed: enter the final address."
        }
        DeliveryError::TimedOut => {
            "The server did not answer within 10 seconds. Answer first, then do the work."
        }
        DeliveryError::Unreachable => {
            "No secure connection to the server was possible. Check that it runs, and its certificate."
        }
        DeliveryError::UnknownHost => "The host name has no address. Check its spelling.",
        DeliveryError::PrivateAddress => {
            "The host name leads to a private address, which never receives webhooks."
        }
        DeliveryError::BadUrl => {
            "Nothing is sent to an address like this one. Enter one that starts with https://."
        }
        DeliveryError::Disabled => "It was not sent, because the endpoint was switched off.",
    }
}

/// Why an endpoint receives nothing, and what to do.
pub fn disabled_text(reason: DisabledReason) -> &'static str {
    match reason {
        DisabledReason::Requested => "It was switched off. Switch it on to receive events again.",
        DisabledReason::Gone => {
            "The server answered that it is gone (410), so we stopped. Switch it on if that was a mistake."
        }
        DisabledReason::Failing => {
            "Every attempt of the last five days failed, so we stopped. Fix the server, then switch it on."
        }
    }
}
