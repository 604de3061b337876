//! Users: signing up, signing in, sessions and passwords. Decisions only; nothing here knows the web framework.

pub mod close_account;
pub mod email;
pub mod error;
pub mod passwords;
pub mod sessions;
pub mod sign_in;
pub mod sign_up;
