//! The store on a real database: SQLite, or PostgreSQL with `METAADS_TEST_ENGINE=postgres`. One file per query family:
//! what it returns, what it refuses, and what happens when two callers use it at once.
#![expect(clippy::disallowed_methods, reason = "which engine to test is read from the environment")]
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod account_events;
mod account_links;
mod account_status;
mod accounts;
mod admins;
mod assets;
mod audit;
mod authorizations;
mod complete;
mod connect_sessions;
mod connections;
mod disconnect;
mod jobs;
mod keys;
mod migrations;
mod operator_notices;
mod outgoing_webhooks;
mod quotas;
mod rate_limits;
mod rows;
mod selection;
mod sessions;
mod sync;
mod token_checks;
mod webhooks;
mod world;
