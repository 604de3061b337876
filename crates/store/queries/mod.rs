//! Every statement of the service, written once. This folder is compiled into two crates, one for
//! each engine, where the compiler checks each statement against that engine's real schema.

mod accounts;
mod assets;
mod authorizations;
mod connections;
mod disconnect;
mod events;
mod jobs;
mod keys;
mod limits;
mod operators;
mod sessions;
mod standing;
mod sync;
mod visits;
