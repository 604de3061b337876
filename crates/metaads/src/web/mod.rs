//! The pages: extract, one call, answer.

pub mod admin;
pub mod attempt;
pub mod auth;
pub mod business;
pub mod connect;
pub mod connection;
pub mod dashboard;
pub mod data_deletion;
pub mod diagnose;
pub mod disconnect;
pub mod extract;
pub mod health;
pub mod help;
pub mod home;
pub mod import_token;
pub mod layout;
mod operator_notices;
pub mod picker;
pub mod problem;
pub mod settings;
pub mod static_files;
