//! Controlling the sandbox: the control page, its JSON API, and the `Control` handle for Rust.

mod actions;
mod activity;
mod ad_accounts;
mod faults;
pub(crate) mod handle;
mod issue_token;
mod minutes;
mod outages;
mod page;
mod rate_limits;
pub(crate) mod router;
mod settings;
mod state_json;
mod users;
