//! Stories told to the sandbox over HTTP, as a client would.

#![expect(clippy::disallowed_methods, reason = "tests create their own clients and tasks")]

mod app;
mod batches;
mod bulk_users;
mod control;
mod dialog;
mod faults;
mod grants;
mod instagram;
mod integrations;
mod limits;
mod outages;
mod people;
mod reads;
mod renewals;
mod restart;
mod ticks;
mod tokens;
mod versions;
mod world;
