//! The product from the outside: HTTP, a real browser, the command line. Runs on SQLite, or with
//! METAADS_TEST_ENGINE=postgres on the server that METAADS_TEST_POSTGRES_URL names.
//!
//! Start with `story.rs`. A test gets everything from its `World`; `faults/` lists by file name what may go wrong.

#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "tests create their own clients, tasks and statements"
)]
#![expect(clippy::unwrap_used, reason = "a test must stop at anything unexpected")]

mod account_audit;
mod accounts;
mod admins;
mod api;
mod bounds;
mod browser;
mod bulk_connections;
mod chromium;
mod connect;
mod connect_sessions;
mod disconnect;
mod effects;
mod error_responses;
mod faults;
mod meta;
mod pages;
mod process;
mod programs;
mod replica;
mod secrets;
mod selection;
mod shared_grant;
mod story;
mod token_lifecycle;
mod webhooks_out;
mod world;
