//! Stories told to the sandbox over HTTP, as a client would.

mod batches;
mod dialog;
mod faults;
mod reads;
mod restart;
mod tokens;
mod world;
