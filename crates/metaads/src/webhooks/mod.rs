//! Inbound webhooks: Meta's calls to us. `inbox` receives and stores them, `apply` applies them in a job. Outgoing
//! webhooks are in `outgoing`.

pub mod apply;
pub mod data_deletion;
pub mod inbox;
pub mod outgoing;
