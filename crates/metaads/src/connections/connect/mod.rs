//! Connecting: to Meta's login dialog and back, or by importing a token.

pub mod authorize;
pub mod grant;
pub mod import_token;
mod login_dialog;
