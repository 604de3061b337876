//! The JSON API, read-only so far, for the signed-in browser.

pub mod connections;
