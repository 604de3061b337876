//! Tests of the sandbox over HTTP, as a client sees it.

#![expect(clippy::disallowed_methods, reason = "tests create their own clients and tasks")]

mod ad_objects;
mod ad_writes;
mod app;
mod asset_selection;
mod batches;
mod bulk_users;
mod business_integrations;
mod control;
mod dialog;
mod faults;
mod grants;
mod insights;
mod instagram;
mod outages;
mod people;
mod rate_limits;
mod reads;
mod restart;
mod token_exchange;
mod tokens;
mod uploads;
mod versions;
mod world;
