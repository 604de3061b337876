//! Meta's calls to us, and the subscriptions that cause them.

mod event;
mod signature;
mod signed_request;
mod subscriptions;

pub use event::{Change, parse_event, verify_event};
pub use signature::WebhookError;
pub use signed_request::{SignedRequest, parse_signed_request};
pub use subscriptions::Subscription;
