//! Stories told to the sandbox over HTTP, as a client would.

#![allow(clippy::disallowed_methods, reason = "tests make their own clients and tasks")]

mod batches;
mod dialog;
mod faults;
mod reads;
mod restart;
mod tokens;
mod world;
