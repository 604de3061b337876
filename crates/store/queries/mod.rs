//! Every statement of the service, written once. This folder is compiled into two crates, one per engine, where the
//! compiler checks each statement against that engine's real schema.

mod account_status;
mod accounts;
mod assets;
mod audit;
mod authorizations;
mod complete;
mod connections;
mod disconnect;
mod jobs;
mod keys;
mod operator_notices;
mod quotas;
mod sessions;
mod sync;
mod token_checks;
mod webhooks;
