//! The product from outside: HTTP, browser, command line; on SQLite, or with
//! METAADS_TEST_ENGINE=postgres on the server that METAADS_TEST_POSTGRES_URL names.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "tests make their own clients, tasks and statements"
)]
#![expect(clippy::unwrap_used, reason = "a test that meets the unexpected shall stop there")]

mod accounts;
mod api;
mod browser;
mod choosing;
mod chromium;
mod connect;
mod disconnect;
mod faults;
mod keeping;
mod meta;
mod process;
mod secrets;
mod siblings;
mod story;
mod world;
