//! Meta's calls to us: received, stored and applied; data deletion. Outgoing webhooks will live here too.

pub mod apply;
pub mod data_deletion;
