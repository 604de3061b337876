//! The service: people, their connections, the pages and the JSON API.
//!
//! `web` and `api` turn requests into calls of `accounts` and `connections`, where the decisions are;
//! `jobs` does due work through the same calls. [`app::App`] is what all of them are handed.

pub mod accounts;
mod api;
pub mod api_version;
pub mod app;
mod assemble;
pub mod cli;
pub mod clock;
pub mod codes;
pub mod config;
pub mod connections;
mod demo;
pub mod doctor;
mod hooks;
mod http;
pub mod keys;
mod listen;
mod messages;
pub mod meta;
pub mod operator_notices;
pub mod queue;
pub mod random;
pub mod rate_limit;
pub mod routes;
pub mod serve;
mod shutdown;
mod tasks;
mod urls;
mod web;
pub mod webhooks;
pub mod worker;
