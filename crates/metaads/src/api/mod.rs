//! The JSON API, for programs with an API key and for the signed-in browser. Its document is `openapi`.

pub mod ad_accounts;
pub mod api_connection;
pub mod assets;
pub mod connect_sessions;
pub mod connections;
pub mod deliveries;
pub mod events;
pub mod graph;
mod graph_body;
pub mod health;
pub mod history;
mod idempotency_key;
mod json_body;
pub mod list;
pub mod openapi;
mod refusals;
pub mod token;
pub mod webhook_access;
pub mod webhook_endpoints;
