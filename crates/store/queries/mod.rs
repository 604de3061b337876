//! Every SQL statement, written once. This folder is compiled into two crates, one per engine, where the compiler checks
//! each statement against that engine's real schema. Statements that must differ are macros in each engine's
//! `dialect.rs`.

mod account_events;
mod account_links;
mod account_status;
mod accounts;
mod api_keys;
mod assets;
mod audit;
mod authorizations;
mod complete;
mod connect_sessions;
mod connections;
mod disconnect;
mod jobs;
mod keys;
mod operator_notices;
mod outbox;
mod quotas;
mod sessions;
mod sync;
mod token_checks;
mod webhook_deliveries;
mod webhook_endpoints;
mod webhooks;
