//! The surface that Meta calls: webhooks, deauthorize and data deletion callbacks.

pub mod meta;
pub mod problem;
mod webhook_body;
