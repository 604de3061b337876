//! The service: accounts, connections to Meta, the pages and the JSON API.
//!
//! `web`, `api` and `hooks` turn requests into calls of `accounts`, `connections` and `webhooks`, which decide; `worker`
//! runs due jobs through the same calls. All of them share [`app::App`]. ARCHITECTURE.md draws which module may use
//! which.

pub mod accounts;
mod api;
mod api_usage;
pub mod api_version;
pub mod app;
mod assemble;
pub mod cli;
pub mod clock;
pub mod codes;
mod concurrency;
pub mod config;
pub mod connections;
mod demo;
pub mod doctor;
mod hardening;
mod hooks;
mod http;
pub mod keys;
pub mod listen;
mod messages;
pub mod meta;
mod object_accounts;
pub mod operator_notices;
pub mod public_http;
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
