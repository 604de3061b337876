//! The Graph API: token endpoint, nodes and edges, batches.
//!
//! `handler` is the entry point; `dispatch` performs a single call.

mod batch;
mod batch_references;
pub(crate) mod classify;
mod dispatch;
pub(crate) mod error;
pub(crate) mod fault_injection;
pub(crate) mod handler;
mod instagram;
mod legacy;
mod nodes;
mod rate_limits;
mod subscriptions;
mod token_endpoint;
pub(crate) mod tokens;
pub(crate) mod usage_headers;
pub(crate) mod versions;
