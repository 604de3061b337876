//! Pages: extract, one call, answer. No SQL, no Graph, no crypto here.

pub mod admin;
pub mod assets;
pub mod attempt;
pub mod business;
pub mod connect;
pub mod connection;
pub mod dashboard;
pub mod deletion;
pub mod disconnect;
pub mod entry;
pub mod extract;
pub mod frame;
pub mod guard;
pub mod health;
pub mod help;
pub mod home;
pub mod hooks;
pub mod missing;
pub mod paste;
pub mod picker;
pub mod problem;
pub mod settings;
mod trouble;
