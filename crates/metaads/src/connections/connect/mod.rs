//! Connecting: to Meta's login dialog and back, or by importing a token. `authorize.rs` is the flow; `sessions/` offers it
//! to the users of other products.

pub mod authorize;
mod failure;
mod grant;
pub mod import_token;
pub mod initiator;
mod login_dialog;
mod save;
pub mod sessions;
mod wrong_person;

pub use failure::FailureDetail;
