//! Users: signing up, signing in, sessions and passwords. Decisions only; nothing here knows the web framework.

pub mod admins;
pub mod api_keys;
pub mod close_account;
mod common_passwords;
pub mod email;
pub mod error;
pub mod events;
pub mod links;
pub mod passwords;
pub mod sessions;
pub mod sign_in;
pub mod sign_up;
