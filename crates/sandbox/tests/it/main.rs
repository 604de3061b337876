//! Stories told to the sandbox over HTTP, as a client would.

#![allow(clippy::disallowed_methods, reason = "tests make their own clients and tasks")]

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
