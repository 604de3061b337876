//! Every way it may go wrong, by file name.

mod killed_process;
mod malformed_answers;
mod outage;
mod races;
mod sync;
mod sync_items;
mod untrusted_certificate;
mod unwritable_database;
mod wrong_clock;
