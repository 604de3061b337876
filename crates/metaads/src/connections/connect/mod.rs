//! Connecting: to Meta's login dialog and back, or by importing a token. `authorize.rs` is the flow.

pub mod authorize;
mod failure;
mod grant;
pub mod import_token;
mod login_dialog;
mod save;

pub use failure::FailureDetail;
