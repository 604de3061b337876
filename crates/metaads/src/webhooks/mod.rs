//! Inbound webhooks: Meta's calls to us. `inbox` receives and stores them, `apply` applies them in a job. Outgoing
//! webhooks will be here too.

pub mod apply;
pub mod data_deletion;
pub mod inbox;
